using System.Net;
using System.Runtime.ExceptionServices;
using Sockeye.Engines;

namespace Sockeye;

/// <summary>
/// An address at which the loops of an <see cref="EventLoopGroup"/> accept connections, and the handler that serves them:
/// <see cref="EventLoopGroup.Listen"/> makes it.
/// </summary>
/// <remarks>
/// Contract.
/// - A connection is served on one loop from its first to its last byte, and closed when its handler's task ends.
/// - <c>_count</c> is how many are served: taken before the handler begins, given back after the socket is closed. Who
///   gives one back looks afterwards whether an acceptor waits for it; an acceptor that begins to wait looks at the count
///   afterwards. So none waits in vain.
/// </remarks>
public sealed class EventLoopListener
{
    private readonly Func<Socket, Task> _handler;
    private readonly int _connectionsMax;
    private readonly Action<Socket?, Exception>? _onError;
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();

    // Under the gate: acceptors that wait for room.
    private readonly List<LoopAcceptor> _waiting = [];
    private LoopAcceptor[] _acceptors = [];
    private int _waitingCount;
    private int _count;
    private long _failed;
    private int _isStopping;
    private int _acceptorCount;
    private volatile bool _refuses;

    internal EventLoopListener(EventLoopGroup group, EndPoint localEndPoint, Func<Socket, Task> handler, EventLoopListenerOptions options)
    {
        Group = group;
        LocalEndPoint = localEndPoint;
        _handler = handler;
        _connectionsMax = options.MaxConnections;
        _onError = options.OnError;
    }

    /// <summary>The group whose loops serve.</summary>
    public EventLoopGroup Group { get; }

    /// <summary>Where it listens; with the port that the kernel chose, where 0 was asked for.</summary>
    public EndPoint LocalEndPoint { get; }

    /// <summary>How many connections are served now.</summary>
    public int ConnectionCount => Volatile.Read(ref _count);

    /// <summary>How many handlers have thrown, and how often accept has had to pause.</summary>
    public long FailedCount => Interlocked.Read(ref _failed);

    /// <summary>True when no connection is served and none will be.</summary>
    internal Task Idle => _idle.Task;

    /// <summary>Stops accepting: what waits in the backlog is taken, as far as the bound allows, and served; then the sockets are closed.</summary>
    /// <returns>Complete when no socket listens any more. Connections go on.</returns>
    public Task StopAsync()
    {
        if (Interlocked.Exchange(ref _isStopping, 1) == 0)
        {
            // One that its loop does not come to, since a handler blocks it, is ended by Abort.
            foreach (LoopAcceptor acceptor in _acceptors)
            {
                acceptor.Loop.Post(static state => ((LoopAcceptor)state!).Stop(), acceptor);
            }
        }

        return _stopped.Task;
    }

    /// <summary>As <c>127.0.0.1:7007, 12 connections</c>.</summary>
    public override string ToString() => $"{LocalEndPoint}, {ConnectionCount} connections";

    internal void Start(LoopAcceptor[] acceptors)
    {
        _acceptors = acceptors;
        _acceptorCount = acceptors.Length;
        foreach (LoopAcceptor acceptor in acceptors)
        {
            acceptor.Loop.Post(static state => ((LoopAcceptor)state!).Resume(), acceptor);
        }
    }

    /// <summary>An acceptor has closed its socket. Any thread, once for each of them.</summary>
    internal void AcceptorEnded()
    {
        if (Interlocked.Decrement(ref _acceptorCount) == 0)
        {
            _stopped.TrySetResult();
            Interlocked.MemoryBarrier();
            if (ConnectionCount == 0)
            {
                _idle.TrySetResult();
            }
        }
    }

    /// <summary>Accepts no more connections, not even one that waits.</summary>
    internal void Refuse() => _refuses = true;

    /// <summary>Closes the listening sockets from outside: their loops do not come to it.</summary>
    /// <param name="only">Those on this loop; null is all.</param>
    internal void Abort(EventLoopGroup.Member? only)
    {
        foreach (LoopAcceptor acceptor in _acceptors)
        {
            if (!acceptor.HasEnded && (only is null || ReferenceEquals(acceptor.Loop, only.Loop)))
            {
                acceptor.Abort();
            }
        }
    }

    /// <summary>True when one more may be accepted.</summary>
    internal bool HasRoom => ConnectionCount < _connectionsMax;

    /// <summary>Counts one more connection; false at the bound.</summary>
    internal bool TryEnter()
    {
        // Counted only when there is room: a count given back would wake acceptors, for which there is none either.
        int count = ConnectionCount;
        while (count < _connectionsMax && !_refuses)
        {
            int seen = Interlocked.CompareExchange(ref _count, count + 1, count);
            if (seen == count)
            {
                return true;
            }

            count = seen;
        }

        return false;
    }

    /// <summary>Wakes <paramref name="acceptor"/> when a connection has ended.</summary>
    internal void WaitForRoom(LoopAcceptor acceptor)
    {
        lock (_gate)
        {
            if (!_waiting.Contains(acceptor))
            {
                _waiting.Add(acceptor);
                Volatile.Write(ref _waitingCount, _waiting.Count);
            }
        }

        Interlocked.MemoryBarrier();
        if (HasRoom)
        {
            WakeWaiting();
        }
    }

    /// <summary>Serves a connection that <see cref="TryEnter"/> counted, on the loop it belongs to. On any loop of the group.</summary>
    internal void Serve(EventLoopGroup.Member member, Socket socket)
    {
        var connection = new LoopConnection(this, member, socket);
        if (ReferenceEquals(EventLoop.Current, member.Loop))
        {
            member.Loop.NoteHandler(_handler);
            connection.Begin(_handler);
        }
        else
        {
            member.Loop.Post(static state => ((LoopConnection)state!).BeginHandedOver(), connection);
        }
    }

    /// <summary>A connection has ended, its socket is closed.</summary>
    internal void Leave()
    {
        int left = Interlocked.Decrement(ref _count);
        if (Volatile.Read(ref _waitingCount) != 0)
        {
            WakeWaiting();
        }

        if (left == 0 && _stopped.Task.IsCompleted)
        {
            _idle.TrySetResult();
        }
    }

    /// <summary>A handler threw, or accept must pause.</summary>
    /// <param name="socket">The handler's socket; null for accept.</param>
    /// <param name="error">What it threw.</param>
    /// <param name="loop">The loop, which ends if the callback throws.</param>
    internal void Report(Socket? socket, Exception error, EventLoop loop)
    {
        Interlocked.Increment(ref _failed);
        try
        {
            _onError?.Invoke(socket, error);
        }
        catch (Exception exception)
        {
            // Where this is thrown nobody may listen; on the loop, its owner does.
            loop.Post(static state => ((ExceptionDispatchInfo)state!).Throw(), ExceptionDispatchInfo.Capture(exception));
        }
    }

    private void WakeWaiting()
    {
        LoopAcceptor[] woken;
        lock (_gate)
        {
            woken = [.. _waiting];
            _waiting.Clear();
            Volatile.Write(ref _waitingCount, 0);
        }

        foreach (LoopAcceptor acceptor in woken)
        {
            acceptor.Loop.Post(static state => ((LoopAcceptor)state!).Resume(), acceptor);
        }
    }

    /// <summary>One connection and its handler.</summary>
    internal sealed class LoopConnection(EventLoopListener listener, EventLoopGroup.Member member, Socket socket)
    {
        private Task? _served;
        private volatile bool _aborted;

        // Links of the member's list. The member's, under its lock.
        internal LoopConnection? Next;
        internal LoopConnection? Previous;

        internal void BeginHandedOver()
        {
            member.Loop.NoteHandler(listener._handler);
            Begin(listener._handler);
        }

        internal void Begin(Func<Socket, Task> handler)
        {
            if (!member.TryAdd(this))
            {
                // The stop has come to its end while this was on its way.
                socket.Dispose();
                listener.Leave();
                return;
            }

            try
            {
                _served = handler(socket) ?? throw new InvalidOperationException("The handler gave no task.");
            }
            catch (Exception exception)
            {
                _served = Task.FromException(exception);
            }

            if (_served.IsCompleted)
            {
                End();
            }
            else
            {
                // Where the task completes, without a turn in between: usually on the loop. A continuation of an await would
                // go to the thread pool from there.
                _served.ContinueWith(
                    static (_, connection) => ((LoopConnection)connection!).End(),
                    this,
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }
        }

        /// <summary>Closes the socket under the handler. Any thread.</summary>
        internal void Abort()
        {
            _aborted = true;
            socket.Dispose();
        }

        private void End()
        {
            socket.Dispose();
            member.Remove(this);
            if (_served!.IsFaulted && !_aborted)
            {
                listener.Report(socket, _served.Exception.InnerException!, member.Loop);
            }
            else if (_served.IsCanceled && !_aborted && !listener.Group.Stopping.IsCancellationRequested)
            {
                listener.Report(socket, new TaskCanceledException(_served), member.Loop);
            }
            else
            {
                // Observed, so that it does not count as an unobserved exception.
                _ = _served.Exception;
            }

            listener.Leave();
        }
    }
}
