using System.Net;
using System.Net.Sockets;

namespace Sockeye;

/// <summary>How <see cref="Socket.CreateConnectionAsync(EndPoint, ConnectionOptions, CancellationToken)"/> makes a connection.</summary>
public sealed class ConnectionOptions
{
    // RFC 8305, section 5.
    private static readonly TimeSpan AttemptDelayMin = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan AttemptDelayMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ResolutionDelayMax = TimeSpan.FromSeconds(2);

    /// <summary>The total limit for all lookups and attempts; null, the default, means no limit. The socket keeps it as its <see cref="Socket.Timeout"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less.</exception>
    public TimeSpan? Timeout
    {
        get;
        set
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(value));
            }

            field = value;
        }
    }

    /// <summary>The local address to bind first; null, the default, lets the kernel choose. A host's addresses of another family are passed over.</summary>
    public EndPoint? SourceEndPoint { get; set; }

    /// <summary>How long the next address waits for the one before it, unless that one fails earlier. Defaults to 250 ms (RFC 8305).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 10 ms or more than 2 s.</exception>
    public TimeSpan AttemptDelay
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, AttemptDelayMin);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, AttemptDelayMax);
            field = value;
        }
    } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long IPv4 addresses that are known wait for the IPv6 ones. Defaults to 50 ms (RFC 8305).</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than zero or more than 2 s.</exception>
    public TimeSpan ResolutionDelay
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, ResolutionDelayMax);
            field = value;
        }
    } = TimeSpan.FromMilliseconds(50);

    /// <summary>Receives a record of every lookup and attempt, also when the connection succeeds. Null, the default, records nothing.</summary>
    /// <remarks>Emptied when a connection begins: use one for one connection at a time.</remarks>
    public ConnectionTrace? Trace { get; set; }

    /// <summary>The clock of the delays and the limit; null, the default, is the event loop's, or the system's.</summary>
    public TimeProvider? TimeProvider { get; set; }

    /// <summary>
    /// Makes each attempt's socket, bound to its source where it has one: an endpoint's kind of socket, with its options.
    /// Null is a plain stream.
    /// </summary>
    internal Func<EndPoint, SocketEngine?, AttemptSocket>? Open { get; init; }

    /// <summary>What looks names up; the tests' own, where it is set.</summary>
    internal Func<string, AddressFamily, CancellationToken, Task<ResolverResult<IPAddress[]>>>? Lookup { get; set; }
}

/// <summary>A socket to connect, or which call failed, about what, and how.</summary>
internal readonly record struct AttemptSocket(Socket? Socket, string Call, EndPoint? Subject, int Errno, string? Advice);
