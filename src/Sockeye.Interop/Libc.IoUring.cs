using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>io_uring(7). The C library has no names for its calls, so they go through syscall(2); mmap(2) maps the queues.</summary>
internal static unsafe partial class Libc
{
    private const int PROT_READ_WRITE = 0x3;
    private const int MAP_SHARED = 0x1;
    private const int MAP_PRIVATE = 0x2;
    private const int MAP_ANONYMOUS = 0x20;
    private const int MAP_POPULATE = 0x8000;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nuint first, nuint second, nuint third, nuint fourth, nuint fifth, nuint sixth);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int munmap(nint address, nuint length);

    /// <summary>io_uring_setup(2). The descriptor is close-on-exec from the start.</summary>
    /// <returns>The descriptor, or −errno.</returns>
    internal static int RingSetup(uint entries, ref RingParameters parameters)
    {
        fixed (RingParameters* pointer = &parameters)
        {
            return Result(SystemCall(RingConstants.SYS_io_uring_setup, entries, (nuint)pointer, 0, 0, 0, 0));
        }
    }

    /// <summary>io_uring_enter(2): hands over <paramref name="submit"/> requests and waits for <paramref name="wait"/> completions.</summary>
    /// <param name="ring">The ring. The caller's thread alone enters and closes it, so its number cannot be reused meanwhile.</param>
    /// <param name="submit">How many requests are new.</param>
    /// <param name="wait">How many completions to wait for.</param>
    /// <param name="limitNs">Nanoseconds to wait at most; negative is without limit.</param>
    /// <returns>How many requests were taken, or −errno: ETIME when the limit passed.</returns>
    internal static int RingEnter(int ring, uint submit, uint wait, long limitNs)
    {
        const uint Flags = RingConstants.IORING_ENTER_GETEVENTS;
        if (limitNs < 0 || wait == 0)
        {
            return Result(SystemCall(RingConstants.SYS_io_uring_enter, (nuint)ring, submit, wait, Flags, 0, 0));
        }

        var limit = new TimeSpecification
        {
            Seconds = limitNs / 1_000_000_000,
            Nanoseconds = limitNs % 1_000_000_000,
        };
        var argument = new RingWait { Limit = (ulong)&limit };
        return Result(SystemCall(
            RingConstants.SYS_io_uring_enter,
            (nuint)ring,
            submit,
            wait,
            Flags | RingConstants.IORING_ENTER_EXT_ARG,
            (nuint)(&argument),
            (nuint)sizeof(RingWait)));
    }

    /// <summary>io_uring_register(2).</summary>
    internal static int RingRegister(int ring, uint what, void* argument, uint count) =>
        Result(SystemCall(RingConstants.SYS_io_uring_register, (nuint)ring, what, (nuint)argument, count, 0, 0));

    /// <summary>Maps a queue of the ring's.</summary>
    /// <returns>0 with the mapping, or −errno.</returns>
    internal static int MapQueue(int ring, long offset, nuint length, out nint address) =>
        Map(length, MAP_SHARED | MAP_POPULATE, ring, offset, out address);

    /// <summary>Maps zeroed pages of memory, which start at a page's bound.</summary>
    /// <returns>0 with the mapping, or −errno.</returns>
    internal static int MapMemory(nuint length, out nint address) =>
        Map(length, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, out address);

    /// <summary>Takes a mapping back.</summary>
    internal static void Unmap(nint address, nuint length)
    {
        int result = munmap(address, length);
        System.Diagnostics.Debug.Assert(result == 0, "a mapping of ours is unmapped once");
    }

    private static int Map(nuint length, int flags, int descriptor, long offset, out nint address)
    {
        address = mmap(0, length, PROT_READ_WRITE, flags, descriptor, (nint)offset);
        if (address != -1)
        {
            return 0;
        }

        address = 0;
        return -Marshal.GetLastPInvokeError();
    }
}
