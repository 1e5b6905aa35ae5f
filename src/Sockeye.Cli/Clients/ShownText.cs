using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sockeye.Cli.Clients;

/// <summary>
/// A stream of bytes as text for a terminal, in parts as they come: what is no text, or steers a terminal, is shown and not
/// obeyed. Line ends and tabs stay; a backslash too, for text is full of them.
/// </summary>
/// <remarks>A character, or CR LF, whose bytes come in two parts is one: at most three bytes wait for the next part.</remarks>
internal sealed class ShownText
{
    private static readonly SearchValues<byte> _plain =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x5f).Select(static value => (byte)value), (byte)'\n', (byte)'\t']);

    private readonly ArrayBufferWriter<byte> _shown = new();
    private readonly StringBuilder _escaped = new();
    private byte[] _held = [];

    /// <summary>What is to be written; it stands until the next call.</summary>
    /// <param name="bytes">The next part.</param>
    public ReadOnlySpan<byte> Show(ReadOnlySpan<byte> bytes) => Show(bytes, isEnd: false);

    /// <summary>What is still to be written: a beginning that nothing followed.</summary>
    public ReadOnlySpan<byte> End() => Show([], isEnd: true);

    private ReadOnlySpan<byte> Show(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        _shown.ResetWrittenCount();
        if (_held.Length > 0)
        {
            bytes = (byte[])[.. _held, .. bytes];
            _held = [];
        }

        while (!bytes.IsEmpty)
        {
            int plain = bytes.IndexOfAnyExcept(_plain);
            if (plain != 0)
            {
                plain = plain < 0 ? bytes.Length : plain;
                _shown.Write(bytes[..plain]);
                bytes = bytes[plain..];
                continue;
            }

            OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length);
            if (!isEnd && (status == OperationStatus.NeedMoreData || bytes is [(byte)'\r']))
            {
                _held = bytes.ToArray();
                break;
            }

            if (bytes.StartsWith("\r\n"u8))
            {
                length = 2;
                _shown.Write(bytes[..length]);
            }
            else if (status == OperationStatus.Done && ByteText.IsShown(rune))
            {
                _shown.Write(bytes[..length]);
            }
            else
            {
                Escape(bytes[..length], status == OperationStatus.Done ? rune.Value : 0);
            }

            bytes = bytes[length..];
        }

        return _shown.WrittenSpan;
    }

    private void Escape(ReadOnlySpan<byte> bytes, int rune)
    {
        _escaped.Clear();
        if (rune > 0xff)
        {
            _escaped.Append(CultureInfo.InvariantCulture, $"\\u{{{rune:x}}}");
        }
        else
        {
            foreach (byte value in bytes)
            {
                ByteText.Escape(_escaped, value);
            }
        }

        _shown.Write(Encoding.ASCII.GetBytes(_escaped.ToString()));
    }
}
