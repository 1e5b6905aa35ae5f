using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sockeye.House.Tests;

/// <summary>The switch: one program, compiled against System.Net.Sockets and against Sockeye, behaves the same.</summary>
public partial class DropInTests
{
    // Both are built with this project; the configuration is ours.
    private static string Program(string folder, string name) =>
        House.PathOf("samples", "drop-in", folder, "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", name + ".dll");

    private static string OnSockeye => Program("with-sockeye", "DropIn.Sockeye");

    private static string OnTheSystem => Program("with-system", "DropIn.System");

    [Fact(Timeout = 90_000)]
    public async Task The_same_file_says_the_same_on_both_sockets()
    {
        Finished ours = await Shell.RunAsync(Shell.Dotnet, ["exec", OnSockeye]);
        Finished theirs = await Shell.RunAsync(Shell.Dotnet, ["exec", OnTheSystem]);

        Assert.True(theirs.Code == 0, theirs.Error);
        Assert.True(ours.Code == 0, ours.Error);
        Assert.True(theirs.Output.Count(c => c == '\n') >= 10, theirs.Output);
        Assert.Equal(theirs.Output, ours.Output);
    }

    [Fact(Timeout = 90_000)]
    public async Task The_property_alone_decides_whose_socket_it_is()
    {
        Assert.Equal("Sockeye.Socket\n", (await Shell.RunAsync(Shell.Dotnet, ["exec", OnSockeye, "--which"])).Output);
        Assert.Equal("System.Net.Sockets.Socket\n", (await Shell.RunAsync(Shell.Dotnet, ["exec", OnTheSystem, "--which"])).Output);

        // Nothing but names, words about them, and the one property.
        XElement ours = Meaning("with-sockeye", "DropIn.Sockeye"), theirs = Meaning("with-system", "DropIn.System");
        theirs.Descendants("SockeyeDropIn").Single().Remove();
        Assert.Equal(ours.ToString(), theirs.ToString());
        Assert.DoesNotContain("Sockeye.", CSharpText.Blank(File.ReadAllText(House.PathOf("samples", "drop-in", "Program.cs"))), StringComparison.Ordinal);
    }

    // A package that forgot the file would switch nothing.
    [Fact]
    public void The_package_ships_the_alias()
    {
        XElement item = XDocument.Load(House.PathOf("src", "Sockeye", "Sockeye.csproj")).Descendants("None").Single();

        Assert.Equal("buildTransitive/Sockeye.props", (string?)item.Attribute("Include"));
        Assert.Equal("true", (string?)item.Attribute("Pack"));
        Assert.Equal("build/;buildTransitive/", (string?)item.Attribute("PackagePath"));
    }

    // What the page tells people to write stands in files that are built.
    [Fact]
    public void The_lines_that_the_page_shows_are_the_samples_own()
    {
        string[] built = [.. House.Files("samples/drop-in", "*.csproj").Append(House.PathOf("src", "Sockeye", "buildTransitive", "Sockeye.props"))
            .Select(file => Flat(File.ReadAllText(file)))];
        MatchCollection blocks = Block().Matches(File.ReadAllText(House.PathOf("docs", "from-dotnet.md")));

        Assert.NotEmpty(blocks);
        House.AssertNone(
            blocks.Select(block => block.Groups["lines"].Value).Where(lines => !built.Any(file => file.Contains(Flat(lines), StringComparison.Ordinal))),
            "Shown by docs/from-dotnet.md, built nowhere:");
    }

    private static string Flat(string lines) => string.Join('\n', lines.Split('\n').Select(line => line.Trim()));

    private static XElement Meaning(string folder, string name)
    {
        XElement project = XElement.Load(House.PathOf("samples", "drop-in", folder, name + ".csproj"));
        project.DescendantNodes().OfType<XComment>().Remove();
        return project;
    }

    [GeneratedRegex(@"^```xml\n(?<lines>.*?)^```", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Block();
}
