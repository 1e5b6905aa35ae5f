using Sockeye.Benchmarks.Measuring;
using Sockeye.Benchmarks.Output;
using Sockeye.Benchmarks.Peers;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Benchmarks.Tests;

/// <summary>The command itself: what it takes, what it measures, how it ends.</summary>
public class PeersTests
{
    // Nothing here is compared: a round is as long as a busy machine needs to do anything at all, and nobody needs to be warm.
    private const string Quick = "--rounds 1 --seconds 0.2 --warm-up 0.01";

    [Fact]
    public void Scenarios_are_found_by_name_by_group_and_in_any_size()
    {
        Assert.Equal(["echo-1", "echo-64", "echo-512", "echo-4096"], Names(["echo"], []));
        Assert.Equal(["echo-7", "streams-2", "streams-3"], Names(["echo-7", "streams"], [2, 3]));
        Assert.Equal(["broadcast32-100", "broadcast32-1000", "broadcast32-5000"], Names(["broadcast32", "broadcast32-100"], []));
        Assert.Equal(ScenarioTable.All.Select(scenario => scenario.Name), Names([], []));
        Assert.Contains("there are: echo", Assert.Throws<FormatException>(() => Names(["ecco"], [])).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => Names(["echo-0"], []));
        Assert.Throws<FormatException>(() => Names(["echo-99999999999"], []));
    }

    [Fact]
    public void The_first_and_the_last_of_a_comparison_are_in_the_table_of_servers()
    {
        Assert.Contains(PeerTable.All, peer => peer.Name == PeerTable.Reference);
        Assert.Contains(PeerTable.All, peer => peer.Name == PeerTable.Bar);
        Assert.Equal(PeerTable.All.Count, PeerTable.All.Select(peer => peer.Name).Distinct().Count());
    }

    [Theory(Timeout = 60_000)]
    [InlineData("--servers nobody", "there is no server nobody")]
    [InlineData("--scenario nothing", "there is no scenario nothing")]
    [InlineData("--rounds 0", "--rounds: from 1 to 1000")]
    [InlineData("--rounds x", "--rounds: from 1 to 1000")]
    [InlineData("--seconds 0", "--seconds: from 0.01 to 600")]
    [InlineData("--connections 1,x", "--connections: numbers from 1 to 30000")]
    [InlineData("--pair system", "--pair: two servers")]
    [InlineData("--pair system,system", "--pair: two servers")]
    [InlineData("--syscall-cost -1", "--syscall-cost: from 0 to 100000")]
    public async Task Bad_usage_is_reported_before_anything_is_measured(string options, string expected)
    {
        (int code, string output, string errors) = await RunAsync(options);

        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith($"sockeye bench peers: {expected}", errors, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_page_that_cannot_be_written_is_reported_before_anything_is_measured()
    {
        (int code, string output, string errors) = await RunAsync($"{Quick} --scenario echo-2 --servers sockeye-epoll --write /nowhere/page.md");

        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("sockeye bench peers: ", errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
    }

    // Every server that is here, so that none of them rots.
    [Fact(Timeout = 120_000)]
    public async Task Every_server_echoes()
    {
        Report report = await MeasureAsync($"--scenario echo-4 {Quick}");

        ScenarioResult scenario = Assert.Single(report.Scenarios);
        Assert.Equal(PeerTable.All.Count, scenario.Servers.Count);
        Assert.All(scenario.Servers, server => AssertMeasured(report, server));
        Assert.All(scenario.Servers.Where(server => server.Samples.Count > 0), server => Assert.InRange(server.Best!.Value, 0.1, 10_000));
        Assert.Equal(1, scenario.TimesLess(scenario.Servers.Single(server => server.Name == "system"), "system"));
    }

    // Every scenario, with the servers that serve all of them.
    [Theory(Timeout = 120_000)]
    [InlineData("pipelined-4,streams-2,churn-2")]
    [InlineData("udp-8,trains-2")]
    [InlineData("broadcast-10,broadcast32-10,idle-50")]
    public async Task Every_scenario_is_measured(string scenarios)
    {
        Report report = await MeasureAsync($"--scenario {scenarios} --servers sockeye-uring,sockeye-epoll,system,c-uring,c-epoll {Quick}");

        Assert.Equal(scenarios.Split(','), report.Scenarios.Select(scenario => scenario.Name));
        Assert.All(report.Scenarios, scenario => Assert.All(scenario.Servers, server => AssertMeasured(report, server)));
    }

    // The clients that a machine without a compiler has.
    [Fact(Timeout = 120_000)]
    public async Task Every_scenario_has_clients_of_our_own_too()
    {
        Report report = await MeasureAsync($"--scenario echo-2,streams-2,churn-2,udp-2,trains-2,broadcast-2 --servers sockeye-epoll --clients epoll --rounds 1 --seconds 0.05 --warm-up 0.01");

        Assert.All(report.Scenarios, scenario => Assert.All(scenario.Servers, server => AssertMeasured(report, server)));
        Assert.Equal("on Sockeye's event loop, Epoll", report.Machine.Clients);
    }

    // Asked for against the order of the table.
    [Fact(Timeout = 120_000)]
    public async Task A_pair_runs_in_both_orders_its_system_calls_dear_and_counted()
    {
        Assert.SkipWhen(SystemCallCounter.Absence() is not null, $"{SystemCallCounter.Absence()}");
        Report report = await MeasureAsync($"--scenario echo-beside-5 --pair c-epoll,sockeye-uring --syscalls --syscall-cost 3000 {Quick}");

        ScenarioResult scenario = Assert.Single(report.Scenarios);
        Assert.Equal(("c-epoll,sockeye-uring", "c-epoll"), (report.Pair, scenario.Servers[0].Name));
        Assert.SkipWhen(report.Peers[0].Absence is not null, $"{report.Peers[0].Absence}");
        Assert.SkipWhen(scenario.Servers.Any(server => server.Failure?.Contains("strace may not watch", StringComparison.Ordinal) == true), $"{scenario.Servers[0].Failure}");
        Assert.All(scenario.Servers, server => Assert.Equal([1, 2], server.Samples.Select(sample => sample.Round)));
        Assert.All(scenario.Servers, server => Assert.True(server.SystemCalls is > 0 and < 20, $"{server.Name}: {server.SystemCalls} {server.Failure}"));
        Assert.True(report.Machine.ServersSystemCallNs > report.Machine.SystemCallNs, report.Machine.SystemCalls);
        PairRatios ratios = scenario.Pair("c-epoll", "sockeye-uring")!;
        Assert.True(ratios is { OfRounds: > 0, AsFirst: > 0, AsSecond: > 0 }, $"{ratios}");
    }

    [Fact(Timeout = 120_000)]
    public async Task A_new_server_is_watched_second_by_second()
    {
        Report report = await MeasureAsync("--scenario warm-up-2 --servers sockeye-pipe,system --rounds 1 --seconds 0.05");

        Assert.All(report.Scenarios[0].Servers, server => AssertMeasured(report, server));
        Assert.All(report.Scenarios[0].Servers, server => Assert.All(server.Samples, sample => Assert.Equal((10, sample.BySecond![1]), (sample.BySecond!.Count, sample.Cost))));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_system_call_is_made_dear_by_filters_which_a_server_inherits()
    {
        SystemCallCost bare = await SystemCallCost.PrepareAsync(0, core: null, TestContext.Current.CancellationToken);
        Assert.SkipWhen(bare.Absence is not null, $"{bare.Absence}");
        SystemCallCost dear = await SystemCallCost.PrepareAsync(bare.BareNs!.Value + 3_000, core: null, TestContext.Current.CancellationToken);

        Assert.Empty(bare.Prefix);
        Assert.Null(bare.FilteredNs);
        Assert.True(dear.Instructions > 0 && dear.FilteredNs > dear.BareNs, dear.Summary);
        string[] command = [.. dear.Prefix, "sh", "-c", "grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status"];
        (int Code, string Output)? run = await Tool.RunAsync(command[0], command[1..], TestContext.Current.CancellationToken);
        Assert.Equal((0, "NoNewPrivs:\t1\nSeccomp:\t2"), run);
        InvalidOperationException cheap = await Assert.ThrowsAsync<InvalidOperationException>(() => SystemCallCost.PrepareAsync(1, core: null, TestContext.Current.CancellationToken));
        Assert.Contains("here already", cheap.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task When_it_is_ended_no_server_stays_behind()
    {
        using var bench = new Bench("--scenario echo-2 --servers sockeye-epoll,system --rounds 1000");
        await bench.WaitForErrorAsync("echo-2 ...");
        int[] servers = [];
        while (servers.Length < 2)
        {
            servers = Children(bench.Id);
            await Task.Yield();
        }

        await bench.SignalAsync("TERM");

        Assert.Equal(130, await bench.EndAsync());
        Assert.All(servers, server => Assert.False(Directory.Exists($"/proc/{server}"), $"server {server} still runs"));
    }

    // A server that is not here says so; no other has an excuse.
    private static void AssertMeasured(Report report, ServerResult server)
    {
        if (report.Peers.Single(peer => peer.Name == server.Name).Absence is null)
        {
            Assert.True(server.Failure is null && server.Samples.Count == 1, $"{server.Name}: {server.Failure}");
        }
    }

    private static IEnumerable<string> Names(string[] names, int[] sizes) => ScenarioTable.Find(names, sizes).Select(scenario => scenario.Name);

    private static int[] Children(int process) =>
        [.. Directory.EnumerateFiles($"/proc/{process}/task", "children", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .SelectMany(file => File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(int.Parse)];

    private static async Task<Report> MeasureAsync(string options)
    {
        (int code, string output, string errors) = await RunAsync($"{options} --json -");
        Assert.True(code == 0, $"it ended with {code}: {errors}");
        return JsonFile.Read(output);
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string options)
    {
        using var bench = new Bench(options);
        bench.Input.Close();
        int code = await bench.EndAsync(withinMs: 110_000);
        return (code, bench.Output, bench.Errors);
    }

    private sealed class Bench(string options)
        : ProgramProcess("dotnet", [Path.Combine(AppContext.BaseDirectory, "Sockeye.Benchmarks.dll"), "peers", .. options.Split(' ')]);
}
