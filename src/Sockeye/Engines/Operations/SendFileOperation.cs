using Microsoft.Win32.SafeHandles;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>sendfile(2): file bytes to a stream without passing through this process.</summary>
internal sealed class SendFileOperation(SocketCore socket) : SocketOperation<long>(socket, OperationLane.Write)
{
    // The kernel sends no more in one call (sendfile(2)); less keeps one big file from holding the thread.
    private const int BytesPerCall = 1 << 20;

    // The caller keeps the file open until the outcome is taken.
    private SafeFileHandle? _file;
    private long _offset;
    private long _left;
    private long _sent;

    internal override string Call => "send file";

    internal SendFileOperation With(SafeFileHandle file, long offset, long count)
    {
        _file = file;
        _offset = offset;
        _left = count;
        return this;
    }

    internal override bool TryComplete()
    {
        while (true)
        {
            int result = Send(Socket, _file!, _offset, _left);
            if (result == -Interop.Errno.EAGAIN)
            {
                return false;
            }

            if (result <= 0)
            {
                // 0: the file ends here; it may be shorter than it was.
                Errno = -result;
                return true;
            }

            _offset += result;
            _sent += result;
            _left -= result;
            BytesTransferred = (int)Math.Min(_sent, int.MaxValue);
            if (_left == 0)
            {
                return true;
            }
        }
    }

    /// <summary>sendfile(2) without waiting; 0 at the file's end.</summary>
    internal static int Send(SocketCore socket, SafeFileHandle file, long offset, long count)
    {
        if (count == 0)
        {
            return 0;
        }

        int result;
        do
        {
            result = Libc.SendFile(socket.Handle, file, offset, (int)Math.Min(count, BytesPerCall));
        }
        while (result == -Interop.Errno.EINTR);
        return result;
    }

    protected override long TakeValue() => _sent;

    protected override void Reset()
    {
        _file = null;
        _sent = 0;
    }
}
