using System.Buffers;
using System.Net.Sockets;
using System.Text;
using Sockeye.Servers.Protocols;
using Sockeye.Servers.Testing;

namespace Sockeye.Servers.Tests.Protocols;

/// <summary>Protocols over sockets: a server's and a client's, on the pool and on loops.</summary>
public sealed class ProtocolServerTests
{
    private const int LimitMs = 30_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Places
    {
        get
        {
            var places = new TheoryData<string, string>();
            foreach (string endpoint in (string[])["tcp://127.0.0.1:0", "tcp://[::1]:0", "unix:@sockeye-protocol-{0}"])
            {
                foreach (string dispatch in (string[])["pool", "epoll loop", "io_uring loop"])
                {
                    places.Add(endpoint, dispatch);
                }
            }

            return places;
        }
    }

    [Theory(Timeout = LimitMs)]
    [MemberData(nameof(Places))]
    public async Task A_room_of_lines_reaches_everybody(string endpoint, string dispatch)
    {
        using var place = new Dispatcher(dispatch);
        var room = new Room();
        await using var server = new ProtocolServer(Unique(endpoint), () => new Talker(room), new StreamServerOptions { Dispatch = place.Dispatch });
        await server.StartAsync(Stop);
        var heard = new List<Listening>();
        var clients = new List<(Task Running, CancellationTokenSource Stop)>();
        for (int i = 0; i < 3; i++)
        {
            var stop = new CancellationTokenSource();
            var client = new ProtocolClient<Listening>(server.Listener.Endpoints[0].ToString(), () => new Listening());
            clients.Add((client.RunAsync(stop.Token), stop));
            heard.Add(await client.WhenConnectedAsync(Stop));
            await heard[^1].Lines.WaitAsync("welcome", Stop);
        }

        for (int i = 0; i < 3; i++)
        {
            Assert.True(heard[i].TrySendMessage(Encoding.UTF8.GetBytes($"from {i}")));
        }

        foreach (Listening each in heard)
        {
            for (int i = 0; i < 3; i++)
            {
                await each.Lines.WaitAsync($"from {i}", Stop);
            }
        }

        foreach ((Task running, CancellationTokenSource stop) in clients)
        {
            await stop.CancelAsync();
            await running.WaitAsync(Stop);
            stop.Dispose();
        }

        ListenerStopResult result = await server.StopAsync(Stop);
        Assert.Equal(0, result.Aborted);
        Assert.Equal(3, room.Lost);
    }

    [Fact(Timeout = LimitMs)]
    public async Task A_client_comes_back_after_waits_that_grow()
    {
        var time = new VirtualTime();
        var delays = new List<TimeSpan>();
        var failures = new List<Exception?>();
        string endpoint = Unique("unix:@sockeye-client-{0}");
        using var stop = new CancellationTokenSource();
        using var asked = new SemaphoreSlim(0);
        var client = new ProtocolClient<Listening>(endpoint, () => new Listening(), new ProtocolClientOptions
        {
            Time = time,
            Jitter = 0,
            Factor = 2,
            InitialDelay = TimeSpan.FromSeconds(1),
            MaxDelay = TimeSpan.FromSeconds(5),
            Retrying = (reason, delay) =>
            {
                failures.Add(reason);
                delays.Add(delay);
                asked.Release();
            },
        });
        Task running = client.RunAsync(stop.Token);
        for (int i = 0; i < 4; i++)
        {
            await asked.WaitAsync(Stop);
            Assert.True(time.AdvanceToNextTimer());
        }

        await asked.WaitAsync(Stop);
        Assert.Equal([1, 2, 4, 5, 5], delays.Select(delay => (int)delay.TotalSeconds));
        Assert.All(failures, failure => Assert.Equal(SocketError.ConnectionRefused, Assert.IsAssignableFrom<SocketException>(failure).SocketErrorCode));

        await using (var server = new ProtocolServer(endpoint, () => new Talker(new Room())))
        {
            await server.StartAsync(Stop);
            Assert.True(time.AdvanceToNextTimer());
            Listening first = await client.WhenConnectedAsync(Stop);
            await first.Lines.WaitAsync("welcome", Stop);
        }

        // The server has gone, in good order: the client comes back after the first wait.
        await asked.WaitAsync(Stop);
        Assert.Null(failures[^1]);
        Assert.Equal(1, delays[^1].TotalSeconds);
        Assert.Equal(1, client.ConnectionCount);
        await stop.CancelAsync();
        await running.WaitAsync(Stop);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.WhenConnectedAsync(Stop));
    }

    [Fact(Timeout = LimitMs)]
    public async Task A_client_gives_up_where_it_is_to()
    {
        var client = new ProtocolClient<Listening>(Unique("unix:@sockeye-nobody-{0}"), () => new Listening(), new ProtocolClientOptions
        {
            InitialDelay = TimeSpan.FromMilliseconds(1),
            MaxDelay = TimeSpan.FromMilliseconds(2),
            MaxAttempts = 3,
        });
        Task<Listening> connected = client.WhenConnectedAsync(Stop);
        SocketException failure = await Assert.ThrowsAnyAsync<SocketException>(() => client.RunAsync(Stop));
        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
        await Assert.ThrowsAnyAsync<SocketException>(() => connected);
    }

    [Fact(Timeout = LimitMs)]
    public async Task A_connection_that_was_lost_is_no_attempt_that_failed()
    {
        using Socket listener = SocketUri.Parse("tcp://127.0.0.1:0").Listen();
        var reasons = new List<Exception?>();
        var client = new ProtocolClient<Listening>($"tcp://{listener.LocalEndPoint}", () => new Listening(), new ProtocolClientOptions
        {
            InitialDelay = TimeSpan.FromMilliseconds(1),
            MaxDelay = TimeSpan.FromMilliseconds(2),
            MaxAttempts = 1,
            Retrying = (reason, _) => reasons.Add(reason),
        });
        Task running = client.RunAsync(Stop);
        for (int i = 0; i < 3; i++)
        {
            using Socket accepted = await listener.AcceptAsync(Stop);
            accepted.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        using (Socket last = await listener.AcceptAsync(Stop))
        {
            Assert.False(running.IsCompleted);
            listener.Dispose();
            last.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        // Nobody listens any more: this attempt has failed.
        SocketException failure = await Assert.ThrowsAnyAsync<SocketException>(() => running.WaitAsync(Stop));
        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
        Assert.Equal(4, reasons.Count);
        Assert.All(reasons, reason => Assert.Equal(SocketError.ConnectionReset, Assert.IsAssignableFrom<SocketException>(reason).SocketErrorCode));
    }

    [Fact(Timeout = LimitMs)]
    public async Task A_client_that_stops_as_its_connection_is_lost_has_stopped_and_a_defect_of_its_options_is_told()
    {
        using Socket listener = SocketUri.Parse("tcp://127.0.0.1:0").Listen();
        using var stop = new CancellationTokenSource();
        var stopping = new ProtocolClient<Stops>($"tcp://{listener.LocalEndPoint}", () => new Stops(stop));
        Task running = stopping.RunAsync(stop.Token);
        using Socket accepted = await listener.AcceptAsync(Stop);
        await running.WaitAsync(Stop);

        var failing = new ProtocolClient<Listening>(Unique("unix:@sockeye-nobody-{0}"), () => new Listening(), new ProtocolClientOptions
        {
            Retrying = (_, _) => throw new FormatException("a defect"),
        });
        Task<Listening> connected = failing.WhenConnectedAsync(Stop);
        await Assert.ThrowsAsync<FormatException>(() => failing.RunAsync(Stop));
        await Assert.ThrowsAsync<FormatException>(() => connected);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProtocolClientOptions { MaxDelay = TimeSpan.MaxValue });
    }

    [Fact(Timeout = LimitMs)]
    public async Task A_slow_reader_is_waited_for_and_gets_everything()
    {
        const int Messages = 200;
        await using var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Pouring(Messages), new StreamServerOptions { MaxQueuedBytes = 8_192 });
        await server.StartAsync(Stop);
        using Socket client = await server.Listener.Endpoints[0].ConnectAsync(Stop);
        byte[] buffer = new byte[1_024];
        long received = 0;
        int length;
        while ((length = await client.ReceiveAsync(buffer, Stop)) > 0)
        {
            received += length;
        }

        Assert.Equal((long)Messages * Pouring.MessageBytes, received);
    }

    private static string Unique(string endpoint) => string.Format(System.Globalization.CultureInfo.InvariantCulture, endpoint, Guid.NewGuid().ToString("N"));

    private sealed class Dispatcher : IDisposable
    {
        private readonly EventLoop? _loop;
        private readonly Thread? _thread;

        internal Dispatcher(string kind)
        {
            if (kind == "pool")
            {
                Dispatch = ConnectionDispatch.ThreadPool;
                return;
            }

            try
            {
                _loop = new EventLoop(kind.StartsWith("epoll", StringComparison.Ordinal) ? EngineKind.Epoll : EngineKind.IoUring);
            }
            catch (EngineNotSupportedException exception)
            {
                Assert.Skip(exception.Message);
            }

            _thread = new Thread(() => _loop!.Run());
            _thread.Start();
            Dispatch = ConnectionDispatch.On(_loop!);
        }

        internal ConnectionDispatch Dispatch { get; }

        public void Dispose()
        {
            _loop?.Stop();
            _thread?.Join();
            _loop?.Dispose();
        }
    }

    /// <summary>Lines that came, in any order, for whoever waits for one.</summary>
    private sealed class Lines
    {
        private readonly Lock _gate = new();
        private readonly List<string> _lines = [];
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Add(string line)
        {
            lock (_gate)
            {
                _lines.Add(line);
                _changed.TrySetResult();
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        internal async Task WaitAsync(string line, CancellationToken stop)
        {
            while (true)
            {
                Task changed;
                lock (_gate)
                {
                    if (_lines.Contains(line))
                    {
                        return;
                    }

                    changed = _changed.Task;
                }

                await changed.WaitAsync(stop);
            }
        }
    }

    private sealed class Room
    {
        private readonly Lock _gate = new();
        private readonly List<Talker> _members = [];

        internal int Lost { get; private set; }

        internal void Join(Talker member)
        {
            lock (_gate)
            {
                _members.Add(member);
            }
        }

        internal void Leave(Talker member)
        {
            lock (_gate)
            {
                _members.Remove(member);
                Lost++;
            }
        }

        internal void Say(in ReadOnlySequence<byte> line)
        {
            byte[] bytes = line.ToArray();
            lock (_gate)
            {
                foreach (Talker member in _members)
                {
                    Assert.True(member.TrySendMessage(bytes));
                }
            }
        }
    }

    private sealed class Talker(Room room) : LineProtocol
    {
        protected override ValueTask ConnectionMadeAsync()
        {
            room.Join(this);
            return SendMessageAsync("welcome"u8);
        }

        protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message)
        {
            room.Say(message);
            return default;
        }

        protected override ValueTask ConnectionLostAsync(Exception? reason)
        {
            room.Leave(this);
            return default;
        }
    }

    private sealed class Stops(CancellationTokenSource stop) : LineProtocol
    {
        protected override async ValueTask ConnectionMadeAsync()
        {
            await stop.CancelAsync();
            throw new SocketException((int)SocketError.ConnectionReset);
        }

        protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message) => default;
    }

    private sealed class Listening : LineProtocol
    {
        internal Lines Lines { get; } = new();

        protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message)
        {
            Lines.Add(Encoding.UTF8.GetString(message));
            return default;
        }
    }

    private sealed class Pouring(int messages) : Protocol
    {
        internal const int MessageBytes = 10_000; // more than may wait

        protected override async ValueTask ConnectionMadeAsync()
        {
            for (int i = 0; i < messages; i++)
            {
                await SendAsync(new byte[MessageBytes]);
            }

            Close();
        }

        protected override ValueTask<SequencePosition> DataReceivedAsync(ReadOnlySequence<byte> data) => new(data.End);
    }
}
