using System.Buffers;

namespace Sockeye.Servers.Framing;

/// <summary>Where a frame is put together before it is handed over: one to a thread, used again and again.</summary>
internal sealed class FrameBuffer : IBufferWriter<byte>, IDisposable
{
    // More than that is not kept for the next frame.
    private const int KeptBytesMax = 64 * 1024;

    [ThreadStatic]
    private static FrameBuffer? t_free;

    private ArrayBufferWriter<byte> _bytes = new();

    private FrameBuffer()
    {
    }

    internal ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    internal static FrameBuffer Rent()
    {
        FrameBuffer frame = t_free ?? new FrameBuffer();
        t_free = null;
        return frame;
    }

    public void Advance(int count) => _bytes.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _bytes.GetSpan(sizeHint);

    public void Dispose()
    {
        if (_bytes.Capacity > KeptBytesMax)
        {
            _bytes = new ArrayBufferWriter<byte>();
        }
        else
        {
            _bytes.ResetWrittenCount();
        }

        t_free = this;
    }
}
