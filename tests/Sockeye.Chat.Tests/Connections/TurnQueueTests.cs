using Sockeye.Chat.Connections;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Connections;

/// <summary>Who is served when many want much: on a clock that moves by what commands cost.</summary>
public sealed class TurnQueueTests
{
    private static readonly TimeSpan Share = TimeSpan.FromMicroseconds(500);
    private static readonly TimeSpan Cost = TimeSpan.FromMicroseconds(200);

    private readonly ManualTime _time = new();
    private readonly List<string> _ran = [];

    [Theory(Timeout = 10_000)]
    [InlineData(RunsOn.EventLoop)]
    [InlineData(RunsOn.EpollLoop)]
    public async Task Each_runs_for_a_share_and_then_they_take_turns(object runsOn)
    {
        await ((RunsOn)runsOn).RunAsync(async () =>
        {
            var turns = new TurnQueue(_time, Share);
            await Task.WhenAll(RunAsync(turns.NewShare(), "a", 9), RunAsync(turns.NewShare(), "b", 7), RunAsync(turns.NewShare(), "c", 1));
        });
        Assert.Equal("aaa bbb c aaa bbb aaa b", string.Join(' ', Runs()));
    }

    [Theory(Timeout = 10_000)]
    [InlineData(RunsOn.EventLoop)]
    [InlineData(RunsOn.EpollLoop)]
    public async Task One_is_served_in_each_turn_of_the_loop_and_newcomers_in_between(object runsOn)
    {
        await ((RunsOn)runsOn).RunAsync(async () =>
        {
            var turns = new TurnQueue(_time, Share);
            Task heavy = Task.WhenAll(Enumerable.Range(0, 50).Select(i => RunAsync(turns.NewShare(), $"heavy{i}", 100)));
            for (int i = 0; i < 10; i++)
            {
                await Task.Yield(); // a turn
                int before = _ran.Count;
                await RunAsync(turns.NewShare(), "newcomer", 1);
                Assert.Equal("newcomer", _ran[^1]); // at once, with nobody served before it
                Assert.Equal(before + 1, _ran.Count);
            }

            // Fifty began with three commands each; since then one has been served in each of ten turns.
            Assert.InRange(_ran.Count, (50 * 3) + (9 * 3) + 10, (50 * 3) + (11 * 3) + 10);
            await heavy;
        });
        Assert.Equal(5_010, _ran.Count);
    }

    [Fact(Timeout = 10_000)]
    public async Task A_share_is_renewed_by_waiting_for_the_network_once_all_have_been_served_who_waited()
    {
        await RunsOn.EventLoop.RunAsync(async () =>
        {
            var turns = new TurnQueue(_time, Share);
            TurnQueue.Share share = turns.NewShare();
            _time.Now += Share;
            Assert.True(share.IsSpent);

            // Nobody waits: a wait for the network is enough, however short.
            share.Pause();
            share.Resume();
            Assert.False(share.IsSpent);

            // What is waited does not count.
            share.Pause();
            _time.Now += 10 * Share;
            share.Resume();
            Assert.False(share.IsSpent);

            // Others wait: one who comes little by little gets no more of it than they do.
            Task others = Task.WhenAll(RunAsync(turns.NewShare(), "x", 4), RunAsync(turns.NewShare(), "y", 4));
            share.Resume();
            _time.Now += Share;
            share.Pause();
            share.Resume();
            Assert.True(share.IsSpent);
            await others;
            share.Pause();
            share.Resume();
            Assert.False(share.IsSpent);
        });
    }

    [Fact(Timeout = 10_000)]
    public async Task On_the_thread_pool_all_are_served_to_the_end()
    {
        var turns = new TurnQueue(TimeProvider.System, TimeSpan.Zero);
        int ran = 0;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
        {
            TurnQueue.Share share = turns.NewShare();
            for (int i = 0; i < 500; i++)
            {
                Assert.True(share.IsSpent);
                await share.WaitAsync();
                Interlocked.Increment(ref ran);
            }
        })));
        Assert.Equal(10_000, ran);
    }

    private async Task RunAsync(TurnQueue.Share share, string name, int commands)
    {
        for (int i = 0; i < commands; i++)
        {
            if (share.IsSpent)
            {
                await share.WaitAsync();
            }

            _ran.Add(name);
            _time.Now += Cost;
        }
    }

    /// <summary>What ran, with those who ran several times in a row together.</summary>
    private IEnumerable<string> Runs()
    {
        for (int i = 0; i < _ran.Count;)
        {
            int from = i;
            while (i < _ran.Count && _ran[i] == _ran[from])
            {
                i++;
            }

            yield return string.Concat(_ran[from..i]);
        }
    }
}
