using Sockeye.Cli.Tests.Samples;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>What the rows of one class share: its Python, its servers, each started when first needed, and a folder.</summary>
public sealed class ProgramHost : IDisposable
{
    private readonly Dictionary<(string Program, Form Form, Family Family), ServerProgram> _servers = [];
    private PeerProcess? _python;

    /// <summary>Where sockets and files are made.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("sockeye-").FullName;

    internal PeerProcess Python => _python is { IsLost: false } ? _python : _python = PeerProcess.Start();

    /// <summary>The server of the rows; one that has ended is started again, so that a row fails alone.</summary>
    internal async Task<ServerProgram> ServerAsync(TestedProgram program, Form form, Family family)
    {
        if (!_servers.TryGetValue((program.Name, form, family), out ServerProgram? server) || server.Process.HasExited)
        {
            server?.Dispose();
            string[] arguments = form == Form.Sample ? program.SampleArguments ?? [] : program.Options ?? [];
            server = await ServerProgram.StartAsync(program.Sample, form, family, arguments);
            _servers[(program.Name, form, family)] = server;
        }

        return server;
    }

    /// <summary>A path for a socket.</summary>
    internal string FreePath() => Path.Combine(Folder, $"{Guid.NewGuid():N}.sock");

    /// <summary>Where a server may listen: the kernel's choice of port, or a path.</summary>
    internal string FreeEndpoint(bool datagrams, Family family) => family switch
    {
        Family.IPv4 => $"{(datagrams ? "udp" : "tcp")}://127.0.0.1:0",
        Family.IPv6 => $"{(datagrams ? "udp" : "tcp")}://[::1]:0",
        _ => $"unix{(datagrams ? "-dgram" : "")}:{FreePath()}",
    };

    public void Dispose()
    {
        _python?.Dispose();
        foreach (ServerProgram server in _servers.Values)
        {
            server.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }
}
