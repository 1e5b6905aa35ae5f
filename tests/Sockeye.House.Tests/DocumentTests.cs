using System.Text.RegularExpressions;

namespace Sockeye.House.Tests;

/// <summary>Documents are promises: links lead somewhere, commands exist, decisions have their price.</summary>
public partial class DocumentTests
{
    private static readonly string[] _wanted =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "docs/dependencies.md"];

    private static IEnumerable<string> Documents => House.Files(".", "*.md");

    [Fact]
    public void The_documents_are_there() => House.AssertNone(_wanted.Where(name => !File.Exists(House.PathOf(name))), "Missing:");

    [Fact]
    public void Links_lead_somewhere() =>
        House.AssertNone(
            Documents.SelectMany(file => Link().Matches(WithoutCode(File.ReadAllText(file)))
                .Select(match => match.Groups["target"].Value)
                .Where(target => !target.Contains("://", StringComparison.Ordinal) && !LeadsSomewhere(file, target))
                .Select(target => $"{House.Relative(file)}: {target}")),
            "These links lead nowhere:");

    // docs/api is for the test that compares it, and docs/benchmarks is pictures.
    [Fact]
    public void Every_page_stands_in_the_index_with_one_line()
    {
        string[] lines = File.ReadAllLines(House.PathOf("docs", "README.md"));
        string[] listed = [.. lines.Select(line => Listed().Match(line)).Where(match => match.Success).Select(match => match.Groups["page"].Value)];
        string[] pages = [.. House.Files("docs", "*.md").Select(file => Path.GetRelativePath(House.PathOf("docs"), file)).Where(page => page != "README.md")];

        House.AssertNone(pages.Except(listed), "docs/README.md has no line for:");
        House.AssertNone(listed.GroupBy(page => page).Where(same => same.Count() > 1).Select(same => same.Key), "docs/README.md lists twice:");
    }

    [Fact]
    public void Decisions_are_numbered_without_gaps_and_tell_context_decision_and_price()
    {
        string[] files = [.. Directory.EnumerateFiles(House.PathOf("docs", "adr"), "*.md").Order(StringComparer.Ordinal)];

        Assert.NotEmpty(files);
        House.AssertNone(
            files.Select((file, index) => (Name: Path.GetFileName(file), Wanted: $"{index + 1:0000}-"))
                .Where(item => !item.Name.StartsWith(item.Wanted, StringComparison.Ordinal)).Select(item => $"{item.Name} should begin with {item.Wanted}"),
            "docs/adr is numbered from 0001:");
        House.AssertNone(
            files.SelectMany(file => Headings(File.ReadAllText(file)) is var headings && headings.FirstOrDefault()?.StartsWith("# ", StringComparison.Ordinal) == true
                ? ((string[])["## Context", "## Decision", "## Price"]).Except(headings).Select(missing => $"{House.Relative(file)}: no {missing}")
                : [$"{House.Relative(file)}: no title"]),
            "A decision is context, choice and price:");
    }

    [Fact]
    public void Every_package_has_its_line_in_the_list_of_dependencies()
    {
        string list = File.ReadAllText(House.PathOf("docs", "dependencies.md"));

        House.AssertNone(
            Package().Matches(File.ReadAllText(House.PathOf("Directory.Packages.props"))).Select(match => match.Groups["name"].Value)
                .Where(name => !list.Contains($"`{name}`", StringComparison.Ordinal)),
            "docs/dependencies.md says nothing of:");
    }

    [Fact]
    public void The_scripts_that_the_readme_names_can_be_run() =>
        House.AssertNone(
            Commands().Select(command => command.Split(' ')[0]).Distinct()
                .Where(script => !File.Exists(House.PathOf(script)) || !File.GetUnixFileMode(House.PathOf(script)).HasFlag(UnixFileMode.UserExecute)),
            "README.md names scripts that are missing or not executable:");

    [Fact(Timeout = 60_000)]
    public async Task The_commands_that_the_readme_names_exist()
    {
        // Words up to the first option or argument in capitals: that much is the command.
        string[] commands = [.. Commands().Where(line => line.StartsWith("./sockeye ", StringComparison.Ordinal))
            .Select(line => string.Join(' ', line.Split(' ').Skip(1).TakeWhile(word => Word().IsMatch(word)))).Distinct()];

        Assert.NotEmpty(commands);
        foreach (string command in commands)
        {
            Finished help = await Shell.RunAsync(Shell.Dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll"), .. command.Split(' '), "--help"]);
            Assert.True(help.Code == 0, $"sockeye {command} --help ended with {help.Code}: {help.Error}{help.Output}");
        }
    }

    [Fact]
    public void The_example_in_the_readme_is_compiled_and_run_here()
    {
        // Two regions, since usings and statements cannot stand together in a file of tests.
        string example = string.Join("\n\n", Region().Matches(File.ReadAllText(House.PathOf("tests", "Sockeye.House.Tests", "ReadmeExampleTests.cs")))
            .Select(match => House.Unindented(match.Groups["code"].Value)));
        IEnumerable<string> blocks = Fence().Matches(File.ReadAllText(House.PathOf("README.md")))
            .Where(match => match.Groups["language"].Value == "csharp").Select(match => House.Unindented(match.Groups["code"].Value));

        Assert.NotEmpty(example);
        Assert.Equal([example], blocks);
    }

    // What the README shows in its shell blocks, one command a line.
    private static IEnumerable<string> Commands() => Fence().Matches(File.ReadAllText(House.PathOf("README.md")))
        .Where(match => match.Groups["language"].Value == "sh")
        .SelectMany(match => match.Groups["code"].Value.Split('\n'))
        .Select(line => line.Split('#')[0].Trim()).Where(line => line.StartsWith("./", StringComparison.Ordinal));

    private static bool LeadsSomewhere(string file, string target)
    {
        string[] parts = target.Split('#', 2);
        string path = parts[0].Length == 0 ? file : Path.Combine(Path.GetDirectoryName(file)!, parts[0]);
        return parts.Length == 1 || parts[1].Length == 0
            ? Path.Exists(path)
            : File.Exists(path) && Headings(File.ReadAllText(path)).Select(Anchor).Contains(parts[1]);
    }

    private static IEnumerable<string> Headings(string text) =>
        WithoutCode(text).Split('\n').Where(line => line.StartsWith('#')).Select(line => line.TrimEnd());

    private static string WithoutCode(string text) => Fence().Replace(text, "");

    private static string Anchor(string heading) =>
        string.Concat(heading.TrimStart('#').Trim().ToLowerInvariant().Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_')).Replace(' ', '-');

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"^- \[(?<page>[^\]]+)\]\(\k<page>\): \S", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Listed();

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<code>.*?)^```", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Fence();

    [GeneratedRegex(@"// <readme>\n(?<code>.*?)^\s*// </readme>", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Region();

    [GeneratedRegex(@"Package(Version|Reference) Include=""(?<name>[^""]+)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Package();

    [GeneratedRegex("^[a-z][a-z-]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Word();
}
