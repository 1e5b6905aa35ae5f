using System.Text;

namespace Sockeye.Cli.Tests;

/// <summary>Bytes shown to people: nothing is hidden, nothing is obeyed by a terminal.</summary>
public sealed class ByteTextTests
{
    [Theory]
    [InlineData("hello", "hello")]
    [InlineData("naïve Ω 中 😀", "naïve Ω 中 😀")]
    [InlineData("a\nb\r\t\0\e[31m", @"a\nb\r\t\x00\x1b[31m")]
    [InlineData(@"a\b", @"a\\b")]
    [InlineData("\u009b31m", @"\xc2\x9b31m")]
    [InlineData("left\u202eright", @"left\u{202e}right")]
    [InlineData("\u2028", @"\u{2028}")]
    public void Text_is_itself_and_what_steers_is_escaped(string text, string shown) => Assert.Equal(shown, ByteText.Show(text));

    [Fact]
    public void Bytes_that_are_no_text_are_shown_as_numbers() =>
        Assert.Equal(@"a\xffb\xc3(\xe4\xb8", ByteText.Show([(byte)'a', 0xff, (byte)'b', 0xc3, (byte)'(', 0xe4, 0xb8]));

    [Theory]
    [InlineData("a\n", "a", 1)]
    [InlineData("a\r\n", "a", 2)]
    [InlineData("a\r", "a\r", 0)]
    [InlineData("\n", "", 1)]
    [InlineData("", "", 0)]
    [InlineData("a\n\n", "a\n", 1)]
    public void One_line_end_is_taken_off(string line, string without, int length)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(line);
        Assert.Equal(without, Encoding.ASCII.GetString(ByteText.WithoutLineEnd(bytes)));
        Assert.Equal(length, ByteText.LineEndLength(bytes));
    }

    [Fact]
    public void Any_bytes_become_one_line_of_visible_text()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        for (int i = 0; i < 2_000; i++)
        {
            byte[] bytes = new byte[random.Next(50)];
            random.NextBytes(bytes);
            string shown = ByteText.Show(bytes);
            Assert.True(!shown.Any(static c => char.IsControl(c)) && shown.Length >= bytes.Length / 4, $"seed {seed}: {Convert.ToHexString(bytes)} is shown as {shown}");
        }
    }
}
