namespace Sockeye.Cli.Serving;

/// <summary>Splits a chunk into messages: each complete line is one, and so is a rest without a line end.</summary>
/// <remarks>
/// Chunks are not joined: a name that was split over two receives is two messages. That is the rule of programs that take one
/// receive for one message, and it needs no memory.
/// </remarks>
/// <param name="bytes">What one receive of a stream gave.</param>
internal ref struct MessageLines(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;
    private bool _isOver;

    /// <summary>The message, without its line end.</summary>
    public ReadOnlySpan<byte> Text { get; private set; }

    /// <summary>The line end that it had: LF, CR LF, or nothing.</summary>
    public ReadOnlySpan<byte> LineEnd { get; private set; }

    /// <summary>Goes to the next message.</summary>
    /// <returns>False when there is none.</returns>
    public bool MoveNext()
    {
        if (_isOver)
        {
            return false;
        }

        int end = _rest.IndexOf((byte)'\n') + 1;
        ReadOnlySpan<byte> line = end > 0 ? _rest[..end] : _rest;
        int text = line.Length - ByteText.LineEndLength(line);
        Text = line[..text];
        LineEnd = line[text..];
        _rest = _rest[line.Length..];
        _isOver = _rest.IsEmpty;
        return true;
    }
}
