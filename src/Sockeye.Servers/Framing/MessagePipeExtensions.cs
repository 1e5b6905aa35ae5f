using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Sockeye.Servers.Framing;

/// <summary>Messages over a pipe: a client's side of a protocol, or a server's written as a loop.</summary>
/// <example>
/// <code>
/// await using var pipe = new SocketPipe(socket);
/// pipe.Output.WriteMessage(new LineWriter(), "hello"u8);
/// await pipe.Output.FlushAsync();
/// await foreach (ReadOnlySequence&lt;byte&gt; line in pipe.Input.ReadMessagesAsync(new LineReader()))
/// {
///     Console.WriteLine(Encoding.UTF8.GetString(line));
/// }
/// </code>
/// </example>
#pragma warning disable CA1708 // It takes the two extension blocks for members of one name.
public static class MessagePipeExtensions
#pragma warning restore CA1708
{
    extension(PipeReader reader)
    {
        /// <summary>Reads messages until the stream ends.</summary>
        /// <typeparam name="T">What a message is.</typeparam>
        /// <param name="messages">Takes them apart. Kept by who reads on later: it may know of half a message.</param>
        /// <param name="cancellationToken">Ends the wait for the next one; what has come stays in the pipe.</param>
        /// <returns>The messages. One that refers to the pipe's memory stands until the next is asked for.</returns>
        /// <exception cref="FramingException">The peer has sent what is no message. Where it says so, reading may go on with another call.</exception>
        /// <remarks><see cref="PipeReader.CancelPendingRead"/> ends the messages too, behind those that have come whole.</remarks>
        public async IAsyncEnumerable<T> ReadMessagesAsync<T>(
            IMessageReader<T> messages, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            ArgumentNullException.ThrowIfNull(messages);
            while (true)
            {
                ReadResult read = await reader.ReadAsync(cancellationToken);
                ReadOnlySequence<byte> input = read.Buffer;

                bool sawAll = false;
                try
                {
                    while (messages.TryRead(ref input, isLast: read.IsCompleted, out T? message))
                    {
                        yield return message;
                    }

                    sawAll = true;
                }
                finally
                {
                    // What was not looked at, the next read gives at once.
                    reader.AdvanceTo(input.Start, sawAll ? input.End : input.Start);
                }

                if (read.IsCompleted || read.IsCanceled)
                {
                    yield break;
                }
            }
        }
    }

    extension(PipeWriter writer)
    {
        /// <summary>Writes one message; <see cref="PipeWriter.FlushAsync"/> sends it.</summary>
        /// <typeparam name="T">What a message is.</typeparam>
        /// <param name="messages">Puts it into its frame.</param>
        /// <param name="message">The message.</param>
        /// <exception cref="ArgumentException">The message cannot be sent in such a frame.</exception>
        public void WriteMessage<T>(IMessageWriter<T> messages, T message)
            where T : allows ref struct
        {
            ArgumentNullException.ThrowIfNull(messages);
            messages.Write(message, writer);
        }
    }
}
