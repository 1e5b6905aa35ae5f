using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests.Samples;

/// <summary>How a program of the tutorials is run.</summary>
public enum Form
{
    Sample,
    Tool,
}

/// <summary>What kind of address it stands at.</summary>
public enum Family
{
    IPv4,
    IPv6,
    Unix,
}

/// <summary>A server of the tutorials that listens, as a sample or as a command of the tool; ended when disposed.</summary>
internal sealed class ServerProgram : IDisposable
{
    /// <summary>The servers: the sample's name, and the words that start the same from the tool. Those named udp- take datagrams.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> All = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["tcp-time-server"] = ["serve", "time"],
        ["udp-time-server"] = ["serve", "time"],
        ["tcp-sink"] = ["serve", "sink"],
        ["udp-sink"] = ["serve", "sink"],
        ["reply-server"] = ["serve", "reply"],
        ["greet-threads"] = ["serve", "greet"],
        ["greet-loop"] = ["serve", "greet"],
        ["udp-greet-server"] = ["serve", "greet"],
        ["chat-server"] = ["chat", "serve", "--listen"],
    };

    private readonly string _path;

    private ServerProgram(ProgramProcess process, string path)
    {
        Process = process;
        _path = path;
    }

    /// <summary>The process, its output and its input.</summary>
    public ProgramProcess Process { get; }

    /// <summary>Where it listens: an endpoint string, with the port that the kernel chose.</summary>
    public string Endpoint { get; private set; } = "";

    /// <summary>Starts one of <see cref="All"/> at an address of its own, the arguments behind it, and waits until it listens.</summary>
    public static async Task<ServerProgram> StartAsync(string name, Form form, Family family, params string[] arguments)
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        bool isDatagram = name.StartsWith("udp-", StringComparison.Ordinal);
        string endpoint = family switch
        {
            Family.IPv4 => isDatagram ? "udp://127.0.0.1:0" : "tcp://127.0.0.1:0",
            Family.IPv6 => isDatagram ? "udp://[::1]:0" : "tcp://[::1]:0",
            _ => (isDatagram ? "unix-dgram:" : "unix:") + path,
        };

        ServerProgram server = new(
            form == Form.Sample ? SampleProcess.Start(name, [endpoint, .. arguments]) : ToolProcess.Start([.. All[name], endpoint, .. arguments]), path);
        try
        {
            server.Endpoint = await server.Process.ListeningAtAsync();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Process.Dispose();
        File.Delete(_path);
    }
}
