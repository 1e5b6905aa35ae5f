namespace Sockeye.Servers;

/// <summary>Where connections are accepted and their handlers run.</summary>
public sealed class ConnectionDispatch
{
    private ConnectionDispatch(EventLoop[] loops, Task? ended = null)
    {
        Loops = loops;
        Ended = ended;
    }

    /// <summary>On the thread pool: a handler may wait for anything, and others go on as long as the pool has threads.</summary>
    public static ConnectionDispatch ThreadPool { get; } = new([]);

    /// <summary>
    /// Each on a thread of its own, with a stack of 256 KiB and three descriptors: a handler may block for as long as it likes,
    /// as with socketserver's ThreadingMixIn.
    /// </summary>
    public static ConnectionDispatch ThreadPerConnection { get; } = new([]);

    /// <summary>Empty where no loop is used.</summary>
    internal EventLoop[] Loops { get; }

    /// <summary>Complete when the loops have ended; null where nobody tells.</summary>
    internal Task? Ended { get; }

    /// <summary>
    /// On event loops: a connection stays on one of them from its first to its last byte, and its handler must not block. Over
    /// IPv4 and IPv6 each loop has a listening socket of its own (SO_REUSEPORT); elsewhere the first accepts, and deals
    /// connections out to all in turn.
    /// </summary>
    /// <param name="loops">One or more, which run, and go on running until the listener has stopped.</param>
    /// <exception cref="ArgumentException">None is given.</exception>
    public static ConnectionDispatch On(params EventLoop[] loops)
    {
        ArgumentNullException.ThrowIfNull(loops);
        return loops.Length == 0 ? throw new ArgumentException("One loop, at least, is needed.", nameof(loops)) : new([.. loops]);
    }

    /// <summary>On the loops of a group.</summary>
    /// <param name="group">The group, which is to be stopped after the listener. When it fails, the listener is cut short.</param>
    public static ConnectionDispatch On(EventLoopGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return new([.. group.Loops], group.Completion);
    }

    /// <summary>As <c>a thread for each connection</c>, <c>2 event loops</c>.</summary>
    public override string ToString() => ReferenceEquals(this, ThreadPool) ? "the thread pool"
        : ReferenceEquals(this, ThreadPerConnection) ? "a thread for each connection"
        : Loops.Length == 1 ? "an event loop" : $"{Loops.Length} event loops";
}
