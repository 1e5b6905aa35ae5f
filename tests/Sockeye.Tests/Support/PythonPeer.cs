using System.Diagnostics;

namespace Sockeye.Tests.Support;

/// <summary>A python3 in a process of its own, as the peer of a socket: its standard library knows nothing of ours.</summary>
internal sealed class PythonPeer : IDisposable
{
    private const string Program = "/usr/bin/python3";

    private readonly Process _process;
    private readonly Task<string> _errors;

    private PythonPeer(string script, string[] arguments)
    {
        var start = new ProcessStartInfo(Program, ["-c", "import array, os, socket, struct, sys\n" + script, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    internal int Id => _process.Id;

    /// <summary>Starts <paramref name="script"/>, which finds the arguments in sys.argv[1:].</summary>
    internal static PythonPeer Start(string script, params string[] arguments)
    {
        if (!File.Exists(Program))
        {
            Assert.Skip("python3 is not installed: apt-get install python3");
        }

        return new PythonPeer(script, arguments);
    }

    /// <summary>The next line that it prints.</summary>
    /// <param name="limit">How long it may take; null is as for any step.</param>
    internal async Task<string> Line(TimeSpan? limit = null)
    {
        string? line = await _process.StandardOutput.ReadLineAsync().WaitAsync(limit ?? SocketTest.Soon);
        return line ?? throw new InvalidOperationException($"python3 ended: {await _errors.WaitAsync(SocketTest.Soon)}");
    }

    /// <summary>Lets a script that waits in input() go on.</summary>
    internal async Task Say(string line = "")
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>What it has printed since.</returns>
    internal async Task<string> End()
    {
        string output = await _process.StandardOutput.ReadToEndAsync().WaitAsync(SocketTest.Soon);
        await _process.WaitForExitAsync().WaitAsync(SocketTest.Soon);
        Assert.True(_process.ExitCode == 0, await _errors.WaitAsync(SocketTest.Soon));
        return output.Trim();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
