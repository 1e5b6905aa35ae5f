namespace Sockeye.Chat.Domain;

/// <summary>What one person may do, from entering the chat to leaving it. Made by <see cref="ChatHub.EnterAsync"/>.</summary>
/// <remarks>
/// May be used from any thread. Requests are value tasks because a room's sequencer may one day live on another machine;
/// the hub of this one completes them at once. The result says whether a request was done; what it caused arrives, as for
/// everybody else, at the <see cref="IChatClient"/>.
/// </remarks>
public sealed class ChatSession
{
    private readonly ChatHub _hub;

    internal ChatSession(ChatHub hub, ChatName name, IChatClient client)
    {
        _hub = hub;
        CurrentName = name;
        Client = client;
    }

    /// <summary>The name as it is shown.</summary>
    public string Name => CurrentName.Text;

    // The hub's, and under its lock. Name may be read without it: it is one reference.
    internal ChatName CurrentName { get => Volatile.Read(ref _name).Value; set => Volatile.Write(ref _name, new(value)); }

    internal IChatClient Client { get; }

    internal List<ChatRoom> Rooms { get; } = new(1);

    internal bool HasEnded { get; set; }

    /// <summary>Enters a room, which begins to exist when nobody was in it.</summary>
    public ValueTask<ChatResult> JoinAsync(string room) => ValueTask.FromResult(_hub.Join(this, room));

    /// <summary>Leaves a room, which ceases to exist when nobody is left.</summary>
    public ValueTask<ChatResult> PartAsync(string room, string? reason = null) =>
        ValueTask.FromResult(_hub.Part(this, room, reason));

    /// <summary>Says one line to a room; it is cleaned as <see cref="ChatText.Clean"/> does.</summary>
    public ValueTask<ChatResult> SayAsync(string room, string text) => ValueTask.FromResult(_hub.Say(this, room, text));

    /// <summary>Takes another name.</summary>
    public ValueTask<ChatResult> RenameAsync(string name) => ValueTask.FromResult(_hub.Rename(this, name));

    /// <summary>Leaves the chat. Only the first call counts; the client gets nothing more.</summary>
    public void End(string? reason = null) => _hub.End(this, reason);

    /// <summary>Leaves the chat because the client's queue overflowed outside the hub: as if TryPost had said no.</summary>
    public void EndTooSlow() => _hub.EndTooSlow(this);

    private NameBox _name = null!;

    private sealed record NameBox(ChatName Value);
}
