using System.Runtime.InteropServices;

namespace Sockeye.Chat.Domain;

/// <summary>
/// One room: its members and its sequencer. Everything here happens with the hub's lock held.
/// </summary>
internal sealed class ChatRoom(ChatName name, ulong hub, uint turn)
{
    private readonly List<ChatSession> _members = [];
    private long _lastNumber;
    private DateTimeOffset _lastTime;

    public ChatName Name { get; } = name;

    public int Count => _members.Count;

    /// <summary>The next event's id. Each one taken must be published, or the numbers have a gap.</summary>
    public ChatEventId NextId() => new(hub, turn, ++_lastNumber);

    /// <summary>The next event's time: the clock's, but never earlier than the event before.</summary>
    public DateTimeOffset NextTime(TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        return _lastTime = now > _lastTime ? now : _lastTime;
    }

    public ReadOnlySpan<ChatSession> Members => CollectionsMarshal.AsSpan(_members);

    public void Add(ChatSession session) => _members.Add(session);

    /// <summary>Removes a member. The last one takes the empty place: order among members means nothing.</summary>
    public void Remove(ChatSession session)
    {
        int index = _members.IndexOf(session);
        _members[index] = _members[^1];
        _members.RemoveAt(_members.Count - 1);
    }
}
