namespace Sockeye.Cli.Clients;

/// <summary>Reads lines from an input, without their line ends, LF or CR LF; whatever follows the last line end is a line as well.</summary>
/// <param name="input">Read until it ends; one that cannot be read has ended.</param>
/// <param name="lineBytesMax">The bytes of the longest line; a longer one is counted, and its bytes are dropped.</param>
internal sealed class InputLines(Stream input, int lineBytesMax)
{
    // A line that fits, with CR LF, always fits here.
    private readonly byte[] _buffer = new byte[lineBytesMax + 2];
    private int _start;
    private int _end;
    private bool _hasEnded;

    /// <summary>Reads the next line.</summary>
    /// <param name="line">The line; empty when it is too long. It stands until the next call.</param>
    /// <param name="length">Its length.</param>
    /// <returns>False at the end.</returns>
    public bool TryRead(out ReadOnlyMemory<byte> line, out long length)
    {
        long dropped = 0;
        bool endsWithReturn = false; // of what was dropped
        int scanned = 0;
        while (true)
        {
            int at = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (at >= 0)
            {
                int count = scanned + at;
                ReadOnlyMemory<byte> found = _buffer.AsMemory(_start, count);
                _start += count + 1;
                return Give(found, dropped, hasReturn: count > 0 ? found.Span[^1] == '\r' : endsWithReturn, out line, out length);
            }

            scanned = _end - _start;
            if (_hasEnded)
            {
                ReadOnlyMemory<byte> rest = _buffer.AsMemory(_start, scanned);
                _start = _end;
                bool isThere = scanned > 0 || dropped > 0;
                Give(rest, dropped, hasReturn: false, out line, out length);
                return isThere;
            }

            if (scanned == _buffer.Length)
            {
                dropped += scanned;
                endsWithReturn = _buffer[^1] == '\r';
                scanned = _start = _end = 0;
            }
            else if (_end == _buffer.Length)
            {
                _buffer.AsSpan(_start, scanned).CopyTo(_buffer);
                (_start, _end) = (0, scanned);
            }

            int read = Read(input, _buffer.AsSpan(_end));
            _end += read;
            _hasEnded = read == 0;
        }
    }

    /// <summary>Reads; an input that is closed or cannot be read has ended.</summary>
    /// <param name="input">The input.</param>
    /// <param name="buffer">Where to.</param>
    public static int Read(Stream input, Span<byte> buffer)
    {
        try
        {
            return input.Read(buffer);
        }
        catch (Exception e) when (StandardStreams.IsFileProblem(e))
        {
            return 0;
        }
    }

    private bool Give(ReadOnlyMemory<byte> found, long dropped, bool hasReturn, out ReadOnlyMemory<byte> line, out long length)
    {
        length = dropped + found.Length - (hasReturn ? 1 : 0);
        line = length > lineBytesMax ? default : found[..(int)length];
        return true;
    }
}
