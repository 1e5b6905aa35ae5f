namespace Sockeye.Cli;

/// <summary>Adds colours where they are wanted, and leaves the text as it is elsewhere.</summary>
internal sealed class Style(bool hasColours)
{
    /// <summary>When there are colours.</summary>
    public enum When
    {
        /// <summary>On a terminal, unless NO_COLOR (no-color.org) or TERM=dumb says otherwise.</summary>
        Auto,
        Always,
        Never,
    }

    /// <summary>Whether this colours anything.</summary>
    public bool HasColours { get; } = hasColours;

    /// <summary>The style of an output.</summary>
    /// <param name="when">What was asked for.</param>
    /// <param name="isTerminal">Whether the output is a terminal.</param>
    public static Style Of(When when, bool isTerminal) => new(when switch
    {
        When.Always => true,
        When.Never => false,
        _ => isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && !string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal),
    });

    /// <summary>Secondary text: addresses, times.</summary>
    public string Dim(string text) => Paint("\e[2m", text);

    /// <summary>Success.</summary>
    public string Good(string text) => Paint("\e[32m", text);

    /// <summary>Failure.</summary>
    public string Bad(string text) => Paint("\e[31m", text);

    private string Paint(string colour, string text) => HasColours ? $"{colour}{text}\e[0m" : text;
}
