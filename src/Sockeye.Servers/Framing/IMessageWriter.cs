using System.Buffers;

namespace Sockeye.Servers.Framing;

/// <summary>Writes messages so that the <see cref="IMessageReader{T}"/> of the same name takes them apart again.</summary>
/// <typeparam name="T">What a message is.</typeparam>
public interface IMessageWriter<in T>
    where T : allows ref struct
{
    /// <summary>Writes one message, whole; after an exception nothing of it is written.</summary>
    /// <param name="message">The message.</param>
    /// <param name="output">Where to: a <see cref="System.IO.Pipelines.PipeWriter"/>, or any other buffer.</param>
    /// <exception cref="ArgumentException">The message cannot be sent in such a frame: it is too long, or holds what would end it early.</exception>
    void Write(T message, IBufferWriter<byte> output);
}
