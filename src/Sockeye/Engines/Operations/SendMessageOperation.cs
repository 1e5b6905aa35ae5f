using System.Buffers;
using System.Net;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>sendmsg(2) with control messages and descriptors: on a stream until all is sent, else one message.</summary>
internal sealed class SendMessageOperation(SocketCore socket) : SocketOperation<int>(socket, OperationLane.Write)
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;

    // Borrowed from the caller until the operation has completed; the handles in it are referenced. Not until the
    // outcome is taken: nobody may ever do that.
    private OutgoingControl _control;

    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private ReadOnlySequence<byte> _buffers;
    private EndPoint? _peer;
    private int _total;
    private int _flags;
    private CrowdedQueue _queue;

    internal static SendMessageOperation Rent(SocketCore socket) => socket.Extras.SendMessage.Take<SendMessageOperation>() ?? new SendMessageOperation(socket);

    internal override string Call => "send message";

    internal SendMessageOperation With(in OutgoingMessage message, EndPoint? peer, int flags)
    {
        _addressLength = EncodePeer(message, peer, _address);
        _peer = peer;
        _data = message.Data;
        _buffers = message.Buffers;
        _total = Total(message);
        _flags = flags;
        _control.Prepare(message, Socket.AddressFamily, Socket.IsStream);
        return this;
    }

    internal override bool TryComplete()
    {
        if (_queue.IsPaused)
        {
            return false;
        }

        while (true)
        {
            int result = Send(
                Socket, _data, _buffers, BytesTransferred, _flags, _address.AsSpan(0, _addressLength), BytesTransferred == 0 ? _control.Bytes : default);
            if (result == -Interop.Errno.EAGAIN)
            {
                _queue.Refused(this, isAddressed: _addressLength > 0);
                return false;
            }

            if (result >= 0)
            {
                BytesTransferred += result;
                if (BytesTransferred < _total && Socket.IsStream)
                {
                    continue;
                }
            }

            Errno = result < 0 ? -result : 0;
            _control.Release();
            return true;
        }
    }

    // A send that does not wait says how far it got, as send(2) does.
    internal override void EndWith(int errno) => Errno = errno == Interop.Errno.EAGAIN && BytesTransferred > 0 ? 0 : errno;

    // Also of one that ended without a last try: the descriptors it was to pass may be closed, which takes a call.
    protected override void ShowOutcome()
    {
        _control.Release();
        base.ShowOutcome();
    }

    /// <summary>The peer as a sockaddr; nothing when none is given.</summary>
    internal static int EncodePeer(in OutgoingMessage message, EndPoint? peer, Span<byte> destination) =>
        peer is not null ? AddressCodecs.Encode(peer, destination)
        : message.PeerAddress is { } address ? AddressCodecs.Encode(address, destination)
        : 0;

    /// <summary>How many bytes of data a message has.</summary>
    /// <exception cref="OverflowException">More than an int can count.</exception>
    internal static int Total(in OutgoingMessage message) => checked(message.Data.Length + (int)message.Buffers.Length);

    /// <summary>sendmsg(2) of all but the first <paramref name="skip"/> bytes, without waiting and without SIGPIPE.</summary>
    internal static int Send(
        SocketCore socket,
        ReadOnlyMemory<byte> data,
        in ReadOnlySequence<byte> buffers,
        int skip,
        int flags,
        ReadOnlySpan<byte> address,
        ReadOnlySpan<byte> control)
    {
        int own = flags | SocketConstants.MSG_NOSIGNAL;
        bool repeated = false;
        int result;
        if (buffers.IsEmpty)
        {
            ReadOnlySpan<byte> rest = data.Span[skip..];
            do
            {
                result = Libc.SendMessage(socket.Handle, rest, own, address, control);
            }
            while (result == -Interop.Errno.EINTR || EarlierErrors.MustRepeat(socket, result, ref repeated));
            return result;
        }

        using var vector = new BufferVector(data, buffers, skip);
        if (vector.IsPartial && !socket.IsStream)
        {
            // A message goes in one call or not at all: the kernel's own answer to too many buffers.
            return -Interop.Errno.EMSGSIZE;
        }

        do
        {
            result = Libc.SendMessage(socket.Handle, vector.Buffers, own, address, control);
        }
        while (result == -Interop.Errno.EINTR || EarlierErrors.MustRepeat(socket, result, ref repeated));
        return result;
    }

    protected override bool Waits => (_flags & SocketConstants.MSG_DONTWAIT) == 0;

    protected override int TakeValue() => BytesTransferred;

    protected override Exception CreateSocketException() => SocketErrors.Create(
        Call,
        _peer ?? AddressCodecs.Decode(_address.AsSpan(0, _addressLength), like: null) ?? Socket.EndPointForErrors(),
        Errno,
        BytesTransferred);

    protected override void Reset()
    {
        _control.Release();
        _queue.Stop();
        _data = default;
        _buffers = default;
        _peer = null;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.SendMessage;
}
