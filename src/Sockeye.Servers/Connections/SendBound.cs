namespace Sockeye.Servers;

/// <summary>
/// How much may wait for one slow reader. Whoever is refused waits until <see cref="HasRoom"/>, and is taken then, however long
/// its message is: else it would have to ask again and again.
/// </summary>
/// <param name="maxBytes">What several messages may come to; one that is longer than half of it may exceed it.</param>
internal readonly struct SendBound(int maxBytes)
{
    /// <summary>Whether a message is taken while so many bytes wait.</summary>
    internal bool Takes(long waitingBytes, int messageBytes) => HasRoom(waitingBytes) || waitingBytes + messageBytes <= maxBytes;

    /// <summary>Whether no more than half of it waits.</summary>
    internal bool HasRoom(long waitingBytes) => waitingBytes <= maxBytes / 2;
}
