using System.Diagnostics;
using Sockeye.Benchmarks.Load;
using Sockeye.Benchmarks.Measuring;

namespace Sockeye.Benchmarks.Tests;

/// <summary>The clocks and scales.</summary>
public class MeasuringTests
{
    [Fact]
    public void Percentiles_are_right_within_two_percent_at_any_length()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        var latencies = new Latencies();
        Assert.Null(latencies.Percentile(0.5));
        long[] values = [.. Enumerable.Range(0, 5_000).Select(_ => (long)Math.Exp(random.NextDouble() * 25))];
        foreach (long value in values)
        {
            latencies.Add(value);
        }

        Array.Sort(values);
        foreach (double part in (double[])[0.01, 0.5, 0.9, 0.99, 1])
        {
            double exact = values[(int)Math.Ceiling(values.Length * part) - 1] / 1000.0;
            Assert.True(Math.Abs(latencies.Percentile(part)!.Value - exact) <= (exact * 0.02) + 0.001, $"seed {seed}: {part} is {latencies.Percentile(part)}, not {exact}");
        }

        latencies.Clear();
        Assert.Null(latencies.Percentile(0.5));
        latencies.Add(long.MaxValue);
        latencies.Add(-1);
        Assert.NotNull(latencies.Percentile(1));
    }

    [Fact]
    public void Stat_is_read_whatever_the_program_is_called() =>
        Assert.Equal(TimeSpan.FromSeconds(1.5), CpuTime.ParseStat("12 (a) (b c) S 1 1 1 0 -1 4194560 100 0 0 0 100 50 7 7 20 0 1 0 100"));

    [Fact]
    public void Threads_that_have_ended_count_by_the_whole_process()
    {
        var before = new CpuTime(new Dictionary<string, long> { ["1"] = 1_000_000, ["2"] = 5_000_000 }, TimeSpan.FromSeconds(1));
        var exact = new CpuTime(new Dictionary<string, long> { ["1"] = 3_000_000, ["2"] = 5_500_000, ["3"] = 500_000 }, TimeSpan.FromSeconds(1.02));
        var ended = new CpuTime(new Dictionary<string, long> { ["1"] = 3_000_000 }, TimeSpan.FromSeconds(2));

        Assert.Equal(TimeSpan.FromMilliseconds(3), exact.Since(before));
        Assert.Equal(TimeSpan.FromSeconds(1), ended.Since(before));
    }

    [Fact]
    public void Time_that_a_thread_spends_is_seen()
    {
        CpuTime before = CpuTime.Of(Environment.ProcessId);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(50))
        {
        }

        Assert.True(CpuTime.Of(Environment.ProcessId).Since(before) > TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void Slabs_of_both_ends_count_half_and_the_clients_not_at_all()
    {
        IReadOnlyDictionary<string, long> before = Memory.ParseSlabs(
            ["slabinfo - version: 2.1", "# name <active_objs>", "TCP  10  20  2048  8 4 : tunables 0 0 0", "kmalloc-64 5 5 64 64 1", "tcp_bind_bucket 1 1 128 32 1"]);
        IReadOnlyDictionary<string, long> after = Memory.ParseSlabs(["TCP 14 20 2048 8 4", "kmalloc-64 7 7 64 64 1", "tcp_bind_bucket 9 9 128 32 1"]);

        Assert.Equal((2 * 2048) + (2 * 64), Memory.ServersShare(before, after));
    }

    [Fact]
    public void Mitigations_are_what_is_in_force_without_the_details() => Assert.Equal(
        ("meltdown (PTI), spectre_v2 (IBRS), vmscape (Vulnerable)", "none"),
        (Machine.SummarizeMitigations([("l1tf", "Not affected\n"), ("meltdown", "Mitigation: PTI\n"), ("spectre_v2", "Mitigation: IBRS; IBPB: conditional\n"), ("vmscape", "Vulnerable\n")]),
        Machine.SummarizeMitigations([("l1tf", "Not affected\n")])));

    [Fact]
    public void The_total_of_strace_is_read_with_and_without_errors()
    {
        const string Head = "strace: Process 1 detached\n% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n";
        Assert.Equal(123, SystemCallCounter.Total($"{Head} 99.00    0.000120           1       120         4 recvfrom\n100.00    0.000123           1       123         4 total\n"));
        Assert.Equal(7, SystemCallCounter.Total($"{Head}100.00    0.000123           1         7           total\n"));
        Assert.Null(SystemCallCounter.Total("strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted\n"));
    }

    [Fact]
    public void A_pair_is_compared_round_by_round_in_either_order()
    {
        var scenario = new ScenarioResult("echo-64", "", "echo", IsMemory: false, Seconds: 1,
            [
                new ServerResult("a", [new Sample(2, Round: 1), new Sample(9, Round: 2), new Sample(4, Round: 4)]),
                new ServerResult("b", [new Sample(1, Round: 1), new Sample(3, Round: 2), new Sample(5, Round: 3), new Sample(4, Round: 4)]),
            ]);

        // By rounds 2, 3 and 1; a came first in rounds 2 and 4.
        Assert.Equal(new PairRatios(Best: 2, Median: 4 / 3.5, OfRounds: 2, AsFirst: 2, AsSecond: 2), scenario.Pair("a", "b"));
        Assert.Null(scenario.Pair("a", "c"));
    }

    [Fact]
    public void Lists_of_cores_are_read() => Assert.Equal([0, 1, 2, 5, 8, 9], Machine.ParseList("0-2,5,8-9"));
}
