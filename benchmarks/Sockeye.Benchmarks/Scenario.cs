using Sockeye.Benchmarks.Load;
using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks;

/// <summary>What is measured in one table.</summary>
/// <param name="Name">One word: <c>echo-64</c>.</param>
/// <param name="Summary">What it is, in a sentence.</param>
/// <param name="Operation">What one operation is.</param>
/// <param name="Mode">What the server is asked to do.</param>
/// <param name="Connections">How many connections, members, or datagrams or trains under way.</param>
/// <param name="Load">The clients; null where memory is measured.</param>
internal sealed record Scenario(string Name, string Summary, string Operation, ServerMode Mode, int Connections, LoadSpec? Load)
{
    /// <summary>Whether the figures are bytes, not time.</summary>
    internal bool MeasuresMemory => Load is null;

    /// <summary>Whether a new server is watched from its first second on.</summary>
    internal bool MeasuresWarmUp { get; init; }

    /// <summary>How many connections lie idle beside those that work.</summary>
    internal int IdleConnections { get; init; }

    /// <summary>Whether each round starts the servers anew.</summary>
    internal bool StartsAnew => MeasuresMemory || MeasuresWarmUp;
}

/// <summary>The clients of a scenario, of both kinds.</summary>
/// <param name="Word">What the clients in C call it.</param>
/// <param name="Batch">How many messages go in one.</param>
/// <param name="Managed">Makes those on our own sockets.</param>
internal sealed record LoadSpec(string Word, int Batch, Func<Load.Load> Managed)
{
    internal IClients Open(ClientKind kind, int count) => kind == ClientKind.C ? new CClients(Word, count, Batch) : Managed();
}

/// <summary>All scenarios.</summary>
internal static class ScenarioTable
{
    private const int PipelineDepth = 16;
    private const int BroadcastMessages = 32;
    private const int BusyBesideIdle = 64;

    // Groups: a name with and without its number.
    private static readonly (string Group, int[] Sizes, Func<int, Scenario> Make)[] _groups =
    [
        ("echo", [1, 64, 512, 4_096], static n => new(
            $"echo-{n}", $"echo of {EchoLoad.MessageBytes} bytes, ping-pong, {Count(n, "connection")}", "echo", ServerMode.Echo, n, new("echo", 1, () => new EchoLoad(n, depth: 1)))),
        ("echo-beside", [10_000], static n => new(
            $"echo-beside-{n}", $"echo of {EchoLoad.MessageBytes} bytes, ping-pong, {BusyBesideIdle} connections beside {n:N0} idle ones", "echo", ServerMode.Echo, BusyBesideIdle, new("echo", 1, () => new EchoLoad(BusyBesideIdle, depth: 1)))
            {
                IdleConnections = n,
            }),
        ("pipelined", [64], static n => new(
            $"pipelined-{n}", $"echo of {EchoLoad.MessageBytes} bytes, {PipelineDepth} at a time, {Count(n, "connection")}", "echo", ServerMode.Echo, n, new("echo", PipelineDepth, () => new EchoLoad(n, PipelineDepth)))),
        ("streams", [4], static n => new(
            $"streams-{n}", $"streams of 64 KiB blocks and back, {Count(n, "connection")}", "block", ServerMode.Streams, n, new("streams", 1, () => new StreamLoad(n)))),
        ("churn", [16], static n => new(
            $"churn-{n}", $"connect, echo of {EchoLoad.MessageBytes} bytes, close; {n} at a time", "connection", ServerMode.Echo, n, new("churn", 1, () => new ChurnLoad(n)))),
        ("udp", [64], static n => new(
            $"udp-{n}", $"single datagrams of {EchoLoad.MessageBytes} bytes, {n} under way", "datagram", ServerMode.Udp, n, new("udp", 1, () => new DatagramLoad(n)))),
        ("trains", [2], static n => new(
            $"trains-{n}", $"trains of {TrainLoad.DatagramsPerTrain} datagrams of {TrainLoad.DatagramBytes} bytes, {n} under way", "datagram", ServerMode.Trains, n, new("trains", TrainLoad.DatagramsPerTrain, () => new TrainLoad(n)))),
        ("broadcast", [100, 1_000, 5_000], static n => new(
            $"broadcast-{n}", $"one message of {EchoLoad.MessageBytes} bytes to {Count(n, "member")}, and the next when all have it", "delivery", ServerMode.Broadcast, n, new("broadcast", 1, () => new BroadcastLoad(n, inFlight: 1)))),
        ($"broadcast{BroadcastMessages}", [100, 1_000, 5_000], static n => new(
            $"broadcast{BroadcastMessages}-{n}", $"{BroadcastMessages} messages of {EchoLoad.MessageBytes} bytes to {Count(n, "member")}, and the next when all have them", "delivery", ServerMode.Broadcast, n, new("broadcast", BroadcastMessages, () => new BroadcastLoad(n, BroadcastMessages)))),
        ("warm-up", [64], static n => new(
            $"warm-up-{n}", $"the first seconds of a new server: echo of {EchoLoad.MessageBytes} bytes, ping-pong, {Count(n, "connection")}", "echo", ServerMode.Echo, n, new("echo", 1, () => new EchoLoad(n, depth: 1)))
            {
                MeasuresWarmUp = true,
            }),
        ("idle", [10_000], static n => new(
            $"idle-{n}", $"memory of {Count(n, "idle connection")}, a receive pending on each", "connection", ServerMode.Idle, n, Load: null)),
    ];

    /// <summary>Every scenario with its usual sizes.</summary>
    internal static IReadOnlyList<Scenario> All { get; } = [.. _groups.SelectMany(static group => group.Sizes.Select(group.Make))];

    /// <summary>What can be asked for.</summary>
    internal static IEnumerable<string> Groups => _groups.Select(static group => group.Group);

    /// <summary>The scenarios of some names: <c>echo</c> is all of its sizes, <c>echo-64</c> is one, any number will do.</summary>
    /// <param name="names">The names; none are all.</param>
    /// <param name="sizes">Sizes instead of the usual ones, for names without a number.</param>
    /// <exception cref="FormatException">There is no such scenario; the message says which there are.</exception>
    internal static IReadOnlyList<Scenario> Find(IReadOnlyCollection<string> names, IReadOnlyCollection<int> sizes)
    {
        var found = new List<Scenario>();
        foreach (string name in names.Count > 0 ? names : Groups)
        {
            int dash = name.LastIndexOf('-');
            (string wanted, int? size) = dash > 0 && int.TryParse(name.AsSpan(dash + 1), out int number) ? (name[..dash], number) : (name, default(int?));
            (string group, int[] usual, Func<int, Scenario> make) = _groups.FirstOrDefault(group => group.Group == wanted);
            if (group is null)
            {
                throw new FormatException($"there is no scenario {name}; there are: {string.Join(", ", Groups)}, each with -N for another size");
            }

            IEnumerable<int> chosen = size is { } one ? [one] : sizes.Count > 0 ? sizes : usual;
            if (chosen.Any(static n => n is < 1 or > SizeMax))
            {
                throw new FormatException($"{name}: sizes are from 1 to {SizeMax}");
            }

            found.AddRange(chosen.Select(make));
        }

        return [.. found.DistinctBy(static scenario => scenario.Name, StringComparer.Ordinal)];
    }

    /// <summary>Descriptors end before this.</summary>
    internal const int SizeMax = 30_000;

    private static string Count(int count, string what) => $"{count:N0} {what}{(count == 1 ? "" : "s")}";
}
