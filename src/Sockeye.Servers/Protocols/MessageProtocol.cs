using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Sockeye.Servers.Framing;

namespace Sockeye.Servers.Protocols;

/// <summary>A protocol of messages: a reader takes them out of the bytes.</summary>
/// <typeparam name="T">What a message is.</typeparam>
public abstract class MessageProtocol<T> : Protocol
{
    private readonly IMessageReader<T> _reader;

    /// <summary>A protocol whose messages a reader takes apart.</summary>
    /// <param name="reader">The reader; of its own, since it may remember half a message.</param>
    protected MessageProtocol(IMessageReader<T> reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _reader = reader;
    }

    /// <summary>The reader's largest frame is the bound.</summary>
    protected sealed override long MaxUntakenBytes => long.MaxValue;

    /// <inheritdoc/>
    protected sealed override ValueTask<SequencePosition> DataReceivedAsync(ReadOnlySequence<byte> data) => ReadAsync(data, isLast: false);

    /// <summary>The peer has sent the end of its stream. What is left may be a last message; then <see cref="EndReceivedAsync()"/> is called.</summary>
    /// <param name="rest">What is left.</param>
    protected sealed override async ValueTask EndReceivedAsync(ReadOnlySequence<byte> rest)
    {
        await ReadAsync(rest, isLast: true);
        if (!IsClosing)
        {
            await EndReceivedAsync();
        }
    }

    /// <summary>A message has come.</summary>
    /// <param name="message">The message. Where it refers to the bytes that arrived, it stands until the call has ended.</param>
    /// <returns>Complete when the next one may come.</returns>
    protected abstract ValueTask MessageReceivedAsync(T message);

    /// <summary>The peer has sent the end of its stream, behind the last message. Defaults to nothing; then the connection is closed.</summary>
    /// <returns>Complete when the connection may be closed.</returns>
    protected virtual ValueTask EndReceivedAsync() => default;

    /// <summary>
    /// The peer has sent what is no message. Defaults to closing the connection, with nothing said. Whoever wants to answer sends it
    /// here.
    /// </summary>
    /// <param name="error">What is wrong.</param>
    /// <returns>True to go on with the next message, where <see cref="FramingException.CanContinue"/> allows that; else the connection is closed.</returns>
    protected virtual ValueTask<bool> FramingFailedAsync(FramingException error) => new(result: false);

    private protected bool TrySend<TMessage>(IMessageWriter<TMessage> writer, TMessage message)
        where TMessage : allows ref struct
    {
        using FrameBuffer frame = FrameBuffer.Rent();
        writer.Write(message, frame);
        return TrySend(frame.Written);
    }

    private protected ValueTask SendAsync<TMessage>(IMessageWriter<TMessage> writer, TMessage message)
        where TMessage : allows ref struct
    {
        using FrameBuffer frame = FrameBuffer.Rent();
        writer.Write(message, frame);
        return SendAsync(frame.Written);
    }

    private async ValueTask<SequencePosition> ReadAsync(ReadOnlySequence<byte> data, bool isLast)
    {
        while (!IsClosing)
        {
            if (TryRead(ref data, isLast, out T? message, out FramingException? failure))
            {
                await MessageReceivedAsync(message);
            }
            else if (failure is null)
            {
                break;
            }
            else if (!await FramingFailedAsync(failure) || !failure.CanContinue)
            {
                throw failure;
            }
        }

        return data.Start;
    }

    private bool TryRead(ref ReadOnlySequence<byte> data, bool isLast, [MaybeNullWhen(false)] out T message, out FramingException? failure)
    {
        failure = null;
        try
        {
            return _reader.TryRead(ref data, isLast, out message);
        }
        catch (FramingException exception)
        {
            failure = exception;
            message = default;
            return false;
        }
    }
}
