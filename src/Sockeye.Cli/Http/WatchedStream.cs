namespace Sockeye.Cli.Http;

/// <summary>
/// A stream that remembers the first bytes received, and whether it has ended: TLS reports neither when it fails, nor when
/// the peer ends without a close_notify.
/// </summary>
internal sealed class WatchedStream(Stream inner) : Stream
{
    private const int FirstBytesMax = 60;

    private readonly byte[] _first = new byte[FirstBytesMax];
    private int _firstBytes;

    /// <summary>The first bytes that came, at most 60.</summary>
    public ReadOnlySpan<byte> FirstBytes => _first.AsSpan(0, _firstBytes);

    /// <summary>Whether the peer has ended the connection.</summary>
    public bool HasEnded { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        int read = inner.Read(buffer);
        Watch(buffer, read);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken);
        Watch(buffer.Span, read);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Watch(ReadOnlySpan<byte> buffer, int read)
    {
        HasEnded |= read == 0 && !buffer.IsEmpty;
        int room = Math.Min(read, FirstBytesMax - _firstBytes);
        buffer[..room].CopyTo(_first.AsSpan(_firstBytes));
        _firstBytes += room;
    }
}
