using System.Diagnostics;
using System.Globalization;
using System.Net;
using Sockeye.Benchmarks.Peers;

namespace Sockeye.Benchmarks.Load;

/// <summary>The clients in C: a process that is told by its input what to do, and ends when that ends. See Peers/load.c.</summary>
/// <param name="word">The scenario, as that program has it.</param>
/// <param name="count">How many connections, members, datagrams or trains.</param>
/// <param name="batch">How many messages go in one.</param>
internal sealed class CClients(string word, int count, int batch) : IClients
{
    private const string Name = "load";
    private static readonly TimeSpan _answerLimit = TimeSpan.FromSeconds(20);

    private Process? _process; // owned: ended and disposed with this
    private Task<string>? _errors;
    private bool _isStopping;

    /// <summary>Compiles them, and asks the kernel for what they need.</summary>
    /// <returns>Why they cannot be had here; null when they can.</returns>
    internal static async Task<string?> PrepareAsync(CancellationToken stop) =>
        await Tool.CompileCAsync(Name, "load.c", stop)
            ?? (await Tool.RunAsync(Tool.Made(Name), ["probe"], stop) is (not 0, var complaint) ? complaint : null);

    public async Task ConnectAsync(IPEndPoint server)
    {
        // A limit that may not be raised stays.
        string[] command = [Tool.Made(Name), word, Number(server.Port), Number(count), Number(batch)];
        _process = Process.Start(new ProcessStartInfo("sh", ["-c", "ulimit -n \"$(ulimit -H -n)\"; exec \"$@\"", "sh", .. command])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _errors = _process.StandardError.ReadToEndAsync();
        if (await ReadAsync() is not "ready" and var line)
        {
            throw new IOException($"the clients did not say that they are ready but '{line}'");
        }
    }

    public async Task RunAsync()
    {
        Tell('g');
        await _process!.WaitForExitAsync();
        if (_process.ExitCode != 0)
        {
            throw new IOException((await _errors!).Trim());
        }

        if (!_isStopping)
        {
            throw new IOException("the clients ended too early");
        }
    }

    public async Task<ClientFigures> MarkAsync(Action meanwhile)
    {
        Tell('m');
        string[] fields = (await ReadAsync()).Split(' ');
        meanwhile();
        Tell('g');
        return new ClientFigures(
            long.Parse(fields[0], CultureInfo.InvariantCulture),
            long.Parse(fields[1], CultureInfo.InvariantCulture),
            Microseconds(fields[2]),
            Microseconds(fields[3]),
            TimeSpan.FromMicroseconds(long.Parse(fields[4], CultureInfo.InvariantCulture) / 1000.0));
    }

    public void Stop()
    {
        _isStopping = true;
        Tell('s');
    }

    public void Dispose()
    {
        if (_process is null)
        {
            return;
        }

        // Ended or not: the end of its input would end it, but only after what is under way.
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static double? Microseconds(string field) => double.Parse(field, CultureInfo.InvariantCulture) is >= 0 and var value ? value : null;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private void Tell(char command)
    {
        _process!.StandardInput.Write(command);
        _process.StandardInput.Flush();
    }

    private async Task<string> ReadAsync() =>
        await _process!.StandardOutput.ReadLineAsync().WaitAsync(_answerLimit) ?? throw new IOException((await _errors!).Trim());
}
