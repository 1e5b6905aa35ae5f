using System.CommandLine;
using System.Text.RegularExpressions;

namespace Sockeye.Cli.Tests.Help;

/// <summary>The pages say what the tool says: both are printed from one table.</summary>
public sealed partial class ToolPageTests
{
    public static TheoryData<string, string> Pages => new() { { "README.md", "commands" }, { "docs/tool.md", "reference" }, { "docs/tool.md", "exit codes" } };

    [Theory]
    [MemberData(nameof(Pages))]
    public void The_page_is_what_help_prints(string file, string mark) => PrintedPage.Check(file, mark, mark switch
    {
        "commands" => ToolPage.Table(),
        "reference" => ToolPage.Reference(),
        _ => "| Code | Meaning |\n|---|---|\n" + string.Concat(ExitCode.All.Select(static code => $"| {code.Name} | {code.Meaning} |\n")),
    });

    [Fact]
    public void Every_command_has_a_sentence_examples_and_options_that_are_explained()
    {
        Assert.NotEmpty(ToolPage.Commands);
        foreach ((string name, Command command) in ToolPage.Commands)
        {
            Assert.True(command.Description is { Length: > 10 } text && text.EndsWith('.'), $"{name} has no sentence");
            Assert.True(CommandHelp.Of(command).Examples.Count > 0, $"{name} has no example");
            Assert.All(CommandHelp.Of(command).Examples, example => Assert.Contains($"sockeye {name}", example.Line));
            Assert.All(command.Options, option => Assert.False(string.IsNullOrWhiteSpace(option.Description), $"{name} {option.Name} says nothing"));
            Assert.All(command.Arguments, argument => Assert.False(string.IsNullOrWhiteSpace(argument.Description), $"{name} {argument.Name} says nothing"));
        }
    }

    // An example that the parser refuses would be worse than none.
    [Fact]
    public void Every_example_can_be_read()
    {
        foreach ((string name, Command command) in ToolPage.Commands)
        {
            foreach (Example example in CommandHelp.Of(command).Examples)
            {
                string line = example.Line[(example.Line.IndexOf($"sockeye {name}", StringComparison.Ordinal) + "sockeye ".Length)..];
                line = line.Split([" | ", " > ", " >", " 2>", " <", " && ", ")", ";"], StringSplitOptions.None)[0].Replace('\'', '"');
                ParseResult result = Tool.Build().Parse(line);
                Assert.True(result.Errors.Count == 0, $"{example.Line}: {string.Join("; ", result.Errors.Select(static error => error.Message))}");
            }
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Every_help_shows_its_examples_and_exit_codes()
    {
        foreach ((string name, Command command) in ToolPage.Commands)
        {
            using var output = new StringWriter();
            await Tool.Build().Parse($"{name} --help").InvokeAsync(new InvocationConfiguration { Output = output }, TestContext.Current.CancellationToken);
            string help = output.ToString();
            Assert.Contains($"Usage:\n  sockeye {name}", help);
            Assert.Contains("Exit codes:\n  0      ", help);
            Assert.All(command.Arguments, argument => Assert.Contains($"  <{argument.Name}>", help));
            Assert.All(CommandHelp.Of(command).Examples, example => Assert.Contains($"\n  {example.Line}", help));
        }
    }

    // Whoever writes a program goes by the table.
    [Fact]
    public void Every_event_stands_in_the_page_with_its_facts()
    {
        string page = File.ReadAllText(Path.Combine(PrintedPage.Root, "docs", "tool.md"));
        var told = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(PrintedPage.Root, "src", "Sockeye.Cli"), "*.cs", SearchOption.AllDirectories)
            .Where(static file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)))
        {
            foreach (Match call in Event().Matches(File.ReadAllText(file)))
            {
                told.Add(call.Groups["event"].Value);
                Assert.All(
                    Fact().Matches(call.Groups["facts"].Value).Select(static fact => fact.Groups["fact"].Value),
                    fact => Assert.Contains($"`{fact}`", page));
            }
        }

        told.Remove("try"); // for people only
        string table = page[page.IndexOf("## Events", StringComparison.Ordinal)..page.IndexOf("## Exit codes", StringComparison.Ordinal)];
        IEnumerable<string> listed = table.Split('\n').Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(static line => line.Split('|')[1].Split(',')).Select(static name => name.Trim(' ', '`'));
        Assert.Equal(told, listed.Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("""TryTell\(\s*"(?<event>[a-zA-Z]+)",(?<facts>.*?)\)\s*(;|\)|\?|:)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Singleline, 1000)]
    private static partial Regex Event();

    [GeneratedRegex("""\("(?<fact>[a-zA-Z]+)",""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Fact();
}
