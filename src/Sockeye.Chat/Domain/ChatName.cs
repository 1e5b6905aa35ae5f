using System.Globalization;
using System.Text;

namespace Sockeye.Chat.Domain;

/// <summary>A name as it is shown, and the key under which it is unique.</summary>
/// <remarks>
/// The rules, for people and for rooms (whose "#" may be left out when asking, and is always shown):
/// letters, digits, the marks that scripts other than Latin, Greek and Cyrillic need, and <c>_ [ ] { } ^ ` |</c>; after the
/// first character also <c>- . '</c>; no spaces, controls or invisible characters.
/// Names are compared by simple case mapping, upper then lower (so ς, σ and Σ are one letter), and never by culture.
/// Text must come composed (NFC): "é" is one character. The runtime cannot compose without ICU, which we do not
/// require of a machine; so what is not composed is refused, with a hint, rather than allowing a second "café".
/// </remarks>
public readonly struct ChatName : IEquatable<ChatName>
{
    private ChatName(string text, string key)
    {
        Text = text;
        Key = key;
    }

    /// <summary>As it is shown.</summary>
    public string Text { get; }

    /// <summary>As it is compared.</summary>
    public string Key { get; }

    /// <summary>The key of a text: simple upper case, then simple lower case.</summary>
    public static string Fold(string text) => text.ToUpperInvariant().ToLowerInvariant();

    /// <summary>Reads a person's name; on failure <paramref name="problem"/> is a sentence that says what to do.</summary>
    public static bool TryParsePerson(string text, int lengthMax, out ChatName name, out string problem) =>
        TryParse(text, "A name", lengthMax, "", out name, out problem);

    /// <summary>Reads a room's name, with or without "#".</summary>
    public static bool TryParseRoom(string text, int lengthMax, out ChatName name, out string problem) =>
        TryParse(text.StartsWith('#') ? text[1..] : text, "A room's name", lengthMax, "#", out name, out problem);

    /// <inheritdoc/>
    public bool Equals(ChatName other) => string.Equals(Key, other.Key, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ChatName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Key?.GetHashCode(StringComparison.Ordinal) ?? 0;

    /// <summary>Whether both are the same name.</summary>
    public static bool operator ==(ChatName left, ChatName right) => left.Equals(right);

    /// <summary>Whether they are different names.</summary>
    public static bool operator !=(ChatName left, ChatName right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => Text ?? "";

    private static bool TryParse(
        string text, string what, int lengthMax, string prefix, out ChatName name, out string problem)
    {
        name = default;
        int length = 0;
        int before = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (++length > lengthMax)
            {
                problem = $"{what} has at most {lengthMax} characters.";
                return false;
            }

            if (NeedsComposing(rune) || Uncomposed.ArePair(before, rune.Value))
            {
                problem = $"{what} is written composed: U+{rune.Value:X4} belongs in one character with the one before it.";
                return false;
            }

            if (Uncomposed.Contains(rune.Value))
            {
                problem = $"{what} is written composed (NFC): U+{rune.Value:X4} stands for another character, which looks the same.";
                return false;
            }

            before = rune.Value;
            if (!MayStand(rune, first: length == 1))
            {
                problem = length == 1 && MayStand(rune, first: false)
                    ? $"{what} does not begin with {Show(rune)}."
                    : $"{what} is made of letters, digits and - _ . ' [ ] {{ }} ^ ` |, without spaces; {Show(rune)} may not be in it.";
                return false;
            }
        }

        if (length == 0)
        {
            problem = $"{what} has at least one character.";
            return false;
        }

        name = new ChatName(prefix + text, prefix + Fold(text));
        problem = "";
        return true;
    }

    private static string Show(Rune rune) =>
        rune.Value == ' ' ? "a space"
        : Rune.IsControl(rune) || ChatText.Clean(rune.ToString()) != rune.ToString() ? $"U+{rune.Value:X4}"
        : rune.ToString();

    private static bool MayStand(Rune rune, bool first)
    {
        if (rune.IsAscii)
        {
            return Rune.IsLetterOrDigit(rune) || rune.Value is '_' or '[' or ']' or '{' or '}' or '^' or '`' or '|'
                || (!first && rune.Value is '-' or '.' or '\'');
        }

        // U+FFFD is "other symbol", so a name with a broken byte is refused here.
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber => true,
            // Hangul fillers are "letters" that show nothing.
            UnicodeCategory.OtherLetter => rune.Value is not (0x115F or 0x1160 or 0x3164 or 0xFFA0),
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark => !first && !IsInvisibleMark(rune.Value),
            _ => false,
        };
    }

    // Variation selectors and the grapheme joiner: two names that differ in them look the same.
    private static bool IsInvisibleMark(int rune) =>
        rune is 0x34F or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F)
            or (>= 0xE0100 and <= 0xE01EF);

    // Combining diacritical marks and conjoining Hangul: what NFC would merge into the character before.
    private static bool NeedsComposing(Rune rune) =>
        rune.Value is (>= 0x300 and <= 0x36F and not 0x34F) or (>= 0x1AB0 and <= 0x1AFF) or (>= 0x1DC0 and <= 0x1DFF)
            or (>= 0x20D0 and <= 0x20FF) or (>= 0xFE20 and <= 0xFE2F)
            or (>= 0x1161 and <= 0x11FF) or 0x3099 or 0x309A;
}
