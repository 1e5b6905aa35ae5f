using System.Buffers;

namespace Sockeye.Servers.Framing;

/// <summary>Lines, each with its end behind it.</summary>
/// <remarks>A line that holds a line end would be several at the peer's: it is refused.</remarks>
public sealed class LineWriter : IMessageWriter<ReadOnlySpan<byte>>
{
    private readonly byte[] _delimiter;

    /// <summary>A writer of lines that end in LF.</summary>
    public LineWriter()
        : this("\n"u8)
    {
    }

    /// <summary>A writer of lines with another end.</summary>
    /// <param name="delimiter">What ends each line, as <c>"\r\n"u8</c>. At least one byte.</param>
    public LineWriter(ReadOnlySpan<byte> delimiter)
    {
        if (delimiter.IsEmpty)
        {
            throw new ArgumentException("A delimiter has at least one byte.", nameof(delimiter));
        }

        _delimiter = delimiter.ToArray();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The line holds its own end; or, where that is LF, ends in CR, which a reader takes for a part of it.</exception>
    public void Write(ReadOnlySpan<byte> message, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        int length = message.Length + _delimiter.Length;
        Span<byte> line = output.GetSpan(length);
        message.CopyTo(line);
        _delimiter.CopyTo(line[message.Length..]);

        // In the whole line, since an end may begin in the text and go on in the delimiter.
        bool endsEarly = line.IndexOf(_delimiter) != message.Length;
        if (endsEarly || (_delimiter is [(byte)'\n'] && message is [.., (byte)'\r']))
        {
            throw new ArgumentException("The line holds a line end.", nameof(message));
        }

        output.Advance(length);
    }
}
