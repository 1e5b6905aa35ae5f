using System.Buffers;
using System.Buffers.Text;

namespace Sockeye.Servers.Framing;

/// <summary>
/// Netstrings: the length in decimal digits, a colon, the bytes, a comma, as in <c>5:hello,</c>. Source: D. J. Bernstein,
/// Netstrings, https://cr.yp.to/proto/netstrings.txt.
/// </summary>
/// <remarks>A length of more than one digit that begins with 0, a missing comma, or a frame that is too long ends the reading.</remarks>
public sealed class NetstringReader : IMessageReader<ReadOnlySequence<byte>>
{
    /// <summary>The longest frame by default: 1 MiB.</summary>
    public const int DefaultMaxFrameBytes = LengthPrefixReader.DefaultMaxFrameBytes;

    // int.MaxValue has ten digits, and a colon follows.
    private const int PrefixBytesMax = 11;

    /// <summary>A reader of netstrings.</summary>
    /// <param name="maxFrameBytes">The longest one, without length and comma. Defaults to 1 MiB.</param>
    public NetstringReader(int maxFrameBytes = DefaultMaxFrameBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxFrameBytes);
        MaxFrameBytes = maxFrameBytes;
    }

    /// <summary>The longest frame, without length and comma.</summary>
    public int MaxFrameBytes { get; }

    /// <inheritdoc/>
    public bool TryRead(ref ReadOnlySequence<byte> input, out ReadOnlySequence<byte> message)
    {
        message = default;
        Span<byte> prefix = stackalloc byte[PrefixBytesMax];
        prefix = prefix[..(int)Math.Min(input.Length, PrefixBytesMax)];
        input.Slice(0, prefix.Length).CopyTo(prefix);
        int digits = prefix.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        bool isWhole = digits >= 0;
        ReadOnlySpan<byte> number = isWhole ? prefix[..digits] : prefix;
        if ((isWhole && (digits == 0 || prefix[digits] != (byte)':')) || (number.Length > 1 && number[0] == (byte)'0'))
        {
            throw Malformed();
        }

        if (number.IsEmpty)
        {
            return false;
        }

        // Eleven digits at most: a long holds them.
        bool isNumber = Utf8Parser.TryParse(number, out long length, out int used) && used == number.Length;
        if (!isNumber || length > MaxFrameBytes)
        {
            throw FramingException.TooLong(MaxFrameBytes, canContinue: false);
        }

        if (!isWhole)
        {
            return false;
        }

        int start = digits + 1;
        if (input.Length <= start + length)
        {
            return false;
        }

        if (input.ByteAt(start + length) != (byte)',')
        {
            throw Malformed();
        }

        message = input.Slice(start, length);
        input = input.Slice(start + length + 1);
        return true;
    }

    private static FramingException Malformed() =>
        new(FramingError.Malformed, "The bytes are no netstring: a length in digits, a colon, so many bytes, a comma.");
}

/// <summary>Writes netstrings.</summary>
public sealed class NetstringWriter : IMessageWriter<ReadOnlySpan<byte>>
{
    private readonly int _maxFrameBytes;

    /// <summary>A writer of netstrings.</summary>
    /// <param name="maxFrameBytes">The longest one, without length and comma. Defaults to 1 MiB.</param>
    public NetstringWriter(int maxFrameBytes = NetstringReader.DefaultMaxFrameBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxFrameBytes);
        _maxFrameBytes = maxFrameBytes;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> message, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (message.Length > _maxFrameBytes)
        {
            throw new ArgumentException($"The frame has {message.Length} bytes, and at most {_maxFrameBytes} may be sent.", nameof(message));
        }

        const int DigitsMax = 10;
        Span<byte> prefix = output.GetSpan(DigitsMax + 1);
        Utf8Formatter.TryFormat(message.Length, prefix, out int digits);
        prefix[digits] = (byte)':';
        output.Advance(digits + 1);
        output.Write(message);
        output.Write(","u8);
    }
}
