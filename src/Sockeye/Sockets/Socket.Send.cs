using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Sockeye.Engines;
using Sockeye.Engines.IoUring;

namespace Sockeye;

// send(2), sendmsg(2) of several buffers, sendfile(2).
public partial class Socket
{
    /// <summary>send(2): on a stream sends all of it, waiting for room; else one message.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="socketFlags">.NET's flags or Linux's (<see cref="LinuxSocketFlags"/>).</param>
    /// <returns>How many bytes; fewer than asked for only on a stream that does not wait.</returns>
    /// <exception cref="SocketException">
    /// Shutdown (EPIPE), ConnectionReset, NotConnected, MessageSize, TimedOut, WouldBlock. What got through before a
    /// failure is told in the message and in <c>Data["BytesTransferred"]</c>.
    /// </exception>
    public int Send(ReadOnlySpan<byte> buffer, SocketFlags socketFlags) => OrThrow(TrySend(buffer, socketFlags), "send", socketFlags);

    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, SocketFlags)"/>
    public int Send(ReadOnlySpan<byte> buffer) => Send(buffer, SocketFlags.None);

    /// <summary>send(2), with the failure in a parameter.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="errorCode">.NET's name for the error, or Success.</param>
    /// <returns>How many bytes got through.</returns>
    public int Send(ReadOnlySpan<byte> buffer, SocketFlags socketFlags, out SocketError errorCode) =>
        SentOrError(TrySend(buffer, socketFlags), out errorCode);

    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, SocketFlags)"/>
    public int Send(byte[] buffer) => Send(Checked(buffer), SocketFlags.None);

    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, SocketFlags)"/>
    public int Send(byte[] buffer, SocketFlags socketFlags) => Send(Checked(buffer), socketFlags);

    /// <inheritdoc cref="Send(byte[], int, int, SocketFlags)"/>
    public int Send(byte[] buffer, int size, SocketFlags socketFlags) => Send(Checked(buffer, 0, size), socketFlags);

    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, SocketFlags)"/>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="size">How many.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    public int Send(byte[] buffer, int offset, int size, SocketFlags socketFlags) =>
        Send(Checked(buffer, offset, size), socketFlags);

    /// <inheritdoc cref="Send(ReadOnlySpan{byte}, SocketFlags, out SocketError)"/>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="size">How many.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="errorCode">.NET's name for the error, or Success.</param>
    public int Send(byte[] buffer, int offset, int size, SocketFlags socketFlags, out SocketError errorCode) =>
        Send(Checked(buffer, offset, size), socketFlags, out errorCode);

    /// <summary>sendmsg(2): sends several buffers, one after the other; on a datagram socket as one message.</summary>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <returns>How many bytes.</returns>
    /// <exception cref="ArgumentException">The list is empty, or its buffers have more than 2 GiB together.</exception>
    /// <exception cref="SocketException">As for the other sends.</exception>
    public int Send(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags) => OrThrow(TrySend(buffers, socketFlags), "send", socketFlags);

    /// <inheritdoc cref="Send(IList{ArraySegment{byte}}, SocketFlags)"/>
    public int Send(IList<ArraySegment<byte>> buffers) => Send(buffers, SocketFlags.None);

    /// <inheritdoc cref="Send(IList{ArraySegment{byte}}, SocketFlags)"/>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="errorCode">.NET's name for the error, or Success.</param>
    public int Send(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags, out SocketError errorCode) =>
        SentOrError(TrySend(buffers, socketFlags), out errorCode);

    /// <summary>send(2), with the failure as a value.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes; or the errno, with what got through in BytesTransferred.</returns>
    public SocketResult<int> TrySend(ReadOnlySpan<byte> buffer, SocketFlags socketFlags = SocketFlags.None)
    {
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            progress.PartRule = SendStep.PartRule(isAll: false);
            Send(buffer, flags, ref progress);
        }

        return ToResult(progress);
    }

    /// <summary>sendmsg(2) of several buffers, with the failure as a value.</summary>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes; or the errno, with what got through in BytesTransferred.</returns>
    public SocketResult<int> TrySend(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags = SocketFlags.None)
    {
        Checked(buffers);
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            progress.PartRule = SendStep.PartRule(isAll: false);
            var step = new SendBuffersStep(buffers, flags);
            BlockingCall.Run(Core, OperationQueue.Write, Core.SendLimit, flags, ref step, ref progress);
        }

        return ToResult(progress);
    }

    /// <summary>send(2) until all is sent: what Python calls sendall. <see cref="Timeout"/> limits the whole.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <exception cref="SocketException">As for Send; the message says how much was sent, and so does <c>Data["BytesTransferred"]</c>.</exception>
    public void SendAll(ReadOnlySpan<byte> buffer, SocketFlags socketFlags = SocketFlags.None) =>
        OrThrow(TrySendAll(buffer, socketFlags), "send all", socketFlags);

    /// <summary>send(2) until all is sent, with the failure as a value.</summary>
    /// <inheritdoc cref="SendAll" path="/param"/>
    /// <returns>The buffer's length; or the errno, EAGAIN included, with what got through in BytesTransferred.</returns>
    public SocketResult<int> TrySendAll(ReadOnlySpan<byte> buffer, SocketFlags socketFlags = SocketFlags.None)
    {
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            Send(buffer, flags, ref progress);
        }

        return ToResult(progress);
    }

    /// <summary>send(2), asynchronously: on a stream all of it, else one message.</summary>
    /// <param name="buffer">The bytes; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="cancellationToken">Ends the wait. Some of the bytes may be sent then.</param>
    /// <returns>How many bytes: all.</returns>
    /// <exception cref="SocketException">As for Send.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask<int> SendAsync(ReadOnlyMemory<byte> buffer, SocketFlags socketFlags, CancellationToken cancellationToken = default) =>
        SendNow(buffer, socketFlags, isAll: false, cancellationToken) is { } operation
            ? operation.Run(cancellationToken)
            : new ValueTask<int>(buffer.Length);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, SocketFlags, CancellationToken)"/>
    public ValueTask<int> SendAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        SendAsync(buffer, SocketFlags.None, cancellationToken);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, SocketFlags, CancellationToken)"/>
    public Task<int> SendAsync(ArraySegment<byte> buffer) => SendAsync(buffer, SocketFlags.None);

    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, SocketFlags, CancellationToken)"/>
    public Task<int> SendAsync(ArraySegment<byte> buffer, SocketFlags socketFlags) =>
        SendAsync(Checked(buffer), socketFlags, CancellationToken.None).AsTask();

    /// <inheritdoc cref="SendAsync(IList{ArraySegment{byte}}, SocketFlags)"/>
    public Task<int> SendAsync(IList<ArraySegment<byte>> buffers) => SendAsync(buffers, SocketFlags.None);

    /// <summary>sendmsg(2) of several buffers, asynchronously.</summary>
    /// <param name="buffers">At least one; theirs and the list's contents are the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <returns>How many bytes: all.</returns>
    public Task<int> SendAsync(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags) =>
        SendOperation.Rent(Usable).With(Checked(buffers), socketFlags).Run(CancellationToken.None).AsTask();

    /// <summary>sendmsg(2) of several buffers, asynchronously.</summary>
    /// <param name="buffers">At least one; theirs and the list's contents are the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes: all.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask<int> SendAsync(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags, CancellationToken cancellationToken) =>
        SendOperation.Rent(Usable).With(Checked(buffers), socketFlags).Run(cancellationToken);

    /// <summary>As the overload for several buffers, with the failure as a value.</summary>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes; or the errno, with what was sent in BytesTransferred.</returns>
    public ValueTask<SocketResult<int>> TrySendAsync(
        IList<ArraySegment<byte>> buffers, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default) =>
        SendOperation.Rent(Usable).With(Checked(buffers), socketFlags).TryRun(cancellationToken);

    /// <summary>send(2), asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">The bytes; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes; or the errno, with what got through in BytesTransferred.</returns>
    public ValueTask<SocketResult<int>> TrySendAsync(
        ReadOnlyMemory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default) =>
        SendNow(buffer, socketFlags, isAll: false, cancellationToken) is { } operation
            ? operation.TryRun(cancellationToken)
            : ValueTask.FromResult(SocketResult<int>.Success(buffer.Length, buffer.Length));

    // Most sends are done with the first call, and need no operation.
    private SendOperation? SendNow(ReadOnlyMemory<byte> buffer, SocketFlags socketFlags, bool isAll, CancellationToken cancellationToken)
    {
        if (!TryBegin(socketFlags, out int flags, out Progress progress) || cancellationToken.IsCancellationRequested)
        {
            return SendOperation.Rent(Core).With(buffer, socketFlags, isAll);
        }

        if (Core.Registration is { } registration)
        {
            // On a loop that has a ring the turn's enter makes it.
            if (flags == 0 && IsStream && buffer.Length != 0 && RingTries.Here(registration.Poller) is { } tries)
            {
                return SendOperation.Rent(Core, tries).With(buffer, socketFlags, isAll);
            }

            if (!registration.IsIdle(OperationQueue.Write))
            {
                return SendOperation.Rent(Core).With(buffer, socketFlags, isAll);
            }
        }

        if (Core.Handle.IsShared)
        {
            // What the loop has prepared on another socket of the same descriptor was sent before.
            Core.FinishTries();
        }

        StepResult result;
        progress.PartRule = SendStep.PartRule(isAll);
        try
        {
            var step = new SendStep(buffer.Span, flags);
            result = CallSteps.Try(Core, ref step, ref progress);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The socket was closed between the look and the call, or the caller's memory threw: the operation meets it
            // again, and its outcome says so.
            return SendOperation.Rent(Core).With(buffer, socketFlags, isAll);
        }

        // One that must wait is tried again, since room may have come before it is queued.
        return result == StepResult.Done && progress.Errno == 0 && progress.Count == buffer.Length && RunQueue.Current?.SpendBudget() != false
            ? null
            : SendOperation.Rent(Core).With(buffer, socketFlags, isAll).After(progress, isDone: result == StepResult.Done);
    }

    /// <summary>As <see cref="SendAsync(ReadOnlyMemory{byte}, SocketFlags, CancellationToken)"/>, which sends all: the twin of <see cref="SendAll"/>.</summary>
    /// <param name="buffer">The bytes; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes: all.</returns>
    public ValueTask<int> SendAllAsync(
        ReadOnlyMemory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default) =>
        SendNow(buffer, socketFlags, isAll: true, cancellationToken) is { } operation
            ? operation.Run(cancellationToken)
            : new ValueTask<int>(buffer.Length);

    /// <summary>As <see cref="TrySendAsync(ReadOnlyMemory{byte}, SocketFlags, CancellationToken)"/>, which sends all: the twin of <see cref="TrySendAll"/>.</summary>
    /// <param name="buffer">The bytes; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes; or the errno, with what got through in BytesTransferred.</returns>
    public ValueTask<SocketResult<int>> TrySendAllAsync(
        ReadOnlyMemory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default) =>
        SendNow(buffer, socketFlags, isAll: true, cancellationToken) is { } operation
            ? operation.TryRun(cancellationToken)
            : ValueTask.FromResult(SocketResult<int>.Success(buffer.Length, buffer.Length));

    /// <summary>sendfile(2): sends a part of an open file.</summary>
    /// <param name="file">A regular file; its position is neither used nor moved.</param>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="count">How many bytes; null is all to the end of what is there to be read, whatever size the file has.</param>
    /// <returns>How many bytes were sent: fewer than asked for when the file is shorter.</returns>
    /// <exception cref="SocketException">As for Send.</exception>
    public long SendFile(SafeFileHandle file, long offset, long? count = null) =>
        OrThrow(TrySendFile(file, offset, count), "send file");

    /// <summary>sendfile(2), with the failure as a value.</summary>
    /// <param name="file">A regular file; its position is neither used nor moved.</param>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="count">How many bytes; null is all to the file's end.</param>
    /// <returns>How many bytes were sent; or the errno.</returns>
    public SocketResult<long> TrySendFile(SafeFileHandle file, long offset, long? count = null)
    {
        SocketCore core = Usable;
        var step = new SendFileStep(file, offset, BytesToSend(file, offset, count));
        var progress = default(Progress);
        BlockingCall.Run(core, OperationQueue.Write, core.SendLimit, flags: 0, ref step, ref progress);
        return ToResult(progress, progress.Count);
    }

    /// <summary>sendfile(2), asynchronously.</summary>
    /// <param name="file">A regular file, open until the task has completed.</param>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="count">How many bytes; null is all to the file's end.</param>
    /// <param name="cancellationToken">Ends the wait. Some of the bytes may be sent then.</param>
    /// <returns>How many bytes were sent.</returns>
    public ValueTask<long> SendFileAsync(SafeFileHandle file, long offset, long? count = null, CancellationToken cancellationToken = default) =>
        new SendFileOperation(Usable).With(file, offset, BytesToSend(file, offset, count)).Run(cancellationToken);

    /// <summary>sendfile(2), asynchronously, with the failure as a value.</summary>
    /// <param name="file">A regular file, open until the task has completed.</param>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="count">How many bytes; null is all to the file's end.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes were sent; or the errno.</returns>
    public ValueTask<SocketResult<long>> TrySendFileAsync(
        SafeFileHandle file, long offset, long? count = null, CancellationToken cancellationToken = default) =>
        new SendFileOperation(Usable).With(file, offset, BytesToSend(file, offset, count)).TryRun(cancellationToken);

    /// <summary>sendfile(2): sends a whole file.</summary>
    /// <param name="fileName">The file's path; null sends nothing.</param>
    /// <exception cref="SocketException">As for Send.</exception>
    public void SendFile(string? fileName) => SendFile(fileName, default, default, TransmitFileOptions.UseDefaultWorkerThread);

    /// <inheritdoc cref="SendFile(string?, ReadOnlySpan{byte}, ReadOnlySpan{byte}, TransmitFileOptions)"/>
    public void SendFile(string? fileName, byte[]? preBuffer, byte[]? postBuffer, TransmitFileOptions flags) =>
        SendFile(fileName, preBuffer.AsSpan(), postBuffer.AsSpan(), flags);

    /// <summary>sendfile(2): sends a whole file, with bytes before and after it.</summary>
    /// <param name="fileName">The file's path; null sends the two buffers only.</param>
    /// <param name="preBuffer">Sent first.</param>
    /// <param name="postBuffer">Sent last.</param>
    /// <param name="flags">Those that ask for a way of sending say nothing on Linux.</param>
    /// <exception cref="PlatformNotSupportedException">Disconnect or ReuseSocket, as in .NET: only the asynchronous twin heeds them.</exception>
    /// <exception cref="SocketException">As for Send.</exception>
    public void SendFile(string? fileName, ReadOnlySpan<byte> preBuffer, ReadOnlySpan<byte> postBuffer, TransmitFileOptions flags)
    {
        ThrowIfDisposed();
        ThrowIfNotConnected();
        if ((flags & (TransmitFileOptions.Disconnect | TransmitFileOptions.ReuseSocket)) != 0)
        {
            throw new PlatformNotSupportedException("The synchronous SendFile does not disconnect; call Disconnect afterwards.");
        }

        using SafeFileHandle? file = OpenFile(fileName);
        if (!preBuffer.IsEmpty)
        {
            SendAll(preBuffer);
        }

        if (file is not null)
        {
            SendFile(file, offset: 0);
        }

        if (!postBuffer.IsEmpty)
        {
            SendAll(postBuffer);
        }
    }

    /// <summary>sendfile(2): sends a whole file, asynchronously.</summary>
    /// <param name="fileName">The file's path; null sends nothing.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Completes when all is sent.</returns>
    public ValueTask SendFileAsync(string? fileName, CancellationToken cancellationToken = default) =>
        SendFileAsync(fileName, default, default, TransmitFileOptions.UseDefaultWorkerThread, cancellationToken);

    /// <summary>sendfile(2): sends a whole file, with bytes before and after it, asynchronously.</summary>
    /// <param name="fileName">The file's path; null sends the two buffers only.</param>
    /// <param name="preBuffer">Sent first.</param>
    /// <param name="postBuffer">Sent last.</param>
    /// <param name="flags">Disconnect and ReuseSocket end the connection afterwards, as <see cref="Disconnect"/> does; the rest say nothing on Linux.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Completes when all is sent.</returns>
    public ValueTask SendFileAsync(
        string? fileName,
        ReadOnlyMemory<byte> preBuffer,
        ReadOnlyMemory<byte> postBuffer,
        TransmitFileOptions flags,
        CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        ThrowIfNotConnected();
        return new ValueTask(SendWholeFileAsync(OpenFile(fileName), preBuffer, postBuffer, flags, cancellationToken));
    }

    /// <summary>The send below the disposed check: files made of this socket outlive its Dispose.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <returns>As for <see cref="TrySendAll"/>.</returns>
    internal SocketResult<int> SendCore(ReadOnlySpan<byte> buffer)
    {
        var progress = default(Progress);
        Send(buffer, flags: 0, ref progress);
        return ToResult(progress);
    }

    private void Send(ReadOnlySpan<byte> buffer, int flags, ref Progress progress)
    {
        var step = new SendStep(buffer, flags);
        BlockingCall.Run(Core, OperationQueue.Write, Core.SendLimit, flags, ref step, ref progress);
    }

    private async Task SendWholeFileAsync(
        SafeFileHandle? file,
        ReadOnlyMemory<byte> preBuffer,
        ReadOnlyMemory<byte> postBuffer,
        TransmitFileOptions flags,
        CancellationToken cancellationToken)
    {
        using (file)
        {
            if (!preBuffer.IsEmpty)
            {
                await SendAsync(preBuffer, SocketFlags.None, cancellationToken).StayOnLoop();
            }

            if (file is not null)
            {
                await SendFileAsync(file, offset: 0, count: null, cancellationToken).StayOnLoop();
            }

            if (!postBuffer.IsEmpty)
            {
                await SendAsync(postBuffer, SocketFlags.None, cancellationToken).StayOnLoop();
            }

            EndAfterFile(flags);
        }
    }

    private void EndAfterFile(TransmitFileOptions flags)
    {
        if ((flags & (TransmitFileOptions.Disconnect | TransmitFileOptions.ReuseSocket)) != 0)
        {
            Disconnect((flags & TransmitFileOptions.ReuseSocket) != 0);
        }
    }

    private static SafeFileHandle? OpenFile(string? fileName) =>
        string.IsNullOrEmpty(fileName) ? null : File.OpenHandle(fileName, options: FileOptions.SequentialScan);

    private static long BytesToSend(SafeFileHandle file, long offset, long? count)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count ?? 0, nameof(count));

        // To the end, wherever that is: the size that stat(2) gives is not the content's in /proc, or for a file that grows.
        return Math.Min(count ?? long.MaxValue, long.MaxValue - offset);
    }

    private static int SentOrError(SocketResult<int> result, out SocketError errorCode)
    {
        errorCode = result.Error;
        return result.BytesTransferred;
    }

    private void ThrowIfNotConnected()
    {
        if (!Core.IsConnected || !IsStream)
        {
            throw new NotSupportedException("SendFile needs a connected stream socket.");
        }
    }
}
