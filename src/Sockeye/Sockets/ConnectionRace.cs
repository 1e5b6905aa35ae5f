using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye;

/// <summary>
/// Happy Eyeballs (RFC 8305): a host's addresses are tried in parallel, each started a little after the one before
/// it; the first that answers wins, and the others are closed. This class decides what is to be done and when; the two
/// drivers, <see cref="AsyncConnectionRace"/> and <see cref="BlockingConnectionRace"/>, wait.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>Lookups. Addresses of both families are looked up together, which libc sends as two queries at once, and which
/// /etc/hosts answers as a whole. If that has not ended within the resolution delay, each family is looked up separately.
/// IPv6 addresses are then used at once; IPv4 ones that come first wait one more resolution delay for them. (Looked up
/// separately from the start, a name that /etc/hosts has in one family would be looked up at a name server in the other.)</item>
/// <item>Order. libc's (RFC 6724), the families in turn, beginning with that of the first address. Addresses that come late
/// take their turn among those not yet tried.</item>
/// <item>Attempts. The next one begins when the attempt delay has passed since the last began, or at once when one fails.</item>
/// <item>Bounds. At most <see cref="AttemptsMax"/> addresses are tried; the rest is left out.</item>
/// <item>The end: one connected, everything failed, the total time limit passed, or the token was canceled. Sockets that
/// did not win are closed before the outcome is reported; lookups under way are given up.</item>
/// </list>
/// </remarks>
#pragma warning disable CA1001 // The token source is disposed where the race ends, which it always does.
internal abstract class ConnectionRace
#pragma warning restore CA1001
{
    /// <summary>How many addresses of a host are tried.</summary>
    internal const int AttemptsMax = 64;

    private readonly EndPoint _remote;
    private readonly ConnectionOptions _options;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly CancellationTokenSource _lookupsEnd = new();

    // Addresses not yet tried, each family in libc's order; and every address that a lookup has returned.
    private readonly Queue<IPEndPoint>[] _candidates = [new(), new()];
    private readonly HashSet<IPAddress> _known = [];
    private int _turn = -1;
    private int _passedOver;

    // Null: at once.
    private TimeSpan? _nextAttempt;
    private TimeSpan? _hold;
    private TimeSpan? _askSingly;
    private ConnectionLookup? _both;
    private ConnectionLookup? _four;
    private ConnectionLookup? _six;
    private int _underWay;
    private bool _ended;

    protected ConnectionRace(EndPoint remote, ConnectionOptions options, SocketEngine? engine)
    {
        _remote = remote;
        _options = options;
        Engine = engine;
        _time = options.TimeProvider ?? EventLoop.Current?.Time ?? TimeProvider.System;
        _start = _time.GetTimestamp();
        Trace = options.Trace ?? new ConnectionTrace();
        Trace.Clear();
    }

    internal ConnectionTrace Trace { get; }

    /// <summary>The connection; null until there is one. The caller's once the race has ended.</summary>
    internal Socket? Winner { get; private set; }

    /// <summary>Why there is none: an errno, or one of .NET's numbers for the resolver's failures.</summary>
    internal int Errno { get; private set; }

    protected SocketEngine? Engine { get; }

    protected TimeProvider Time => _time;

    protected ConnectionOptions Options => _options;

    protected TimeSpan Elapsed => _time.GetElapsedTime(_start);

    /// <summary>What the throwing twin throws.</summary>
    internal SocketException CreateException()
    {
        Debug.Assert(Winner is null && Errno != 0, "a race that was won has no exception");
        if (_remote is not DnsEndPoint dns)
        {
            return new ConnectionException(
                Errno,
                Trace.Attempts is [{ Outcome: ConnectionOutcome.Failed } only] ? only.FailureMessage : SocketErrors.Create("connect", _remote, Errno).Message,
                Trace);
        }

        string name = SocketErrors.Name(dns);
        if (Trace.Attempts.Count == 0 && WorstLookup is { } failed && Errno == ResolverErrors.ToErrno(failed.ResolverError, failed.Errno))
        {
            return ResolverErrors.Create("connect", name, failed.ResolverError, failed.Errno);
        }

        var message = new System.Text.StringBuilder($"connect {name}: ");
        if (Trace.Attempts.Count == 0)
        {
            message.Append(Interop.Errno.Name(Errno)).Append(": ").Append(Errno == Interop.Errno.ETIMEDOUT
                ? "the name was not found within the time limit; the name servers may be slow"
                : $"none of the {_passedOver} addresses is of the source address's family, {_options.SourceEndPoint?.AddressFamily}");
        }
        else
        {
            message.Append(Trace.Attempts.Count).Append(Trace.Attempts.Count == 1 ? " address tried: " : " addresses tried: ");
            message.AppendJoin("; ", Trace.Attempts.Select(static one => one.ToShortString()));
            if (_options.Timeout is { } limit && Trace.Attempts.Any(static one => one.Outcome == ConnectionOutcome.Abandoned))
            {
                message.Append("; the limit over all was ").Append(ConnectionTrace.Text(limit));
            }
        }

        return new ConnectionException(Errno, message.ToString(), Trace);
    }

    /// <summary>Begins.</summary>
    protected void Begin()
    {
        if (_remote is not DnsEndPoint dns)
        {
            return;
        }

        _both = StartLookup(dns.AddressFamily);
        _askSingly = dns.AddressFamily == AddressFamily.Unspecified ? _options.ResolutionDelay : null;
    }

    /// <summary>Does what is due.</summary>
    /// <param name="wait">How long to wait for an event at most; null is as long as it takes.</param>
    /// <returns>False when the race is over.</returns>
    protected bool DoWhatIsDue(out TimeSpan? wait)
    {
        wait = null;
        if (_ended)
        {
            return false;
        }

        if (Left <= TimeSpan.Zero)
        {
            End(Interop.Errno.ETIMEDOUT);
            return false;
        }

        if (_remote is not DnsEndPoint && Trace.Attempts.Count == 0)
        {
            StartAttempt(_remote);
        }

        TimeSpan now = Elapsed;
        if (_askSingly <= now)
        {
            _askSingly = null;
            _six = StartLookup(AddressFamily.InterNetworkV6);
            _four = StartLookup(AddressFamily.InterNetwork);
        }

        while (!_ended && HasCandidate && !(_nextAttempt > now) && !(_hold > now))
        {
            StartAttempt(TakeCandidate());
        }

        if (!_ended && _underWay == 0 && !HasCandidate && !IsLookingUp)
        {
            EndWithoutConnection();
        }

        if (_ended)
        {
            return false;
        }

        if (HasCandidate)
        {
            wait = Later(_nextAttempt, _hold) - now;
        }

        if (_askSingly is { } ask && !(wait < ask - now))
        {
            wait = ask - now;
        }

        if (Left is { } left && !(wait < left))
        {
            wait = left;
        }

        // A timer may come a little early; a rest below its resolution is not worth another.
        wait = wait is { } pause ? TimeSpan.FromTicks(Math.Max(pause.Ticks, TimeSpan.TicksPerMillisecond)) : null;
        return true;
    }

    /// <summary>A lookup has ended.</summary>
    protected void LookupEnded(ConnectionLookup lookup, ResolverResult<IPAddress[]> result)
    {
        if (_ended || lookup.Outcome != ConnectionOutcome.UnderWay)
        {
            return;
        }

        lookup.Duration = Elapsed - lookup.Started;
        lookup.ResolverError = result.ResolverError;
        lookup.Errno = result.Errno;
        if (result.TryGetValue(out IPAddress[]? addresses))
        {
            lookup.Outcome = ConnectionOutcome.Succeeded;
            lookup.Addresses = addresses;
            AddCandidates(addresses);
        }
        else
        {
            lookup.Outcome = ConnectionOutcome.Failed;
        }

        if (ReferenceEquals(lookup, _both))
        {
            // The lookup of both families has returned: the single ones have nothing to add.
            _askSingly = null;
            _hold = null;
            Abandon(_four);
            Abandon(_six);
        }
        else if (ReferenceEquals(lookup, _six))
        {
            _hold = null;
        }
        else if (result.IsSuccess && _six is { Outcome: ConnectionOutcome.UnderWay })
        {
            _hold = Elapsed + _options.ResolutionDelay;
        }

        if (_four is { Outcome: ConnectionOutcome.Succeeded } && _six is { Outcome: ConnectionOutcome.Succeeded })
        {
            Abandon(_both);
        }
    }

    /// <summary>An attempt has ended, with 0 or the errno.</summary>
    protected void AttemptEnded(ConnectionAttempt attempt, int errno)
    {
        if (_ended || attempt.Outcome != ConnectionOutcome.UnderWay)
        {
            return;
        }

        attempt.Duration = Elapsed - attempt.Started;
        attempt.Errno = errno;
        attempt.Outcome = errno == 0 ? ConnectionOutcome.Succeeded : ConnectionOutcome.Failed;
        _underWay--;
        if (errno == 0)
        {
            Winner = attempt.Open;
            attempt.Open = null;
            End(0);
            return;
        }

        attempt.Open?.Dispose();
        attempt.Open = null;
        _nextAttempt = null;
    }

    /// <summary>Ends the race: 0 when it was won, else why it was not.</summary>
    protected void End(int errno)
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        Errno = errno;
        foreach (ConnectionAttempt attempt in Trace.Attempts)
        {
            if (attempt.Outcome == ConnectionOutcome.UnderWay)
            {
                attempt.Outcome = ConnectionOutcome.Abandoned;
                attempt.Duration = Elapsed - attempt.Started;
            }

            attempt.Open?.Dispose();
            attempt.Open = null;
        }

        foreach (ConnectionLookup lookup in Trace.Lookups)
        {
            Abandon(lookup);
        }

        _lookupsEnd.Cancel();
        _lookupsEnd.Dispose();
        Trace.Duration = Elapsed;
        if (Winner is not null)
        {
            Winner.Timeout = _options.Timeout;
        }
    }

    /// <summary>Starts to look the host up, which ends with <see cref="LookupEnded"/> some time later.</summary>
    protected abstract void Watch(ConnectionLookup lookup, string host, CancellationToken token);

    /// <summary>Starts connect(2), which ends with <see cref="AttemptEnded"/>, now or some time later.</summary>
    protected abstract void Watch(ConnectionAttempt attempt);

    private TimeSpan? Left => _options.Timeout is { } limit ? limit - Elapsed : null;

    private bool HasCandidate => _candidates[0].Count + _candidates[1].Count > 0 && Trace.Attempts.Count < AttemptsMax;

    private bool IsLookingUp => Trace.Lookups.Any(static one => one.Outcome == ConnectionOutcome.UnderWay);

    // What to say when no lookup found anything: the whole one's failure, else the one that says most.
    private ConnectionLookup? WorstLookup =>
        Trace.Lookups.FirstOrDefault(static one => one.Outcome == ConnectionOutcome.Failed);

    private static TimeSpan? Later(TimeSpan? one, TimeSpan? other) => one is null || other > one ? other ?? one : one;

    private void Abandon(ConnectionLookup? lookup)
    {
        if (lookup is { Outcome: ConnectionOutcome.UnderWay })
        {
            lookup.Outcome = ConnectionOutcome.Abandoned;
            lookup.Duration = Elapsed - lookup.Started;
        }
    }

    private ConnectionLookup StartLookup(AddressFamily family)
    {
        var lookup = new ConnectionLookup(family, Elapsed);
        Trace.Add(lookup);
        Watch(lookup, ((DnsEndPoint)_remote).Host, _lookupsEnd.Token);
        return lookup;
    }

    private void AddCandidates(IPAddress[] addresses)
    {
        AddressFamily? source = _options.SourceEndPoint?.AddressFamily;
        foreach (IPAddress address in addresses)
        {
            if (!_known.Add(address))
            {
                continue;
            }

            if (source is { } only && only != address.AddressFamily)
            {
                _passedOver++;
                continue;
            }

            int family = address.AddressFamily == AddressFamily.InterNetworkV6 ? 1 : 0;
            _turn = _turn < 0 ? family : _turn;
            _candidates[family].Enqueue(new IPEndPoint(address, ((DnsEndPoint)_remote).Port));
        }
    }

    private IPEndPoint TakeCandidate()
    {
        int family = _candidates[_turn].Count > 0 ? _turn : 1 - _turn;
        _turn = 1 - family;
        return _candidates[family].Dequeue();
    }

    private void StartAttempt(EndPoint endPoint)
    {
        var attempt = new ConnectionAttempt(endPoint, Elapsed);
        Trace.Add(attempt);
        _underWay++;

        // Taken back where the attempt fails at once.
        _nextAttempt = attempt.Started + _options.AttemptDelay;
        if (_options.Open is { } open)
        {
            AttemptSocket made = open(endPoint, Engine);
            if (made.Socket is null)
            {
                (attempt.Call, attempt.Subject, attempt.Advice) = (made.Call, made.Subject, made.Advice);
                AttemptEnded(attempt, made.Errno);
                return;
            }

            attempt.Open = made.Socket;
            Watch(attempt);
            return;
        }

        int errno = Socket.TryOpen(endPoint.AddressFamily, SocketType.Stream, Socket.StreamProtocol(endPoint), Engine, out Socket? socket);
        if (errno != 0)
        {
            attempt.Call = "socket";
            AttemptEnded(attempt, errno);
            return;
        }

        attempt.Open = socket;
        if (_options.SourceEndPoint is { } source && socket!.TryBind(source) is { IsSuccess: false } refused)
        {
            attempt.Call = "bind";
            attempt.Subject = source;
            AttemptEnded(attempt, refused.Errno);
            return;
        }

        Watch(attempt);
    }

    private void EndWithoutConnection()
    {
        int errno = Trace.Attempts.Count > 0 ? Trace.Attempts.Last(static one => one.Outcome == ConnectionOutcome.Failed).Errno
            : _passedOver > 0 ? Interop.Errno.EAFNOSUPPORT
            : WorstLookup is { } failed ? ResolverErrors.ToErrno(failed.ResolverError, failed.Errno)
            : (int)SocketError.NoData;
        End(errno);
    }
}
