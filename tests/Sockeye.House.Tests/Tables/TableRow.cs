using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Sockeye.House.Tests.Tables;

/// <summary>
/// A row of docs/from-*.md: a foreign name, our member or members, a note. Instead of a member it may say
/// "by number: 21", or "none" with the reason as its note.
/// </summary>
internal sealed partial class TableRow
{
    private TableRow(string file, int line, string name, string ours, string note)
    {
        (Place, Name, Ours, Note) = ($"{file}:{line}", name, ours, note);
        Names = [.. Code().Matches(ours).Select(match => match.Groups["text"].Value)];
        Members = [.. Names.SelectMany(ApiName.Find)];
        Match number = Number().Match(ours);
        ByNumber = number.Success ? Parse(number.Groups["number"].Value) : null;
    }

    public string Place { get; }

    /// <summary>The foreign name, without its backticks.</summary>
    public string Name { get; }

    /// <summary>The second cell as it stands.</summary>
    public string Ours { get; }

    public string Note { get; }

    /// <summary>What stands in backticks in the second cell.</summary>
    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<MemberInfo> Members { get; }

    /// <summary>The number that the row gives, where it says "by number: N".</summary>
    public long? ByNumber { get; }

    /// <summary>The number that the row stands for: its own, or the first of its members' that has one.</summary>
    public long? Value => ByNumber ?? Members.Select(ApiName.NumberOf).FirstOrDefault(number => number is not null);

    public override string ToString() => $"{Place}: {Name}";

    /// <summary>Every row of a document's tables whose first cell is one name in backticks.</summary>
    public static IReadOnlyList<TableRow> Read(string file) =>
        [.. File.ReadAllLines(House.PathOf(file)).Select((text, index) => (Cells: Cells(text), Line: index + 1))
            .Where(row => row.Cells.Length == 3 && Only().IsMatch(row.Cells[0]))
            .Select(row => new TableRow(file, row.Line, row.Cells[0].Trim('`'), row.Cells[1], row.Cells[2]))];

    /// <summary>What is wrong with a row by itself: a name twice, a member that is not there, nothing said.</summary>
    public static IEnumerable<string> Faults(IReadOnlyCollection<TableRow> rows)
    {
        foreach (IGrouping<string, TableRow> twice in rows.GroupBy(row => row.Name).Where(group => group.Count() > 1))
        {
            yield return $"{twice.Last()}: stands twice";
        }

        foreach (TableRow row in rows)
        {
            foreach (string missing in row.Names.Where(name => ApiName.Find(name).Count == 0))
            {
                yield return $"{row}: there is no {missing}";
            }

            if (row.Names.Count == 0 && row.ByNumber is null && !row.Ours.StartsWith("by number", StringComparison.Ordinal)
                && (row.Ours != "none" || row.Note.Length == 0))
            {
                yield return $"{row}: names no member, no number and no reason";
            }
        }
    }

    /// <summary>Rows that do without a typed key although there is one of the kernel's very name: the table lags behind.</summary>
    public static IEnumerable<string> Lagging(IEnumerable<TableRow> rows) =>
        from row in rows
        where !row.Members.Any(member => ApiName.LevelOf(member) is not null)
        from key in ApiName.Keys
        where ApiName.KernelNameOf(key) == row.Name
        select $"{row}: there is {key.DeclaringType!.Name}.{key.Name}";

    private static string[] Cells(string line) =>
        line.StartsWith("| `", StringComparison.Ordinal) && line.EndsWith('|')
            ? [.. line[1..^1].Split('|').Select(cell => cell.Trim())] : [];

    private static long Parse(string number) => number.StartsWith("0x", StringComparison.Ordinal)
        ? long.Parse(number.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : long.Parse(number, CultureInfo.InvariantCulture);

    [GeneratedRegex("^`[^`]+`$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Only();

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Code();

    [GeneratedRegex("^by number: (?<number>0x[0-9A-Fa-f]+|-?[0-9]+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Number();
}
