using Microsoft.Win32.SafeHandles;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>sendfile(2): file bytes to a stream without passing through this process.</summary>
internal sealed class SendFileOperation(SocketCore socket) : SocketOperation<long>(socket, OperationQueue.Write)
{
    // The caller keeps the file open until the outcome is taken.
    private SafeFileHandle? _file;
    private long _offset;
    private long _count;

    internal override string Call => "send file";

    internal SendFileOperation With(SafeFileHandle file, long offset, long count)
    {
        _file = file;
        _offset = offset;
        _count = count;
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new SendFileStep(_file!, _offset, _count);
        return Complete(ref step);
    }

    protected override long TakeValue() => Progress.Count;

    protected override void Reset() => _file = null;
}

/// <summary>sendfile(2), from a part of a file, until all is sent or the file ends: it may be shorter than it was.</summary>
internal readonly ref struct SendFileStep(SafeFileHandle file, long offset, long count) : ICallStep
{
    // The kernel sends no more than 2 GiB in one call (sendfile(2)); less keeps one big file from holding the thread.
    private const int BytesPerCall = 1 << 20;

    public int Call(SocketCore socket, in Progress progress)
    {
        long left = count - progress.Count;
        return left == 0 ? 0 : Libc.SendFile(socket.Handle, file, offset + progress.Count, (int)Math.Min(left, BytesPerCall));
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        if (answer < 0)
        {
            return progress.TakeError(answer);
        }

        progress.Count += answer;
        return answer == 0 || progress.Count == count ? progress.Done() : StepResult.Again;
    }
}
