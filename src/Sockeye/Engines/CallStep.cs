using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// One attempt of a call, in the one place that knows that call: the system call, and what the kernel's result means. The
/// blocking wait and the asynchronous operation run the same step.
/// </summary>
/// <remarks>
/// Contract.
/// - A step is a view, made anew for each attempt: of memory that the caller or the operation holds, and of nothing that
///   outlives the attempt. What must be kept between attempts is in <see cref="Progress"/>, or in what the step refers to.
/// - <see cref="Call"/> makes one system call (of some, a question about the one before it comes first), never waits, and
///   changes nothing but the step.
/// - <see cref="Take"/> turns the result into an outcome. It never sees EINTR, which repeats the call.
/// - An outcome is in the progress when Take has said <see cref="StepResult.Done"/>: an errno, or 0 and how much was done.
/// </remarks>
internal interface ICallStep
{
    /// <summary>Makes the system call once, without waiting.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="progress">How far the call has come.</param>
    /// <returns>The kernel's result: a count, or −errno.</returns>
    int Call(SocketCore socket, in Progress progress);

    /// <summary>Decides what the result means.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="answer">A count, or −errno.</param>
    /// <param name="progress">How far the call has come; kept up to date.</param>
    StepResult Take(SocketCore socket, int answer, ref Progress progress);
}

/// <summary>What comes after an attempt.</summary>
internal enum StepResult : byte
{
    /// <summary>The outcome is in the progress.</summary>
    Done,

    /// <summary>The next attempt, at once.</summary>
    Again,

    /// <summary>The next attempt when the socket has an event.</summary>
    Wait,

    /// <summary>The next attempt after a while: the kernel has no event for what is missing.</summary>
    Pause,
}

/// <summary>What is reported when a call ends midway: by a token, a time limit, Dispose, or because it may not wait.</summary>
internal enum PartRule : byte
{
    /// <summary>The errno is reported, with how much was done.</summary>
    Fails,

    /// <summary>As above, and the end of a stream before all has come is a failure too.</summary>
    AllOrNothing,

    /// <summary>A part is a success where the call may not wait, as send(2) has it; else as above.</summary>
    SucceedsUnlessWaited,

    /// <summary>A part is a success: it would be lost otherwise. The errno comes with the next call.</summary>
    Succeeds,
}

/// <summary>How far a call has come, and its outcome. On the stack of a synchronous call; in the operation of an asynchronous one.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct Progress
{
    /// <summary>How many bytes, or messages of a batch, have been moved.</summary>
    internal long Count;

    /// <summary>How many bytes of a message did not fit and are gone.</summary>
    internal int BytesLost;

    internal PartRule PartRule;

    private Marks _marks;

    // An errno is below 4,096 (include/linux/err.h, MAX_ERRNO); an operation that waits is one of many, and small.
    private short _errno;

    /// <summary>An earlier message's errno was passed over already; see <see cref="EarlierErrors"/>.</summary>
    internal bool HasRepeated
    {
        readonly get => (_marks & Marks.Repeated) != 0;
        set => _marks = value ? _marks | Marks.Repeated : _marks & ~Marks.Repeated;
    }

    /// <summary>The call has waited, or was queued to: another open socket may have taken the descriptor's number since.</summary>
    internal bool HasWaited
    {
        readonly get => (_marks & Marks.Waited) != 0;
        set => _marks = value ? _marks | Marks.Waited : _marks & ~Marks.Waited;
    }

    /// <summary>The outcome: 0, or the errno.</summary>
    internal int Errno
    {
        readonly get => _errno;
        set => _errno = checked((short)value);
    }

    /// <summary>The count as .NET's members return it; only sendfile(2) moves more than an int holds.</summary>
    internal readonly int BytesTransferred => (int)Math.Min(Count, int.MaxValue);

    /// <summary>Ends the call midway, by the rule for its parts.</summary>
    internal void End(int errno) => Errno = Count > 0 && PartRule switch
    {
        PartRule.Succeeds => true,
        PartRule.SucceedsUnlessWaited => errno == Interop.Errno.EAGAIN,
        _ => false,
    } ? 0 : errno;

    /// <summary>What a negative result means to most calls: −EAGAIN is waited for, another errno ends the call.</summary>
    internal StepResult TakeError(int answer)
    {
        if (answer == -Interop.Errno.EAGAIN)
        {
            return StepResult.Wait;
        }

        End(-answer);
        return StepResult.Done;
    }

    /// <summary>The outcome, from an attempt's own result.</summary>
    internal StepResult Done(int errno = 0)
    {
        Errno = errno;
        return StepResult.Done;
    }

    // In one byte: an operation that waits is one of many, and small.
    [Flags]
    private enum Marks : byte
    {
        Repeated = 1,
        Waited = 2,
    }
}

/// <summary>Runs steps.</summary>
internal static class CallSteps
{
    /// <summary>
    /// MSG_ERRQUEUE never waits in the kernel either (recv(2)); and data that is there to be read would make poll(2) say ready
    /// for ever.
    /// </summary>
    private const int NeverWait = SocketConstants.MSG_DONTWAIT | SocketConstants.MSG_ERRQUEUE;

    /// <summary>True when a call with these MSG_ flags may wait.</summary>
    internal static bool MayWait(int flags) => (flags & NeverWait) == 0;

    /// <summary>Goes as far as it can without waiting.</summary>
    /// <returns><see cref="StepResult.Done"/>, or what to wait for.</returns>
    internal static StepResult Try<TStep>(SocketCore socket, scoped ref TStep step, ref Progress progress)
        where TStep : struct, ICallStep, allows ref struct
    {
        progress.HasRepeated = false;
        while (true)
        {
            int answer = step.Call(socket, progress);
            if (answer == -Errno.EINTR)
            {
                continue;
            }

            StepResult result = step.Take(socket, answer, ref progress);
            if (result != StepResult.Again)
            {
                return result;
            }
        }
    }
}
