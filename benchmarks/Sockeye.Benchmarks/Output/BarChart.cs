using System.Globalization;
using System.Security;
using System.Text;
using Sockeye.Benchmarks.Measuring;

namespace Sockeye.Benchmarks.Output;

/// <summary>
/// A scenario as horizontal bars: the best round is the bar, the median a tick. No background, and colours that follow
/// the reader's light or dark page.
/// </summary>
internal static class BarChart
{
    private const int Width = 760;
    private const int NameWidth = 130;
    private const int ValueWidth = 110;
    private const int RowHeight = 24;
    private const int BarHeight = 16;
    private const int Top = 52;

    internal const string Style = """
          <style>
            text { font: 13px system-ui, sans-serif; fill: #1f2328; }
            .title { font-weight: 600; font-size: 15px; }
            .quiet { fill: #59636e; }
            .ours { fill: #1a7f6b; }
            .c { fill: #8250df; }
            .other { fill: #9aa4af; }
            .median { stroke: #1f2328; stroke-width: 1.5; }
            @media (prefers-color-scheme: dark) {
              text { fill: #e6edf3; }
              .quiet { fill: #9198a1; }
              .ours { fill: #3fb99f; }
              .c { fill: #a78bfa; }
              .other { fill: #6e7781; }
              .median { stroke: #e6edf3; }
            }
          </style>
        """;

    /// <summary>The whole SVG file.</summary>
    internal static string Draw(ScenarioResult scenario)
    {
        ServerResult[] servers = [.. scenario.Servers.Where(static server => server.Samples.Count > 0)];
        double longest = servers.Select(static server => Math.Max(server.Best ?? 0, server.Median ?? 0)).DefaultIfEmpty(0).Max();
        double scale = longest > 0 ? (Width - NameWidth - ValueWidth) / longest : 0;
        int height = Top + (RowHeight * Math.Max(1, servers.Length)) + 8;
        string unit = scenario.IsMemory ? "bytes of the server's memory per connection" : $"µs of the server's processor per {scenario.Operation}";
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" viewBox=\"0 0 {Width} {height}\" role=\"img\">");
        svg.AppendLine(CultureInfo.InvariantCulture, $"  <title>{Escape(scenario.Name)}: {unit}</title>");
        svg.AppendLine(Style);
        svg.AppendLine(CultureInfo.InvariantCulture, $"  <text class=\"title\" x=\"0\" y=\"16\">{Escape(scenario.Summary)}</text>");
        svg.AppendLine(CultureInfo.InvariantCulture, $"  <text class=\"quiet\" x=\"0\" y=\"36\">{unit}: best round, and the median as a line; less is better</text>");
        for (int i = 0; i < servers.Length; i++)
        {
            ServerResult server = servers[i];
            int y = Top + (RowHeight * i);
            double bar = Math.Max(1, (server.Best ?? 0) * scale), median = NameWidth + Math.Max(1, (server.Median ?? 0) * scale);
            double end = Math.Max(NameWidth + bar, median);
            svg.AppendLine(CultureInfo.InvariantCulture, $"  <text x=\"{NameWidth - 8}\" y=\"{y + 13}\" text-anchor=\"end\">{Escape(server.Name)}</text>");
            svg.AppendLine(CultureInfo.InvariantCulture, $"  <rect class=\"{Class(server.Name)}\" x=\"{NameWidth}\" y=\"{y}\" width=\"{bar:0.#}\" height=\"{BarHeight}\" rx=\"2\"/>");
            svg.AppendLine(CultureInfo.InvariantCulture, $"  <line class=\"median\" x1=\"{median:0.#}\" y1=\"{y - 2}\" x2=\"{median:0.#}\" y2=\"{y + BarHeight + 2}\"/>");
            svg.AppendLine(CultureInfo.InvariantCulture, $"  <text x=\"{end + 8:0.#}\" y=\"{y + 13}\">{Figures.Short(server.Best)}</text>");
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static string Class(string server) =>
        server.StartsWith("sockeye", StringComparison.Ordinal) ? "ours" : server.StartsWith("c-", StringComparison.Ordinal) ? "c" : "other";

    internal static string Escape(string text) => SecurityElement.Escape(text);
}
