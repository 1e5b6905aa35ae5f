using System.Threading.Tasks.Sources;

namespace Sockeye.Engines.Pipes;

/// <summary>One side's wait: what an await of a read or a flush waits on. One at a time, made at the first need and used again and again.</summary>
/// <remarks>
/// The order is that of <see cref="SocketOperation"/>: token and timer first, then the wait; to end it, token and timer are
/// taken back before the end is shown. <see cref="IsWaiting"/> and <see cref="AwaitedCall.Errno"/> change under the side's gate only,
/// and leaving it shows a wait that was ended inside.
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

    /// <summary>The call waits from now on. Under the gate.</summary>
    internal void Start() => IsWaiting = IsTaken = true;

    /// <summary>The wait is over. Under the gate.</summary>
    /// <returns>True when a call waited: then <see cref="Show"/> must follow.</returns>
    internal bool TryEnd()
    {
        bool was = IsWaiting;
        IsWaiting = false;
        return was;
    }

    /// <summary>Makes the end of the wait visible. Outside the gate; user code runs elsewhere or later.</summary>
    internal void Show()
    {
        TermsIfAny?.Disarm(Engine.Poller);
        ShowOutcome();
    }

    internal override void Expire(short version) => Fail(Interop.Errno.ETIMEDOUT, version);

    /// <summary>IValueTaskSource.GetStatus, shared by both sides.</summary>
    public ValueTaskSourceStatus GetStatus(short token)
    {
        CheckVersion(token);
        return !IsShown ? ValueTaskSourceStatus.Pending
            : Errno == 0 || HasResult ? ValueTaskSourceStatus.Succeeded
            : Errno == Interop.Errno.ECANCELED ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    /// <summary>The gate of the pipe's side.</summary>
    private protected abstract ref PipeGate Gate { get; }

    /// <summary>The call has something to return, and succeeds in spite of its errno.</summary>
    private protected virtual bool HasResult => false;

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
    private void Fail(int errno, short version)
    {
        using (Gate.Enter())
        {
            if (version == Version)
            {
                if (IsWaiting || !IsTaken)
                {
                    Errno = errno;
                }

                Gate.EndWait();
            }
        }
    }

    // Leaving the gate takes the token back, which waits for this: it cannot reach the next wait.
    private void Cancel() => Fail(Interop.Errno.ECANCELED, Version);
}
