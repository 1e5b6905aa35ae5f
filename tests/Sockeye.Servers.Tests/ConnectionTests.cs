using System.Net.Sockets;
using System.Text;
using Sockeye.Tests.Support;

namespace Sockeye.Servers.Tests;

/// <summary>One connection: its ends, its queue, its limits.</summary>
public sealed class ConnectionTests : ServerTest
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.AllAndFamilies), MemberType = typeof(Place))]
    public async Task Close_ends_the_reads_and_the_last_words_come_behind_what_was_queued(string name, AddressFamily family)
    {
        await using Place place = Place.Of(name);
        await using Served served = await Served.StartAsync(place, family, async connection =>
        {
            await Place.EchoAsync(connection);
            if (place.HasThreads)
            {
                connection.Send("due "u8);
            }
            else
            {
                await connection.Output.WriteAsync("due "u8.ToArray());
            }
        });
        using Socket client = await ConnectAsync(served.Listener);
        Assert.Equal("x", await AnswerAsync(client, "x"));
        served.Connections[0].Close("enough", "bye"u8.ToArray());
        Assert.Equal("due bye", await RestAsync(client));
        client.Dispose();
        await Eventually(() => served.Listener.ConnectionCount == 0);
        Connection ended = served.Connections[0];
        Assert.Equal((ConnectionEndReason.Closed, "enough", true), (ended.EndReason, ended.EndMessage, ended.IsDrained));
        Assert.True(ended.IsStopping);
        Assert.True(ended.Stopping.IsCancellationRequested);
        ended.Close("later");
        ended.Abort("later");
        Assert.Equal("enough", ended.EndMessage);
        Assert.True(ended.TrySend("gone"u8.ToArray()) || place.HasThreads);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.All), MemberType = typeof(Place))]
    public async Task Abort_resets_and_whoever_waits_ends(string name)
    {
        await using Place place = Place.Of(name);
        await using Served served = await Served.StartAsync(place, AddressFamily.InterNetworkV6, Place.EchoAsync);
        using Socket client = await ConnectAsync(served.Listener);
        Assert.Equal("x", await AnswerAsync(client, "x"));
        served.Connections[0].Abort("away");
        SocketException lost = await Assert.ThrowsAnyAsync<SocketException>(async () => await client.ReceiveAsync(new byte[1].AsMemory()));
        Assert.Equal(SocketError.ConnectionReset, lost.SocketErrorCode);
        await Eventually(() => served.Listener.ConnectionCount == 0);
        Assert.Equal((ConnectionEndReason.Aborted, "away", false), (served.Connections[0].EndReason, served.Connections[0].EndMessage, served.Connections[0].IsDrained));
        Assert.Equal(["Aborted, not drained"], served.Told.Lines);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.WithPipes), MemberType = typeof(Place))]
    public async Task What_a_slow_reader_has_not_read_is_bounded_and_can_be_dropped_for_the_last_words(string name)
    {
        const int MessageBytes = 1_000;
        await using Place place = Place.Of(name);
        await using Served served = await Served.StartAsync(place, AddressFamily.InterNetwork, Place.EchoAsync, new ListenerOptions { MaxQueuedBytes = 64 * 1024 });
        using Socket client = await ConnectAsync(served.Listener);
        Assert.Equal("x", await AnswerAsync(client, "x"));
        Connection connection = served.Connections[0];
        connection.Socket.SendBufferSize = 16 * 1024;
        Assert.True(connection.WaitToSendAsync().AsTask().IsCompletedSuccessfully);

        // The kernel takes some more for a while.
        int sent = 0;
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        do
        {
            while (connection.TrySend(Message(sent)))
            {
                sent++;
                Assert.InRange(sent, 1, 100_000);
                Assert.InRange(connection.QueuedBytes, 0, 64 * 1024);
            }

            await Task.Delay(Moment);
        }
        while (connection.QueuedBytes < 63 * 1024 && System.Diagnostics.Stopwatch.GetElapsedTime(started) < Soon);

        Assert.InRange(connection.QueuedBytes, 63 * 1024, 64 * 1024);
        Task room = connection.WaitToSendAsync().AsTask();
        Assert.False(room.IsCompleted);
        Assert.Equal(connection.QueuedBytes, served.Listener.QueuedBytes);

        // It reads: all comes in order, and there is room again.
        int read = 0;
        byte[] buffer = new byte[MessageBytes];
        for (; read < sent - 20; read++)
        {
            await client.ReceiveExactlyAsync(buffer).AsTask().WaitAsync(Soon);
            Assert.Equal(Message(read), buffer);
        }

        await room.WaitAsync(Soon);
        for (; read < sent; read++)
        {
            await client.ReceiveExactlyAsync(buffer).AsTask().WaitAsync(Soon);
            Assert.Equal(Message(read), buffer);
        }

        await Eventually(() => connection.QueuedBytes == 0);

        // It reads no more, and is ended without what it has not taken: whole messages, then the last words.
        int again = 0;
        while (connection.TrySend(Message(again)))
        {
            again++;
        }

        connection.Close("too slow", "too slow"u8.ToArray(), dropQueued: true);
        byte[] rest = await ReadToEnd(client);
        int whole = (rest.Length - "too slow".Length) / MessageBytes;
        Assert.Equal((whole * MessageBytes) + "too slow".Length, rest.Length);
        Assert.Equal("too slow", Encoding.ASCII.GetString(rest.AsSpan(whole * MessageBytes)));
        Assert.InRange(whole, 1, again - 20);
        for (int i = 0; i < whole; i++)
        {
            Assert.Equal(Message(i), rest[(i * MessageBytes)..((i + 1) * MessageBytes)]);
        }

        await Eventually(() => served.Listener.ConnectionCount == 0);
        Assert.True(connection.IsDrained);

        static byte[] Message(int number)
        {
            byte[] message = new byte[MessageBytes];
            message.AsSpan().Fill((byte)number);
            BitConverter.TryWriteBytes(message, number);
            return message;
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.WithPipes), MemberType = typeof(Place))]
    public async Task Many_threads_may_send_to_one_connection_and_shared_bytes_come_whole(string name)
    {
        const int Threads = 4;
        const int Each = 300;
        await using Place place = Place.Of(name);
        await using Served served = await Served.StartAsync(place, AddressFamily.InterNetwork, async connection =>
        {
            // Reads, and writes nothing: those who send are others.
            while (!(await connection.Input.ReadAsync()).IsCompleted)
            {
                connection.Input.AdvanceTo(default);
            }
        }, new ListenerOptions { MaxQueuedBytes = 1 << 24 });
        using Socket client = await ConnectAsync(served.Listener);
        await Eventually(() => served.Connections.Count == 1);
        Connection connection = served.Connections[0];
        Task sending = Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                byte[] message = new byte[(i % 2 == 0 ? 10 : 3_000) + 4];
                message.AsSpan(4).Fill((byte)thread);
                BitConverter.TryWriteBytes(message, message.Length - 4);
                using SharedBytes shared = SharedBytes.Copy(message);
                Assert.True(i % 3 == 0 ? connection.TrySend(shared) : connection.TrySend(message));
            }
        })));
        int[] counts = new int[Threads];
        byte[] head = new byte[4];
        for (int i = 0; i < Threads * Each; i++)
        {
            await client.ReceiveExactlyAsync(head).AsTask().WaitAsync(Soon);
            byte[] body = new byte[BitConverter.ToInt32(head)];
            await client.ReceiveExactlyAsync(body).AsTask().WaitAsync(Soon);
            Assert.Equal((counts[body[0]]++ % 2 == 0) ? 10 : 3_000, body.Length);
            Assert.All(body, value => Assert.Equal(body[0], value));
        }

        await sending;
        Assert.All(counts, static count => Assert.Equal(Each, count));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.WithPipes), MemberType = typeof(Place))]
    public async Task Whoever_waits_to_send_is_let_go_when_the_peer_is_lost(string name)
    {
        const int MessageBytes = 20_000;
        await using Place place = Place.Of(name);
        Task? sending = null;
        await using Served served = await Served.StartAsync(place, AddressFamily.InterNetwork, connection => sending = SendAsync(connection), new ListenerOptions { MaxQueuedBytes = 64 * 1024 });
        using Socket client = await ConnectAsync(served.Listener);
        await Eventually(() => served.Connections is [var waiting] && waiting.QueuedBytes > 40_000);
        Connection connection = served.Connections[0];

        // A reset, at a moment when nobody reads at the other end, and one waits to send.
        client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Dispose();
        await Eventually(() => sending is { IsCompleted: true });
        await sending!;
        await Eventually(() => served.Listener.ConnectionCount == 0);
        Assert.False(connection.IsDrained);

        async Task SendAsync(Connection connection)
        {
            int lost = 0;
            byte[] message = new byte[MessageBytes];

            // What is sent to a lost peer is taken, and dropped: far more than may wait.
            while (lost < 100)
            {
                if (!connection.TrySend(message))
                {
                    await connection.WaitToSendAsync();
                }

                lost = connection.Socket.TryGetOption(TcpOptions.Information) is { IsSuccess: true, Value.State: TcpState.Close } ? lost + 1 : 0;
            }
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("the pool")]
    [InlineData("threads")]
    [InlineData("an epoll loop")]
    [InlineData("an io_uring loop")]
    public async Task Who_says_nothing_at_first_or_nothing_for_long_is_ended_with_words(string name)
    {
        var time = new ManualTime();
        await using Place place = Place.Of(name);
        await using Served served = await Served.StartAsync(place, AddressFamily.InterNetwork, Place.EchoAsync, new ListenerOptions
        {
            Time = time,
            FirstByteTimeout = TimeSpan.FromSeconds(10),
            IdleTimeout = TimeSpan.FromSeconds(60),
            LastWords = static reason => Encoding.ASCII.GetBytes(reason.ToString()),
        });
        using Socket silent = await ConnectAsync(served.Listener);
        await Eventually(() => served.Connections.Count == 1);
        using Socket talking = await ConnectAsync(served.Listener);
        Assert.Equal("x", await AnswerAsync(talking, "x"));
        Task<string> silentRest = RestAsync(silent);
        for (int i = 0; i < 9; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(silentRest.IsCompleted);
        await PassAsync(time, TimeSpan.FromMilliseconds(100), () => silentRest.IsCompleted);
        Assert.Equal("FirstByteTimeout", await silentRest);

        // A word now and then, and it may stay.
        for (int i = 0; i < 10; i++)
        {
            for (int second = 0; second < 20; second++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
            }

            Assert.Equal("y", await AnswerAsync(talking, "y"));
        }

        Task<string> talkingRest = RestAsync(talking);
        long before = time.GetTimestamp();
        await PassAsync(time, TimeSpan.FromSeconds(1), () => talkingRest.IsCompleted);
        Assert.Equal("IdleTimeout", await talkingRest);
        Assert.True(time.GetElapsedTime(before) >= TimeSpan.FromSeconds(39), $"{time.GetElapsedTime(before)}");
        silent.Dispose();
        talking.Dispose();
        await PassAsync(time, TimeSpan.FromMilliseconds(100), () => served.Listener.ConnectionCount == 0);
        Assert.Equal(["FirstByteTimeout", "IdleTimeout"], served.Told.Lines);
    }

    [Fact(Timeout = Limit)]
    public async Task A_handler_that_does_not_end_after_the_close_is_cut_short()
    {
        var time = new ManualTime();
        var never = new TaskCompletionSource();
        await using Place place = Place.Of("the pool");
        await using Served served = await Served.StartAsync(place, AddressFamily.InterNetwork, _ => never.Task, new ListenerOptions { Time = time });
        using Socket client = await ConnectAsync(served.Listener);
        await Eventually(() => served.Connections.Count == 1);
        served.Connections[0].Close("enough", "words"u8.ToArray());
        Task<int> receive = client.ReceiveAsync(new byte[10].AsMemory()).AsTask();
        for (int i = 0; i < 4; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(receive.IsCompleted);
        await PassAsync(time, TimeSpan.FromSeconds(1), () => receive.IsCompleted);
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAnyAsync<SocketException>(() => receive)).SocketErrorCode);
        never.SetResult();
        await Eventually(() => served.Listener.ConnectionCount == 0);
        Assert.Equal((ConnectionEndReason.Closed, "enough", false), (served.Connections[0].EndReason, served.Connections[0].EndMessage, served.Connections[0].IsDrained));
    }

    [Theory(Timeout = Limit)]
    [InlineData("the pool")]
    [InlineData("an epoll loop")]
    [InlineData("an io_uring loop")]
    public async Task A_peer_that_does_not_read_does_not_hold_the_end_for_ever(string name)
    {
        var time = new ManualTime();
        await using Place place = Place.Of(name);
        await using Served served = await Served.StartAsync(place, AddressFamily.InterNetwork, async connection =>
        {
            byte[] much = new byte[1 << 20];
            for (int i = 0; i < 64 && !(await connection.Output.WriteAsync(much)).IsCanceled; i++)
            {
            }
        }, new ListenerOptions { Time = time, FirstByteTimeout = Timeout.InfiniteTimeSpan });
        using Socket client = await ConnectAsync(served.Listener);
        await Eventually(() => served.Connections.Count == 1);

        // Until the kernel takes no more, and a flush waits.
        Connection connection = served.Connections[0];
        long sent;
        do
        {
            sent = connection.BytesSent;
            await Task.Delay(Moment);
        }
        while (connection.BytesSent != sent || connection.QueuedBytes == 0);

        connection.Close("enough");
        await PassAsync(time, TimeSpan.FromSeconds(1), () => served.Listener.ConnectionCount == 0);
        Assert.Equal((ConnectionEndReason.Closed, false), (served.Connections[0].EndReason, served.Connections[0].IsDrained));
        Assert.InRange(time.GetElapsedTime(0), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.All), MemberType = typeof(Place))]
    public async Task Bytes_that_come_after_the_answer_do_not_turn_the_end_into_a_reset(string name)
    {
        await using Place place = Place.Of(name);
        await using Served served = await Served.StartAsync(place, AddressFamily.InterNetwork, async connection =>
        {
            if (place.HasThreads)
            {
                connection.Receive(new byte[1]);
                connection.Send("answer"u8);
                return;
            }

            await connection.Input.ReadAsync(); // and is not advanced
            await connection.Output.WriteAsync("answer"u8.ToArray());
        });
        for (int i = 0; i < 5; i++)
        {
            using Socket client = await ConnectAsync(served.Listener);
            await client.SendAllAsync(new byte[100_000]);
            Assert.Equal("answer", await RestAsync(client));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_connection_of_messages_is_served_by_its_socket()
    {
        string path = FreshPath();
        await using var listener = new Listener(new ListenerOptions { LastWords = static _ => "end"u8.ToArray() });
        await listener.BindAsync(SocketUri.Parse("unix-seqpacket:" + path));
        listener.Start(static async connection =>
        {
            Assert.Throws<ArgumentException>(() => connection.Input);
            byte[] buffer = new byte[100];
            while ((await connection.Socket.TryReceiveAsync(buffer, SocketFlags.None, connection.Stopping)).TryGetValue(out int count) && count > 0)
            {
                await connection.Socket.SendAsync(buffer.AsMemory(0, count));
            }
        });
        using Socket client = await listener.Endpoints[0].ConnectAsync();
        byte[] buffer = new byte[100];
        foreach (string message in new[] { "one", "three" })
        {
            await client.SendAsync(Encoding.ASCII.GetBytes(message).AsMemory());
            Assert.Equal(message, Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer.AsMemory())));
        }

        Task<ListenerStopResult> stop = listener.StopAsync();
        Assert.Equal("end", Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer.AsMemory())));
        Assert.Equal(0, await client.ReceiveAsync(buffer.AsMemory()));
        Assert.Equal(1, (await stop.WaitAsync(Soon)).Drained);
    }

    [Fact(Timeout = Limit)]
    public async Task Calls_that_block_are_for_threads_and_a_pipe_is_not_beside_them()
    {
        await using Place pool = Place.Of("the pool");
        await using Served served = await Served.StartAsync(pool, AddressFamily.InterNetwork, static connection =>
        {
            Assert.Throws<InvalidOperationException>(() => connection.Receive(new byte[1]));
            Assert.Throws<InvalidOperationException>(() => connection.Send(new byte[1]));
            return Place.EchoAsync(connection);
        });
        using Socket client = await ConnectAsync(served.Listener);
        Assert.Equal("x", await AnswerAsync(client, "x"));

        await using Place threads = Place.Of("threads");
        await using Served second = await Served.StartAsync(threads, AddressFamily.InterNetwork, static connection =>
        {
            connection.Send("y"u8);
            Assert.Throws<InvalidOperationException>(() => connection.Input);
            return Task.CompletedTask;
        });
        using Socket other = await ConnectAsync(second.Listener);
        Assert.Equal("y", await RestAsync(other));
        Assert.DoesNotContain(served.Told.Lines.Concat(second.Told.Lines), static line => line.StartsWith("failed", StringComparison.Ordinal));
    }

    /// <summary>A listener that serves, what it says, and its connections in the order in which they came.</summary>
    private sealed class Served(Listener listener, Told told, List<Connection> connections) : IAsyncDisposable
    {
        public Listener Listener => listener;

        public Told Told => told;

        public IReadOnlyList<Connection> Connections
        {
            get
            {
                lock (connections)
                {
                    return [.. connections];
                }
            }
        }

        public static async Task<Served> StartAsync(Place place, AddressFamily family, Func<Connection, Task> handler, ListenerOptions? options = null)
        {
            var told = new Told();
            options ??= new ListenerOptions();
            options.Dispatch = place.Dispatch;
            options.Events = told;
            var connections = new List<Connection>();
            var listener = new Listener(options);
            await listener.BindAsync(Place.Fresh(family));
            listener.Start(connection =>
            {
                lock (connections)
                {
                    connections.Add(connection);
                }

                return handler(connection);
            });
            return new Served(listener, told, connections);
        }

        public ValueTask DisposeAsync() => listener.DisposeAsync();
    }
}
