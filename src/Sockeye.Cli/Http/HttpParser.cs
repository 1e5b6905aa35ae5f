using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Sockeye.Cli.Http;

// The contract of the parser:
// - It is fed whatever came, in pieces of any size, and keeps nothing of them but an unfinished line.
// - It never throws, whatever it is fed: what is wrong is Bad, with Failure and Problem. End and Bad are final.
// - Every length is bounded: a line, a head, the fields of a head or of the trailers, the interim responses before the real one.
// - A body is handed on where it lies in the piece: no byte of it is copied or kept, and no memory is taken for it.

/// <summary>What a piece of a response brought.</summary>
internal enum HttpStep
{
    /// <summary>All of it is read, and there is more to come.</summary>
    More,

    /// <summary><see cref="HttpParser.Head"/> is there.</summary>
    Head,

    /// <summary>Bytes of the body.</summary>
    Body,

    /// <summary>The response is whole. What is left of the piece is none of it.</summary>
    End,

    /// <summary>It is not a response that can be read: see <see cref="HttpParser.Failure"/>.</summary>
    Bad,
}

/// <summary>Reads one response (RFC 9112) from bytes as they come.</summary>
internal sealed class HttpParser
{
    /// <summary>The longest line of a head, of the trailers, or before a chunk. A longer one ends the reading.</summary>
    public const int LineBytesMax = 65_536;

    /// <summary>The longest head, and the longest trailers. A longer one ends the reading.</summary>
    public const int HeadBytesMax = 262_144;

    /// <summary>The most lines of fields in a head, and in the trailers. More end the reading.</summary>
    public const int FieldsMax = 1_000;

    /// <summary>The most interim responses (1xx) before the real one. More end the reading.</summary>
    public const int InterimsMax = 16;

    private const int FirstBytesShownMax = 60;
    private static readonly SearchValues<byte> Hexadecimal = SearchValues.Create("0123456789abcdefABCDEF"u8);

    private enum State
    {
        StatusLine,
        Fields,
        Sized,       // Content-Length, or the data of a chunk
        ChunkSize,
        ChunkEnd,    // the CR LF behind a chunk's data
        Trailers,
        UntilClose,
        End,
        Bad,
    }

    private readonly List<KeyValuePair<string, string>> _trailers = [];
    private List<KeyValuePair<string, string>> _fields = [];
    private byte[] _line = []; // an unfinished line: its first _lineBytes bytes
    private int _lineBytes;
    private int _headBytes;
    private int _fieldLines;
    private int _interims;
    private long _left; // of Sized
    private bool _sawReturn; // of ChunkEnd
    private string _version = "";
    private string _reason = "";
    private int _status;
    private State _state = State.StatusLine;

    /// <summary>The head, once it was there.</summary>
    public HttpHead? Head { get; private set; }

    /// <summary>The fields that came behind a chunked body.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Trailers => _trailers;

    /// <summary>How many bytes of the body came.</summary>
    public long BodyBytes { get; private set; }

    /// <summary>How many bytes came in all, as far as they were read.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>Whether the response is whole.</summary>
    public bool IsWhole => _state == State.End;

    /// <summary>What is wrong, after Bad.</summary>
    public HttpFailure Failure { get; private set; }

    /// <summary>What is wrong, after Bad, in words: escaped, and without an end of sentence.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Reads on.</summary>
    /// <param name="input">What came next.</param>
    /// <param name="consumed">How much of it was read; the rest is to be given again.</param>
    /// <param name="bodyBytes">How many bytes of the body are the last ones of those consumed.</param>
    public HttpStep Read(ReadOnlySpan<byte> input, out int consumed, out int bodyBytes)
    {
        consumed = 0;
        bodyBytes = 0;
        HttpStep? step = null;
        while (step is null)
        {
            ReadOnlySpan<byte> rest = input[consumed..];
            int read = 0;
            step = _state switch
            {
                State.End => HttpStep.End,
                State.Bad => HttpStep.Bad,
                _ when rest.IsEmpty => HttpStep.More,
                State.Sized => ReadSized(rest, out read, out bodyBytes),
                State.UntilClose => ReadUntilClose(rest, out read, out bodyBytes),
                State.ChunkEnd => ReadChunkEnd(rest, out read),
                _ => ReadLine(rest, out read),
            };
            consumed += read;
        }

        TotalBytes += consumed;
        return step.Value;
    }

    /// <summary>The connection has ended.</summary>
    /// <returns>End when the response is whole, else Bad.</returns>
    public HttpStep Close()
    {
        switch (_state)
        {
            case State.End or State.UntilClose:
                _state = State.End;
                return HttpStep.End;
            case State.Bad:
                return HttpStep.Bad;
            default:
                return Fail(HttpFailure.Lost, Place);
        }
    }

    /// <summary>How far the response has come, for an error: <c>after 10 of 100 bytes of the body</c>.</summary>
    public string Place => _state switch
    {
        State.StatusLine when TotalBytes == 0 => "before a byte of the response had come",
        State.StatusLine when _lineBytes == 0 && _interims > 0 => $"after {Count(_interims, "interim response")} (1xx) and before the response itself",
        State.StatusLine or State.Fields => $"within the head, after {Bytes(TotalBytes)}",
        _ when Head?.Framing == HttpFraming.Chunked => _state == State.Trailers
            ? $"in the last lines behind the body, of which all {Bytes(BodyBytes)} came"
            : $"within the body, after {Bytes(BodyBytes)} of it and before its last chunk",
        _ when Head?.Length is { } length => $"within the body, after {BodyBytes} of {Bytes(length)}",
        _ => $"within the body, after {Bytes(BodyBytes)} of it",
    };

    private static string Bytes(long count) => Count(count, "byte");

    private static string Count(long count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    // ── the body ──

    private HttpStep? ReadSized(ReadOnlySpan<byte> input, out int read, out int bodyBytes)
    {
        read = bodyBytes = (int)Math.Min(_left, input.Length);
        _left -= read;
        BodyBytes += read;
        if (_left == 0)
        {
            _state = Head!.Framing == HttpFraming.Chunked ? State.ChunkEnd : State.End;
        }

        return HttpStep.Body;
    }

    private HttpStep? ReadUntilClose(ReadOnlySpan<byte> input, out int read, out int bodyBytes)
    {
        read = bodyBytes = input.Length;
        BodyBytes += read;
        return HttpStep.Body;
    }

    private HttpStep? ReadChunkEnd(ReadOnlySpan<byte> input, out int read)
    {
        read = 1;
        if (input[0] != (_sawReturn ? '\n' : '\r'))
        {
            return Fail(HttpFailure.Broken, $"after a chunk's data comes CR LF, not \"{ByteText.Show(input[..1])}\"");
        }

        if (_sawReturn)
        {
            _state = State.ChunkSize;
        }

        _sawReturn = !_sawReturn;
        return null;
    }

    private HttpStep? TakeChunkSize(ReadOnlySpan<byte> line)
    {
        // Not a bare LF: RFC 9112 section 2.2 allows it in start lines and fields alone.
        if (line is not [.., (byte)'\r'])
        {
            return Fail(HttpFailure.Broken, "the line before a chunk does not end with CR LF");
        }

        line = line[..^1];
        int extensions = line.IndexOf((byte)';');
        ReadOnlySpan<byte> digits = extensions < 0 ? line : line[..extensions];
        digits = digits.TrimEnd(" \t"u8); // some servers pad the size with spaces
        if (digits.IsEmpty || line.Contains((byte)'\r'))
        {
            return Fail(HttpFailure.Broken, $"a chunk begins with its size, not \"{Shown(line)}\"");
        }

        digits = digits.TrimStart((byte)'0');
        if (digits.IsEmpty)
        {
            _headBytes = 0;
            _fieldLines = 0;
            _state = State.Trailers;
            return null;
        }

        if (digits.Length > 16 || !Utf8Parser.TryParse(digits, out ulong size, out int used, 'x') || used != digits.Length)
        {
            bool isNumber = digits.IndexOfAnyExcept(Hexadecimal) < 0;
            return Fail(HttpFailure.Broken, isNumber
                ? $"a chunk's size is too large: {Shown(digits)}"
                : $"a chunk's size is a hexadecimal number, not \"{Shown(digits)}\"");
        }

        if (size > (ulong)(long.MaxValue - BodyBytes))
        {
            return Fail(HttpFailure.Broken, $"a chunk's size is too large: {Shown(digits)}");
        }

        _left = (long)size;
        _state = State.Sized;
        return null;
    }

    // ── lines ──

    private HttpStep? ReadLine(ReadOnlySpan<byte> input, out int read)
    {
        int end = input.IndexOf((byte)'\n');
        read = end < 0 ? input.Length : end + 1;

        // What cannot be a response fails at once: such a peer may never end its line.
        if (_state == State.StatusLine && _lineBytes < "HTTP/"u8.Length)
        {
            ReadOnlySpan<byte> wanted = "HTTP/"u8[_lineBytes..];
            int common = Math.Min(wanted.Length, input.Length);
            if (!input[..common].SequenceEqual(wanted[..common]))
            {
                return FailAsNotHttp(input);
            }
        }

        if (_lineBytes + read > LineBytesMax)
        {
            return Fail(HttpFailure.Broken, $"a line is longer than {LineBytesMax} bytes");
        }

        if (_state != State.ChunkSize && (_headBytes += read) > HeadBytesMax)
        {
            return Fail(HttpFailure.Broken, $"the head is longer than {HeadBytesMax} bytes");
        }

        if (end < 0)
        {
            Keep(input);
            return null;
        }

        if (_lineBytes == 0)
        {
            return Take(input[..end]);
        }

        Keep(input[..end]);
        int length = _lineBytes;
        _lineBytes = 0;
        return Take(_line.AsSpan(0, length));
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_lineBytes + part.Length > _line.Length)
        {
            Array.Resize(ref _line, Math.Clamp(2 * (_lineBytes + part.Length), 256, LineBytesMax));
        }

        part.CopyTo(_line.AsSpan(_lineBytes));
        _lineBytes += part.Length;
    }

    private HttpStep? Take(ReadOnlySpan<byte> line)
    {
        if (_state == State.ChunkSize)
        {
            return TakeChunkSize(line);
        }

        line = line is [.., (byte)'\r'] ? line[..^1] : line;
        return _state == State.StatusLine ? TakeStatusLine(line) : TakeField(line);
    }

    // ── the head ──

    private HttpStep? TakeStatusLine(ReadOnlySpan<byte> line)
    {
        // HTTP/1.1 200 OK; the space before an empty reason may be missing.
        if (line.Length < 12 || !char.IsAsciiDigit((char)line[5]) || line[6] != '.' || !char.IsAsciiDigit((char)line[7]) || line[8] != ' '
            || !Utf8Parser.TryParse(line.Slice(9, 3), out int status, out int used) || used != 3 || status < 100
            || (line.Length > 12 && line[12] != ' '))
        {
            return FailAsNotHttp(line);
        }

        if (line[5] != '1')
        {
            return Fail(HttpFailure.NotHttp, $"the response is in {Encoding.ASCII.GetString(line[..8])}, and HTTP/1.1 was asked for");
        }

        _version = Encoding.ASCII.GetString(line[..8]);
        _status = status;
        _reason = line.Length > 13 ? HttpHead.Text(line[13..]) : "";
        _fields = [];
        _fieldLines = 0;
        _state = State.Fields;
        return null;
    }

    private HttpStep? TakeField(ReadOnlySpan<byte> line)
    {
        List<KeyValuePair<string, string>> fields = _state == State.Trailers ? _trailers : _fields;
        if (line.IsEmpty)
        {
            return _state == State.Trailers ? Finish() : FinishHead();
        }

        if (++_fieldLines > FieldsMax)
        {
            return Fail(HttpFailure.Broken, $"there are more than {FieldsMax} header fields");
        }

        if (line[0] is (byte)' ' or (byte)'\t')
        {
            if (fields.Count == 0)
            {
                return Fail(HttpFailure.Broken, $"the first header field begins with a space: \"{Shown(line)}\"");
            }

            // A folded line, which is obsolete: RFC 9112 section 5.2 has a client read it as a space.
            (string key, string value) = fields[^1];
            string more = HttpHead.Text(line);
            fields[^1] = new(key, value.Length == 0 || more.Length == 0 ? value + more : $"{value} {more}");
            return null;
        }

        int colon = line.IndexOf((byte)':');
        string name = colon < 0 ? "" : HttpHead.Text(line[..colon].TrimEnd(" \t"u8)); // such a space is dropped, as proxies must
        if (!HttpHead.IsToken(name))
        {
            return Fail(HttpFailure.Broken, $"a header field is a name, a colon and a value, not \"{Shown(line)}\"");
        }

        fields.Add(new(name, HttpHead.Text(line[(colon + 1)..])));
        return null;
    }

    private HttpStep? FinishHead()
    {
        _headBytes = 0;
        if (_status == 101)
        {
            return Fail(HttpFailure.Broken, "the server changes to another protocol (101), which was not asked for");
        }

        if (_status < 200)
        {
            _state = State.StatusLine;
            return ++_interims > InterimsMax ? Fail(HttpFailure.Broken, $"there are more than {InterimsMax} interim responses (1xx)") : null;
        }

        var head = new HttpHead(_version, _status, _reason, _fields);
        if (!TryFrame(head))
        {
            return HttpStep.Bad;
        }

        Head = head;
        return HttpStep.Head;
    }

    // RFC 9112 section 6.3, in its order.
    private bool TryFrame(HttpHead head)
    {
        if (head.Status is 204 or 304)
        {
            _state = State.End;
            return true;
        }

        string[] codings = [.. Members(head, "Transfer-Encoding")];
        string[] lengths = [.. Members(head, "Content-Length")];
        if (codings.Length > 0)
        {
            int chunked = codings.Count(IsChunked);
            if (chunked > 1)
            {
                Fail(HttpFailure.Broken, "Transfer-Encoding says chunked twice");
                return false;
            }

            bool isChunked = IsChunked(codings[^1]);
            if (chunked > 0 && !isChunked)
            {
                Fail(HttpFailure.Broken, $"Transfer-Encoding ends with {ByteText.Show(codings[^1])}, and chunked comes last");
                return false;
            }

            head.Framing = isChunked ? HttpFraming.Chunked : HttpFraming.UntilClose;
            _state = isChunked ? State.ChunkSize : State.UntilClose;
            head.Note = lengths.Length > 0 ? "the response has both Transfer-Encoding and Content-Length, which a server must not send; the length was ignored"
                : codings.Length > chunked ? $"the body is encoded, which was not asked for, and is left so: {ByteText.Show(string.Join(", ", codings))}"
                : head.Version == "HTTP/1.0" ? "the response has Transfer-Encoding, which HTTP/1.0 does not define; it was followed"
                : null;
            return true;
        }

        if (lengths.Length == 0)
        {
            // An empty field is a member too few, not a missing field.
            if (head.Values("Content-Length").Any())
            {
                Fail(HttpFailure.Broken, "Content-Length is empty");
                return false;
            }

            head.Framing = HttpFraming.UntilClose;
            _state = State.UntilClose;
            return true;
        }

        foreach (string text in lengths)
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            {
                Fail(HttpFailure.Broken, $"Content-Length is a number, not \"{Shown(Encoding.UTF8.GetBytes(text))}\"");
                return false;
            }

            if (head.Length is { } other && other != length)
            {
                Fail(HttpFailure.Broken, $"Content-Length says both {other} and {length}");
                return false;
            }

            head.Length = length;
        }

        _left = head.Length!.Value;
        head.Framing = HttpFraming.Length;
        _state = _left == 0 ? State.End : State.Sized;
        return true;
    }

    private static IEnumerable<string> Members(HttpHead head, string name) =>
        head.Values(name).SelectMany(static value => value.Split(',')).Select(static member => member.Trim(' ', '\t')).Where(static member => member.Length > 0);

    private static bool IsChunked(string coding) => string.Equals(coding, "chunked", StringComparison.OrdinalIgnoreCase);

    // ── ends ──

    private HttpStep? Finish()
    {
        _state = State.End;
        return null;
    }

    private HttpStep FailAsNotHttp(ReadOnlySpan<byte> input)
    {
        byte[] first = [.. _line.AsSpan(0, _lineBytes), .. input[..Math.Min(input.Length, FirstBytesShownMax)]];
        string hint = first switch
        {
            [0x15 or 0x16, 0x03, ..] => "; this is TLS, try https://",
            [0, 0, _, 4 or 7 or 8, ..] => "; this looks like HTTP/2",
            _ => "",
        };
        return Fail(HttpFailure.NotHttp, $"the response is not HTTP: it begins with \"{Shown(first)}\"{hint}");
    }

    private static string Shown(ReadOnlySpan<byte> bytes) =>
        ByteText.Show(bytes[..Math.Min(bytes.Length, FirstBytesShownMax)]) + (bytes.Length > FirstBytesShownMax ? "…" : "");

    private HttpStep Fail(HttpFailure failure, string problem)
    {
        _state = State.Bad;
        Failure = failure;
        Problem = problem;
        return HttpStep.Bad;
    }
}
