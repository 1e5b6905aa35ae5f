namespace Sockeye;

/// <summary>The bounds of an <see cref="EventLoopListener"/>, and who is told of errors.</summary>
public sealed class EventLoopListenerOptions
{
    /// <summary>How many connections may wait for accept, at each of the listening sockets; the kernel caps it at net.core.somaxconn. Defaults to 512.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than zero.</exception>
    public int Backlog
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 0);
            field = value;
        }
    } = 512;

    /// <summary>
    /// How many connections are served at once, on all loops together. At the bound nothing is accepted until one ends;
    /// what comes waits in the backlog, and what was on its way waits unserved. Defaults to 10,000.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxConnections
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 10_000;

    /// <summary>
    /// Called with each listening socket before bind(2): what is set here, accepted sockets inherit, as TCP_NODELAY and the
    /// sizes of buffers. Null, the default, sets nothing.
    /// </summary>
    public Action<Socket>? Configure { get; set; }

    /// <summary>
    /// Is told what a handler threw, with its socket, which is closed by then; and what accept answered when it must pause (no
    /// descriptor or memory is left), with null. Null, the default, is nobody; then only <see cref="EventLoopListener.FailedCount"/> tells.
    /// </summary>
    /// <remarks>
    /// Runs where the handler ended, usually on its loop; it must not block. What it throws ends the loop. It is not told of a
    /// handler that ends with OperationCanceledException while the group stops, nor of those that the stop cuts short.
    /// </remarks>
    public Action<Socket?, Exception>? OnError { get; set; }
}
