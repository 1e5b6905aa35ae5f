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

/// <summary>poll(2) of one socket, which looks and does not wait.</summary>
internal ref struct WaitStep(SocketEvents wanted, ref SocketEvents seen) : ICallStep
{
    private readonly ref SocketEvents _seen = ref seen;

    public readonly int Call(SocketCore socket, in Progress progress) => socket.Poll(wanted, out _seen);

    public readonly StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        answer == 0 ? StepResult.Wait : progress.Done(Math.Max(-answer, 0));
}
