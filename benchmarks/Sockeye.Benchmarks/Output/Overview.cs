using System.Globalization;
using System.Text;
using Sockeye.Benchmarks.Measuring;
using Sockeye.Benchmarks.Peers;

namespace Sockeye.Benchmarks.Output;

/// <summary>What a newcomer wants to know, in one table and one plot: us, C and System.Net.Sockets; several machines side by side.</summary>
internal static class Overview
{
    private const string Ours = "sockeye-uring";

    private const int Width = 760;
    private const int NameWidth = 150;
    private const int RowHeight = 38;
    private const int BarHeight = 13;
    private const int Top = 76;
    private const int ValueWidth = 46;

    private static readonly (string Scenario, string What)[] _rows =
    [
        ("echo-64", "echo, 64 connections"),
        ("echo-512", "echo, 512"),
        ("echo-4096", "echo, 4,096"),
        ("pipelined-64", "echo, 16 at a time"),
        ("streams-4", "streams, 64 KiB"),
        ("churn-16", "connect, echo, close"),
        ("broadcast-1000", "broadcast to 1,000"),
        ("broadcast32-1000", "the same, 32 at a time"),
        ("udp-64", "datagrams"),
    ];

    /// <summary>The table: what an operation costs us, and how that compares.</summary>
    internal static string Table(IReadOnlyList<Report> reports)
    {
        string Mark(int index) => reports.Count > 1 ? $" ({index + 1})" : "";
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        text.WriteLine($"| µs of the server's processor | {string.Join(" | ", reports.Select((_, i) => $"Sockeye{Mark(i)} | of C{Mark(i)} | less than System.Net.Sockets{Mark(i)}"))} |");
        text.WriteLine($"|---|{string.Concat(reports.Select(static _ => "--:|--:|--:|"))}");
        foreach ((string scenario, string what) in Measured(reports))
        {
            text.WriteLine($"| {what} | {string.Join(" | ", reports.Select(report => Cells(Costs(report, scenario))))} |");
        }

        text.WriteLine();
        for (int i = 0; i < reports.Count; i++)
        {
            string mark = reports.Count > 1 ? $"({i + 1}) " : "";
            text.WriteLine($"{mark}{Day(reports[i])}; {string.Join("; ", reports[i].Machine.Lines)}.{(i < reports.Count - 1 ? "\\" : "")}");
        }

        return text.ToString();

        static string Cells((double? Ours, double? C, double? System) costs) =>
            $"{Figures.Short(costs.Ours)} | {Figures.Times(costs.Ours / costs.C)} | {Figures.Times(costs.System / costs.Ours)}";
    }

    /// <summary>The plot: us and C as parts of what System.Net.Sockets costs, a panel for each machine.</summary>
    internal static string Draw(IReadOnlyList<Report> reports)
    {
        (string Scenario, string What)[] rows = [.. Measured(reports)];
        int height = Top + (RowHeight * Math.Max(1, rows.Length)) + 8, panel = (Width - NameWidth) / reports.Count;
        double whole = panel - ValueWidth - 10; // the longest bar there may be
        double longest = rows.SelectMany(row => reports.Select(report => Costs(report, row.Scenario)))
            .Select(static costs => Math.Max(costs.Ours / costs.System ?? 0, costs.C / costs.System ?? 0)).Append(1).Max();
        double scale = whole / longest;
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" viewBox=\"0 0 {Width} {height}\" role=\"img\">");
        svg.AppendLine("  <title>Processor time of one operation, beside System.Net.Sockets</title>");
        svg.AppendLine(BarChart.Style);
        svg.AppendLine("  <text class=\"title\" x=\"0\" y=\"16\">The server's processor time for one operation; System.Net.Sockets is 100 %</text>");
        svg.AppendLine("  <text class=\"quiet\" x=\"0\" y=\"36\">above Sockeye, below C (the cheaper of io_uring and epoll); best rounds; less is better</text>");
        for (int i = 0; i < reports.Count; i++)
        {
            int left = NameWidth + (panel * i);
            double line = left + scale;
            string calls = reports[i].Machine.ServersSystemCallNs is { } ns ? string.Create(CultureInfo.InvariantCulture, $"; a system call costs {ns:N0} ns") : "";
            svg.AppendLine(CultureInfo.InvariantCulture, $"  <text class=\"quiet\" x=\"{left}\" y=\"60\">{BarChart.Escape(Short(reports[i].Machine.Processor) + calls)}</text>");
            svg.AppendLine(CultureInfo.InvariantCulture, $"  <line class=\"median\" x1=\"{line:0.#}\" y1=\"{Top - 6}\" x2=\"{line:0.#}\" y2=\"{height - 4}\"/>");
        }

        for (int row = 0; row < rows.Length; row++)
        {
            int y = Top + (RowHeight * row);
            svg.AppendLine(CultureInfo.InvariantCulture, $"  <text x=\"{NameWidth - 8}\" y=\"{y + 19}\" text-anchor=\"end\">{BarChart.Escape(rows[row].What)}</text>");
            for (int i = 0; i < reports.Count; i++)
            {
                (double? ours, double? c, double? system) = Costs(reports[i], rows[row].Scenario);
                Bar(y, "ours", ours / system, NameWidth + (panel * i));
                Bar(y + BarHeight + 1, "c", c / system, NameWidth + (panel * i));
            }
        }

        return svg.AppendLine("</svg>").ToString();

        void Bar(int y, string kind, double? part, int left)
        {
            if (part is { } of)
            {
                svg.AppendLine(CultureInfo.InvariantCulture, $"  <rect class=\"{kind}\" x=\"{left}\" y=\"{y}\" width=\"{Math.Max(1, of * scale):0.#}\" height=\"{BarHeight}\" rx=\"2\"/>");
                svg.AppendLine(CultureInfo.InvariantCulture, $"  <text x=\"{left + (of * scale) + 6:0.#}\" y=\"{y + 11}\">{of * 100:0} %</text>");
            }
        }
    }

    /// <summary>When a report was made.</summary>
    internal static string Day(Report report) => report.Date.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);

    private static IEnumerable<(string Scenario, string What)> Measured(IReadOnlyList<Report> reports) =>
        _rows.Where(row => reports.Any(report => Costs(report, row.Scenario) is { Ours: not null, System: not null }));

    private static (double? Ours, double? C, double? System) Costs(Report report, string scenario)
    {
        IReadOnlyList<ServerResult> servers = report.Scenarios.FirstOrDefault(result => result.Name == scenario)?.Servers ?? [];
        return (Of(Ours), servers.Where(static server => server.Name.StartsWith("c-", StringComparison.Ordinal)).Min(static server => server.Best), Of(PeerTable.Reference));

        double? Of(string name) => servers.FirstOrDefault(server => server.Name == name)?.Best;
    }

    private static string Short(string processor) => processor.Replace("(R)", "", StringComparison.Ordinal);
}
