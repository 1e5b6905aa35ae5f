// Runs test executables and reports what happened, for ./test.
//
// Why a program and not shell: the executables answer in JSON, one message a line (`-reporter json`), and that
// stream is the only report that survives a crash or a hang: it says which tests had begun and not ended. Reports
// written at the end (xml, trx, ctrf) say nothing then. A JSON reader, a process tree to kill and two streams to
// read at once are what C# does better than awk.
//
// The contract:
//   1. The last line is `N passed, N failed, N skipped`; the exit code is 0 only if nothing failed and something ran.
//   2. An executable that ends without its own summary, whose summary disagrees with what it reported, that ends with a
//      code of its own, or that is still running at its limit, is one failure, named with the tests that were running.
//   3. With CI=true, a skip that tests/allowed-skips.txt does not allow is a failure.
//   4. A check (--check) runs beside the executables: one pass, or one failure with its output.
//   5. Nothing is left running: an executable is ended with all its children.

using System.Runtime.InteropServices;
using Sockeye.TestRunner;

if (!Options.TryParse(args, out Options? options, out string? problem))
{
    Console.Error.WriteLine($"test: {problem}");
    return 2;
}

using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

AllowedSkips? allowed = Environment.GetEnvironmentVariable("CI") == "true"
    ? AllowedSkips.Read(Path.Combine(options.Root, "tests", "allowed-skips.txt"))
    : null;

Report report = new(Console.Out, allowed);
using SemaphoreSlim slots = new(options.Jobs);
Task tests = Task.WhenAll(options.Executables.Select(async executable =>
{
    await slots.WaitAsync();
    try
    {
        report.Add(await new TestRun(executable, options).RunAsync(stop.Token));
    }
    finally
    {
        slots.Release();
    }
}));
if (options.Check is { } check)
{
    report.Add(await new CheckRun(check, options).RunAsync(tests, stop.Token));
}

await tests;
return report.Finish() && !stop.IsCancellationRequested ? 0 : 1;

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
