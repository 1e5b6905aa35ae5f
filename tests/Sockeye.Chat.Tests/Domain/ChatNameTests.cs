using Sockeye.Chat.Domain;

namespace Sockeye.Chat.Tests.Domain;

public sealed class ChatNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("alice")]
    [InlineData("_x")]
    [InlineData("7of9")]
    [InlineData("o'hara-smith.jr")]
    [InlineData("[w]{x}^y`z|")]
    [InlineData("Ünïcödé")]
    [InlineData("山田太郎")]
    [InlineData("हिन्दी")]
    [InlineData("คนไทย")]
    [InlineData("עברית")]
    [InlineData("𝒳𝒴𝒵")]
    [InlineData("\u03ACbc")]
    [InlineData("\u8C48")]
    [InlineData("\u00C5")]
    [InlineData("\uFA0E")] // an ideograph between the compatibility ones that is none
    [InlineData("\u0622")]
    [InlineData("\u0995\u09CB")]
    [InlineData("\u0995\u09BE")]
    public void Good_names_pass(string text)
    {
        Assert.True(ChatName.TryParsePerson(text, 24, out ChatName name, out string problem), problem);
        Assert.Equal(text, name.Text);
    }

    [Theory]
    [InlineData("", "at least one")]
    [InlineData("a b", "a space")]
    [InlineData("a:b", ":")]
    [InlineData("*", "*")]
    [InlineData("#lobby", "#")]
    [InlineData("-x", "does not begin with")]
    [InlineData("a/b", "/")]
    [InlineData("a\tb", "U+0009")]
    [InlineData("a\eb", "U+001B")]
    [InlineData("a\u0085b", "U+0085")]
    [InlineData("a\u202Eb", "U+202E")]
    [InlineData("a\u200Db", "without spaces")]
    [InlineData("a\u00A0b", "without spaces")]
    [InlineData("a\uFFFDb", "without spaces")]
    [InlineData("a\uFE0F", "without spaces")]
    [InlineData("\u3164", "without spaces")]
    [InlineData("cafe\u0301", "U+0301")]
    [InlineData("\u1112\u1161\u11AB", "U+1161")]
    [InlineData("\u1F71bc", "U+1F71")]
    [InlineData("\uF900", "U+F900")]
    [InlineData("\u212B", "U+212B")]
    [InlineData("a\U0002FA1D", "U+2FA1D")]
    [InlineData("\u0627\u0653", "U+0653")]
    [InlineData("\u0995\u09C7\u09BE", "U+09BE")]
    [InlineData("🐟", "without spaces")]
    [InlineData("abcdefghijklmnopqrstuvwxy", "at most 24")]
    public void Bad_names_are_refused_with_the_reason(string text, string expected)
    {
        Assert.False(ChatName.TryParsePerson(text, 24, out _, out string problem));
        Assert.Contains(expected, problem);
        Assert.DoesNotContain(problem, char.IsControl);
    }

    [Theory]
    [InlineData("lobby", "#lobby")]
    [InlineData("#lobby", "#lobby")]
    [InlineData("Garten", "#Garten")]
    public void A_rooms_sign_may_be_left_out(string text, string expected)
    {
        Assert.True(ChatName.TryParseRoom(text, 32, out ChatName name, out string problem), problem);
        Assert.Equal(expected, name.Text);
        Assert.Equal(expected.ToLowerInvariant(), name.Key);
    }

    [Theory]
    [InlineData("#")]
    [InlineData("##x")]
    [InlineData("# x")]
    public void Bad_rooms_are_refused(string text) => Assert.False(ChatName.TryParseRoom(text, 32, out _, out _));

    [Fact]
    public void Length_counts_characters_not_code_units()
    {
        Assert.True(ChatName.TryParsePerson("𝒳𝒴𝒵", 3, out _, out _));
        Assert.False(ChatName.TryParsePerson("𝒳𝒴𝒵", 2, out _, out _));
    }
}
