namespace Sockeye.Engines;

/// <summary>What a call has beside its outcome, if it has any of it: a token, a time limit, a context to flow, a failure that says more than its errno.</summary>
/// <remarks>
/// An object of its own, since most calls have none of it and an idle connection should be small. Made once for a call's
/// object, and used again with it. A token is registered and a limit started before the call waits; both are taken back
/// before its outcome shows.
/// </remarks>
internal sealed class CallTerms(AwaitedCall call) : TimerNode
{
    private CancellationTokenRegistration _registration;

    internal CancellationToken Token { get; private set; }

    /// <summary>What the awaiter's thread carried, for a continuation that asked for it.</summary>
    internal ExecutionContext? Context { get; set; }

    /// <summary>What an attempt threw, if it did.</summary>
    internal Exception? Fault { get; set; }

    /// <summary>Why the call is refused, where that says more than the errno's own text.</summary>
    internal string? Refusal { get; set; }

    /// <summary>Where the kernel has no event to wait for: the clock that makes the next attempt. Kept until the call has ended.</summary>
    internal RetryTimer? Retry { get; set; }

    internal override short TimerVersion => call.Version;

    internal override void Expire(short version) => call.Expire(version);

    /// <summary>The token had fired before the call began.</summary>
    internal void NoteCanceled(CancellationToken token) => Token = token;

    /// <summary>Has <paramref name="cancel"/> called with the call when <paramref name="token"/> fires, perhaps at once.</summary>
    internal void Register(Action<object?> cancel, CancellationToken token)
    {
        Token = token;
        if (token.CanBeCanceled)
        {
            _registration = token.UnsafeRegister(cancel, call);
        }
    }

    /// <summary>
    /// Takes the token and the limit back: neither comes after this. Waits for a callback that runs on another thread;
    /// within the callback itself it does not.
    /// </summary>
    internal void Disarm(Poller? poller)
    {
        _registration.Dispose();
        _registration = default;
        if (Volatile.Read(ref TimerSlot) >= 0)
        {
            poller?.Timers.Remove(this);
        }
    }

    internal ExecutionContext? TakeContext()
    {
        ExecutionContext? context = Context;
        Context = null;
        return context;
    }

    internal void Clear()
    {
        Token = default;
        Context = null;
        Fault = null;
        Refusal = null;
        Retry?.Stop();
        Retry = null;
    }
}
