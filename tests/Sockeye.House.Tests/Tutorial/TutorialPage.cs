using System.Text.RegularExpressions;

namespace Sockeye.House.Tests.Tutorial;

/// <summary>A block of docs/tutorial.md: its language, its text, its chapter, and the sample that was named last above it.</summary>
internal sealed record TutorialBlock(string Language, string Text, int Chapter, string? Sample, int Line)
{
    public override string ToString() => $"docs/tutorial.md:{Line}";
}

/// <summary>docs/tutorial.md, taken apart.</summary>
internal static partial class TutorialPage
{
    public static IReadOnlyList<TutorialBlock> Blocks { get; } = Read(File.ReadAllText(House.PathOf("docs", "tutorial.md")));

    public static IEnumerable<TutorialBlock> Of(string language) => Blocks.Where(block => block.Language == language);

    /// <summary>What the snippets of a chapter print, one after the other.</summary>
    public static string Printed(int chapter) => string.Concat(Of("text").Where(block => block.Chapter == chapter).Select(block => block.Text + '\n'));

    private static List<TutorialBlock> Read(string page)
    {
        List<TutorialBlock> blocks = [];
        int chapter = 0;
        string? sample = null;
        foreach (Match match in Part().Matches(page))
        {
            if (match.Groups["code"].Success)
            {
                int line = page.AsSpan(0, match.Index).Count('\n') + 1;
                blocks.Add(new TutorialBlock(match.Groups["language"].Value, match.Groups["code"].Value.TrimEnd('\n'), chapter, sample, line));
            }
            else if (match.Groups["chapter"].Success)
            {
                chapter = int.Parse(match.Groups["chapter"].Value);
            }
            else
            {
                sample = match.Groups["sample"].Value;
            }
        }

        return blocks;
    }

    // A fence before anything else: what stands in a block names no sample.
    [GeneratedRegex(@"^```(?<language>\w*)\n(?<code>.*?)^```|^## (?<chapter>\d+)\.|(?<sample>samples/[a-z-]+\.cs)", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Part();
}
