using System.Globalization;

namespace Sockeye.Cli;

/// <summary>Kinds of options that more than one command has.</summary>
internal static class OptionTypes
{
    public const int ChatPort = 6667;

    /// <summary>A number with a least value.</summary>
    public static Option<int> Number(string name, string what, int byDefault, int least)
    {
        var option = new Option<int>(name) { Description = what, HelpName = "N", DefaultValueFactory = _ => byDefault };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out int value)
                && value < least)
            {
                result.AddError($"{name} {value}: at least {least}");
            }
        });
        return option;
    }

    /// <summary>A time: 500ms, 60s, 2m.</summary>
    public static Option<TimeSpan?> Time(string name, string what, TimeSpan byDefault)
    {
        return new Option<TimeSpan?>(name)
        {
            // The library would print the default as 00:00:00.5000000, so it is said here and filled in by the command.
            Description = $"{what} [default: {(byDefault < TimeSpan.FromSeconds(1) ? $"{byDefault.TotalMilliseconds}ms" : $"{byDefault.TotalSeconds}s")}]",
            HelpName = "TIME",
            CustomParser = result =>
            {
                string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (TryParseTime(text, out TimeSpan time))
                {
                    return time;
                }

                result.AddError($"{name} {text}: a time is a number and ms, s, m or h: 500ms, 60s");
                return null;
            },
        };
    }

    /// <summary>One end point.</summary>
    public static EndPointText? ParseEndPoint(ArgumentResult result, string name)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (!EndPointText.TryParse(text, ChatPort, out EndPointText? endPoint, out string problem))
        {
            result.AddError($"{name}: {problem}");
        }

        return endPoint;
    }

    public static bool TryParseTime(string text, out TimeSpan time)
    {
        time = default;
        int unit = 0;
        while (unit < text.Length && (char.IsAsciiDigit(text[unit]) || text[unit] == '.'))
        {
            unit++;
        }

        if (!double.TryParse(text.AsSpan(0, unit), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
        {
            return false;
        }

        double milliseconds = text[unit..] switch
        {
            "ms" => value,
            "s" => value * 1_000,
            "m" => value * 60_000,
            "h" => value * 3_600_000,
            _ => double.NaN,
        };
        if (!(milliseconds <= TimeSpan.FromDays(24).TotalMilliseconds)) // what a timer takes
        {
            return false;
        }

        time = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }
}
