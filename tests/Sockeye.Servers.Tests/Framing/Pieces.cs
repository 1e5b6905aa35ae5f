using System.Buffers;
using Sockeye.Servers.Framing;

namespace Sockeye.Servers.Tests.Framing;

/// <summary>Feeds a reader the same bytes in pieces, in the way a pipe does, and says what it found.</summary>
internal static class Pieces
{
    /// <summary>How bytes may arrive: the lengths of the pieces, the last of them repeated.</summary>
    internal static readonly (string Name, int[] Lengths)[] Ways =
    [
        ("whole", [int.MaxValue]),
        ("byte by byte", [1]),
        ("in twos", [2]),
        ("in threes", [3]),
        ("one and the rest", [1, int.MaxValue]),
        ("seven, one, and so on", [7, 1, 5, 2, 64, 3, 1]),
    ];

    /// <summary>All that a reader finds in the bytes, cut in all ways, which must find the same.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="create">Makes a reader.</param>
    /// <param name="show">How a message is compared.</param>
    /// <param name="halves">Also in two at each place.</param>
    internal static List<string> ReadEachWay<T>(byte[] bytes, Func<IMessageReader<T>> create, Func<T, string> show, bool halves = true)
    {
        List<string>? first = null;
        IEnumerable<int[]> ways = Ways.Select(way => way.Lengths);
        if (halves)
        {
            ways = ways.Concat(Enumerable.Range(1, Math.Clamp(bytes.Length - 1, 0, 64)).Select(half => new[] { half, int.MaxValue }));
        }

        foreach (int[] lengths in ways)
        {
            List<string> found = Read(bytes, lengths, create(), show);
            first ??= found;
            Assert.Equal(first, found);
        }

        return first!;
    }

    /// <summary>What a reader finds: the messages, and the errors by name. After one that it cannot go on from, nothing.</summary>
    private static List<string> Read<T>(byte[] bytes, int[] lengths, IMessageReader<T> reader, Func<T, string> show)
    {
        var found = new List<string>();
        var held = new List<byte>();
        int given = 0;
        int piece = 0;
        while (true)
        {
            int length = Math.Min(lengths[Math.Min(piece++, lengths.Length - 1)], bytes.Length - given);
            held.AddRange(bytes[given..(given + length)]);
            given += length;
            bool isLast = given == bytes.Length;
            ReadOnlySequence<byte> input = Segments(held.ToArray(), piece);
            while (true)
            {
                try
                {
                    if (!(isLast ? reader.TryReadLast(ref input, out T? message) : reader.TryRead(ref input, out message)))
                    {
                        break;
                    }

                    found.Add(show(message!));
                }
                catch (FramingException exception)
                {
                    found.Add($"<{exception.Error}>");
                    if (!exception.CanContinue)
                    {
                        return found;
                    }
                }
            }

            held = [.. input.ToArray()];
            if (isLast)
            {
                Assert.Empty(held);
                return found;
            }
        }
    }

    /// <summary>The same bytes in several segments, as a pipe holds them.</summary>
    private static ReadOnlySequence<byte> Segments(byte[] bytes, int seed)
    {
        var random = new Random(seed);
        Segment? first = null;
        Segment? last = null;
        int at = 0;
        do
        {
            int length = Math.Min(random.Next(0, 9), bytes.Length - at);
            last = new Segment(bytes.AsMemory(at, length), last);
            first ??= last;
            at += length;
        }
        while (at < bytes.Length);

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        internal Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
