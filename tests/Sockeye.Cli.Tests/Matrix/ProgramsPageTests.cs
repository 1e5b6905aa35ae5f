using Sockeye.Cli.Tests.Help;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>docs/programs.md promises the rows, no more and no less.</summary>
public sealed class ProgramsPageTests
{
    [Theory]
    [InlineData("peers")]
    [InlineData("bad input")]
    public void The_page_has_the_rows_that_are_run(string mark)
    {
        string path = Path.Combine(ProgramsPage.Root(), "docs/programs.md");
        string text = File.ReadAllText(path);
        string table = mark == "peers" ? ProgramsPage.PeerTable(static (_, _, _, _) => "yes") : ProgramsPage.BadInputTable(static (_, _, _, _) => "yes");
        string? made = ToolPage.Replace(text, mark, $"\n{table}\n");
        Assert.True(made is not null, $"docs/programs.md has no marks for {mark}");
        if (Environment.GetEnvironmentVariable("SOCKEYE_ACCEPT_API") == "1")
        {
            File.WriteAllText(path, made);
            return;
        }

        Assert.True(made == text, "docs/programs.md does not have the rows that are run; if that is meant: ./test --accept-api");
    }

    // A program without a test class would be promised and not run.
    [Fact]
    public void Each_program_has_a_class_that_runs_its_rows()
    {
        string[] run = [.. typeof(ProgramsPageTests).Assembly.GetTypes().Where(static type => !type.IsAbstract && (type.IsSubclassOf(typeof(ServerRows)) || type.IsSubclassOf(typeof(ClientRows))))
            .Select(static type => (string)type.GetField("Program", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetRawConstantValue()!)];
        Assert.Equal(ProgramRows.All.Select(static program => program.Name).Order(), run.Order());
    }
}
