using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>An epoll(7) set with room for the events of one wait.</summary>
/// <remarks>
/// Safety: the events live in native memory that this object owns; they are read through <see cref="Event"/>, which
/// checks the index. struct epoll_event is packed to 12 bytes on x64 and has 16 elsewhere (sys/epoll.h), hence the
/// stride. One thread waits; any thread may add, change and remove.
/// </remarks>
internal sealed class EpollSet : IDisposable
{
    // Packed on x64 alone, so that a 32-bit program's events can be read by a 64-bit kernel.
    private static readonly int Stride = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = Stride - sizeof(ulong);

    // Owned: closed and freed in Dispose.
    private readonly KernelDescriptor _epoll;
    private readonly NativeBuffer _events;
    private readonly int _capacity;
    private int _ready;
    private int _disposed;

    private EpollSet(int capacity, KernelDescriptor epoll)
    {
        _epoll = epoll;
        _capacity = capacity;
        _events = NativeBuffer.Allocate(capacity * Stride);
    }

    internal EpollSet(int capacity)
        : this(capacity, Open())
    {
    }

    /// <summary>The set's own descriptor, readable while an event waits. Valid until Dispose.</summary>
    internal int Number => _epoll.Number;

    /// <summary>epoll_create1(2), with the failure as a value.</summary>
    /// <returns>0, or the errno.</returns>
    internal static int TryCreate(int capacity, out EpollSet? made)
    {
        Platform.Require();
        int result = Libc.EpollCreate();
        made = result < 0 ? null : new EpollSet(capacity, new KernelDescriptor(result));
        return result < 0 ? -result : 0;
    }

    /// <summary>EPOLL_CTL_ADD. The kernel reports what is ready already as an event.</summary>
    internal int Add(SafeHandle descriptor, uint events, ulong data) =>
        Control(EpollConstants.EPOLL_CTL_ADD, descriptor, events, data);

    /// <summary>EPOLL_CTL_MOD. The kernel reports what is ready already as an event.</summary>
    internal int Modify(SafeHandle descriptor, uint events, ulong data) =>
        Control(EpollConstants.EPOLL_CTL_MOD, descriptor, events, data);

    /// <summary>EPOLL_CTL_DEL. Needed before close(2), since a duplicate of the descriptor keeps the registration alive.</summary>
    internal int Remove(SafeHandle descriptor) => Control(EpollConstants.EPOLL_CTL_DEL, descriptor, 0, 0);

    /// <summary>epoll_wait(2).</summary>
    /// <param name="timeoutMs">Milliseconds at most; −1 waits without limit.</param>
    /// <returns>How many events are ready, or −errno.</returns>
    internal int Wait(int timeoutMs)
    {
        int result = Libc.EpollWait(_epoll, _events, _capacity, timeoutMs);
        _ready = Math.Max(result, 0);
        return result;
    }

    /// <summary>One event of the last wait.</summary>
    internal unsafe (uint Events, ulong Data) Event(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _ready);
        byte* address = (byte*)_events.Address + (index * Stride);
        return (System.Runtime.CompilerServices.Unsafe.ReadUnaligned<uint>(address),
                System.Runtime.CompilerServices.Unsafe.ReadUnaligned<ulong>(address + DataOffset));
    }

    /// <summary>Closes the set. The waiting thread must have ended.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _epoll.Dispose();
            _ready = 0;
            _events.Free();
        }
    }

    private static KernelDescriptor Open()
    {
        Platform.Require();
        int result = Libc.EpollCreate();
        return result >= 0 ? new KernelDescriptor(result) : throw InteropException.For("epoll_create1", -result);
    }

    private int Control(int operation, SafeHandle descriptor, uint events, ulong data)
    {
        Span<byte> epollEvent = stackalloc byte[16];
        MemoryMarshal.Write(epollEvent, events);
        MemoryMarshal.Write(epollEvent[DataOffset..], data);
        return Libc.EpollControl(_epoll, operation, descriptor, epollEvent);
    }
}
