using System.Net.Sockets;
using Sockeye.Engines;

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
    public int Receive(Span<byte> buffer, SocketFlags socketFlags) => OrThrow(TryReceive(buffer, socketFlags), "receive", socketFlags);

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
    /// <exception cref="ArgumentException">The list is empty, or its buffers have more than 2 GiB together.</exception>
    /// <exception cref="SocketException">As for the other receives.</exception>
    public int Receive(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags) =>
        OrThrow(TryReceive(buffers, socketFlags), "receive", socketFlags);

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
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            Receive(buffer, flags, isExact: false, ref progress);
        }

        return ToResult(progress);
    }

    /// <summary>recvmsg(2) into several buffers, with the failure as a value.</summary>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public SocketResult<int> TryReceive(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags = SocketFlags.None)
    {
        Checked(buffers);
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            progress.PartRule = ReceiveAnswer.PartRule(Core, flags);
            var step = new ReceiveBuffersStep(buffers, flags);
            BlockingCall.Run(Core, OperationQueue.Read, Core.ReceiveLimit, flags, ref step, ref progress);
        }

        return ToResult(progress);
    }

    /// <summary>recv(2) until the buffer is full.</summary>
    /// <param name="buffer">Filled whole.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <exception cref="SocketException">
    /// Disconnecting: the stream ended before the buffer was full; TimedOut and the rest as for Receive. The message
    /// has the number of bytes that came, and so does <c>Data["BytesTransferred"]</c>.
    /// </exception>
    public void ReceiveExactly(Span<byte> buffer, SocketFlags socketFlags = SocketFlags.None)
    {
        OrThrow(TryReceiveExactly(buffer, socketFlags), "receive exactly", socketFlags);
    }

    /// <summary>recv(2) until the buffer is full, with the failure as a value.</summary>
    /// <param name="buffer">Filled whole on success.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>The buffer's length; or the errno, with what came in BytesTransferred. ESHUTDOWN: the stream ended early.</returns>
    public SocketResult<int> TryReceiveExactly(Span<byte> buffer, SocketFlags socketFlags = SocketFlags.None)
    {
        ThrowIfPeeking(socketFlags);
        if (TryBegin(socketFlags, out int flags, out Progress progress) && !buffer.IsEmpty)
        {
            Receive(buffer, flags, isExact: true, ref progress);
        }

        return ToResult(progress);
    }

    /// <summary>recv(2), asynchronously.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="cancellationToken">Ends the wait. Bytes that arrived first win.</param>
    /// <returns>How many bytes; 0 at the end of a stream.</returns>
    /// <exception cref="SocketException">As for Receive.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first; nothing was received.</exception>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, SocketFlags socketFlags, CancellationToken cancellationToken = default) =>
        ReceiveOperation.Rent(Usable).With(buffer, socketFlags).Run(cancellationToken);

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
    public Task<int> ReceiveAsync(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags) =>
        ReceiveBuffersOperation.Rent(Usable).With(Checked(buffers), socketFlags).Run(CancellationToken.None).AsTask();

    /// <summary>recvmsg(2) into several buffers, asynchronously.</summary>
    /// <param name="buffers">At least one; theirs and the list's contents are the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes; 0 at the end of a stream.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask<int> ReceiveAsync(IList<ArraySegment<byte>> buffers, SocketFlags socketFlags, CancellationToken cancellationToken) =>
        ReceiveBuffersOperation.Rent(Usable).With(Checked(buffers), socketFlags).Run(cancellationToken);

    /// <summary>As the overload for several buffers, with the failure as a value.</summary>
    /// <param name="buffers">At least one.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes; or the errno, with what was received in BytesTransferred.</returns>
    public ValueTask<SocketResult<int>> TryReceiveAsync(
        IList<ArraySegment<byte>> buffers, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default) =>
        ReceiveBuffersOperation.Rent(Usable).With(Checked(buffers), socketFlags).TryRun(cancellationToken);

    /// <summary>recv(2), asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public ValueTask<SocketResult<int>> TryReceiveAsync(
        Memory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default) =>
        ReceiveOperation.Rent(Usable).With(buffer, socketFlags).TryRun(cancellationToken);

    /// <summary>recv(2) until the buffer is full, asynchronously.</summary>
    /// <param name="buffer">Filled whole; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait; what came before is in the buffer, and lost to the next receive.</param>
    /// <returns>Completes when the buffer is full.</returns>
    /// <exception cref="SocketException">As for <see cref="ReceiveExactly"/>.</exception>
    public ValueTask ReceiveExactlyAsync(
        Memory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ThrowIfPeeking(socketFlags);
        SocketCore core = Usable;
        return IsFull(buffer, socketFlags, cancellationToken)
            ? ValueTask.CompletedTask
            : ReceiveOperation.Rent(core).With(buffer, socketFlags, isExact: true).RunForNoCount(cancellationToken);
    }

    /// <summary>recv(2) until the buffer is full, asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">Filled whole on success; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>The buffer's length; or the errno, with what came in BytesTransferred.</returns>
    public ValueTask<SocketResult<int>> TryReceiveExactlyAsync(
        Memory<byte> buffer, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ThrowIfPeeking(socketFlags);
        SocketCore core = Usable;
        return IsFull(buffer, socketFlags, cancellationToken)
            ? ValueTask.FromResult(SocketResult<int>.Success(0))
            : ReceiveOperation.Rent(core).With(buffer, socketFlags, isExact: true).TryRun(cancellationToken);
    }

    /// <summary>The receive below the disposed check: files made of this socket outlive its Dispose.</summary>
    internal SocketResult<int> ReceiveCore(Span<byte> buffer)
    {
        var progress = default(Progress);
        Receive(buffer, flags: 0, isExact: false, ref progress);
        return ToResult(progress);
    }

    private void Receive(Span<byte> buffer, int flags, bool isExact, ref Progress progress)
    {
        progress.PartRule = ReceiveAnswer.PartRule(Core, flags, isExact);
        var step = new ReceiveStep(buffer, flags);
        BlockingCall.Run(Core, OperationQueue.Read, Core.ReceiveLimit, flags, ref step, ref progress);
    }

    private static int ReceivedOrError(SocketResult<int> result, out SocketError errorCode)
    {
        errorCode = result.Error;
        return result.TryGetValue(out int count) ? count : 0;
    }

    // A buffer without room is full before any call. A call that would be refused, or was canceled, says so none the less.
    private static bool IsFull(Memory<byte> buffer, SocketFlags flags, CancellationToken cancellationToken) =>
        buffer.IsEmpty && !cancellationToken.IsCancellationRequested && LinuxSocketFlags.TryToLinux(flags, out _);

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

    private static IList<ArraySegment<byte>> Checked(IList<ArraySegment<byte>> buffers)
    {
        Counted(buffers);
        if (buffers.Count == 0)
        {
            throw new ArgumentException("The list of buffers is empty.", nameof(buffers));
        }

        for (int i = 0; i < buffers.Count; i++)
        {
            ArgumentNullException.ThrowIfNull(buffers[i].Array, nameof(buffers));
        }

        return buffers;
    }

    // A list that a call can count. By index: an enumerator would be allocated.
    private static IList<ArraySegment<byte>> Counted(IList<ArraySegment<byte>> buffers)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        long total = 0;
        for (int i = 0; i < buffers.Count; i++)
        {
            total += buffers[i].Count;
        }

        return total <= int.MaxValue
            ? buffers
            : throw new ArgumentException($"The buffers have {total} bytes together; a call moves and counts at most {int.MaxValue}.", nameof(buffers));
    }
}
