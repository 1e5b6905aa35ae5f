using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Names;

/// <summary>
/// Happy Eyeballs: which address is tried when, who wins, and that nothing of the others stays. The asynchronous race runs
/// on a clock that the test turns; both races run on real sockets, and on a resolver that answers when it is told to.
/// </summary>
[Collection(Alone.Name)]
public sealed class ConnectionRaceTests : SocketTest
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);
    private static readonly IPAddress[] NoAddress = [];

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_second_address_is_tried_at_once_when_the_first_refuses(bool sync)
    {
        using Socket listener = ListenerAt("127.0.0.2");
        var answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(Found("127.0.0.1", "127.0.0.2"));
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace(), AttemptDelay = TimeSpan.FromSeconds(2), Timeout = Soon };
        long start = Stopwatch.GetTimestamp();
        using Socket client = await Connect(sync, listener, options);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1.5));
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
        Assert.Equal(Soon, client.Timeout);
        Assert.Equal([(111, ConnectionOutcome.Failed), (0, ConnectionOutcome.Succeeded)], options.Trace.Attempts.Select(static one => (one.Errno, one.Outcome)));
        Assert.Equal([1], answers.Asked.Values);
        string[] lines = options.Trace.ToString().Split('\n');
        Assert.Matches(@"^lookup of addresses at [\d.]+ ms: 2 after [\d.]+ ms: 127\.0\.0\.1, 127\.0\.0\.2$", lines[0]);
        Assert.Matches(@"^127\.0\.0\.1:\d+ at [\d.]+ ms: ECONNREFUSED: nothing listens there \(after [\d.]+ ms\)$", lines[1]);
        Assert.Matches(@"^127\.0\.0\.2:\d+ at [\d.]+ ms: connected \(after [\d.]+ ms\)$", lines[2]);
        Assert.Equal(3, lines.Length);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_silent_address_costs_one_attempt_delay_and_is_closed_when_another_wins(bool sync)
    {
        using Pair silent = await Silent();
        using Socket listener = ListenerAt("127.0.0.2", PortOf(silent.Server));
        var answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(Found("127.0.0.1", "127.0.0.2", "127.0.0.3"));
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace(), AttemptDelay = TimeSpan.FromMilliseconds(100) };
        int[] before = OpenDescriptors();
        long start = Stopwatch.GetTimestamp();
        using Socket client = await Connect(sync, listener, options);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(99), TimeSpan.FromSeconds(5));
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
        Assert.Equal([ConnectionOutcome.Abandoned, ConnectionOutcome.Succeeded], options.Trace.Attempts.Select(static one => one.Outcome));
        Assert.InRange(options.Trace.Attempts[1].Started - options.Trace.Attempts[0].Started, TimeSpan.FromMilliseconds(99), TimeSpan.FromSeconds(5));
        Assert.Contains("no answer", options.Trace.Attempts[0].ToString(), StringComparison.Ordinal);
        using Socket accepted = await listener.AcceptAsync().WaitAsync(Soon);

        // The connection's two ends, and nothing else. (The engine's own come with the first wait, and stay.)
        await Eventually(() => OpenDescriptors().Length <= before.Length + 2 + (sync ? 0 : 3), "The loser's descriptor stayed open.");
        await Connect(sync, listener, options).ContinueWith(static made => made.Result.Dispose(), TaskScheduler.Default);
        int settled = OpenDescriptors().Length;
        for (int i = 0; i < 5; i++)
        {
            (await Connect(sync, listener, options)).Dispose();
        }

        await Eventually(() => OpenDescriptors().Length <= settled, "Descriptors of losers stayed open.");
    }

    [Fact(Timeout = Limit)]
    public async Task The_next_address_begins_when_the_attempt_delay_is_over_and_not_before()
    {
        using Pair silent = await Silent();
        using Pair other = await Silent(IPAddress.Parse("127.0.0.2"), PortOf(silent.Server));
        using Socket listener = ListenerAt("127.0.0.3", PortOf(silent.Server));
        var time = new ManualTime();
        var answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(Found("127.0.0.1", "127.0.0.2", "127.0.0.3"));
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace(), TimeProvider = time };
        Task<Socket> connection = Connect(sync: false, listener, options);
        await Eventually(() => options.Trace.Attempts.Count == 1 && time.TimerCount == 1);
        time.Advance(TimeSpan.FromMilliseconds(249));
        await Task.Delay(Moment);
        Assert.Single(options.Trace.Attempts);
        time.Advance(Tick);
        await Eventually(() => options.Trace.Attempts.Count == 2 && time.TimerCount == 1);
        time.Advance(TimeSpan.FromMilliseconds(250));
        using Socket client = await connection.WaitAsync(Soon);
        Assert.Equal([0, 250, 500], options.Trace.Attempts.Select(static one => one.Started.TotalMilliseconds));
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
        Assert.Equal(0, time.TimerCount);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Families_take_turns_beginning_with_that_of_the_first_address(bool sixFirst)
    {
        int port = ((IPEndPoint)NobodyThere(AddressFamily.InterNetwork)).Port;
        string[] six = ["::1", "::1%1", "::ffff:127.0.0.9"];
        string[] four = ["127.0.0.1", "127.0.0.2"];
        var answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(sixFirst ? Found([.. six, .. four]) : Found([.. four, .. six]));
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace() };
        SocketResult<Socket> result = await Socket.TryCreateConnectionAsync(new DnsEndPoint("host", port), options);
        Assert.False(result.IsSuccess);
        int[] turns = sixFirst ? [6, 4, 6, 4, 6] : [4, 6, 4, 6, 6];
        Assert.Equal(turns, options.Trace.Attempts.Select(static one => one.EndPoint.AddressFamily == AddressFamily.InterNetwork ? 4 : 6));
    }

    [Fact(Timeout = Limit)]
    public async Task A_slow_lookup_is_asked_again_for_each_family_and_IPv6_has_a_head_start()
    {
        using Socket listener = ListenerAt("127.0.0.1");
        var time = new ManualTime();
        var answers = new Answers();
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace(), TimeProvider = time };
        Task<Socket> connection = Connect(sync: false, listener, options);
        await Eventually(() => time.TimerCount == 1);
        Assert.Equal([AddressFamily.Unspecified], answers.Asked.Keys);
        time.Advance(TimeSpan.FromMilliseconds(50));
        await Eventually(() => answers.Asked.Count == 3);

        // IPv4 is there; IPv6 may still come.
        answers[AddressFamily.InterNetwork].SetResult(Found("127.0.0.1"));
        await Eventually(() => time.TimerCount == 1);
        Assert.Empty(options.Trace.Attempts);
        time.Advance(TimeSpan.FromMilliseconds(49));
        await Task.Delay(Moment);
        Assert.Empty(options.Trace.Attempts);
        time.Advance(Tick);
        using Socket client = await connection.WaitAsync(Soon);
        Assert.Equal(100, Assert.Single(options.Trace.Attempts).Started.TotalMilliseconds);
        Assert.Equal(
            [ConnectionOutcome.Abandoned, ConnectionOutcome.Abandoned, ConnectionOutcome.Succeeded],
            options.Trace.Lookups.Select(static one => one.Outcome));
        Assert.True(answers.Tokens.All(static token => token.IsCancellationRequested), "Lookups nobody waits for are given up.");
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task IPv4_does_not_wait_once_IPv6_has_answered(bool none)
    {
        using Socket listener = ListenerAt(none ? "127.0.0.1" : "::1");
        var time = new ManualTime();
        var answers = new Answers();
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace(), TimeProvider = time };
        Task<Socket> connection = Connect(sync: false, listener, options);
        await Eventually(() => time.TimerCount == 1);
        time.Advance(TimeSpan.FromMilliseconds(50));
        await Eventually(() => answers.Asked.Count == 3);
        if (none)
        {
            answers[AddressFamily.InterNetwork].SetResult(Found("127.0.0.1"));
            await Eventually(() => time.TimerCount == 1);
            answers[AddressFamily.InterNetworkV6].SetResult(ResolverResult<IPAddress[]>.Failure(ResolverError.NoData));
        }
        else
        {
            // IPv6 first: used at once.
            answers[AddressFamily.InterNetworkV6].SetResult(Found("::1"));
        }

        using Socket client = await connection.WaitAsync(Soon);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
        Assert.Equal(50, Assert.Single(options.Trace.Attempts).Started.TotalMilliseconds);
    }

    [Fact(Timeout = Limit)]
    public async Task Addresses_that_come_late_take_their_turn()
    {
        using Pair silent = await Silent();
        using Socket listener = ListenerAt("::1", PortOf(silent.Server));
        var time = new ManualTime();
        var answers = new Answers();
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace(), TimeProvider = time, ResolutionDelay = TimeSpan.Zero };
        Task<Socket> connection = Connect(sync: false, listener, options);
        await Eventually(() => answers.Asked.Count == 3);
        answers[AddressFamily.InterNetwork].SetResult(Found("127.0.0.1", "127.0.0.2"));
        await Eventually(() => options.Trace.Attempts.Count == 1 && time.TimerCount == 1);
        answers[AddressFamily.Unspecified].SetResult(Found("::1", "127.0.0.1", "127.0.0.2"));
        await Eventually(() => options.Trace.Lookups[0].Outcome == ConnectionOutcome.Succeeded && time.TimerCount == 1);
        time.Advance(TimeSpan.FromMilliseconds(250));
        using Socket client = await connection.WaitAsync(Soon);
        Assert.Equal(["127.0.0.1", "::1"], options.Trace.Attempts.Select(static one => ((IPEndPoint)one.EndPoint).Address.ToString()));
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_all_fail_the_message_shows_each_attempt(bool sync)
    {
        int port = ((IPEndPoint)NobodyThere(AddressFamily.InterNetwork)).Port;
        var answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(Found("127.0.0.1", "127.0.0.2", "::1"));
        var options = new ConnectionOptions { Lookup = answers.Ask };
        var host = new DnsEndPoint("example.invalid", port);
        ConnectionException exception = await Assert.ThrowsAsync<ConnectionException>(() => sync
            ? Run(() => Socket.CreateConnection(host, options))
            : Socket.CreateConnectionAsync(host, options));
        Assert.Equal((SocketError.ConnectionRefused, 111), (exception.SocketErrorCode, exception.Errno));
        Assert.Matches(
            $@"^connect example\.invalid:{port}: 3 addresses tried: 127\.0\.0\.1:{port}: ECONNREFUSED: nothing listens there \(after [\d.]+ ms\); "
            + $@"\[::1\]:{port}: E[A-Z]+: .* \(after [\d.]+ ms\); 127\.0\.0\.2:{port}: ECONNREFUSED: nothing listens there \(after [\d.]+ ms\)$",
            exception.Message);
        Assert.Equal(3, exception.Trace.Attempts.Count);
        SocketResult<Socket> result = sync ? Socket.TryCreateConnection(host, options) : await Socket.TryCreateConnectionAsync(host, options);
        Assert.Equal(SocketError.ConnectionRefused, result.Error);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_name_that_is_not_found_fails_with_the_resolvers_code(bool sync)
    {
        var answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(ResolverResult<IPAddress[]>.Failure(ResolverError.NoName));
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace() };
        var host = new DnsEndPoint("example.invalid", 80);
        ResolverException exception = await Assert.ThrowsAsync<ResolverException>(() => sync
            ? Run(() => Socket.CreateConnection(host, options))
            : Socket.CreateConnectionAsync(host, options));
        Assert.StartsWith("connect example.invalid:80: EAI_NONAME: the name was not found", exception.Message, StringComparison.Ordinal);
        Assert.Equal((SocketError.HostNotFound, ResolverError.NoName), (exception.SocketErrorCode, exception.ResolverError));
        Assert.EndsWith(": EAI_NONAME", Assert.Single(options.Trace.Lookups).ToString(), StringComparison.Ordinal);
        SocketResult<Socket> result = sync ? Socket.TryCreateConnection(host, options) : await Socket.TryCreateConnectionAsync(host, options);
        Assert.Equal(SocketError.HostNotFound, result.Error);

        // One family alone is one question.
        answers[AddressFamily.InterNetworkV6].SetResult(Found());
        host = new DnsEndPoint("example.invalid", 80, AddressFamily.InterNetworkV6);
        result = sync ? Socket.TryCreateConnection(host, options) : await Socket.TryCreateConnectionAsync(host, options);
        Assert.Equal(SocketError.NoData, result.Error);
        Assert.Equal(AddressFamily.InterNetworkV6, Assert.Single(options.Trace.Lookups).AddressFamily);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_limit_is_over_lookups_and_addresses(bool sync)
    {
        using Pair silent = await Silent();
        var host = new DnsEndPoint("example.invalid", PortOf(silent.Server));
        var answers = new Answers();
        var options = new ConnectionOptions { Lookup = answers.Ask, Timeout = TimeSpan.FromMilliseconds(120) };
        ConnectionException exception = await Assert.ThrowsAsync<ConnectionException>(() => sync
            ? Run(() => Socket.CreateConnection(host, options))
            : Socket.CreateConnectionAsync(host, options));
        Assert.Contains(": ETIMEDOUT: the name was not found within the time limit", exception.Message, StringComparison.Ordinal);
        Assert.Equal(SocketError.TimedOut, exception.SocketErrorCode);
        Assert.All(exception.Trace.Lookups, static one => Assert.Equal(ConnectionOutcome.Abandoned, one.Outcome));
        Assert.True(answers.Tokens.All(static token => token.IsCancellationRequested));

        answers[AddressFamily.Unspecified].SetResult(Found("127.0.0.1"));
        exception = await Assert.ThrowsAsync<ConnectionException>(() => sync
            ? Run(() => Socket.CreateConnection(host, options))
            : Socket.CreateConnectionAsync(host, options));
        Assert.Equal(SocketError.TimedOut, exception.SocketErrorCode);
        Assert.Matches(@"1 address tried: 127\.0\.0\.1:\d+: no answer \(after \d+ ms\); the limit over all was 120 ms$", exception.Message);
        Assert.InRange(exception.Trace.Duration, TimeSpan.FromMilliseconds(119), TimeSpan.FromSeconds(6));
    }

    [Fact(Timeout = Limit)]
    public async Task Cancellation_ends_it_in_the_middle_and_closes_all()
    {
        using Pair silent = await Silent();
        using Pair other = await Silent(IPAddress.Parse("127.0.0.2"), PortOf(silent.Server));
        var host = new DnsEndPoint("example.invalid", PortOf(silent.Server));
        var answers = new Answers();
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace(), AttemptDelay = TimeSpan.FromMilliseconds(10) };

        // While the name is looked up, and while two addresses are tried.
        for (int round = 0; round < 2; round++)
        {
            using var source = new CancellationTokenSource();
            Task<Socket> connection = Socket.CreateConnectionAsync(host, options, source.Token);
            await Eventually(() => round == 0 ? answers.Asked.Count == 3 : options.Trace.Attempts.Count == 2);
            int[] during = OpenDescriptors();
            await source.CancelAsync();
            OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connection.WaitAsync(Soon));
            Assert.Equal(source.Token, exception.CancellationToken);
            await Eventually(() => OpenDescriptors().Length <= during.Length - (round * 2));
            Assert.Equal(SocketError.OperationAborted, (await Socket.TryCreateConnectionAsync(host, options, source.Token)).Error);
            answers[AddressFamily.Unspecified].TrySetResult(Found("127.0.0.1", "127.0.0.2"));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task With_a_token_that_was_canceled_before_nothing_is_tried()
    {
        // A UNIX listener answers at once, so that a race that begins is won before it hears of its token.
        using Socket listener = Listener(AddressFamily.Unix);
        var options = new ConnectionOptions { Trace = new ConnectionTrace() };
        var canceled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Socket.CreateConnectionAsync(listener.LocalEndPoint!, options, canceled));
        Assert.Equal(SocketError.OperationAborted, (await Socket.TryCreateConnectionAsync(listener.LocalEndPoint!, options, canceled)).Error);
        Assert.Empty(options.Trace.Attempts);
        Assert.False(listener.Poll(TimeSpan.Zero, SelectMode.SelectRead));
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_source_address_passes_over_other_families_and_says_when_it_cannot_be_bound(bool sync)
    {
        using Socket listener = ListenerAt("127.0.0.1");
        var answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(Found("::1", "127.0.0.1"));
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace(), SourceEndPoint = new IPEndPoint(IPAddress.Parse("127.0.0.9"), 0) };
        using Socket client = await Connect(sync, listener, options);
        Assert.Equal(IPAddress.Parse("127.0.0.9"), ((IPEndPoint)client.LocalEndPoint!).Address);
        Assert.Single(options.Trace.Attempts);

        options.SourceEndPoint = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0);
        ConnectionException exception = await Assert.ThrowsAsync<ConnectionException>(() => Connect(sync, listener, options));
        Assert.Equal(SocketError.AddressNotAvailable, exception.SocketErrorCode);
        Assert.Contains("bind 192.0.2.1:0: EADDRNOTAVAIL: no interface of this machine has that address", exception.Message, StringComparison.Ordinal);

        answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(Found("::1"));
        options.Lookup = answers.Ask;
        exception = await Assert.ThrowsAsync<ConnectionException>(() => Connect(sync, listener, options));
        Assert.Contains("none of the 1 addresses is of the source address's family, InterNetwork", exception.Message, StringComparison.Ordinal);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_host_with_very_many_addresses_is_not_tried_for_ever(bool sync)
    {
        var answers = new Answers();
        answers[AddressFamily.Unspecified].SetResult(Found([.. Enumerable.Range(1, 100).Select(static i => $"127.0.1.{i}")]));
        var options = new ConnectionOptions { Lookup = answers.Ask, Trace = new ConnectionTrace() };
        using Socket nobody = ListenerAt("127.0.0.1");
        await Assert.ThrowsAsync<ConnectionException>(() => Connect(sync, nobody, options));
        Assert.Equal(ConnectionRace.AttemptsMax, options.Trace.Attempts.Count);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whatever_answers_when_a_host_that_listens_is_found_and_the_rest_is_closed(bool sync)
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        using Pair silent = await Silent();
        using Socket four = ListenerAt("127.0.0.2", PortOf(silent.Server));
        using Socket six = ListenerAt("::1", PortOf(silent.Server));
        string[] addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "::1", "::ffff:127.0.0.9"];
        (await Connect(sync, four, new ConnectionOptions { Lookup = static (_, _, _) => Task.FromResult(Found("127.0.0.2")) })).Dispose();
        int before = OpenDescriptors().Length;
        for (int round = 0; round < 60; round++)
        {
            string[] told = [.. addresses.Where(_ => random.Next(2) == 0)];
            random.Shuffle(told);
            bool finds = told.Any(static one => one is "127.0.0.2" or "::1");
            var answers = new Answers();
            var options = new ConnectionOptions
            {
                Lookup = answers.Ask,
                AttemptDelay = TimeSpan.FromMilliseconds(10),
                ResolutionDelay = TimeSpan.FromMilliseconds(random.Next(4)),
                Timeout = finds ? Soon : TimeSpan.FromMilliseconds(30),
            };
            Task<SocketResult<Socket>> connection = sync
                ? Run(() => Socket.TryCreateConnection(new DnsEndPoint("example.invalid", PortOf(four)), options))
                : Socket.TryCreateConnectionAsync(new DnsEndPoint("example.invalid", PortOf(four)), options);
            AddressFamily[] families = [AddressFamily.Unspecified, AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];
            random.Shuffle(families);
            foreach (AddressFamily family in families)
            {
                await Task.Delay(random.Next(4));
                answers[family].SetResult(Found([.. told.Where(one =>
                    family == AddressFamily.Unspecified || IPAddress.Parse(one).AddressFamily == family)]));
            }

            SocketResult<Socket> result = await connection.WaitAsync(Soon);
            Assert.True(finds == result.IsSuccess, $"seed {seed}, round {round}, {string.Join(' ', told)}: {result}");
            if (result.TryGetValue(out Socket? client))
            {
                Assert.Contains(client.RemoteEndPoint, new[] { four.LocalEndPoint, six.LocalEndPoint });
                client.Dispose();
            }
        }

        // What was accepted by the kernel and closed since waits in the listeners' queues, and is no descriptor.
        await Eventually(() => OpenDescriptors().Length <= before, $"seed {seed}: descriptors stayed open.");
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_end_point_that_has_no_address_is_its_makers_exception_and_leaves_nothing_open(bool sync)
    {
        using Socket listener = ListenerAt("127.0.0.1");
        (await Connect(sync, listener, new ConnectionOptions { Lookup = static (_, _, _) => Task.FromResult(Found("127.0.0.1")) })).Dispose();
        int before = OpenDescriptors().Length;
        for (int i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<FormatException>(() => sync
                ? Run(() => Socket.CreateConnection(new NoEndPoint()))
                : Socket.CreateConnectionAsync(new NoEndPoint()));
        }

        await Eventually(() => OpenDescriptors().Length <= before);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_sockets_limit_counts_the_lookup(bool sync)
    {
        // All of the library's own threads hang: no name is found.
        using var source = new CancellationTokenSource();
        using var hang = new ManualResetEventSlim();
        Task<ResolverResult<int>>[] lookups = [.. Enumerable.Range(0, 16).Select(_ => ResolverThreads.Shared.RunAsync(
            () =>
            {
                hang.Wait(Soon);
                return ResolverResult<int>.Success(1);
            },
            limit: null,
            source.Token))];
        try
        {
            using Socket socket = Tcp();
            socket.Timeout = TimeSpan.FromMilliseconds(50);
            var host = new DnsEndPoint("localhost", 9);
            long start = Stopwatch.GetTimestamp();
            ResolverException exception = await Assert.ThrowsAsync<ResolverException>(() => sync
                ? Run(() => socket.Connect(host))
                : socket.ConnectAsync(host));
            Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(45), TimeSpan.FromSeconds(5));
            Assert.Equal((SocketError.TimedOut, 110), (exception.SocketErrorCode, exception.Errno));
            Assert.Equal("connect localhost:9: ETIMEDOUT: no answer within the time limit", exception.Message);
            Assert.Equal(SocketError.TimedOut, (sync ? socket.TryConnect(host) : await socket.TryConnectAsync(host)).Error);

            // What is an address waits for no thread.
            Assert.True(Resolver.GetHostAddressesAsync("127.0.0.1").IsCompletedSuccessfully);
            Assert.True(Resolver.TryGetHostAddresses("::1", timeout: TimeSpan.FromMilliseconds(1)).IsSuccess);
            using Socket listener = Listener();
            var address = new DnsEndPoint("127.0.0.1", PortOf(listener));
            var options = new ConnectionOptions { Timeout = TimeSpan.FromSeconds(3) };
            using (sync ? Socket.CreateConnection(address, options) : await Socket.CreateConnectionAsync(address, options))
            {
                Assert.False(hang.IsSet);
            }

            // Its token ends it too, at once.
            socket.Timeout = null;
            using var cancel = new CancellationTokenSource();
            ValueTask connect = socket.ConnectAsync(host, cancel.Token);
            ValueTask<SocketResult> tryConnect = socket.TryConnectAsync(host, cancel.Token);
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await connect);
            Assert.Equal(125, (await tryConnect).Errno); // ECANCELED
        }
        finally
        {
            hang.Set();
            await Task.WhenAll(lookups);
        }
    }

    [Fact(Timeout = Limit)]
    public Task On_a_loop_the_race_and_its_socket_are_the_loops() => Run(() =>
    {
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            using Pair silent = await Silent();
            using Socket listener = ListenerAt("127.0.0.2", PortOf(silent.Server));
            var answers = new Answers();
            answers[AddressFamily.Unspecified].SetResult(Found("127.0.0.1", "127.0.0.2"));
            var options = new ConnectionOptions { Lookup = answers.Ask, AttemptDelay = TimeSpan.FromMilliseconds(20) };
            using Socket client = await Socket.CreateConnectionAsync(new DnsEndPoint("host", PortOf(listener)), options);
            Assert.Same(loop, EventLoop.Current);
            Assert.Same(loop.Engine, client.Engine);
        });
    });

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_unix_listener_with_a_full_backlog_is_asked_again(bool sync)
    {
        using Socket listener = Listener(AddressFamily.Unix, backlog: 0);
        using Socket first = Unix();
        first.Connect(listener.LocalEndPoint!);
        Task<Socket> connection = sync
            ? Run(() => Socket.CreateConnection(listener.LocalEndPoint!, Soon))
            : Socket.CreateConnectionAsync(listener.LocalEndPoint!, Soon);
        await Task.Delay(Moment);
        Assert.False(connection.IsCompleted);
        using Socket one = listener.Accept();
        using Socket second = await connection.WaitAsync(Soon);
        using Socket two = listener.Accept();
    }

    [Fact(Timeout = Limit)]
    public async Task Twins_return_failures_as_values()
    {
        using Socket listener = Socket.TryCreateServer(new IPEndPoint(IPAddress.Loopback, 0)).Value;
        Assert.Equal(SocketError.AddressAlreadyInUse, Socket.TryCreateServer(listener.LocalEndPoint!).Error);
        Assert.Equal(SocketError.AddressNotAvailable, Socket.TryCreateServer(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0)).Error);
        Assert.Throws<ArgumentException>(() => Socket.TryCreateServer(listener.LocalEndPoint!, dualStack: true));
        Assert.Equal(SocketError.OperationNotSupported, Socket.TryCreatePair(AddressFamily.InterNetwork).Error);
        Assert.Equal(SocketError.AddressFamilyNotSupported, Socket.TryCreatePair((AddressFamily)999).Error);
        (Socket one, Socket other) = Socket.TryCreatePair().Value;
        using (one)
        using (other)
        {
            Assert.True(one.Connected && other.Connected);
        }

        using Socket client = Socket.TryCreateConnection(listener.LocalEndPoint!).Value;
        using Socket second = (await Socket.TryCreateConnectionAsync(listener.LocalEndPoint!)).Value;
        Assert.Equal(SocketError.ConnectionRefused, Socket.TryCreateConnection(NobodyThere(AddressFamily.InterNetwork)).Error);
        Assert.Equal(SocketError.ConnectionRefused, (await Socket.TryCreateConnectionAsync(NobodyThere(AddressFamily.InterNetwork))).Error);
        Assert.Equal(Socket.OSSupportsIPv6, Socket.OSSupportsDualMode);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionOptions { AttemptDelay = TimeSpan.FromMilliseconds(9) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionOptions { AttemptDelay = TimeSpan.FromSeconds(2.1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionOptions { ResolutionDelay = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ConnectionOptions { Timeout = TimeSpan.Zero });
    }

    private static Task<Socket> Connect(bool sync, Socket listener, ConnectionOptions options)
    {
        var host = new DnsEndPoint("example.invalid", PortOf(listener));
        return sync ? Run(() => Socket.CreateConnection(host, options)) : Socket.CreateConnectionAsync(host, options);
    }

    private static Socket ListenerAt(string address, int port = 0)
    {
        var ip = IPAddress.Parse(address);
        Socket listener = Tcp(ip.AddressFamily);
        listener.Bind(new IPEndPoint(ip, port));
        listener.Listen(64);
        return listener;
    }

    private static ResolverResult<IPAddress[]> Found(params string[] addresses) =>
        ResolverResult<IPAddress[]>.Success(addresses.Length == 0 ? NoAddress : [.. addresses.Select(IPAddress.Parse)]);

    private sealed class NoEndPoint : EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.InterNetwork;

        public override SocketAddress Serialize() => throw new FormatException();
    }

    /// <summary>A resolver that answers when it is told to; until it is given up.</summary>
    private sealed class Answers
    {
        private readonly Lock _gate = new();
        private readonly Dictionary<AddressFamily, TaskCompletionSource<ResolverResult<IPAddress[]>>> _answers = [];
        private readonly Dictionary<AddressFamily, int> _asked = [];
        private readonly List<CancellationToken> _tokens = [];

        internal TaskCompletionSource<ResolverResult<IPAddress[]>> this[AddressFamily family]
        {
            get
            {
                lock (_gate)
                {
                    if (!_answers.TryGetValue(family, out TaskCompletionSource<ResolverResult<IPAddress[]>>? answer))
                    {
                        _answers[family] = answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
                    }

                    return answer;
                }
            }
        }

        /// <summary>How often each family was asked for.</summary>
        internal Dictionary<AddressFamily, int> Asked
        {
            get
            {
                lock (_gate)
                {
                    return new(_asked);
                }
            }
        }

        internal CancellationToken[] Tokens
        {
            get
            {
                lock (_gate)
                {
                    return [.. _tokens];
                }
            }
        }

        internal Task<ResolverResult<IPAddress[]>> Ask(string host, AddressFamily family, CancellationToken token)
        {
            lock (_gate)
            {
                _asked[family] = _asked.GetValueOrDefault(family) + 1;
                _tokens.Add(token);
            }

            return this[family].Task;
        }
    }
}
