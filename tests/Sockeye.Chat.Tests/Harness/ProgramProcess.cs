using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>A program in a process of its own: its output read as it comes, killed when the test ends.</summary>
internal class ProgramProcess : IDisposable
{
    private const string Listening = "listening at ";

    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Task _read;

    // Completed, and a new one in its place, whenever a line has come.
    private TaskCompletionSource _line = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected ProgramProcess(string program, params IEnumerable<string> args)
    {
        // A shell starts what it puts in the background with SIGINT and SIGQUIT ignored, the runtime hands that on, and a
        // test run may stand there (`./test &`). env(1) becomes the program, so that the process id is the program's.
        var start = new ProcessStartInfo("env", ["--default-signal=INT,QUIT", program, .. args])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // The sockets and pipes where a debugger would call lie in /tmp, and stay there when the program is killed.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        _process = Process.Start(start)!;
        _read = Task.WhenAll(Task.Run(() => ReadAsync(_process.StandardOutput, _output)),
            Task.Run(() => ReadAsync(_process.StandardError, _errors)));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output => string.Join('\n', _output);

    public string Errors => string.Join('\n', _errors);

    public StreamWriter Input => _process.StandardInput;

    /// <summary>Gives it this input and no more, and waits for its end.</summary>
    public async Task<(int Code, string Output, string Errors)> FinishAsync(string input = "")
    {
        await Input.WriteAsync(input);
        Input.Close();
        int code = await EndAsync();
        return (code, Output, Errors);
    }

    /// <summary>Forgets what it has said, so that the next waits look at what comes from now on.</summary>
    public void Forget()
    {
        _output.Clear();
        _errors.Clear();
    }

    /// <summary>Waits until it says where it listens, 20 s at most or as told.</summary>
    /// <returns>What stands behind "listening at".</returns>
    public async Task<string> ListeningAtAsync(TimeSpan? limit = null)
    {
        string line = await WaitAsync(_output, Listening, limit ?? _limit);
        return line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..];
    }

    /// <summary>Waits until a line of the output holds the text.</summary>
    /// <returns>The line.</returns>
    public Task<string> WaitForOutputAsync(string text) => WaitAsync(_output, text, _limit);

    /// <summary>The same within another limit.</summary>
    public Task<string> WaitForOutputAsync(string text, TimeSpan limit) => WaitAsync(_output, text, limit);

    /// <summary>Waits until a line of the errors holds the text.</summary>
    /// <returns>The line.</returns>
    public Task<string> WaitForErrorAsync(string text) => WaitAsync(_errors, text, _limit);

    private async Task<string> WaitAsync(ConcurrentQueue<string> lines, string text, TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        while (true)
        {
            // Both are taken before looking, so that no line comes in between.
            bool isOver = _read.IsCompleted || late.IsCancellationRequested;
            Task line = Volatile.Read(ref _line).Task;
            if (lines.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } found)
            {
                return found;
            }

            Assert.False(isOver, $"no \"{text}\" in:\n{Output}\n{Errors}");
            await Task.WhenAny(line, _read, Task.Delay(Timeout.Infinite, late.Token));
        }
    }

    /// <summary>Sends a signal, with the shell's own kill: the program is in a package that may be missing.</summary>
    public async Task SignalAsync(string name)
    {
        using Process kill = Process.Start("sh", ["-c", $"kill -s {name} {_process.Id}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits until the process has ended and all its output is read.</summary>
    public async Task<int> EndAsync(int withinMs = 20_000)
    {
        using var limit = new CancellationTokenSource(withinMs);
        await _process.WaitForExitAsync(limit.Token);
        await _read.WaitAsync(limit.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);     // what a shell or dotnet run has started, too
        }

        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, ConcurrentQueue<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Enqueue(line);
            Interlocked.Exchange(ref _line, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
        }
    }
}
