using System.Globalization;
using Sockeye.Benchmarks.Measuring;

namespace Sockeye.Benchmarks.Output;

/// <summary>A page with a report between two marks, and its plots in a folder beside it that bears the page's name.</summary>
internal static class Document
{
    internal const string Begin = "<!-- peers: from here on ./sockeye bench peers --write has the word -->";
    internal const string End = "<!-- /peers -->";

    /// <summary>Writes the part between the marks anew, and the plots.</summary>
    /// <exception cref="FormatException">The page has no marks.</exception>
    internal static void Update(string path, Report report)
    {
        string page = Replace(File.ReadAllText(path), Section(report, Path.GetFileNameWithoutExtension(path)), path);
        string plots = Path.ChangeExtension(Path.GetFullPath(path), null);
        Directory.CreateDirectory(plots);
        foreach (ScenarioResult scenario in report.Scenarios.Where(HasFigures))
        {
            File.WriteAllText(Path.Combine(plots, $"{scenario.Name}.svg"), BarChart.Draw(scenario));
        }

        File.WriteAllText(path, page);
    }

    /// <summary>The page with another part between its marks.</summary>
    internal static string Replace(string page, string section, string path)
    {
        int begin = page.IndexOf(Begin, StringComparison.Ordinal), end = page.IndexOf(End, StringComparison.Ordinal);
        return begin >= 0 && end > begin
            ? $"{page[..(begin + Begin.Length)]}\n\n{section}\n{page[end..]}"
            : throw new FormatException($"{path} has no two lines '{Begin}' and '{End}' to write between: put them where the tables shall stand");
    }

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

            {report.Date.ToString("d MMMM yyyy", CultureInfo.InvariantCulture)}; {string.Join("; ", report.Machine.Lines)}.

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
            string[] notes = [.. Table.Notes(scenario, absent)];
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
