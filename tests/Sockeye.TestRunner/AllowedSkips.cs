using System.IO.Enumeration;

namespace Sockeye.TestRunner;

/// <summary>
/// tests/allowed-skips.txt: one skip a line, <c>test name | reason</c>, both with <c>*</c> for anything; # begins a
/// comment. What it does not name must run where CI=true; without the file, that is everything.
/// </summary>
internal sealed class AllowedSkips
{
    private readonly List<(string Name, string Reason)> _lines = [];

    public static AllowedSkips Read(string path)
    {
        AllowedSkips skips = new();
        foreach (string raw in File.Exists(path) ? File.ReadLines(path) : [])
        {
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            string[] parts = line.Split(" | ", 2, StringSplitOptions.TrimEntries);
            if (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0)
            {
                throw new FormatException($"{path}: '{line}' is not 'test name | reason'.");
            }

            skips._lines.Add((parts[0], parts[1]));
        }

        return skips;
    }

    public bool Allows(string name, string reason) => _lines.Exists(line =>
        FileSystemName.MatchesSimpleExpression(line.Name, name, ignoreCase: false)
        && FileSystemName.MatchesSimpleExpression(line.Reason, reason, ignoreCase: false));
}
