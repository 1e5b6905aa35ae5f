using System.Buffers;
using System.Globalization;
using System.Text;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>A part of an endpoint string, by position, so that its reader can point at a character.</summary>
internal readonly record struct SocketUriPart(int Start, int End)
{
    internal int Length => End - Start;

    internal bool IsEmpty => End <= Start;
}

/// <summary>
/// The one parser of the text of addresses: of endpoint strings, and of what an end point's own Parse takes. It reads
/// pieces and keeps the first thing that is wrong. Every member that reads returns false after a <see cref="Fail"/>, so
/// that a family's parser is a chain of them; none throws, whatever the text.
/// </summary>
internal sealed class SocketUriReader(string text, int? defaultPort = null)
{
    internal static readonly SearchValues<char> DigitsAndPoints = SearchValues.Create("0123456789.");
    internal static readonly SearchValues<char> SixSigns = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>The whole string.</summary>
    internal string Text { get; } = text;

    /// <summary>The port of an address that names none; null when it must.</summary>
    internal int? DefaultPort { get; } = defaultPort;

    /// <summary>Where the first problem is; -1 while there is none.</summary>
    internal int Position { get; private set; } = -1;

    /// <summary>The first problem.</summary>
    internal string Problem { get; private set; } = "";

    /// <summary>What to do about it, shown instead of the scheme's example.</summary>
    internal string? Example { get; private set; }

    internal char this[int index] => Text[index];

    internal ReadOnlySpan<char> Span(SocketUriPart part) => Text.AsSpan(part.Start, part.Length);

    /// <summary>Notes what is wrong, unless something was wrong before.</summary>
    /// <returns>False, for the caller to return.</returns>
    internal bool Fail(int position, string problem, string? example = null)
    {
        if (Position < 0)
        {
            Position = position;
            Problem = problem;
            Example = example;
        }

        return false;
    }

    /// <summary>The position of <paramref name="c"/> in the part, or -1.</summary>
    internal int Find(SocketUriPart part, char c) => Span(part).IndexOf(c) is >= 0 and var at ? part.Start + at : -1;

    /// <summary>A number, in decimal or as 0x…, within bounds.</summary>
    internal bool TryNumber(SocketUriPart part, string what, long min, long max, out long value)
    {
        value = 0;
        ReadOnlySpan<char> digits = Span(part);
        if (digits.IsEmpty)
        {
            return Fail(part.Start, $"{what} is missing");
        }

        int skip = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? 2
            : digits[0] == '-' && min < 0 && digits.Length > 1 ? 1 : 0;
        bool hexadecimal = skip == 2;
        for (int i = skip; i < digits.Length; i++)
        {
            if (!(hexadecimal ? char.IsAsciiHexDigit(digits[i]) : char.IsAsciiDigit(digits[i])))
            {
                return Fail(part.Start + i, $"{what} is a number");
            }
        }

        if (hexadecimal && digits.Length == skip)
        {
            return Fail(part.End, $"{what} is a number; after 0x its digits are missing");
        }

        bool fits = hexadecimal
            ? long.TryParse(digits[skip..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            : long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        return (fits && value <= max && value >= min)
            || Fail(part.Start, fits && value < min && value >= 0 ? $"{what} is at least {min}"
                : min == 0 || min == 1 ? $"{what} is at most {max}"
                : $"{what} is {min} to {max}");
    }

    /// <summary>Text in which %XX is a byte; what is not escaped is UTF-8.</summary>
    internal bool TryUnescape(SocketUriPart part, out byte[] bytes)
    {
        bytes = [];
        var result = new MemoryStream(part.Length);
        Span<byte> utf8 = stackalloc byte[4];
        for (int i = part.Start; i < part.End;)
        {
            if (Text[i] == '%')
            {
                if (i + 2 >= part.End || !char.IsAsciiHexDigit(Text[i + 1]) || !char.IsAsciiHexDigit(Text[i + 2]))
                {
                    return Fail(i, "after % come two hexadecimal digits; % itself is written %25");
                }

                result.WriteByte((byte)((HexValue(Text[i + 1]) << 4) | HexValue(Text[i + 2])));
                i += 3;
                continue;
            }

            if (Rune.DecodeFromUtf16(Text.AsSpan(i, part.End - i), out Rune rune, out int chars) != OperationStatus.Done)
            {
                return Fail(i, "half a character (a lone surrogate); write the bytes as %XX");
            }

            result.Write(utf8[..rune.EncodeToUtf8(utf8)]);
            i += chars;
        }

        bytes = result.ToArray();
        return true;
    }

    /// <summary>As <see cref="TryUnescape"/>, for what must be printable ASCII: an interface's name, an algorithm's.</summary>
    internal bool TryText(SocketUriPart part, string what, int bytesMax, out string text)
    {
        text = "";
        if (part.IsEmpty)
        {
            return Fail(part.Start, $"{what} is missing");
        }

        if (!TryUnescape(part, out byte[] bytes))
        {
            return false;
        }

        if (bytes.Length > bytesMax)
        {
            return Fail(part.Start, $"{what} has at most {bytesMax} bytes");
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] is <= (byte)' ' or >= 0x7F)
            {
                return Fail(part.Start, $"{what} holds letters and digits, no spaces or control characters");
            }
        }

        text = Encoding.ASCII.GetString(bytes);
        return true;
    }

    /// <summary>A decimal number without a sign.</summary>
    /// <param name="part">The digits.</param>
    /// <param name="max">The largest that fits.</param>
    /// <param name="problem">What is wrong with anything else.</param>
    /// <param name="value">The number.</param>
    internal bool TryDecimal(SocketUriPart part, ulong max, string problem, out ulong value) =>
        TryDigits(part, NumberStyles.None, max, problem, out value);

    /// <summary>A hexadecimal number without a prefix.</summary>
    /// <param name="part">The digits.</param>
    /// <param name="max">The largest that fits.</param>
    /// <param name="problem">What is wrong with anything else.</param>
    /// <param name="value">The number.</param>
    internal bool TryHex(SocketUriPart part, ulong max, string problem, out ulong value) =>
        TryDigits(part, NumberStyles.AllowHexSpecifier, max, problem, out value);

    /// <summary>Bytes, two hexadecimal digits each.</summary>
    /// <param name="part">The digits.</param>
    /// <param name="separator">What stands between two bytes; null for nothing.</param>
    /// <param name="bytesMax">No more bytes than these.</param>
    /// <param name="problem">What is wrong with anything else.</param>
    /// <param name="bytes">The bytes; empty for an empty part.</param>
    internal bool TryHexBytes(SocketUriPart part, char? separator, int bytesMax, string problem, out byte[] bytes)
    {
        bytes = [];
        var read = new List<byte>();
        for (int i = part.Start; i < part.End; i += 2)
        {
            if (read.Count > 0 && separator is { } mark && Text[i++] != mark)
            {
                return Fail(i - 1, problem);
            }

            for (int digit = i; digit < i + 2; digit++)
            {
                if (digit >= part.End || !char.IsAsciiHexDigit(Text[digit]) || read.Count == bytesMax)
                {
                    return Fail(Math.Min(digit, part.End), problem);
                }
            }

            read.Add((byte)((HexValue(Text[i]) << 4) | HexValue(Text[i + 1])));
        }

        bytes = [.. read];
        return true;
    }

    /// <summary>Takes what stands before <paramref name="mark"/>, and leaves what follows it.</summary>
    /// <returns>False when the mark is absent: then all is taken, and nothing is left.</returns>
    internal bool Cut(ref SocketUriPart part, char mark, out SocketUriPart before)
    {
        int at = Find(part, mark);
        before = part with { End = at < 0 ? part.End : at };
        part = part with { Start = at < 0 ? part.End : at + 1 };
        return at >= 0;
    }

    /// <summary>An interface of this machine: its name, its index, or * for all, which is 0.</summary>
    /// <remarks>Digits are always an index. A name is looked up now.</remarks>
    internal bool TryInterface(SocketUriPart part, out int index)
    {
        index = 0;
        ReadOnlySpan<char> given = Span(part);
        if (given.IsEmpty)
        {
            return Fail(part.Start, "an interface is missing: its name, or * for all");
        }

        if (given is "*")
        {
            return true;
        }

        const string NoSuch = "this machine has no interface of that name; ip link lists them";
        if (int.TryParse(given, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index))
        {
            return index != 0 || Fail(part.Start, NoSuch);
        }

        if (!TryUnescape(part, out byte[] name))
        {
            return false;
        }

        bool isName = name.Length is > 0 and < FamilyConstants.IFNAMSIZ && !name.Contains((byte)0);
        index = isName ? Math.Max(Libc.InterfaceIndex(Encoding.UTF8.GetString(name)), 0) : 0;
        return index > 0 || Fail(part.Start, NoSuch);
    }

    private bool TryDigits(SocketUriPart part, NumberStyles style, ulong max, string problem, out ulong value)
    {
        value = 0;
        ReadOnlySpan<char> digits = Span(part);
        for (int i = 0; i < digits.Length; i++)
        {
            if (!(style == NumberStyles.None ? char.IsAsciiDigit(digits[i]) : char.IsAsciiHexDigit(digits[i])))
            {
                return Fail(part.Start + i, problem);
            }
        }

        return (ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out value) && value <= max) || Fail(part.Start, problem);
    }

    private static int HexValue(char digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
