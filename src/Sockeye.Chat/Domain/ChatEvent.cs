using System.Globalization;

namespace Sockeye.Chat.Domain;

/// <summary>
/// Which event: the hub's run, the room's serial number within that run, and the event's number in the room. Unique for ever, as
/// far as 64 random bits for a run can make it.
/// </summary>
public readonly record struct ChatEventId(ulong Hub, uint Room, long Number)
{
    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Hub:x16}-{Room:x}-{Number:x}");
}

/// <summary>How one protocol writes events as bytes. One instance serves all its connections.</summary>
public interface IChatEncoding
{
    /// <summary>The event's bytes. They are shared by every member and must never change.</summary>
    ReadOnlyMemory<byte> Encode(ChatEvent chatEvent);
}

/// <summary>
/// Something that happened in a room. The room's sequencer gave it its number, id and time, and every client shows that order.
/// </summary>
public abstract class ChatEvent
{
    // Members share one encoding: the first one pays, and the rest copy a reference. A second protocol takes over the
    // cache when it needs to, which costs an encoding, never correctness.
    private Encoded? _encoded;

    private protected ChatEvent(ChatEventId id, DateTimeOffset time, string room, string name)
    {
        Id = id;
        Time = time;
        Room = room;
        Name = name;
    }

    /// <summary>Unique, and the same for every client.</summary>
    public ChatEventId Id { get; }

    /// <summary>1, 2, 3… in its room, without a gap.</summary>
    public long Number => Id.Number;

    /// <summary>When the sequencer took it; never earlier than the event before it.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The room, with its "#".</summary>
    public string Room { get; }

    /// <summary>Who did it: spoke, came, left or took another name.</summary>
    public string Name { get; }

    /// <summary>The event's bytes in an encoding, made once and shared.</summary>
    public ReadOnlyMemory<byte> In(IChatEncoding encoding)
    {
        Encoded? encoded = Volatile.Read(ref _encoded);
        if (encoded is null || !ReferenceEquals(encoded.Encoding, encoding))
        {
            encoded = new Encoded(encoding, encoding.Encode(this));
            Volatile.Write(ref _encoded, encoded);
        }

        return encoded.Bytes;
    }

    private sealed record Encoded(IChatEncoding Encoding, ReadOnlyMemory<byte> Bytes);
}

/// <summary>Somebody said something.</summary>
public sealed class ChatMessage : ChatEvent
{
    internal ChatMessage(ChatEventId id, DateTimeOffset time, string room, string name, string text)
        : base(id, time, room, name) => Text = text;

    /// <summary>What was said: one line, clean as <see cref="ChatText.Clean"/> makes it.</summary>
    public string Text { get; }
}

/// <summary>Somebody came into the room.</summary>
public sealed class ChatArrival : ChatEvent
{
    internal ChatArrival(ChatEventId id, DateTimeOffset time, string room, string name)
        : base(id, time, room, name)
    {
    }
}

/// <summary>Somebody went out of the room, or out of the chat.</summary>
public sealed class ChatDeparture : ChatEvent
{
    internal ChatDeparture(ChatEventId id, DateTimeOffset time, string room, string name, bool fromChat, string? reason)
        : base(id, time, room, name)
    {
        FromChat = fromChat;
        Reason = reason;
    }

    /// <summary>True when the person left the chat, false when only this room.</summary>
    public bool FromChat { get; }

    /// <summary>Why, in the person's words or the chat's; null when none was given.</summary>
    public string? Reason { get; }
}

/// <summary>Somebody took another name; <see cref="ChatEvent.Name"/> is the old one.</summary>
public sealed class ChatRename : ChatEvent
{
    internal ChatRename(ChatEventId id, DateTimeOffset time, string room, string name, string newName)
        : base(id, time, room, name) => NewName = newName;

    /// <summary>The name from now on.</summary>
    public string NewName { get; }
}
