using System.Text.RegularExpressions;

namespace Sockeye.House.Tests.Tutorial;

/// <summary>docs/tutorial.md keeps its word: each block is run, or is a part of what is run.</summary>
/// <remarks>
/// A console block is a play, and is played. A csharp block is a region of TutorialSnippets or a part of the sample that is
/// named last above it. A text block is what the snippets of its chapter print, which TutorialSnippets compares.
/// </remarks>
public partial class TutorialTests
{
    private static string Snippets { get; } = File.ReadAllText(House.PathOf("tests", "Sockeye.House.Tests", "Tutorial", "TutorialSnippets.cs"));

    private static HashSet<string> Regions { get; } = [.. Region().Matches(Snippets).Select(match => House.Unindented(match.Groups["code"].Value))];

    // try.cs is the reader's own.
    private static IEnumerable<string> Samples => Directory.EnumerateFiles(House.PathOf("samples"), "*.cs").Select(House.Relative)
        .Where(sample => sample != "samples/try.cs").Order(StringComparer.Ordinal);

    public static TheoryData<int> Plays => [.. TutorialPage.Of("console").Select(block => block.Line)];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Plays))]
    public Task A_play_goes_as_the_page_shows(int line) => Play.RunAsync(TutorialPage.Of("console").Single(block => block.Line == line).Text);

    [Fact]
    public void Every_block_is_of_a_kind_that_is_run() =>
        House.AssertNone(
            TutorialPage.Blocks.Where(block => block.Language is not ("console" or "csharp" or "text")).Select(block => $"{block}: {block.Language}"),
            "Blocks are console, csharp or text:");

    [Fact]
    public void Every_block_of_csharp_is_a_snippet_or_a_part_of_its_sample() =>
        House.AssertNone(
            TutorialPage.Of("csharp").Where(block => !Regions.Contains(WithoutDirectives(block.Text)) && !IsPartOf(block.Text, block.Sample))
                .Select(block => $"{block}: neither in TutorialSnippets.cs nor in {block.Sample ?? "a sample, since none is named above it"}"),
            "These blocks are compiled by nobody:");

    [Fact]
    public void Every_snippet_is_shown_and_what_it_prints_too()
    {
        House.AssertNone(Regions.Except(TutorialPage.Of("csharp").Select(block => WithoutDirectives(block.Text))), "In TutorialSnippets.cs, and not on the page:");

        HashSet<int> compared = [.. Compared().Matches(Snippets).Select(match => int.Parse(match.Groups["chapter"].Value))];
        House.AssertNone(TutorialPage.Of("text").Where(block => !compared.Contains(block.Chapter)).Select(block => block.ToString()), "Nothing prints:");
    }

    [Fact]
    public void Every_sample_is_on_the_way()
    {
        string page = File.ReadAllText(House.PathOf("docs", "tutorial.md"));

        House.AssertNone(Samples.Where(sample => !page.Contains(sample, StringComparison.Ordinal)), "docs/tutorial.md says nothing of:");
    }

    // Its first line says what a sample shows and how to run it; the table says the same.
    [Fact]
    public void The_table_of_samples_says_what_their_first_lines_say()
    {
        string table = File.ReadAllText(House.PathOf("samples", "README.md"));

        House.AssertNone(
            Samples.Where(sample => FirstLine().Match(File.ReadAllText(House.PathOf(sample))) is not { Success: true } first
                    || first.Groups["file"].Value != sample
                    || !table.Contains($"| [{Path.GetFileName(sample)}]({Path.GetFileName(sample)}) | {first.Groups["what"].Value} |", StringComparison.Ordinal)),
            "Their first line is // WHAT IT SHOWS. Run: dotnet run FILE …, and samples/README.md has WHAT IT SHOWS in a row:");
    }

    [Theory]
    [InlineData("at [Fri Nov 20 10:00:00 2026] hello", "at [Sat Dec  5 23:59:59 2037] hello", true)]
    [InlineData("at [Fri Nov 20 10:00:00 2026] hello", "at [Sat Dec  5 23:59 2037] hello", false)]
    [InlineData("at 0.5 ms: yes (after 3 ms)", "at 17 ms: yes (after 4.1 ms)", true)]
    [InlineData("127.0.0.1:40412: hi", "127.0.0.1:61001: hi", true)]
    [InlineData("127.0.0.1:8079: hi", "127.0.0.1:8080: hi", false)]
    [InlineData("errno 111", "errno 113", false)]
    [InlineData("(a) [b]", "(a) [b]", true)]
    public void Clocks_durations_and_chosen_ports_may_differ_and_nothing_else(string page, string seen, bool same) =>
        Assert.Equal(same, Regex.IsMatch(seen, $@"\A{Varying.Pattern(page)}\z", RegexOptions.None, TimeSpan.FromSeconds(1)));

    // The runner itself: one that let everything pass would prove nothing.
    [Theory(Timeout = 60_000)]
    [InlineData("me $ echo one\nme | two")]
    [InlineData("me $ echo one; echo two\nme | one\nme $ true")]
    [InlineData("me $ cat\nme > one\nme | one\nme > ^D\nme | two")]
    [InlineData("you | one")]
    [InlineData("$ echo one")]
    public async Task A_play_that_goes_otherwise_fails(string text) => await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => Play.RunAsync(text));

    [Fact(Timeout = 60_000)]
    public Task A_play_has_terminals_input_and_an_end() =>
        Play.RunAsync("me $ cat; echo over\nme > one\nyou $ echo here\nme | one\nyou | here\nme > ^D\nme | over\nme $ echo again\nme | again");

    // What a file needs to be run by itself is no part of a compilation. It is what all samples begin with.
    private static string WithoutDirectives(string code) => code.Replace("#:project ../src/Sockeye.Servers\n#:property PublishAot=false\n\n", "", StringComparison.Ordinal);

    private static bool IsPartOf(string code, string? sample) =>
        File.Exists(House.PathOf(sample ?? "none")) && $"\n{File.ReadAllText(House.PathOf(sample!))}\n".Contains($"\n{code}\n", StringComparison.Ordinal);

    [GeneratedRegex(@"// <example>\n(?<code>.*?)^\s*// </example>", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Region();

    [GeneratedRegex(@"\A// (?<what>.+)\. Run: dotnet run (?<file>\S+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FirstLine();

    [GeneratedRegex(@"AssertPrinted\(chapter: (?<chapter>\d+)\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Compared();
}
