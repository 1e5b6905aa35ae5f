namespace Sockeye.Servers;

/// <summary>The bounds of a <see cref="DatagramServer"/>, each with what happens at it. Read when it starts.</summary>
public sealed class DatagramServerOptions
{
    /// <summary>
    /// Where datagrams are received and handled: on the thread pool, the default, or on loops. Over IPv4 and IPv6 each loop has
    /// a socket of its own (SO_REUSEPORT), and the kernel gives a sender's datagrams to one of them.
    /// </summary>
    /// <exception cref="ArgumentException">ThreadPerConnection: datagrams have no connections.</exception>
    public ConnectionDispatch Dispatch
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            field = ReferenceEquals(value, ConnectionDispatch.ThreadPerConnection)
                ? throw new ArgumentException("Datagrams have no connections, which threads could be for.", nameof(value))
                : value;
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

    /// <summary>Bytes of the longest datagram; a longer one is dropped, since its end is gone. Defaults to 65,535: no UDP datagram is longer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 or more than 1 MiB.</exception>
    public int MaxDatagramBytes
    {
        get;
        set => field = OptionValue.InRange(value, nameof(MaxDatagramBytes), most: 1 << 20);
    } = 65_535;

    /// <summary>
    /// How many datagrams are received in one call (recvmmsg(2)), and answers sent in one (sendmmsg(2)), at most. For each socket
    /// twice as many buffers of <see cref="MaxDatagramBytes"/> are kept. Defaults to 16.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 or more than 1,024.</exception>
    public int BatchSize
    {
        get;
        set => field = OptionValue.InRange(value, nameof(BatchSize), most: MessageBatch.CapacityMax);
    } = 16;

    /// <summary>How many sessions there may be; at the bound datagrams of senders without one are dropped. Defaults to 10,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxSessions
    {
        get;
        set => field = OptionValue.InRange(value, nameof(MaxSessions));
    } = 10_000;

    /// <summary>How many sessions one remote IP address, or IPv6 /64, may have; at the bound its further datagrams are dropped. Defaults to 1,000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int MaxSessionsPerAddress
    {
        get;
        set => field = OptionValue.InRange(value, nameof(MaxSessionsPerAddress));
    } = 1_000;

    /// <summary>How long a session lasts without a datagram from its peer; then it ends. Noticed within an eighth of it, a second at most. Defaults to 1 minute.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less.</exception>
    public TimeSpan SessionIdleTimeout
    {
        get;
        set => field = OptionValue.Positive(value, nameof(SessionIdleTimeout));
    } = TimeSpan.FromMinutes(1);

    /// <summary>How long the stop waits for what is being handled. Defaults to 10 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less.</exception>
    public TimeSpan StopTimeout
    {
        get;
        set => field = OptionValue.Positive(value, nameof(StopTimeout));
    } = TimeSpan.FromSeconds(10);
}
