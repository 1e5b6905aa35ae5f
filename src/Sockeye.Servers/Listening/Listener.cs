using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Sockeye.Servers;

/// <summary>
/// Accepts connections at one or more endpoints, within bounds, and has them served: pushed to a handler
/// (<see cref="Start"/>), or pulled by whoever calls <see cref="AcceptAsync"/>.
/// </summary>
/// <remarks>
/// The contract.
/// <list type="bullet">
/// <item>All endpoints of a listener share its bounds. A connection counts from its acceptance until its socket is closed.</item>
/// <item>Who gives a place back looks afterwards whether somebody waits for it; who begins to wait looks at the count
/// afterwards, under the same lock. So none waits in vain.</item>
/// <item>No descriptor or memory left is a state of accepting, not an error: see <see cref="ListenerEvents.AcceptPaused"/>.</item>
/// <item>The stop: nothing is accepted any more save what waits in the backlogs, connections are told and come to their end,
/// and when the caller's token is canceled those that are left are reset.</item>
/// <item>Nothing grows: what there is per connection or address goes with it.</item>
/// </list>
/// </remarks>
public sealed class Listener : IAsyncDisposable
{
    // How long handlers have to come to their end after their sockets were closed.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private const int StackBytes = 256 << 10;

    private readonly Lock _gate = new();
    private readonly Refusals _refusals;
    private readonly LogLimit _refusalLog;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AddressCounter _addresses = new();

    // Under the gate.
    private readonly List<AcceptLoop> _accepting = [];
    private readonly List<SocketUri> _endpoints = [];
    private Connection? _first;
    private int _count;
    private long _accepted;
    private long _refused;
    private TaskCompletionSource? _room;
    private (EndPoint? Peer, RefusalReason Reason) _lastRefused;
    private bool _isStarted;
    private Task? _unbind;
    private Task<ListenerStopResult>? _stop;
    private bool _hasUnbound;
    private int _drained;
    private int _aborted;
    private int _told;

    private Func<Connection, Task>? _handler;
    private Channel<Connection>? _pulled;
    private ITimer? _sweep;
    private uint _nextLoop;
    private volatile int _usableDescriptors = int.MaxValue;

    /// <summary>A listener that listens nowhere yet.</summary>
    /// <param name="options">The bounds; null is the defaults. They must not change any more.</param>
    public Listener(ListenerOptions? options = null)
        : this(options ?? new ListenerOptions(), dispatch: null, events: null)
    {
    }

    internal Listener(ListenerOptions options, ConnectionDispatch? dispatch, ListenerEvents? events)
    {
        Options = options;
        Events = (events ?? options.Events) is { } told ? new GuardedEvents(told, options.Time) : null;
        Dispatch = dispatch ?? options.Dispatch;
        _refusals = new Refusals(Options);
        _refusalLog = new LogLimit(Options.Time);
        AcceptStep = static (socket, stop) => socket.TryAcceptAsync(stop);
        PipeOptions = Options.CreatePipeOptions();
    }

    /// <summary>Where it listens, with the ports that the kernel chose.</summary>
    public IReadOnlyList<SocketUri> Endpoints
    {
        get
        {
            lock (_gate)
            {
                return [.. _endpoints];
            }
        }
    }

    /// <summary>Connections at this moment.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>How many were accepted and admitted, in all.</summary>
    public long AcceptedCount => Interlocked.Read(ref _accepted);

    /// <summary>How many were refused, in all.</summary>
    public long RefusedCount => Interlocked.Read(ref _refused);

    /// <summary>How many bytes wait to be sent, at all connections.</summary>
    public long QueuedBytes => Snapshot().Sum(static connection => connection.QueuedBytes);

    /// <summary>Canceled when the stop begins.</summary>
    public CancellationToken Stopping => _stopping.Token;

    internal ListenerOptions Options { get; }

    internal SocketPipeOptions PipeOptions { get; }

    internal ListenerEvents? Events { get; }

    internal ConnectionDispatch Dispatch { get; }

    internal TimeProvider Time => Options.Time;

    internal int Backlog => Options.Backlog;

    /// <summary>How a connection is taken from a listening socket.</summary>
    internal Func<Socket, CancellationToken, ValueTask<SocketResult<Socket>>> AcceptStep { get; set; }

    /// <summary>How a listening socket is made, on the loop that will accept at it.</summary>
    internal Func<SocketUri, Socket>? BindStep { get; set; }

    internal bool Parks => Options.FullMode == ConnectionFullMode.Wait;

    internal bool HasRoom
    {
        get
        {
            lock (_gate)
            {
                return _count < Options.MaxConnections;
            }
        }
    }

    internal bool IsAborting => _aborting.IsCancellationRequested;

    internal CancellationToken Aborting => _aborting.Token;

    internal int LaggingCount => Snapshot().Count(static connection => connection.QueuedBytes > 0);

    /// <summary>How many addresses and networks are counted, for tests.</summary>
    internal int AddressCount
    {
        get
        {
            lock (_gate)
            {
                return _addresses.Size;
            }
        }
    }

    /// <summary>
    /// Binds and listens; connections wait in the backlog until <see cref="Start"/> or <see cref="AcceptAsync"/>. Of a name, at
    /// all its addresses that this machine has. May be called several times.
    /// </summary>
    /// <param name="endpoint">
    /// Where, of stream or seqpacket sockets. A Unix socket without options of its own is for its owner alone
    /// (<c>mode=0600</c>, before it listens) and takes the path of a dead server's (<c>unlink=1</c>); its file is removed at the end.
    /// </param>
    /// <param name="cancellationToken">Ends the look-up of a name.</param>
    /// <exception cref="SocketException">AddressAlreadyInUse, AddressNotAvailable, AccessDenied, HostNotFound. Nothing of this call is left open.</exception>
    /// <exception cref="InvalidOperationException">It is stopped, or started.</exception>
    public async Task BindAsync(SocketUri endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ThrowIfStarted();
        var made = new List<(Socket Socket, EventLoop? Loop, SocketUri Endpoint, bool IsShared)>();
        try
        {
            IReadOnlyList<SocketUri> addresses = await endpoint.ResolveAsync(cancellationToken);
            SocketException? missing = null;
            foreach (SocketUri address in addresses)
            {
                try
                {
                    await OpenAsync(address, made);
                }
                catch (SocketException exception) when (
                    addresses.Count > 1 && exception.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
                {
                    missing ??= exception;
                    Events?.AddressMissing(address, exception);
                }
            }

            if (made.Count == 0)
            {
                throw missing!;
            }

            lock (_gate)
            {
                ThrowIfStarted();
                foreach ((Socket socket, EventLoop? loop, SocketUri at, bool isShared) in made)
                {
                    _accepting.Add(new AcceptLoop(this, socket, loop, at) { IsShared = isShared });
                    if (!_endpoints.Contains(at))
                    {
                        _endpoints.Add(at);
                    }
                }
            }
        }
        catch (Exception)
        {
            made.ForEach(static open => open.Socket.Dispose());
            throw;
        }
    }

    /// <summary>Begins to accept, and has each connection served where <see cref="ListenerOptions.Dispatch"/> says.</summary>
    /// <param name="handler">
    /// Serves a connection. When its task ends, the connection does, in good order; what it throws goes to
    /// <see cref="ListenerEvents.HandlerFailed"/>, and ends that connection only.
    /// </param>
    /// <exception cref="InvalidOperationException">It listens nowhere, or is started or stopped already.</exception>
    public void Start(Func<Connection, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_gate)
        {
            ThrowIfStarted();
            _handler = handler;
            StartAccepting();
        }
    }

    /// <summary>The next connection, for who serves them all in a way of their own. The taker disposes it.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The connection; null when the listener has stopped and none is left.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    /// <exception cref="InvalidOperationException">It was started with a handler, listens nowhere, or gives each connection a thread.</exception>
    public async ValueTask<Connection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        Channel<Connection>? pulled;
        lock (_gate)
        {
            if (_handler is not null || ReferenceEquals(Dispatch, ConnectionDispatch.ThreadPerConnection))
            {
                throw new InvalidOperationException("Connections are served by a handler, or on threads of their own; they cannot be pulled.");
            }

            if (_pulled is null && _unbind is null)
            {
                // Bounded by MaxConnections: those in it count.
                _pulled = Channel.CreateUnbounded<Connection>(new UnboundedChannelOptions { AllowSynchronousContinuations = false });
                StartAccepting();
            }

            pulled = _pulled;
        }

        if (pulled is null)
        {
            return null;
        }

        try
        {
            return await pulled.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            // Unbound, and all that was accepted before has been given out.
            return null;
        }
    }

    /// <summary>Stops accepting: what waits in the backlogs is served or refused, then the sockets are closed. Connections go on.</summary>
    /// <returns>Complete when nothing listens any more.</returns>
    public Task UnbindAsync()
    {
        lock (_gate)
        {
            return _unbind ??= Task.Run(UnbindCoreAsync);
        }
    }

    /// <summary>
    /// Stops: accepts no more, tells the connections, and waits until they have come to their end.
    /// </summary>
    /// <param name="cancellationToken">Cuts them short: those that are left are reset, and their handlers have a second to notice. Of several stops' tokens the first counts.</param>
    /// <returns>What became of the connections.</returns>
    /// <remarks>May be called again. A handler that awaits it waits for itself, until the token is canceled.</remarks>
    public async Task<ListenerStopResult> StopAsync(CancellationToken cancellationToken = default)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static listener => _ = ((Listener)listener!)._aborting.CancelAsync(), this);
        Task<ListenerStopResult> stop;
        lock (_gate)
        {
            // On the pool, wherever the stop was called: a loop may be blocked, and the stop must not be.
            stop = _stop ??= Task.Run(StopCoreAsync);
        }

        return await stop.ConfigureAwait(false);
    }

    /// <summary>As <see cref="StopAsync"/> with a token that is canceled.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);

    /// <summary>As <c>tcp://127.0.0.1:7007, 12 connections</c>.</summary>
    public override string ToString() => $"{string.Join(' ', Endpoints.Select(static endpoint => endpoint.ToString().Split('?')[0]))}, {ConnectionCount} connections";

    /// <summary>Serves, parks or refuses what was accepted. On the accepting loop.</summary>
    /// <returns>False when there is no room, and it is to be parked.</returns>
    internal bool TryTake(AcceptLoop accepting, Socket socket)
    {
        EndPoint? peer = PeerOf(socket);
        (AddressCounter.Key Address, AddressCounter.Key Network) keys = AddressCounter.KeysOf(peer);
        if (TryEnter(keys) is { } reason)
        {
            if (reason == RefusalReason.Full && Parks)
            {
                return false;
            }

            Refuse(accepting, socket, peer, reason, words: null);
            return true;
        }

        Serve(accepting, socket, peer, keys);
        return true;
    }

    /// <summary>What the stop found in the backlog.</summary>
    internal async Task TakeLastAsync(AcceptLoop accepting, Socket socket)
    {
        EndPoint? peer = PeerOf(socket);
        (AddressCounter.Key Address, AddressCounter.Key Network) keys = AddressCounter.KeysOf(peer);
        if (Options.ServesBacklogOnStop && !IsAborting && TryEnter(keys) is null)
        {
            Serve(accepting, socket, peer, keys);
            return;
        }

        Interlocked.Increment(ref _told);
        NoteRefused(accepting, peer, RefusalReason.Stopping);
        await _refusals.RefuseAsync(socket, RefusalWords(accepting, RefusalReason.Stopping), Aborting);
    }

    /// <summary>Whether a descriptor with this number is one of the last, which the process needs for itself.</summary>
    internal bool IsInReserve(int descriptor) => descriptor >= _usableDescriptors;

    /// <summary>Waits until a connection has ended, or the token is canceled.</summary>
    internal async Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        Task room;
        lock (_gate)
        {
            if (_count < Options.MaxConnections)
            {
                return;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            room = _room.Task;
        }

        await room.WaitAsync(cancellationToken).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    /// <summary>A step of accepting threw, which is a defect of the program's.</summary>
    internal void Failed(SocketUri endpoint, Exception exception) => Events?.AcceptFailed(endpoint, exception);

    /// <summary>A connection has ended, its socket is closed.</summary>
    internal void Leave(Connection connection)
    {
        ServerMetrics.Ended(connection.EndReason);
        try
        {
            Events?.ConnectionEnded(connection);
        }
        finally
        {
            TaskCompletionSource? room;
            bool isIdle;
            lock (_gate)
            {
                Unlink(connection);
                Leave(connection.Keys);
                if (_stop is not null)
                {
                    _drained += connection.IsDrained ? 1 : 0;
                    _aborted += connection.IsDrained ? 0 : 1;
                }

                (room, _room) = (_room, null);
                isIdle = _count == 0 && _hasUnbound;
            }

            room?.TrySetResult();
            if (isIdle)
            {
                _idle.TrySetResult();
            }
        }
    }

    private static EndPoint? PeerOf(Socket socket) => socket.TryGetRemoteEndPoint().TryGetValue(out EndPoint? peer) ? peer : null;

    private void ThrowIfStarted()
    {
        if (_isStarted || _unbind is not null || _stop is not null)
        {
            throw new InvalidOperationException(_isStarted ? "The listener has been started." : "The listener has been stopped.");
        }
    }

    // Under the gate.
    private void StartAccepting()
    {
        ThrowIfStarted();
        if (_accepting.Count == 0)
        {
            throw new InvalidOperationException("The listener listens nowhere; call BindAsync first.");
        }

        _isStarted = true;
        ReadDescriptorLimit();
        ServerMetrics.Add(this);
        _sweep = Time.CreateTimer(static listener => ((Listener)listener!).Sweep(), this, SweepPeriod, Timeout.InfiniteTimeSpan);
        _accepting.ForEach(static accepting => accepting.Start());

        // What escaped on one of the loops has ended them all: nobody would accept, and nobody serve.
        _ = Dispatch.Ended?.ContinueWith(
            static (_, listener) => _ = ((Listener)listener!).StopAsync(new CancellationToken(canceled: true)),
            this,
            _stopped.Token, // loops may outlive many listeners, and must not keep them
            TaskContinuationOptions.None,
            TaskScheduler.Default);
    }

    // One for each loop where the kernel spreads connections, so that each loop has its own; else one.
    private async Task OpenAsync(SocketUri address, List<(Socket Socket, EventLoop? Loop, SocketUri Endpoint, bool IsShared)> made)
    {
        EventLoop[] loops = Dispatch.Loops;
        bool isShared = loops.Length > 1 && address.EndPoint is IPEndPoint;
        SocketUri at = isShared ? address.WithDefaultOption("reuse_port", "1") : address;
        for (int i = 0; i < (isShared ? loops.Length : 1); i++)
        {
            EventLoop? loop = loops.Length == 0 ? null : loops[i];
            SocketUri here = at;
            Socket socket = loop is null ? Open(here) : await loop.InvokeAsync(() => Task.FromResult(Open(here)));
            at = ServerSocket.Bound(at, socket);
            made.Add((socket, loop, ServerSocket.Bound(address, socket), isShared));
        }
    }

    private Socket Open(SocketUri endpoint)
    {
        Socket socket = BindStep?.Invoke(endpoint) ?? ServerSocket.Listen(endpoint, Options.Backlog);
        if (ServerSocket.IsStream(socket.SocketType))
        {
            return socket;
        }

        socket.Dispose();
        throw new ArgumentException($"{endpoint} is a {socket.SocketType} socket; a listener accepts connections. For datagrams there is DatagramServer.", nameof(endpoint));
    }

    private RefusalReason? TryEnter((AddressCounter.Key Address, AddressCounter.Key Network) keys)
    {
        lock (_gate)
        {
            if (_addresses.Count(keys.Address) >= Options.MaxConnectionsPerAddress)
            {
                return RefusalReason.AddressFull;
            }

            if (_addresses.Count(keys.Network) >= Options.MaxConnectionsPerNetwork)
            {
                return RefusalReason.NetworkFull;
            }

            if (_count >= Options.MaxConnections)
            {
                return RefusalReason.Full;
            }

            _count++;
            _addresses.Add(keys.Address);
            _addresses.Add(keys.Network);
            return null;
        }
    }

    // Under the gate.
    private void Leave((AddressCounter.Key Address, AddressCounter.Key Network) keys)
    {
        _count--;
        _addresses.Remove(keys.Address);
        _addresses.Remove(keys.Network);
    }

    /// <summary>One that was counted is not served after all.</summary>
    private void GiveBack((AddressCounter.Key Address, AddressCounter.Key Network) keys)
    {
        TaskCompletionSource? room;
        bool isIdle;
        lock (_gate)
        {
            Leave(keys);
            (room, _room) = (_room, null);
            isIdle = _count == 0 && _hasUnbound;
        }

        room?.TrySetResult();
        if (isIdle)
        {
            _idle.TrySetResult();
        }
    }

    private void Refuse(AcceptLoop accepting, Socket socket, EndPoint? peer, RefusalReason reason, ReadOnlyMemory<byte>? words)
    {
        NoteRefused(accepting, peer, reason);
        _refusals.Refuse(socket, words ?? RefusalWords(accepting, reason), isHurried: false);
    }

    // Refused all the same, without a word, when there is a defect in finding it.
    private ReadOnlyMemory<byte> RefusalWords(AcceptLoop accepting, RefusalReason reason)
    {
        try
        {
            return Options.RefusalMessage?.Invoke(reason) ?? default;
        }
        catch (Exception exception)
        {
            Failed(accepting.Endpoint, exception);
            return default;
        }
    }

    private void NoteRefused(AcceptLoop accepting, EndPoint? peer, RefusalReason reason)
    {
        Interlocked.Increment(ref _refused);
        ServerMetrics.Refused(accepting.Name, reason);
        int count;
        lock (_gate)
        {
            _lastRefused = (peer, reason);
            count = _refusalLog.Take();
        }

        if (count > 0)
        {
            Events?.Refused(peer, reason, count);
        }
    }

    /// <summary>Has a connection served that was counted.</summary>
    private void Serve(AcceptLoop accepting, Socket socket, EndPoint? peer, (AddressCounter.Key Address, AddressCounter.Key Network) keys)
    {
        byte[]? refusal;
        try
        {
            refusal = Options.Verify?.Invoke(socket);
        }
        catch (Exception)
        {
            socket.Dispose();
            GiveBack(keys);
            throw;
        }

        if (refusal is not null)
        {
            GiveBack(keys);
            Refuse(accepting, socket, peer, RefusalReason.Rejected, refusal);
            return;
        }

        EventLoop[] loops = Dispatch.Loops;
        if (loops.Length > 1 && !accepting.IsShared && loops[(Interlocked.Increment(ref _nextLoop) - 1) % (uint)loops.Length] is var loop && !ReferenceEquals(loop, accepting.Loop))
        {
            HandOver(accepting, socket, peer, keys, loop);
            return;
        }

        Connection connection;
        try
        {
            connection = Add(accepting, socket, peer, keys, accepting.Loop);
        }
        catch (SocketException)
        {
            GiveBack(keys);
            Refuse(accepting, socket, peer, RefusalReason.NoResources, words: null);
            return;
        }

        Place(accepting, connection);
    }

    // A socket that is made on a loop's thread belongs to that loop.
    private void HandOver(AcceptLoop accepting, Socket socket, EndPoint? peer, (AddressCounter.Key Address, AddressCounter.Key Network) keys, EventLoop loop)
    {
        SocketHandle handle;
        try
        {
            handle = socket.Detach();
        }
        catch (SocketException)
        {
            GiveBack(keys);
            Refuse(accepting, socket, peer, RefusalReason.NoResources, words: null);
            return;
        }

        loop.Post(() => Place(accepting, Add(accepting, new Socket(handle), peer, keys, loop)));
    }

    private Connection Add(AcceptLoop accepting, Socket socket, EndPoint? peer, (AddressCounter.Key Address, AddressCounter.Key Network) keys, EventLoop? loop)
    {
        bool hasThread = ReferenceEquals(Dispatch, ConnectionDispatch.ThreadPerConnection);
        var connection = new Connection(this, socket, Interlocked.Increment(ref _accepted), peer, keys, loop, hasThread);
        ServerMetrics.Accepted(accepting.Name);
        lock (_gate)
        {
            connection.Next = _first;
            if (_first is not null)
            {
                _first.Previous = connection;
            }

            _first = connection;
        }

        return connection;
    }

    private void Place(AcceptLoop accepting, Connection connection)
    {
        if (IsAborting)
        {
            connection.Cut(ConnectionEndReason.Stopping, message: null);
        }

        if (_pulled is { } pulled)
        {
            if (!pulled.Writer.TryWrite(connection))
            {
                // Handed over too late: nobody pulls any more.
                connection.Cut(ConnectionEndReason.Stopping, message: null);
                _ = connection.FinishAsync();
            }
        }
        else if (ReferenceEquals(Dispatch, ConnectionDispatch.ThreadPerConnection))
        {
            BeginOnThread(accepting, connection);
        }
        else if (connection.Loop is not null)
        {
            Begin(connection);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(static served => served.Listener.Begin(served), connection, preferLocal: false);
        }
    }

    private void BeginOnThread(AcceptLoop accepting, Connection connection)
    {
        try
        {
            new Thread(static served => ((Connection)served!).Listener.BeginBlocking((Connection)served), StackBytes)
            {
                IsBackground = true,
                Name = connection.PeerName,
            }.UnsafeStart(connection);
        }
        catch (OutOfMemoryException)
        {
            // pthread_create(3): the user's or the machine's limit of threads.
            NoteRefused(accepting, connection.RemoteEndPoint, RefusalReason.NoResources);
            connection.End(ConnectionEndReason.Rejected, "no thread can be started for it; see ulimit -u", RefusalWords(accepting, RefusalReason.NoResources), dropQueued: false);
            _ = connection.FinishAsync();
        }
    }

    private void Begin(Connection connection) => _ = ServeAsync(connection);

    private void BeginBlocking(Connection connection)
    {
        try
        {
            _handler!(connection).GetAwaiter().GetResult();
        }
        catch (Exception exception)
        {
            Failed(connection, exception);
        }

        // What follows waits for the peer, and needs no thread for that.
        ThreadPool.UnsafeQueueUserWorkItem(static served => _ = served.FinishAsync(), connection, preferLocal: false);
    }

    private async Task ServeAsync(Connection connection)
    {
        try
        {
            await _handler!(connection);
        }
        catch (Exception exception)
        {
            Failed(connection, exception);
        }

        await connection.FinishAsync();
    }

    // The edge: a defect ends one connection, not the server.
    private void Failed(Connection connection, Exception exception)
    {
        if (connection.Failed(exception))
        {
            Events?.HandlerFailed(connection, exception);
        }
    }

    private TimeSpan SweepPeriod
    {
        get
        {
            TimeSpan least = TimeSpan.FromSeconds(8);
            foreach (TimeSpan limit in (ReadOnlySpan<TimeSpan>)[Options.FirstByteTimeout, Options.IdleTimeout, Options.CloseTimeout])
            {
                least = limit != Timeout.InfiniteTimeSpan && limit < least ? limit : least;
            }

            return TimeSpan.FromMilliseconds(Math.Max(5, least.TotalMilliseconds / 8));
        }
    }

    // The limits of all connections, by one timer: none of them has one of its own, and what moves bytes notes nothing.
    private void Sweep()
    {
        ReadDescriptorLimit();
        long now = Time.GetTimestamp();
        foreach (Connection connection in Snapshot())
        {
            connection.Check(now);
        }

        lock (_gate)
        {
            // Disposed at the stop, under the gate.
            _sweep?.Change(SweepPeriod, Timeout.InfiniteTimeSpan);
        }
    }

    private void ReadDescriptorLimit()
    {
        if (Options.DescriptorReserve > 0)
        {
            _usableDescriptors = Descriptors.Usable(Descriptors.Limit(), Options.DescriptorReserve);
        }
    }

    private Connection[] Snapshot()
    {
        lock (_gate)
        {
            int count = 0;
            for (Connection? connection = _first; connection is not null; connection = connection.Next)
            {
                count++;
            }

            if (count == 0)
            {
                return [];
            }

            var all = new Connection[count];
            for (Connection? connection = _first; connection is not null; connection = connection.Next)
            {
                all[--count] = connection;
            }

            return all;
        }
    }

    // Under the gate.
    private void Unlink(Connection connection)
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

    private async Task UnbindCoreAsync()
    {
        AcceptLoop[] accepting;
        bool isStarted;
        lock (_gate)
        {
            accepting = [.. _accepting];
            isStarted = _isStarted;
        }

        if (isStarted)
        {
            lock (_gate)
            {
                _refusals.Widen(Options.MaxConnections - _count);
            }

            foreach (AcceptLoop one in accepting)
            {
                one.Stop();
            }

            Task ended = Task.WhenAll(accepting.Select(static one => one.Ended));
            if (!await Waits.EndsWithinAsync(ended, Time, Timeout.InfiniteTimeSpan, Aborting).ConfigureAwait(false))
            {
                await Waits.EndsWithinAsync(ended, Time, Grace).ConfigureAwait(false);
            }
        }

        // Those whose loop does not come to it, or that never began, are closed from here.
        foreach (AcceptLoop one in accepting)
        {
            if (!one.Ended.IsCompleted)
            {
                one.Abort();
            }
        }

        _pulled?.Writer.TryComplete();
        int count;
        (EndPoint? peer, RefusalReason reason) = _lastRefused;
        bool isIdle;
        lock (_gate)
        {
            count = _refusalLog.Flush();
            _hasUnbound = true;
            isIdle = _count == 0;
        }

        if (count > 0)
        {
            Events?.Refused(peer, reason, count);
        }

        if (isIdle)
        {
            _idle.TrySetResult();
        }
    }

    private async Task<ListenerStopResult> StopCoreAsync()
    {
        Task told = _stopping.CancelAsync();
        foreach (Connection connection in Snapshot())
        {
            connection.Stop();
        }

        Task unbound = UnbindAsync();
        await Waits.EndsWithinAsync(unbound, Time, Timeout.InfiniteTimeSpan, Aborting).ConfigureAwait(false);
        foreach (Connection connection in Snapshot())
        {
            // Those of the backlog, too.
            connection.Stop();
        }

        await Waits.EndsWithinAsync(_idle.Task, Time, Timeout.InfiniteTimeSpan, Aborting).ConfigureAwait(false);
        if (!_idle.Task.IsCompleted)
        {
            await unbound.ConfigureAwait(false);
            foreach (Connection connection in Snapshot())
            {
                connection.Cut(ConnectionEndReason.Stopping, "the time to stop is over");
            }

            await DisposePulledAsync().ConfigureAwait(false);
            await Waits.EndsWithinAsync(_idle.Task, Time, Grace).ConfigureAwait(false);
        }

        await _refusals.AllEndedAsync(Aborting).ConfigureAwait(false);
        ServerMetrics.Remove(this);
        int left;
        lock (_gate)
        {
            _sweep?.Dispose();
            _sweep = null;
            left = _count;
        }

        _stopped.Cancel();
        await told.ConfigureAwait(false);
        return new ListenerStopResult(_drained, _aborted + left, _told);
    }

    // Accepted, and nobody took them.
    private async Task DisposePulledAsync()
    {
        while (_pulled is { } pulled && pulled.Reader.TryRead(out Connection? connection))
        {
            await connection.FinishAsync().ConfigureAwait(false);
        }
    }
}
