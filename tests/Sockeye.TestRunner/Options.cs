using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Sockeye.TestRunner;

/// <summary>One test executable: a .dll, run by the dotnet that runs us, or any other program.</summary>
internal sealed record Executable(string Name, string Path);

/// <summary>The command line: [--jobs N] [--limit SECONDS] [--verbose] [--check PROGRAM] ROOT EXECUTABLE… [-- ARGUMENT FOR EACH…]</summary>
internal sealed class Options
{
    public required string Root { get; init; }

    public required IReadOnlyList<Executable> Executables { get; init; }

    /// <summary>Passed on to every executable: xunit's own filters.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>How many executables run at once.</summary>
    public int Jobs { get; private init; } = 2;

    /// <summary>How long one executable may take; at this moment it is ended and has failed.</summary>
    public TimeSpan Limit { get; private init; } = TimeSpan.FromSeconds(480);

    /// <summary>Whether a passing executable's own output is shown too.</summary>
    public bool Verbose { get; private init; }

    /// <summary>A program that runs beside the tests and can fail, too; null is none.</summary>
    public Executable? Check { get; private init; }

    public bool IsFiltered => Arguments.Count > 0;

    public static bool TryParse(
        string[] args, [NotNullWhen(true)] out Options? options, [NotNullWhen(false)] out string? problem)
    {
        options = null;
        int jobs = 2, limit = 480, at = 0;
        bool verbose = false;
        Executable? check = null;
        for (; at < args.Length && args[at].StartsWith("--", StringComparison.Ordinal); at++)
        {
            if (args[at] == "--verbose")
            {
                verbose = true;
            }
            else if (args[at] == "--check" && at + 1 < args.Length)
            {
                check = ExecutableAt(args[++at]);
            }
            else if (args[at] is "--jobs" or "--limit" && at + 1 < args.Length
                && int.TryParse(args[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number > 0)
            {
                if (args[at++] == "--jobs")
                {
                    jobs = number;
                }
                else
                {
                    limit = number;
                }
            }
            else
            {
                problem = $"'{args[at]}' is not understood here; --jobs N, --limit SECONDS, --check PROGRAM and --verbose are.";
                return false;
            }
        }

        int end = Array.IndexOf(args, "--");
        end = end < 0 ? args.Length : end;
        if (end - at < 2)
        {
            problem = "the runner wants the repository's folder and at least one test executable.";
            return false;
        }

        options = new Options
        {
            Root = args[at],
            Executables = [.. args[(at + 1)..end].Select(ExecutableAt)],
            Arguments = [.. args.Skip(end + 1)],
            Jobs = jobs,
            Limit = TimeSpan.FromSeconds(limit),
            Verbose = verbose,
            Check = check,
        };
        problem = null;
        return true;
    }

    private static Executable ExecutableAt(string path) => new(Path.GetFileNameWithoutExtension(path), path);
}
