using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Sockeye.Servers.Framing;
using Sockeye.Servers.Protocols;
using Sockeye.Servers.Testing;

namespace Sockeye.Servers.Tests.Protocols;

/// <summary>What a protocol may rely on, over simulated connections: bytes whole, in small pieces, late, and resets.</summary>
public sealed class ProtocolTests
{
    public static TheoryData<int> PieceBytes => [1, 2, 7, int.MaxValue];

    [Theory]
    [MemberData(nameof(PieceBytes))]
    public void Lines_come_one_by_one_and_the_end_last(int pieceBytes) => Run(1, async simulation =>
    {
        var protocol = new Recorder();
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol, new FaultPlan { MaxPieceBytes = pieceBytes });
        client.TrySend("one\r\ntwo\n\nlast"u8);
        client.CompleteOutput();
        Assert.Equal("ONE\nTWO\n\nLAST\n", await ReadAllAsync(client));
        await serving;
        Assert.Equal(["made", "one", "two", "", "last", "end", "lost: done"], protocol.Calls);
    });

    [Fact]
    public void Calls_do_not_overlap_however_long_one_takes() => Run(2, async simulation =>
    {
        var protocol = new Recorder { Pause = () => simulation.DelayAsync(TimeSpan.FromHours(1)) };
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol);
        for (int i = 0; i < 20; i++)
        {
            client.TrySend(Encoding.UTF8.GetBytes($"line {i}\n"));
        }

        client.Close();
        await serving;
        Assert.Equal(1, protocol.MostAtOnce);
        Assert.Equal(20, protocol.Calls.Count(call => call.StartsWith("line", StringComparison.Ordinal)));
        Assert.True(simulation.Time.Elapsed >= TimeSpan.FromHours(20), "each line took an hour of the simulation's");
    });

    [Fact]
    public void A_protocol_that_is_busy_holds_its_peer_back() => Run(3, async simulation =>
    {
        var goOn = new TaskCompletionSource();
        var protocol = new Recorder { Pause = () => goOn.Task };
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol);
        byte[] line = [.. Enumerable.Repeat((byte)'x', 1_000), (byte)'\n'];
        int sent = 0;
        while (client.TrySend(line))
        {
            sent++;
            await simulation.DelayAsync(TimeSpan.FromMilliseconds(1));
            Assert.True(sent < 5_000, "nothing holds the sender back");
        }

        goOn.SetResult();
        await client.WaitToSendAsync();
        client.Close();
        await serving;
        Assert.Equal(sent, protocol.Calls.Count(call => call.Length == 1_000));
    });

    [Fact]
    public void After_close_nothing_more_is_received_and_the_last_words_come_last() => Run(4, async simulation =>
    {
        Recorder protocol = null!;
        protocol = new Recorder { OnLine = line => protocol.Close("enough", "bye\n"u8.ToArray()) };
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol, FaultPlan.None);
        client.TrySend("one\ntwo\nthree\n"u8);
        Assert.Equal("ONE\nbye\n", await ReadAllAsync(client));
        await serving;
        Assert.Equal(["made", "one", "lost: done"], protocol.Calls);
    });

    [Fact]
    public void A_close_of_the_transport_ends_the_reads_and_lets_the_peer_send_on() => Run(14, async simulation =>
    {
        var protocol = new Recorder();
        (SimulatedTransport client, SimulatedTransport server) = simulation.Connect(maxQueuedBytes: 10_000);
        Task serving = protocol.RunAsync(server);
        client.TrySend("one\n"u8);
        await simulation.DelayAsync(TimeSpan.FromSeconds(1));
        server.Close("not by the protocol", "bye"u8.ToArray());
        await serving;
        Assert.Equal(["made", "one", "end", "lost: done"], protocol.Calls);

        // Far more than the receiver would hold, had it to hold it: it is read away.
        for (int i = 0; i < 300; i++)
        {
            while (!client.TrySend(new byte[1_000]))
            {
                await client.WaitToSendAsync();
            }
        }

        Assert.Equal("ONE\nbye", await ReadAllAsync(client));
    });

    [Fact]
    public void A_reset_is_the_reason() => Run(5, async simulation =>
    {
        var protocol = new Recorder();
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol);
        client.TrySend("one\n"u8);
        await simulation.DelayAsync(TimeSpan.FromSeconds(1));
        client.Abort("gone");
        SocketException failure = await Assert.ThrowsAsync<SocketException>(() => serving);
        Assert.Equal(SocketError.ConnectionReset, failure.SocketErrorCode);
        Assert.Equal(["made", "one", "lost: SocketException"], protocol.Calls);
        Assert.False(protocol.IsConnected);
    });

    [Fact]
    public void What_a_protocol_throws_ends_the_connection_and_is_the_reason() => Run(6, async simulation =>
    {
        var protocol = new Recorder { OnLine = _ => throw new TimeZoneNotFoundException("as a test") };
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol);
        client.TrySend("one\ntwo\n"u8);
        await Assert.ThrowsAsync<TimeZoneNotFoundException>(() => serving);
        Assert.Equal(["made", "one", "lost: TimeZoneNotFoundException"], protocol.Calls);
        Assert.Equal("ONE\n", await ReadAllAsync(client));
        Assert.True(protocol.TrySend("too late"u8));
    });

    [Theory]
    [MemberData(nameof(PieceBytes))]
    public void A_line_that_is_too_long_closes_the_connection_unless_the_protocol_goes_on(int pieceBytes) => Run(7, async simulation =>
    {
        var strict = new Recorder(maxLineBytes: 8);
        (SimulatedTransport client, Task serving) = simulation.Connect(strict, new FaultPlan { MaxPieceBytes = pieceBytes });
        client.TrySend("one\n0123456789\ntwo\n"u8);
        Assert.Equal("ONE\n", await ReadAllAsync(client));
        await serving;
        Assert.Equal(["made", "one", "lost: FramingException"], strict.Calls);

        var patient = new Recorder(maxLineBytes: 8) { GoesOn = true };
        (client, serving) = simulation.Connect(patient, new FaultPlan { MaxPieceBytes = pieceBytes });
        client.TrySend("one\n0123456789\ntwo\n"u8);
        client.CompleteOutput();
        Assert.Equal("ONE\n?\nTWO\n", await ReadAllAsync(client));
        await serving;
        Assert.Equal(["made", "one", "TooLong", "two", "end", "lost: done"], patient.Calls);
    });

    [Fact]
    public void What_no_protocol_takes_has_a_bound() => Run(8, async simulation =>
    {
        var protocol = new TakesNothing();
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol, FaultPlan.None);
        client.TrySend(new byte[5_000]);
        await serving;
        Assert.Equal(FramingError.TooLong, Assert.IsType<FramingException>(protocol.Reason).Error);
    });

    [Fact]
    public void A_protocol_serves_one_connection() => Run(9, async simulation =>
    {
        var protocol = new Recorder();
        Assert.Throws<InvalidOperationException>(() => protocol.TrySend("early"u8));
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol);
        client.Close();
        await serving;
        (_, SimulatedTransport other) = simulation.Connect();
        await Assert.ThrowsAsync<InvalidOperationException>(() => protocol.RunAsync(other));
    });

    [Fact]
    public void Sending_waits_for_a_slow_reader_and_loses_nothing() => Run(10, async simulation =>
    {
        (SimulatedTransport client, SimulatedTransport server) = simulation.Connect(new FaultPlan { MaxPieceBytes = 4_096 }, maxQueuedBytes: 10_000);
        Task serving = new Pours(messages: 300, bytes: 1_000).RunAsync(server);
        int read = 0;
        while (read < 300_000)
        {
            ReadResult result = await client.Input.ReadAsync(TestContext.Current.CancellationToken);
            read += (int)result.Buffer.Length;
            client.Input.AdvanceTo(result.Buffer.End);
            Assert.True(server.QueuedBytes <= 10_000, "more waits than may");
            await simulation.DelayAsync(TimeSpan.FromMilliseconds(5));
        }

        client.Close();
        await serving;
        Assert.Equal(300_000, read);
    });

    [Fact]
    public void A_message_longer_than_what_may_wait_waits_for_half_of_it_and_does_not_spin() => Run(13, async simulation =>
    {
        // A stall of hours with a message under way: whoever asked again and again meanwhile would use up the steps.
        var plan = new FaultPlan { MaxPieceBytes = 1_000, StallProbability = 1, StallTime = TimeSpan.FromHours(1) };
        (SimulatedTransport client, SimulatedTransport server) = simulation.Connect(plan, maxQueuedBytes: 10_000);
        Task serving = new Pours(messages: 3, bytes: 30_000).RunAsync(server);
        client.Close();
        await serving;
        Assert.True(server.QueuedBytes is > 5_000 and <= 35_000, $"{server.QueuedBytes} wait");
    });

    [Fact]
    public void Objects_are_sent_both_ways() => Run(11, async simulation =>
    {
        var protocol = new Counts();
        (SimulatedTransport client, Task serving) = simulation.Connect(protocol, new FaultPlan { MaxPieceBytes = 3 });
        client.TrySend("{\"Id\":1,\"Text\":\"a\"}\n{\"Id\":2,\"Text\":\"b\"}\n"u8);
        client.CompleteOutput();
        Assert.Equal("{\"Id\":2,\"Text\":\"a!\"}\n{\"Id\":3,\"Text\":\"b!\"}\n", await ReadAllAsync(client));
        await serving;
    });

    [Fact]
    public void Whatever_goes_wrong_the_calls_keep_their_order()
    {
        foreach (int seed in Fuzzing.Seeds(count: 300))
        {
            Run(seed, async simulation =>
            {
                Random random = simulation.Random;
                var protocol = new Recorder(maxLineBytes: 30) { GoesOn = random.Next(2) == 0, Pause = () => simulation.DelayAsync(TimeSpan.FromMilliseconds(random.Next(3))) };
                (SimulatedTransport client, Task serving) = simulation.Connect(protocol, new FaultPlan
                {
                    MaxPieceBytes = random.Next(1, 20),
                    StallProbability = 0.05,
                    ResetProbability = random.Next(3) == 0 ? 0.02 : 0,
                });
                for (int i = random.Next(30); i > 0; i--)
                {
                    client.TrySend(Encoding.UTF8.GetBytes(new string('x', random.Next(40)) + "\n"));
                    await simulation.DelayAsync(TimeSpan.FromMilliseconds(random.Next(10)));
                }

                if (random.Next(4) == 0)
                {
                    client.Abort();
                }
                else
                {
                    client.Close();
                }

                await ((Task)Task.WhenAny(serving)).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext);
                List<string> calls = protocol.Calls;
                Assert.Equal("made", calls[0]);
                Assert.StartsWith("lost", calls[^1], StringComparison.Ordinal);
                Assert.Equal(1, calls.Count(call => call.StartsWith("lost", StringComparison.Ordinal)));
                int end = calls.IndexOf("end");
                Assert.True(end < 0 || end == calls.Count - 2, string.Join('|', calls));
                Assert.True(protocol.MostAtOnce <= 1, "calls overlapped");
                Assert.True(serving.IsCompletedSuccessfully || client.IsReset, serving.Exception?.ToString());
            });
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_run()
    {
        List<string> Once()
        {
            var calls = new List<string>();
            Run(77, async simulation =>
            {
                var all = new List<Task>();
                for (int i = 0; i < 5; i++)
                {
                    int number = i;
                    var protocol = new Recorder { OnLine = line => calls.Add($"{simulation.Time.Elapsed.Ticks} {number} {line}") };
                    (SimulatedTransport client, Task serving) = simulation.Connect(protocol, new FaultPlan { StallProbability = 0.1 });
                    client.TrySend("a\nb\nc\n"u8);
                    client.Close();
                    all.Add(serving);
                }

                await Task.WhenAll(all);
            });
            return calls;
        }

        List<string> first = Once();
        Assert.Equal(15, first.Count);
        Assert.Equal(first, Once());
    }

    [Fact]
    public void A_wait_for_nothing_is_a_failure_and_not_a_hang()
    {
        var simulation = new Simulation(seed: 5);
        Assert.Contains("seed 5", Assert.Throws<InvalidOperationException>(() => simulation.Run(_ => new TaskCompletionSource().Task)).Message, StringComparison.Ordinal);
        var endless = new Simulation(seed: 6) { MaxSteps = 1_000 };
        Assert.Contains("seed 6", Assert.Throws<InvalidOperationException>(() => endless.Run(async _ =>
        {
            while (true)
            {
                await Task.Yield();
            }
        })).Message, StringComparison.Ordinal);
    }

    private static void Run(int seed, Func<Simulation, Task> test) => new Simulation(seed).Run(test);

    private static async Task<string> ReadAllAsync(SimulatedTransport transport)
    {
        // Not after our own Close, which ends reads: straight from what has arrived.
        var text = new StringBuilder();
        while (true)
        {
            ReadResult result = await transport.Input.ReadAsync();
            text.Append(Encoding.UTF8.GetString(result.Buffer));
            transport.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return text.ToString();
            }
        }
    }

    private sealed class Recorder(int maxLineBytes = 2_000) : LineProtocol(maxLineBytes)
    {
        private int _atOnce;

        internal List<string> Calls { get; } = [];

        internal int MostAtOnce { get; private set; }

        internal Func<Task>? Pause { get; init; }

        internal Action<string>? OnLine { get; init; }

        internal bool GoesOn { get; init; }

        protected override ValueTask ConnectionMadeAsync() => NoteAsync("made");

        protected override async ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message)
        {
            string line = Encoding.UTF8.GetString(message);
            await NoteAsync(line);
            await SendMessageAsync(Encoding.UTF8.GetBytes(line.ToUpperInvariant()));
            OnLine?.Invoke(line);
        }

        protected override async ValueTask<bool> FramingFailedAsync(FramingException error)
        {
            if (GoesOn)
            {
                await NoteAsync(error.Error.ToString());
                await SendMessageAsync("?"u8);
            }

            return GoesOn;
        }

        protected override ValueTask EndReceivedAsync() => NoteAsync("end");

        protected override ValueTask ConnectionLostAsync(Exception? reason) => NoteAsync($"lost: {reason?.GetType().Name ?? "done"}");

        private async ValueTask NoteAsync(string call)
        {
            MostAtOnce = Math.Max(MostAtOnce, ++_atOnce);
            Calls.Add(call);
            if (Pause is { } pause)
            {
                await pause();
            }

            _atOnce--;
        }
    }

    private sealed class TakesNothing : Protocol
    {
        internal Exception? Reason { get; private set; }

        protected override long MaxUntakenBytes => 4_096;

        protected override ValueTask<SequencePosition> DataReceivedAsync(ReadOnlySequence<byte> data) => new(data.Start);

        protected override ValueTask ConnectionLostAsync(Exception? reason)
        {
            Reason = reason;
            return default;
        }
    }

    private sealed class Pours(int messages, int bytes) : Protocol
    {
        protected override async ValueTask ConnectionMadeAsync()
        {
            for (int i = 0; i < messages; i++)
            {
                await SendAsync(new byte[bytes]);
            }
        }

        protected override ValueTask<SequencePosition> DataReceivedAsync(ReadOnlySequence<byte> data) => new(data.End);
    }

    private sealed class Counts() : JsonProtocol<Framing.Note>(Framing.FramingJson.Default.Note)
    {
        protected override ValueTask MessageReceivedAsync(Framing.Note message) =>
            SendMessageAsync(new Framing.Note(message.Id + 1, message.Text + "!"));
    }
}
