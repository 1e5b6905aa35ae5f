using System.Globalization;
using System.Text;

namespace Sockeye.Chat.Domain;

/// <summary>What a text may contain that other people's terminals will show.</summary>
/// <remarks>
/// A control character could move somebody's cursor, ring a bell or start an escape sequence; a directional override
/// could make words read as what they are not (Unicode TR 36, CVE-2021-42574). None of them passes, whichever way the
/// text came in. Marks that languages and emoji need (ZWJ, ZWNJ, LRM, RLM, ALM) do.
/// </remarks>
public static class ChatText
{
    /// <summary>
    /// The text made safe: C0 controls become their pictures (ESC is ␛), a tab or line separator becomes a space, NUL
    /// vanishes, and C1 controls, directional overrides, invisible format characters and lone surrogates become U+FFFD.
    /// </summary>
    public static string Clean(string text)
    {
        int first = FirstUnsafe(text);
        if (first < 0)
        {
            return text;
        }

        var clean = new StringBuilder(text.Length + 8).Append(text, 0, first);
        foreach (Rune rune in text.AsSpan(first).EnumerateRunes()) // gives U+FFFD for a lone surrogate
        {
            switch (Judge(rune.Value))
            {
                case Verdict.Keep:
                    clean.Append(rune);
                    break;
                case Verdict.Picture:
                    clean.Append((char)(rune.Value == 0x7F ? 0x2421 : 0x2400 + rune.Value));
                    break;
                case Verdict.Space:
                    clean.Append(' ');
                    break;
                case Verdict.Replace:
                    clean.Append('\uFFFD');
                    break;
                case Verdict.Drop:
                    break;
            }
        }

        return clean.ToString();
    }

    /// <summary>The longest beginning of the text that has at most so many UTF-8 bytes and splits no character.</summary>
    public static string Cut(string text, int bytesMax)
    {
        if (text.Length * 3L <= bytesMax || Encoding.UTF8.GetByteCount(text) <= bytesMax)
        {
            return text;
        }

        int bytes = 0;
        int chars = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > bytesMax)
            {
                break;
            }

            chars += rune.Utf16SequenceLength;
        }

        return text[..chars];
    }

    private static int FirstUnsafe(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is >= ' ' and < '\x7F')
            {
                continue;
            }

            if (char.IsSurrogate(c) || Judge(c) != Verdict.Keep)
            {
                return i; // a surrogate is judged with its partner, on the slow path
            }
        }

        return -1;
    }

    private static Verdict Judge(int rune) => rune switch
    {
        0 => Verdict.Drop,
        '\t' => Verdict.Space,
        < 0x20 or 0x7F => Verdict.Picture,
        < 0x7F => Verdict.Keep,
        0x85 or 0x2028 or 0x2029 => Verdict.Space, // NEL, line and paragraph separators
        < 0xA0 => Verdict.Replace,
        0xAD => Verdict.Drop, // a soft hyphen shows only where a terminal breaks the line
        0x61C or 0x200C or 0x200D or 0x200E or 0x200F => Verdict.Keep,
        _ => Rune.GetUnicodeCategory(new Rune(rune)) == UnicodeCategory.Format ? Verdict.Replace : Verdict.Keep,
    };

    private enum Verdict
    {
        Keep,
        Picture,
        Space,
        Replace,
        Drop,
    }
}
