namespace Sockeye.Servers;

/// <summary>What a listener does at its bound.</summary>
public enum ConnectionFullMode
{
    /// <summary>It accepts no more until a connection ends; what comes waits in the backlog. The kernel refuses what the backlog has no room for.</summary>
    Wait = 0,

    /// <summary>It accepts what comes, says <see cref="ListenerOptions.RefusalMessage"/>, and closes it.</summary>
    Refuse = 1,
}

/// <summary>The bounds of a <see cref="Listener"/> and of its connections, each with what happens at it. Read when it starts.</summary>
public class ListenerOptions
{
    /// <summary>Where connections are accepted and handled. Defaults to the thread pool.</summary>
    public ConnectionDispatch Dispatch
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = ConnectionDispatch.ThreadPool;

    /// <summary>The clock of all limits. Defaults to the system's.</summary>
    public TimeProvider Time
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = TimeProvider.System;

    /// <summary>
    /// listen(2): how many connections may wait for accept, where the endpoint does not say it; the kernel caps it at
    /// net.core.somaxconn. At the stop no more than these are taken. Defaults to 512.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int Backlog
    {
        get;
        set => field = OptionValue.InRange(value, nameof(Backlog));
    } = 512;

    /// <summary>How many connections there may be at once, at all endpoints together; then <see cref="FullMode"/>. Defaults to 10,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxConnections
    {
        get;
        set => field = OptionValue.InRange(value, nameof(MaxConnections));
    } = 10_000;

    /// <summary>What happens at <see cref="MaxConnections"/>. Defaults to Wait.</summary>
    public ConnectionFullMode FullMode { get; set; }

    /// <summary>
    /// How many descriptors are left to the rest of the process: where no more are free, accepting pauses as it does when there
    /// are none. Never more than a quarter of what the process may open. Defaults to 64; 0 is none.
    /// </summary>
    /// <remarks>Every thread that the runtime starts takes a pipe, and where it gets none the process dies with "Out of memory." (.NET 10).</remarks>
    /// <exception cref="ArgumentOutOfRangeException">Less than 0.</exception>
    public int DescriptorReserve
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 64;

    /// <summary>
    /// How many connections one remote IPv4 or IPv6 address may have at once; the next one is refused. Defaults to 1,000.
    /// <see cref="int.MaxValue"/> is no limit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxConnectionsPerAddress
    {
        get;
        set => field = OptionValue.InRange(value, nameof(MaxConnectionsPerAddress));
    } = 1_000;

    /// <summary>
    /// How many connections a remote IPv6 /64 may have at once, the least that anybody is given; the next one is refused.
    /// Defaults to 1,000. <see cref="int.MaxValue"/> is no limit.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxConnectionsPerNetwork
    {
        get;
        set => field = OptionValue.InRange(value, nameof(MaxConnectionsPerNetwork));
    } = 1_000;

    /// <summary>
    /// Is asked about each connection before it is served, on the accepting thread; it must not block. Null admits it; words, and
    /// be they empty, refuse it. A null function, the default, admits all.
    /// </summary>
    public Func<Socket, byte[]?>? Verify { get; set; }

    /// <summary>What those hear who are refused. Null, the default, is nothing: they see the end of the stream.</summary>
    public Func<RefusalReason, ReadOnlyMemory<byte>>? RefusalMessage { get; set; }

    /// <summary>
    /// What those hear last whose connection this side ends by a limit or the stop, unless <see cref="Connection.Close"/> has
    /// said it. Null, the default, is nothing.
    /// </summary>
    public Func<ConnectionEndReason, ReadOnlyMemory<byte>>? LastWords { get; set; }

    /// <summary>
    /// How long a peer may say nothing at all after it has connected; then it is closed in good order, and its handler's reads
    /// end. Defaults to 30 s. <see cref="Timeout.InfiniteTimeSpan"/> is no limit.
    /// </summary>
    /// <remarks>
    /// Noticed within an eighth of it, a second at most. Of connections that are not served by <see cref="Connection.Input"/> or
    /// <see cref="Connection.Receive"/>, but by calls on the socket itself, only TCP's are limited: of others nobody counts the bytes.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less, and not infinite.</exception>
    public TimeSpan FirstByteTimeout
    {
        get;
        set => field = OptionValue.PositiveOrInfinite(value, nameof(FirstByteTimeout));
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long nothing may move in either direction; then the connection is closed in good order, and its handler's reads
    /// end; a flush that waits for the peer has <see cref="CloseTimeout"/>. Defaults to 5 minutes. <see cref="Timeout.InfiniteTimeSpan"/> is no limit.
    /// </summary>
    /// <remarks>Noticed as <see cref="FirstByteTimeout"/> is, and for the same connections.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less, and not infinite.</exception>
    public TimeSpan IdleTimeout
    {
        get;
        set => field = OptionValue.PositiveOrInfinite(value, nameof(IdleTimeout));
    } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How long a handler may take to end when this side has closed its connection, and how long what is queued may take to go
    /// out after that; then the connection is reset. Defaults to 5 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less.</exception>
    public TimeSpan CloseTimeout
    {
        get;
        set => field = OptionValue.Positive(value, nameof(CloseTimeout));
    } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long, and never beyond a MiB, a connection is still read after its end was sent, and the bytes thrown away: unread
    /// ones would turn the close into a reset, which takes the last words with it (RFC 2525, 2.17). Defaults to 1 s.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less.</exception>
    public TimeSpan LingerTimeout
    {
        get;
        set => field = OptionValue.Positive(value, nameof(LingerTimeout));
    } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How many bytes may wait for one slow reader; then <see cref="Connection.TrySend(ReadOnlyMemory{byte})"/> says no. One message
    /// is taken when no more than half of it waits, however long it is. Defaults to 256 KiB.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 4,096 or more than 1 GiB.</exception>
    public int MaxQueuedBytes
    {
        get;
        set => field = OptionValue.InRange(value, nameof(MaxQueuedBytes), least: 4_096, most: 1 << 30);
    } = 256 * 1024;

    /// <summary>
    /// Whether those who wait in the backlog when the listener stops are served, as far as there is room and time; else they are
    /// refused, with words. Defaults to true.
    /// </summary>
    public bool ServesBacklogOnStop { get; set; } = true;

    /// <summary>
    /// Whether the stop ends the handlers' reads: what had come by then is given, and then the end of the stream. Else a handler
    /// ends by itself, and heeds <see cref="Connection.Stopping"/>. Defaults to true.
    /// </summary>
    public bool EndsReadsOnStop { get; set; } = true;

    /// <summary>Who is told what happens at the listening sockets. Null, the default, is nobody.</summary>
    public ListenerEvents? Events { get; set; }

    /// <summary>A connection's own queue begins where its pipe has enough.</summary>
    internal SocketPipeOptions CreatePipeOptions()
    {
        int high = Math.Min(64 * 1024, MaxQueuedBytes / 2);
        return new SocketPipeOptions { SendHighWaterMark = high, SendLowWaterMark = high / 2, DisposeTimeout = CloseTimeout };
    }
}
