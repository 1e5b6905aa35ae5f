using Sockeye.Engines;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>The wheel against a list that is sorted plainly, and the cases that chance found.</summary>
public sealed class TimerWheelTests
{
    private const long RangeMs = 1L << 36;

    private readonly ManualTime _time = new();
    private readonly TimerWheel _wheel;
    private readonly List<Node> _expired = [];

    public TimerWheelTests() => _wheel = new TimerWheel(_time);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(0)]
    public void It_expires_what_a_sorted_list_would(int seed)
    {
        seed = seed == 0 ? Random.Shared.Next() : seed;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var waiting = new List<Node>();
        long nowMs = 0;
        for (int step = 0; step < 3_000; step++)
        {
            switch (random.Next(10))
            {
                case < 5:
                    var node = new Node(_expired, step);
                    long dueMs = nowMs + Distance(random);
                    _wheel.Add(node, dueMs);
                    node.ExpectedMs = Math.Max(dueMs, nowMs + 1);
                    waiting.Add(node);
                    break;
                case < 7 when waiting.Count != 0:
                    int which = random.Next(waiting.Count);
                    Assert.True(_wheel.Remove(waiting[which]), $"seed {seed}, step {step}");
                    Assert.False(_wheel.Remove(waiting[which]), $"seed {seed}, step {step}");
                    waiting.RemoveAt(which);
                    break;
                default:
                    nowMs += Distance(random);
                    _expired.Clear();
                    _wheel.Advance(nowMs);
                    Node[] due = [.. waiting.Where(other => other.ExpectedMs <= nowMs).OrderBy(static other => other.ExpectedMs).ThenBy(static other => other.Id)];
                    Assert.True(due.SequenceEqual(_expired), $"seed {seed}, step {step}: due {Say(due)}, expired {Say(_expired)}");
                    waiting.RemoveAll(other => other.ExpectedMs <= nowMs);
                    break;
            }

            Assert.Equal(waiting.Count, _wheel.Count);
            long next = _wheel.NextDue();
            if (waiting.Count == 0)
            {
                Assert.Equal(long.MaxValue, next);
            }
            else
            {
                // The wheel may look earlier than the first timer, to sort a slot anew; later never.
                Assert.True(next <= waiting.Min(static other => other.ExpectedMs), $"seed {seed}, step {step}");
                Assert.True(next > nowMs - 1, $"seed {seed}, step {step}");
            }
        }
    }

    [Theory]
    [InlineData(RangeMs - 1)]
    [InlineData(RangeMs)]
    [InlineData(RangeMs + 1)]
    [InlineData(RangeMs * 3)]
    [InlineData(long.MaxValue / TimeSpan.TicksPerMillisecond)]
    public async Task A_timer_beyond_the_rim_waits_there(long distanceMs)
    {
        // Not at the start of a turn: then the rim's last slot and the current one fall together.
        _wheel.Advance(12_345);
        var node = new Node(_expired, 0);
        _wheel.Add(node, 12_345 + distanceMs);
        await Task.Run(() => _wheel.Advance(12_346)).WaitAsync(SocketTest.Soon);
        Assert.Empty(_expired);
        await Task.Run(() => _wheel.Advance(12_345 + distanceMs - 1)).WaitAsync(SocketTest.Soon);
        Assert.Empty(_expired);
        _wheel.Advance(12_345 + distanceMs);
        Assert.Equal([node], _expired);
    }

    [Fact]
    public void Timers_that_are_long_overdue_keep_their_order()
    {
        Node[] nodes = [.. new long[] { 100, 70, 5_000, 70, 4_999, 100 }.Select((dueMs, id) =>
        {
            var node = new Node(_expired, id) { ExpectedMs = dueMs };
            _wheel.Add(node, dueMs);
            return node;
        })];
        _wheel.Advance(10_000);
        Assert.Equal([1, 3, 0, 5, 4, 2], _expired.Select(static node => node.Id));
        Assert.Equal(nodes.Length, _expired.Count);
    }

    // Two timers of one coarse slot: the wheel once sorted in the first alone, and slept until that was due.
    [Theory]
    [InlineData(100, 70)]
    [InlineData(70, 100)]
    [InlineData(8_000, 4_200)]
    [InlineData(4_200, 8_000)]
    [InlineData(400_000, 270_000)]
    public void Of_two_timers_in_a_coarse_slot_neither_is_late(long oneMs, long otherMs)
    {
        _wheel.Add(new Node(_expired, 0), oneMs);
        _wheel.Add(new Node(_expired, 1), otherMs);
        var expiredAt = new List<long>();
        while (_wheel.Count > 0)
        {
            long nextMs = _wheel.NextDue();
            _expired.Clear();
            _wheel.Advance(nextMs);
            expiredAt.AddRange(_expired.Select(_ => nextMs));
        }

        Assert.Equal([Math.Min(oneMs, otherMs), Math.Max(oneMs, otherMs)], expiredAt);
    }

    [Fact]
    public void A_delay_without_end_does_not_run_over()
    {
        _time.Advance(TimeSpan.FromHours(1));
        long dueMs = _wheel.DueAfter(TimeSpan.MaxValue);
        Assert.InRange(dueMs, TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMillisecond, long.MaxValue);
    }

    [Fact]
    public void A_part_of_a_millisecond_is_rounded_up()
    {
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(0, _wheel.NowMs);
        Assert.Equal(2, _wheel.DueAfter(TimeSpan.FromMilliseconds(1)));
        _time.Advance(TimeSpan.FromTicks(9_999));
        Assert.Equal(1, _wheel.NowMs);
        Assert.Equal(2, _wheel.DueAfter(TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public void Adding_says_whether_the_sleeper_must_be_woken()
    {
        Assert.True(_wheel.Add(new Node(_expired, 0), 50));
        Assert.False(_wheel.Add(new Node(_expired, 1), 60));
        Assert.False(_wheel.Add(new Node(_expired, 2), 50));
        Assert.True(_wheel.Add(new Node(_expired, 3), 40));
    }

    // A node that the wheel moves to a finer slot is in no slot for an instant. A Remove that took this for expired
    // left it in, and its time came in the next operation's life.
    [Fact]
    public async Task Remove_finds_a_timer_while_the_wheel_moves_it()
    {
        const int Rounds = 2_000;
        int removed = 0;
        var node = new Node(_expired, 0);
        using var start = new Barrier(2);
        Task remover = SocketTest.Run(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                start.SignalAndWait();
                removed += _wheel.Remove(node) ? 1 : 0;
                start.SignalAndWait();
            }
        });
        await SocketTest.Run(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                long nowMs = round * 10_000L;
                _wheel.Advance(nowMs);
                _wheel.Add(node, nowMs + 9_000);
                start.SignalAndWait();

                // All moves up to a finer slot; never the expiry.
                _wheel.Advance(nowMs + 8_999);
                start.SignalAndWait();
            }
        });
        await remover;
        Assert.Equal(Rounds, removed);
        Assert.Equal(0, _wheel.Count);
        Assert.Empty(_expired);
    }

    [Fact]
    public async Task A_million_timers_cost_little_each()
    {
        const int Count = 1_000_000;
        var random = new Random(7);
        Node[] nodes = new Node[Count];
        for (int i = 0; i < Count; i++)
        {
            nodes[i] = new Node(_expired, i);
        }

        // Quadratic work would take hours here.
        await Task.Run(() =>
        {
            foreach (Node node in nodes)
            {
                _wheel.Add(node, random.Next(1, 600_000));
            }

            Assert.Equal(Count, _wheel.Count);
            for (int i = 0; i < Count; i += 2)
            {
                Assert.True(_wheel.Remove(nodes[i]));
            }

            _wheel.Advance(600_000);
        }).WaitAsync(SocketTest.Soon);
        Assert.Equal(Count / 2, _expired.Count);
        Assert.Equal(0, _wheel.Count);
    }

    private static string Say(IEnumerable<Node> nodes) => string.Join(',', nodes.Select(static node => $"{node.Id}@{node.ExpectedMs}"));

    // Near, middling and far, so that every level is used, and the rim.
    private static long Distance(Random random) => random.Next(12) switch
    {
        < 4 => random.Next(70),
        < 7 => random.Next(5_000),
        < 9 => random.Next(300_000),
        < 11 => random.NextInt64(1L << 26),
        _ => random.NextInt64(RangeMs * 2),
    };

    private sealed class Node(List<Node> expired, int id) : TimerNode
    {
        internal int Id { get; } = id;

        internal long ExpectedMs { get; set; }

        internal override short TimerVersion => 0;

        internal override void Expire(short version) => expired.Add(this);
    }
}
