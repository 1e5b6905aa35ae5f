namespace Sockeye.Engines.Pipes;

/// <summary>One side's wait: what an await of a read or a flush waits on. One at a time, made at the first need and used again and again.</summary>
/// <remarks>
/// The order is that of <see cref="SocketOperation"/>: token and timer first, then the wait; to end it, token and timer are
/// taken back before the end is shown. <see cref="IsWaiting"/> and <see cref="AwaitedCall.Errno"/> change under the side's gate only,
/// and whoever makes <see cref="IsWaiting"/> false there calls <see cref="Show"/> outside of it.
/// </remarks>
internal abstract class PipeWait : AwaitedCall
{
    internal override int Errno { get; set; }

    /// <summary>A call waits.</summary>
    internal bool IsWaiting { get; private set; }

    /// <summary>A call has come to wait, or has waited, and its result was not taken yet.</summary>
    internal bool IsTaken { get; private set; }

    internal CancellationToken Token => TermsIfAny?.Token ?? default;

    private protected abstract SocketEngine Engine { get; }

    /// <summary>Registers the token and starts the timer, before the gate is entered to wait. Their ends may come at once.</summary>
    internal void Arm(TimeSpan? limit, CancellationToken token)
    {
        if (token.CanBeCanceled)
        {
            Terms.Register(static wait => ((PipeWait)wait!).Cancel(), token);
        }

        if (limit is { } time)
        {
            Engine.StartTimer(Terms, time);
        }
    }

    /// <summary>Takes back what <see cref="Arm"/> did. Outside the gate.</summary>
    internal void Disarm() => TermsIfAny?.Disarm(Engine.Poller);

    /// <summary>The call waits from now on. Under the gate.</summary>
    internal void Start() => IsWaiting = IsTaken = true;

    /// <summary>The wait is over. Under the gate.</summary>
    /// <returns>True when the caller must <see cref="Show"/> it.</returns>
    internal bool TryEnd()
    {
        bool was = IsWaiting;
        IsWaiting = false;
        return was;
    }

    /// <summary>Makes the end of the wait visible. Outside the gate; user code runs elsewhere or later.</summary>
    internal void Show()
    {
        Disarm();
        ShowOutcome();
    }

    internal override void Expire(short version) => End(Interop.Errno.ETIMEDOUT, version);

    /// <summary>Enters the side's gate.</summary>
    private protected abstract PipeGate.GateEntry Enter();

    /// <summary>The result is taken: the wait can be used again. Under the gate.</summary>
    private protected void Recycle()
    {
        Errno = 0;
        IsTaken = false;
        ForgetAwaiter();
    }

    private protected void CheckShown(short token)
    {
        CheckVersion(token);
        if (!IsShown)
        {
            throw new InvalidOperationException("The call has not completed; await the ValueTask, or turn it into a Task first.");
        }
    }

    // Ends the wait of this version because of the errno, or notes it for a call that is about to wait.
    private void End(int errno, short version)
    {
        bool show = false;
        using (Enter())
        {
            if (version == Version)
            {
                show = TryEnd();
                if (show || !IsTaken)
                {
                    Errno = errno;
                }
            }
        }

        if (show)
        {
            Show();
        }
    }

    // Disarm waits for this, so it cannot reach the next wait.
    private void Cancel() => End(Interop.Errno.ECANCELED, Version);
}
