using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Servers.Framing;

/// <summary>
/// Takes messages out of bytes that arrive in pieces. It does no input or output itself, so servers, clients, tests and
/// fuzzers share it.
/// </summary>
/// <remarks>
/// The contract:
/// <list type="bullet">
/// <item>One reader reads one stream, from its beginning: a reader may remember how far it has looked.</item>
/// <item>The input begins with the first byte that was not taken yet and holds all that has arrived since. What is found does
/// not depend on how the bytes were cut into pieces.</item>
/// <item>A message may refer to the input's memory. It stands until the input is advanced.</item>
/// <item>No input makes a reader ask for more than its largest frame, or throw anything but <see cref="FramingException"/>.</item>
/// </list>
/// </remarks>
/// <typeparam name="T">What a message is.</typeparam>
public interface IMessageReader<T>
{
    /// <summary>Takes the next message, if all of it has arrived.</summary>
    /// <param name="input">The bytes; moved behind what was taken, before an exception too.</param>
    /// <param name="message">The message.</param>
    /// <returns>False when more bytes are needed.</returns>
    /// <exception cref="FramingException">The bytes are no message, or one that is too long.</exception>
    bool TryRead(ref ReadOnlySequence<byte> input, [MaybeNullWhen(false)] out T message);

    /// <summary>Takes the next message of a stream that has ended: no byte will follow.</summary>
    /// <param name="input">What is left; moved as by <see cref="TryRead"/>.</param>
    /// <param name="message">The message.</param>
    /// <returns>False when nothing is left.</returns>
    /// <exception cref="FramingException">As for TryRead; or the stream ended inside a frame.</exception>
    bool TryReadLast(ref ReadOnlySequence<byte> input, [MaybeNullWhen(false)] out T message)
    {
        if (TryRead(ref input, out message))
        {
            return true;
        }

        if (input.IsEmpty)
        {
            return false;
        }

        long left = input.Length;
        input = input.Slice(input.End);
        throw FramingException.EndedInside(left);
    }
}
