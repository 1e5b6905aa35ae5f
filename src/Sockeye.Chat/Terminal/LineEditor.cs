using System.Globalization;
using System.Text;

namespace Sockeye.Chat.Terminal;

/// <summary>What a key led to.</summary>
internal enum EditorResult
{
    /// <summary>The line may have changed: draw it.</summary>
    Edited,

    /// <summary>Enter: the line is in <see cref="LineEditor.Submitted"/>, and a new one begins.</summary>
    Submitted,

    /// <summary>Ctrl-C, or Ctrl-D on an empty line.</summary>
    Quit,
}

/// <summary>The line being typed: text, cursor, history. Pure: keys in, state out; no console.</summary>
internal sealed class LineEditor(int charsMax = 4_096, int historyMax = 100)
{
    private readonly StringBuilder _text = new();
    private readonly List<string> _history = [];
    private int _historyAt; // _history.Count means the line being typed
    private string _typed = "";
    private char _highSurrogate;

    public string Text => _text.ToString();

    /// <summary>In UTF-16 units; always between text elements.</summary>
    public int Cursor { get; private set; }

    public string Submitted { get; private set; } = "";

    public EditorResult Take(ConsoleKeyInfo key)
    {
        bool control = (key.Modifiers & ConsoleModifiers.Control) != 0;
        switch (key.Key)
        {
            case ConsoleKey.Enter:
                return Submit();
            case ConsoleKey.C when control:
                return EditorResult.Quit;
            case ConsoleKey.D when control && _text.Length == 0:
                return EditorResult.Quit;
            case ConsoleKey.J or ConsoleKey.M when control:
                return Submit();
            case ConsoleKey.LeftArrow:
            case ConsoleKey.B when control:
                Cursor = Before();
                break;
            case ConsoleKey.RightArrow:
            case ConsoleKey.F when control:
                Cursor = After();
                break;
            case ConsoleKey.Home:
            case ConsoleKey.A when control:
                Cursor = 0;
                break;
            case ConsoleKey.End:
            case ConsoleKey.E when control:
                Cursor = _text.Length;
                break;
            case ConsoleKey.Backspace:
            case ConsoleKey.H when control:
                Remove(Before(), Cursor);
                break;
            case ConsoleKey.Delete:
            case ConsoleKey.D when control:
                Remove(Cursor, After());
                break;
            case ConsoleKey.U when control:
                Remove(0, Cursor);
                break;
            case ConsoleKey.K when control:
                Remove(Cursor, _text.Length);
                break;
            case ConsoleKey.W when control:
                Remove(WordStart(), Cursor);
                break;
            case ConsoleKey.UpArrow:
            case ConsoleKey.P when control:
                Recall(_historyAt - 1);
                break;
            case ConsoleKey.DownArrow:
            case ConsoleKey.N when control:
                Recall(_historyAt + 1);
                break;
            default:
                Insert(key.KeyChar);
                break;
        }

        return EditorResult.Edited;
    }

    private EditorResult Submit()
    {
        Submitted = Text;
        if (!string.IsNullOrWhiteSpace(Submitted) && (_history.Count == 0 || _history[^1] != Submitted))
        {
            _history.Add(Submitted);
            if (_history.Count > historyMax)
            {
                _history.RemoveAt(0);
            }
        }

        _historyAt = _history.Count;
        _typed = "";
        Set("");
        return EditorResult.Submitted;
    }

    private void Insert(char c)
    {
        // The console gives a character beyond U+FFFF as two keys; half of one must not be drawn or sent.
        if (char.IsHighSurrogate(c))
        {
            _highSurrogate = c;
            return;
        }

        string text = char.IsLowSurrogate(c) ? $"{_highSurrogate}{c}" : $"{c}";
        _highSurrogate = default;
        bool isBroken = text.Length == 2 && !char.IsHighSurrogate(text[0]);
        if (!isBroken && !char.IsControl(c) && _text.Length + text.Length <= charsMax)
        {
            _text.Insert(Cursor, text);
            Cursor += text.Length;
        }
    }

    private void Remove(int from, int to)
    {
        _text.Remove(from, to - from);
        Cursor = from;
    }

    private void Recall(int at)
    {
        if (at < 0 || at > _history.Count)
        {
            return;
        }

        if (_historyAt == _history.Count)
        {
            _typed = Text;
        }

        _historyAt = at;
        Set(at == _history.Count ? _typed : _history[at]);
    }

    private void Set(string text)
    {
        _text.Clear().Append(text);
        Cursor = text.Length;
    }

    private int Before()
    {
        int last = 0;
        string text = Text;
        for (int i = 0; i < Cursor; i += StringInfo.GetNextTextElementLength(text, i))
        {
            last = i;
        }

        return last;
    }

    private int After()
    {
        string text = Text;
        return Cursor < text.Length ? Cursor + StringInfo.GetNextTextElementLength(text, Cursor) : Cursor;
    }

    private int WordStart()
    {
        int i = Cursor;
        while (i > 0 && _text[i - 1] == ' ')
        {
            i--;
        }

        while (i > 0 && _text[i - 1] != ' ')
        {
            i--;
        }

        return i;
    }
}
