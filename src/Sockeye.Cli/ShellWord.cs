using System.Buffers;

namespace Sockeye.Cli;

/// <summary>Quotes words on lines that people copy into a shell.</summary>
internal static class ShellWord
{
    // Characters that a shell would interpret: zsh takes brackets for a pattern, and fails if nothing matches it.
    private static readonly SearchValues<char> Special = SearchValues.Create("?&*[]()<>|;$`\"\\' \t\n~#!{}");

    /// <summary>The word as it is, or in single quotes.</summary>
    /// <param name="word">Anything.</param>
    public static string Quote(string word) => word.AsSpan().ContainsAny(Special) ? $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'" : word;
}
