using System.Globalization;

namespace Sockeye.TestRunner;

/// <summary>Prints each outcome as it comes, and the one last line.</summary>
/// <param name="output">Where it prints.</param>
/// <param name="allowed">The skips that are allowed; null where every skip is.</param>
internal sealed class Report(TextWriter output, AllowedSkips? allowed)
{
    private readonly Lock _lock = new();
    private int _passed;
    private int _failed;
    private int _skipped;

    public void Add(Outcome outcome)
    {
        lock (_lock)
        {
            foreach (Skip skip in outcome.Skips.Where(skip => allowed?.Allows(skip.Name, skip.Reason) == false))
            {
                outcome.Failures.Add(new Failure(skip.Name, $"skipped, which tests/allowed-skips.txt does not allow: {skip.Reason}"));
            }

            outcome.Skips.RemoveAll(skip => allowed?.Allows(skip.Name, skip.Reason) == false);
            if (outcome.ShowOutput || outcome.Failures.Count > 0)
            {
                foreach (string line in outcome.Output)
                {
                    output.WriteLine($"  {outcome.Name}> {line}");
                }
            }

            foreach (Failure failure in outcome.Failures)
            {
                output.WriteLine($"FAILED {failure.Name}\n    {failure.Text.ReplaceLineEndings("\n    ")}");
            }

            foreach (Skip skip in outcome.Skips)
            {
                output.WriteLine($"skipped {skip.Name}: {skip.Reason}");
            }

            foreach (Timed slow in outcome.Slow)
            {
                output.WriteLine($"slow {slow.Name}: {Seconds(slow.Time)}");
            }

            output.WriteLine($"{outcome.Name}: {Counts(outcome.Passed, outcome.Failures.Count, outcome.Skips.Count)} in {Seconds(outcome.Time)}");
            output.Flush();
            _passed += outcome.Passed;
            _failed += outcome.Failures.Count;
            _skipped += outcome.Skips.Count;
        }
    }

    /// <summary>The last line. False when something failed or nothing ran.</summary>
    public bool Finish()
    {
        bool ran = _passed + _failed > 0;
        if (!ran)
        {
            output.WriteLine("no test ran");
        }

        output.WriteLine(Counts(_passed, _failed, _skipped));
        return ran && _failed == 0;
    }

    private static string Counts(int passed, int failed, int skipped) =>
        string.Create(CultureInfo.InvariantCulture, $"{passed} passed, {failed} failed, {skipped} skipped");

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
