using System.Globalization;
using System.Text;

namespace Sockeye.Chat.Terminal;

/// <summary>
/// A scrolling terminal whose last row is the line being typed. That row never wraps: a long line scrolls sideways
/// in it, so taking it away and drawing it again is one row's work.
/// </summary>
internal sealed class ChatScreen(TextWriter output, Func<int> columns, LinePainter painter)
{
    private const string Prompt = "> ";
    private const string EraseRow = "\r\e[K";

    /// <summary>Puts lines above the line being typed.</summary>
    public void Print(IEnumerable<string> lines, LineEditor editor)
    {
        var text = new StringBuilder(EraseRow);
        foreach (string line in lines)
        {
            text.Append(painter.Paint(line)).Append('\n');
        }

        output.Write(text.Append(Row(editor)).ToString());
        output.Flush();
    }

    /// <summary>Draws the line being typed.</summary>
    public void Draw(LineEditor editor)
    {
        output.Write(EraseRow + Row(editor));
        output.Flush();
    }

    /// <summary>Takes the row away, for good.</summary>
    public void Close()
    {
        output.Write(EraseRow);
        output.Flush();
    }

    private string Row(LineEditor editor)
    {
        int room = Math.Max(1, columns() - Prompt.Length - 1);
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
