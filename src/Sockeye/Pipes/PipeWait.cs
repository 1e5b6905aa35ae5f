using System.Threading.Tasks.Sources;

namespace Sockeye.Engines.Pipes;

/// <summary>One side's wait: what an await of a read or a flush waits on. One at a time, and used again and again.</summary>
/// <remarks>
/// The order is that of <see cref="SocketOperation"/>: token and timer first, then the wait; to end it, token and timer are
/// taken back before the end is shown. <see cref="IsWaiting"/> and <see cref="AwaitedCall.Errno"/> change under the side's gate only,
/// which is entered here: leaving it shows a wait that was ended inside.
/// </remarks>
internal abstract class PipeWait(RunQueue? loop, SocketEngine engine) : AwaitedCall
{
    private readonly PipeGate _gate = new(loop);
    private readonly SocketEngine _engine = engine;

    // Under the gate: the wait was ended, and must be shown on leaving.
    private bool _isEnded;

    internal override int Errno { get; set; }

    /// <summary>A call waits.</summary>
    internal bool IsWaiting { get; private set; }

    /// <summary>A call has come to wait, or has waited, and its result was not taken yet.</summary>
    internal bool IsTaken { get; private set; }

    internal CancellationToken Token => TermsIfAny?.Token ?? default;

    /// <summary>Registers the token and starts the timer, before the gate is entered to wait. Their ends may come at once.</summary>
    internal void Arm(TimeSpan? limit, CancellationToken token)
    {
        if (token.CanBeCanceled)
        {
            Terms.Register(static wait => ((PipeWait)wait!).Cancel(), token);
        }

        if (limit is { } time)
        {
            _engine.StartTimer(Terms, time);
        }
    }

    /// <summary>The call waits from now on. Under the gate.</summary>
    internal void Start() => IsWaiting = IsTaken = true;

    /// <summary>Enters the gate of the pipe's side; Dispose leaves it.</summary>
    internal Entry Enter() => new(this, _gate.Enter());

    /// <summary>Ends the wait, if a call waits. Under the gate.</summary>
    internal void End()
    {
        _isEnded |= IsWaiting;
        IsWaiting = false;
    }

    internal override void Expire(short version) => Fail(Interop.Errno.ETIMEDOUT, version);

    /// <summary>Ends the wait of this version because of <paramref name="errno"/>, or notes it for a call that is about to wait.</summary>
    private void Fail(int errno, short version)
    {
        using (Enter())
        {
            if (version == Version)
            {
                if (IsWaiting || !IsTaken)
                {
                    Errno = errno;
                }

                End();
            }
        }
    }

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

    /// <summary>The call has something to return, and succeeds in spite of its errno.</summary>
    private protected virtual bool HasResult => false;

    /// <summary>IValueTaskSource.GetStatus, shared by both sides.</summary>
    public ValueTaskSourceStatus GetStatus(short token)
    {
        CheckVersion(token);
        return !IsShown ? ValueTaskSourceStatus.Pending
            : Errno == 0 || HasResult ? ValueTaskSourceStatus.Succeeded
            : Errno == Interop.Errno.ECANCELED ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    // Leaving the gate takes the token back, which waits for this: it cannot reach the next wait.
    private void Cancel() => Fail(Interop.Errno.ECANCELED, Version);

    /// <summary>Dispose leaves the gate, and makes the end of the wait visible: user code runs elsewhere or later.</summary>
    internal readonly ref struct Entry
    {
        private readonly PipeWait _wait;
        private readonly PipeGate.GateEntry _gate;

        internal Entry(PipeWait wait, PipeGate.GateEntry gate)
        {
            _wait = wait;
            _gate = gate;
        }

        public void Dispose()
        {
            bool show = _wait._isEnded;
            _wait._isEnded = false;
            _gate.Dispose();
            if (show)
            {
                _wait.TermsIfAny?.Disarm(_wait._engine.Poller);
                _wait.ShowOutcome();
            }
        }
    }
}
