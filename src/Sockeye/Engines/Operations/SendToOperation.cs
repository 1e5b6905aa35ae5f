using System.Net;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>sendto(2): one message to a named peer.</summary>
internal sealed class SendToOperation(SocketCore socket) : SocketOperation<int>(socket, OperationLane.Write)
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;

    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private EndPoint? _peer;
    private int _flags;
    private CrowdedQueue _queue;

    internal static SendToOperation Rent(SocketCore socket) => socket.Extras.SendTo.Take<SendToOperation>() ?? new SendToOperation(socket);

    internal override string Call => "send to";

    internal SendToOperation With(ReadOnlyMemory<byte> data, int flags, EndPoint peer)
    {
        _addressLength = AddressCodecs.Encode(peer, _address);
        _peer = peer;
        _data = data;
        _flags = flags;
        return this;
    }

    internal SendToOperation With(ReadOnlyMemory<byte> data, int flags, SocketAddress peer)
    {
        _addressLength = AddressCodecs.Encode(peer, _address);
        _data = data;
        _flags = flags;
        return this;
    }

    internal override bool TryComplete()
    {
        if (_queue.IsPaused)
        {
            return false;
        }

        int result = Send(Socket, _data.Span, _flags, _address.AsSpan(0, _addressLength));
        if (result == -Interop.Errno.EAGAIN)
        {
            _queue.Refused(this, isAddressed: true);
            return false;
        }

        Errno = result < 0 ? -result : 0;
        BytesTransferred = Math.Max(result, 0);
        return true;
    }

    /// <summary>sendto(2) without waiting and without SIGPIPE.</summary>
    internal static int Send(SocketCore socket, ReadOnlySpan<byte> data, int flags, ReadOnlySpan<byte> address)
    {
        bool repeated = false;
        int result;
        do
        {
            result = Libc.SendTo(socket.Handle, data, flags | SocketConstants.MSG_NOSIGNAL, address);
        }
        while (result == -Interop.Errno.EINTR || EarlierErrors.MustRepeat(socket, result, ref repeated));
        return result;
    }

    protected override bool Waits => (_flags & SocketConstants.MSG_DONTWAIT) == 0;

    protected override int TakeValue() => BytesTransferred;

    protected override Exception CreateSocketException() =>
        SocketErrors.Create(Call, _peer ?? AddressCodecs.Decode(_address.AsSpan(0, _addressLength), like: null), Errno);

    protected override void Reset()
    {
        _queue.Stop();
        _data = default;
        _peer = null;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.SendTo;
}
