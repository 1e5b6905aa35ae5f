using Sockeye.Chat.Domain;
using Sockeye.Chat.Lines;

namespace Sockeye.Chat.Terminal;

/// <summary>A line of the chat, cleaned by <see cref="ReceivedLines"/>, as it is shown: in colour where that is wanted.</summary>
internal sealed class LinePainter(bool colours)
{
    private const string Dim = "\e[2m";
    private const string Yellow = "\e[33m";
    private const string Plain = "\e[0m";

    // Red is left for errors, blue is unreadable on black, and yellow is the server's.
    private static readonly string[] NameColours = ["\e[32m", "\e[35m", "\e[36m", "\e[92m", "\e[95m", "\e[96m"];

    /// <summary>Colours are wanted on a terminal, unless NO_COLOR says otherwise (no-color.org).</summary>
    public static bool WantsColours => !Console.IsOutputRedirected
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && !string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);

    public string Paint(string line)
    {
        if (!colours)
        {
            return line;
        }

        if (LineReplies.IsNotice(line))
        {
            return $"{Yellow}{line}{Plain}";
        }

        const int TimeLength = 10; // [HH:mm:ss]
        if (line.Length <= TimeLength || line[0] != '[' || line[TimeLength - 1] != ']')
        {
            return line;
        }

        string time = line[..TimeLength];
        string rest = line[TimeLength..];
        int colon = rest.IndexOf(": ", StringComparison.Ordinal);
        if (rest.StartsWith(" * ", StringComparison.Ordinal) || colon < 0)
        {
            return $"{Dim}{line}{Plain}";
        }

        string name = rest[1..colon];
        return $"{Dim}{time}{Plain} {ColourOf(name)}{name}{Plain}{rest[colon..]}";
    }

    private static string ColourOf(string name)
    {
        uint hash = 2_166_136_261; // FNV-1a: the same name has the same colour in every run
        foreach (char c in ChatName.Fold(name))
        {
            hash = unchecked((hash ^ c) * 16_777_619);
        }

        return NameColours[hash % NameColours.Length];
    }
}
