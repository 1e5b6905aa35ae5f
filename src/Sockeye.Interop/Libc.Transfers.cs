using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>send(2), sendto(2), recv(2), recvfrom(2): the calls of which a busy program makes the most.</summary>
/// <remarks>
/// They go through syscall(2), not through the C library's functions of the same names: those are cancellation points,
/// which costs each of them two atomic writes and more, 60 ns of an echo's 5 µs when it was measured. errno is asked for
/// on failure only, right after the call, as the marshaller's own code does. The handle is referenced for the length of
/// the call here rather than by the marshaller; nothing between can throw.
/// </remarks>
internal static unsafe partial class Libc
{
    // The numbers of <asm/unistd.h>: x64 has its own, arm64 and later machines those of <asm-generic/unistd.h>.
    private static readonly nint SendToNumber = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 44 : 206;
    private static readonly nint ReceiveFromNumber = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 45 : 207;

    [LibraryImport(Library, EntryPoint = "syscall")]
    private static partial nint Transfer(nint number, nint socket, byte* data, nuint length, nint flags, byte* address, nuint addressLength);

    internal static int Send(SocketHandle socket, ReadOnlySpan<byte> data, int flags)
    {
        fixed (byte* pointer = data)
        {
            return Transfer(SendToNumber, socket, pointer, data.Length, flags, null, 0);
        }
    }

    /// <summary>Sends memory that does not move.</summary>
    internal static int Send(SocketHandle socket, NativeBuffer data, int flags) =>
        Transfer(SendToNumber, socket, (byte*)data.Address, (int)data.Length, flags, null, 0);

    internal static int Receive(SocketHandle socket, Span<byte> buffer, int flags)
    {
        fixed (byte* pointer = buffer)
        {
            return Transfer(ReceiveFromNumber, socket, pointer, buffer.Length, flags, null, 0);
        }
    }

    internal static int SendTo(SocketHandle socket, ReadOnlySpan<byte> data, int flags, ReadOnlySpan<byte> address)
    {
        fixed (byte* pointer = data)
        fixed (byte* peer = address)
        {
            return Transfer(SendToNumber, socket, pointer, data.Length, flags, peer, (nuint)address.Length);
        }
    }

    /// <summary>Receives with the sender's address; <paramref name="addressLength"/> is 0 when there was none.</summary>
    internal static int ReceiveFrom(SocketHandle socket, Span<byte> buffer, int flags, Span<byte> address, out int addressLength)
    {
        uint size = (uint)address.Length;
        fixed (byte* pointer = buffer)
        fixed (byte* peer = address)
        {
            int result = Transfer(ReceiveFromNumber, socket, pointer, buffer.Length, flags, peer, (nuint)(&size));
            addressLength = (int)Math.Min(size, (uint)address.Length);
            return result;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Transfer(nint number, SocketHandle socket, byte* data, int length, int flags, byte* address, nuint addressLength)
    {
        bool referenced = false;
        socket.DangerousAddRef(ref referenced);
        nint result = Transfer(number, socket.Number, data, (nuint)length, flags | SocketConstants.MSG_DONTWAIT, address, addressLength);
        int errno = result < 0 ? Marshal.GetLastSystemError() : 0;
        socket.DangerousRelease();
        return errno != 0 ? -errno : (int)Math.Min(result, int.MaxValue);
    }
}
