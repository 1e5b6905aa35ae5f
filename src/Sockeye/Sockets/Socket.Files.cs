using System.Net.Sockets;
using System.Text;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// Files over a socket: what Python calls makefile. Each file is an owner; the last owner to be disposed closes.
public partial class Socket
{
    /// <summary>
    /// Makes a buffered binary stream over this socket, what Python calls <c>makefile('rwb')</c>. It calls recv(2) and
    /// send(2); making it calls nothing.
    /// </summary>
    /// <param name="access">Defaults to reading and writing. Several files may be made, of one socket and one kind too.</param>
    /// <param name="bufferSize">Bytes for each direction in use; defaults to 8192. 0 reads nothing beyond what is asked for.</param>
    /// <returns>The stream. The descriptor closes when it and this socket are both disposed, in either order.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The access is none of the three, or the size is negative.</exception>
    /// <exception cref="InvalidOperationException">The socket is not of <see cref="SocketType.Stream"/>.</exception>
    /// <exception cref="ObjectDisposedException">This socket is disposed.</exception>
    public SocketFile MakeFile(FileAccess access = FileAccess.ReadWrite, int bufferSize = SocketFile.DefaultBufferSize)
    {
        CheckFile(access);
        ArgumentOutOfRangeException.ThrowIfNegative(bufferSize);
        ObjectDisposedException.ThrowIf(!Core.TryAddOwner(), this);
        return new SocketFile(this, access, bufferSize);
    }

    /// <summary>
    /// Makes a text file over this socket, what Python calls <c>makefile('rw')</c>: it reads lines of bounded length and
    /// writes text. It calls recv(2) and send(2); making it calls nothing.
    /// </summary>
    /// <param name="access">Defaults to reading and writing.</param>
    /// <param name="encoding">Defaults to UTF-8 without byte order mark, which reads invalid bytes as U+FFFD.</param>
    /// <param name="newLine">What WriteLine ends a line with; defaults to LF. Reading takes both LF and CR LF.</param>
    /// <param name="maxLineBytes">The longest line that is read, in bytes, without its end; defaults to 65,536, at most 1 GiB.</param>
    /// <returns>The file. The descriptor closes when it and this socket are both disposed, in either order.</returns>
    /// <exception cref="ArgumentException">The newline is empty, or the encoding writes LF and CR in different lengths.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The access is none of the three, or the length is out of its range.</exception>
    /// <exception cref="InvalidOperationException">The socket is not of <see cref="SocketType.Stream"/>.</exception>
    /// <exception cref="ObjectDisposedException">This socket is disposed.</exception>
    public SocketTextFile MakeTextFile(
        FileAccess access = FileAccess.ReadWrite,
        Encoding? encoding = null,
        string newLine = "\n",
        int maxLineBytes = SocketFile.DefaultMaxLineBytes)
    {
        CheckFile(access);
        ArgumentException.ThrowIfNullOrEmpty(newLine);
        SocketFile.CheckMaxLineBytes(maxLineBytes);
        LineEnds ends = encoding is null ? LineEnds.Ascii : new LineEnds(encoding);
        return new SocketTextFile(MakeFile(access), encoding, ends, newLine, maxLineBytes);
    }

    /// <summary>As <see cref="ReceiveTimeout"/>, below the disposed check.</summary>
    internal int ReceiveTimeoutMs
    {
        get => Core.ExtrasIfAny?.ReceiveTimeoutMs ?? 0;
        set => Core.Extras.ReceiveTimeoutMs = value;
    }

    /// <summary>As <see cref="SendTimeout"/>, below the disposed check.</summary>
    internal int SendTimeoutMs
    {
        get => Core.ExtrasIfAny?.SendTimeoutMs ?? 0;
        set => Core.Extras.SendTimeoutMs = value;
    }

    /// <summary>As <see cref="ReceiveCore"/>, asynchronously: the failure as a value, the token's cancellation as ECANCELED.</summary>
    internal ValueTask<SocketResult<int>> TryReceiveCoreAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        ReceiveOperation.Rent(Core).With(buffer, SocketFlags.None).TryRun(cancellationToken);

    /// <summary>As <see cref="SendCore"/>, asynchronously: the failure as a value, and how much was sent before it.</summary>
    internal ValueTask<SocketResult<int>> TrySendCoreAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        SendOperation.Rent(Core).With(buffer, SocketFlags.None).TryRun(cancellationToken);

    /// <summary>What a file throws: Stream's IOException around the SocketException, or the token's cancellation.</summary>
    internal Exception FileFailure(OperationQueue queue, SocketResult<int> result, CancellationToken cancellationToken)
    {
        if (result.Errno == Errno.ECANCELED && cancellationToken.IsCancellationRequested)
        {
            return new OperationCanceledException(cancellationToken);
        }

        Core.NoteFailure(result.Errno);
        string call = queue == OperationQueue.Read ? "receive" : "send";
        SocketException cause = SocketErrors.Create(call, Core.EndPointForErrors(), result.Errno, result.BytesTransferred);
        return new IOException(cause.Message, cause);
    }

    private void CheckFile(FileAccess access)
    {
        if (access is not (FileAccess.Read or FileAccess.Write or FileAccess.ReadWrite))
        {
            throw new ArgumentOutOfRangeException(nameof(access), access, "Read, Write or ReadWrite.");
        }

        ThrowIfDisposed();
        if (!IsStream)
        {
            throw new InvalidOperationException($"A file needs a stream socket; this is a {SocketType} socket, whose messages a buffer would cut and join.");
        }
    }
}
