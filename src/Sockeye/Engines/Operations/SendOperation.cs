using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>send(2), or sendmsg(2) of several buffers: on a stream until all is sent, else one message.</summary>
internal sealed class SendOperation(Socket socket) : SocketOperation<int>(socket, OperationLane.Write)
{
    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private IList<ArraySegment<byte>>? _buffers;
    private int _total;
    private int _flags;

    // What the first call gave, if it was made before the operation was.
    private int? _tried;

    internal override string Call => "send";

    internal SendOperation With(ReadOnlyMemory<byte> data, int flags, int? tried = null)
    {
        _data = data;
        _total = data.Length;
        _flags = flags;
        _tried = tried;
        return this;
    }

    internal SendOperation With(IList<ArraySegment<byte>> buffers, int flags)
    {
        _buffers = buffers;
        _total = BufferVector.Total(buffers);
        _flags = flags;
        return this;
    }

    internal override bool TryComplete()
    {
        while (true)
        {
            int result = _tried is { } tried ? tried
                : _buffers is null ? Send(Socket, _data.Span[BytesTransferred..], _flags)
                : Send(Socket, _buffers, BytesTransferred, _flags);
            _tried = null;
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
    internal static int Send(Socket socket, ReadOnlySpan<byte> data, int flags)
    {
        bool repeated = false;
        int result;
        do
        {
            result = Libc.Send(socket.Descriptor, data, flags | SocketConstants.MSG_NOSIGNAL);
        }
        while (result == -Interop.Errno.EINTR || EarlierErrors.MustRepeat(socket, result, ref repeated));
        return result;
    }

    /// <summary>sendmsg(2) of all but the first <paramref name="skip"/> bytes, without waiting and without SIGPIPE.</summary>
    internal static int Send(Socket socket, IList<ArraySegment<byte>> buffers, int skip, int flags)
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
            result = Libc.SendMessage(socket.Descriptor, vector.Buffers, flags | SocketConstants.MSG_NOSIGNAL);
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
    }

    protected override void Return() => Socket.ReturnSend(this);
}
