using System.Net;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>connect(2), and its completion.</summary>
internal sealed class ConnectOperation(SocketCore socket) : SocketAction(socket, OperationLane.Write)
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;
    private EndPoint? _peer;
    private TimeSpan? _limit;
    private bool _isUnderWay;

    internal static ConnectOperation Rent(SocketCore socket) => socket.Extras.Connect.Take<ConnectOperation>() ?? new ConnectOperation(socket);

    internal override string Call => "connect";

    /// <param name="peer">Where to.</param>
    /// <param name="limit">What is left of a limit over several connects; null is the socket's own limit.</param>
    internal ConnectOperation With(EndPoint peer, TimeSpan? limit = null)
    {
        _limit = limit;
        _addressLength = AddressCodecs.Encode(peer, _address);
        _peer = peer;
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new ConnectStep(_address.AsSpan(0, _addressLength), _peer!, ref _isUnderWay);
        return Complete(ref step);
    }

    protected override TimeSpan? Limit => _limit ?? base.Limit;

    protected override EndPoint? Subject => _peer;

    protected override void Reset()
    {
        _limit = null;
        _peer = null;
        _isUnderWay = false;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.Connect;
}

/// <summary>connect(2).</summary>
/// <remarks>
/// A second connect(2) asks how the first went: EALREADY while it is under way, 0 or EISCONN once connected, else the
/// error. That is exact where SO_ERROR and POLLOUT are not: a socket that never connected polls as writable too.
/// A UNIX listener with a full backlog answers EAGAIN, and the kernel tells a non-blocking caller of no free place
/// (unix(7)); a timer asks again.
/// </remarks>
internal readonly ref struct ConnectStep(ReadOnlySpan<byte> address, EndPoint peer, ref bool isUnderWay) : ICallStep
{
    private readonly ReadOnlySpan<byte> _address = address;
    private readonly ref bool _isUnderWay = ref isUnderWay;

    public int Call(SocketCore socket, in Progress progress) => Ask(socket, _address);

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        StepResult result = TakeConnected(answer, ref _isUnderWay, ref progress);
        if (result == StepResult.Done && progress.Errno == 0)
        {
            socket.SetConnected(peer);
        }

        return result;
    }

    /// <summary>connect(2). One that a signal interrupts goes on (connect(2), EINTR).</summary>
    internal static int Ask(SocketCore socket, ReadOnlySpan<byte> address) =>
        Libc.Connect(socket.Handle, address) is var answer and not -Errno.EINTR ? answer : -Errno.EINPROGRESS;

    /// <summary>What connect(2)'s answer means.</summary>
    /// <param name="answer">0, or −errno.</param>
    /// <param name="isUnderWay">False before the first answer; kept between attempts.</param>
    /// <param name="progress">Gets the outcome.</param>
    internal static StepResult TakeConnected(int answer, ref bool isUnderWay, ref Progress progress)
    {
        switch (answer)
        {
            case -Errno.EINPROGRESS:
                isUnderWay = true;
                return StepResult.Wait;
            case -Errno.EAGAIN:
                return StepResult.Pause;
            case -Errno.EALREADY when isUnderWay:
                return StepResult.Wait;
            case -Errno.EISCONN when isUnderWay:
                return progress.Done();
            default:
                return progress.Done(-answer);
        }
    }
}
