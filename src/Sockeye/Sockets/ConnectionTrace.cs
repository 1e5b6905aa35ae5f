using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sockeye;

/// <summary>How a step of making a connection ended.</summary>
public enum ConnectionOutcome
{
    /// <summary>It is still under way.</summary>
    UnderWay,

    /// <summary>It succeeded: the address answered, the name was found.</summary>
    Succeeded,

    /// <summary>It failed; the error says why.</summary>
    Failed,

    /// <summary>It was given up: another was faster, the time was over, or the token was canceled.</summary>
    Abandoned,
}

/// <summary>One lookup of a connection's host name.</summary>
public sealed class ConnectionLookup
{
    internal ConnectionLookup(AddressFamily addressFamily, TimeSpan started)
    {
        AddressFamily = addressFamily;
        Started = started;
    }

    /// <summary>What was asked for: addresses of one family, or, Unspecified, of both.</summary>
    public AddressFamily AddressFamily { get; }

    /// <summary>When it began, from the connection's beginning.</summary>
    public TimeSpan Started { get; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; internal set; }

    /// <summary>How it ended.</summary>
    public ConnectionOutcome Outcome { get; internal set; }

    /// <summary>Why it failed.</summary>
    public ResolverError ResolverError { get; internal set; }

    /// <summary>The addresses it found, in libc's order.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; internal set; } = [];

    /// <summary>The errno of <see cref="ResolverError.System"/>.</summary>
    internal int Errno { get; set; }

    /// <summary>As <c>lookup of IPv6 addresses at 50 ms: none after 12 ms: EAI_NODATA</c>.</summary>
    public override string ToString() =>
        $"lookup of {Kind} at {ConnectionTrace.Text(Started)}: " + Outcome switch
        {
            ConnectionOutcome.UnderWay => "under way",
            ConnectionOutcome.Succeeded => $"{Addresses.Count} after {ConnectionTrace.Text(Duration)}: {string.Join(", ", Addresses)}",
            ConnectionOutcome.Failed => $"none after {ConnectionTrace.Text(Duration)}: {ResolverErrors.Name(ResolverError, Errno)}",
            _ => $"no answer after {ConnectionTrace.Text(Duration)}",
        };

    private string Kind => AddressFamily switch
    {
        AddressFamily.InterNetwork => "IPv4 addresses",
        AddressFamily.InterNetworkV6 => "IPv6 addresses",
        _ => "addresses",
    };
}

/// <summary>One attempt to connect, to one address.</summary>
public sealed class ConnectionAttempt
{
    internal ConnectionAttempt(EndPoint endPoint, TimeSpan started)
    {
        EndPoint = endPoint;
        Started = started;
    }

    /// <summary>Where to.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>When it began, from the connection's beginning.</summary>
    public TimeSpan Started { get; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; internal set; }

    /// <summary>How it ended.</summary>
    public ConnectionOutcome Outcome { get; internal set; }

    /// <summary>Why it failed, as the kernel's number; 0 when it did not.</summary>
    public int Errno { get; internal set; }

    /// <summary>.NET's name for <see cref="Errno"/>.</summary>
    public SocketError Error => Interop.Errno.ToSocketError(Errno);

    /// <summary>The kernel's name for <see cref="Errno"/>, as <c>ECONNREFUSED</c>; empty when all went well.</summary>
    public string ErrnoName => Errno == 0 ? "" : Interop.Errno.Name(Errno);

    /// <summary>What <see cref="Errno"/> means, as <c>Connection refused</c> (strerror(3)); empty when all went well.</summary>
    public string ErrnoMessage => Errno == 0 ? "" : Interop.Errno.Text(Errno);

    /// <summary>The call that failed: connect, bind or socket.</summary>
    internal string Call { get; set; } = "connect";

    /// <summary>What <see cref="Call"/> was about: the source address of bind.</summary>
    internal EndPoint? Subject { get; set; }

    /// <summary>The likely cause, where the maker of the socket knows it.</summary>
    internal string? Advice { get; set; }

    // Owned by the race until it has ended; the winner's is then the caller's.
    internal Socket? Open { get; set; }

    // Of a connect that is polled for: whether it is under way, and how long it may take where its family sets a limit.
    internal bool IsBegun;

    // The kernel has no event for what it waits for: the attempt is repeated after a while.
    internal bool AsksAgain;
    internal TimeSpan? Limit;

    /// <summary>As <c>127.0.0.1:80 at 12 ms: ECONNREFUSED: nothing listens there (after 1 ms)</c>.</summary>
    public override string ToString() => $"{SocketErrors.Name(EndPoint)} at {ConnectionTrace.Text(Started)}: {OutcomeText} (after {ConnectionTrace.Text(Duration)})";

    /// <summary>As <c>127.0.0.1:80: ECONNREFUSED: nothing listens there (after 1 ms)</c>.</summary>
    internal string ToShortString() => $"{SocketErrors.Name(EndPoint)}: {OutcomeText} (after {ConnectionTrace.Text(Duration)})";

    /// <summary>The exception of this attempt alone.</summary>
    internal string FailureMessage => (Call switch
    {
        _ when Advice is not null => SocketErrors.Create(Call, Subject ?? EndPoint, Errno, Advice),
        "socket" => SocketErrors.Create(
            Call, endPoint: null, Errno, Socket.Refusal(EndPoint.AddressFamily, SocketType.Stream, Socket.StreamProtocol(EndPoint), Errno)),
        _ => SocketErrors.Create(Call, Subject ?? EndPoint, Errno),
    }).Message;

    private string OutcomeText => Outcome switch
    {
        ConnectionOutcome.UnderWay => "under way",
        ConnectionOutcome.Succeeded => "connected",
        ConnectionOutcome.Failed when Call == "connect" => FailureMessage[($"connect {SocketErrors.Name(EndPoint)}: ".Length)..],
        ConnectionOutcome.Failed => FailureMessage,
        _ => "no answer",
    };
}

/// <summary>What was done for a connection, and when: the lookups of the name and the attempts on its addresses.</summary>
/// <remarks>Read it when the connection is made or has failed; until then it changes.</remarks>
public sealed class ConnectionTrace
{
    private readonly List<ConnectionLookup> _lookups = [];
    private readonly List<ConnectionAttempt> _attempts = [];

    /// <summary>The lookups in the order they began; empty for an address.</summary>
    public IReadOnlyList<ConnectionLookup> Lookups => _lookups;

    /// <summary>The attempts in the order they began.</summary>
    public IReadOnlyList<ConnectionAttempt> Attempts => _attempts;

    /// <summary>How long it took as a whole.</summary>
    public TimeSpan Duration { get; internal set; }

    /// <summary>A line for each lookup and each attempt.</summary>
    public override string ToString() => string.Join('\n', _lookups.Select(static one => one.ToString()).Concat(_attempts.Select(static one => one.ToString())));

    internal static string Text(TimeSpan time) => time.TotalMilliseconds switch
    {
        < 10 => time.TotalMilliseconds.ToString("0.#", CultureInfo.InvariantCulture) + " ms",
        < 10_000 => time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms",
        _ => time.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture) + " s",
    };

    /// <summary>What has happened so far, for an exception that outlives the caller's next use of its trace.</summary>
    internal ConnectionTrace Copy()
    {
        var copy = new ConnectionTrace { Duration = Duration };
        copy._lookups.AddRange(_lookups);
        copy._attempts.AddRange(_attempts);
        return copy;
    }

    internal void Clear()
    {
        _lookups.Clear();
        _attempts.Clear();
        Duration = default;
    }

    internal void Add(ConnectionLookup lookup) => _lookups.Add(lookup);

    internal void Add(ConnectionAttempt attempt) => _attempts.Add(attempt);
}

/// <summary>A connection that could not be made: a <see cref="SocketException"/> that also knows what was tried.</summary>
public sealed class ConnectionException : SocketException
{
    internal ConnectionException(int errno, string message, ConnectionTrace trace)
        : base((int)Interop.Errno.ToSocketError(errno), message)
    {
        Errno = errno;
        Trace = trace.Copy();
    }

    /// <summary>The last address's error, as the kernel's number; ETIMEDOUT when the total limit passed.</summary>
    public int Errno { get; }

    /// <summary>Each lookup and each attempt, with its time and its error.</summary>
    public ConnectionTrace Trace { get; }
}
