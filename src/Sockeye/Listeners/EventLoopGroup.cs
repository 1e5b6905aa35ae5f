using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Loops that share nothing, each on a thread of its own, and the listeners whose connections they serve: a server that uses
/// all processors.
/// </summary>
/// <remarks>
/// <para>
/// The threads run from construction to the stop, in the background. An exception that escapes posted work, a timer or an
/// <c>async void</c> method ends its loop; connections for that loop would keep coming, so the whole
/// group ends at once: <see cref="Completion"/> fails with the exception, and so do <see cref="StopAsync"/> and those who wait in it.
/// </para>
/// <para>
/// What a listener's handler throws ends its connection only; see <see cref="EventLoopListenerOptions.OnError"/>.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// await using var group = new EventLoopGroup();
/// EventLoopListener echo = group.Listen(new IPEndPoint(IPAddress.Loopback, 0), async socket =>
/// {
///     byte[] buffer = new byte[4096];
///     while (await socket.ReceiveAsync(buffer) is var count and not 0)
///     {
///         await socket.SendAllAsync(buffer.AsMemory(0, count));
///     }
/// });
/// await group.StopAsync();
/// </code>
/// </example>
public sealed class EventLoopGroup : IDisposable, IAsyncDisposable
{
    // How long handlers have to come to their end after their sockets were closed, and loops after they were stopped.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly Member[] _members;
    private readonly EventLoop[] _loops;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _abort = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Under the gate.
    private readonly List<EventLoopListener> _listeners = [];
    private Task? _stop;
    private Exception? _fault;
    private int _alive;
    private uint _next;

    /// <summary>Makes the loops and starts their threads.</summary>
    /// <param name="options">How many, and how they wait. Null is the defaults: one for each processor.</param>
    /// <exception cref="EngineNotSupportedException">The engine that was asked for cannot be had; the message says why.</exception>
    /// <exception cref="SocketException">No descriptor is left for the loops.</exception>
    public EventLoopGroup(EventLoopGroupOptions? options = null)
    {
        options ??= new EventLoopGroupOptions();
        _time = options.Time;
        int[] processors = [];
        if (options.PinThreads)
        {
            int result = Libc.GetAffinity(out processors);
            if (result < 0)
            {
                throw SocketErrors.Create("sched_getaffinity", endPoint: null, -result);
            }
        }

        var members = new List<Member>(options.Count);
        try
        {
            for (int i = 0; i < options.Count; i++)
            {
                members.Add(new Member(this, new EventLoop(options), i, processors.Length == 0 ? -1 : processors[i % processors.Length]));
            }
        }
        catch (Exception)
        {
            members.ForEach(static member => member.Loop.Dispose());
            throw;
        }

        _members = [.. members];
        _loops = [.. members.Select(static member => member.Loop)];
        Loops = Array.AsReadOnly(_loops);
        _alive = _members.Length;
        Stopping = _stopping.Token;
        foreach (Member member in _members)
        {
            member.Start();
        }
    }

    /// <summary>The loops, in a fixed order.</summary>
    public IReadOnlyList<EventLoop> Loops { get; }

    /// <summary>Canceled when the stop begins: a handler that waits for its peer heeds it, to end early.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Complete when all loops have ended; failed with what escaped on one of them, if that was the reason.</summary>
    public Task Completion => _completion.Task;

    /// <summary>The next of the loops, round robin. Any thread may call it.</summary>
    public EventLoop Next() => NextMember().Loop;

    /// <summary>Listens, and serves each connection on one of the loops.</summary>
    /// <param name="endPoint">Where; port 0 lets the kernel choose one, the same for all loops.</param>
    /// <param name="handler">
    /// Serves a connection on its loop, to which its awaits come back; it must not block. When its task ends, even with an
    /// exception, the socket is closed.
    /// </param>
    /// <param name="options">The bounds, and what is called on errors. Null means the defaults.</param>
    /// <returns>The listener; the group's stop ends it.</returns>
    /// <exception cref="InvalidOperationException">The group stops, or has ended.</exception>
    /// <exception cref="SocketException">AddressAlreadyInUse, AddressNotAvailable, AccessDenied. Nothing is left open.</exception>
    /// <remarks>
    /// Over IPv4 and IPv6 each loop has a listening socket of its own, and the kernel spreads connections by their addresses
    /// (SO_REUSEPORT); so a second program of the same user that asks for the same may share the port, too. On UNIX sockets,
    /// where the kernel cannot do that, one loop accepts and hands connections to all in turn (round robin).
    /// </remarks>
    public EventLoopListener Listen(EndPoint endPoint, Func<Socket, Task> handler, EventLoopListenerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(handler);
        options ??= new EventLoopListenerOptions();
        bool shares = endPoint.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;
        Member[] accepting = shares ? _members : [NextMember()];
        var sockets = new List<Socket>(accepting.Length);
        try
        {
            foreach (Member member in accepting)
            {
                var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, Socket.StreamProtocol(endPoint), member.Loop.Engine);
                sockets.Add(socket);
                if (accepting.Length > 1)
                {
                    socket.SetOption(SocketOptions.ReusePort, true);
                }

                options.Configure?.Invoke(socket);
                socket.Bind(sockets.Count == 1 ? endPoint : sockets[0].LocalEndPoint!);
            }

            // Only now, so that no connection comes to one of them before all are there.
            sockets.ForEach(socket => socket.Listen(options.Backlog));
            lock (_gate)
            {
                if (_stop is not null)
                {
                    throw new InvalidOperationException("The group stops, or has ended; it does not listen any more.");
                }

                var listener = new EventLoopListener(this, sockets[0].LocalEndPoint!, handler, options);
                listener.Start([.. accepting.Select((member, index) =>
                    LoopAcceptor.Create(listener, member, sockets[index], isRoundRobin: !shares && _members.Length > 1, options.Backlog))]);
                _listeners.Add(listener);
                return listener;
            }
        }
        catch (Exception)
        {
            sockets.ForEach(static socket => socket.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Stops: nothing more is accepted, except what waits in the backlogs already; handlers come to their end; then the loops
    /// end.
    /// </summary>
    /// <param name="cancellationToken">
    /// Cuts the handlers short: their sockets are closed, and they have a second to notice. Of several stops' tokens the
    /// first counts.
    /// </param>
    /// <returns>Complete when all loops have ended. It fails with what escaped on a loop, as <see cref="Completion"/> does.</returns>
    /// <exception cref="TimeoutException">A handler blocks its loop; the loop ends when the handler does.</exception>
    /// <exception cref="AggregateException">Callbacks on <see cref="Stopping"/> threw. The group has stopped all the same.</exception>
    /// <remarks>
    /// May be called again, and from a loop. A handler that awaits it waits for itself, until the token is canceled.
    /// Work that was posted to a loop before it ends is run; what waits for longer, as a timer, is not.
    /// </remarks>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((TaskCompletionSource)state!).TrySetResult(), _abort);
        await BeginStop().StayOnLoop();
    }

    /// <summary>As <see cref="StopAsync"/> with a token that is canceled, and waits for it. What escaped on a loop is not thrown.</summary>
    /// <exception cref="InvalidOperationException">This is the thread of one of the loops.</exception>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>As <see cref="StopAsync"/> with a token that is canceled. What escaped on a loop is not thrown.</summary>
    /// <exception cref="InvalidOperationException">This is the thread of one of the loops.</exception>
    public async ValueTask DisposeAsync()
    {
        if (EventLoop.Current is { } loop && _loops.Contains(loop))
        {
            throw new InvalidOperationException("A loop's own thread cannot wait for the loop's end; call StopAsync, and dispose the group elsewhere.");
        }

        _abort.TrySetResult();
        await BeginStop().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>As <c>4 event loops (io_uring), 2 listeners</c>.</summary>
    public override string ToString()
    {
        lock (_gate)
        {
            string engine = _loops[0].Engine.Kind == EngineKind.IoUring ? "io_uring" : "epoll";
            return string.Create(CultureInfo.InvariantCulture, $"{_loops.Length} event loops ({engine}), {_listeners.Count} listeners");
        }
    }

    internal Member NextMember() => _members[(Interlocked.Increment(ref _next) - 1) % (uint)_members.Length];

    private Task BeginStop()
    {
        lock (_gate)
        {
            // On the pool, wherever the stop was called: it outlives the loops.
            return _stop ??= Task.Run(StopCoreAsync);
        }
    }

    private async Task StopCoreAsync()
    {
        // A callback that throws, or blocks when it should be cut short, must not keep the loops running.
        Task canceled = _stopping.CancelAsync();
        await Task.WhenAny(canceled, _abort.Task).ConfigureAwait(false);
        EventLoopListener[] listeners;
        lock (_gate)
        {
            listeners = [.. _listeners];
        }

        Task accepting = Task.WhenAll(listeners.Select(static listener => listener.StopAsync()));
        Task idle = Task.WhenAll(listeners.Select(static listener => listener.Idle));
        await Task.WhenAny(idle, _abort.Task).ConfigureAwait(false);
        if (!idle.IsCompleted)
        {
            foreach (EventLoopListener listener in listeners)
            {
                listener.Refuse();
            }

            foreach (Member member in _members)
            {
                member.Abort();
            }

            // Those whose loop does not come to it are closed from here.
            await accepting.WaitAsync(Grace, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (EventLoopListener listener in listeners)
            {
                listener.Abort(only: null);
            }

            await idle.WaitAsync(Grace, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (Member member in _members)
        {
            member.Loop.Stop();
        }

        await Task.WhenAny(Completion, Task.Delay(Grace, _time)).ConfigureAwait(false);
        if (!Completion.IsCompleted)
        {
            IEnumerable<string> blocked = _members.Where(static member => !member.HasEnded)
                .Select(static member => string.Create(CultureInfo.InvariantCulture, $"loop {member.Index}"));
            throw new TimeoutException($"A handler blocks {string.Join(", ", blocked)}; it ends when the handler does. OnBlocked of the options says which one that is.");
        }

        await Completion.ConfigureAwait(false);
        if (canceled.IsFaulted)
        {
            await canceled.ConfigureAwait(false);
        }
    }

    // After an exception they still listen; after a stop there are none.
    private void AbortAcceptors(Member member)
    {
        EventLoopListener[] listeners;
        lock (_gate)
        {
            listeners = [.. _listeners];
        }

        foreach (EventLoopListener listener in listeners)
        {
            listener.Abort(member);
        }
    }

    private void Ended(Exception? fault)
    {
        if (fault is not null)
        {
            Interlocked.CompareExchange(ref _fault, fault, comparand: null);
            _abort.TrySetResult();
            _ = BeginStop();
        }

        if (Interlocked.Decrement(ref _alive) == 0)
        {
            if (_fault is { } first)
            {
                _completion.TrySetException(first);
            }
            else
            {
                _completion.TrySetResult();
            }
        }
    }

    /// <summary>One loop, its thread, and the connections that it serves.</summary>
    internal sealed class Member(EventLoopGroup group, EventLoop loop, int index, int processor)
    {
        private readonly Lock _gate = new();
        private EventLoopListener.LoopConnection? _first;
        private bool _aborted;
        private volatile bool _ended;

        internal EventLoopGroup Group => group;

        internal EventLoop Loop => loop;

        internal int Index => index;

        internal bool HasEnded => _ended;

        internal void Start()
        {
            // The thread must not hold on to whatever context happened to start it.
            using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
            {
                new Thread(static state => ((Member)state!).Run())
                {
                    IsBackground = true,
                    Name = string.Create(CultureInfo.InvariantCulture, $"sockeye loop {index}"),
                }.Start(this);
            }
        }

        /// <summary>False when the connections have been closed already.</summary>
        internal bool TryAdd(EventLoopListener.LoopConnection connection)
        {
            lock (_gate)
            {
                if (_aborted)
                {
                    return false;
                }

                connection.Next = _first;
                if (_first is not null)
                {
                    _first.Previous = connection;
                }

                _first = connection;
                return true;
            }
        }

        internal void Remove(EventLoopListener.LoopConnection connection)
        {
            lock (_gate)
            {
                if (connection.Previous is { } previous)
                {
                    previous.Next = connection.Next;
                }
                else if (ReferenceEquals(_first, connection))
                {
                    _first = connection.Next;
                }

                if (connection.Next is { } next)
                {
                    next.Previous = connection.Previous;
                }

                connection.Next = connection.Previous = null;
            }
        }

        /// <summary>Closes all connections. Any thread.</summary>
        internal void Abort()
        {
            var all = new List<EventLoopListener.LoopConnection>();
            lock (_gate)
            {
                _aborted = true;
                for (EventLoopListener.LoopConnection? connection = _first; connection is not null; connection = connection.Next)
                {
                    all.Add(connection);
                }
            }

            all.ForEach(static connection => connection.Abort());
        }

        private void Run()
        {
            Exception? fault = null;
            try
            {
                if (processor >= 0)
                {
                    int result = Libc.SetAffinity(processor);
                    if (result < 0)
                    {
                        throw SocketErrors.Create("sched_setaffinity", endPoint: null, -result);
                    }
                }

                loop.Run();
            }
            catch (Exception exception)
            {
                // The group's: whoever waits for its end hears of it.
                fault = exception;
            }

            Abort();
            group.AbortAcceptors(this);
            loop.Dispose();
            _ended = true;
            group.Ended(fault);
        }
    }
}
