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
    private ConnectState _state;

    internal static ConnectOperation Rent(SocketCore socket) => socket.Extras.Connect.Take<ConnectOperation>() ?? new ConnectOperation(socket);

    internal override string Call => "connect";

    /// <param name="peer">Where to.</param>
    /// <param name="limit">What is left of a limit over several connects; null is the socket's own limit.</param>
    internal ConnectOperation With(EndPoint peer, TimeSpan? limit = null)
    {
        _limit = Socket.ConnectLimit(limit ?? base.Limit);
        _addressLength = AddressCodecs.Encode(peer, _address);
        _peer = peer;
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new ConnectStep(_address.AsSpan(0, _addressLength), _peer!, ref _state);
        return Complete(ref step);
    }

    protected override TimeSpan? Limit => _limit;

    protected override EndPoint? Subject => _peer;

    protected override void Reset()
    {
        _limit = null;
        _peer = null;
        _state = default;
    }

    protected override void Return() => Socket.Extras.Connect.Put(this);
}

/// <summary>How far a connect has come. Kept between attempts.</summary>
internal struct ConnectState
{
    /// <summary>False before the first answer.</summary>
    internal bool IsUnderWay;

    /// <summary>SO_ERROR knows of no failure; the next call is connect(2).</summary>
    internal bool IsErrorAsked;

    /// <summary>An earlier attempt's end was passed over already; see <see cref="ConnectStep.IsOfEarlier"/>.</summary>
    internal bool HasRepeated;
}

/// <summary>connect(2).</summary>
/// <remarks>
/// What an attempt that waited has come to is asked of SO_ERROR first, and only where that knows of no failure of a second
/// connect(2): EALREADY while it is under way, 0 or EISCONN once connected. Neither would do alone. POLLOUT and an SO_ERROR of 0
/// are also what a socket gives that never connected; and after a refusal a second connect(2) says EALREADY for ever on VSOCK,
/// and begins a new association, refused in its turn, on SCTP.
/// A UNIX listener with a full backlog answers EAGAIN, and the kernel tells a non-blocking caller of no free place
/// (unix(7)); a timer asks again.
/// </remarks>
internal readonly ref struct ConnectStep(ReadOnlySpan<byte> address, EndPoint peer, ref ConnectState state) : ICallStep
{
    private readonly ReadOnlySpan<byte> _address = address;
    private readonly ref ConnectState _state = ref state;

    public int Call(SocketCore socket, in Progress progress) => Ask(socket, _address, _state);

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        StepResult result = TakeConnected(socket, answer, ref _state, ref progress);
        if (result == StepResult.Done && progress.Errno == 0)
        {
            socket.SetConnected(peer);
        }

        return result;
    }

    /// <summary>SO_ERROR, or connect(2). One that a signal interrupts goes on (connect(2), EINTR).</summary>
    internal static int Ask(SocketCore socket, ReadOnlySpan<byte> address, in ConnectState state) =>
        AsksError(socket, state) ? -socket.TakeError()
        : Libc.Connect(socket.Handle, address) is var answer and not -Errno.EINTR ? answer
        : -Errno.EINPROGRESS;

    /// <summary>What the answer means.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="answer">0, or −errno.</param>
    /// <param name="state">Kept between attempts.</param>
    /// <param name="progress">Gets the outcome.</param>
    internal static StepResult TakeConnected(SocketCore socket, int answer, ref ConnectState state, ref Progress progress)
    {
        if (AsksError(socket, state))
        {
            state.IsErrorAsked = true;
            if (answer == 0)
            {
                return StepResult.Again;
            }

            socket.IsConnecting = false;
            return progress.Done(-answer);
        }

        state.IsErrorAsked = false;
        if (IsOfEarlier(socket, answer, ref state))
        {
            return StepResult.Again;
        }

        switch (answer)
        {
            case -Errno.EINPROGRESS:
                state.IsUnderWay = true;
                socket.IsConnecting = true;
                return StepResult.Wait;
            case -Errno.EAGAIN:
                return StepResult.Pause;
            case -Errno.EALREADY:
                return state.IsUnderWay ? StepResult.Wait : progress.Done(Errno.EALREADY);
            case -Errno.EISCONN when state.IsUnderWay:
                return progress.Done();
            default:
                socket.IsConnecting = false;
                return progress.Done(-answer);
        }
    }

    /// <summary>
    /// Whether the answer is of an earlier attempt, whose error was read: INET says ECONNABORTED once then
    /// (net/ipv4/af_inet.c, __inet_stream_connect), and is ready for the attempt that begins now.
    /// </summary>
    internal static bool IsOfEarlier(SocketCore socket, int answer, ref ConnectState state)
    {
        if (answer != -Errno.ECONNABORTED || state.IsUnderWay || state.HasRepeated)
        {
            return false;
        }

        state.HasRepeated = true;
        socket.IsConnecting = false;
        return true;
    }

    // What is under way may be an earlier attempt, whose caller did not wait for its end.
    private static bool AsksError(SocketCore socket, in ConnectState state) => socket.IsConnecting && !state.IsErrorAsked;
}
