using System.Buffers;
using System.Text.Json.Serialization.Metadata;
using Sockeye.Servers.Framing;

namespace Sockeye.Servers.Protocols;

/// <summary>A protocol of byte messages in frames, both ways.</summary>
public abstract class FramedProtocol : MessageProtocol<ReadOnlySequence<byte>>
{
    private readonly IMessageWriter<ReadOnlySpan<byte>> _writer;

    /// <summary>A protocol with frames of a kind.</summary>
    /// <param name="reader">Takes them apart.</param>
    /// <param name="writer">Makes them.</param>
    protected FramedProtocol(IMessageReader<ReadOnlySequence<byte>> reader, IMessageWriter<ReadOnlySpan<byte>> writer)
        : base(reader)
    {
        ArgumentNullException.ThrowIfNull(writer);
        _writer = writer;
    }

    /// <summary>Sends a message in a frame, and never waits. Any thread may call.</summary>
    /// <param name="message">The message.</param>
    /// <returns>False when too much waits to be sent already: nothing is added. True also when the connection is ending.</returns>
    /// <exception cref="ArgumentException">The message cannot be sent in such a frame.</exception>
    public bool TrySendMessage(ReadOnlySpan<byte> message) => TrySend(_writer, message);

    /// <summary>Sends a message in a frame, and waits while too much waits to be sent.</summary>
    /// <param name="message">The message.</param>
    /// <returns>Complete when more may be sent.</returns>
    /// <exception cref="ArgumentException">The message cannot be sent in such a frame.</exception>
    protected ValueTask SendMessageAsync(ReadOnlySpan<byte> message) => SendAsync(_writer, message);
}

/// <summary>A protocol of lines, both ways: what Twisted calls a LineReceiver. See <see cref="LineReader"/>.</summary>
/// <example>
/// <code>
/// sealed class Shout : LineProtocol
/// {
///     protected override ValueTask MessageReceivedAsync(ReadOnlySequence&lt;byte&gt; message) =>
///         SendMessageAsync(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(message).ToUpperInvariant()));
/// }
/// </code>
/// </example>
public abstract class LineProtocol : FramedProtocol
{
    /// <summary>Lines that end in LF; those that come may end in CR LF.</summary>
    /// <param name="maxLineBytes">The longest line that may come. Defaults to 16 KiB.</param>
    protected LineProtocol(int maxLineBytes = LineReader.DefaultMaxLineBytes)
        : base(new LineReader(maxLineBytes), new LineWriter())
    {
    }

    /// <summary>Lines with another end, both ways.</summary>
    /// <param name="delimiter">What ends each line, as <c>"\r\n"u8</c>.</param>
    /// <param name="maxLineBytes">The longest line that may come. Defaults to 16 KiB.</param>
    protected LineProtocol(ReadOnlySpan<byte> delimiter, int maxLineBytes = LineReader.DefaultMaxLineBytes)
        : base(new LineReader(delimiter, maxLineBytes), new LineWriter(delimiter))
    {
    }
}

/// <summary>A protocol of frames with their length before them: Twisted's Int8-, Int16- and Int32StringReceiver. See <see cref="LengthPrefixReader"/>.</summary>
/// <param name="maxFrameBytes">The longest frame, either way. Defaults to 1 MiB.</param>
/// <param name="prefixBytes">How many bytes the length has: 1, 2, 4 or 8. Defaults to 4.</param>
/// <param name="isLittleEndian">True when its lowest byte comes first. Defaults to network order.</param>
public abstract class LengthPrefixedProtocol(
    int maxFrameBytes = LengthPrefixReader.DefaultMaxFrameBytes, int prefixBytes = 4, bool isLittleEndian = false)
    : FramedProtocol(
        new LengthPrefixReader(maxFrameBytes, prefixBytes, isLittleEndian),
        new LengthPrefixWriter(maxFrameBytes, prefixBytes, isLittleEndian));

/// <summary>A protocol of netstrings: Twisted's NetstringReceiver. See <see cref="NetstringReader"/>.</summary>
/// <param name="maxFrameBytes">The longest one, either way. Defaults to 1 MiB.</param>
public abstract class NetstringProtocol(int maxFrameBytes = NetstringReader.DefaultMaxFrameBytes)
    : FramedProtocol(new NetstringReader(maxFrameBytes), new NetstringWriter(maxFrameBytes));

/// <summary>A protocol of objects, sent as JSON, one to a line. See <see cref="JsonReader{T}"/>.</summary>
/// <typeparam name="T">The objects' type.</typeparam>
#pragma warning disable CA1001 // The writer writes to memory of its own: there is nothing to give back.
public abstract class JsonProtocol<T> : MessageProtocol<T>
#pragma warning restore CA1001
    where T : notnull
{
    private readonly JsonWriter<T> _writer;

    /// <summary>A protocol of such objects.</summary>
    /// <param name="type">The type's metadata, from a source generator.</param>
    /// <param name="maxLineBytes">The longest object that may come. Defaults to 1 MiB.</param>
    protected JsonProtocol(JsonTypeInfo<T> type, int maxLineBytes = LengthPrefixReader.DefaultMaxFrameBytes)
        : base(new JsonReader<T>(type, new LineReader(maxLineBytes)))
    {
        _writer = new JsonWriter<T>(type);
    }

    /// <summary>Sends an object, and never waits. Any thread may call.</summary>
    /// <param name="message">The object.</param>
    /// <returns>False when too much waits to be sent already: nothing is added. True also when the connection is ending.</returns>
    public bool TrySendMessage(T message) => TrySend(_writer, message);

    /// <summary>Sends an object, and waits while too much waits to be sent.</summary>
    /// <param name="message">The object.</param>
    /// <returns>Complete when more may be sent.</returns>
    protected ValueTask SendMessageAsync(T message) => SendAsync(_writer, message);
}
