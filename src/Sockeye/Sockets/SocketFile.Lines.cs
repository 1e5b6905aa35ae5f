using System.Runtime.CompilerServices;
using System.Text;

namespace Sockeye;

// Looking ahead, and lines: both work in the read buffer itself, so that a timeout in their middle loses nothing.
public sealed partial class SocketFile
{
    internal const int DefaultMaxLineBytes = 65_536;

    // The longest line that may be asked for. A line is held whole in one array.
    private const int MaxLineBytesLimit = 1 << 30;

    // What a line's end, and a character of it that has come in part, may add to a line: UTF-32's CR LF, and a bit.
    private const int LineEndBytesMax = 12;

    // The array for lines of an unbuffered file begins with this size.
    private const int SmallestReadBuffer = 128;

    // How many of the buffered bytes are known to hold no line end. Counted from _readStart.
    private int _scanned;

    // The beginning of an over-long line was dropped; its rest is still to come.
    private bool _skipping;

    private enum LineState
    {
        /// <summary>There is a line.</summary>
        Whole,

        /// <summary>Its end has not come.</summary>
        Part,

        /// <summary>It is longer than its bound.</summary>
        TooLong,

        /// <summary>The stream has ended; there is no line.</summary>
        End,
    }

    /// <summary>Shows what comes next and leaves it to be read; recv(2) once when nothing is buffered.</summary>
    /// <returns>What is buffered, valid until the next read; empty only at the end of the stream.</returns>
    /// <exception cref="IOException">As for Read.</exception>
    /// <exception cref="NotSupportedException">The file was made for writing only, or without a buffer.</exception>
    public ReadOnlySpan<byte> Peek()
    {
        CheckPeekable();
        if (_readStart == _readEnd)
        {
            Fill(lineBytesMax: 0);
        }

        return _readBuffer.AsSpan(_readStart.._readEnd);
    }

    /// <summary>As <see cref="Peek"/>, asynchronously; at once when something is buffered.</summary>
    /// <param name="cancellationToken">Ends the wait; nothing received is lost.</param>
    /// <returns>What is buffered, valid until the next read; empty only at the end of the stream. Await it once.</returns>
    /// <exception cref="IOException">As for Read.</exception>
    /// <exception cref="NotSupportedException">As for Peek.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReadOnlyMemory<byte>> PeekAsync(CancellationToken cancellationToken = default)
    {
        CheckPeekable();
        cancellationToken.ThrowIfCancellationRequested();
        if (_readStart == _readEnd)
        {
            await FillAsync(lineBytesMax: 0, cancellationToken).ConfigureAwait(false);
        }

        return _readBuffer.AsMemory(_readStart.._readEnd);
    }

    /// <summary>Reads a line, recv(2)ing until its end has come.</summary>
    /// <param name="maxBytes">The longest line to take, without its end; defaults to 65,536, at most 1 GiB. So much is buffered if need be.</param>
    /// <returns>The line without its end, which is LF or CR LF; null at the end of the stream. A last line may lack its end.</returns>
    /// <exception cref="InvalidDataException">
    /// The line is longer. Its beginning is dropped; the next ReadLine skips its rest, however long, and any other read
    /// begins with that rest.
    /// </exception>
    /// <exception cref="IOException">As for Read; what came of the line stays, and ReadLine goes on.</exception>
    /// <remarks><see cref="Socket.Timeout"/> limits each wait for more bytes, not the line as a whole. Without a buffer it is one system call a byte.</remarks>
    public byte[]? ReadLine(int maxBytes = DefaultMaxLineBytes)
    {
        CheckMaxLineBytes(maxBytes);
        return ReadLineCore(maxBytes, LineEnds.Ascii)?.ToArray();
    }

    /// <summary>As <see cref="ReadLine"/>, asynchronously.</summary>
    /// <param name="maxBytes">The longest line to take, without its end; defaults to 65,536, at most 1 GiB.</param>
    /// <param name="cancellationToken">Ends the wait; what came of the line stays.</param>
    /// <returns>As for ReadLine. Await it once.</returns>
    /// <exception cref="InvalidDataException">As for ReadLine.</exception>
    /// <exception cref="IOException">As for ReadLine.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<byte[]?> ReadLineAsync(int maxBytes = DefaultMaxLineBytes, CancellationToken cancellationToken = default)
    {
        CheckMaxLineBytes(maxBytes);
        return (await ReadLineCoreAsync(maxBytes, LineEnds.Ascii, cancellationToken).ConfigureAwait(false))?.ToArray();
    }

    internal static void CheckMaxLineBytes(int maxLineBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxLineBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxLineBytes, MaxLineBytesLimit);
    }

    /// <summary>A line as it lies in the buffer, valid until the next read; null at the end of the stream.</summary>
    internal ReadOnlyMemory<byte>? ReadLineCore(int maxBytes, LineEnds ends)
    {
        CheckReadable();
        LineState state = TakeLine(maxBytes, ends, ended: false, out ReadOnlyMemory<byte> line);
        while (state == LineState.Part)
        {
            bool ended = Fill(maxBytes) == 0;
            state = TakeLine(maxBytes, ends, ended, out line);
        }

        return LineOrEnd(state, line, maxBytes);
    }

    /// <summary>As <see cref="ReadLineCore"/>, asynchronously.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<ReadOnlyMemory<byte>?> ReadLineCoreAsync(int maxBytes, LineEnds ends, CancellationToken cancellationToken)
    {
        CheckReadable();
        cancellationToken.ThrowIfCancellationRequested();
        LineState state = TakeLine(maxBytes, ends, ended: false, out ReadOnlyMemory<byte> line);
        while (state == LineState.Part)
        {
            bool ended = await FillAsync(maxBytes, cancellationToken).ConfigureAwait(false) == 0;
            state = TakeLine(maxBytes, ends, ended, out line);
        }

        return LineOrEnd(state, line, maxBytes);
    }

    private static ReadOnlyMemory<byte>? LineOrEnd(LineState state, ReadOnlyMemory<byte> line, int maxBytes) => state switch
    {
        LineState.Whole => line,
        LineState.TooLong => throw new InvalidDataException($"A line is longer than the limit of {maxBytes} bytes; it is dropped."),
        _ => (ReadOnlyMemory<byte>?)null, // A bare null would be an empty array, and that an empty line.
    };

    // Takes a line out of the buffer, or finds why there is none. Only Part leaves the bytes where they are.
    private LineState TakeLine(int maxBytes, LineEnds ends, bool ended, out ReadOnlyMemory<byte> line)
    {
        line = default;
        if (_skipping && !SkipToLineEnd(ends, ended))
        {
            return ended ? LineState.End : LineState.Part;
        }

        ReadOnlySpan<byte> bytes = _readBuffer.AsSpan(_readStart.._readEnd);
        int length = ends.IndexOfLineFeed(bytes, _scanned);
        if (length >= 0)
        {
            int taken = length + ends.Unit;
            length -= ends.CarriageReturnBytesAtEnd(bytes[..length]);
            return TakeLine(length, taken, maxBytes, out line);
        }

        if (ended)
        {
            return bytes.IsEmpty ? LineState.End : TakeLine(bytes.Length, bytes.Length, maxBytes, out line);
        }

        int whole = bytes.Length - (bytes.Length % ends.Unit);
        if (whole - ends.CarriageReturnBytesAtEnd(bytes[..whole]) > maxBytes)
        {
            _readStart += whole;
            _scanned = 0;
            _skipping = true;
            return LineState.TooLong;
        }

        _scanned = whole;
        return LineState.Part;
    }

    private LineState TakeLine(int length, int taken, int maxBytes, out ReadOnlyMemory<byte> line)
    {
        line = _readBuffer.AsMemory(_readStart, length);
        _readStart += taken;
        _scanned = 0;
        return length <= maxBytes ? LineState.Whole : LineState.TooLong;
    }

    // True when the over-long line has ended, here or with the stream.
    private bool SkipToLineEnd(LineEnds ends, bool ended)
    {
        ReadOnlySpan<byte> bytes = _readBuffer.AsSpan(_readStart.._readEnd);
        int length = ends.IndexOfLineFeed(bytes, 0);
        bool found = length >= 0;
        _readStart += found ? length + ends.Unit : ended ? bytes.Length : bytes.Length - (bytes.Length % ends.Unit);
        _skipping = !found && !ended;
        return found;
    }

    // Somebody took bytes other than by lines: where lines begin is the caller's matter again.
    private void ForgetLine()
    {
        _scanned = 0;
        _skipping = false;
    }

    private void CheckPeekable()
    {
        CheckReadable();
        if (_bufferSize == 0)
        {
            throw new NotSupportedException("This file was made without a buffer; it has nowhere to keep what Peek shows.");
        }
    }
}

/// <summary>How an encoding writes LF and CR: one byte each, or two or four that begin at a multiple of their length.</summary>
internal sealed class LineEnds
{
    /// <summary>Of UTF-8, and of every encoding in which the two are what they are in ASCII.</summary>
    internal static readonly LineEnds Ascii = new(Encoding.ASCII);

    private readonly byte[] _lineFeed;
    private readonly byte[] _carriageReturn;

    internal LineEnds(Encoding encoding)
    {
        _lineFeed = encoding.GetBytes("\n");
        _carriageReturn = encoding.GetBytes("\r");
        if (_lineFeed.Length is not (1 or 2 or 4) || _carriageReturn.Length != _lineFeed.Length)
        {
            throw new ArgumentException(
                $"Lines cannot be found in {encoding.GetType().Name}: it writes LF in {_lineFeed.Length} bytes and CR in {_carriageReturn.Length}.",
                nameof(encoding));
        }
    }

    /// <summary>How many bytes either takes.</summary>
    internal int Unit => _lineFeed.Length;

    /// <summary>Where the first LF is; −1 when there is none.</summary>
    /// <param name="bytes">From a character's first byte on.</param>
    /// <param name="from">Where to begin to look, a multiple of <see cref="Unit"/>.</param>
    internal int IndexOfLineFeed(ReadOnlySpan<byte> bytes, int from)
    {
        while (true)
        {
            int found = bytes[from..].IndexOf(_lineFeed);
            if (found < 0)
            {
                return -1;
            }

            int index = from + found;
            if (index % Unit == 0)
            {
                return index;
            }

            // The end of one character and the beginning of the next.
            from = index - (index % Unit) + Unit;
        }
    }

    /// <summary>How many bytes a CR takes at the end; 0 when there is none.</summary>
    internal int CarriageReturnBytesAtEnd(ReadOnlySpan<byte> bytes) => bytes.EndsWith(_carriageReturn) ? Unit : 0;
}
