using System.Buffers;
using System.Buffers.Binary;

namespace Sockeye.Servers.Framing;

/// <summary>The lengths that stand before frames: how wide, and in which byte order.</summary>
internal static class LengthPrefix
{
    internal const int WidthMax = 8;

    internal static void Check(int prefixBytes)
    {
        if (prefixBytes is not (1 or 2 or 4 or WidthMax))
        {
            throw new ArgumentOutOfRangeException(nameof(prefixBytes), prefixBytes, "A length has 1, 2, 4 or 8 bytes.");
        }
    }

    /// <summary>The longest length that so many bytes can say.</summary>
    internal static ulong Limit(int prefixBytes) => ulong.MaxValue >> (64 - (8 * prefixBytes));

    internal static ulong Read(ReadOnlySpan<byte> prefix, bool isLittleEndian)
    {
        Span<byte> wide = stackalloc byte[WidthMax];
        wide.Clear();
        if (isLittleEndian)
        {
            prefix.CopyTo(wide);
            return BinaryPrimitives.ReadUInt64LittleEndian(wide);
        }

        prefix.CopyTo(wide[^prefix.Length..]);
        return BinaryPrimitives.ReadUInt64BigEndian(wide);
    }

    internal static void Write(Span<byte> prefix, ulong length, bool isLittleEndian)
    {
        Span<byte> wide = stackalloc byte[WidthMax];
        if (isLittleEndian)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(wide, length);
            wide[..prefix.Length].CopyTo(prefix);
        }
        else
        {
            BinaryPrimitives.WriteUInt64BigEndian(wide, length);
            wide[^prefix.Length..].CopyTo(prefix);
        }
    }
}

/// <summary>Frames with their length before them, in binary: what Twisted's Int8-, Int16- and Int32StringReceiver read.</summary>
/// <remarks>A frame that is too long ends the reading: nothing more of it is asked for.</remarks>
public sealed class LengthPrefixReader : IMessageReader<ReadOnlySequence<byte>>
{
    /// <summary>The longest frame by default: 1 MiB.</summary>
    public const int DefaultMaxFrameBytes = 1024 * 1024;

    private readonly int _prefixBytes;
    private readonly bool _isLittleEndian;

    /// <summary>A reader of such frames.</summary>
    /// <param name="maxFrameBytes">The longest frame, without its length. Defaults to 1 MiB.</param>
    /// <param name="prefixBytes">How many bytes the length has: 1, 2, 4 or 8. Defaults to 4.</param>
    /// <param name="isLittleEndian">True when its lowest byte comes first. Defaults to network order, the highest first.</param>
    public LengthPrefixReader(int maxFrameBytes = DefaultMaxFrameBytes, int prefixBytes = 4, bool isLittleEndian = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxFrameBytes);
        LengthPrefix.Check(prefixBytes);
        MaxFrameBytes = maxFrameBytes;
        _prefixBytes = prefixBytes;
        _isLittleEndian = isLittleEndian;
    }

    /// <summary>The longest frame, without its length.</summary>
    public int MaxFrameBytes { get; }

    /// <inheritdoc/>
    public bool TryRead(ref ReadOnlySequence<byte> input, out ReadOnlySequence<byte> message)
    {
        message = default;
        if (input.Length < _prefixBytes)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[_prefixBytes];
        input.Slice(0, _prefixBytes).CopyTo(prefix);
        ulong length = LengthPrefix.Read(prefix, _isLittleEndian);
        if (length > (ulong)MaxFrameBytes)
        {
            throw FramingException.TooLong(MaxFrameBytes, canContinue: false);
        }

        long whole = _prefixBytes + (long)length;
        if (input.Length < whole)
        {
            return false;
        }

        message = input.Slice(_prefixBytes, (long)length);
        input = input.Slice(whole);
        return true;
    }
}

/// <summary>Writes frames with their length before them, in binary.</summary>
public sealed class LengthPrefixWriter : IMessageWriter<ReadOnlySpan<byte>>
{
    private readonly int _maxFrameBytes;
    private readonly int _prefixBytes;
    private readonly bool _isLittleEndian;

    /// <summary>A writer of such frames; the parameters are the reader's.</summary>
    /// <param name="maxFrameBytes">The longest frame, without its length. Defaults to 1 MiB.</param>
    /// <param name="prefixBytes">How many bytes the length has: 1, 2, 4 or 8. Defaults to 4.</param>
    /// <param name="isLittleEndian">True when its lowest byte comes first. Defaults to network order, the highest first.</param>
    public LengthPrefixWriter(int maxFrameBytes = LengthPrefixReader.DefaultMaxFrameBytes, int prefixBytes = 4, bool isLittleEndian = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxFrameBytes);
        LengthPrefix.Check(prefixBytes);
        _maxFrameBytes = (int)Math.Min((ulong)maxFrameBytes, LengthPrefix.Limit(prefixBytes));
        _prefixBytes = prefixBytes;
        _isLittleEndian = isLittleEndian;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> message, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (message.Length > _maxFrameBytes)
        {
            throw new ArgumentException($"The frame has {message.Length} bytes, and at most {_maxFrameBytes} may be sent.", nameof(message));
        }

        LengthPrefix.Write(output.GetSpan(_prefixBytes)[.._prefixBytes], (ulong)message.Length, _isLittleEndian);
        output.Advance(_prefixBytes);
        output.Write(message);
    }
}
