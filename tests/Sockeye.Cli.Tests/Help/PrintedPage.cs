namespace Sockeye.Cli.Tests.Help;

/// <summary>Pages of the checkout that are printed from tables of the code, between two marks.</summary>
internal static class PrintedPage
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Compares what stands between a page's marks with what the tables say; <c>./test --accept-api</c> writes it anew.</summary>
    /// <param name="file">The page, from the root.</param>
    /// <param name="mark">The name of the marks.</param>
    /// <param name="content">What is to stand between them.</param>
    public static void Check(string file, string mark, string content)
    {
        string path = Path.Combine(Root, file);
        string text = File.ReadAllText(path);
        string? made = Replace(text, mark, $"\n{content}\n");
        Assert.True(made is not null, $"{file} has no marks for {mark}");
        if (Environment.GetEnvironmentVariable("SOCKEYE_ACCEPT_API") == "1")
        {
            File.WriteAllText(path, made);
            return;
        }

        Assert.True(made == text, $"{file} does not say what the code says; if that is meant: ./test --accept-api\n{FirstDifference(made, text)}");
    }

    private static string? Replace(string text, string mark, string content)
    {
        string begin = $"<!-- {mark} -->\n", end = $"<!-- /{mark} -->";
        int from = text.IndexOf(begin, StringComparison.Ordinal);
        int to = text.IndexOf(end, StringComparison.Ordinal);
        return from < 0 || to < from ? null : string.Concat(text.AsSpan(0, from + begin.Length), content, text.AsSpan(to));
    }

    private static string FirstDifference(string made, string text)
    {
        foreach ((string wanted, string found) in made.Split('\n').Zip(text.Split('\n')))
        {
            if (wanted != found)
            {
                return $"code: {wanted}\npage: {found}";
            }
        }

        return "one of the two is longer";
    }

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Sockeye.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No Sockeye.slnx above {AppContext.BaseDirectory}.");
    }
}
