using System.Net;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Sockeye.Engines;

namespace Sockeye;

/// <summary>Runs a <see cref="ConnectionRace"/> without a separate thread: on the caller's event loop, or on the pool.</summary>
internal sealed class AsyncConnectionRace(EndPoint remote, ConnectionOptions options, SocketEngine? engine)
    : ConnectionRace(remote, options, engine)
{
    // Bounded by what is posted once each: attempts, lookups, the token; and by one tick a turn.
    private readonly Channel<RaceEvent> _events = Channel.CreateUnbounded<RaceEvent>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Runs the race to its end; <see cref="ConnectionRace.Winner"/> or <see cref="ConnectionRace.Errno"/> has the outcome.</summary>
    internal async Task RunAsync(CancellationToken token)
    {
        // Before anything is sent: a UNIX listener would have answered at once.
        if (token.IsCancellationRequested)
        {
            End(Sockeye.Interop.Errno.ECANCELED);
            return;
        }

        using CancellationTokenRegistration registration = token.UnsafeRegister(
            static race => ((AsyncConnectionRace)race!).Post(new RaceEvent { IsCanceled = true }), this);
        using ITimer tick = LoopTimer.Create(
            Time, static race => ((AsyncConnectionRace)race!).Post(default), this, Timeout.InfiniteTimeSpan);
        try
        {
            Begin();
            while (DoWhatIsDue(out TimeSpan? wait))
            {
                tick.Change(wait is { } pause ? LoopTimer.Bounded(pause) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                Handle(await _events.Reader.ReadAsync(CancellationToken.None).StayOnLoop());
            }
        }
        finally
        {
            // Over already, unless something threw.
            End(Sockeye.Interop.Errno.ECANCELED);
        }
    }

    protected override void Watch(ConnectionLookup lookup, string host, CancellationToken token) => _ = WatchAsync(
        lookup,
        Options.Lookup is { } ask
            ? ask(host, lookup.AddressFamily, token)
            : Resolver.TryGetHostAddressesAsync(host, lookup.AddressFamily, timeout: null, token));

    protected override void Watch(ConnectionAttempt attempt) => _ = WatchAsync(attempt, attempt.Open!);

    private async Task WatchAsync(ConnectionLookup lookup, Task<ResolverResult<IPAddress[]>> task)
    {
        try
        {
            Post(new RaceEvent { Lookup = lookup, Result = await task.StayOnLoop() });
        }
        catch (Exception exception)
        {
            // Thrown to whoever awaits the race.
            Post(new RaceEvent { Fault = exception });
        }
    }

    private async Task WatchAsync(ConnectionAttempt attempt, Socket socket)
    {
        try
        {
            SocketResult result = await socket.TryConnectAsync(attempt.EndPoint).StayOnLoop();
            Post(new RaceEvent { Attempt = attempt, Errno = result.Errno });
        }
        catch (Exception exception)
        {
            // An end point that cannot be connected to: thrown to whoever awaits the race.
            Post(new RaceEvent { Fault = exception });
        }
    }

    private void Post(RaceEvent happened) => _events.Writer.TryWrite(happened);

    // All that has happened, the end last: a result that is there wins over the token.
    private void Handle(RaceEvent happened)
    {
        bool isCanceled = false;
        do
        {
            if (happened.Fault is { } fault)
            {
                ExceptionDispatchInfo.Throw(fault);
            }

            isCanceled |= happened.IsCanceled;
            if (happened.Lookup is { } lookup)
            {
                LookupEnded(lookup, happened.Result);
            }
            else if (happened.Attempt is { } attempt)
            {
                AttemptEnded(attempt, happened.Errno);
            }
        }
        while (_events.Reader.TryRead(out happened));

        if (isCanceled)
        {
            End(Sockeye.Interop.Errno.ECANCELED);
        }
    }

    /// <summary>What happened; empty when a pause is over.</summary>
    private readonly record struct RaceEvent(
        ConnectionAttempt? Attempt, int Errno, ConnectionLookup? Lookup, ResolverResult<IPAddress[]> Result, bool IsCanceled, Exception? Fault);
}
