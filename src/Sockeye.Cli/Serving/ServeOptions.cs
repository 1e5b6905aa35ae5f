namespace Sockeye.Cli.Serving;

/// <summary>The bounds of a server, and where its connections run.</summary>
internal sealed record ServeOptions
{
    /// <summary>What one receive of a stream takes, when nothing else is said.</summary>
    public const int StreamBufferBytes = 16_384;

    /// <summary>Longer than any UDP datagram: nothing is cut.</summary>
    public const int DatagramBufferBytes = 65_536;

    /// <summary>The most that <see cref="BufferBytes"/> may be: each connection has a buffer.</summary>
    public const int BufferBytesMax = 16 << 20;

    /// <summary>Descriptors of a connection that has a thread: its own, a duplicate, and the eventfd(2) that ends the thread's waits.</summary>
    public const int DescriptorsOfThread = 3;

    /// <summary>How many connections at a time; any more are closed at once.</summary>
    public int MaxConnections { get; init; } = 1_024;

    /// <summary>What one receive takes; null is the kind's own. Of a longer datagram the rest is cut.</summary>
    public int? BufferBytes { get; init; }

    /// <summary>A connection that says nothing, or takes nothing of its answer, for this long is closed; null is never.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>How long to wait, when stopping, for answers that are still due; after that the connections are closed as they are.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A thread for each connection, instead of one loop for all.</summary>
    public bool Threads { get; init; }
}
