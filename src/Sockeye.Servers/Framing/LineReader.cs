using System.Buffers;

namespace Sockeye.Servers.Framing;

/// <summary>Lines. Each is given without its end.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>LF ends a line, and a CR before it belongs to the end; or a delimiter of your own does, exactly as it is.</item>
/// <item>What follows the last line end is a line too, when the stream ends there.</item>
/// <item>A line that is too long is reported once, before all of it has come, with <see cref="FramingException.CanContinue"/>;
/// its bytes are dropped as they come, and the next line is read as usual.</item>
/// </list>
/// </remarks>
public sealed class LineReader : IMessageReader<ReadOnlySequence<byte>>
{
    /// <summary>The longest line by default, in bytes: 16 KiB, as in Twisted's LineReceiver.</summary>
    public const int DefaultMaxLineBytes = 16 * 1024;

    private static readonly byte[] LineFeed = [(byte)'\n'];

    private readonly byte[] _delimiter;
    private readonly bool _takesReturn;

    // How many bytes of the input hold no delimiter that begins there, so that each byte is looked at once.
    private long _scanned;
    private bool _isDropping;

    /// <summary>A reader of lines that end in LF or CR LF.</summary>
    /// <param name="maxLineBytes">The longest line, without its end. Defaults to 16 KiB.</param>
    public LineReader(int maxLineBytes = DefaultMaxLineBytes)
        : this(LineFeed, takesReturn: true, maxLineBytes)
    {
    }

    /// <summary>A reader of lines with another end.</summary>
    /// <param name="delimiter">What ends each line, as <c>"\0"u8</c> or <c>"\r\n"u8</c>. At least one byte.</param>
    /// <param name="maxLineBytes">The longest line, without its end. Defaults to 16 KiB.</param>
    public LineReader(ReadOnlySpan<byte> delimiter, int maxLineBytes = DefaultMaxLineBytes)
        : this(delimiter.ToArray(), takesReturn: false, maxLineBytes)
    {
        if (delimiter.IsEmpty)
        {
            throw new ArgumentException("A delimiter has at least one byte.", nameof(delimiter));
        }
    }

    private LineReader(byte[] delimiter, bool takesReturn, int maxLineBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxLineBytes);
        _delimiter = delimiter;
        _takesReturn = takesReturn;
        MaxLineBytes = maxLineBytes;
    }

    /// <summary>The longest line, without its end.</summary>
    public int MaxLineBytes { get; }

    /// <inheritdoc/>
    public bool TryRead(ref ReadOnlySequence<byte> input, out ReadOnlySequence<byte> message)
    {
        while (TryFindEnd(input, out SequencePosition end))
        {
            message = Text(input.Slice(0, end));
            input = input.Slice(input.GetPosition(_delimiter.Length, end));
            _scanned = 0;
            if (_isDropping)
            {
                _isDropping = false;
            }
            else if (message.Length > MaxLineBytes)
            {
                throw FramingException.TooLong(MaxLineBytes, canContinue: true);
            }
            else
            {
                return true;
            }
        }

        message = default;
        if (!_isDropping && !MayFit(input))
        {
            _isDropping = true;
            Drop(ref input);
            throw FramingException.TooLong(MaxLineBytes, canContinue: true);
        }

        if (_isDropping)
        {
            Drop(ref input);
        }

        return false;
    }

    /// <inheritdoc/>
    public bool TryReadLast(ref ReadOnlySequence<byte> input, out ReadOnlySequence<byte> message)
    {
        if (TryRead(ref input, out message))
        {
            return true;
        }

        bool isLine = !input.IsEmpty && !_isDropping;
        message = isLine ? Text(input) : default;
        input = input.Slice(input.End);
        _scanned = 0;
        _isDropping = false;
        return isLine && message.Length > MaxLineBytes
            ? throw FramingException.TooLong(MaxLineBytes, canContinue: true)
            : isLine;
    }

    private bool TryFindEnd(in ReadOnlySequence<byte> input, out SequencePosition end)
    {
        ReadOnlySequence<byte> unseen = input.Slice(_scanned);
        SequencePosition? found;
        if (_delimiter.Length == 1)
        {
            found = unseen.PositionOf(_delimiter[0]);
        }
        else
        {
            var reader = new SequenceReader<byte>(unseen);
            found = reader.TryReadTo(out ReadOnlySequence<byte> before, _delimiter, advancePastDelimiter: false) ? before.End : null;
        }

        // A delimiter may have begun in the last bytes.
        _scanned = found is null ? Math.Max(_scanned, input.Length - (_delimiter.Length - 1)) : _scanned;
        end = found ?? default;
        return found is not null;
    }

    // With a part of its end, or all but the last byte of it.
    private bool MayFit(in ReadOnlySequence<byte> input) =>
        input.Length <= MaxLineBytes + (long)(_takesReturn ? 1 : _delimiter.Length - 1);

    // What may be the beginning of a delimiter stays.
    private void Drop(ref ReadOnlySequence<byte> input)
    {
        input = input.Slice(_scanned);
        _scanned = 0;
    }

    private ReadOnlySequence<byte> Text(in ReadOnlySequence<byte> line) =>
        _takesReturn && !line.IsEmpty && Last(line) == (byte)'\r' ? line.Slice(0, line.Length - 1) : line;

    private static byte Last(in ReadOnlySequence<byte> bytes) => bytes.ByteAt(bytes.Length - 1);
}
