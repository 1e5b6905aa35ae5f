using System.Net;

namespace Sockeye.Servers;

/// <summary>
/// What a <see cref="DatagramServer"/> keeps for one sender: made by its factory at the first datagram of an address, until it
/// ends itself or nothing has come for <see cref="DatagramServerOptions.SessionIdleTimeout"/>.
/// </summary>
/// <remarks>Its members are called one after the other, never two at once.</remarks>
public abstract class DatagramSession
{
    private DatagramReceiver? _receiver;
    private byte[] _address = [];
    private byte[] _control = [];

    /// <summary>Whose it is.</summary>
    public EndPoint Peer { get; private set; } = null!;

    /// <summary>Why it has ended; None while it lasts.</summary>
    public ConnectionEndReason EndReason { get; internal set; }

    internal long LastActivity { get; set; }

    internal (AddressCounter.Key Address, AddressCounter.Key Network) Keys { get; set; }

    /// <summary>A datagram has come from the peer.</summary>
    /// <param name="datagram">It; valid until the task ends.</param>
    protected internal abstract ValueTask ReceivedAsync(Datagram datagram);

    /// <summary>It has ended: <see cref="EndReason"/> says why. Nothing is called afterwards. Does nothing by itself.</summary>
    protected internal virtual ValueTask EndedAsync() => default;

    /// <summary>Ends it, from any thread: once what is running has ended, or soon. Another datagram of the peer begins a new one.</summary>
    protected void End() => EndReason = ConnectionEndReason.Finished;

    /// <summary>sendto(2): sends to the peer, from the address that it asked, and never waits.</summary>
    /// <param name="bytes">The datagram.</param>
    /// <returns>False when the kernel did not take it.</returns>
    protected bool TrySend(ReadOnlyMemory<byte> bytes) => _receiver!.TrySend(bytes, _address, _control);

    internal void Begin(DatagramReceiver receiver, EndPoint peer, ReadOnlySpan<byte> address, ReadOnlySpan<byte> control)
    {
        _receiver = receiver;
        Peer = peer;
        _address = address.ToArray();
        _control = control.ToArray();
    }
}
