using System.Net;
using Sockeye.Engines;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Runs a <see cref="ConnectionRace"/> on the calling thread: in ppoll(2) on the sockets of all attempts, and on an eventfd
/// that lookups signal. Neither an engine nor the thread pool is involved.
/// </summary>
internal sealed class BlockingConnectionRace(EndPoint remote, ConnectionOptions options, SocketEngine? engine)
    : ConnectionRace(remote, options, engine)
{
    // How late a lookup's result is noticed when no descriptor was left for the eventfd, and how often a UNIX listener with
    // a full backlog is tried again: the kernel has an event for neither.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(10);

    private readonly Lock _gate = new();
    private readonly List<ConnectionAttempt> _polled = [];

    // Under the gate.
    private readonly Queue<(ConnectionLookup Lookup, ResolverResult<IPAddress[]> Result)> _answers = new();

    // Owned: closed in Run, under the gate. Null when no lookup began, when there was none to be had, and at the end.
    private EventDescriptor? _wake;
    private bool _isLookingUp;

    /// <summary>Runs the race to its end; <see cref="ConnectionRace.Winner"/> or <see cref="ConnectionRace.Errno"/> has the outcome.</summary>
    internal void Run()
    {
        try
        {
            Begin();
            while (DoWhatIsDue(out TimeSpan? wait))
            {
                Wait(wait);
                TakeAnswers();
            }
        }
        finally
        {
            // Over already, unless something threw.
            End(Sockeye.Interop.Errno.ECANCELED);
            lock (_gate)
            {
                _wake?.Dispose();
                _wake = null;
            }
        }
    }

    protected override void Watch(ConnectionLookup lookup, string host, CancellationToken token)
    {
        if (!_isLookingUp)
        {
            _isLookingUp = true;
            EventDescriptor.TryCreate(out _wake);
        }

        if (Options.Lookup is { } ask)
        {
            ask(host, lookup.AddressFamily, token).ContinueWith(
                task => Answer(lookup, task.Result), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        else
        {
            Resolver.StartGetHostAddresses(host, lookup.AddressFamily, result => Answer(lookup, result), token);
        }
    }

    protected override void Watch(ConnectionAttempt attempt)
    {
        attempt.Limit = attempt.Open!.Core.ConnectLimit(limit: null);
        _polled.Add(attempt);
        Connect(attempt);
    }

    private void Answer(ConnectionLookup lookup, ResolverResult<IPAddress[]> result)
    {
        lock (_gate)
        {
            _answers.Enqueue((lookup, result));
            _wake?.Signal();
        }
    }

    private void TakeAnswers()
    {
        (ConnectionLookup Lookup, ResolverResult<IPAddress[]> Result)[] answers;
        lock (_gate)
        {
            answers = [.. _answers];
            _answers.Clear();
            _wake?.Drain();
        }

        foreach ((ConnectionLookup lookup, ResolverResult<IPAddress[]> result) in answers)
        {
            LookupEnded(lookup, result);
        }
    }

    // The sockets are this thread's alone until the race is over, so their numbers stay theirs.
    private void Wait(TimeSpan? wait)
    {
        _polled.RemoveAll(static attempt => attempt.Outcome != ConnectionOutcome.UnderWay);
        Span<PollDescriptor> descriptors = stackalloc PollDescriptor[AttemptsMax + 1];
        for (int i = 0; i < _polled.Count; i++)
        {
            descriptors[i] = new PollDescriptor { Descriptor = _polled[i].Open!.Descriptor.Number, Events = PollConstants.POLLOUT };
        }

        descriptors[_polled.Count] = new PollDescriptor { Descriptor = _wake?.Handle.Number ?? -1, Events = PollConstants.POLLIN };
        bool asksAgain = _polled.Exists(static attempt => attempt.AsksAgain);
        TimeSpan? limit = (_isLookingUp && _wake is null) || asksAgain ? Slice : null;
        limit = Sooner(limit, wait);
        foreach (ConnectionAttempt attempt in _polled)
        {
            limit = Sooner(limit, LeftOf(attempt));
        }

        int ready = Libc.Poll(descriptors[..(_polled.Count + 1)], limit ?? Timeout.InfiniteTimeSpan);
        if (ready < 0)
        {
            // A signal: the loop looks what is due.
            return;
        }

        for (int i = _polled.Count - 1; i >= 0; i--)
        {
            if (descriptors[i].Returned != 0 || _polled[i].AsksAgain)
            {
                Connect(_polled[i]);
            }

            if (LeftOf(_polled[i]) == TimeSpan.Zero)
            {
                AttemptEnded(_polled[i], Sockeye.Interop.Errno.ETIMEDOUT);
            }
        }
    }

    private static TimeSpan? Sooner(TimeSpan? one, TimeSpan? other) => one < other || other is null ? one : other;

    // Null when its family sets no limit, or it is over.
    private TimeSpan? LeftOf(ConnectionAttempt attempt) => attempt is { Outcome: ConnectionOutcome.UnderWay, Limit: { } limit }
        ? limit - (Elapsed - attempt.Started) is { Ticks: > 0 } left ? left : TimeSpan.Zero
        : null;

    private void Connect(ConnectionAttempt attempt)
    {
        if (attempt.Outcome != ConnectionOutcome.UnderWay)
        {
            return;
        }

        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int length = AddressCodecs.Encode(attempt.EndPoint, address);
        var progress = default(Progress);
        var step = new ConnectStep(address[..length], attempt.EndPoint, ref attempt.IsBegun);
        StepResult result = CallSteps.Try(attempt.Open!.Core, ref step, ref progress);
        attempt.AsksAgain = result == StepResult.Pause;
        if (result == StepResult.Done)
        {
            AttemptEnded(attempt, progress.Errno);
        }
    }
}
