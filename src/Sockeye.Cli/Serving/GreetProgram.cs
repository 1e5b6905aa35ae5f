using System.Buffers;

namespace Sockeye.Cli.Serving;

/// <summary>
/// Says <c>Welcome!</c>, then <c>Hello, NAME!</c> to each message; <c>exit</c> ends the connection. An answer is at most
/// nine times as long as its message, which is when that is nothing but line ends.
/// </summary>
internal sealed class GreetProgram : ServedProgram
{
    public override ReadOnlyMemory<byte> Welcome { get; } = "Welcome!"u8.ToArray();

    public override bool Answer(ReadOnlySpan<byte> chunk, IBufferWriter<byte> answer)
    {
        var messages = new MessageLines(chunk);
        while (messages.MoveNext())
        {
            if (messages.Text.SequenceEqual("exit"u8))
            {
                return false;
            }

            Greet(messages.Text, messages.LineEnd, answer);
        }

        return true;
    }

    // One message, whatever it holds; and no connection, so nothing that could end.
    public override void AnswerDatagram(ReadOnlySpan<byte> datagram, IBufferWriter<byte> answer)
    {
        int end = datagram.Length - ByteText.LineEndLength(datagram);
        Greet(datagram[..end], datagram[end..], answer);
    }

    private static void Greet(ReadOnlySpan<byte> name, ReadOnlySpan<byte> lineEnd, IBufferWriter<byte> answer)
    {
        answer.Write("Hello, "u8);
        answer.Write(name);
        answer.Write("!"u8);
        answer.Write(lineEnd);
    }
}
