using Sockeye.Cli.Tests.Help;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>docs/programs.md promises the rows, no more and no less.</summary>
public sealed class ProgramsPageTests
{
    [Theory]
    [InlineData("peers")]
    [InlineData("bad input")]
    public void The_page_has_the_rows_that_are_run(string mark) => PrintedPage.Check(
        "docs/programs.md",
        mark,
        mark == "peers" ? ProgramsPage.PeerTable(static (_, _, _, _) => "yes") : ProgramsPage.BadInputTable(static (_, _, _, _) => "yes"));

    // A program without a test class would be promised and not run.
    [Fact]
    public void Each_program_has_a_class_that_runs_its_rows()
    {
        string[] run = [.. typeof(ProgramsPageTests).Assembly.GetTypes().Where(static type => !type.IsAbstract && (type.IsSubclassOf(typeof(ServerRows)) || type.IsSubclassOf(typeof(ClientRows))))
            .Select(static type => (string)type.GetField("Program", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.GetRawConstantValue()!)];
        Assert.Equal(ProgramRows.All.Select(static program => program.Name).Order(), run.Order());
    }
}
