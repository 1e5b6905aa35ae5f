using System.Text;

namespace Sockeye.Cli.Clients;

/// <summary>Where received data goes. A failed write throws as a file's does: see <see cref="StandardStreams"/>.</summary>
internal interface IReceiver
{
    /// <summary>Takes a chunk of a stream, or a datagram.</summary>
    void Take(ReadOnlySpan<byte> bytes);

    /// <summary>There is no more.</summary>
    void End();
}

/// <summary>Writes the bytes as they are.</summary>
internal sealed class BytesReceiver(Stream output) : IReceiver
{
    public void Take(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        output.Flush();
    }

    public void End()
    {
    }
}

/// <summary>Writes a stream as text that is safe for a terminal.</summary>
internal sealed class TextReceiver(Stream output) : IReceiver
{
    private readonly ShownText _text = new();

    public void Take(ReadOnlySpan<byte> bytes) => Write(_text.Show(bytes));

    public void End() => Write(_text.End());

    private void Write(ReadOnlySpan<byte> text)
    {
        output.Write(text);
        output.Flush();
    }
}

/// <summary>Writes each datagram as a line; one that ends with a line end gets no second one.</summary>
/// <param name="output">Where to.</param>
/// <param name="isShown">Control characters are escaped, so that a datagram is one line whatever is in it.</param>
internal sealed class DatagramLineReceiver(Stream output, bool isShown) : IReceiver
{
    public void Take(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> line = isShown ? Encoding.UTF8.GetBytes(ByteText.Show(ByteText.WithoutLineEnd(bytes))) : bytes;
        output.Write(line.EndsWith("\n"u8) ? line : (byte[])[.. line, (byte)'\n']);
        output.Flush();
    }

    public void End()
    {
    }
}

/// <summary>Reports it as events, for programs.</summary>
internal sealed class EventReceiver(Report report) : IReceiver
{
    public void Take(ReadOnlySpan<byte> bytes)
    {
        if (!report.TryTell("received", line: null, ("bytes", bytes.Length), Report.Data(bytes)))
        {
            throw new IOException("the output failed", report.WriteFailure);
        }
    }

    public void End()
    {
    }
}
