using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sockeye.Interop;

/// <summary>
/// The system calls, grouped by manual page. Each takes spans and handles and returns a result or −errno;
/// none throws, save ObjectDisposedException for a handle that is closed.
/// </summary>
/// <remarks>
/// Safety. A pointer made here comes from a pinned span and lives for the length of one call; no call here keeps
/// memory after it returns. Handles are referenced for the length of the call by the marshaller, so that a
/// descriptor's number cannot be reused under it. Structures the kernel fills are blittable, and their sizes and
/// offsets are tested against a table made by the C compiler. Every call is non-blocking or waits for its caller
/// (ppoll, epoll_wait): none needs SuppressGCTransition.
/// The name "libc" is resolved by the runtime to libc.so.6 or musl's libc.
/// </remarks>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    // ── socket(2), socketpair(2) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int socketpair(int domain, int type, int protocol, int* pair);

    /// <summary>Opens a socket, close-on-exec and non-blocking.</summary>
    internal static int Socket(int family, int type, int protocol, out SocketHandle handle)
    {
        Platform.Require();
        int result = Result(socket(family, type | SocketConstants.SOCK_CLOEXEC | SocketConstants.SOCK_NONBLOCK, protocol));
        handle = new SocketHandle(result >= 0 ? result : -1);
        return result;
    }

    /// <summary>Opens two connected sockets, close-on-exec and non-blocking.</summary>
    internal static int SocketPair(int family, int type, int protocol, out SocketHandle first, out SocketHandle second)
    {
        Platform.Require();
        int* pair = stackalloc int[2] { -1, -1 };
        int result = Result(socketpair(family, type | SocketConstants.SOCK_CLOEXEC | SocketConstants.SOCK_NONBLOCK, protocol, pair));

        // On failure the array is not to be trusted: Linux writes the numbers before it finds that the family makes no
        // pairs, and by then they are free for anybody.
        first = new SocketHandle(result >= 0 ? pair[0] : -1);
        second = new SocketHandle(result >= 0 ? pair[1] : -1);
        return result;
    }

    // ── bind(2), listen(2), accept4(2), connect(2), shutdown(2), close(2), getsockname(2), getpeername(2) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int bind(SocketHandle socket, byte* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int listen(SocketHandle socket, int backlog);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int accept4(SocketHandle socket, byte* address, uint* length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int connect(SocketHandle socket, byte* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int shutdown(SocketHandle socket, int how);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int close(int descriptor);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getsockname(SocketHandle socket, byte* address, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getpeername(SocketHandle socket, byte* address, uint* length);

    internal static int Bind(SocketHandle socket, ReadOnlySpan<byte> address)
    {
        fixed (byte* pointer = address)
        {
            return Result(bind(socket, pointer, (uint)address.Length));
        }
    }

    internal static int Listen(SocketHandle socket, int backlog) => Result(listen(socket, backlog));

    /// <summary>Takes a connection, close-on-exec and non-blocking, with its peer's address.</summary>
    /// <param name="socket">The listener.</param>
    /// <param name="address">Room for the address; may be empty.</param>
    /// <param name="addressLength">The address's true length, which may exceed the room.</param>
    /// <param name="accepted">The new socket's handle, invalid on failure.</param>
    internal static int Accept(SocketHandle socket, Span<byte> address, out int addressLength, out SocketHandle accepted)
    {
        uint length = (uint)address.Length;
        int result;
        fixed (byte* pointer = address)
        {
            // Without room there must be no length either: AF_ALG fails with ECONNABORTED if there is one.
            result = Result(accept4(
                socket,
                pointer,
                address.IsEmpty ? null : &length,
                SocketConstants.SOCK_CLOEXEC | SocketConstants.SOCK_NONBLOCK));
        }

        addressLength = (int)length;
        accepted = result >= 0 ? new SocketHandle(result) : NoHandle;
        return result;
    }

    internal static int Connect(SocketHandle socket, ReadOnlySpan<byte> address)
    {
        fixed (byte* pointer = address)
        {
            return Result(connect(socket, pointer, (uint)address.Length));
        }
    }

    internal static int Shutdown(SocketHandle socket, int how) => Result(shutdown(socket, how));

    internal static int Close(int descriptor) => Result(close(descriptor));

    internal static int GetSocketName(SocketHandle socket, Span<byte> address, out int length)
    {
        uint size = (uint)address.Length;
        fixed (byte* pointer = address)
        {
            int result = Result(getsockname(socket, pointer, &size));
            length = (int)Math.Min(size, (uint)address.Length);
            return result;
        }
    }

    internal static int GetPeerName(SocketHandle socket, Span<byte> address, out int length)
    {
        uint size = (uint)address.Length;
        fixed (byte* pointer = address)
        {
            int result = Result(getpeername(socket, pointer, &size));
            length = (int)Math.Min(size, (uint)address.Length);
            return result;
        }
    }

    // ── getsockopt(2), setsockopt(2) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getsockopt(SocketHandle socket, int level, int name, byte* value, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int setsockopt(SocketHandle socket, int level, int name, byte* value, uint length);

    /// <summary>Reads an option into <paramref name="value"/>; <paramref name="length"/> is what the kernel wrote.</summary>
    internal static int GetOption(SocketHandle socket, int level, int name, Span<byte> value, out int length)
    {
        uint size = (uint)value.Length;
        fixed (byte* pointer = value)
        {
            int result = Result(getsockopt(socket, level, name, pointer, &size));
            length = (int)size;
            return result;
        }
    }

    internal static int SetOption(SocketHandle socket, int level, int name, ReadOnlySpan<byte> value)
    {
        fixed (byte* pointer = value)
        {
            return Result(setsockopt(socket, level, name, pointer, (uint)value.Length));
        }
    }

    internal static int GetOption(SocketHandle socket, int level, int name, out int value)
    {
        int read = 0;
        uint size = sizeof(int);
        int result = Result(getsockopt(socket, level, name, (byte*)&read, &size));
        value = read;
        return result;
    }

    internal static int SetOption(SocketHandle socket, int level, int name, int value) =>
        Result(setsockopt(socket, level, name, (byte*)&value, sizeof(int)));

    // ── send(2), recv(2), sendmsg(2), recvmsg(2), sendfile(2) ──
    // MSG_DONTWAIT always: O_NONBLOCK belongs to the open socket, and whoever shares it, a child or a duplicate, may
    // clear it. A call of ours must not wait in the kernel even then: on an engine's thread it would stop every socket.

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint sendmsg(SocketHandle socket, MessageHeader* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint recvmsg(SocketHandle socket, MessageHeader* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint sendfile(SocketHandle socket, SafeFileHandle file, long* offset, nuint count);

    /// <summary>sendmsg(2) of several buffers, with an address and control messages where given.</summary>
    internal static int SendMessage(
        SocketHandle socket,
        ReadOnlySpan<NativeBuffer> buffers,
        int flags,
        ReadOnlySpan<byte> address = default,
        ReadOnlySpan<byte> control = default)
    {
        fixed (NativeBuffer* vector = buffers)
        fixed (byte* peer = address)
        fixed (byte* ancillary = control)
        {
            var message = new MessageHeader
            {
                Name = peer,
                NameLength = (uint)address.Length,
                Buffers = vector,
                BufferCount = (nuint)buffers.Length,
                Control = ancillary,
                ControlLength = (nuint)control.Length,
            };
            return Result(sendmsg(socket, &message, flags | SocketConstants.MSG_DONTWAIT));
        }
    }

    /// <summary>sendmsg(2) of one buffer, with an address and control messages where given.</summary>
    internal static int SendMessage(
        SocketHandle socket, ReadOnlySpan<byte> data, int flags, ReadOnlySpan<byte> address, ReadOnlySpan<byte> control)
    {
        fixed (byte* pointer = data)
        {
            var vector = new NativeBuffer((nint)pointer, (nuint)data.Length);
            return SendMessage(socket, new ReadOnlySpan<NativeBuffer>(in vector), flags, address, control);
        }
    }

    /// <summary>recvmsg(2) into several buffers. Where descriptors may arrive, MSG_CMSG_CLOEXEC is the caller's to pass: some families refuse it.</summary>
    internal static int ReceiveMessage(
        SocketHandle socket,
        ReadOnlySpan<NativeBuffer> buffers,
        int flags,
        Span<byte> address,
        Span<byte> control,
        out MessageLengths lengths)
    {
        fixed (NativeBuffer* vector = buffers)
        fixed (byte* peer = address)
        fixed (byte* ancillary = control)
        {
            var message = new MessageHeader
            {
                Name = peer,
                NameLength = (uint)address.Length,
                Buffers = vector,
                BufferCount = (nuint)buffers.Length,
                Control = ancillary,
                ControlLength = (nuint)control.Length,
            };
            int result = Result(recvmsg(socket, &message, flags | SocketConstants.MSG_DONTWAIT));
            lengths = result < 0
                ? default
                : new MessageLengths(
                    (int)Math.Min(message.NameLength, (uint)address.Length),
                    (int)message.ControlLength,
                    message.Flags);
            return result;
        }
    }

    /// <summary>recvmsg(2) into one buffer; flags as for several.</summary>
    internal static int ReceiveMessage(
        SocketHandle socket,
        Span<byte> buffer,
        int flags,
        Span<byte> address,
        Span<byte> control,
        out MessageLengths lengths)
    {
        fixed (byte* pointer = buffer)
        {
            var vector = new NativeBuffer((nint)pointer, (nuint)buffer.Length);
            return ReceiveMessage(socket, new ReadOnlySpan<NativeBuffer>(in vector), flags, address, control, out lengths);
        }
    }

    /// <summary>Sends file bytes from <paramref name="offset"/> on, without moving the file's own position.</summary>
    internal static int SendFile(SocketHandle socket, SafeFileHandle file, long offset, int count)
    {
        long position = offset;
        return Result(sendfile(socket, file, &position, (nuint)count));
    }

    // ── ioctl(2), fcntl(2), unlink(2) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ioctl(SocketHandle socket, nuint request, byte* argument);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fcntl(SocketHandle socket, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int unlink(byte* path);

    internal static int Ioctl(SocketHandle socket, uint request, Span<byte> argument)
    {
        fixed (byte* pointer = argument)
        {
            return Result(ioctl(socket, request, pointer));
        }
    }

    internal static int Ioctl(SocketHandle socket, uint request, out int value)
    {
        int read = 0;
        int result = Result(ioctl(socket, request, (byte*)&read));
        value = read;
        return result;
    }

    internal static int Fcntl(SocketHandle socket, int command, int argument = 0) => Result(fcntl(socket, command, argument));

    /// <summary>A new descriptor for the same open socket, close-on-exec.</summary>
    internal static int Duplicate(SocketHandle socket, out SocketHandle copy)
    {
        int result = Result(fcntl(socket, FcntlConstants.F_DUPFD_CLOEXEC, 0));
        copy = new SocketHandle(result >= 0 ? result : -1);
        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int dup3(SocketHandle socket, SocketHandle onto, int flags);

    /// <summary>Has the number of <paramref name="onto"/> name the open socket of <paramref name="socket"/>: dup3(2), at one stroke.</summary>
    /// <remarks>What the number named before is closed, unless another descriptor names it too.</remarks>
    internal static int DuplicateOnto(SocketHandle socket, SocketHandle onto, bool closeOnExec) =>
        Result(dup3(socket, onto, closeOnExec ? FcntlConstants.O_CLOEXEC : 0));

    /// <summary>Removes the file at <paramref name="path"/>, bytes that end with 0.</summary>
    internal static int Unlink(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty || path[^1] != 0)
        {
            return -Errno.EINVAL;
        }

        fixed (byte* pointer = path)
        {
            return Result(unlink(pointer));
        }
    }

    // ── ppoll(2) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ppoll(PollDescriptor* descriptors, nuint count, TimeSpecification* timeout, nint signalMask);

    /// <summary>Waits for events on descriptors whose handles the caller has referenced.</summary>
    /// <param name="descriptors">What to wait for; the results are written in place.</param>
    /// <param name="timeout">How long at most; negative waits without limit.</param>
    /// <returns>How many descriptors have events, 0 at the limit, or −errno; −EINTR when a signal arrived.</returns>
    internal static int Poll(Span<PollDescriptor> descriptors, TimeSpan timeout)
    {
        TimeSpecification time = default;
        if (timeout >= TimeSpan.Zero)
        {
            long ticks = timeout.Ticks;
            time.Seconds = ticks / TimeSpan.TicksPerSecond;
            time.Nanoseconds = ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick;
        }

        fixed (PollDescriptor* pointer = descriptors)
        {
            return Result(ppoll(pointer, (nuint)descriptors.Length, timeout < TimeSpan.Zero ? null : &time, 0));
        }
    }

    // ── epoll(7), eventfd(2) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_ctl(SafeHandle epoll, int operation, SafeHandle descriptor, byte* epollEvent);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int epoll_wait(SafeHandle epoll, byte* events, int capacity, int timeoutMs);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint write(SafeHandle descriptor, byte* data, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint read(SafeHandle descriptor, byte* data, nuint length);

    internal static int EpollCreate() => Result(epoll_create1(EpollConstants.EPOLL_CLOEXEC));

    internal static int EpollControl(SafeHandle epoll, int operation, SafeHandle descriptor, ReadOnlySpan<byte> epollEvent)
    {
        fixed (byte* pointer = epollEvent)
        {
            return Result(epoll_ctl(epoll, operation, descriptor, pointer));
        }
    }

    internal static int EpollWait(SafeHandle epoll, NativeBuffer events, int capacity, int timeoutMs) =>
        Result(epoll_wait(epoll, (byte*)events.Address, capacity, timeoutMs));

    internal static int EventDescriptor() => Result(eventfd(0, EpollConstants.EFD_CLOEXEC | EpollConstants.EFD_NONBLOCK));

    internal static int Write(SafeHandle descriptor, ulong value) => Result(write(descriptor, (byte*)&value, sizeof(ulong)));

    internal static int Read(SafeHandle descriptor, out ulong value)
    {
        ulong read64 = 0;
        int result = Result(read(descriptor, (byte*)&read64, sizeof(ulong)));
        value = read64;
        return result;
    }

    // ── getrlimit(2) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getrlimit(int resource, ulong* limit);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int setrlimit(int resource, ulong* limit);

    /// <summary>RLIMIT_NOFILE: how many descriptors this process may hold (soft), and may allow itself (hard).</summary>
    internal static int GetDescriptorLimit(out ulong soft, out ulong hard)
    {
        ulong* limit = stackalloc ulong[2];
        int result = Result(getrlimit(7, limit));
        (soft, hard) = (limit[0], limit[1]);
        return result;
    }

    /// <summary>Sets RLIMIT_NOFILE.</summary>
    internal static int SetDescriptorLimit(ulong soft, ulong hard)
    {
        ulong* limit = stackalloc ulong[2] { soft, hard };
        return Result(setrlimit(7, limit));
    }

    // ── the result ──

    private static SocketHandle NoHandle { get; } = new();

    private static int Result(int result) => result >= 0 ? result : -Marshal.GetLastPInvokeError();

    // A count never exceeds the length that was asked for, which is an int; MSG_TRUNC's true length fits one too.
    private static int Result(nint result) => result >= 0 ? (int)Math.Min(result, int.MaxValue) : -Marshal.GetLastPInvokeError();
}
