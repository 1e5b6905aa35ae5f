using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>Which of a socket's queues an operation waits in.</summary>
internal enum OperationQueue : byte
{
    /// <summary>Receives and accepts: one after the other, in the order they were asked for.</summary>
    Read,

    /// <summary>Sends and connects: one after the other, in the order they were asked for.</summary>
    Write,

    /// <summary>Waits for readiness: beside each other, and beside the other two queues.</summary>
    Watch,
}

/// <summary>
/// Something the kernel can complete, and the value-task source of whoever awaits it. One object serves the throwing
/// and the Try face; it is rented from its socket and goes back when its result is taken.
/// </summary>
/// <remarks>
/// States, changed only under the gate of the <see cref="Registration"/> that holds the operation:
/// - New: rented; not with an engine. A cancel is noted, and found when the operation is queued.
/// - Waiting: in a queue. A cancel takes it out and completes it.
/// - Running: a thread is in <see cref="TryComplete"/>. A cancel is noted; the attempt's own success wins over it.
/// - Completed: out of its queue; the outcome is final. Exactly one thread publishes it.
/// The order in <see cref="Publish"/>: token unregistered and timer removed first, then the outcome is shown, so that
/// neither can reach the next user of a recycled operation.
/// </remarks>
internal abstract class SocketOperation(SocketCore socket, OperationQueue queue) : AwaitedCall
{
    // The next one of the queue; the last one's is the first. Owned by the registration, under its gate.
    internal SocketOperation? Next;
    internal volatile OperationState State;

    /// <summary>Why a cancel asked this operation to stop; 0 when none did.</summary>
    internal short CancelErrno;

    /// <summary>How far the call has come, and its outcome.</summary>
    protected Progress Progress;

    private Registration? _registration;

    // In place of flags that Linux does not have: the call is refused before it is made.
    private const int RefusedFlags = -1;

    /// <summary>The socket this operation belongs to, kept alive while the operation is in flight.</summary>
    internal SocketCore Socket { get; private protected set; } = socket;

    internal OperationQueue Queue { get; } = queue;

    internal override int Errno
    {
        get => Progress.Errno;
        set => Progress.Errno = value;
    }

    /// <summary>How many bytes have moved so far.</summary>
    internal virtual int BytesTransferred => Progress.BytesTransferred;

    /// <summary>The call's MSG_ flags, as its user gave them.</summary>
    protected int Flags { get; private set; }

    /// <summary>The call's name in messages.</summary>
    internal abstract string Call { get; }

    /// <summary>
    /// Tries the system call once, without waiting. False means EAGAIN: not yet. True means that the outcome is in
    /// <see cref="AwaitedCall.Errno"/> and the operation's own fields.
    /// </summary>
    internal abstract bool TryComplete();

    /// <summary>True when the outcome was there before the operation began: it waits for no other.</summary>
    protected virtual bool IsDecided => false;

    /// <summary>
    /// True when the next attempt may be a request of a ring's, which does not wait, in place of a call: of a stream, with plain
    /// flags, and for at least a byte.
    /// </summary>
    internal virtual bool IsRequest => false;

    /// <summary>The memory of the next request.</summary>
    internal virtual ReadOnlyMemory<byte> RequestMemory => throw new UnreachableException("Asked of requests only.");

    /// <summary>How many bytes the next request is for.</summary>
    internal virtual int RequestBytes => throw new UnreachableException("Asked of requests only.");

    /// <summary>Describes the request: all but descriptor, memory and user data.</summary>
    internal virtual void Describe(ref SubmissionEntry entry) => throw new UnreachableException("Asked of requests only.");

    /// <summary>Says what a request's answer means: the end of an attempt, as the step's that makes the call.</summary>
    /// <param name="answer">A count, or −errno.</param>
    /// <param name="sequence">The registration's when the request was made.</param>
    private protected virtual StepResult TakeAnswer(int answer, int sequence) => throw new UnreachableException("Asked of requests only.");

    /// <summary>Takes a request's answer.</summary>
    /// <returns><see cref="StepResult.Again"/>: the next request, at once.</returns>
    internal StepResult Take(int answer, int sequence)
    {
        if (answer == -Interop.Errno.EINTR)
        {
            return StepResult.Again;
        }

        StepResult result = TakeAnswer(answer, sequence);
        if (result != StepResult.Again)
        {
            Progress.HasRepeated = false;
        }

        return result;
    }

    /// <summary>True when a socket known to be empty need not be tried before the wait.</summary>
    internal virtual bool MaySkipTry => false;

    /// <summary>
    /// What the engine must watch while this operation waits. A write that waits comes with its peer's answer, so both are watched
    /// then; most sockets that are read from never have one.
    /// </summary>
    internal virtual WatchedEvents Watches => Queue == OperationQueue.Read ? WatchedEvents.Read : WatchedEvents.All;

    /// <summary>Makes a cancel, a time limit or the socket's Dispose the outcome. Under the registration's gate: no system call.</summary>
    internal void EndWith(int errno) => Progress.End(errno);

    /// <summary>How long the operation may take; null is no limit.</summary>
    protected virtual TimeSpan? Limit => Socket.AsyncLimit;

    /// <summary>Forgets the caller's memory and the outcome; the operation may be rented again.</summary>
    protected abstract void Reset();

    /// <summary>Puts the idle operation where its socket keeps one of this kind. One of a kind that is not kept is garbage.</summary>
    protected virtual void Return()
    {
    }

    /// <summary>Notes the call's flags. With those that Linux does not have, the call is refused when it begins.</summary>
    protected void SetFlags(SocketFlags flags)
    {
        if (LinuxSocketFlags.TryToLinux(flags, out int kernelFlags))
        {
            Flags = kernelFlags;
            return;
        }

        Flags = RefusedFlags;
        Terms.Refusal = LinuxSocketFlags.Refusal(flags);
    }

    /// <summary>Runs an attempt's step.</summary>
    /// <returns>As for <see cref="TryComplete"/>.</returns>
    protected bool Complete<TStep>(scoped ref TStep step)
        where TStep : struct, ICallStep, allows ref struct
    {
        if (TermsIfAny?.Retry is { Runs: true })
        {
            return false;
        }

        StepResult result = CallSteps.Try(Socket, ref step, ref Progress);
        if (result == StepResult.Pause)
        {
            (Terms.Retry ??= new RetryTimer(this)).Arm();
        }

        return result == StepResult.Done;
    }

    /// <summary>Starts the operation.</summary>
    /// <returns>True when it completed at once; its outcome can be taken without waiting.</returns>
    internal bool Begin(CancellationToken token)
    {
        Debug.Assert(State == OperationState.New, "an operation begins once per rent");
        if (token.IsCancellationRequested)
        {
            Terms.NoteCanceled(token);
            Errno = Interop.Errno.ECANCELED;
            return true;
        }

        if (Flags == RefusedFlags)
        {
            Errno = Interop.Errno.EOPNOTSUPP;
            return true;
        }

        Registration? registration = Socket.Registration;
        int sequence = registration?.Sequence ?? 0;
        bool hasWaited = true;
        if (registration is not null && !registration.IsIdle(Queue) && !IsDecided)
        {
            // Not tried: by the time it is queued the queue may have emptied, and the engine's event for what is ready
            // now may be spent. A sequence of the past makes the queue try it at once if it comes to the head.
            sequence--;
        }
        else if (registration is not null && MaySkipTry && registration.CanSkipTry(sequence))
        {
            // Emptied, and no event since: if something comes before it is queued, the sequence shows it.
        }
        else if (registration is not null && registration.TriesByRequest(this))
        {
            // Tried with the turn's enter, once it is queued.
            sequence--;
            hasWaited = false;
        }
        else if (AttemptInOrder())
        {
            if (RunQueue.Current is { } loop && !loop.SpendBudget())
            {
                // Ready at once too often in a row: let the loop's other work run first.
                loop.Defer(this);
                return false;
            }

            return true;
        }

        if (!CallSteps.MayWait(Flags))
        {
            EndWith(Interop.Errno.EAGAIN);
            return true;
        }

        if (registration is null)
        {
            int errno = Socket.Register(Watches, out registration);
            if (errno != 0)
            {
                EndWith(errno);
                return true;
            }
        }

        TimeSpan? limit;
        try
        {
            limit = Limit;
        }
        catch (ObjectDisposedException)
        {
            // A family may keep its limit in an option, and the socket was closed just now.
            EndWith(Interop.Errno.EBADF);
            return true;
        }

        _registration = registration;

        // Register first, submit second: a token that fires in between finds the state New and leaves a note.
        if (token.CanBeCanceled)
        {
            Terms.Register(static operation => ((SocketOperation)operation!).RequestCancel(Interop.Errno.ECANCELED), token);
        }

        if (limit is { } time)
        {
            registration!.Poller.StartTimer(Terms, time);
        }

        Progress.HasWaited = hasWaited;
        registration!.Enqueue(this, sequence);
        return false;
    }

    /// <summary>An attempt said EAGAIN: the operation waits from now on.</summary>
    internal void NoteWaited() => Progress.HasWaited = true;

    /// <summary>Tries the call; an exception of the attempt itself becomes an errno, so that no engine thread dies of it.</summary>
    internal bool Attempt()
    {
        try
        {
            return TryComplete();
        }
        catch (ObjectDisposedException)
        {
            // The handle was closed between the look and the call.
            Errno = Interop.Errno.EBADF;
            return true;
        }
        catch (Exception exception)
        {
            Fail(exception);
            Errno = Interop.Errno.EFAULT;
            return true;
        }
    }

    /// <summary>The caller's own memory or list threw: whoever awaits hears of it, as EFAULT from a Try face.</summary>
    internal void Fail(Exception exception) => Terms.Fault = exception;

    // What the loop has prepared on another socket of the same descriptor was sent before.
    private bool AttemptInOrder()
    {
        if (Queue == OperationQueue.Write && Socket.Handle.IsShared)
        {
            Socket.FinishTries();
        }

        return Attempt();
    }

    internal override void Expire(short version)
    {
        if (version == Version)
        {
            RequestCancel(Interop.Errno.ETIMEDOUT, version);
        }
    }

    /// <summary>Makes the outcome visible and runs or queues the continuation. Called once, by whoever completed the operation.</summary>
    internal void Publish()
    {
        TermsIfAny?.Disarm(_registration?.Poller);
        ShowOutcome();
    }

    /// <summary>Cleans up after the result was taken, so that the operation can be rented again.</summary>
    protected void Recycle()
    {
        Reset();
        Progress = default;
        Flags = 0;
        CancelErrno = 0;
        ForgetAwaiter();
        _registration = null;
        State = OperationState.New;
        Return();
    }

    /// <summary>The exception for a failed outcome: cancellation by the token is its own kind.</summary>
    protected Exception CreateException()
    {
        CallTerms? terms = TermsIfAny;
        if (Errno == Interop.Errno.ECANCELED && terms is { Token: { IsCancellationRequested: true } token })
        {
            var canceled = new OperationCanceledException(token);
            if (BytesTransferred > 0)
            {
                canceled.Data[SocketErrors.BytesTransferredKey] = BytesTransferred;
            }

            return canceled;
        }

        if (terms?.Fault is { } fault)
        {
            return fault;
        }

        Socket.NoteFailure(Errno);
        return terms?.Refusal is { } refusal
            ? SocketErrors.Create(Call, Subject, Errno, refusal)
            : SocketErrors.Create(Call, Subject, Errno, BytesTransferred, Progress.BytesLost);
    }

    /// <summary>The end point to name in an error.</summary>
    protected virtual EndPoint? Subject => Socket.EndPointForErrors();

    protected void CheckTaken(short token)
    {
        CheckVersion(token);
        if (!IsShown)
        {
            // Whoever asks for a result without an await gets what the kernel has to say now.
            FinishTries();
        }

        if (!IsShown)
        {
            throw new InvalidOperationException("The operation has not completed; await the ValueTask, or turn it into a Task first.");
        }
    }

    /// <summary>Checks that the outcome can be taken, and throws a failed one.</summary>
    protected void CheckOutcome(short token)
    {
        CheckTaken(token);
        if (Errno != 0)
        {
            Exception exception = CreateException();
            Recycle();
            throw exception;
        }
    }

    protected ValueTaskSourceStatus StatusOf(short token, bool isTry)
    {
        CheckVersion(token);
        return !IsShown ? ValueTaskSourceStatus.Pending
            : Errno == 0 || isTry ? ValueTaskSourceStatus.Succeeded
            : Errno == Interop.Errno.ECANCELED && TermsIfAny is { Token.IsCancellationRequested: true } ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    private protected override void FinishTries() => _registration?.FinishTries();

    private void RequestCancel(int errno) => RequestCancel(errno, Version);

    private void RequestCancel(int errno, short version) => _registration?.Cancel(this, errno, version);
}

/// <summary>The states of a <see cref="SocketOperation"/>; see there.</summary>
internal enum OperationState : byte
{
    New,
    Waiting,
    Running,
    Completed,
}

/// <summary>An operation that gives a value: both its faces, throwing and Try.</summary>
/// <typeparam name="T">What the call returns.</typeparam>
internal abstract class SocketOperation<T>(SocketCore socket, OperationQueue queue)
    : SocketOperation(socket, queue), IValueTaskSource<T>, IValueTaskSource<SocketResult<T>>
{
    /// <summary>The value of a successful outcome.</summary>
    protected abstract T TakeValue();

    /// <summary>Starts the operation for the throwing face.</summary>
    internal ValueTask<T> Run(CancellationToken token)
    {
        if (Begin(token))
        {
            if (Errno == 0)
            {
                T value = TakeValue();
                Recycle();
                return new ValueTask<T>(value);
            }

            ShowOutcome();
        }

        return new ValueTask<T>(this, Version);
    }

    /// <summary>Starts the operation for the Try face.</summary>
    internal ValueTask<SocketResult<T>> TryRun(CancellationToken token) => Begin(token)
        ? new ValueTask<SocketResult<T>>(TakeResult())
        : new ValueTask<SocketResult<T>>(this, Version);

    T IValueTaskSource<T>.GetResult(short token) => TakeOrThrow(token);

    SocketResult<T> IValueTaskSource<SocketResult<T>>.GetResult(short token)
    {
        CheckTaken(token);
        return TakeResult();
    }

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => StatusOf(token, isTry: false);

    ValueTaskSourceStatus IValueTaskSource<SocketResult<T>>.GetStatus(short token) => StatusOf(token, isTry: true);

    /// <summary>The throwing face's end: the value, or the exception.</summary>
    protected T TakeOrThrow(short token)
    {
        CheckOutcome(token);
        T value = TakeValue();
        Recycle();
        return value;
    }

    private SocketResult<T> TakeResult()
    {
        Socket.NoteFailure(Errno);
        SocketResult<T> result = Errno == 0
            ? SocketResult<T>.Success(TakeValue(), BytesTransferred)
            : SocketResult<T>.Failure(Errno, BytesTransferred, Progress.BytesLost);
        Recycle();
        return result;
    }
}

/// <summary>An operation without a value: both its faces, throwing and Try.</summary>
internal abstract class SocketAction(SocketCore socket, OperationQueue queue)
    : SocketOperation(socket, queue), IValueTaskSource, IValueTaskSource<SocketResult>
{
    /// <summary>Starts the operation for the throwing face.</summary>
    internal ValueTask Run(CancellationToken token)
    {
        if (Begin(token))
        {
            if (Errno == 0)
            {
                Recycle();
                return ValueTask.CompletedTask;
            }

            ShowOutcome();
        }

        return new ValueTask(this, Version);
    }

    /// <summary>Starts the operation for the Try face.</summary>
    internal ValueTask<SocketResult> TryRun(CancellationToken token) => Begin(token)
        ? new ValueTask<SocketResult>(TakeResult())
        : new ValueTask<SocketResult>(this, Version);

    void IValueTaskSource.GetResult(short token)
    {
        CheckOutcome(token);
        Recycle();
    }

    SocketResult IValueTaskSource<SocketResult>.GetResult(short token)
    {
        CheckTaken(token);
        return TakeResult();
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => StatusOf(token, isTry: false);

    ValueTaskSourceStatus IValueTaskSource<SocketResult>.GetStatus(short token) => StatusOf(token, isTry: true);

    private SocketResult TakeResult()
    {
        Socket.NoteFailure(Errno);
        var result = SocketResult.From(Errno, BytesTransferred);
        Recycle();
        return result;
    }
}
