using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sockeye.Tests.Support;

/// <summary>A thread in a network namespace of its own: sockets made on it stay there, and its sysctls are its own.</summary>
internal static class OwnNetwork
{
    private const int NewNetwork = 0x4000_0000; // CLONE_NEWNET
    private const int SIOCGIFFLAGS = 0x8913;
    private const int SIOCSIFFLAGS = 0x8914;
    private const int InterfaceRequestBytes = 40;
    private const int FlagsOffset = 16;

    /// <summary>Runs <paramref name="body"/> there, with lo up; what it awaits may go on anywhere.</summary>
    /// <remarks>unshare(2) moves the calling thread alone, so it is one that ends afterwards.</remarks>
    internal static Task<T> Run<T>(Func<T> body) => SocketTest.Run(() =>
    {
        if (Unshare(NewNetwork) != 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            Assert.Skip($"unshare(2) of the network needs CAP_SYS_ADMIN: {Interop.Errno.Name(errno)}.");
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        byte[] request = new byte[InterfaceRequestBytes];
        "lo"u8.CopyTo(request);
        socket.IOControl(SIOCGIFFLAGS, request, request);
        request[FlagsOffset] |= 1; // IFF_UP
        socket.IOControl(SIOCSIFFLAGS, request, request);
        return body();
    });

    [DllImport("libc", EntryPoint = "unshare", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unshare(int flags);
}
