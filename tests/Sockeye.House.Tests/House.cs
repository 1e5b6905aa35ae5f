using System.Text;
using System.Xml.Linq;

namespace Sockeye.House.Tests;

/// <summary>The checkout under test: its folders, projects and sources.</summary>
internal static class House
{
    /// <summary>The rooms from the bottom up; a project may refer only to those before it.</summary>
    public static readonly string[] Rooms = ["Sockeye.Interop", "Sockeye", "Sockeye.Servers", "Sockeye.Chat", "Sockeye.Cli"];

    /// <summary>The folder that holds Sockeye.slnx, looked for upwards from where this program was built.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every project in src/, by name.</summary>
    public static IReadOnlyDictionary<string, XDocument> Projects { get; } =
        Files("src", "*.csproj").ToDictionary(file => Path.GetFileNameWithoutExtension(file), XDocument.Load);

    /// <summary>Every C# file in src/.</summary>
    public static IReadOnlyList<SourceFile> Sources { get; } = [.. Files("src", "*.cs").Select(SourceFile.Read)];

    /// <summary>Every C# file of the repository.</summary>
    public static IReadOnlyList<SourceFile> AllSources { get; } =
        [.. Sources, .. Files("tests", "*.cs").Concat(Files("benchmarks", "*.cs")).Concat(Files("samples", "*.cs")).Select(SourceFile.Read)];

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The path as a reader writes it: from the root, with slashes.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Root, path);

    /// <summary>Files below a folder, what a build made left out; none where the folder does not exist.</summary>
    public static IEnumerable<string> Files(string folder, string pattern)
    {
        string start = PathOf(folder);
        return !Directory.Exists(start) ? [] : Directory.EnumerateFiles(start, pattern, SearchOption.AllDirectories)
            .Where(file => !Relative(file).Split('/').Any(part => part is "bin" or "obj" or "artifacts"))
            .Order(StringComparer.Ordinal);
    }

    /// <summary>Fails with every finding on a line of its own, so that one run shows all.</summary>
    public static void AssertNone(IEnumerable<string> findings, string advice)
    {
        string[] all = [.. findings];
        if (all.Length > 0)
        {
            Assert.Fail($"{advice}\n{string.Join('\n', all)}");
        }
    }

    /// <summary>The same code at any depth of indentation: as if its leftmost line stood at the left edge.</summary>
    public static string Unindented(string code)
    {
        string[] lines = [.. code.Split('\n').Select(line => line.TrimEnd())];
        int depth = lines.Where(line => line.Length > 0).Select(line => line.Length - line.TrimStart().Length).DefaultIfEmpty(0).Min();
        return string.Join('\n', lines.Select(line => line.Length == 0 ? line : line[depth..])).Trim('\n');
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sockeye.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Sockeye.slnx above {AppContext.BaseDirectory}.");
    }
}

/// <summary>A C# file twice: as it stands, and with comments and literals blanked out.</summary>
internal sealed class SourceFile
{
    private SourceFile(string path, string text)
    {
        Name = House.Relative(path);
        Text = text;
        Code = CSharpText.Blank(text);
    }

    public string Name { get; }

    public string Text { get; }

    /// <summary>The text with every comment and literal replaced by spaces; lines and columns hold.</summary>
    public string Code { get; }

    public static SourceFile Read(string path) => new(path, File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true)));

    public bool IsIn(params string[] parts) => Name.StartsWith(string.Join('/', parts) + "/", StringComparison.Ordinal);

    public string At(int index) => $"{Name}:{Text.AsSpan(0, index).Count('\n') + 1}";
}
