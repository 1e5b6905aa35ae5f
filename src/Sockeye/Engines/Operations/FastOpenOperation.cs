using System.Net;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>sendto(2) with MSG_FASTOPEN, then the connection, then what is left of the data. One connect in a socket's life: not worth a slot.</summary>
internal sealed class FastOpenOperation(SocketCore socket) : SocketOperation<int>(socket, OperationQueue.Write)
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;

    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private EndPoint? _peer;
    private FastOpenState _state;

    internal override string Call => "connect and send";

    internal FastOpenOperation With(EndPoint peer, ReadOnlyMemory<byte> data)
    {
        _addressLength = AddressCodecs.Encode(peer, _address);
        _peer = peer;
        _data = data;
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new FastOpenStep(_peer!, _address.AsSpan(0, _addressLength), _data.Span, ref _state);
        return Complete(ref step);
    }

    protected override int TakeValue() => BytesTransferred;

    protected override EndPoint? Subject => _peer;

    protected override void Reset()
    {
        _data = default;
        _peer = null;
        _state = default;
    }
}

/// <summary>Which of its calls a connect with data has made.</summary>
internal struct FastOpenState
{
    internal bool IsAsked;
    internal bool IsUnderWay;
    internal bool IsConnected;

    /// <summary>How many bytes went with the first segment. Of a connection that never was, nothing arrived for sure: they count once it stands.</summary>
    internal int Early;
}

/// <summary>The next call of a connect with data.</summary>
internal readonly ref struct FastOpenStep(EndPoint peer, ReadOnlySpan<byte> address, ReadOnlySpan<byte> data, ref FastOpenState state) : ICallStep
{
    private readonly ReadOnlySpan<byte> _address = address;
    private readonly ReadOnlySpan<byte> _data = data;
    private readonly ref FastOpenState _state = ref state;

    public int Call(SocketCore socket, in Progress progress) =>
        !_state.IsAsked ? Begin(socket)
        : !_state.IsConnected ? ConnectStep.Ask(socket, _address, _state.IsUnderWay)
        : progress.Count == _data.Length ? 0
        : Libc.Send(socket.Handle, _data[(int)progress.Count..], SocketConstants.MSG_NOSIGNAL);

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        if (_state.IsConnected)
        {
            return SendStep.TakeSent(socket, answer, _data.Length, isAddressed: false, ref progress);
        }

        if (!_state.IsAsked)
        {
            return TakeAsked(socket, answer, ref progress);
        }

        StepResult result = ConnectStep.TakeConnected(socket, answer, ref _state.IsUnderWay, ref progress);
        if (result != StepResult.Done || progress.Errno != 0)
        {
            return result;
        }

        _state.IsConnected = true;
        progress.Count = _state.Early;
        socket.SetConnected(peer);
        return progress.Count == _data.Length ? progress.Done() : StepResult.Again;
    }

    private int Begin(SocketCore socket)
    {
        int errno = socket.PrepareConnect(_address);
        if (errno != 0)
        {
            return -errno;
        }

        int answer = Libc.SendTo(socket.Handle, _data, SocketConstants.MSG_FASTOPEN | SocketConstants.MSG_NOSIGNAL, _address);
        if (answer is >= 0 or -Errno.EINPROGRESS)
        {
            socket.NoteConnectBegun(_address);
        }

        return answer;
    }

    private StepResult TakeAsked(SocketCore socket, int answer, ref Progress progress)
    {
        if (answer == -Errno.ECONNABORTED && ConnectStep.IsLeftOver(socket, ref progress))
        {
            return StepResult.Again;
        }

        _state.IsAsked = true;
        switch (answer)
        {
            // As many bytes as went with the first segment, or all, if the peer answered at once.
            case >= 0:
                _state.Early = answer;
                _state.IsUnderWay = true;
                socket.IsConnecting = true;
                return StepResult.Again;

            // There is no cookie for this server yet: the first segment asks for one, and carries nothing.
            case -Errno.EINPROGRESS:
                _state.IsUnderWay = true;
                socket.IsConnecting = true;
                return StepResult.Again;

            // Switched off by net.ipv4.tcp_fastopen: a plain connect.
            case -Errno.EOPNOTSUPP:
                return StepResult.Again;
            default:
                return progress.TakeError(answer);
        }
    }
}
