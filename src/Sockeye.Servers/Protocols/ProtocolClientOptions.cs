namespace Sockeye.Servers.Protocols;

/// <summary>How a <see cref="ProtocolClient{TProtocol}"/> connects, and how long it waits before it tries again.</summary>
public sealed class ProtocolClientOptions
{
    /// <summary>The wait before the second attempt. Each further one is longer by <see cref="Factor"/>. Defaults to 1 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than a millisecond, or more than 24 days.</exception>
    public TimeSpan InitialDelay
    {
        get;
        set => field = OptionValue.AtLeastMillisecond(value, nameof(InitialDelay));
    } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait. Defaults to one minute.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than a millisecond, or more than 24 days.</exception>
    public TimeSpan MaxDelay
    {
        get;
        set => field = OptionValue.AtLeastMillisecond(value, nameof(MaxDelay));
    } = TimeSpan.FromMinutes(1);

    /// <summary>How much longer each wait is than the one before it. Defaults to 1.5.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 or more than 100.</exception>
    public double Factor
    {
        get;
        set => field = value is >= 1 and <= 100 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "From 1 to 100.");
    } = 1.5;

    /// <summary>
    /// By what part a wait may be shorter or longer, by chance, so that clients of a server that has failed do not come back all at
    /// once. Defaults to 0.2.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 0 or more than 1.</exception>
    public double Jitter
    {
        get;
        set => field = value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "From 0 to 1.");
    } = 0.2;

    /// <summary>How long one attempt to connect may take. Defaults to 15 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than a millisecond, or more than 24 days.</exception>
    public TimeSpan ConnectTimeout
    {
        get;
        set => field = OptionValue.AtLeastMillisecond(value, nameof(ConnectTimeout));
    } = TimeSpan.FromSeconds(15);

    /// <summary>How many attempts to connect may fail in a row before the client gives up. Null, the default, is without end.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int? MaxAttempts
    {
        get;
        set => field = value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "At least one, or null.");
    }

    /// <summary>How many bytes may wait to be sent. Defaults to 256 KiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 4,096 or more than 1 GiB.</exception>
    public int MaxQueuedBytes
    {
        get => Connections.MaxQueuedBytes;
        set => Connections.MaxQueuedBytes = value;
    }

    /// <summary>The clock of all waits. Defaults to the system's.</summary>
    public TimeProvider Time
    {
        get => Connections.Time;
        set => Connections.Time = value;
    }

    /// <summary>Where chance comes from. Defaults to <see cref="Random.Shared"/>.</summary>
    public Random Random { get; set; } = Random.Shared;

    /// <summary>
    /// Called when an attempt has failed or a connection was lost, with what happened (null: the connection ended in good order) and the
    /// wait that follows. What it throws ends the client.
    /// </summary>
    public Action<Exception?, TimeSpan>? Retrying { get; set; }

    internal ListenerOptions Connections { get; } = new() { FirstByteTimeout = Timeout.InfiniteTimeSpan, IdleTimeout = Timeout.InfiniteTimeSpan };
}
