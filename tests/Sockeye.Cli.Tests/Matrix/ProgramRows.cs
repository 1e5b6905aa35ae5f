using Sockeye.Cli.Tests.Samples;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>A program of the tutorials, and how each of its two forms is started.</summary>
/// <param name="Name">As the tables call it.</param>
/// <param name="Command">The tool's words; of a server, its endpoint follows.</param>
/// <param name="Sample">The name in samples/; empty where only the tool has it.</param>
/// <param name="Peer">What peers.py calls it.</param>
/// <param name="Options">What follows the endpoint of the tool's server.</param>
/// <param name="SampleArguments">What follows the endpoint of the sample.</param>
internal sealed record TestedProgram(string Name, string[] Command, string Sample, string Peer, string[]? Options = null, string[]? SampleArguments = null)
{
    public bool IsServer => Command[0] == "serve" || (Command[0] == "chat" && Command[1] == "serve");

    public bool TakesDatagrams => Name.Contains("datagrams", StringComparison.Ordinal);

    public bool IsGet => Command[0] == "get";
}

/// <summary>
/// The rows of the matrix: program × (tool, sample) × (IPv4, IPv6, UNIX) × peer, and the same × bad input. What stands here is
/// what runs, and what docs/programs.md promises.
/// </summary>
internal static class ProgramRows
{
    public const string Python = "python3";
    public const string Netcat = "nc";
    public const string Curl = "curl";
    public const string WebServer = "http.server";

    public const string NoBytes = "no bytes";
    public const string Binary = "binary";
    public const string LongLine = "10 MB line";
    public const string Crowd = "1,000 clients";
    public const string Reset = "reset";

    private const string OnlyTool = "the tool alone has it";
    private const string NoTls = "nc speaks no TLS";
    private const string NoTlsServer = "python3's http.server speaks no TLS before 3.14; the python3 row wraps its socket with ssl";
    private const string ReadsNothing = "it reads nothing: what the server sends does not reach it";
    private const string GetAlone = "it speaks HTTP, to get alone";

    public static readonly string[] Peers = [Python, Netcat, Curl, WebServer];

    public static readonly string[] BadInputs = [NoBytes, Binary, LongLine, Crowd, Reset];

    public static readonly TestedProgram[] All =
    [
        new("time (stream)", ["serve", "time"], "tcp-time-server", "time"),
        new("time (datagrams)", ["serve", "time"], "udp-time-server", "time"),
        new("sink (stream)", ["serve", "sink"], "tcp-sink", "sink"),
        new("sink (datagrams)", ["serve", "sink"], "udp-sink", "sink", SampleArguments: ["65536"]),
        new("sink --buffer 4 (datagrams)", ["serve", "sink"], "udp-sink", "sink", ["--buffer", "4"], ["4"]),
        new("reply", ["serve", "reply"], "reply-server", "reply", ["--text", "wie geht's?"], ["wie geht's?"]),
        new("greet --threads", ["serve", "greet"], "greet-threads", "greet", ["--threads"]),
        new("greet on the loop", ["serve", "greet"], "greet-loop", "greet"),
        new("greet (datagrams)", ["serve", "greet"], "udp-greet-server", "greet"),
        new("chat serve", ["chat", "serve", "--listen"], "chat-server", "chat"),
        new("connect (stream)", ["connect"], "tcp-client", "connect"),
        new("connect (datagrams)", ["connect"], "udp-client", "connect"),
        new("connect --listen", ["connect", "--listen"], "", "connect"),
        new("probe", ["probe"], "probe", "probe"),
        new("echo (stream)", ["echo"], "echo-client", "echo"),
        new("echo (datagrams)", ["echo"], "echo-client", "echo"),
        new("get http", ["get"], "http-get", "http"),
        new("get https", ["get"], "http-get", "http"),
        new("chat join", ["chat", "join"], "chat-client", "chat"),
    ];

    /// <summary>Every cell of the two tables, a row each: what a peer does, the form and the family.</summary>
    public static IEnumerable<(TestedProgram Program, string What, Form Form, Family Family)> Cells =>
        from program in All
        from what in Peers.Concat(BadInputs)
        from form in Enum.GetValues<Form>()
        from family in Enum.GetValues<Family>()
        select (program, what, form, family);

    /// <summary>
    /// What a test class of one program runs; with the words of SOCKEYE_ROW, the rows that have them all. Clients meet their
    /// crowd all together, in <see cref="CrowdTests"/>.
    /// </summary>
    /// <remarks>
    /// The tool meets python3 over every family. What else there is, a sample, another peer or bad input, meets each form of a
    /// program over one family, another one for each, unless SOCKEYE_EVERY_ROW asks for all: a build machine does.
    /// </remarks>
    public static TheoryData<string, Form, Family> Of(string program)
    {
        var rows = new TheoryData<string, Form, Family>();
        string[] only = (Environment.GetEnvironmentVariable("SOCKEYE_ROW") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        bool every = only.Length > 0 || Environment.GetEnvironmentVariable("SOCKEYE_EVERY_ROW") is { Length: > 0 };
        foreach ((TestedProgram one, string what, Form form, Family family) in Cells)
        {
            if (one.Name == program && WhyNot(one, what, form) is null && !IsTogether(one, what)
                && (every || (what == Python && form == Form.Tool) || family == FamilyOf(one, what, form))
                && only.All(word => $" {what} {form} {family} ".Contains($" {word} ", StringComparison.OrdinalIgnoreCase)))
            {
                rows.Add(what, form, family);
            }
        }

        return rows;
    }

    // The same for each run, and each family as often as the others.
    private static Family FamilyOf(TestedProgram program, string what, Form form)
    {
        Family[] families = Enum.GetValues<Family>();
        string[] others = [.. Peers, .. BadInputs];
        return families[(Array.IndexOf(All, program) + Array.IndexOf(others, what) + (int)form) % families.Length];
    }

    /// <summary>Whether the row is one of those that <see cref="CrowdTests"/> runs at once.</summary>
    public static bool IsTogether(TestedProgram program, string what) =>
        what == Crowd && !program.IsServer && program.Name != "connect --listen";

    /// <summary>Why the cell makes no sense; null where it is run.</summary>
    public static string? WhyNot(TestedProgram program, string what, Form form) => (program.Name, what) switch
    {
        _ when form == Form.Sample && program.Sample.Length == 0 => OnlyTool,
        ("get https", Netcat) => NoTls,
        ("get https", WebServer) => NoTlsServer,
        (_, Curl or WebServer) when !program.IsGet => GetAlone,
        ("probe", Binary or LongLine) => ReadsNothing,
        _ => null,
    };

    public static TestedProgram Named(string name) => All.First(program => program.Name == name);
}
