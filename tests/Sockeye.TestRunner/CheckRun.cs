using System.Diagnostics;

namespace Sockeye.TestRunner;

/// <summary>Runs a check beside the tests: a program that passes by ending with code 0; otherwise its output says what is wrong.</summary>
/// <remarks>
/// It takes none of the <see cref="Options.Jobs"/>: it is meant to run at a low priority, in the time that the tests leave
/// idle. So its limit counts from the moment when they have ended, and the machine is its own.
/// </remarks>
internal sealed class CheckRun(Executable check, Options options)
{
    private readonly Outcome _outcome = new(check.Name);

    /// <summary>Runs it to its end.</summary>
    /// <param name="tests">Complete when the tests are.</param>
    /// <param name="stop">Ends it.</param>
    public async Task<Outcome> RunAsync(Task tests, CancellationToken stop)
    {
        long began = Stopwatch.GetTimestamp();
        ProcessStartInfo start = new(check.Path)
        {
            WorkingDirectory = options.Root,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        Task exit = process.WaitForExitAsync(CancellationToken.None);
        await Task.WhenAny(exit, tests);
        if (await Task.WhenAny(exit, Task.Delay(options.Limit, stop)) != exit)
        {
            process.Kill(entireProcessTree: true);
            await exit;
            Fail(stop.IsCancellationRequested ? "was interrupted" : $"was ended at its limit of {options.Limit.TotalSeconds:0} s");
        }

        await Task.WhenAny(reading, Task.Delay(TestRun.Grace, CancellationToken.None));
        lock (_outcome)
        {
            if (process.ExitCode == 0 && _outcome.Failures.Count == 0)
            {
                _outcome.Passed = 1;
            }
            else if (_outcome.Failures.Count == 0)
            {
                Fail($"ended with code {process.ExitCode}");
            }

            _outcome.ShowOutput = options.Verbose;
            _outcome.Time = Stopwatch.GetElapsedTime(began);
            return _outcome;
        }
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_outcome)
            {
                _outcome.Print(line);
            }
        }
    }

    private void Fail(string what) => _outcome.Failures.Add(new Failure($"{check.Name} {what}", "Its output stands above."));
}
