using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Sockeye.Engines;

namespace Sockeye;

/// <summary>A buffered binary stream over a socket, what Python calls <c>makefile('rwb')</c>. <see cref="Socket.MakeFile"/> makes it.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The descriptor closes when this file and its socket are both disposed, in either order; until then the file
/// works on after the socket's Dispose. Dispose both.</item>
/// <item>Nothing is sent before Flush, a full buffer, or Dispose. Reading does not flush.</item>
/// <item>One reader and one writer at a time, also at once on two threads: the directions share nothing.</item>
/// <item><see cref="Socket.Timeout"/> limits each wait for the peer. Its expiry, like any failure of the socket, is an
/// <see cref="IOException"/> with the <see cref="SocketException"/> inside.</item>
/// <item>A failure loses nothing: what was received stays readable, what was not sent stays buffered, and the same call
/// goes on where it stopped. The exception to this, a write larger than the buffer, says how far it came.</item>
/// <item>Buffered reads and writes make no system call and allocate nothing. Reads and writes of at least the buffer's
/// size bypass it.</item>
/// </list>
/// </remarks>
public sealed partial class SocketFile : Stream
{
    internal const int DefaultBufferSize = 8192;

    // One of the socket's owners until _disposed is 1.
    private readonly Socket _socket;
    private readonly FileAccess _access;
    private readonly int _bufferSize;

    // Owned; made at the first use. Bytes from _readStart to _readEnd are received and not yet read. The engine may
    // write behind _readEnd while a read is under way.
    private byte[] _readBuffer = [];
    private int _readStart;
    private int _readEnd;

    // Owned; made at the first use. The first _written bytes are not yet sent; the engine's while a flush is under way.
    private byte[] _writeBuffer = [];
    private int _written;

    private int _disposed;

    internal SocketFile(Socket socket, FileAccess access, int bufferSize)
    {
        _socket = socket;
        _access = access;
        _bufferSize = bufferSize;
    }

    /// <summary>True when the file was made for reading and is not disposed.</summary>
    public override bool CanRead => (_access & FileAccess.Read) != 0 && Volatile.Read(ref _disposed) == 0;

    /// <summary>True when the file was made for writing and is not disposed.</summary>
    public override bool CanWrite => (_access & FileAccess.Write) != 0 && Volatile.Read(ref _disposed) == 0;

    /// <summary>False: what was received is gone.</summary>
    public override bool CanSeek => false;

    /// <summary>True; see <see cref="ReadTimeout"/>.</summary>
    public override bool CanTimeout => true;

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Length => throw NoPosition();

    /// <summary>Not supported.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override long Position
    {
        get => throw NoPosition();
        set => throw NoPosition();
    }

    /// <summary>
    /// <see cref="Socket.ReceiveTimeout"/> of the socket itself, in milliseconds: how long a synchronous read may wait.
    /// Defaults to <see cref="Timeout.Infinite"/>. <see cref="Socket.Timeout"/> counts beside it, and alone for asynchronous reads.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Neither above 0 nor Infinite.</exception>
    public override int ReadTimeout
    {
        get => ToStreamTimeout(_socket.ReceiveTimeoutMs);
        set => _socket.ReceiveTimeoutMs = FromStreamTimeout(value);
    }

    /// <summary>
    /// <see cref="Socket.SendTimeout"/> of the socket itself, in milliseconds: how long a synchronous write or flush may
    /// wait. Defaults to <see cref="Timeout.Infinite"/>. <see cref="Socket.Timeout"/> counts beside it, and alone for asynchronous ones.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Neither above 0 nor Infinite.</exception>
    public override int WriteTimeout
    {
        get => ToStreamTimeout(_socket.SendTimeoutMs);
        set => _socket.SendTimeoutMs = FromStreamTimeout(value);
    }

    /// <summary>How many bytes are received and not yet read: poll(2) on the socket does not know of them.</summary>
    public int BytesBuffered => _readEnd - _readStart;

    /// <summary>How many written bytes wait for a flush.</summary>
    public int BytesUnflushed => _written;

    /// <summary>Gives what is buffered; when nothing is, recv(2) once.</summary>
    /// <param name="buffer">Where the bytes go. An empty one waits until there is something to read, and takes nothing.</param>
    /// <returns>How many bytes, at least one; 0 at the end of the stream.</returns>
    /// <exception cref="IOException">The socket failed; the <see cref="SocketException"/> inside says how. TimedOut: try again.</exception>
    /// <exception cref="NotSupportedException">The file was made for writing only.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public override int Read(Span<byte> buffer)
    {
        CheckReadable();
        if (_readStart == _readEnd)
        {
            if (Bypasses(buffer.Length))
            {
                ForgetLine();
                return Receive(buffer);
            }

            if (Fill(lineBytesMax: 0) == 0)
            {
                return 0;
            }
        }

        return TakeBuffered(buffer);
    }

    /// <inheritdoc cref="Read(Span{byte})"/>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="count">How many at most.</param>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <summary>Reads one byte, as <see cref="Read(Span{byte})"/> does.</summary>
    /// <returns>The byte; −1 at the end of the stream.</returns>
    /// <exception cref="IOException">As for Read.</exception>
    public override int ReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Read(one) == 0 ? -1 : one[0];
    }

    /// <summary>Gives what is buffered, at once; when nothing is, recv(2) once, asynchronously.</summary>
    /// <param name="buffer">Where the bytes go; borrowed until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait; nothing received is lost.</param>
    /// <returns>How many bytes, at least one; 0 at the end of the stream. Await it once.</returns>
    /// <exception cref="IOException">As for Read.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        CheckReadable();
        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken)
            : _readStart < _readEnd ? ValueTask.FromResult(TakeBuffered(buffer.Span))
            : Bypasses(buffer.Length) ? ReceiveAsync(buffer, cancellationToken)
            : FillAndTakeAsync(buffer, cancellationToken);
    }

    /// <inheritdoc cref="ReadAsync(Memory{byte}, CancellationToken)"/>
    /// <param name="buffer">Where the bytes go; borrowed until the task has completed.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="count">How many at most.</param>
    /// <param name="cancellationToken">Ends the wait; nothing received is lost.</param>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override IAsyncResult BeginRead(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <inheritdoc/>
    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    /// <summary>
    /// Buffers the bytes; when they do not fit, send(2)s first what is buffered, and then these if they are more than the buffer holds.
    /// </summary>
    /// <param name="buffer">The bytes.</param>
    /// <exception cref="IOException">
    /// The socket failed; the <see cref="SocketException"/> inside says how. None of these bytes was taken, unless
    /// <c>Data["BytesTransferred"]</c> of this exception says how many were: the first ones. TimedOut: write the rest again.
    /// </exception>
    /// <exception cref="NotSupportedException">The file was made for reading only.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        CheckWritable();
        if (!TryBuffer(buffer))
        {
            FlushBuffer();
            if (!TryBuffer(buffer))
            {
                Sent(_socket.SendCore(buffer), CancellationToken.None);
            }
        }
    }

    /// <inheritdoc cref="Write(ReadOnlySpan{byte})"/>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="count">How many.</param>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <summary>Writes one byte, as <see cref="Write(ReadOnlySpan{byte})"/> does.</summary>
    /// <param name="value">The byte.</param>
    /// <exception cref="IOException">As for Write; the byte was not taken.</exception>
    public override void WriteByte(byte value) => Write([value]);

    /// <summary>As <see cref="Write(ReadOnlySpan{byte})"/>, asynchronously; at once when the bytes fit the buffer.</summary>
    /// <param name="buffer">The bytes; borrowed until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait. What was taken by then is reported as for a failure.</param>
    /// <returns>Completes when the bytes are buffered or sent. Await it once.</returns>
    /// <exception cref="IOException">As for Write.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first; its Data as for Write.</exception>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        CheckWritable();
        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled(cancellationToken)
            : TryBuffer(buffer.Span) ? ValueTask.CompletedTask
            : FlushAndWriteAsync(buffer, cancellationToken);
    }

    /// <inheritdoc cref="WriteAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="buffer">The bytes; borrowed until the task has completed.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override IAsyncResult BeginWrite(byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    /// <inheritdoc/>
    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    /// <summary>send(2)s what is buffered, all of it. Does nothing on a file made for reading only.</summary>
    /// <exception cref="IOException">The socket failed. What is not sent stays buffered; TimedOut: flush again.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public override void Flush()
    {
        ThrowIfDisposed();
        FlushBuffer();
    }

    /// <summary>As <see cref="Flush"/>, asynchronously; allocates a task only when it has to wait.</summary>
    /// <param name="cancellationToken">Ends the wait. What is not sent stays buffered.</param>
    /// <returns>Completes when all is sent.</returns>
    /// <exception cref="IOException">As for Flush.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        return cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken)
            : _written == 0 ? Task.CompletedTask
            : FlushBufferAsync(cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw NoPosition();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw NoPosition();

    /// <summary>
    /// Flushes, gives up what cannot be sent, and closes the descriptor if the socket and its other files are disposed.
    /// A second call does nothing. As Dispose, asynchronously.
    /// </summary>
    /// <returns>Completes when all is sent.</returns>
    /// <exception cref="IOException">What was buffered could not be sent; the file is disposed all the same.</exception>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            try
            {
                if (_written > 0)
                {
                    await FlushBufferAsync(CancellationToken.None).ConfigureAwait(false);
                }
            }
            finally
            {
                _written = 0;
                _socket.Core.ReleaseOwner();
            }
        }

        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Flushes, gives up what cannot be sent, and closes the descriptor if the socket and its other files are disposed.
    /// A second call does nothing.
    /// </summary>
    /// <param name="disposing">Always true: there is no finalizer here. The descriptor has its own; unflushed bytes of a forgotten file are lost.</param>
    /// <exception cref="IOException">What was buffered could not be sent; the file is disposed all the same.</exception>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            try
            {
                FlushBuffer();
            }
            finally
            {
                _written = 0;
                _socket.Core.ReleaseOwner();
            }
        }

        base.Dispose(disposing);
    }

    /// <summary>Throws unless the file can be written to.</summary>
    internal void CheckWritable()
    {
        ThrowIfDisposed();
        if ((_access & FileAccess.Write) == 0)
        {
            throw new NotSupportedException("This file was made for reading only.");
        }
    }

    /// <summary>True when so many more bytes fit the buffer as it is.</summary>
    internal bool Fits(int count) => count <= Math.Max(_writeBuffer.Length, _bufferSize) - _written;

    /// <summary>Room for so many bytes; where they do not fit the buffer, it grows until the next flush.</summary>
    internal Span<byte> Reserve(int count)
    {
        if (count > _writeBuffer.Length - _written)
        {
            Array.Resize(ref _writeBuffer, Math.Max(checked(_written + count), _bufferSize));
        }

        return _writeBuffer.AsSpan(_written);
    }

    /// <summary>Counts so many bytes of the last <see cref="Reserve"/> as written.</summary>
    internal void Commit(int count) => _written += count;

    /// <summary>Sends what is buffered. Below the disposed check: Dispose flushes too.</summary>
    internal void FlushBuffer()
    {
        if (_written > 0)
        {
            Flushed(_socket.SendCore(_writeBuffer.AsSpan(0, _written)), CancellationToken.None);
        }
    }

    /// <summary>As <see cref="FlushBuffer"/>, asynchronously.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask FlushBufferAsync(CancellationToken cancellationToken)
    {
        if (_written > 0)
        {
            ValueTask<SocketResult<int>> sending = _socket.TrySendCoreAsync(_writeBuffer.AsMemory(0, _written), cancellationToken);
            Flushed(await sending.ConfigureAwait(false), cancellationToken);
        }
    }

    private static int ToStreamTimeout(int milliseconds) => milliseconds == 0 ? Timeout.Infinite : milliseconds;

    private static int FromStreamTimeout(int value)
    {
        if (value <= 0 && value != Timeout.Infinite)
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "Milliseconds above 0, or Timeout.Infinite.");
        }

        return Math.Max(value, 0);
    }

    private static NotSupportedException NoPosition() => new("A socket's file has no length and no position.");

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);

    private void CheckReadable()
    {
        ThrowIfDisposed();
        if ((_access & FileAccess.Read) == 0)
        {
            throw new NotSupportedException("This file was made for writing only.");
        }
    }

    // With nothing buffered. An empty read must reach the socket, which waits until there is something to read.
    private bool Bypasses(int count) => count >= _bufferSize || count == 0;

    private int TakeBuffered(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _readEnd - _readStart);
        _readBuffer.AsSpan(_readStart, count).CopyTo(buffer);
        _readStart += count;
        ForgetLine();
        return count;
    }

    private int Receive(Span<byte> buffer) => Received(_socket.ReceiveCore(buffer), CancellationToken.None);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ForgetLine();
        return Received(await _socket.TryReceiveCoreAsync(buffer, cancellationToken).ConfigureAwait(false), cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> FillAndTakeAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        await FillAsync(lineBytesMax: 0, cancellationToken).ConfigureAwait(false) == 0 ? 0 : TakeBuffered(buffer.Span);

    // Receives once behind what is buffered. 0: the stream has ended.
    private int Fill(int lineBytesMax)
    {
        int received = Receive(MakeRoom(lineBytesMax).Span);
        _readEnd += received;
        return received;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> FillAsync(int lineBytesMax, CancellationToken cancellationToken)
    {
        ValueTask<SocketResult<int>> receiving = _socket.TryReceiveCoreAsync(MakeRoom(lineBytesMax), cancellationToken);
        int received = Received(await receiving.ConfigureAwait(false), cancellationToken);
        _readEnd += received;
        return received;
    }

    // Room behind what is buffered, at least one byte. Only a line longer than the buffer makes it grow, and then to
    // what that line may need: it is kept whole here, so that a failure in its middle loses nothing.
    private Memory<byte> MakeRoom(int lineBytesMax)
    {
        if (_readStart == _readEnd)
        {
            _readStart = _readEnd = 0;
        }

        if (_readEnd == _readBuffer.Length)
        {
            if (_readStart > 0)
            {
                _readBuffer.AsSpan(_readStart.._readEnd).CopyTo(_readBuffer);
                _readEnd -= _readStart;
                _readStart = 0;
            }
            else
            {
                int first = _bufferSize > 0 ? _bufferSize : SmallestReadBuffer;
                int grown = (int)Math.Min(2L * _readBuffer.Length, lineBytesMax + LineEndBytesMax);
                Array.Resize(ref _readBuffer, Math.Max(first, grown));
            }
        }

        return _bufferSize == 0 ? _readBuffer.AsMemory(_readEnd, 1) : _readBuffer.AsMemory(_readEnd);
    }

    private bool TryBuffer(ReadOnlySpan<byte> bytes)
    {
        if (!Fits(bytes.Length))
        {
            return false;
        }

        bytes.CopyTo(Reserve(bytes.Length));
        Commit(bytes.Length);
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAndWriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        await FlushBufferAsync(cancellationToken).ConfigureAwait(false);
        if (!TryBuffer(buffer.Span))
        {
            Sent(await _socket.TrySendCoreAsync(buffer, cancellationToken).ConfigureAwait(false), cancellationToken);
        }
    }

    // Books what a flush came to: the unsent rest moves to the front.
    private void Flushed(SocketResult<int> result, CancellationToken cancellationToken)
    {
        int sent = result.BytesTransferred;
        _writeBuffer.AsSpan(sent.._written).CopyTo(_writeBuffer);
        _written -= sent;
        if (!result.IsSuccess)
        {
            Throw(OperationQueue.Write, result, cancellationToken);
        }

        if (_writeBuffer.Length > _bufferSize)
        {
            // One long text made it grow.
            _writeBuffer = [];
        }
    }

    private int Received(SocketResult<int> result, CancellationToken cancellationToken)
    {
        if (!result.IsSuccess)
        {
            Throw(OperationQueue.Read, result, cancellationToken);
        }

        return result.Value;
    }

    // A write that bypassed the buffer: how much of it went out is the caller's to know.
    private void Sent(SocketResult<int> result, CancellationToken cancellationToken)
    {
        if (!result.IsSuccess)
        {
            Exception failure = _socket.FileFailure(OperationQueue.Write, result, cancellationToken);
            if (result.BytesTransferred > 0)
            {
                failure.Data[SocketErrors.BytesTransferredKey] = result.BytesTransferred;
            }

            throw failure;
        }
    }

    [DoesNotReturn]
    private void Throw(OperationQueue queue, SocketResult<int> result, CancellationToken cancellationToken) =>
        throw _socket.FileFailure(queue, result, cancellationToken);
}
