using Sockeye.Chat.Domain;
using Sockeye.Chat.Lines;

namespace Sockeye.Chat.Terminal;

/// <summary>
/// What a server sends, as lines that are safe to show. Not every server is ours: each line is cleaned here, once, before
/// anything else looks at it, whether it goes to a terminal, a pipe, a file or a program.
/// </summary>
internal sealed class ReceivedLines
{
    /// <summary>A longer line is dropped, and <see cref="Dropped"/> stands in its place.</summary>
    public const int LineBytesMax = 262_144;

    /// <summary>Not a notice of the server's, and so not a reply to a name.</summary>
    public static readonly string Dropped = $"[a line of more than {LineBytesMax} bytes was dropped]";

    private readonly LineDecoder _decoder = new(LineBytesMax);

    /// <summary>The lines that these bytes complete. No bytes mean the end, and give the last line even if it is not terminated.</summary>
    public IReadOnlyList<string> Take(ReadOnlySpan<byte> bytes)
    {
        var lines = new List<string>();
        bool isEnd = bytes.IsEmpty;
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_decoder.Read(bytes, out LineKind kind, out string line)..];
            Add(lines, kind, line);
        }

        if (isEnd)
        {
            Add(lines, _decoder.Finish(out string last), last);
        }

        return lines;
    }

    private static void Add(List<string> lines, LineKind kind, string line)
    {
        switch (kind)
        {
            case LineKind.Line:
                lines.Add(ChatText.Clean(line));
                break;
            case LineKind.TooLong:
                lines.Add(Dropped);
                break;
        }
    }
}
