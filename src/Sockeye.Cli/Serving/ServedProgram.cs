using System.Buffers;

namespace Sockeye.Cli.Serving;

// The contract of what is served:
// - A program turns a datagram, or what one receive of a stream gave, into an answer. It knows no socket, no thread and no
//   clock but its own, so that it is the same on a loop and on threads.
// - One program serves all connections, from many threads at once: it keeps no state between messages.
// - A connection answers before it reads more, so one answer is all that ever waits for a slow reader. How long an answer
//   may be for its message is for the program to bound.

/// <summary>What a server does with what comes.</summary>
internal abstract class ServedProgram
{
    /// <summary>What is sent first on a connection; nothing by default.</summary>
    public virtual ReadOnlyMemory<byte> Welcome => default;

    /// <summary>Whether messages are answered at all; a datagram's answer may be empty and is one all the same.</summary>
    public virtual bool Answers => true;

    /// <summary>Whether standard output is what the program is for, so that it ends when that is full or closed.</summary>
    public virtual bool NeedsOutput => false;

    /// <summary>Answers what one receive of a stream gave.</summary>
    /// <param name="chunk">Never empty.</param>
    /// <param name="answer">Where the answer goes; all of it goes out in one send.</param>
    /// <returns>Whether the connection goes on; false ends it once the answer is out.</returns>
    public abstract bool Answer(ReadOnlySpan<byte> chunk, IBufferWriter<byte> answer);

    /// <summary>Answers a datagram, which may be empty.</summary>
    /// <param name="datagram">What came, as far as the buffer went.</param>
    /// <param name="answer">Where the answer goes.</param>
    public virtual void AnswerDatagram(ReadOnlySpan<byte> datagram, IBufferWriter<byte> answer) => Answer(datagram, answer);

    /// <summary>The line that standard output gets for a message; null, the default, is none.</summary>
    /// <param name="peer">Who sent it.</param>
    /// <param name="bytes">What was received.</param>
    /// <param name="cut">How many bytes did not fit the buffer and are gone.</param>
    /// <param name="style">The output's colours.</param>
    public virtual string? Line(string peer, ReadOnlySpan<byte> bytes, int cut, Style style) => null;
}
