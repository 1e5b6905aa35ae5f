using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Sockeye.Interop;

namespace Sockeye.Families;

/// <summary>
/// The pieces of endpoint strings: bytes as text, numbers, names of interfaces. Nothing here throws on what it reads.
/// </summary>
internal static class EndPointText
{
    private const string AlwaysEscaped = "%?#";

    /// <summary>Bytes as text: printable UTF-8 as it is, other bytes and %, ?, # as %XX.</summary>
    /// <param name="bytes">Any bytes.</param>
    /// <param name="escapeToo">Further ASCII characters that must not stand bare.</param>
    internal static string Escape(ReadOnlySpan<byte> bytes, string escapeToo = "")
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int count);
            if (status == OperationStatus.Done && IsPrintable(rune)
                && !(rune.IsAscii && (AlwaysEscaped.Contains((char)rune.Value, StringComparison.Ordinal) || escapeToo.Contains((char)rune.Value, StringComparison.Ordinal))))
            {
                text.Append(rune.ToString());
            }
            else
            {
                for (int i = 0; i < count; i++)
                {
                    text.Append('%').Append(bytes[i].ToString("X2", CultureInfo.InvariantCulture));
                }
            }

            bytes = bytes[count..];
        }

        return text.ToString();
    }

    /// <summary>The bytes that <see cref="Escape"/> wrote.</summary>
    /// <returns>False when a % has no two digits behind it, a surrogate has no other half, or the room is too small.</returns>
    internal static bool TryUnescape(ReadOnlySpan<char> text, Span<byte> destination, out int length)
    {
        length = 0;
        while (!text.IsEmpty)
        {
            int count;
            if (text[0] == '%')
            {
                if (length == destination.Length || text.Length < 3 || !TryHex(text[1..3], out uint value))
                {
                    return false;
                }

                destination[length++] = (byte)value;
                count = 3;
            }
            else
            {
                if (Rune.DecodeFromUtf16(text, out Rune rune, out count) != OperationStatus.Done
                    || !rune.TryEncodeToUtf8(destination[length..], out int written))
                {
                    return false;
                }

                length += written;
            }

            text = text[count..];
        }

        return true;
    }

    /// <summary>A decimal number without sign or blank; <c>*</c> is <paramref name="any"/> where that is given.</summary>
    internal static bool TryNumber(ReadOnlySpan<char> text, out uint value, uint? any = null)
    {
        if (any is { } all && text is "*")
        {
            value = all;
            return true;
        }

        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Hexadecimal digits without a prefix.</summary>
    internal static bool TryHex(ReadOnlySpan<char> text, out uint value) =>
        uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    /// <summary>Hexadecimal bytes, two digits each.</summary>
    /// <param name="text">The digits.</param>
    /// <param name="separator">What stands between two bytes; null for nothing.</param>
    /// <param name="lengthMax">No more bytes than these.</param>
    /// <param name="bytes">The bytes.</param>
    internal static bool TryHexBytes(ReadOnlySpan<char> text, char? separator, int lengthMax, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        int stride = separator is null ? 2 : 3;
        int digits = separator is null || text.IsEmpty ? text.Length : text.Length + 1;
        if (digits % stride != 0 || digits / stride > lengthMax)
        {
            return false;
        }

        byte[] read = new byte[digits / stride];
        for (int i = 0; i < read.Length; i++)
        {
            if (!TryHex(text.Slice(i * stride, 2), out uint value) || (separator is { } mark && i > 0 && text[(i * stride) - 1] != mark))
            {
                return false;
            }

            read[i] = (byte)value;
        }

        bytes = read;
        return true;
    }

    /// <summary>An interface by name: <c>*</c> for none in particular, the number where no name can stand for it.</summary>
    /// <remarks>Digits are always an index: a name of digits alone is written as its index.</remarks>
    internal static string Interface(int index)
    {
        if (index == 0)
        {
            return "*";
        }

        string number = index.ToString(CultureInfo.InvariantCulture);
        if (Libc.InterfaceName(index) is not { } name)
        {
            return number;
        }

        // The kernel takes any bytes but blanks, / and : for a name; what cannot be read back exactly goes by number.
        string text = Escape(Encoding.UTF8.GetBytes(name), "*/:@,");
        return TryInterface(text, out int back) && back == index ? text : number;
    }

    /// <summary>Reads what <see cref="Interface"/> wrote, by asking the kernel for the name's index.</summary>
    /// <returns>False when there is no interface of that name.</returns>
    internal static bool TryInterface(ReadOnlySpan<char> text, out int index)
    {
        index = 0;
        if (text is "*")
        {
            return true;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index))
        {
            return index != 0;
        }

        Span<byte> name = stackalloc byte[FamilyConstants.IFNAMSIZ];
        if (!TryUnescape(text, name[..^1], out int length) || length == 0 || name[..length].Contains((byte)0))
        {
            return false;
        }

        index = Math.Max(Libc.InterfaceIndex(Encoding.UTF8.GetString(name[..length])), 0);
        return index > 0;
    }

    /// <summary>The text behind one of the prefixes, if it has one.</summary>
    internal static ReadOnlySpan<char> WithoutPrefix(ReadOnlySpan<char> text, string prefix) =>
        text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? text[prefix.Length..] : text;

    /// <summary>Takes what stands before <paramref name="mark"/>, and leaves what stands behind it.</summary>
    /// <returns>False when the mark is absent: then all is taken, and nothing is left.</returns>
    internal static bool Cut(ref ReadOnlySpan<char> text, char mark, out ReadOnlySpan<char> before)
    {
        int at = text.IndexOf(mark);
        before = at < 0 ? text : text[..at];
        text = at < 0 ? [] : text[(at + 1)..];
        return at >= 0;
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
