using System.Globalization;
using Sockeye.Benchmarks.Measuring;

namespace Sockeye.Benchmarks.Output;

/// <summary>
/// A page with a report between two marks, and its plots in a folder beside it that bears the page's name. Where it has
/// marks for an overview too, it gets that as well.
/// </summary>
internal static class Document
{
    internal const string Begin = "<!-- peers: from here on ./sockeye bench peers --write has the word -->";
    internal const string End = "<!-- /peers -->";
    internal const string OverviewBegin = "<!-- overview: from here on ./sockeye bench peers --write has the word -->";
    internal const string OverviewEnd = "<!-- /overview -->";

    private const string OverviewPlot = "overview.svg";

    /// <summary>Writes the parts between the marks anew, and the plots.</summary>
    /// <param name="path">The page.</param>
    /// <param name="reports">One for each kind of machine. The plots of single scenarios are the first one's.</param>
    /// <exception cref="FormatException">The page has no marks.</exception>
    internal static void Update(string path, params IReadOnlyList<Report> reports)
    {
        string folder = Path.GetFileNameWithoutExtension(path), plots = Path.ChangeExtension(Path.GetFullPath(path), null);
        string page = Replace(File.ReadAllText(path), string.Join("\n", reports.Select((report, i) => Folded(report, i == 0 ? folder : null))), path);
        Directory.CreateDirectory(plots);
        foreach (ScenarioResult scenario in reports[0].Scenarios.Where(HasFigures))
        {
            File.WriteAllText(Path.Combine(plots, $"{scenario.Name}.svg"), BarChart.Draw(scenario));
        }

        if (page.Contains(OverviewBegin, StringComparison.Ordinal))
        {
            page = Replace(page, $"{Overview.Table(reports)}\n![Processor time of one operation]({folder}/{OverviewPlot})\n", path, OverviewBegin, OverviewEnd);
            File.WriteAllText(Path.Combine(plots, OverviewPlot), Overview.Draw(reports));
        }

        File.WriteAllText(path, page);
    }

    /// <summary>The page with another part between its marks.</summary>
    internal static string Replace(string page, string section, string path, string begin = Begin, string end = End)
    {
        int from = page.IndexOf(begin, StringComparison.Ordinal), to = page.IndexOf(end, StringComparison.Ordinal);
        return from >= 0 && to > from
            ? $"{page[..(from + begin.Length)]}\n\n{section}\n{page[to..]}"
            : throw new FormatException($"{path} has no two lines '{begin}' and '{end}' to write between: put them where the tables shall stand");
    }

    // Folded away under the machine's name: who wants to know opens it.
    private static string Folded(Report report, string? plots) =>
        $"<details><summary>All scenarios: {report.Machine.Processor}, {Overview.Day(report)}{(report.Machine.SystemCalls is { Length: > 0 } calls ? $"; {calls}" : "")}</summary>\n\n{Section(report, plots)}\n</details>\n";

    /// <summary>The part itself.</summary>
    /// <param name="report">The figures.</param>
    /// <param name="plots">The folder of the plots, as the page names it; null for none.</param>
    internal static string Section(Report report, string? plots)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine($"""
            ```sh
            {report.Command}
            ```

            {Overview.Day(report)}; {string.Join("; ", report.Machine.Lines)}.

            """);
        foreach (PeerNote peer in report.Peers)
        {
            text.WriteLine($"- `{peer.Name}`: {peer.Summary}{(peer.Absence is not null ? $"; absent: {peer.Absence}" : peer.Version.Length > 0 ? $"; {peer.Version}" : "")}");
        }

        string[] absent = [.. report.Peers.Where(static peer => peer.Absence is not null).Select(static peer => peer.Name)];
        foreach (ScenarioResult scenario in report.Scenarios.Where(HasFigures))
        {
            text.WriteLine();
            text.WriteLine($"### {scenario.Name}");
            text.WriteLine();
            string length = scenario.IsMemory ? "" : string.Create(CultureInfo.InvariantCulture, $" of {scenario.Seconds:0.##} s");
            text.WriteLine($"{char.ToUpperInvariant(scenario.Summary[0])}{scenario.Summary[1..]}; {scenario.Rounds} rounds{length}.");
            if (plots is not null)
            {
                text.WriteLine();
                text.WriteLine($"![{scenario.Name}]({plots}/{scenario.Name}.svg)");
            }

            text.WriteLine();
            Table.Of(scenario).WriteMarkdown(text);
            string[] notes = [.. Table.Notes(scenario, absent, report.Pair)];
            if (notes.Length > 0)
            {
                text.WriteLine();
                text.WriteLine(string.Join("; ", notes) + ".");
            }
        }

        return text.ToString();
    }

    private static bool HasFigures(ScenarioResult scenario) => scenario.Servers.Any(static server => server.Samples.Count > 0);
}
