using System.Globalization;

namespace Sockeye.Benchmarks.Output;

/// <summary>Numbers as tables and plots show them.</summary>
internal static class Figures
{
    internal const string None = "-";

    /// <summary>Three digits that count: 4.71, 52.3, 1,204.</summary>
    internal static string Short(double? value) => value is not { } number ? None
        : Math.Abs(number) switch
        {
            < 0.995 => number.ToString("0.000", CultureInfo.InvariantCulture),
            < 9.995 => number.ToString("0.00", CultureInfo.InvariantCulture),
            < 99.95 => number.ToString("0.0", CultureInfo.InvariantCulture),
            _ => number.ToString("N0", CultureInfo.InvariantCulture),
        };

    /// <summary>How many times.</summary>
    internal static string Times(double? value) => value is { } number ? number.ToString("0.00", CultureInfo.InvariantCulture) + "×" : None;
}
