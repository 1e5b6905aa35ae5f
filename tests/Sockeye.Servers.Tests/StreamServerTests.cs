using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using System.Text;
using Sockeye.Tests.Support;

namespace Sockeye.Servers.Tests;

/// <summary>The template of stream servers: its steps, its handlers, its stop, its endpoints, what it shows.</summary>
public sealed class StreamServerTests : ServerTest
{
    [Fact(Timeout = Limit)]
    public async Task Each_step_can_be_overridden_and_they_come_in_their_order()
    {
        await using var server = new Steps();
        await server.StartAsync();
        using Socket first = await ConnectAsync(server.Listener);
        Assert.Equal("handled", await RestAsync(first));
        using Socket refused = await ConnectAsync(server.Listener);
        Assert.Equal("Rejected", await RestAsync(refused));
        using Socket failed = await ConnectAsync(server.Listener);
        Assert.Equal("", await RestAsync(failed));
        first.Dispose();
        refused.Dispose();
        failed.Dispose();
        await Eventually(() => server.Listener.ConnectionCount == 0);
        await server.StopAsync();
        Assert.Equal(
            ["bind", "accepted", "verify 1", "handle 1", "finish 1", "accepted", "verify 2", "accepted", "verify 3", "handle 3", "finish 3", "error 3: a defect"],
            server.Log.Where(static step => step.Length > 0));
    }

    [Fact(Timeout = Limit)]
    public async Task Service_actions_and_the_accept_timeout_come_with_time_and_what_they_throw_ends_nothing()
    {
        var time = new ManualTime();
        await using var server = new Services(new StreamServerOptions
        {
            Time = time,
            ServiceInterval = TimeSpan.FromSeconds(2),
            AcceptTimeout = TimeSpan.FromSeconds(10),
        });
        await server.StartAsync();
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Equal((0, 0, 0), server.Counts);
        for (int i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal((5, 1, 1), server.Counts);
        using Socket client = await ConnectAsync(server.Listener);
        await Eventually(() => server.Listener.AcceptedCount == 1);
        for (int i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal((10, 1, 1), server.Counts);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((11, 2, 1), server.Counts);
        client.Dispose();
        await server.StopAsync();
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((11, 2, 1), server.Counts);
    }

    [Fact(Timeout = Limit)]
    public async Task Each_connection_has_an_object_of_its_own_with_the_servers_state()
    {
        var state = new ConcurrentQueue<string>();
        await using var server = new StreamServer("tcp://127.0.0.1:0", connection => new Counting(connection, state));
        await server.StartAsync();
        using Socket one = await ConnectAsync(server.Listener);
        using Socket two = await ConnectAsync(server.Listener);
        Assert.Equal("1", await AnswerAsync(one, "x"));
        Assert.Equal("1", await AnswerAsync(two, "x"));
        Assert.Equal("2", await AnswerAsync(one, "x"));
        one.Dispose();
        two.Dispose();
        await Eventually(() => server.Listener.ConnectionCount == 0);
        Assert.Equal(["finish 1", "finish 2", "setup", "setup"], state.Order(StringComparer.Ordinal));
    }

    [Theory(Timeout = Limit)]
    [InlineData("tcp://127.0.0.1:0")]
    [InlineData("tcp://[::1]:0")]
    [InlineData("unix:")]
    public async Task A_handler_that_blocks_gets_a_thread_and_a_stop_wakes_it(string endpoint)
    {
        await using var server = new StreamServer(endpoint == "unix:" ? endpoint + FreshPath() : endpoint, static connection =>
        {
            Assert.False(Thread.CurrentThread.IsThreadPoolThread);
            byte[] buffer = new byte[100];
            while (connection.Receive(buffer) is var count and > 0)
            {
                connection.Send(buffer.AsSpan(0, count));
            }

            connection.Send("bye"u8);
        });
        await server.StartAsync();
        using Socket client = await ConnectAsync(server.Listener);
        Assert.Equal("hello", await AnswerAsync(client, "hello"));
        Task<ListenerStopResult> stop = server.StopAsync();
        Assert.Equal("bye", await RestAsync(client));
        Assert.Equal(new ListenerStopResult(1, 0, 0), await stop.WaitAsync(Soon));
        Assert.Throws<ArgumentException>(() =>
        {
            using var loop = new EventLoop();
            return new StreamServer("tcp://127.0.0.1:0", static (Connection _) => { }, new StreamServerOptions { Dispatch = ConnectionDispatch.On(loop) });
        });
    }

    [Fact(Timeout = Limit)]
    public async Task The_stop_has_a_time_of_its_own_by_the_servers_clock()
    {
        var time = new ManualTime();
        var never = new TaskCompletionSource();
        await using var server = new StreamServer(
            "tcp://127.0.0.1:0", _ => never.Task, new StreamServerOptions { Time = time, StopTimeout = TimeSpan.FromSeconds(3) });
        await server.StartAsync();
        using Socket client = await ConnectAsync(server.Listener);
        await Eventually(() => server.Listener.ConnectionCount == 1);
        Task<ListenerStopResult> stop = server.StopAsync();
        await Eventually(() => server.Listener.Stopping.IsCancellationRequested);
        Task<int> receive = client.ReceiveAsync(new byte[1].AsMemory()).AsTask();
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        await PassAsync(time, TimeSpan.FromSeconds(1), () => stop.IsCompleted);
        Assert.Equal(new ListenerStopResult(0, 1, 0), await stop);
        await Assert.ThrowsAnyAsync<SocketException>(() => receive);
        never.SetResult();
    }

    [Fact(Timeout = Limit)]
    public async Task Run_serves_until_its_token_is_canceled_at_all_its_endpoints()
    {
        string path = FreshPath();
        await using var server = new StreamServer("tcp://127.0.0.1:0", static connection => connection.Input.CopyToAsync(connection.Output));
        server.Endpoints.Add(SocketUri.Parse("tcp://[::1]:0"));
        server.Endpoints.Add(SocketUri.Parse("unix:" + path));
        using var stop = new CancellationTokenSource();
        Task<ListenerStopResult> run = server.RunAsync(stop.Token);
        await Eventually(() => server.Listener.Endpoints.Count == 3);
        for (int i = 0; i < 3; i++)
        {
            using Socket client = await ConnectAsync(server.Listener, i);
            Assert.Equal("x", await AnswerAsync(client, "x"));
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("", await RestAsync(client));
        }

        Assert.False(run.IsCompleted);
        stop.Cancel();
        await run.WaitAsync(Soon);
        Assert.False(File.Exists(path));
    }

    [Fact(Timeout = Limit)]
    public async Task A_start_that_fails_leaves_nothing_open_and_says_why()
    {
        using Socket taken = Listener();
        await using var server = new StreamServer("tcp://127.0.0.1:0", static _ => Task.CompletedTask);
        server.Endpoints.Add(SocketUri.FromEndPoint(taken.LocalEndPoint!));
        SocketException failed = await Assert.ThrowsAnyAsync<SocketException>(() => server.StartAsync());
        Assert.Equal(SocketError.AddressAlreadyInUse, failed.SocketErrorCode);
        await Assert.ThrowsAnyAsync<SocketException>(() => server.Listener.Endpoints[0].ConnectAsync());
        Assert.Throws<FormatException>(() => new StreamServer("nowhere", static _ => Task.CompletedTask));
    }

    [Fact(Timeout = Limit)]
    public async Task A_Unix_socket_is_its_owners_from_the_first_moment_and_takes_a_dead_ones_path_only()
    {
        string path = FreshPath();
        using (Socket dead = Unix())
        {
            // Whoever is killed leaves its file.
            dead.Bind(new UnixEndPoint(path));
            dead.Listen(1);
            dead.Detach().Dispose();
        }

        Assert.True(File.Exists(path));
        await using var server = new StreamServer("unix:" + path, static connection => connection.Input.CopyToAsync(connection.Output));
        await server.StartAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using Socket client = await ConnectAsync(server.Listener);
        Assert.Equal("x", await AnswerAsync(client, "x"));

        await using var second = new StreamServer("unix:" + path, static _ => Task.CompletedTask);
        SocketException alive = await Assert.ThrowsAnyAsync<SocketException>(() => second.StartAsync());
        Assert.Equal(SocketError.AddressAlreadyInUse, alive.SocketErrorCode);
        Assert.Equal("y", await AnswerAsync(client, "y"));
        await server.StopAsync();
        Assert.False(File.Exists(path));

        await using var wide = new StreamServer($"unix:{path}?mode=0660", static _ => Task.CompletedTask);
        await wide.StartAsync();
        Assert.Equal((UnixFileMode)0x1B0, File.GetUnixFileMode(path));
    }

    [Fact(Timeout = Limit)]
    public async Task What_happens_can_be_measured()
    {
        var sums = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        await using var server = new StreamServer("tcp://127.0.0.1:0", static connection => connection.Input.CopyToAsync(connection.Output), new StreamServerOptions
        {
            MaxConnections = 2,
            FullMode = ConnectionFullMode.Refuse,
            MaxQueuedBytes = 1 << 20,
        });
        await server.StartAsync();
        string endpoint = server.Listener.Endpoints[0].ToString();
        using var meters = new MeterListener
        {
            InstrumentPublished = static (instrument, meters) =>
            {
                if (instrument.Meter.Name == ServerMetrics.MeterName)
                {
                    meters.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            string reason = "";
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                if (tag.Key == "sockeye.endpoint" && (string?)tag.Value != endpoint)
                {
                    return;
                }

                reason = tag.Key == "sockeye.reason" ? $" {tag.Value}" : reason;
            }

            sums.AddOrUpdate(instrument.Name["sockeye.server.".Length..] + reason, value, (_, sum) => instrument.IsObservable ? value : sum + value);
        });
        meters.Start();
        using Socket one = await ConnectAsync(server.Listener);
        Assert.Equal("hello", await AnswerAsync(one, "hello"));
        using Socket two = await ConnectAsync(server.Listener);
        await Eventually(() => server.Listener.ConnectionCount == 2);
        using Socket three = await ConnectAsync(server.Listener);
        Assert.Equal("", await RestAsync(three));
        Assert.Equal((2, 1), (sums["connections.accepted"], sums["connections.refused Full"]));

        // The other tests of this process are counted as well where there is no endpoint to tell them by.
        await Eventually(() =>
        {
            meters.RecordObservableInstruments();
            return sums.ContainsKey("queue.bytes") && sums.ContainsKey("queue.connections");
        });
        one.Dispose();
        two.Dispose();
        await Eventually(() => server.Listener.ConnectionCount == 0);
        Assert.True(sums["bytes.received"] >= 5, $"{sums["bytes.received"]}");
        Assert.True(sums["bytes.sent"] >= 5, $"{sums["bytes.sent"]}");
        Assert.True(sums["connections.ended Finished"] >= 2, string.Join(' ', sums));
        Assert.True(sums.ContainsKey("connections.active"));
    }

    [Theory(Timeout = Limit)]
    [InlineData("tcp://127.0.0.1:0", true)]
    [InlineData("tcp://127.0.0.1:0", false)]
    [InlineData("tcp://[::1]:0", true)]
    [InlineData("tcp://[::1]:0", false)]
    [InlineData("unix:", true)]
    [InlineData("unix:", false)]
    public async Task Pythons_own_clients_get_the_time(string endpoint, bool hasThreads)
    {
        await using StreamServer server = TimeServer(endpoint == "unix:" ? endpoint + FreshPath() : endpoint, hasThreads);
        await server.StartAsync();
        using PythonPeer peer = PythonPeer.Start("""
            kind, rest = sys.argv[1].split(":", 1)
            def connect():
                if kind == "unix":
                    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    s.settimeout(20)
                    s.connect(rest)
                    return s
                host, port = rest[2:].rsplit(":", 1)
                return socket.create_connection((host.strip("[]"), int(port)), 20)
            clients = [connect() for _ in range(5)]
            for n, s in enumerate(clients):
                s.sendall(b"hello %d" % n)
            for n, s in enumerate(clients):
                s.shutdown(socket.SHUT_WR)
                data = b""
                while part := s.recv(1000):
                    data += part
                assert data.startswith(b"[") and data.endswith(b"] hello %d" % n), data
                s.close()
            print("ok")
            """, server.Listener.Endpoints[0].ToString().Split('?')[0]);
        Assert.Equal("ok", await peer.Line());
        await peer.End();
    }

    [Fact]
    public void The_log_limit_lets_one_through_and_counts_the_others()
    {
        var time = new ManualTime();
        var limit = new LogLimit(time);
        Assert.Equal(1, limit.Take());
        Assert.Equal((0, 0), (limit.Take(), limit.Take()));
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, limit.Take());
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(4, limit.Take());
        Assert.Equal(0, limit.Take());
        Assert.Equal((1, 0), (limit.Flush(), limit.Flush()));
        var slow = new LogLimit(time, TimeSpan.FromMinutes(1));
        Assert.Equal((1, 0), (slow.Take(), slow.Take()));
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, slow.Take());
    }

    // What the samples show, the same twice: with calls that block, and with tasks.
    private static StreamServer TimeServer(string endpoint, bool hasThreads)
    {
        static byte[] Now(ReadOnlySpan<byte> words) => [(byte)'[', .. Encoding.ASCII.GetBytes($"{DateTime.Now:HH:mm:ss}"), .. "] "u8, .. words];

        if (hasThreads)
        {
            return new StreamServer(endpoint, connection =>
            {
                byte[] buffer = new byte[1024];
                while (connection.Receive(buffer) is var count and > 0)
                {
                    connection.Send(Now(buffer.AsSpan(0, count)));
                }
            });
        }

        return new StreamServer(endpoint, async connection =>
        {
            while (await connection.Input.ReadAsync() is { Buffer.IsEmpty: false } read)
            {
                await connection.Output.WriteAsync(Now(System.Buffers.BuffersExtensions.ToArray(read.Buffer)));
                connection.Input.AdvanceTo(read.Buffer.End);
            }
        });
    }

    private sealed class Counting(Connection connection, ConcurrentQueue<string> state) : StreamHandler(connection)
    {
        private int _count;

        protected internal override ValueTask SetupAsync()
        {
            state.Enqueue("setup");
            return default;
        }

        protected internal override async Task HandleAsync()
        {
            while (await Connection.Input.ReadAsync() is { Buffer.IsEmpty: false } read)
            {
                await Connection.Output.WriteAsync(Encoding.ASCII.GetBytes($"{++_count}"));
                Connection.Input.AdvanceTo(read.Buffer.End);
            }
        }

        protected internal override ValueTask FinishAsync()
        {
            state.Enqueue($"finish {_count}");
            return default;
        }
    }

    private sealed class Services(StreamServerOptions options) : StreamServer("tcp://127.0.0.1:0", options)
    {
        private int _services;
        private int _timeouts;
        private int _errors;

        public (int Services, int Timeouts, int Errors) Counts => (_services, _timeouts, _errors);

        protected override Task HandleAsync(Connection connection) => connection.Input.CopyToAsync(connection.Output);

        protected override void OnError(Connection? connection, Exception error)
        {
            Assert.Null(connection);
            _errors++;
        }

        protected internal override void OnServiceActions()
        {
            _services++;
            if (_services == 2)
            {
                throw new FormatException();
            }
        }

        protected internal override void OnAcceptTimeout() => _timeouts++;
    }

    private sealed class Steps() : StreamServer("tcp://127.0.0.1:0", new StreamServerOptions { LastWords = static reason => Encoding.ASCII.GetBytes($"{reason}") })
    {
        public ConcurrentQueue<string> Log { get; } = new();

        protected override Socket Bind(SocketUri endpoint)
        {
            Log.Enqueue("bind");
            return base.Bind(endpoint);
        }

        protected override async ValueTask<SocketResult<Socket>> AcceptAsync(Socket listener, CancellationToken cancellationToken)
        {
            SocketResult<Socket> result = await base.AcceptAsync(listener, cancellationToken);
            Log.Enqueue(result.IsSuccess ? "accepted" : "");
            return result;
        }

        protected override ValueTask<bool> VerifyAsync(Connection connection)
        {
            Log.Enqueue($"verify {connection.Id}");
            return new(connection.Id != 2);
        }

        protected override async Task HandleAsync(Connection connection)
        {
            Log.Enqueue($"handle {connection.Id}");
            if (connection.Id == 3)
            {
                throw new FormatException("a defect");
            }

            await connection.Output.WriteAsync("handled"u8.ToArray());
        }

        protected override ValueTask FinishAsync(Connection connection)
        {
            Log.Enqueue($"finish {connection.Id}");
            return default;
        }

        protected override void OnError(Connection? connection, Exception error) => Log.Enqueue($"error {connection!.Id}: {error.Message}");
    }
}
