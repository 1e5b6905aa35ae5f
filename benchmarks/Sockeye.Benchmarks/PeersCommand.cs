using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Sockeye.Benchmarks.Load;
using Sockeye.Benchmarks.Measuring;
using Sockeye.Benchmarks.Output;
using Sockeye.Benchmarks.Peers;

namespace Sockeye.Benchmarks;

/// <summary>bench peers: all servers, all scenarios, in turns.</summary>
internal static class PeersCommand
{
    private const int RoundsMax = 1_000;
    private const double SecondsMax = 600;
    private const double SystemCallNsMax = 100_000;

    internal static Command Build()
    {
        Option<string[]> scenarios = Names("--scenario", "What to measure; all by default. echo is all its sizes, echo-64 is one, any number will do");
        Option<string[]> servers = Names("--servers", "Whom to measure; all by default");
        var connections = new Option<int[]>("--connections")
        {
            Description = "Other sizes for the scenarios: connections, members, or datagrams under way",
            HelpName = "N[,…]",
            CustomParser = static result =>
            {
                int[] sizes = [.. Split(result.Tokens.Select(static token => token.Value)).Select(static word => int.TryParse(word, CultureInfo.InvariantCulture, out int size) ? size : 0)];
                if (sizes.Any(static size => size is < 1 or > ScenarioTable.SizeMax))
                {
                    result.AddError($"--connections: numbers from 1 to {ScenarioTable.SizeMax}, with commas between them");
                }

                return sizes;
            },
        };
        Option<int> rounds = BoundedOption.Of("--rounds", "How many rounds", 7, 1, RoundsMax);
        Option<double> seconds = BoundedOption.Of("--seconds", "How long a server's turn in a round is", 1.0, 0.01, SecondsMax);
        Option<double> warmUp = BoundedOption.Of("--warm-up", "Seconds that do not count, once for each server", 2.0, 0, SecondsMax);
        var clients = new Option<ClientKind>("--clients") { Description = "Who asks the servers; by default a program in C on io_uring, where that can be had", DefaultValueFactory = static _ => ClientKind.Default };
        Option<double> systemCall = BoundedOption.Of("--syscall-cost", "What a system call costs the servers, in nanoseconds, by seccomp filters; 0 for what it costs here", 0.0, 0, SystemCallNsMax);
        var pair = new Option<string[]>("--pair")
        {
            Description = "Two servers round by round, each first in as many rounds as --rounds says; and what the first costs of the second",
            HelpName = "A,B",
            CustomParser = static result =>
            {
                string[] names = Split(result.Tokens.Select(static token => token.Value));
                if (names.Length != 2 || names[0] == names[1])
                {
                    result.AddError("--pair: two servers, with a comma between them");
                }

                return names;
            },
        };
        var systemCalls = new Option<bool>("--syscalls") { Description = "Count the servers' system calls for each operation too, with strace, in a turn of their own" };
        var json = new Option<string?>("--json") { Description = "Write all figures to a file too; - is standard output, without the tables", HelpName = "FILE" };
        var markdown = new Option<bool>("--markdown") { Description = "Print the tables as Markdown" };
        var write = new Option<string?>("--write") { Description = "Write tables and plots into this page, between its marks, and its folder", HelpName = "PAGE" };
        var from = new Option<string[]>("--from") { Description = "Measure nothing: take the figures that --json wrote; of several files, the last word on each scenario", HelpName = "FILE" };
        var beside = new Option<string[]>("--beside") { Description = "With --from and --write: the same of another kind of machine, to stand beside it", HelpName = "FILE" };
        var list = new Option<bool>("--list") { Description = "List scenarios and servers, and what is missing here" };

        var command = new Command("peers", "Measures Sockeye beside other servers: the processor time that one operation costs the server.")
        {
            scenarios, servers, connections, rounds, seconds, warmUp, clients, systemCall, pair, systemCalls, json, markdown, write, from, beside, list,
        };
        Help.AddTo(
            command,
            ("sockeye bench peers --list", "what there is"),
            ("sockeye bench peers --scenario echo-64 --rounds 3", "one table, in two minutes"),
            ("sockeye bench peers --servers sockeye-epoll,system --scenario echo,churn", "two servers, five tables"),
            ("sockeye bench peers --pair sockeye-uring,c-uring --scenario echo-64", "two servers, in both orders"),
            ("sockeye bench peers --scenario echo-64 --syscall-cost 1100", "as on a processor whose system calls are dear"),
            ("sockeye bench peers --json all.json --write docs/benchmarks.md", "everything: takes an hour"),
            ("sockeye bench peers --from all.json --write docs/benchmarks.md", "the page again, without measuring"),
            ("sockeye bench peers --from cheap.json --beside dear.json --write docs/benchmarks.md", "two kinds of processor side by side"));
        command.SetAction(async (result, _) =>
        {
            using var stop = new CancellationTokenSource();
            void Hear(PosixSignalContext signal)
            {
                signal.Cancel = true;
                stop.Cancel();
            }

            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Hear);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Hear);
            using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Hear);
            try
            {
                IReadOnlyList<Scenario> chosen = ScenarioTable.Find(result.GetValue(scenarios) ?? [], result.GetValue(connections) ?? []);
                string[]? both = result.GetValue(pair) is { Length: > 0 } names ? names : null; // empty when it was not given
                IReadOnlyList<Peer> peers = both is not null ? Pair(both) : Find(result.GetValue(servers) ?? []);
                if (result.GetValue(list))
                {
                    await ListAsync(peers, stop.Token);
                    return 0;
                }

                // Reported before an hour of measuring, not after.
                if (result.GetValue(write) is { } page)
                {
                    Document.Replace(File.ReadAllText(page), "", page);
                }

                var options = new MeasureOptions(
                    result.GetValue(rounds), TimeSpan.FromSeconds(result.GetValue(seconds)), TimeSpan.FromSeconds(result.GetValue(warmUp)), result.GetValue(clients), result.GetValue(systemCall),
                    IsPair: both is not null, CountsSystemCalls: result.GetValue(systemCalls));
                Report report = result.GetValue(from) is { Length: > 0 } files
                    ? Read(files)
                    : await Task.Run(() => PeersRun.Measure(chosen, peers, options, stop.Token)) with { Pair = both is null ? null : string.Join(',', both) };
                Show(report, result.GetValue(json), result.GetValue(markdown));
                if (result.GetValue(write) is { } path)
                {
                    Document.Update(path, [report, .. result.GetValue(beside) is { Length: > 0 } others ? [Read(others)] : Array.Empty<Report>()]);
                }

                return stop.IsCancellationRequested ? 130 : 0;
            }
            catch (FormatException e)
            {
                Console.Error.WriteLine($"sockeye bench peers: {e.Message}");
                return 2;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return 130;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
            {
                Console.Error.WriteLine($"sockeye bench peers: {e.Message}");
                return 1;
            }
        });
        return command;
    }

    private static Report Read(IEnumerable<string> files) => Report.Join([.. files.Select(static file => JsonFile.Read(File.ReadAllText(file)))]);

    // A pair stands in the order in which it was asked for, all else in that of the table.
    private static IReadOnlyList<Peer> Pair(string[] names) => [.. Find(names).OrderBy(peer => Array.IndexOf(names, peer.Name))];

    private static IReadOnlyList<Peer> Find(IReadOnlyCollection<string> names)
    {
        string? unknown = names.FirstOrDefault(static name => !PeerTable.All.Any(peer => peer.Name == name));
        return unknown is not null
            ? throw new FormatException($"there is no server {unknown}; there are: {string.Join(", ", PeerTable.All.Select(static peer => peer.Name))}")
            : names.Count == 0 ? PeerTable.All : [.. PeerTable.All.Where(peer => names.Contains(peer.Name, StringComparer.Ordinal))];
    }

    private static async Task ListAsync(IReadOnlyList<Peer> peers, CancellationToken stop)
    {
        Console.WriteLine("Scenarios:");
        foreach (Scenario scenario in ScenarioTable.All)
        {
            Console.WriteLine($"  {scenario.Name,-16} {scenario.Summary}");
        }

        Console.WriteLine("Servers:");
        foreach (Peer peer in peers)
        {
            await peer.PrepareAsync(stop);
            Console.WriteLine($"  {peer.Name,-16} {peer.Summary}{(peer.Absence is { } absence ? $" (absent: {absence})" : $" ({peer.Version})")}");
        }
    }

    private static void Show(Report report, string? json, bool markdown)
    {
        if (json is not null and not "-")
        {
            File.WriteAllText(json, JsonFile.Write(report));
        }

        if (json == "-")
        {
            Console.Out.Write(JsonFile.Write(report));
            return;
        }

        if (markdown)
        {
            Console.Out.Write(Document.Section(report, plots: null));
            return;
        }

        bool hasColours = !Console.IsOutputRedirected && string.IsNullOrEmpty(System.Environment.GetEnvironmentVariable("NO_COLOR"));
        string[] absent = [.. report.Peers.Where(static peer => peer.Absence is not null).Select(static peer => peer.Name)];
        foreach (string line in report.Machine.Lines)
        {
            Console.WriteLine(line);
        }

        Console.WriteLine();
        foreach (ScenarioResult scenario in report.Scenarios)
        {
            Console.WriteLine($"{scenario.Name}: {scenario.Summary}");
            Table.Of(scenario).Write(Console.Out, hasColours);
            foreach (string note in Table.Notes(scenario, absent, report.Pair))
            {
                Console.WriteLine($"  {note}");
            }

            Console.WriteLine();
        }

        foreach (PeerNote peer in report.Peers.Where(static peer => peer.Absence is not null))
        {
            Console.WriteLine($"{peer.Name} is absent: {peer.Absence}");
        }
    }

    private static Option<string[]> Names(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "NAME[,…]",
        CustomParser = static result => Split(result.Tokens.Select(static token => token.Value)),
    };

    private static string[] Split(IEnumerable<string> words) =>
        [.. words.SelectMany(static word => word.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
