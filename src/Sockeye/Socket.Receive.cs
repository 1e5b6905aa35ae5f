using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// recv(2), and recvmsg(2) into several buffers.
public partial class Socket
{
    /// <summary>recv(2): receives what is there, waiting for something.</summary>
    /// <param name="buffer">Where the bytes go. An empty one waits until there is something to receive, and leaves it.</param>
    /// <param name="socketFlags">.NET's flags or Linux's (<see cref="LinuxSocketFlags"/>).</param>
    /// <returns>How many bytes; 0 at the end of a stream. A datagram may have 0 bytes.</returns>
    /// <exception cref="SocketException">
    /// ConnectionReset, NotConnected, TimedOut, WouldBlock; MessageSize when a message did not fit: what fits is in the
    /// buffer. Pass <see cref="SocketFlags.Truncated"/> (MSG_TRUNC) to get the message's true length instead of an error.
    /// </exception>
    public int Receive(Span<byte> buffer, SocketFlags socketFlags) => ReceivedOrThrow(TryReceive(buffer, socketFlags));

    /// <inheritdoc cref="Receive(Span{byte}, SocketFlags)"/>
    public int Receive(Span<byte> buffer) => Receive(buffer, SocketFlags.None);

    /// <summary>recv(2), with the failure in a parameter.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="errorCode">.NET's name for the error, or Success.</param>
    /// <returns>How many bytes; 0 on failure.</returns>
    public int Receive(Span<byte> buffer, SocketFlags socketFlags, out SocketError errorCode) =>
        ReceivedOrError(TryReceive(buffer, socketFlags), out errorCode);

    /// <inheritdoc cref="Receive(Span{byte}, SocketFlags)"/>
    public int Receive(byte[] buffer) => Receive(Checked(buffer), SocketFlags.None);

    /// <inheritdoc cref="Receive(Span{byte}, SocketFlags)"/>
    public int Receive(byte[] buffer, SocketFlags socketFlags) => Receive(Checked(buffer), socketFlags);

    /// <inheritdoc cref="Receive(byte[], int, int, SocketFlags)"/>
    public int Receive(byte[] buffer, int size, SocketFlags socketFlags) => Receive(Checked(buffer, 0, size), socketFlags);

    /// <inheritdoc cref="Receive(Span{byte}, SocketFlags)"/>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="size">How many at most.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    public int Receive(byte[] buffer, int offset, int size, SocketFlags socketFlags) =>
        Receive(Checked(buffer, offset, size), socketFlags);

    /// <inheritdoc cref="Receive(Span{byte}, SocketFlags, out SocketError)"/>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="size">How many at most.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="errorCode">.NET's name for the error, or Success.</param>
    public int Receive(byte[] buffer, int offset, int size, SocketFlags socketFlags, out SocketError errorCode) =>
        Receive(Checked(buffer, offset, size), socketFlags, out errorCode);

    /// <summary>recvmsg(2): receives into several buffers, filling one after the other.</summary>
    /// <param name="buffers">At least one; at most 1024 are used in one call (IOV_MAX).</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <returns>How many bytes; 0 at the end of a stream.</returns>
    /// <exception cref="ArgumentException">The list is empty.</exception>
    /// <exception cref="SocketException">As for the other receives.</exception>
    public int Receive(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags) =>
        ReceivedOrThrow(TryReceive(buffers, socketFlags));

    /// <inheritdoc cref="Receive(IList{ArraySegment{byte}}, SocketFlags)"/>
    public int Receive(IList<ArraySegment<byte>> buffers) => Receive(buffers, SocketFlags.None);

    /// <inheritdoc cref="Receive(IList{ArraySegment{byte}}, SocketFlags)"/>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="errorCode">.NET's name for the error, or Success.</param>
    public int Receive(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags, out SocketError errorCode) =>
        ReceivedOrError(TryReceive(buffers, socketFlags), out errorCode);

    /// <summary>recv(2), with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes, or the errno. A cut message: EMSGSIZE, with BytesTransferred and BytesLost.</returns>
    public SocketResult<int> TryReceive(Span<byte> buffer, SocketFlags socketFlags = SocketFlags.None)
    {
        ThrowIfDisposed();
        return LinuxSocketFlags.TryToLinux(socketFlags, out int flags)
            ? ReceiveCore(buffer, flags)
            : SocketResult<int>.Failure(Errno.EOPNOTSUPP);
    }

    /// <summary>recvmsg(2) into several buffers, with the failure as a value.</summary>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public SocketResult<int> TryReceive(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags = SocketFlags.None)
    {
        ThrowIfDisposed();
        CheckBuffers(buffers);
        if (!LinuxSocketFlags.TryToLinux(socketFlags, out int flags))
        {
            return SocketResult<int>.Failure(Errno.EOPNOTSUPP);
        }

        int total = BufferVector.Total(buffers);
        bool fills = ReceiveOperation.FillsBuffer(Core, flags);
        using var call = new BlockingCall(Core, OperationLane.Read, Core.ReceiveLimit, flags);
        int received = 0;
        int errno = call.Enter();
        while (errno == 0)
        {
            int result = ReceiveOperation.Receive(Core, buffers, received, flags, out int lost);
            received += Math.Max(result, 0);
            if (result == 0 || (result > 0 && (!fills || received == total)))
            {
                return SocketResult<int>.Success(received, received);
            }

            if (lost > 0)
            {
                return SocketResult<int>.Failure(-result, total, lost);
            }

            errno = result > 0 ? 0 : result == -Errno.EAGAIN ? call.Wait(PollConstants.POLLIN, moved: received) : -result;
        }

        // MSG_WAITALL: what came before the failure is the answer; the failure comes with the next call.
        return received > 0 ? SocketResult<int>.Success(received, received) : Failed<int>(errno);
    }

    /// <summary>recv(2) until the buffer is full.</summary>
    /// <param name="buffer">Filled whole.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <exception cref="SocketException">
    /// Disconnecting: the stream ended before the buffer was full; TimedOut and the rest as for Receive. The message
    /// tells how many bytes came, and so does <c>Data["BytesTransferred"]</c>.
    /// </exception>
    public void ReceiveExactly(Span<byte> buffer, SocketFlags socketFlags = SocketFlags.None)
    {
        SocketResult<int> result = TryReceiveExactly(buffer, socketFlags);
        if (!result.IsSuccess)
        {
            Fail("receive exactly", Core.EndPointForErrors(), result.Errno, result.BytesTransferred, result.BytesLost);
        }
    }

    /// <summary>recv(2) until the buffer is full, with the failure as a value.</summary>
    /// <param name="buffer">Filled whole on success.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>The buffer's length; or the errno, with what came in BytesTransferred. ESHUTDOWN: the stream ended early.</returns>
    public SocketResult<int> TryReceiveExactly(Span<byte> buffer, SocketFlags socketFlags = SocketFlags.None)
    {
        ThrowIfDisposed();
        ThrowIfPeeking(socketFlags);
        return LinuxSocketFlags.TryToLinux(socketFlags, out int flags)
            ? FillCore(buffer, flags, exactly: true)
            : SocketResult<int>.Failure(Errno.EOPNOTSUPP);
    }

    /// <summary>recv(2), asynchronously.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="cancellationToken">Ends the wait. Bytes that arrived first win.</param>
    /// <returns>How many bytes; 0 at the end of a stream.</returns>
    /// <exception cref="SocketException">As for Receive.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first; nothing was received.</exception>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, SocketFlags socketFlags, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        return LinuxSocketFlags.TryToLinux(socketFlags, out int flags)
            ? ReceiveOperation.Rent(Core).With(buffer, flags).Run(cancellationToken)
            : Unsupported<int>("receive");
    }

    /// <inheritdoc cref="ReceiveAsync(Memory{byte}, SocketFlags, CancellationToken)"/>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ReceiveAsync(buffer, SocketFlags.None, cancellationToken);

    /// <inheritdoc cref="ReceiveAsync(Memory{byte}, SocketFlags, CancellationToken)"/>
    public Task<int> ReceiveAsync(ArraySegment<byte> buffer) => ReceiveAsync(buffer, SocketFlags.None);

    /// <inheritdoc cref="ReceiveAsync(Memory{byte}, SocketFlags, CancellationToken)"/>
    public Task<int> ReceiveAsync(ArraySegment<byte> buffer, SocketFlags socketFlags) =>
        ReceiveAsync(Checked(buffer), socketFlags, CancellationToken.None).AsTask();

    /// <inheritdoc cref="ReceiveAsync(IList{ArraySegment{byte}}, SocketFlags)"/>
    public Task<int> ReceiveAsync(IList<ArraySegment<byte>> buffers) => ReceiveAsync(buffers, SocketFlags.None);

    /// <summary>recvmsg(2) into several buffers, asynchronously.</summary>
    /// <param name="buffers">At least one; theirs and the list's contents are the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <returns>How many bytes; 0 at the end of a stream.</returns>
    public Task<int> ReceiveAsync(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags)
    {
        ThrowIfDisposed();
        CheckBuffers(buffers);
        return LinuxSocketFlags.TryToLinux(socketFlags, out int flags)
            ? ReceiveOperation.Rent(Core).With(buffers, flags).Run(CancellationToken.None).AsTask()
            : Unsupported<int>("receive").AsTask();
    }

    /// <summary>recvmsg(2) into several buffers, asynchronously.</summary>
    /// <param name="buffers">At least one; theirs and the list's contents are the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes; 0 at the end of a stream.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask<int> ReceiveAsync(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        CheckBuffers(buffers);
        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken)
            : LinuxSocketFlags.TryToLinux(socketFlags, out int flags) ? ReceiveOperation.Rent(Core).With(buffers, flags).Run(cancellationToken)
            : Unsupported<int>("receive");
    }

    /// <summary>As the overload for several buffers, with the failure as a value.</summary>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes; or the errno, with what was received in BytesTransferred.</returns>
    public ValueTask<SocketResult<int>> TryReceiveAsync(
        IList<ArraySegment<byte>> buffers, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        CheckBuffers(buffers);
        return cancellationToken.IsCancellationRequested ? Canceled<int>()
            : LinuxSocketFlags.TryToLinux(socketFlags, out int flags) ? ReceiveOperation.Rent(Core).With(buffers, flags).TryRun(cancellationToken)
            : ValueTask.FromResult(SocketResult<int>.Failure(Errno.EOPNOTSUPP));
    }

    /// <summary>recv(2), asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public ValueTask<SocketResult<int>> TryReceiveAsync(
        Memory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return cancellationToken.IsCancellationRequested ? Canceled<int>()
            : LinuxSocketFlags.TryToLinux(socketFlags, out int flags) ? ReceiveOperation.Rent(Core).With(buffer, flags).TryRun(cancellationToken)
            : ValueTask.FromResult(SocketResult<int>.Failure(Errno.EOPNOTSUPP));
    }

    /// <summary>recv(2) until the buffer is full, asynchronously.</summary>
    /// <param name="buffer">Filled whole; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait; what came before is in the buffer, and lost to the next receive.</param>
    /// <returns>Completes when the buffer is full.</returns>
    /// <exception cref="SocketException">As for <see cref="ReceiveExactly"/>.</exception>
    public ValueTask ReceiveExactlyAsync(
        Memory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        ThrowIfPeeking(socketFlags);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        if (buffer.IsEmpty)
        {
            return ValueTask.CompletedTask;
        }

        return LinuxSocketFlags.TryToLinux(socketFlags, out int flags)
            ? ReceiveOperation.Rent(Core).With(buffer, flags, exactly: true).RunForNoCount(cancellationToken)
            : ValueTask.FromException(UnsupportedFlags("receive exactly"));
    }

    /// <summary>recv(2) until the buffer is full, asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">Filled whole on success; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>The buffer's length; or the errno, with what came in BytesTransferred.</returns>
    public ValueTask<SocketResult<int>> TryReceiveExactlyAsync(
        Memory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        ThrowIfPeeking(socketFlags);
        return cancellationToken.IsCancellationRequested ? Canceled<int>()
            : buffer.IsEmpty ? ValueTask.FromResult(SocketResult<int>.Success(0))
            : LinuxSocketFlags.TryToLinux(socketFlags, out int flags)
                ? ReceiveOperation.Rent(Core).With(buffer, flags, exactly: true).TryRun(cancellationToken)
                : ValueTask.FromResult(SocketResult<int>.Failure(Errno.EOPNOTSUPP));
    }

    /// <summary>The receive below the disposed check: files made of this socket outlive its Dispose.</summary>
    internal SocketResult<int> ReceiveCore(Span<byte> buffer, int flags)
    {
        if (ReceiveOperation.FillsBuffer(Core, flags))
        {
            return FillCore(buffer, flags, exactly: false);
        }

        using var call = new BlockingCall(Core, OperationLane.Read, Core.ReceiveLimit, flags);
        int errno = call.Enter();
        while (errno == 0)
        {
            int result = ReceiveOperation.Receive(Core, buffer, flags, out int lost);
            if (result >= 0)
            {
                return SocketResult<int>.Success(result, result);
            }

            if (lost > 0)
            {
                return SocketResult<int>.Failure(-result, buffer.Length, lost);
            }

            errno = result == -Errno.EAGAIN ? call.Wait(PollConstants.POLLIN) : -result;
        }

        return Failed<int>(errno);
    }

    private SocketResult<int> FillCore(Span<byte> buffer, int flags, bool exactly)
    {
        using var call = new BlockingCall(Core, OperationLane.Read, Core.ReceiveLimit, flags);
        int filled = 0;
        int errno = call.Enter();
        while (errno == 0 && filled < buffer.Length)
        {
            int result = ReceiveOperation.Receive(Core, buffer[filled..], flags, out int lost);
            if (result == 0 || (result > 0 && !IsStream && filled + result < buffer.Length))
            {
                filled += result;
                errno = exactly ? Errno.ESHUTDOWN : 0;
                break;
            }

            if (lost > 0)
            {
                return SocketResult<int>.Failure(-result, buffer.Length, lost);
            }

            filled += Math.Max(result, 0);
            errno = result >= 0 ? 0 : result == -Errno.EAGAIN ? call.Wait(PollConstants.POLLIN, moved: filled) : -result;
        }

        // MSG_WAITALL: what came before the failure is the answer; the failure comes with the next call.
        return errno == 0 || (!exactly && filled > 0)
            ? SocketResult<int>.Success(filled, filled)
            : Failed<int>(errno, filled);
    }

    private int ReceivedOrThrow(SocketResult<int> result)
    {
        if (!result.IsSuccess)
        {
            Fail("receive", Core.EndPointForErrors(), result.Errno, result.BytesTransferred, result.BytesLost);
        }

        return result.Value;
    }

    private int ReceivedOrError(SocketResult<int> result, out SocketError errorCode)
    {
        errorCode = result.Error;
        if (result.IsSuccess)
        {
            return result.Value;
        }

        Core.NoteFailure(result.Errno);
        return 0;
    }

    private static ValueTask<SocketResult<T>> Canceled<T>() => ValueTask.FromResult(SocketResult<T>.Failure(Errno.ECANCELED));

    private ValueTask<T> Unsupported<T>(string call) => ValueTask.FromException<T>(UnsupportedFlags(call));

    private SocketException UnsupportedFlags(string call) => SocketErrors.Create(
        call, Core.EndPointForErrors(), Errno.EOPNOTSUPP, "Linux has no such flag for this call");

    // A second peek would find the same bytes again.
    private static void ThrowIfPeeking(SocketFlags flags)
    {
        if ((flags & SocketFlags.Peek) != 0)
        {
            throw new ArgumentException("What is only looked at cannot fill a buffer call by call; use Receive with Peek.", nameof(flags));
        }
    }

    private static Span<byte> Checked(byte[] buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return buffer;
    }

    private static Span<byte> Checked(byte[] buffer, int offset, int size)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)buffer.Length, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)size, (uint)(buffer.Length - offset), nameof(size));
        return buffer.AsSpan(offset, size);
    }

    private static ArraySegment<byte> Checked(ArraySegment<byte> buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer.Array, nameof(buffer));
        return buffer;
    }

    private static void CheckBuffers(IList<ArraySegment<byte>> buffers)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        if (buffers.Count == 0)
        {
            throw new ArgumentException("The list of buffers is empty.", nameof(buffers));
        }

        foreach (ArraySegment<byte> buffer in buffers)
        {
            ArgumentNullException.ThrowIfNull(buffer.Array, nameof(buffers));
        }
    }
}
