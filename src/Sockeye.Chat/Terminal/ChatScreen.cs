using System.Globalization;
using System.Text;

namespace Sockeye.Chat.Terminal;

/// <summary>
/// A scrolling terminal whose last row is the line being typed. That row never wraps: a long line scrolls sideways
/// in it, so taking it away and drawing it again is one row's work.
/// </summary>
/// <remarks>
/// When the terminal becomes too narrow for the row that is on it, some terminals break that row into several (tmux, and
/// most of those with a window), others cut it off (xterm, the console), and none reports it. So the screen is redrawn, from
/// the last lines that were printed.
/// </remarks>
internal sealed class ChatScreen(TextWriter output, Func<(int Columns, int Rows)> size, LinePainter painter)
{
    private const string Prompt = "> ";
    private const string EraseRow = "\r\e[K";
    private const string EraseScreen = "\e[H\e[2J";
    private const int RecentLinesMost = 200; // as many rows as a large terminal has
    private const int RecentCharsMost = 65_536;

    private readonly Queue<string> _recent = new(); // what a new drawing shows
    private int _recentChars;
    private int _drawnColumns;

    /// <summary>Puts lines above the line being typed.</summary>
    public void Print(IEnumerable<string> lines, LineEditor editor)
    {
        (int columns, int rows) = size();
        var text = new StringBuilder();
        Erase(text, columns, rows);
        foreach (string line in lines)
        {
            text.Append(painter.Paint(line)).Append('\n');
            Remember(line);
        }

        output.Write(text.Append(Row(editor, columns)).ToString());
        output.Flush();
    }

    /// <summary>Draws the line being typed.</summary>
    public void Draw(LineEditor editor) => Print([], editor);

    /// <summary>Takes the row away, for good.</summary>
    public void Close()
    {
        output.Write(EraseRow);
        output.Flush();
    }

    private void Erase(StringBuilder text, int columns, int rows)
    {
        if (_drawnColumns < columns)
        {
            text.Append(EraseRow);
            return;
        }

        text.Append(EraseScreen);
        int free = rows - 1;
        int from = _recent.Count;
        string[] lines = [.. _recent];
        while (from > 0 && (free -= Math.Max(1, (TextWidth.Of(lines[from - 1]) + columns - 1) / columns)) >= 0)
        {
            from--;
        }

        foreach (string line in lines.AsSpan(from))
        {
            text.Append(painter.Paint(line)).Append('\n');
        }
    }

    private void Remember(string line)
    {
        _recent.Enqueue(line);
        _recentChars += line.Length;
        while (_recent.Count > RecentLinesMost || _recentChars > RecentCharsMost)
        {
            _recentChars -= _recent.Dequeue().Length;
        }
    }

    private string Row(LineEditor editor, int columns)
    {
        int room = Math.Max(1, columns - Prompt.Length - 1);
        string text = editor.Text;

        // Text elements from the cursor leftwards as far as they fit, then rightwards as far as there is room.
        int[] starts = StringInfo.ParseCombiningCharacters(text);
        int cursor = Array.FindIndex(starts, start => start >= editor.Cursor);
        cursor = cursor < 0 ? starts.Length : cursor;
        int first = cursor;
        int before = 0;
        while (first > 0 && before + Width(first - 1) <= room)
        {
            before += Width(--first);
        }

        int end = cursor;
        int used = before;
        while (end < starts.Length && used + Width(end) <= room)
        {
            used += Width(end++);
        }

        _drawnColumns = Prompt.Length + used;
        int from = first < starts.Length ? starts[first] : text.Length;
        int to = end < starts.Length ? starts[end] : text.Length;
        return string.Create(
            CultureInfo.InvariantCulture, $"{Prompt}{text[from..to]}\r\e[{Prompt.Length + before}C");

        int Width(int element)
        {
            int stop = element + 1 < starts.Length ? starts[element + 1] : text.Length;
            return TextWidth.OfElement(text.AsSpan(starts[element], stop - starts[element]));
        }
    }
}
