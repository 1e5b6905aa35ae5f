using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>The sockeye tool in a process of its own: its output read as it comes, killed when the test ends.</summary>
internal sealed class ToolProcess : IDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource _announced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Task _read;

    private ToolProcess(string program, params IEnumerable<string> args)
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

        _process = Process.Start(start)!;
        _read = Task.WhenAll(Task.Run(() => ReadAsync(_process.StandardOutput, _output)),
            Task.Run(() => ReadAsync(_process.StandardError, _errors)));
    }

    private static string Dll => Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll");

    public int Id => _process.Id;

    public string Output => string.Join('\n', _output);

    public string Errors => string.Join('\n', _errors);

    public StreamWriter Input => _process.StandardInput;

    /// <summary>Starts the tool.</summary>
    public static ToolProcess Start(params string[] args) => new("dotnet", [Dll, .. args]);

    /// <summary>Runs the tool to its end, with some input.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string input, params string[] args)
    {
        using ToolProcess tool = Start(args);
        await tool._process.StandardInput.WriteAsync(input);
        tool._process.StandardInput.Close();
        int code = await tool.EndAsync();
        return (code, tool.Output, tool.Errors);
    }

    /// <summary>Runs the tool to its end by a line of the shell, in which "$@" is the tool.</summary>
    public static async Task<(int Code, string Output, string Errors)> ShellAsync(string line, params string[] args)
    {
        using var tool = new ToolProcess("sh", ["-c", line, "sh", "dotnet", Dll, .. args]);
        tool.Input.Close();
        int code = await tool.EndAsync();
        return (code, tool.Output, tool.Errors);
    }

    /// <summary>Starts the tool by a line of the shell, in which "$@" is the tool.</summary>
    public static ToolProcess StartByShell(string line, params string[] args) =>
        new("sh", ["-c", line, "sh", "dotnet", Dll, .. args]);

    /// <summary>Starts chat serve at a free port of 127.0.0.1 and waits until it listens.</summary>
    public static Task<(ToolProcess Tool, IPEndPoint EndPoint)> ServeAsync(params string[] args) =>
        AnnouncedAsync(Start(["chat", "serve", "--listen", "127.0.0.1:0", .. args]));

    /// <summary>The same with so many descriptors at most.</summary>
    public static Task<(ToolProcess Tool, IPEndPoint EndPoint)> ServeAsync(int descriptors) => AnnouncedAsync(
        new("sh", "-c", $"ulimit -n {descriptors}; exec dotnet \"$0\" chat serve --listen 127.0.0.1:0", Dll));

    private static async Task<(ToolProcess Tool, IPEndPoint EndPoint)> AnnouncedAsync(ToolProcess tool)
    {
        try
        {
            await tool._announced.Task.WaitAsync(TimeSpan.FromSeconds(20));
            string line = tool._output.First(static line => line.StartsWith("listening at tcp://", StringComparison.Ordinal));
            return (tool, IPEndPoint.Parse(line["listening at tcp://".Length..]));
        }
        catch (Exception e)
        {
            tool.Dispose();
            throw new InvalidOperationException($"chat serve did not start: {tool.Output} {tool.Errors}", e);
        }
    }

    /// <summary>Waits until a line of the output holds the text.</summary>
    public Task WaitForOutputAsync(string text) => WaitAsync(_output, text);

    /// <summary>Waits until a line of the errors holds the text.</summary>
    public Task WaitForErrorAsync(string text) => WaitAsync(_errors, text);

    private async Task WaitAsync(ConcurrentQueue<string> lines, string text)
    {
        for (int i = 0; i < 2_000; i++)
        {
            if (lines.Any(line => line.Contains(text, StringComparison.Ordinal)))
            {
                return;
            }

            await Task.Delay(10);
        }

        Assert.Fail($"no \"{text}\" in:\n{Output}\n{Errors}");
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
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, ConcurrentQueue<string> lines)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Enqueue(line);
            if (line.StartsWith("try: ./sockeye", StringComparison.Ordinal))
            {
                _announced.TrySetResult();
            }
        }

        _announced.TrySetException(new InvalidOperationException("its output ended"));
    }
}
