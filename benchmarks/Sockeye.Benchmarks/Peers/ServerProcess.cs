using System.Diagnostics;
using System.Globalization;
using System.Net;
using Sockeye.Benchmarks.Measuring;
using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks.Peers;

/// <summary>A peer that runs: on a core of its own, with as many descriptors as the machine allows. Ends with us, since its input does.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const int ErrorLinesMax = 20;
    private static readonly TimeSpan _startLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan _endLimit = TimeSpan.FromSeconds(5);

    private readonly Process _process; // owned: ended and disposed with this
    private readonly Queue<string> _errors = new(); // under its own lock

    private ServerProcess(Process process)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginErrorReadLine();
    }

    internal IPEndPoint EndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    internal int Id => _process.Id;

    /// <summary>What it said on standard error, if anything.</summary>
    internal string Complaint
    {
        get
        {
            lock (_errors)
            {
                return string.Join("; ", _errors);
            }
        }
    }

    internal static async Task<ServerProcess> StartAsync(Peer peer, ServerMode mode, int? core, SystemCallCost cost, CancellationToken stop)
    {
        // exec all the way: the process that we start is the server. A limit that may not be raised stays.
        string[] pin = core is { } number ? ["taskset", "-c", number.ToString(CultureInfo.InvariantCulture)] : [];
        var start = new ProcessStartInfo("sh", ["-c", "ulimit -n \"$(ulimit -H -n)\"; exec \"$@\"", "sh", .. pin, .. cost.Prefix, .. peer.CommandLine(mode)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in peer.Environment)
        {
            start.Environment[name] = value;
        }

        var server = new ServerProcess(Process.Start(start)!);
        try
        {
            string? line = await server._process.StandardOutput.ReadLineAsync(stop).AsTask().WaitAsync(_startLimit, stop);
            server.EndPoint.Port = int.TryParse(line, CultureInfo.InvariantCulture, out int port)
                ? port : throw new IOException($"it did not say its port but {(line is null ? "nothing" : $"'{line}'")}");
            return server;
        }
        catch (Exception e)
        {
            server.Dispose();
            throw e is IOException or TimeoutException ? new IOException($"it did not start: {e.Message} {server.Complaint}".Trim(), e) : e;
        }
    }

    /// <summary>Asks it to collect its garbage, and waits until it has.</summary>
    internal async Task CollectAsync(CancellationToken stop)
    {
        await _process.StandardInput.WriteLineAsync("collect".AsMemory(), stop);
        await _process.StandardInput.FlushAsync(stop);
        _ = await _process.StandardOutput.ReadLineAsync(stop).AsTask().WaitAsync(_startLimit, stop);
    }

    internal CpuTime Cpu() => CpuTime.Of(Id);

    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(_endLimit))
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit(_endLimit);
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // It has ended by itself.
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (_errors)
        {
            _errors.Enqueue(line.Trim());
            if (_errors.Count > ErrorLinesMax)
            {
                _errors.Dequeue();
            }
        }
    }
}
