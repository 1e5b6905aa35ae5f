using System.Globalization;
using System.Text;
using Sockeye.Chat.Domain;

namespace Sockeye.Chat.Lines;

/// <summary>
/// How a line client reads the chat. Every line ends with LF and begins in one of three ways:
/// <c>[HH:mm:ss] NAME: text</c> for what is said, <c>[HH:mm:ss] * …</c> for what happens in the room, and <c>-- …</c>
/// for what the server says to this client alone. A name has no ":" or space in it, so no one's text passes for another's.
/// </summary>
public sealed class LineEncoding(TimeZoneInfo zone) : IChatEncoding
{
    /// <summary>What a line for one client alone begins with.</summary>
    public const string NoticePrefix = "-- ";

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> Encode(ChatEvent chatEvent)
    {
        DateTimeOffset time = TimeZoneInfo.ConvertTime(chatEvent.Time, zone);
        string what = chatEvent switch
        {
            ChatMessage message => $"{message.Name}: {message.Text}",
            ChatArrival arrival => $"* {arrival.Name} joined {arrival.Room}",
            ChatDeparture { Reason: null } departure => $"* {departure.Name} left {Whence(departure)}",
            ChatDeparture departure => $"* {departure.Name} left {Whence(departure)} ({departure.Reason})",
            ChatRename rename => $"* {rename.Name} is now {rename.NewName}",
            _ => throw new ArgumentException($"no line form for {chatEvent.GetType().Name}", nameof(chatEvent)),
        };
        return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"[{time:HH:mm:ss}] {what}\n"));
    }

    /// <summary>A line for one client alone. Text from others must have been cleaned.</summary>
    public static byte[] Notice(string text) => Encoding.UTF8.GetBytes($"{NoticePrefix}{text}\n");

    private static string Whence(ChatDeparture departure) => departure.FromChat ? "the chat" : departure.Room;
}
