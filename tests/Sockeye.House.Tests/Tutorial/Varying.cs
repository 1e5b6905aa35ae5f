using System.Text.RegularExpressions;

namespace Sockeye.House.Tests.Tutorial;

/// <summary>What may differ between the page and a run: clocks, durations, and ports of the kernel's choice.</summary>
internal static partial class Varying
{
    // Each is both: what to look for on the page, and what to take in its place.
    private static readonly string[] _patterns =
    [
        @"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}",
        @"\d\d:\d\d:\d\d(?:\.\d{3})?",
        @"\d+(?:\.\d+)? ms",
        @"(?<=:|port )[1-6]\d{4}\b",
    ];

    /// <summary>An expression that the text matches, and every other text that differs only in what may differ.</summary>
    public static string Pattern(string text)
    {
        foreach (string pattern in _patterns)
        {
            // Parts that are settled stand between the marks, and are not looked at again.
            text = Regex.Replace(text, $"{pattern}(?![^\u0001]*\u0002)", _ => $"\u0001{Array.IndexOf(_patterns, pattern)}\u0002", RegexOptions.None, TimeSpan.FromSeconds(1));
        }

        return Mark().Replace(Regex.Escape(text), mark => _patterns[int.Parse(mark.Groups["index"].Value)]);
    }

    [GeneratedRegex("\u0001(?<index>\\d)\u0002", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Mark();
}
