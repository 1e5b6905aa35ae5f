using System.Net;
using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>What happens at listening sockets, for a log. Override what matters; each does nothing by itself.</summary>
/// <remarks>Called where it happens, from any thread, sometimes from several at once. It must not block. What it throws is written to standard error, once a second at most, and ends nothing.</remarks>
public class ListenerEvents
{
    /// <summary>
    /// Accepting pauses, since no descriptor or memory is left: EMFILE, ENFILE, ENOBUFS, ENOMEM, or
    /// <see cref="ListenerOptions.DescriptorReserve"/> is reached. It is tried again after
    /// 50 ms to 1 s until it works; connections wait in the backlog meanwhile. Told once, until <see cref="AcceptResumed"/>.
    /// </summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="error">What the kernel answered.</param>
    protected internal virtual void AcceptPaused(SocketUri endpoint, SocketException error)
    {
    }

    /// <summary>Accepting works again.</summary>
    /// <param name="endpoint">Where.</param>
    protected internal virtual void AcceptResumed(SocketUri endpoint)
    {
    }

    /// <summary>
    /// <see cref="ListenerOptions.Verify"/>, <see cref="ListenerOptions.RefusalMessage"/>, or an overridden step of accepting, threw.
    /// Its connection is closed, and accepting goes on: where there was none yet, after a pause of 50 ms to 1 s.
    /// </summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="error">What was thrown.</param>
    protected internal virtual void AcceptFailed(SocketUri endpoint, Exception error)
    {
    }

    /// <summary>The socket does not listen any more, as another process can bring about that shares it. Those who are connected stay.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="error">What the kernel answered.</param>
    protected internal virtual void AcceptEnded(SocketUri endpoint, SocketException error)
    {
    }

    /// <summary>Connections were refused. Told at once for the first, and then once a second for all.</summary>
    /// <param name="peer">The last one's address; null when it was gone already.</param>
    /// <param name="reason">The last one's reason.</param>
    /// <param name="count">How many, since this was last told.</param>
    protected internal virtual void Refused(EndPoint? peer, RefusalReason reason, int count)
    {
    }

    /// <summary>A name has an address that this machine does not have, as when IPv6 is off; it has others, so that is no failure.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="error">What the kernel answered.</param>
    protected internal virtual void AddressMissing(SocketUri endpoint, SocketException error)
    {
    }

    /// <summary>
    /// A handler threw, or <see cref="ListenerOptions.LastWords"/> did. Not told when that came of the end of the connection: it was lost, aborted, or is being closed from this side.
    /// </summary>
    /// <param name="connection">Its connection, which is closed next.</param>
    /// <param name="error">What it threw.</param>
    protected internal virtual void HandlerFailed(Connection connection, Exception error)
    {
    }

    /// <summary>A connection has ended; its socket is closed.</summary>
    /// <param name="connection">The connection; its EndReason says why.</param>
    protected internal virtual void ConnectionEnded(Connection connection)
    {
    }
}
