using System.Buffers;

namespace Sockeye.Cli;

/// <summary>A word on a line that people copy into a shell.</summary>
internal static class ShellWord
{
    // What a shell would not leave as it is: zsh takes brackets for a pattern, and fails where nothing matches.
    private static readonly SearchValues<char> Special = SearchValues.Create("?&*[]()<>|;$`\"\\' \t\n~#!{}");

    /// <summary>The word as it is, or in single quotes.</summary>
    /// <param name="word">Anything.</param>
    public static string Quote(string word) => word.AsSpan().ContainsAny(Special) ? $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'" : word;
}
