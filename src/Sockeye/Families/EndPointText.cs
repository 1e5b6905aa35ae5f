using System.Buffers;
using System.Globalization;
using System.Text;
using Sockeye.Interop;

namespace Sockeye.Families;

/// <summary>How addresses are written: bytes, and names of interfaces, as <see cref="SocketUriReader"/> reads them.</summary>
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
        return new SocketUriReader(text).TryInterface(new(0, text.Length), out int back) && back == index ? text : number;
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
