using System.Globalization;
using System.Text;
using Sockeye.Chat.Domain;

namespace Sockeye.Chat.Tests.Domain;

public sealed class ChatTextTests
{
    [Theory]
    [InlineData("plain text, nothing else", "plain text, nothing else")]
    [InlineData("grüße 你好 🐟 👩\u200D👩\u200D👧", "grüße 你好 🐟 👩\u200D👩\u200D👧")] // ZWJ holds the family together
    [InlineData("\e[31mred\e[0m", "␛[31mred␛[0m")]
    [InlineData("bell\a back\b del\x7F cr\r", "bell␇ back␈ del␡ cr␍")]
    [InlineData("a\tb", "a b")]
    [InlineData("a\0b", "ab")]
    [InlineData("a\u009B31mb", "a\uFFFD31mb")] // C1 CSI: an escape sequence without ESC
    [InlineData("a\u2028b\u0085c", "a b c")]
    [InlineData("a\u202Eb\u2066c\uFEFFd", "a\uFFFDb\uFFFDc\uFFFDd")]
    [InlineData("a\U000E0041b", "a\uFFFDb")] // a tag character: invisible writing
    public void Clean_text_harms_no_terminal(string text, string expected)
    {
        Assert.Equal(expected, ChatText.Clean(text));
        Assert.Equal(expected, ChatText.Clean(expected));
    }

    [Fact]
    public void Clean_text_is_returned_as_it_is() =>
        Assert.Same("grüße", ChatText.Clean("grüße"));

    [Fact]
    public void Half_a_surrogate_pair_is_a_broken_character() =>
        Assert.Equal("a\uFFFDb\uFFFD", ChatText.Clean(new string(['a', '\uD83D', 'b', '\uDC1F'])));

    [Fact]
    public void No_character_of_unicode_gets_through_that_may_not()
    {
        for (int value = 0; value <= 0x10FFFF; value++)
        {
            if (!Rune.IsValid(value))
            {
                continue;
            }

            string clean = ChatText.Clean(char.ConvertFromUtf32(value));
            foreach (Rune rune in clean.EnumerateRunes())
            {
                UnicodeCategory category = Rune.GetUnicodeCategory(rune);
                bool isNeededMark = rune.Value is 0x61C or (>= 0x200C and <= 0x200F);
                Assert.False(
                    category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                    || (category == UnicodeCategory.Format && !isNeededMark),
                    $"U+{value:X4}");
            }
        }
    }

    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc")]
    [InlineData("aé", 2, "a")]
    [InlineData("a🐟", 4, "a")]
    [InlineData("a🐟", 5, "a🐟")]
    [InlineData("abc", 0, "")]
    public void A_cut_splits_no_character(string text, int bytes, string expected) =>
        Assert.Equal(expected, ChatText.Cut(text, bytes));
}
