using System.Xml.Linq;
using Sockeye.Benchmarks.Measuring;
using Sockeye.Benchmarks.Output;

namespace Sockeye.Benchmarks.Tests;

/// <summary>Tables, plots, the page and the file for machines, from fixed figures.</summary>
public class OutputTests
{
    [Fact]
    public void A_table_has_best_median_and_ratios_of_the_best_and_only_who_was_measured()
    {
        using var text = new StringWriter();
        Table.Of(Fixed.Echo).Write(text, hasColours: false);

        Assert.Equal(
            """
              server         µs/echo best  median  per second  p50 µs  p99 µs  less than system  of c-uring
              sockeye-epoll          4.00    5.00     210,000     300     400             2.50×       1.25×
              system                 10.0    11.0      90,000     710   1,250             1.00×       3.13×
              c-uring                3.20    3.20     250,000     200     250             3.13×       1.00×

            """,
            text.ToString());
        Assert.Equal(
            ["go: absent: no go here (package golang-go)", "twisted: failed: <it> & \"that\"", "system: 3 datagrams got lost"],
            Table.Notes(Fixed.Echo, absent: []));
        Assert.DoesNotContain(Table.Notes(Fixed.Echo, absent: ["go"]), note => note.StartsWith("go", StringComparison.Ordinal));
    }

    [Fact]
    public void Colours_are_for_terminals_and_change_no_letter()
    {
        using var plain = new StringWriter();
        using var coloured = new StringWriter();
        Table.Of(Fixed.Echo).Write(plain, hasColours: false);
        Table.Of(Fixed.Echo).Write(coloured, hasColours: true);

        Assert.DoesNotContain('\e', plain.ToString());
        Assert.Contains('\e', coloured.ToString());
        Assert.Equal(plain.ToString(), coloured.ToString().Replace("\e[2m", "").Replace("\e[32m", "").Replace("\e[0m", ""));
    }

    [Fact]
    public void Memory_is_in_bytes_of_the_process_and_of_the_kernel()
    {
        Table table = Table.Of(Fixed.Idle);

        Assert.Equal(["server", "bytes best", "median", "less garbage", "kernel bytes", "less than system"], table.Heads);
        Assert.Equal(["sockeye-epoll", "412", "412", "380", "4,100", "-"], table.Rows[0]);
        Assert.Equal(["c-epoll", "0.000", "0.000", "-", "-", "-"], table.Rows[1]);
    }

    [Fact]
    public void A_plot_is_well_formed_and_its_bars_are_as_long_as_the_figures()
    {
        XDocument svg = XDocument.Parse(BarChart.Draw(Fixed.Echo));
        XNamespace space = "http://www.w3.org/2000/svg";
        double[] widths = [.. svg.Descendants(space + "rect").Select(bar => (double)bar.Attribute("width")!)];

        Assert.Equal(3, widths.Length);
        Assert.Equal(4.0 / 10, widths[0] / widths[1], precision: 2);
        Assert.Equal(3.2 / 10, widths[2] / widths[1], precision: 2);
        Assert.Equal(["ours", "other", "c"], svg.Descendants(space + "rect").Select(bar => (string)bar.Attribute("class")!));
        Assert.All(svg.Descendants(space + "line"), median => Assert.InRange((double)median.Attribute("x1")!, 0, (double)svg.Root!.Attribute("width")!));
        Assert.Contains("prefers-color-scheme: dark", svg.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_plot_of_nothing_is_well_formed_too() =>
        _ = XDocument.Parse(BarChart.Draw(Fixed.Echo with { Summary = "<&>", Servers = [new ServerResult("c-epoll", [new Sample(0)])] }));

    [Fact]
    public void A_page_keeps_what_stands_around_the_marks_and_gets_its_plots()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sockeye bench ");
        try
        {
            string page = Path.Combine(folder.FullName, "figures.md");
            File.WriteAllText(page, $"# Before\n\n{Document.Begin}\nold\n{Document.End}\n\nAfter\n");

            Document.Update(page, Fixed.Report);
            string first = File.ReadAllText(page);
            Document.Update(page, Fixed.Report);

            Assert.Equal(first, File.ReadAllText(page));
            Assert.StartsWith($"# Before\n\n{Document.Begin}\n\n<details><summary>All scenarios: Some Processor, 21 November 2026; a system call costs 1,160 ns</summary>\n\n```sh\n./sockeye bench peers --rounds 3\n```\n", first, StringComparison.Ordinal);
            Assert.EndsWith($"{Document.End}\n\nAfter\n", first, StringComparison.Ordinal);
            Assert.DoesNotContain("old", first, StringComparison.Ordinal);
            Assert.Contains("21 November 2026; Some Processor, 2 cores; Linux 6.18.0, TCP cubic; server on core 0, clients on core 1; clients in C on io_uring; mitigations: meltdown (PTI); a system call costs 1,160 ns.", first, StringComparison.Ordinal);
            Assert.Contains("- `go`: Go's net; absent: no go here (package golang-go)\n", first, StringComparison.Ordinal);
            Assert.Contains("![echo-64](figures/echo-64.svg)", first, StringComparison.Ordinal);
            Assert.Contains("| sockeye-epoll | 4.00 | 5.00 | 210,000 |", first, StringComparison.Ordinal);
            Assert.Equal(["echo-64.svg", "idle-10000.svg"], Directory.EnumerateFiles(Path.Combine(folder.FullName, "figures")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_pair_a_warm_up_and_system_calls_have_their_figures()
    {
        ScenarioResult echo = Fixed.Echo with { Servers = [.. Fixed.Echo.Servers.Select(server => server with { SystemCalls = 2.06, Samples = [.. server.Samples.Select((sample, i) => sample with { Round = i + 1 })] })] };
        ScenarioResult warmUp = Fixed.Echo with { Servers = [new ServerResult("system", [new Sample(8, BySecond: [16, 8, 4]), new Sample(9, BySecond: [18, 9, 4])])] };

        Assert.Equal("calls/echo", Table.Of(echo).Heads[^1]);
        Assert.Equal("2.06", Table.Of(echo).Rows[0][^1]);
        Assert.Contains("sockeye-epoll costs of system: 0.48× (median of the rounds' ratios; 0.46× when it came first, 0.50× when second), 0.40× of the best rounds, 0.45× of the medians",
            Table.Notes(echo, absent: [], "sockeye-epoll,system"));
        Assert.Equal(["server", "1", "2", "3", "second of last"], Table.Of(warmUp).Heads);
        Assert.Equal(["system", "17.0", "8.50", "4.00", "2.13×"], Table.Of(warmUp).Rows[0]);
    }

    [Fact]
    public void An_overview_has_two_kinds_of_machine_side_by_side_and_all_else_is_folded_away()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sockeye bench ");
        try
        {
            string page = Path.Combine(folder.FullName, "figures.md");
            File.WriteAllText(page, $"{Document.OverviewBegin}\n{Document.OverviewEnd}\n{Document.Begin}\n{Document.End}\n");
            Report ours = Fixed.Report with { Scenarios = [Fixed.Echo with { Servers = [.. Fixed.Echo.Servers, new ServerResult("sockeye-uring", [new Sample(4)])] }] };

            Document.Update(page, ours, ours with { Machine = ours.Machine with { Processor = "Another <One>" } });
            string text = File.ReadAllText(page);

            Assert.Contains("| echo, 64 connections | 4.00 | 1.25× | 2.50× | 4.00 | 1.25× | 2.50× |\n", text, StringComparison.Ordinal);
            Assert.Contains("![Processor time of one operation](figures/overview.svg)", text, StringComparison.Ordinal);
            Assert.Equal(2, text.Split("<details>").Length - 1);
            XDocument svg = XDocument.Load(Path.Combine(folder.FullName, "figures", "overview.svg"));
            double[] widths = [.. svg.Descendants(XName.Get("rect", "http://www.w3.org/2000/svg")).Select(bar => (double)bar.Attribute("width")!)];
            Assert.Equal(4, widths.Length);
            Assert.Equal(4 / 3.2, widths[0] / widths[1], precision: 2);
            Assert.Equal(widths[0], widths[2]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_page_without_marks_is_not_touched() =>
        Assert.Contains(Document.Begin, Assert.Throws<FormatException>(() => Document.Replace("# Page\n", "new", "page.md")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_report_survives_its_file()
    {
        Report back = JsonFile.Read(JsonFile.Write(Fixed.Report));

        Assert.Equal(JsonFile.Write(Fixed.Report), JsonFile.Write(back));
        Assert.Equal(4, back.Scenarios[0].Servers[0].Best);
        Assert.Throws<System.Text.Json.JsonException>(() => JsonFile.Read("{}"));
    }

    [Fact]
    public void Of_several_reports_the_last_word_on_each_scenario_counts()
    {
        Report later = Fixed.Report with { Command = "later", Scenarios = [Fixed.Idle with { Seconds = 5 }] };

        Report joined = Report.Join([Fixed.Report, later]);

        Assert.Equal(["echo-64", "idle-10000"], joined.Scenarios.Select(scenario => scenario.Name));
        Assert.Equal([1, 5], joined.Scenarios.Select(scenario => scenario.Seconds));
        Assert.Equal("./sockeye bench peers --rounds 3\nlater", joined.Command);
    }
}
