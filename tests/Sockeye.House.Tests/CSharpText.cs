namespace Sockeye.House.Tests;

/// <summary>
/// Just enough of C#'s lexer to tell code from comments and literals. The guards look for words; a word in a
/// sentence is no offence. The holes of interpolated strings are code and stay.
/// </summary>
internal sealed class CSharpText
{
    private readonly string _text;
    private readonly char[] _code;
    private int _at;

    private CSharpText(string text)
    {
        _text = text;
        _code = text.ToCharArray();
    }

    public static string Blank(string text)
    {
        CSharpText lexer = new(text);
        lexer.Code(closingBraces: 0);
        return new string(lexer._code);
    }

    private char Peek(int ahead = 0) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private bool Sees(string token) => string.CompareOrdinal(_text, _at, token, 0, token.Length) == 0;

    private void Erase(int count)
    {
        for (; count > 0 && _at < _text.Length; count--, _at++)
        {
            if (_text[_at] != '\n')
            {
                _code[_at] = ' ';
            }
        }
    }

    private int Run(char c, int from = 0)
    {
        int length = 0;
        while (Peek(from + length) == c)
        {
            length++;
        }

        return length;
    }

    // Reads code to the end of the text, or to the braces that close an interpolation hole.
    private void Code(int closingBraces)
    {
        int depth = 0;
        while (_at < _text.Length)
        {
            if (closingBraces > 0 && depth == 0 && Peek() == '}')
            {
                return;
            }

            if (Sees("//"))
            {
                while (_at < _text.Length && Peek() != '\n')
                {
                    Erase(1);
                }
            }
            else if (Sees("/*"))
            {
                Erase(2);
                while (_at < _text.Length && !Sees("*/"))
                {
                    Erase(1);
                }

                Erase(2);
            }
            else if (Peek() == '\'')
            {
                Erase(1);
                Quoted('\'');
            }
            else if (Peek() is '"' or '$' or '@')
            {
                Literal();
            }
            else
            {
                depth += Peek() switch { '{' => 1, '}' => -1, _ => 0 };
                _at++;
            }
        }
    }

    // "…", @"…", $"…", $@"…", """…""", $$"""…""", or a lone @ before a name.
    private void Literal()
    {
        int prefix = 0, dollars = 0;
        bool verbatim = false;
        for (; Peek(prefix) is '$' or '@'; prefix++)
        {
            dollars += Peek(prefix) == '$' ? 1 : 0;
            verbatim |= Peek(prefix) == '@';
        }

        int quotes = Run('"', prefix);
        if (quotes == 0)
        {
            _at += prefix;
            return;
        }

        bool raw = quotes >= 3;
        Erase(prefix + (raw ? quotes : 1));
        while (_at < _text.Length)
        {
            if (raw ? Run('"') >= quotes : Peek() == '"')
            {
                if (!raw && verbatim && Peek(1) == '"')
                {
                    Erase(2);
                    continue;
                }

                Erase(raw ? quotes : 1);
                return;
            }

            if (!raw && !verbatim && Peek() == '\\')
            {
                Erase(2);
            }
            else if (dollars > 0 && Peek() == '{')
            {
                Hole(raw ? dollars : 1, raw);
            }
            else
            {
                Erase(1);
            }
        }
    }

    // In $"…" two braces are a brace; in $$"""…""" fewer braces than dollars are braces.
    private void Hole(int braces, bool raw)
    {
        int seen = Run('{');
        if (raw ? seen < braces : seen % 2 == 0)
        {
            Erase(seen);
            return;
        }

        Erase(seen);
        Code(braces);
        Erase(braces);
    }

    private void Quoted(char end)
    {
        while (_at < _text.Length && Peek() != end)
        {
            Erase(Peek() == '\\' ? 2 : 1);
        }

        Erase(1);
    }
}
