using System.Text;
using Sockeye.Cli.Clients;

namespace Sockeye.Cli.Tests.Clients;

/// <summary>The parsers of the clients: fed whole, halved, byte by byte, and with garbage.</summary>
public sealed class ClientTextTests
{
    [Theory]
    [InlineData("plain text\twith a tab\n", "plain text\twith a tab\n")]
    [InlineData("C:\\path {\"a\":\"\\n\"}", "C:\\path {\"a\":\"\\n\"}")]
    [InlineData("a\r\nb\rc\r", "a\r\nb\\rc\\r")]
    [InlineData("\x1b[2J\a\0\x7f", "\\x1b[2J\\x07\\x00\\x7f")]
    [InlineData("é🐟\u202eabc\u200f", "é🐟\\u{202e}abc\\u{200f}")]
    [InlineData("\u0085", "\\xc2\\x85")]
    public void Text_is_shown_the_same_in_any_parts(string text, string expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int part = 1; part <= bytes.Length; part++)
        {
            Assert.Equal(expected, Show(bytes, part));
        }
    }

    [Fact]
    public void Bytes_that_are_no_text_are_shown_and_harm_nothing_in_any_parts()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 2_000; i++)
        {
            byte[] bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            string whole = Show(bytes, int.MaxValue);
            Assert.True(whole == Show(bytes, 1) && whole == Show(bytes, 3), $"seed {seed}: {Convert.ToHexString(bytes)}");
            Assert.True(whole.Replace("\r\n", "", StringComparison.Ordinal).All(static c => c is '\n' or '\t' || !char.IsControl(c)), $"seed {seed}: {whole}");
        }
    }

    [Theory]
    [InlineData("", 4)]
    [InlineData("a\nbc\r\n\nd", 4, "a", "bc", "", "d")]
    [InlineData("abcd\r\nabcde\nx", 4, "abcd", "5", "x")]
    [InlineData("abcdefghijkl\r\nx\n", 4, "12", "x")]
    [InlineData("abcdefghijkl", 4, "12")]
    [InlineData("\r\n\r", 4, "", "\r")]
    public void Lines_are_cut_the_same_in_any_parts(string text, int longest, params string[] expected)
    {
        for (int part = 1; part <= text.Length + 1; part++)
        {
            Assert.Equal(expected, Lines(Encoding.UTF8.GetBytes(text), longest, part));
        }
    }

    [Fact]
    public void Any_lines_are_cut_as_a_simple_reader_cuts_them()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        for (int i = 0; i < 2_000; i++)
        {
            byte[] bytes = new byte[random.Next(60)];
            for (int at = 0; at < bytes.Length; at++)
            {
                bytes[at] = "ab\r\n"u8[random.Next(4)];
            }

            string[] parts = Encoding.UTF8.GetString(bytes).Split('\n');
            IEnumerable<string> lines = parts[..^1].Select(static line => line.EndsWith('\r') ? line[..^1] : line);
            lines = parts[^1].Length > 0 ? lines.Append(parts[^1]) : lines;
            int longest = random.Next(1, 8);
            string[] expected = [.. lines.Select(line => line.Length > longest ? $"{line.Length}" : line)];
            Assert.True(expected.SequenceEqual(Lines(bytes, longest, random.Next(1, 9))), $"seed {seed}: {Convert.ToHexString(bytes)}, {longest}");
        }
    }

    [Theory]
    [InlineData(true, "quit")]
    [InlineData(true, "quit\n")]
    [InlineData(true, "hello\nquit\r\nmore")]
    [InlineData(true, "qu|it\n")]
    [InlineData(true, "hello\nq|u|i|t\r\n")]
    [InlineData(true, "hello|quit")] // what one receive gave, as tutorials send it
    [InlineData(true, "quit\r|\n")]
    [InlineData(false, "quitter\n")]
    [InlineData(false, "qu|itter\n")]
    [InlineData(false, "hello qu|it\n")]
    [InlineData(false, "a quit\n")]
    [InlineData(false, "xxxxxxxxxxxxxx|it\n")]
    [InlineData(false, "Quit\n")]
    [InlineData(false, "")]
    public void Quit_is_a_line_or_what_one_receive_gave(bool expected, string chunks)
    {
        var messages = new EchoMessages(isStream: true);
        bool isQuit = false;
        foreach (string chunk in chunks.Split('|'))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(chunk);
            for (int at = 0; at < bytes.Length && !isQuit;)
            {
                isQuit = messages.Next(bytes.AsSpan(at), out int length);
                Assert.InRange(length, 1, bytes.Length - at);
                at += length;
            }
        }

        Assert.Equal(expected, isQuit);
    }

    [Fact]
    public void Datagrams_do_not_make_up_a_line()
    {
        var messages = new EchoMessages(isStream: false);
        Assert.False(messages.Next("qu"u8, out _));
        Assert.False(messages.Next("it\n"u8, out _));
        Assert.False(messages.Next("one\nquit\nx"u8, out int length));
        Assert.Equal("one\nquit\nx".Length, length);
        Assert.True(messages.Next("quit"u8, out _));
        Assert.True(messages.Next("quit\r\n"u8, out _));
    }

    private static string Show(byte[] bytes, int part)
    {
        var shown = new ShownText();
        var output = new MemoryStream();
        foreach (byte[] chunk in bytes.Chunk(part))
        {
            output.Write(shown.Show(chunk));
        }

        output.Write(shown.End());
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static string[] Lines(byte[] bytes, int longest, int part)
    {
        var found = new List<string>();
        var lines = new InputLines(new Parts(bytes, part), longest);
        while (lines.TryRead(out ReadOnlyMemory<byte> line, out long length))
        {
            found.Add(length > longest ? $"{length}" : Encoding.UTF8.GetString(line.Span));
        }

        return [.. found];
    }

    private sealed class Parts(byte[] bytes, int part) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, part)]);
    }
}
