namespace Sockeye.Chat;

/// <summary>Every bound and every wait of the chat, each with what happens at it.</summary>
public sealed class ChatOptions
{
    // ----- the rules of the chat (Domain) -----

    /// <summary>The room a newcomer enters. Defaults to "#lobby".</summary>
    public string FirstRoom { get; set; } = "#lobby";

    /// <summary>
    /// Names nobody may take, compared as all names are: without regard to case.
    /// Defaults to names that could be mistaken for the server's own voice.
    /// </summary>
    public ISet<string> ReservedNames { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "admin", "administrator", "all", "everyone", "here", "moderator", "nobody", "operator", "root", "server",
        "sockeye", "system",
    };

    /// <summary>Characters (Unicode scalar values) in a person's name; a longer one is refused. Defaults to 24.</summary>
    public int MaxNameLength { get; set; } = 24;

    /// <summary>Characters in a room's name without its "#"; a longer one is refused. Defaults to 32.</summary>
    public int MaxRoomNameLength { get; set; } = 32;

    /// <summary>Rooms at one time; entering one more new room is refused. Defaults to 1,000.</summary>
    public int MaxRooms { get; set; } = 1_000;

    /// <summary>People in one room; the next one is refused. Defaults to 10,000.</summary>
    public int MaxMembers { get; set; } = 10_000;

    /// <summary>Rooms one person may be in; the next one is refused. Defaults to 32.</summary>
    public int MaxRoomsPerPerson { get; set; } = 32;

    /// <summary>UTF-8 bytes of one message; a longer one is refused, and the sender is told. Defaults to 4,096.</summary>
    public int MaxTextBytes { get; set; } = 4_096;

    /// <summary>UTF-8 bytes of a reason for leaving; the rest is cut off. Defaults to 256.</summary>
    public int MaxReasonBytes { get; set; } = 256;

    // ----- connections -----

    /// <summary>Connections at one time; the next is told so and closed. Defaults to 10,000.</summary>
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Connections that have no name yet; the next is told so and closed. Defaults to 4,096.</summary>
    public int MaxUnnamedConnections { get; set; } = 4_096;

    /// <summary>Names a connection may try in vain before it is ended. Defaults to 20.</summary>
    public int MaxNameAttempts { get; set; } = 20;

    /// <summary>
    /// Bytes of one line, its end not counted; a longer one is dropped to its end, the sender is told the limit, and the
    /// connection lives. Defaults to 4,096.
    /// </summary>
    public int MaxLineBytes { get; set; } = 4_096;

    /// <summary>
    /// Bytes that may wait for one slow reader; at the next one it is dropped and told why. A connection that fills half
    /// of it with its own words, or the replies to them, is not served until it has read them. Defaults to 262,144.
    /// </summary>
    public int MaxQueuedBytes { get; set; } = 262_144;

    /// <summary>
    /// SO_SNDBUF of a connection, in bytes; the kernel doubles it. Without it the kernel would take megabytes for a slow
    /// reader before <see cref="MaxQueuedBytes"/> is felt. Zero leaves the choice to the kernel. Defaults to 131,072.
    /// </summary>
    public int SendBufferBytes { get; set; } = 131_072;

    /// <summary>Connections the kernel holds until they are accepted: listen(2). Defaults to 4,096.</summary>
    public int Backlog { get; set; } = 4_096;

    /// <summary>
    /// How long one connection's commands run while others wait: what is left waits in a queue, from which one connection is
    /// served in each turn of the event loop. Nothing is refused; a command is never cut, so the last may take longer.
    /// Defaults to 500 µs.
    /// </summary>
    public TimeSpan TurnTime { get; set; } = TimeSpan.FromMicroseconds(500);

    // ----- waits -----

    /// <summary>
    /// How long the server is silent at first. Other protocols speak first and share the port; only a line client waits
    /// to be asked. Defaults to 500 ms.
    /// </summary>
    public TimeSpan FirstBytesWait { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a connection may take to choose a name; then it is ended. Defaults to 60 s.</summary>
    public TimeSpan NameWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long what is due may take to reach a connection that is being closed. Defaults to 5 s.</summary>
    public TimeSpan DrainWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a closed connection is still read, and the bytes thrown away: unread bytes would turn the close into a
    /// reset, and a reset takes the last words with it. Defaults to 500 ms.
    /// </summary>
    public TimeSpan CloseWait { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>TCP_KEEPIDLE: silence before the first probe; rounded to whole seconds. Defaults to 60 s.</summary>
    public TimeSpan KeepAliveTime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>TCP_KEEPINTVL: time between probes; rounded to whole seconds. Defaults to 10 s.</summary>
    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>TCP_KEEPCNT: unanswered probes after which the connection is lost. Defaults to 3.</summary>
    public int KeepAliveCount { get; set; } = 3;

    /// <summary>
    /// TCP_USER_TIMEOUT: how long sent bytes may stay unacknowledged before the connection is lost. Defaults to 60 s.
    /// </summary>
    public TimeSpan UserTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> for a bound that cannot work.</summary>
    public void Validate()
    {
        AtLeast(MaxNameLength, 1, nameof(MaxNameLength));
        AtLeast(MaxRoomNameLength, 1, nameof(MaxRoomNameLength));
        AtLeast(MaxRooms, 1, nameof(MaxRooms));
        AtLeast(MaxMembers, 1, nameof(MaxMembers));
        AtLeast(MaxRoomsPerPerson, 2, nameof(MaxRoomsPerPerson)); // who moves is in two for a moment
        AtLeast(MaxTextBytes, 1, nameof(MaxTextBytes));
        AtLeast(MaxReasonBytes, 0, nameof(MaxReasonBytes));
        AtLeast(MaxConnections, 1, nameof(MaxConnections));
        AtLeast(MaxUnnamedConnections, 1, nameof(MaxUnnamedConnections));
        AtLeast(MaxNameAttempts, 1, nameof(MaxNameAttempts));
        AtLeast(MaxLineBytes, 64, nameof(MaxLineBytes));
        AtLeast(MaxQueuedBytes, 4 * MaxLineBytes, nameof(MaxQueuedBytes));
        AtLeast(SendBufferBytes, 0, nameof(SendBufferBytes));
        AtLeast(Backlog, 1, nameof(Backlog));
        AtLeast(KeepAliveCount, 1, nameof(KeepAliveCount));
        AtLeast(TurnTime, TimeSpan.Zero, nameof(TurnTime));
        AtLeast(FirstBytesWait, TimeSpan.Zero, nameof(FirstBytesWait));
        AtLeast(NameWait, TimeSpan.FromMilliseconds(1), nameof(NameWait));
        AtLeast(DrainWait, TimeSpan.Zero, nameof(DrainWait));
        AtLeast(CloseWait, TimeSpan.Zero, nameof(CloseWait));
        AtLeast(KeepAliveTime, TimeSpan.FromSeconds(1), nameof(KeepAliveTime));
        AtLeast(KeepAliveInterval, TimeSpan.FromSeconds(1), nameof(KeepAliveInterval));
        AtLeast(UserTimeout, TimeSpan.Zero, nameof(UserTimeout));
    }

    private static void AtLeast<T>(T value, T least, string name)
        where T : IComparable<T> =>
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
}
