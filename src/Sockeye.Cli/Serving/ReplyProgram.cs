using System.Buffers;
using System.Text;

namespace Sockeye.Cli.Serving;

/// <summary>Answers each chunk with the same text, and with the line end that the chunk had.</summary>
/// <param name="text">The text.</param>
internal sealed class ReplyProgram(string text) : ServedProgram
{
    public const string TextByDefault = "I am OK, are u OK";

    private readonly byte[] _text = Encoding.UTF8.GetBytes(text);

    public override bool Answer(ReadOnlySpan<byte> chunk, IBufferWriter<byte> answer)
    {
        answer.Write(_text);
        answer.Write(chunk[^ByteText.LineEndLength(chunk)..]);
        return true;
    }
}
