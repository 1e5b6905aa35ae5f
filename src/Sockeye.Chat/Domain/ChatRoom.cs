using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sockeye.Chat.Domain;

/// <summary>One room: its members and its sequencer. Everything here happens with the hub's lock held.</summary>
internal sealed class ChatRoom(ChatName name, ulong hub, uint serial)
{
    // In the order in which names are shown, so that asking for the first of ten thousand names costs no sort.
    private readonly List<ChatSession> _members = [];
    private long _lastNumber;
    private DateTimeOffset _lastTime;

    public ChatName Name { get; } = name;

    public int Count => _members.Count;

    /// <summary>The next event's id. Each one taken must be published, or the numbers have a gap.</summary>
    public ChatEventId NextId() => new(hub, serial, ++_lastNumber);

    /// <summary>The next event's time: the clock's, but never earlier than the event before.</summary>
    public DateTimeOffset NextTime(TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        return _lastTime = now > _lastTime ? now : _lastTime;
    }

    /// <summary>In the order in which names are shown.</summary>
    public ReadOnlySpan<ChatSession> Members => CollectionsMarshal.AsSpan(_members);

    public void Add(ChatSession session)
    {
        int index = IndexOf(session.CurrentName);
        Debug.Assert(index < 0);
        _members.Insert(~index, session);
    }

    /// <summary>Removes a member, who must still have the name under which it was added.</summary>
    public void Remove(ChatSession session)
    {
        int index = IndexOf(session.CurrentName);
        Debug.Assert(index >= 0 && ReferenceEquals(_members[index], session));
        _members.RemoveAt(index);
    }

    /// <summary>Where the name stands, or the complement of where it would.</summary>
    private int IndexOf(ChatName name)
    {
        int low = 0;
        int high = _members.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = Compare(_members[middle].CurrentName, name);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    // Keys are unique among people who are here at one time, so no two of them compare as equal.
    private static int Compare(ChatName one, ChatName other)
    {
        int order = StringComparer.OrdinalIgnoreCase.Compare(one.Text, other.Text);
        return order != 0 ? order : string.CompareOrdinal(one.Key, other.Key);
    }
}
