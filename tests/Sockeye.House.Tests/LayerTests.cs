using System.Text.RegularExpressions;

namespace Sockeye.House.Tests;

/// <summary>ARCHITECTURE.md's picture of the library, held against the library: a folder uses only those below it.</summary>
public partial class LayerTests
{
    [Fact]
    public void Each_folder_of_the_library_uses_only_those_below_it()
    {
        string[] layers = Layers();
        House.AssertNone(Upward(SourceGraph.OfLibrary(), layers), "ARCHITECTURE.md has these folders from the top down, and these uses point up:");
    }

    [Fact]
    public void The_picture_has_every_folder_of_the_library_and_no_other() =>
        Assert.Equal(
            Directory.EnumerateDirectories(House.PathOf("src/Sockeye")).Select(folder => Path.GetFileName(folder)!)
                .Except(["bin", "obj", "buildTransitive"]).Order(StringComparer.Ordinal),
            Layers().Order(StringComparer.Ordinal));

    [Fact]
    public void A_use_that_points_up_is_found()
    {
        string[] layers = Layers();
        string bottom = layers[^1];
        const string Text = "namespace Sockeye; internal static class Upward { internal static void Use(Socket socket) => socket.Dispose(); }";
        Assert.Contains(Upward(SourceGraph.OfLibrary(($"{bottom}/Upward.cs", Text)), layers), finding => finding.Contains("Upward.cs", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Upward(SourceGraph graph, string[] layers) => graph.Edges
        .Where(edge => Array.IndexOf(layers, SourceGraph.FolderOf(edge.From)) > Array.IndexOf(layers, SourceGraph.FolderOf(edge.To)))
        .Select(edge => edge.ToString())
        .Order(StringComparer.Ordinal);

    // From the top down.
    private static string[] Layers()
    {
        string text = File.ReadAllText(House.PathOf("ARCHITECTURE.md"));
        Match table = Table().Match(text);
        Assert.True(table.Success, "ARCHITECTURE.md has a table between <!-- layers --> and <!-- /layers -->.");
        return [.. Row().Matches(table.Value).Select(row => row.Groups["folder"].Value)];
    }

    [GeneratedRegex("<!-- layers -->.*<!-- /layers -->", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex(@"^\| `(?<folder>\w+)` ", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Row();
}
