using Sockeye.Chat.Terminal;

namespace Sockeye.Chat.Tests.Terminal;

public sealed class ChatScreenTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly LineEditor _editor = new();

    [Theory]
    [InlineData("", 0)]
    [InlineData("plain", 5)]
    [InlineData("grüße", 5)]
    [InlineData("e\u0301", 1)]
    [InlineData("你好", 4)]
    [InlineData("🐟", 2)]
    [InlineData("👩\u200D👩\u200D👧", 2)]
    [InlineData("☺\uFE0F", 2)]
    [InlineData("한글", 4)]
    public void Columns_are_counted_as_a_terminal_does(string text, int columns) => Assert.Equal(columns, TextWidth.Of(text));

    [Fact]
    public void A_line_is_put_above_the_one_being_typed()
    {
        Type("half");
        Screen(40).Print(["[12:00:00] bob: hi"], _editor);
        Assert.Equal("\r\e[K[12:00:00] bob: hi\n> half\r\e[6C", _output.ToString());
    }

    [Fact]
    public void A_long_line_scrolls_sideways_and_never_wraps()
    {
        const int Columns = 20;
        ChatScreen screen = Screen(Columns);
        foreach (char c in "0123456789abcdefghij你好你好你好你好🐟🐟🐟🐟")
        {
            Type($"{c}");
            _output.GetStringBuilder().Clear();
            screen.Draw(_editor);
            (string shown, int cursor) = Row();
            Assert.True(TextWidth.Of(shown) < Columns, shown);
            Assert.Equal(TextWidth.Of(shown), cursor); // the cursor is at the end, where the typing is
        }

        // And back to its beginning.
        _editor.Take(new ConsoleKeyInfo('\0', ConsoleKey.Home, false, false, false));
        _output.GetStringBuilder().Clear();
        screen.Draw(_editor);
        Assert.Equal(("> 0123456789abcdefg", 2), Row());
    }

    [Fact]
    public void A_terminal_that_became_too_narrow_for_the_row_is_redrawn()
    {
        (int Columns, int Rows) size = (80, 12);
        ChatScreen screen = Screen(() => size);
        screen.Print(Enumerable.Range(0, 20).Select(static i => $"line {i}"), _editor);
        Type("one two three four five six seven eight nine");
        screen.Draw(_editor);

        // Wide enough for what is there: the row alone is drawn.
        size = (60, 12);
        _output.GetStringBuilder().Clear();
        screen.Draw(_editor);
        Assert.StartsWith("\r\e[K> one two", _output.ToString());

        // Broken into two rows by the terminal, or cut off: nobody can tell.
        size = (30, 6);
        _output.GetStringBuilder().Clear();
        screen.Print(["[12:00:00] bob: a line that takes two rows now"], _editor);
        Assert.Equal(
            "\e[H\e[2Jline 15\nline 16\nline 17\nline 18\nline 19\n[12:00:00] bob: a line that takes two rows now\n> r five six seven eight nine",
            _output.ToString().Split('\r')[0]);

        // A line that takes two rows leaves room for one less.
        size = (20, 6);
        _output.GetStringBuilder().Clear();
        screen.Draw(_editor);
        Assert.StartsWith("\e[H\e[2Jline 18\nline 19\n[12:00:00] bob: a line that takes two rows now\n> ", _output.ToString());
        _output.GetStringBuilder().Clear();
        screen.Draw(_editor);
        Assert.StartsWith("\r\e[K> ", _output.ToString());
    }

    [Fact]
    public void Lines_are_coloured_by_what_they_are()
    {
        var plain = new LinePainter(colours: false);
        var colours = new LinePainter(colours: true);
        Assert.Equal("[12:00:00] bob: hi", plain.Paint("[12:00:00] bob: hi"));
        Assert.Equal("\e[33m-- notice\e[0m", colours.Paint("-- notice"));
        Assert.Equal("\e[2m[12:00:00] * bob joined #lobby\e[0m", colours.Paint("[12:00:00] * bob joined #lobby"));
        Assert.Matches("^\e\\[2m\\[12:00:00\\]\e\\[0m \e\\[9?[0-9]+mbob\e\\[0m: \\* : ␛\\[0m$", colours.Paint("[12:00:00] bob: * : ␛[0m"));
        Assert.Equal(Colour("bob"), Colour("BOB"));
        Assert.Equal("anything else", colours.Paint("anything else"));
        Assert.Equal("", colours.Paint(""));

        string Colour(string name) => colours.Paint($"[12:00:00] {name}: x").ToLowerInvariant();
    }

    public void Dispose() => _output.Dispose();

    private ChatScreen Screen(int columns) => Screen(() => (columns, 24));

    private ChatScreen Screen(Func<(int Columns, int Rows)> size) => new(_output, size, new LinePainter(colours: false));

    private (string Shown, int Cursor) Row()
    {
        string[] parts = _output.ToString().Split('\r');
        string shown = parts[1]["\e[K".Length..];
        return (shown, int.Parse(parts[2][2..^1]));
    }

    private void Type(string text)
    {
        foreach (char c in text)
        {
            _editor.Take(new ConsoleKeyInfo(c, ConsoleKey.None, false, false, false));
        }
    }
}
