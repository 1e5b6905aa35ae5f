using System.Globalization;
using System.Text;

namespace Sockeye.Cli;

/// <summary>Makes received bytes safe to show: what is not text, or would control a terminal, is escaped.</summary>
internal static class ByteText
{
    /// <summary>
    /// The bytes as UTF-8 text in one line; a byte that is not text as <c>\xff</c>, a control character as <c>\n</c> or
    /// <c>\x1b</c>, a backslash as <c>\\</c>.
    /// </summary>
    /// <param name="bytes">Anything.</param>
    public static string Show(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        Span<char> characters = stackalloc char[2];
        while (!bytes.IsEmpty)
        {
            bool isText = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            if (isText && IsShown(rune))
            {
                text.Append(characters[..rune.EncodeToUtf16(characters)]);
            }
            else if (isText && rune.Value > 0xff)
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
            }
            else
            {
                foreach (byte value in bytes[..length])
                {
                    Escape(text, value);
                }
            }

            bytes = bytes[length..];
        }

        return text.ToString();
    }

    /// <summary>As <see cref="Show(ReadOnlySpan{byte})"/>, of text.</summary>
    /// <param name="text">Anything.</param>
    public static string Show(string text) => Show(Encoding.UTF8.GetBytes(text));

    /// <summary>Without the line end that it may have, LF or CR LF.</summary>
    /// <param name="bytes">A line, or a part of one.</param>
    public static ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> bytes) => bytes[..^LineEndLength(bytes)];

    /// <summary>How long the line end is: 0, 1 or 2.</summary>
    /// <param name="bytes">A line, or a part of one.</param>
    public static int LineEndLength(ReadOnlySpan<byte> bytes) =>
        bytes.EndsWith("\r\n"u8) ? 2 : bytes.EndsWith("\n"u8) ? 1 : 0;

    /// <summary>Appends a byte in its escaped form.</summary>
    internal static void Escape(StringBuilder text, byte value) => _ = value switch
    {
        (byte)'\n' => text.Append("\\n"),
        (byte)'\r' => text.Append("\\r"),
        (byte)'\t' => text.Append("\\t"),
        (byte)'\\' => text.Append("\\\\"),
        _ => text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}"),
    };

    /// <summary>Whether a character may be shown as it is.</summary>
    // Format characters can reverse the direction of text, or are invisible: U+202E, for one.
    internal static bool IsShown(Rune rune) => rune.Value != '\\' && Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);
}
