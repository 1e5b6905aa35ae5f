using System.Buffers;

namespace Sockeye.Servers.Framing;

/// <summary>Questions to bytes in several segments, of which some may be empty.</summary>
internal static class Sequences
{
    /// <summary>The byte at an index.</summary>
    internal static byte ByteAt(in this ReadOnlySequence<byte> bytes, long index)
    {
        var reader = new SequenceReader<byte>(bytes.Slice(index));
        return reader.TryPeek(out byte value) ? value : throw new ArgumentOutOfRangeException(nameof(index), index, "There is no such byte.");
    }
}
