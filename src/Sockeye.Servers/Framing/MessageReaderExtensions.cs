using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Servers.Framing;

/// <summary>What readers of messages have in common: bytes in several segments, of which some may be empty.</summary>
internal static class MessageReaderExtensions
{
    /// <summary>Takes the next message of a stream that goes on, or of one that has ended.</summary>
    internal static bool TryRead<T>(
        this IMessageReader<T> reader, ref ReadOnlySequence<byte> input, bool isLast, [MaybeNullWhen(false)] out T message) =>
        isLast ? reader.TryReadLast(ref input, out message) : reader.TryRead(ref input, out message);

    /// <summary>The byte at an index.</summary>
    internal static byte ByteAt(in this ReadOnlySequence<byte> bytes, long index)
    {
        var reader = new SequenceReader<byte>(bytes.Slice(index));
        return reader.TryPeek(out byte value) ? value : throw new ArgumentOutOfRangeException(nameof(index), index, "There is no such byte.");
    }
}
