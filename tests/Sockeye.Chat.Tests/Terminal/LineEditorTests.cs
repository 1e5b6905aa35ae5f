using Sockeye.Chat.Terminal;

namespace Sockeye.Chat.Tests.Terminal;

public sealed class LineEditorTests
{
    private readonly LineEditor _editor = new(charsMax: 20, historyMax: 3);

    [Fact]
    public void Text_is_inserted_and_removed_where_the_cursor_is()
    {
        Type("held");
        Press(ConsoleKey.LeftArrow);
        Type("lo worl");
        Assert.Equal("hello world", _editor.Text);
        Press(ConsoleKey.Home);
        Press(ConsoleKey.Delete);
        Type("J");
        Press(ConsoleKey.RightArrow);
        Press(ConsoleKey.Backspace);
        Press(ConsoleKey.End);
        Type("!");
        Assert.Equal("Jllo world!", _editor.Text);
        Press(ConsoleKey.W, control: true);
        Assert.Equal("Jllo ", _editor.Text);
        Press(ConsoleKey.A, control: true);
        Press(ConsoleKey.F, control: true);
        Press(ConsoleKey.K, control: true);
        Assert.Equal("J", _editor.Text);
        Press(ConsoleKey.U, control: true);
        Press(ConsoleKey.Backspace); // nothing to take
        Press(ConsoleKey.LeftArrow);
        Assert.Equal(("", 0), (_editor.Text, _editor.Cursor));
    }

    [Theory]
    [InlineData("🐟")] // two code units
    [InlineData("e\u0301")] // two characters, one to a reader
    [InlineData("👩\u200D👩\u200D👧")] // eight code units
    public void What_a_reader_takes_for_one_character_is_one(string element)
    {
        Type("a" + element + "b");
        Press(ConsoleKey.LeftArrow);
        Press(ConsoleKey.LeftArrow);
        Assert.Equal(1, _editor.Cursor);
        Press(ConsoleKey.RightArrow);
        Press(ConsoleKey.Backspace);
        Assert.Equal("ab", _editor.Text);
    }

    [Fact]
    public void Half_a_character_and_control_characters_are_not_typed()
    {
        Type("\uDC1Fa\uD83D");
        Type("b\e\0\u0090");
        Assert.Equal("ab", _editor.Text);
    }

    [Fact]
    public void Length_is_bounded()
    {
        Type(new string('x', 19) + "🐟y" + "z");
        Assert.Equal(new string('x', 19) + "y", _editor.Text);
    }

    [Fact]
    public void History_goes_up_and_comes_back_to_what_was_being_typed()
    {
        foreach (string line in new[] { "one", "two", "two", " ", "three", "four" })
        {
            Type(line);
            Assert.Equal(EditorResult.Submitted, Press(ConsoleKey.Enter));
            Assert.Equal((line, ""), (_editor.Submitted, _editor.Text));
        }

        Type("half");
        var seen = new List<string>();
        for (int i = 0; i < 4; i++)
        {
            Press(ConsoleKey.UpArrow);
            seen.Add(_editor.Text);
        }

        Assert.Equal(["four", "three", "two", "two"], seen); // three are kept, and nothing twice in a row
        for (int i = 0; i < 4; i++)
        {
            Press(ConsoleKey.DownArrow);
        }

        Assert.Equal(("half", 4), (_editor.Text, _editor.Cursor));
    }

    [Fact]
    public void Ctrl_c_quits_and_ctrl_d_on_an_empty_line()
    {
        Assert.Equal(EditorResult.Quit, Press(ConsoleKey.D, control: true));
        Type("ab");
        Press(ConsoleKey.Home);
        Assert.Equal(EditorResult.Edited, Press(ConsoleKey.D, control: true));
        Assert.Equal("b", _editor.Text);
        Assert.Equal(EditorResult.Quit, Press(ConsoleKey.C, control: true));
    }

    [Fact]
    public void No_keys_in_any_order_break_it()
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        ConsoleKey[] keys = [.. Enum.GetValues<ConsoleKey>()];
        for (int i = 0; i < 20_000; i++)
        {
            var key = new ConsoleKeyInfo(
                (char)(random.Next(4) == 0 ? random.Next(char.MaxValue) : random.Next('a', 'z')),
                keys[random.Next(keys.Length)], random.Next(2) == 0, false, random.Next(3) == 0);
            _editor.Take(key);
            Assert.True(_editor.Cursor >= 0 && _editor.Cursor <= _editor.Text.Length && _editor.Text.Length <= 20, $"seed {seed}, step {i}");
        }
    }

    private void Type(string text)
    {
        foreach (char c in text)
        {
            _editor.Take(new ConsoleKeyInfo(c, ConsoleKey.None, false, false, false));
        }
    }

    private EditorResult Press(ConsoleKey key, bool control = false) =>
        _editor.Take(new ConsoleKeyInfo('\0', key, false, false, control));
}
