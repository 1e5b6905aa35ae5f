namespace Sockeye;

/// <summary>The bounds of an <see cref="EventLoopListener"/>, and what is called on errors.</summary>
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
    /// Called with each listening socket before bind(2): accepted sockets inherit what is set here, such as TCP_NODELAY and
    /// buffer sizes. Null, the default, sets nothing.
    /// </summary>
    public Action<Socket>? Configure { get; set; }

    /// <summary>
    /// Called with what a handler threw and its socket, which is closed by then; and with accept's error when it must pause (no
    /// descriptor or memory is left), and null. Null, the default, calls nothing; then only <see cref="EventLoopListener.FailedCount"/> shows it.
    /// </summary>
    /// <remarks>
    /// Runs where the handler ended, usually on its loop; it must not block. What it throws ends the loop. It is not called for a
    /// handler that ends with OperationCanceledException while the group stops, nor for those that the stop cuts short.
    /// </remarks>
    public Action<Socket?, Exception>? OnError { get; set; }
}
