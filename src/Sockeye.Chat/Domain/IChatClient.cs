namespace Sockeye.Chat.Domain;

/// <summary>Why the hub ended a session.</summary>
public enum ChatEnd
{
    /// <summary>Its client could not take an event: its queue was full.</summary>
    TooSlow,

    /// <summary>The whole chat is closing.</summary>
    Closing,
}

/// <summary>Where a person's events go: their client, whatever protocol it speaks.</summary>
/// <remarks>
/// Both members are called with the hub's lock held, in the one order of each room. They must neither block nor call the
/// hub; they queue, and wake waiters later and elsewhere.
/// </remarks>
public interface IChatClient
{
    /// <summary>Queues the event. False means that the queue is full; the hub then ends the session.</summary>
    bool TryPost(ChatEvent chatEvent);

    /// <summary>The hub has ended the session; no event follows.</summary>
    void Ended(ChatEnd end, string reason);
}
