using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Sockeye.TestRunner;

/// <summary>Something that failed: a test, or an executable as a whole.</summary>
internal sealed record Failure(string Name, string Text);

/// <summary>A test that did not run, and why.</summary>
internal sealed record Skip(string Name, string Reason);

/// <summary>A test and how long it took.</summary>
internal sealed record Timed(string Name, TimeSpan Time);

/// <summary>A test that has begun and not ended.</summary>
internal sealed class RunningTest(string name)
{
    private readonly long _began = Stopwatch.GetTimestamp();

    public string Name { get; } = name;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    /// <summary>The last line it wrote: a stress test writes its seed first of all.</summary>
    public string LastOutput { get; set; } = "";
}

/// <summary>What one executable did.</summary>
internal sealed class Outcome(string name)
{
    private const int OutputLinesMax = 200;

    public string Name { get; } = name;

    public int Passed { get; set; }

    public List<Failure> Failures { get; } = [];

    public List<Skip> Skips { get; } = [];

    public List<Timed> Slow { get; } = [];

    public TimeSpan Time { get; set; }

    /// <summary>What the executable printed beside its messages; shown when something failed.</summary>
    public Queue<string> Output { get; } = new();

    public bool ShowOutput { get; set; }

    /// <summary>Keeps a line of <see cref="Output"/>, and only the last ones: a test that floods its output must not flood memory.</summary>
    public void Print(string line)
    {
        Output.Enqueue(line);
        if (Output.Count > OutputLinesMax)
        {
            Output.Dequeue();
        }
    }
}

/// <summary>Runs one executable and reads its messages.</summary>
internal sealed class TestRun(Executable executable, Options options)
{
    private const string MessageStart = "{\"$type\":\"";
    private static readonly TimeSpan _slow = TimeSpan.FromSeconds(10);

    // Once a message of type "error" came (an exception that nobody caught), the process should end by itself.
    // xunit's console can hang there instead (seen with 3.2.2: a throw on a thread of the test's own), so we wait
    // this long for the end and no longer.
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Outcome _outcome = new(executable.Name);
    private readonly Dictionary<string, RunningTest> _running = [];
    private readonly HashSet<string> _failedIds = [];
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();        // the two streams are read at once
    private int _failedTests;
    private (int Total, int Failed, int Skipped, int NotRun)? _summary;

    public async Task<Outcome> RunAsync(CancellationToken stop)
    {
        long began = Stopwatch.GetTimestamp();
        if (!File.Exists(executable.Path))
        {
            Fail("was not built", $"{executable.Path} is missing; is the project in Sockeye.slnx?");
            return _outcome;
        }

        using Process process = Process.Start(Describe())!;
        process.StandardInput.Close();
        Task reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        Task exit = process.WaitForExitAsync(CancellationToken.None);
        Task limit = Task.Delay(options.Limit, stop);
        Task first = await Task.WhenAny(exit, limit, _broken.Task);
        if (first == _broken.Task)
        {
            await Task.WhenAny(exit, Task.Delay(Grace, stop));
        }

        if (!exit.IsCompleted)
        {
            string why = stop.IsCancellationRequested ? "was interrupted"
                : first == limit ? $"was ended at its limit of {options.Limit.TotalSeconds:0} s"
                : "did not end after the exception above";
            Fail(why, Running());
            process.Kill(entireProcessTree: true);
            await exit;
        }

        // A child that outlives its test keeps our streams open: reported, not waited for.
        if (await Task.WhenAny(reading, Task.Delay(Grace, CancellationToken.None)) != reading)
        {
            Fail("left a process behind", "A child of it still holds its output open.");
        }

        lock (_lock)
        {
            Judge(process.ExitCode);
        }

        _outcome.Time = Stopwatch.GetElapsedTime(began);
        _outcome.ShowOutput = options.Verbose || _outcome.Failures.Count > 0;
        return _outcome;
    }

    private ProcessStartInfo Describe()
    {
        bool managed = Path.GetExtension(executable.Path) == ".dll";
        ProcessStartInfo start = new(managed ? Environment.ProcessPath! : executable.Path)
        {
            WorkingDirectory = options.Root,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (managed)
        {
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add(executable.Path);
        }

        foreach (string argument in (string[])["-reporter", "json", "-noLogo", "-noColor", "-noAutoReporters"])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string argument in options.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_lock)
            {
                Take(line);
            }
        }
    }

    // A test may have printed half a line before the message: what stands before it is output.
    private void Take(string line)
    {
        int start = line.IndexOf(MessageStart, StringComparison.Ordinal);
        if (start >= 0 && TryParse(line[start..]) is { } message)
        {
            using (message)
            {
                Take(message.RootElement);
            }

            line = line[..start];
        }

        if (line.Length > 0)
        {
            _outcome.Print(line);
        }
    }

    private static JsonDocument? TryParse(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            // Output that merely looks like a message. If it was one, the summary will disagree and say so.
            return null;
        }
    }

    private void Take(JsonElement message)
    {
        string type = message.GetProperty("$type").GetString()!;
        switch (type)
        {
            case "test-starting":
                _running[Id(message)] = new RunningTest(Text(message, "TestDisplayName"));
                break;
            case "test-output":
                if (_running.TryGetValue(Id(message), out RunningTest? speaker))
                {
                    speaker.LastOutput = Text(message, "Output").TrimEnd();
                }

                break;
            case "test-finished":
                if (_running.Remove(Id(message), out RunningTest? ended) && ended.Elapsed > _slow)
                {
                    _outcome.Slow.Add(new Timed(ended.Name, ended.Elapsed));
                }

                break;
            case "test-passed":
                _outcome.Passed++;
                break;
            case "test-failed":
                _failedTests++;
                _failedIds.Add(Id(message));
                _outcome.Failures.Add(new Failure(NameOf(message), Explain(message)));
                break;
            case "test-skipped":
                _outcome.Skips.Add(new Skip(NameOf(message), Text(message, "Reason").ReplaceLineEndings(" ")));
                break;
            case "test-assembly-finished":
                _summary = (Number(message, "TestsTotal"), Number(message, "TestsFailed"),
                    Number(message, "TestsSkipped"), Number(message, "TestsNotRun"));
                break;
            case "error":
                Fail("met an exception that nobody caught", Explain(message) + "\n" + Running());
                _broken.TrySetResult();
                break;
            case var cleanup when cleanup.EndsWith("-cleanup-failure", StringComparison.Ordinal):
                // A test that ran into its time limit fails, and then once more as it unwinds: one failure.
                if (!_failedIds.Contains(Id(message)))
                {
                    Fail($"failed while cleaning up{(_running.TryGetValue(Id(message), out RunningTest? test) ? " after " + test.Name : "")}", Explain(message));
                }

                break;
        }
    }

    // Rule 2 of the contract: silence, disagreement and odd exit codes are failures.
    private void Judge(int exitCode)
    {
        if (_summary is not { } summary)
        {
            if (_outcome.Failures.Count == 0 || _failedTests == _outcome.Failures.Count)
            {
                Fail($"ended with code {exitCode} and without a summary", Running());
            }

            return;
        }

        int reported = _outcome.Passed + _failedTests + _outcome.Skips.Count;
        if (reported != summary.Total - summary.NotRun || _failedTests != summary.Failed)
        {
            Fail("lost messages", $"Its summary counts {summary.Total - summary.NotRun} tests, {summary.Failed} failed; {reported} were reported, {_failedTests} failed.");
        }
        else if (exitCode != 0 && _outcome.Failures.Count == 0 && reported > 0)
        {
            Fail($"ended with code {exitCode}", "Every test had passed.");
        }

        if (reported == 0 && !options.IsFiltered)
        {
            Fail("ran no test", "A test executable with nothing in it proves nothing.");
        }
    }

    private void Fail(string what, string text)
    {
        lock (_lock)
        {
            _outcome.Failures.Add(new Failure($"{executable.Name} {what}", text));
        }
    }

    private string Running()
    {
        lock (_lock)
        {
            return _running.Count == 0
                ? "No test was running."
                : "Still running:" + string.Concat(_running.Values.Select(test =>
                    $"\n  {test.Name} (for {test.Elapsed.TotalSeconds:0} s){(test.LastOutput.Length > 0 ? "; last output: " : "")}{test.LastOutput}"));
        }
    }

    private string NameOf(JsonElement message) =>
        _running.TryGetValue(Id(message), out RunningTest? test) ? test.Name : "(a test that never said it began)";

    private static string Id(JsonElement message) => Text(message, "TestUniqueID");

    private static string Text(JsonElement message, string name) =>
        message.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static int Number(JsonElement message, string name) =>
        message.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : 0;

    // Exception type, message and stack, outermost first; then what the test wrote, for its seeds.
    private static string Explain(JsonElement message)
    {
        StringBuilder text = new();
        string[] types = Strings(message, "ExceptionTypes"), messages = Strings(message, "Messages"), stacks = Strings(message, "StackTraces");
        for (int i = 0; i < types.Length; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"{types[i]}: {messages.ElementAtOrDefault(i)}\n{stacks.ElementAtOrDefault(i)}\n");
        }

        string output = Text(message, "Output");
        return output.Length == 0 ? text.ToString().TrimEnd() : $"{text.ToString().TrimEnd()}\noutput:\n{output.TrimEnd()}";
    }

    private static string[] Strings(JsonElement message, string name) =>
        message.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(item => item.ToString())]
            : [];
}
