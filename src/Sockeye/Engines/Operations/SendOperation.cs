using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>send(2), or sendmsg(2) of several buffers: on a stream until all is sent, else one message.</summary>
internal sealed class SendOperation(SocketCore socket) : SocketOperation<int>(socket, OperationLane.Write)
{
    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private IList<ArraySegment<byte>>? _buffers;
    private int _total;
    private int _flags;

    // The first call, made before the operation was, has given the outcome.
    private bool _isDecided;

    internal static SendOperation Rent(SocketCore socket) => socket.Extras.Send.Take<SendOperation>() ?? new SendOperation(socket);

    internal override string Call => "send";

    internal SendOperation With(ReadOnlyMemory<byte> data, int flags)
    {
        _data = data;
        _total = data.Length;
        _flags = flags;
        return this;
    }

    /// <summary>The rest of a send whose first call has given <paramref name="result"/>: bytes, or −errno other than EAGAIN.</summary>
    internal SendOperation After(int result)
    {
        // Counted before anything can end the operation: they have left.
        BytesTransferred = Math.Max(result, 0);
        Errno = Math.Max(-result, 0);
        _isDecided = result < 0 || BytesTransferred >= _total || !Socket.IsStream;
        return this;
    }

    internal SendOperation With(IList<ArraySegment<byte>> buffers, int flags)
    {
        _buffers = buffers;
        _total = BufferVector.Total(buffers);
        _flags = flags;
        return this;
    }

    protected override bool IsDecided => _isDecided;

    internal override bool TryComplete()
    {
        if (_isDecided)
        {
            return true;
        }

        while (true)
        {
            int result = _buffers is null
                ? Send(Socket, _data.Span[BytesTransferred..], _flags)
                : Send(Socket, _buffers, BytesTransferred, _flags);
            if (result == -Interop.Errno.EAGAIN)
            {
                return false;
            }

            if (result < 0)
            {
                Errno = -result;
                return true;
            }

            BytesTransferred += result;
            if (BytesTransferred >= _total || !Socket.IsStream)
            {
                return true;
            }
        }
    }

    /// <summary>send(2) without waiting and without SIGPIPE.</summary>
    internal static int Send(SocketCore socket, ReadOnlySpan<byte> data, int flags)
    {
        bool repeated = false;
        int result;
        do
        {
            result = Libc.Send(socket.Handle, data, flags | SocketConstants.MSG_NOSIGNAL);
        }
        while (result == -Interop.Errno.EINTR || EarlierErrors.MustRepeat(socket, result, ref repeated));
        return result;
    }

    /// <summary>sendmsg(2) of all but the first <paramref name="skip"/> bytes, without waiting and without SIGPIPE.</summary>
    internal static int Send(SocketCore socket, IList<ArraySegment<byte>> buffers, int skip, int flags)
    {
        using var vector = new BufferVector(buffers, skip);
        if (vector.IsPartial && !socket.IsStream)
        {
            // A message goes in one call or not at all: the kernel's own answer to too many buffers.
            return -Interop.Errno.EMSGSIZE;
        }

        bool repeated = false;
        int result;
        do
        {
            result = Libc.SendMessage(socket.Handle, vector.Buffers, flags | SocketConstants.MSG_NOSIGNAL);
        }
        while (result == -Interop.Errno.EINTR || EarlierErrors.MustRepeat(socket, result, ref repeated));
        return result;
    }

    protected override bool Waits => (_flags & SocketConstants.MSG_DONTWAIT) == 0;

    protected override int TakeValue() => BytesTransferred;

    protected override void Reset()
    {
        _data = default;
        _buffers = null;
        _isDecided = false;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.Send;
}
