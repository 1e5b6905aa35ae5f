using System.Collections;
using System.Runtime.CompilerServices;
using System.Text;
using Sockeye.Engines;

namespace Sockeye;

/// <summary>Reads lines from a socket and writes text to it, what Python calls <c>makefile('rw')</c>. <see cref="Socket.MakeTextFile"/> makes it.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The descriptor closes when this file and its socket are both disposed, in either order; until then the file
/// works on after the socket's Dispose. Dispose both.</item>
/// <item>A line ends with LF or CR LF, which it is given without; the last line may lack its end. Lines are bounded:
/// <see cref="MaxLineBytes"/>.</item>
/// <item>Characters that arrive in parts stay whole. Invalid bytes become what the encoding makes of them: U+FFFD by default.
/// A byte order mark is a character as any other, U+FEFF, and none is written.</item>
/// <item>Nothing is sent before Flush, a full buffer (8192 bytes), or Dispose. Reading does not flush.</item>
/// <item>One reader and one writer at a time, also at once on two threads.</item>
/// <item><see cref="Socket.Timeout"/> limits each wait for the peer. Its expiry, like any failure of the socket, is an
/// <see cref="IOException"/> with the <see cref="System.Net.Sockets.SocketException"/> inside.</item>
/// <item>A failure loses nothing, and the same call may be made again: a read goes on with what came, and a write that
/// failed took nothing of its text.</item>
/// </list>
/// </remarks>
public sealed class SocketTextFile : IEnumerable<string>, IAsyncEnumerable<string>, IDisposable, IAsyncDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    // Owned.
    private readonly SocketFile _file;
    private readonly LineEnds _ends;

    // Keeps the first half of a surrogate pair until the second is written.
    private readonly Encoder _encoder;

    internal SocketTextFile(SocketFile file, Encoding? encoding, LineEnds ends, string newLine, int maxLineBytes)
    {
        _file = file;
        _ends = ends;
        Encoding = encoding ?? Utf8;
        _encoder = Encoding.GetEncoder();
        NewLine = newLine;
        MaxLineBytes = maxLineBytes;
    }

    /// <summary>How characters become bytes. Defaults to UTF-8.</summary>
    public Encoding Encoding { get; }

    /// <summary>What WriteLine ends a line with. Defaults to LF.</summary>
    public string NewLine { get; }

    /// <summary>The longest line that is read, in bytes, without its end. Defaults to 65,536.</summary>
    public int MaxLineBytes { get; }

    /// <summary>Reads a line, recv(2)ing until its end has come.</summary>
    /// <returns>The line without its end; null at the end of the stream.</returns>
    /// <exception cref="InvalidDataException">
    /// The line is longer than <see cref="MaxLineBytes"/>. Its beginning is dropped, and the next read skips its rest, however long:
    /// one exception for each such line.
    /// </exception>
    /// <exception cref="IOException">The socket failed; the SocketException inside says how. TimedOut: try again, nothing is lost.</exception>
    /// <exception cref="DecoderFallbackException">The bytes are invalid, and the encoding given throws for these. The line is dropped.</exception>
    /// <exception cref="NotSupportedException">The file was made for writing only.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public string? ReadLine() => Decode(_file.ReadLineCore(MaxLineBytes, _ends));

    /// <summary>As <see cref="ReadLine"/>, asynchronously; at once when a line is buffered.</summary>
    /// <param name="cancellationToken">Ends the wait; what came of the line stays.</param>
    /// <returns>The line without its end; null at the end of the stream. Await it once.</returns>
    /// <exception cref="InvalidDataException">As for ReadLine.</exception>
    /// <exception cref="IOException">As for ReadLine.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken = default) =>
        Decode(await _file.ReadLineCoreAsync(MaxLineBytes, _ends, cancellationToken).ConfigureAwait(false));

    /// <summary>Buffers text as it stands; first send(2)s what is buffered, when the text does not fit beside it.</summary>
    /// <param name="text">Any text. A surrogate pair may be split over two writes.</param>
    /// <exception cref="IOException">The socket failed; the SocketException inside says how. Nothing of the text was taken.</exception>
    /// <exception cref="EncoderFallbackException">The encoding given cannot say this text, and throws. Nothing was taken.</exception>
    /// <exception cref="NotSupportedException">The file was made for reading only.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public void Write(ReadOnlySpan<char> text) => Put(text, newLine: "");

    /// <summary>As <see cref="Write(ReadOnlySpan{char})"/>, with <see cref="NewLine"/> behind it.</summary>
    /// <param name="line">The line. Line ends within it are written as they stand.</param>
    /// <exception cref="IOException">As for Write.</exception>
    public void WriteLine(ReadOnlySpan<char> line) => Put(line, NewLine);

    /// <summary>Writes an empty line.</summary>
    /// <exception cref="IOException">As for Write.</exception>
    public void WriteLine() => Put([], NewLine);

    /// <summary>As <see cref="Write(ReadOnlySpan{char})"/>, asynchronously; at once when the text fits the buffer.</summary>
    /// <param name="text">Any text; borrowed until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait; nothing of the text was taken then.</param>
    /// <returns>Completes when the text is buffered. Await it once.</returns>
    /// <exception cref="IOException">As for Write.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<char> text, CancellationToken cancellationToken = default) =>
        PutAsync(text, newLine: "", cancellationToken);

    /// <summary>As <see cref="WriteLine(ReadOnlySpan{char})"/>, asynchronously; at once when the line fits the buffer.</summary>
    /// <param name="line">The line; borrowed until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait; nothing of the line was taken then.</param>
    /// <returns>Completes when the line is buffered. Await it once.</returns>
    /// <exception cref="IOException">As for Write.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask WriteLineAsync(ReadOnlyMemory<char> line, CancellationToken cancellationToken = default) =>
        PutAsync(line, NewLine, cancellationToken);

    /// <inheritdoc cref="WriteLineAsync(ReadOnlyMemory{char}, CancellationToken)"/>
    public ValueTask WriteLineAsync(string line, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(line);
        return PutAsync(line.AsMemory(), NewLine, cancellationToken);
    }

    /// <summary>send(2)s what is buffered, all of it. Does nothing on a file made for reading only.</summary>
    /// <exception cref="IOException">The socket failed. What is not sent stays buffered; TimedOut: flush again.</exception>
    /// <exception cref="ObjectDisposedException">The file is disposed.</exception>
    public void Flush() => _file.Flush();

    /// <summary>As <see cref="Flush"/>, asynchronously.</summary>
    /// <param name="cancellationToken">Ends the wait. What is not sent stays buffered.</param>
    /// <returns>Completes when all is sent.</returns>
    /// <exception cref="IOException">As for Flush.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public Task FlushAsync(CancellationToken cancellationToken = default) => _file.FlushAsync(cancellationToken);

    /// <summary>Reads line after line until the stream ends: <c>foreach (string line in file)</c>. A second round goes on where the first stopped.</summary>
    /// <returns>The lines. Moving on throws what <see cref="ReadLine"/> throws, and ends the round; a new one goes on.</returns>
    public IEnumerator<string> GetEnumerator()
    {
        while (ReadLine() is { } line)
        {
            yield return line;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>As <see cref="GetEnumerator"/>, asynchronously: <c>await foreach (string line in file)</c>.</summary>
    /// <param name="cancellationToken">Ends the wait for a line.</param>
    /// <returns>The lines.</returns>
    public async IAsyncEnumerator<string> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            yield return line;
        }
    }

    /// <summary>
    /// Flushes, gives up what cannot be sent, and closes the descriptor if the socket and its other files are disposed.
    /// A second call does nothing.
    /// </summary>
    /// <exception cref="IOException">What was buffered could not be sent; the file is disposed all the same.</exception>
    public void Dispose()
    {
        try
        {
            EndText();
        }
        finally
        {
            _file.Dispose();
        }
    }

    /// <summary>As <see cref="Dispose"/>, asynchronously.</summary>
    /// <returns>Completes when all is sent.</returns>
    /// <exception cref="IOException">What was buffered could not be sent; the file is disposed all the same.</exception>
    public async ValueTask DisposeAsync()
    {
        try
        {
            EndText();
        }
        finally
        {
            await _file.DisposeAsync().StayOnLoop();
        }
    }

    private string? Decode(ReadOnlyMemory<byte>? line) => line is { } bytes ? Encoding.GetString(bytes.Span) : null;

    private void Put(ReadOnlySpan<char> text, string newLine)
    {
        _file.CheckWritable();
        int bytes = CountBytes(text, newLine);
        if (!_file.Fits(bytes))
        {
            _file.FlushBuffer();
        }

        Encode(text, newLine, bytes);
    }

    private ValueTask PutAsync(ReadOnlyMemory<char> text, string newLine, CancellationToken cancellationToken)
    {
        _file.CheckWritable();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        int bytes = CountBytes(text.Span, newLine);
        if (!_file.Fits(bytes))
        {
            return FlushAndEncodeAsync(text, newLine, bytes, cancellationToken);
        }

        Encode(text.Span, newLine, bytes);
        return ValueTask.CompletedTask;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAndEncodeAsync(ReadOnlyMemory<char> text, string newLine, int bytes, CancellationToken cancellationToken)
    {
        await _file.FlushBufferAsync(cancellationToken).ConfigureAwait(false);
        Encode(text.Span, newLine, bytes);
    }

    // Enough, also for the half of a surrogate pair that the text may end with. An encoder that throws does it here.
    private int CountBytes(ReadOnlySpan<char> text, string newLine) =>
        checked(_encoder.GetByteCount(text, flush: false) + Encoding.GetMaxByteCount(newLine.Length));

    private void Encode(ReadOnlySpan<char> text, string newLine, int bytes)
    {
        Span<byte> room = _file.Reserve(bytes);
        int written = _encoder.GetBytes(text, room, flush: false);
        _file.Commit(written + _encoder.GetBytes(newLine, room[written..], flush: false));
    }

    // The half of a surrogate pair whose other half never came.
    private void EndText()
    {
        if (_file.CanWrite)
        {
            _file.Commit(_encoder.GetBytes([], _file.Reserve(Encoding.GetMaxByteCount(0)), flush: true));
        }
    }
}
