using System.Buffers;

namespace Sockeye.Cli.Serving;

/// <summary>Prints what comes, with who sent it, and answers nothing.</summary>
internal sealed class SinkProgram : ServedProgram
{
    public override bool Answers => false;

    public override bool NeedsOutput => true;

    public override bool Answer(ReadOnlySpan<byte> chunk, IBufferWriter<byte> answer) => true;

    public override string Line(string peer, ReadOnlySpan<byte> bytes, int cut, Style style)
    {
        string more = cut switch
        {
            0 => "",
            1 => " (1 more byte was cut)",
            _ => $" ({cut} more bytes were cut)",
        };
        return $"{style.Dim(peer)} {ByteText.Show(ByteText.WithoutLineEnd(bytes))}{(more.Length == 0 ? "" : style.Dim(more))}";
    }
}
