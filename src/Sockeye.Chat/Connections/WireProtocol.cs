namespace Sockeye.Chat.Connections;

/// <summary>What a connection speaks. All of them share the port.</summary>
internal enum WireProtocol
{
    /// <summary>Plain lines: nc, telnet, chat join.</summary>
    Lines,
}

/// <summary>Guesses the protocol from the first bytes; a protocol that speaks first is recognised by them.</summary>
internal static class ProtocolSniff
{
    /// <summary>Any bytes, or none in time, mean lines: the only protocol there is, and the only one in which a client waits to be asked.</summary>
    public static WireProtocol Guess(ReadOnlySpan<byte> firstBytes) => WireProtocol.Lines;
}
