namespace Sockeye.Chat.Lines;

/// <summary>The notices that a program at the other end may rely on; docs/chat.md lists them. All others are for people.</summary>
internal static class LineReplies
{
    private const string WelcomeStart = "Welcome, ";
    private const string NextRoomStart = "Next room: ";

    /// <summary>Asks for a name: when the client does not begin with a line, and at every empty line until it has one.</summary>
    public const string Prompt = "Welcome. What is your name? (One word; /help shows more.)";

    /// <summary>The reply to /quit, and the last line.</summary>
    public const string GoodBye = "Good-bye.";

    /// <summary>The name was taken: the person is in the chat.</summary>
    public static string Welcome(string name) => $"{WelcomeStart}{name}. Type to talk; /help lists the commands.";

    /// <summary>The reply to /join before there is a name.</summary>
    public static string NextRoom(string room) => $"{NextRoomStart}{room}. What is your name?";

    public static bool IsWelcome(string line) => Is(line, WelcomeStart);

    public static bool IsNextRoom(string line) => Is(line, NextRoomStart);

    public static bool IsPrompt(string line) => Is(line, Prompt);

    public static bool IsGoodBye(string line) => string.Equals(line, LineEncoding.NoticePrefix + GoodBye, StringComparison.Ordinal);

    public static bool IsNotice(string line) => line.StartsWith(LineEncoding.NoticePrefix, StringComparison.Ordinal);

    private static bool Is(string line, string start) =>
        IsNotice(line) && line.AsSpan(LineEncoding.NoticePrefix.Length).StartsWith(start, StringComparison.Ordinal);
}
