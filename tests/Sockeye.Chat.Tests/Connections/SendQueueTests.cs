using System.Net.Sockets;
using System.Text;
using Sockeye.Chat.Connections;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Connections;

/// <summary>What becomes of what waits when a send fails: on a kernel that answers as the test says.</summary>
public sealed class SendQueueTests
{
    private const SocketError OutOfMemory = (SocketError)12; // ENOMEM

    private readonly StringBuilder _sent = new();
    private readonly List<SendOutcome> _failures = [];
    private readonly Queue<(int Bytes, SocketError Error)> _answers = new();

    [Theory(Timeout = 20_000)]
    [InlineData(RunsOn.ThreadPool, SocketError.NoBufferSpaceAvailable)]
    [InlineData(RunsOn.ThreadPool, OutOfMemory)]
    [InlineData(RunsOn.ThreadPool, SocketError.WouldBlock)]
    [InlineData(RunsOn.EventLoop, SocketError.NoBufferSpaceAvailable)]
    [InlineData(RunsOn.EventLoop, OutOfMemory)]
    [InlineData(RunsOn.EpollLoop, SocketError.NoBufferSpaceAvailable)]
    public async Task A_send_that_fails_for_want_of_memory_is_made_again_from_where_it_was(object runsOn, SocketError error)
    {
        _answers.Enqueue((0, error));
        _answers.Enqueue((4, error)); // some went out before it failed
        await ((RunsOn)runsOn).RunAsync(async () =>
        {
            SendQueue queue = NewQueue();
            Assert.True(queue.TryPost("first\n"u8.ToArray()));
            Assert.True(queue.TryPost("second\n"u8.ToArray()));
            queue.Complete("last\n"u8.ToArray());
            Assert.True(await queue.Done);
            Assert.False(queue.IsAboveHalf);
        });
        Assert.Equal("first\nsecond\nlast\n", _sent.ToString());
        Assert.Empty(_failures);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(RunsOn.ThreadPool)]
    [InlineData(RunsOn.EventLoop)]
    public async Task Want_of_memory_that_lasts_is_final_after_the_stated_number_of_tries(object runsOn)
    {
        for (int i = 0; i < 10; i++)
        {
            _answers.Enqueue((0, SocketError.NoBufferSpaceAvailable));
        }

        await FailsAsync((RunsOn)runsOn, SocketError.NoBufferSpaceAvailable);
        Assert.Equal(10 - 3, _answers.Count); // once, and twice again
    }

    [Theory(Timeout = 20_000)]
    [InlineData(RunsOn.ThreadPool, SocketError.Shutdown)]
    [InlineData(RunsOn.ThreadPool, SocketError.NetworkDown)]
    [InlineData(RunsOn.EventLoop, SocketError.AccessDenied)]
    [InlineData(RunsOn.EpollLoop, SocketError.ConnectionReset)]
    public async Task Any_other_error_is_final_and_told_once(object runsOn, SocketError error)
    {
        _answers.Enqueue((2, error));
        await FailsAsync((RunsOn)runsOn, error);
        Assert.Equal("xx", _sent.ToString());
    }

    [Theory(Timeout = 20_000)]
    [InlineData(RunsOn.EventLoop)]
    [InlineData(RunsOn.EpollLoop)]
    public async Task News_for_thousands_go_out_over_many_turns_merge_meanwhile_and_let_replies_pass(object runsOn)
    {
        const int Members = 10 * SendTurns.SendsPerTurn;
        var sent = new List<string>();
        await ((RunsOn)runsOn).RunAsync(async () =>
        {
            var turns = new SendTurns();
            SendQueue[] members = [.. Enumerable.Range(0, Members).Select(_ => NewQueue())];
            SendQueue asker = NewQueue();
            Array.ForEach(members, static member => Assert.True(member.TryPost("1"u8.ToArray())));
            await Task.Yield();
            Assert.InRange(sent.Count, 1, SendTurns.SendsPerTurn);
            Array.ForEach(members, static member => Assert.True(member.TryPost("2"u8.ToArray())));
            Assert.True(asker.TryPost("answer"u8.ToArray(), isAnswer: true));
            await Task.Yield();
            Assert.InRange(sent.Count, SendTurns.SendsPerTurn + 1, 2 * SendTurns.SendsPerTurn);
            Assert.Contains("answer", sent);
            await Task.WhenAll(members.Select(static member =>
            {
                member.Complete();
                return member.Done;
            }));

            // Those whose turn had come got two sends, the others one with both.
            Assert.Equal(SendTurns.SendsPerTurn, sent.Count(static text => text == "1"));
            Assert.Equal(SendTurns.SendsPerTurn, sent.Count(static text => text == "2"));
            Assert.Equal(Members - SendTurns.SendsPerTurn, sent.Count(static text => text == "12"));

            SendQueue NewQueue() => new(
                bytes =>
                {
                    sent.Add(Encoding.UTF8.GetString(bytes.Span));
                    return ValueTask.FromResult(new SendOutcome(bytes.Length, SocketError.Success, ""));
                },
                _failures.Add,
                queuedBytesMax: 1_000,
                turns,
                TimeProvider.System);
        });
        Assert.Empty(_failures);
    }

    private async Task FailsAsync(RunsOn runsOn, SocketError error)
    {
        await runsOn.RunAsync(async () =>
        {
            SendQueue queue = NewQueue();
            Assert.True(queue.TryPost(Encoding.UTF8.GetBytes(new string('x', 600)))); // above half of the bound
            Task belowHalf = queue.BelowHalfAsync();
            Assert.False(await queue.Done);
            await belowHalf; // whoever waits for room waits no longer
            Assert.True(queue.TryPost(new byte[600])); // into the void
            queue.Complete("last"u8.ToArray());
            Assert.False(queue.IsAboveHalf);
        });
        Assert.Equal(error, Assert.Single(_failures).Error);
    }

    private SendQueue NewQueue() => new(Send, _failures.Add, queuedBytesMax: 1_000, new SendTurns(), TimeProvider.System, retriesMost: 2);

    private ValueTask<SendOutcome> Send(ReadOnlyMemory<byte> bytes)
    {
        (int count, SocketError error) = _answers.TryDequeue(out (int, SocketError) answer) ? answer : (bytes.Length, SocketError.Success);
        _sent.Append(Encoding.UTF8.GetString(bytes.Span[..count]));
        return ValueTask.FromResult(new SendOutcome(count, error, $"{error}"));
    }
}
