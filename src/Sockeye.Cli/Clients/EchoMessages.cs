namespace Sockeye.Cli.Clients;

/// <summary>
/// Splits what each receive gave into messages: in a stream, each line with its line end, and whatever follows the last one;
/// a datagram is one message. Finds <c>quit</c>: a message that is that word, or the end of a line that is, if it came in parts.
/// </summary>
/// <param name="isStream">A line may go on in the next chunk, which of datagrams none does.</param>
internal sealed class EchoMessages(bool isStream)
{
    // Of the line that the last chunk did not end, as far as it can still be the word.
    private readonly List<byte> _line = new(Word.Length);

    private static ReadOnlySpan<byte> Word => "quit"u8;

    /// <summary>Cuts the first message off.</summary>
    /// <param name="chunk">What one receive gave, or what is left of it.</param>
    /// <param name="length">The message's length, its line end too.</param>
    /// <returns>Whether it says quit.</returns>
    public bool Next(ReadOnlySpan<byte> chunk, out int length)
    {
        int end = isStream ? chunk.IndexOf((byte)'\n') : -1; // a datagram is a message, whatever it holds
        length = end < 0 ? chunk.Length : end + 1;
        ReadOnlySpan<byte> message = chunk[..length];
        bool isQuit = IsQuit(message) || (_line.Count > 0 && message.Length <= Word.Length + 1 && IsQuit([.. _line, .. message]));
        if (end >= 0 || !isStream)
        {
            _line.Clear();
        }
        else
        {
            // One byte longer than "quit\r" is as good as any longer line.
            _line.AddRange(message[..Math.Min(message.Length, Math.Max(Word.Length + 2 - _line.Count, 0))]);
        }

        return isQuit;
    }

    private static bool IsQuit(ReadOnlySpan<byte> message) => ByteText.WithoutLineEnd(message).SequenceEqual(Word);
}
