using Sockeye.Chat.Domain;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>A client that remembers, and takes only so much.</summary>
internal sealed class RecordingClient(int takes = int.MaxValue) : IChatClient
{
    // Written under the hub's lock only; read when the test's threads have ended.
    public List<ChatEvent> Events { get; } = [];

    public ChatEnd? End { get; private set; }

    public string? EndReason { get; private set; }

    public bool WasPostedAfterEnd { get; private set; }

    public IEnumerable<string> Said => Events.OfType<ChatMessage>().Select(static message => $"{message.Name}: {message.Text}");

    public bool TryPost(ChatEvent chatEvent)
    {
        WasPostedAfterEnd |= End is not null;
        if (Events.Count >= takes)
        {
            return false;
        }

        Events.Add(chatEvent);
        return true;
    }

    public void Ended(ChatEnd end, string reason)
    {
        End = end;
        EndReason = reason;
    }
}
