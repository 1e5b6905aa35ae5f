using System.Text;

namespace Sockeye;

/// <summary>What is wrong with an endpoint string: where, why, and how a right one looks.</summary>
/// <param name="Text">The string as it was given.</param>
/// <param name="Position">The index, in chars, of the character that is wrong; the length of <paramref name="Text"/> when something is missing at its end.</param>
/// <param name="Problem">What is wrong, in one line: <c>a port is at most 65535</c>.</param>
/// <param name="Example">A right string: the given one, corrected where that can be guessed, else one of the same scheme.</param>
public sealed record SocketUriError(string Text, int Position, string Problem, string Example)
{
    // What is shown of a long string, left and right of the character: one line of a terminal.
    private const int ShownCharsMax = 50;

    /// <summary>
    /// Four lines: the problem, the string, a caret under the character, a right string. Control characters are
    /// shown as one sign each, so that the caret stands right and no terminal obeys them.
    /// </summary>
    public string Message
    {
        get
        {
            int from = Math.Max(0, Position - ShownCharsMax);
            int to = Math.Min(Text.Length, Position + ShownCharsMax);
            var message = new StringBuilder(Problem).Append("\n    ");
            message.Append(from > 0 ? "…" : "");
            foreach (char c in Text.AsSpan(from, to - from))
            {
                message.Append(Shown(c));
            }

            message.Append(to < Text.Length ? "…" : "");
            message.Append("\n    ").Append(' ', Position - from + (from > 0 ? 1 : 0)).Append('^');
            return message.Append("\n  right: ").Append(Example).ToString();
        }
    }

    /// <summary>A character that a terminal may be shown: none that moves the cursor, turns the text's direction, or stands on another.</summary>
    internal static char Shown(char c) => char.IsControl(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c)
        is System.Globalization.UnicodeCategory.Format
        or System.Globalization.UnicodeCategory.NonSpacingMark
        or System.Globalization.UnicodeCategory.EnclosingMark
        or System.Globalization.UnicodeCategory.LineSeparator
        or System.Globalization.UnicodeCategory.ParagraphSeparator ? '\uFFFD' : c;

    /// <summary>As <see cref="Message"/>.</summary>
    public override string ToString() => Message;
}
