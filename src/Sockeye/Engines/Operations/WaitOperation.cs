using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// poll(2) of one descriptor: waits for readiness, reads nothing. Several may wait at a time, and none is on a hot path: idle
/// ones are not kept.
/// </summary>
internal sealed class WaitOperation(SocketCore socket) : SocketOperation<SocketEvents>(socket, OperationQueue.Watch)
{
    private SocketEvents _wanted;
    private SocketEvents _seen;

    internal override string Call => "wait";

    internal WaitOperation With(SocketEvents wanted)
    {
        _wanted = wanted;
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new WaitStep(_wanted, ref _seen);
        return Complete(ref step);
    }

    protected override SocketEvents TakeValue() => _seen;

    protected override void Reset() => _seen = SocketEvents.None;
}

/// <summary>ppoll(2) of a socket alone, which looks and does not wait.</summary>
internal ref struct WaitStep(SocketEvents wanted, ref SocketEvents seen) : ICallStep
{
    private readonly ref SocketEvents _seen = ref seen;

    public readonly int Call(SocketCore socket, in Progress progress) => Poll(socket, wanted, out _seen);

    public readonly StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        answer == 0 ? StepResult.Wait : progress.Done(Math.Max(-answer, 0));

    /// <summary>What the socket is ready for now; nothing when the kernel refuses to tell.</summary>
    internal static SocketEvents Poll(SocketCore socket, SocketEvents wanted)
    {
        Poll(socket, wanted, out SocketEvents seen);
        return seen;
    }

    private static int Poll(SocketCore socket, SocketEvents wanted, out SocketEvents seen)
    {
        if ((wanted & SocketEvents.Readable) != 0 && socket.ExtrasIfAny?.Accepted is { HasAny: true })
        {
            seen = SocketEvents.Readable;
            return 1;
        }

        bool referenced = false;
        try
        {
            socket.Handle.DangerousAddRef(ref referenced);
            PollDescriptor descriptor = new()
            {
                Descriptor = socket.Handle.Number,
                Events = (short)wanted,
            };
            int result = Libc.Poll(new Span<PollDescriptor>(ref descriptor), TimeSpan.Zero);
            seen = (SocketEvents)descriptor.Returned;
            return result;
        }
        finally
        {
            if (referenced)
            {
                socket.Handle.DangerousRelease();
            }
        }
    }
}
