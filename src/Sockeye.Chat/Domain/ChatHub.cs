using System.Diagnostics;
using System.Security.Cryptography;

namespace Sockeye.Chat.Domain;

/// <summary>A room as others see it.</summary>
public sealed record ChatRoomInfo(string Name, int Members);

/// <summary>Who is in a room: how many, and as many names as were asked for, in order of the alphabet.</summary>
public sealed record ChatMembers(string Room, int Count, IReadOnlyList<string> Names);

/// <summary>The chat itself: rooms and people. Knows no socket, clock, database or format.</summary>
/// <remarks>
/// The contract:
/// <list type="number">
/// <item>One lock guards everything, so there is no order of locks to remember. On an event loop it is never contended.</item>
/// <item>An event gets its number, id and time and reaches every member's client under that lock, so all see one order.</item>
/// <item>Nothing under the lock waits: a client queues or says no.</item>
/// <item>A client that says no is ended after the event has reached the others, and they are told; whoever cannot take
/// that news is ended in turn. Each session ends once, so this ends too.</item>
/// <item>A name belongs to one session, from entering until its end; it is free the moment that comes.</item>
/// <item>A room exists while somebody is in it.</item>
/// <item>What is listed is kept in order as it changes. A question costs what its answer shows, not what the chat holds;
/// a word, an arrival or a departure costs one delivery for each member of its room.</item>
/// </list>
/// </remarks>
public sealed class ChatHub
{
    private readonly Lock _gate = new();
    private readonly ChatOptions _options;
    private readonly TimeProvider _time;
    private readonly ulong _run;
    private readonly HashSet<string> _reserved;
    private readonly string _tooSlow;

    // All under _gate.
    private readonly Dictionary<string, ChatSession> _people = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ChatRoom> _rooms = new(StringComparer.Ordinal);
    private readonly SortedSet<ChatRoom> _fullestFirst = new(Comparer<ChatRoom>.Create(CompareFullness));
    private readonly Queue<ChatSession> _overflowed = new();
    private uint _lastRoomSerial;
    private string? _closed;

    /// <summary>An empty chat.</summary>
    /// <param name="options">The bounds; read now.</param>
    /// <param name="time">Where events get their time from.</param>
    /// <param name="run">What distinguishes this run's event ids from every other's. Defaults to 64 random bits.</param>
    public ChatHub(ChatOptions options, TimeProvider time, ulong? run = null)
    {
        options.Validate();
        _options = options;
        _time = time;
        _run = run ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        _reserved = options.ReservedNames.Select(ChatName.Fold).ToHashSet(StringComparer.Ordinal);
        _tooSlow = $"too slow: more than {options.MaxQueuedBytes} bytes waiting";
    }

    /// <summary>People in the chat.</summary>
    public int People
    {
        get
        {
            lock (_gate)
            {
                return _people.Count;
            }
        }
    }

    /// <summary>Enters the chat under a name, in no room yet.</summary>
    public ValueTask<ChatResult<ChatSession>> EnterAsync(string name, IChatClient client)
    {
        lock (_gate)
        {
            if (_closed is not null)
            {
                return new(new ChatResult<ChatSession>(new ChatResult(ChatError.Ended, _closed)));
            }

            if (CheckName(name, null, out ChatName parsed) is { IsSuccess: false } failure)
            {
                return new(new ChatResult<ChatSession>(failure));
            }

            var session = new ChatSession(this, parsed, client);
            _people.Add(parsed.Key, session);
            return new(new ChatResult<ChatSession>(session));
        }
    }

    /// <summary>The rooms that exist, fullest first; at most so many.</summary>
    public IReadOnlyList<ChatRoomInfo> Rooms(int most)
    {
        lock (_gate)
        {
            return [.. _fullestFirst.Take(most).Select(static room => new ChatRoomInfo(room.Name.Text, room.Count))];
        }
    }

    /// <summary>Who is in a room; null when there is no such room.</summary>
    public ChatMembers? Members(string room, int namesMost)
    {
        if (!ChatName.TryParseRoom(room, _options.MaxRoomNameLength, out ChatName parsed, out _))
        {
            return null;
        }

        lock (_gate)
        {
            if (!_rooms.TryGetValue(parsed.Key, out ChatRoom? found))
            {
                return null;
            }

            string[] names = new string[Math.Min(found.Count, namesMost)];
            for (int i = 0; i < names.Length; i++)
            {
                names[i] = found.Members[i].Name;
            }

            return new ChatMembers(found.Name.Text, found.Count, names);
        }
    }

    /// <summary>Ends every session, and lets nobody in from then on. Clients are told of the end, not of each other's departure.</summary>
    public void Close(string reason)
    {
        lock (_gate)
        {
            if (_closed is not null)
            {
                return;
            }

            _closed = reason;
            foreach (ChatSession session in _people.Values)
            {
                session.HasEnded = true;
                session.Rooms.Clear();
                session.Client.Ended(ChatEnd.Closing, reason);
            }

            _people.Clear();
            _rooms.Clear();
            _fullestFirst.Clear();
        }
    }

    internal ChatResult Join(ChatSession session, string name)
    {
        if (!ChatName.TryParseRoom(name, _options.MaxRoomNameLength, out ChatName parsed, out string problem))
        {
            return new(ChatError.RoomInvalid, problem);
        }

        lock (_gate)
        {
            if (session.HasEnded)
            {
                return HasEnded();
            }

            _rooms.TryGetValue(parsed.Key, out ChatRoom? room);
            if (room is not null && session.Rooms.Contains(room))
            {
                return ChatResult.Done;
            }

            if (session.Rooms.Count >= _options.MaxRoomsPerPerson)
            {
                return new(ChatError.TooManyRoomsForOne, $"One may be in {_options.MaxRoomsPerPerson} rooms; leave one first.");
            }

            if (room is null)
            {
                if (_rooms.Count >= _options.MaxRooms)
                {
                    return new(ChatError.TooManyRooms, $"There are {_options.MaxRooms} rooms already; join one of them.");
                }

                room = new ChatRoom(parsed, _run, ++_lastRoomSerial);
                _rooms.Add(parsed.Key, room);
            }
            else if (room.Count >= _options.MaxMembers)
            {
                return new(ChatError.RoomFull, $"{room.Name} is full: {_options.MaxMembers} people are in it.");
            }

            Add(room, session);
            session.Rooms.Add(room);
            Publish(room, new ChatArrival(room.NextId(), room.NextTime(_time), room.Name.Text, session.Name));
            EndOverflowed();
            return ChatResult.Done;
        }
    }

    internal ChatResult Part(ChatSession session, string name, string? reason)
    {
        lock (_gate)
        {
            if (Find(session, name, out ChatRoom? room) is { IsSuccess: false } failure)
            {
                return failure;
            }

            // The one who leaves gets it too: it is the confirmation.
            var departure = new ChatDeparture(
                room!.NextId(), room.NextTime(_time), room.Name.Text, session.Name, fromChat: false, CleanReason(reason));
            Publish(room, departure);
            session.Rooms.Remove(room);
            Remove(room, session);
            EndOverflowed();
            return ChatResult.Done;
        }
    }

    internal ChatResult Say(ChatSession session, string name, string text)
    {
        // Outside the lock: a long text takes long.
        text = ChatText.Clean(text);
        if (string.IsNullOrWhiteSpace(text))
        {
            return new(ChatError.TextEmpty, "There was nothing to say.");
        }

        int bytes = System.Text.Encoding.UTF8.GetByteCount(text);
        if (bytes > _options.MaxTextBytes)
        {
            return new(ChatError.TextTooLong, $"That was {bytes} bytes; at most {_options.MaxTextBytes} may be said at once.");
        }

        lock (_gate)
        {
            if (Find(session, name, out ChatRoom? room) is { IsSuccess: false } failure)
            {
                return failure;
            }

            Publish(room!, new ChatMessage(room!.NextId(), room.NextTime(_time), room.Name.Text, session.Name, text));
            EndOverflowed();
            return ChatResult.Done;
        }
    }

    internal ChatResult Rename(ChatSession session, string name)
    {
        lock (_gate)
        {
            if (session.HasEnded)
            {
                return HasEnded();
            }

            if (CheckName(name, session, out ChatName parsed) is { IsSuccess: false } failure)
            {
                return failure;
            }

            ChatName old = session.CurrentName;
            if (string.Equals(old.Text, parsed.Text, StringComparison.Ordinal))
            {
                return ChatResult.Done;
            }

            // A room keeps its members by name: out under the old one, in again under the new.
            session.Rooms.ForEach(room => room.Remove(session));
            _people.Remove(old.Key);
            _people.Add(parsed.Key, session);
            session.CurrentName = parsed;
            session.Rooms.ForEach(room => room.Add(session));
            foreach (ChatRoom room in session.Rooms)
            {
                Publish(room, new ChatRename(room.NextId(), room.NextTime(_time), room.Name.Text, old.Text, parsed.Text));
            }

            EndOverflowed();
            return ChatResult.Done;
        }
    }

    internal void End(ChatSession session, string? reason)
    {
        lock (_gate)
        {
            EndOne(session, CleanReason(reason));
            EndOverflowed();
        }
    }

    internal void EndTooSlow(ChatSession session)
    {
        lock (_gate)
        {
            _overflowed.Enqueue(session);
            EndOverflowed();
        }
    }

    private static ChatResult HasEnded() => new(ChatError.Ended, "You have left the chat.");

    private ChatResult CheckName(string name, ChatSession? self, out ChatName parsed)
    {
        if (!ChatName.TryParsePerson(name, _options.MaxNameLength, out parsed, out string problem))
        {
            return new(ChatError.NameInvalid, problem);
        }

        if (_reserved.Contains(parsed.Key))
        {
            return new(ChatError.NameNotAllowed, $"The name {parsed} is reserved; choose another.");
        }

        return _people.TryGetValue(parsed.Key, out ChatSession? owner) && owner != self
            ? new(ChatError.NameTaken, $"The name {parsed} is taken; choose another.")
            : ChatResult.Done;
    }

    private ChatResult Find(ChatSession session, string name, out ChatRoom? room)
    {
        room = null;
        if (session.HasEnded)
        {
            return HasEnded();
        }

        if (!ChatName.TryParseRoom(name, _options.MaxRoomNameLength, out ChatName parsed, out string problem))
        {
            return new(ChatError.RoomInvalid, problem);
        }

        return _rooms.TryGetValue(parsed.Key, out room) && session.Rooms.Contains(room)
            ? ChatResult.Done
            : new(ChatError.NotInRoom, $"You are not in {parsed}.");
    }

    private string? CleanReason(string? reason)
    {
        reason = reason is null ? "" : ChatText.Cut(ChatText.Clean(reason).Trim(), _options.MaxReasonBytes);
        return reason.Length == 0 ? null : reason;
    }

    /// <summary>Gives the event to every member. One that cannot take it is ended afterwards, by EndOverflowed.</summary>
    private void Publish(ChatRoom room, ChatEvent chatEvent)
    {
        Debug.Assert(_gate.IsHeldByCurrentThread);
        foreach (ChatSession member in room.Members)
        {
            if (!member.Client.TryPost(chatEvent))
            {
                _overflowed.Enqueue(member);
            }
        }
    }

    private void EndOverflowed()
    {
        while (_overflowed.TryDequeue(out ChatSession? session))
        {
            if (EndOne(session, _tooSlow))
            {
                session.Client.Ended(ChatEnd.TooSlow, _tooSlow);
            }
        }
    }

    /// <summary>Takes a session out of the chat, and notifies the others; false if it was out already.</summary>
    private bool EndOne(ChatSession session, string? reason)
    {
        if (session.HasEnded)
        {
            return false;
        }

        session.HasEnded = true;
        _people.Remove(session.CurrentName.Key);
        foreach (ChatRoom room in session.Rooms)
        {
            Remove(room, session);
            Publish(room, new ChatDeparture(
                room.NextId(), room.NextTime(_time), room.Name.Text, session.Name, fromChat: true, reason));
        }

        session.Rooms.Clear();
        return true;
    }

    /// <summary>Adds one to a room. Its place among the rooms depends on how many there are, so it is taken out meanwhile.</summary>
    private void Add(ChatRoom room, ChatSession session)
    {
        _fullestFirst.Remove(room);
        room.Add(session);
        _fullestFirst.Add(room);
    }

    /// <summary>Takes one out of a room, which ends with its last member.</summary>
    private void Remove(ChatRoom room, ChatSession session)
    {
        _fullestFirst.Remove(room);
        room.Remove(session);
        if (room.Count > 0)
        {
            _fullestFirst.Add(room);
        }
        else
        {
            _rooms.Remove(room.Name.Key);
        }
    }

    private static int CompareFullness(ChatRoom one, ChatRoom other)
    {
        int order = other.Count.CompareTo(one.Count);
        return order != 0 ? order : string.CompareOrdinal(one.Name.Text, other.Name.Text);
    }
}
