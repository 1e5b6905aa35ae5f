using System.Globalization;
using System.Text;
using Sockeye.Chat.Domain;

namespace Sockeye.Chat.Lines;

/// <summary>One command a line client may type. /help prints this table, and nothing else knows the commands.</summary>
internal sealed record LineCommand(
    string Name, string Parameters, string Help, bool BeforeNaming, Func<LineProtocol, string, ValueTask> Run)
{
    private const int NamesMost = 200;
    private const int RoomsMost = 100;

    /// <summary>In the order /help shows them.</summary>
    public static IReadOnlyList<LineCommand> All { get; } =
    [
        new("/name", "NAME", "take a name, or another one", true, static (me, name) => me.TakeNameAsync(name)),
        new("/rooms", "", "list the rooms and how many are in each", false, RoomsAsync),
        new("/join", "ROOM", "go to another room; it begins to exist when you are the first", true, JoinAsync),
        new("/who", "", "list who is in your room", false, WhoAsync),
        new("/quit", "[REASON]", "leave", true, QuitAsync),
        new("/help", "", "show this", true, HelpAsync),
    ];

    private static readonly byte[][] HelpNotices = [.. HelpLines().Select(LineEncoding.Notice)];

    public static LineCommand? Find(string name) =>
        All.FirstOrDefault(command => string.Equals(command.Name, name, StringComparison.OrdinalIgnoreCase));

    private static async ValueTask RoomsAsync(LineProtocol me, string parameters)
    {
        IReadOnlyList<ChatRoomInfo> rooms = me.Hub.Rooms(RoomsMost + 1);
        foreach (ChatRoomInfo room in rooms.Take(RoomsMost))
        {
            string here = string.Equals(room.Name, me.Room, StringComparison.Ordinal) ? ", and you" : "";
            await me.TellAsync(LineEncoding.Notice($"{room.Name}  {Count(room.Members, "person", "people")}{here}"));
        }

        if (rooms.Count > RoomsMost)
        {
            me.Tell("… and more");
        }
    }

    private static async ValueTask JoinAsync(LineProtocol me, string room)
    {
        if (room.Length == 0)
        {
            me.Tell("Which room? For example: /join #garden");
            return;
        }

        await me.MoveAsync(room);
    }

    private static ValueTask WhoAsync(LineProtocol me, string parameters)
    {
        if (me.Room is null || me.Hub.Members(me.Room, NamesMost) is not { } members)
        {
            return default;
        }

        var line = new StringBuilder($"In {members.Room}: {Count(members.Count, "person", "people")}");
        int shown = 0;
        int bytes = 0;
        foreach (string name in members.Names)
        {
            bytes += Encoding.UTF8.GetByteCount(name) + 2;
            if (shown > 0 && bytes > me.AnswerBytesMax)
            {
                break;
            }

            line.Append(shown++ == 0 ? ": " : ", ").Append(name);
        }

        if (members.Count > shown)
        {
            line.Append(CultureInfo.InvariantCulture, $" and {members.Count - shown} more");
        }

        me.Tell(line.ToString());
        return default;
    }

    private static ValueTask QuitAsync(LineProtocol me, string reason)
    {
        me.Quit(reason);
        return default;
    }

    private static async ValueTask HelpAsync(LineProtocol me, string parameters)
    {
        foreach (byte[] notice in HelpNotices)
        {
            await me.TellAsync(notice);
        }
    }

    private static IEnumerable<string> HelpLines()
    {
        int width = All.Max(static command => command.Name.Length + 1 + command.Parameters.Length);
        return
        [
            .. All.Select(command => $"{$"{command.Name} {command.Parameters}".PadRight(width)}  {command.Help}"),
            "Anything else goes to everyone in your room. A text that begins with / is typed with //.",
        ];
    }

    private static string Count(int count, string one, string many) => $"{count} {(count == 1 ? one : many)}";
}
