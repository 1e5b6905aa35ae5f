using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Sockeye.Interop.Tests;

/// <summary>An errno gets the SocketError that System.Net.Sockets gives it.</summary>
public sealed partial class ErrnoTests
{
    private const int ErrnoMax = 133;

    // TEST-NET-1: no interface has it.
    private static IPEndPoint Elsewhere => new(IPAddress.Parse("192.0.2.1"), 0);

    /// <summary>The calls that fail, each made through System.Net.Sockets and, with the same arguments, through Libc.</summary>
    public static TheoryData<string> Failures => [.. Provoke.Keys];

    private static Dictionary<string, (Action Theirs, Func<int> Ours)> Provoke { get; } = new(StringComparer.Ordinal)
    {
        ["ECONNREFUSED"] = (
            () => With(Tcp(), socket => socket.Connect(FreePort())),
            () => With(OurTcp(), socket => Connected(socket, FreePort()))),
        ["EADDRINUSE"] = (
            () =>
            {
                using Socket taken = BoundUdp();
                With(Udp(), socket => socket.Bind(taken.LocalEndPoint!));
            },
            () =>
            {
                using Socket taken = BoundUdp();
                return With(OurUdp(), socket => Libc.Bind(socket, Bytes(taken.LocalEndPoint!)));
            }
        ),
        ["EADDRNOTAVAIL"] = (
            () => With(Tcp(), socket => socket.Bind(Elsewhere)),
            () => With(OurTcp(), socket => Libc.Bind(socket, Bytes(Elsewhere)))),
        ["EAFNOSUPPORT"] = (
            () => With(Tcp(), socket => socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0))),
            () => With(OurTcp(), socket => Libc.Bind(socket, Bytes(new IPEndPoint(IPAddress.IPv6Loopback, 0))))),
        ["ENOTCONN"] = (
            () => With(Tcp(), socket => socket.Shutdown(SocketShutdown.Both)),
            () => With(OurTcp(), socket => Libc.Shutdown(socket, SocketConstants.SHUT_RDWR))),
        ["EPIPE"] = (
            () => With(Tcp(), socket => socket.Send([1])),
            () => With(OurTcp(), socket => Libc.Send(socket, [1], SocketConstants.MSG_NOSIGNAL))),
        ["EDESTADDRREQ"] = (
            () => With(Udp(), socket => socket.Send([1])),
            () => With(OurUdp(), socket => Libc.Send(socket, [1], SocketConstants.MSG_NOSIGNAL))),
        ["EMSGSIZE"] = (
            () => With(Udp(), socket => socket.SendTo(new byte[70_000], FreePort())),
            () => With(OurUdp(), socket => Libc.SendTo(socket, new byte[70_000], 0, Bytes(FreePort())))),
        ["EACCES"] = (
            () => With(Udp(), socket => socket.SendTo([1], new IPEndPoint(IPAddress.Parse("127.255.255.255"), 9))),
            () => With(OurUdp(), socket => Libc.SendTo(socket, [1], 0, Bytes(new IPEndPoint(IPAddress.Parse("127.255.255.255"), 9))))),
        ["EOPNOTSUPP"] = (
            () => With(Udp(), socket => socket.Listen(1)),
            () => With(OurUdp(), socket => Libc.Listen(socket, 1))),
        ["ENOPROTOOPT"] = (
            () => With(Tcp(), socket => socket.GetRawSocketOption(6, 9_999, new byte[4])),
            () => With(OurTcp(), socket => Libc.GetOption(socket, 6, 9_999, out _))),
        ["EINVAL"] = (
            () => With(Tcp(), socket => socket.SetRawSocketOption(6, 4, [0, 0, 0, 0])),
            () => With(OurTcp(), socket => Libc.SetOption(socket, 6, 4, 0))),
        ["ENOENT"] = (
            () => With(Unix(), socket => socket.Connect(new UnixDomainSocketEndPoint("/nonexistent/socket"))),
            () => With(OurUnix(), socket => Libc.Connect(socket, UnixBytes("/nonexistent/socket")))),
        ["EPROTONOSUPPORT"] = (
            () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Udp),
            () => Libc.Socket(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM, IpConstants.IPPROTO_UDP, out _)),
        ["EAGAIN"] = (
            () => With(Udp(), socket =>
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                socket.Blocking = false;
                return socket.Receive(new byte[1]);
            }),
            () => With(OurUdp(), socket => Libc.Receive(socket, new byte[1], 0))),
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_failing_call_gives_the_same_error_on_both_sides(string errno)
    {
        (Action theirs, Func<int> ours) = Provoke[errno];
        SocketException exception = Assert.ThrowsAny<SocketException>(theirs);
        int result = ours();
        Assert.Equal(errno, Errno.Name(-result));
        Assert.Equal(exception.SocketErrorCode, Errno.ToSocketError(-result));
    }

    [Fact]
    public void Every_errno_has_the_SocketError_of_System_Net_Sockets()
    {
        MethodInfo? theirs = typeof(Socket).Assembly.GetType("System.Net.Sockets.SocketErrorPal")?
            .GetMethod("GetSocketErrorForNativeError", BindingFlags.NonPublic | BindingFlags.Static);
        if (theirs is null)
        {
            Assert.Skip("This runtime keeps its table elsewhere: look for what SocketErrorPal was.");
            return;
        }

        var wrong = new List<string>();
        Type native = theirs.GetParameters()[0].ParameterType;
        for (int errno = 1; errno <= ErrnoMax; errno++)
        {
            var expected = (SocketError)theirs.Invoke(null, [Enum.ToObject(native, ConvertErrorPlatformToPal(errno))])!;
            SocketError actual = Errno.ToSocketError(errno);

            // Where System.Net.Sockets has no name, ours keeps the number, and must not seem to name another error.
            bool right = expected == SocketError.SocketError
                ? (int)actual == errno && !Enum.IsDefined(actual)
                : actual == expected;
            if (!right)
            {
                wrong.Add($"{Errno.Name(errno)} {errno}: System.Net.Sockets {expected}, ours {actual}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void An_errno_survives_the_way_through_SocketError_and_the_runtimes_exception()
    {
        var wrong = new List<string>();
        foreach (SocketError error in Enum.GetValues<SocketError>())
        {
            // Several SocketErrors share an errno (TryAgain and WouldBlock); any of them will do.
            int errno = new SocketException((int)error).NativeErrorCode;
            if (errno is > 0 and <= ErrnoMax && new SocketException((int)Errno.ToSocketError(errno)).NativeErrorCode != errno)
            {
                wrong.Add($"{error}: {Errno.Name(errno)}, which becomes {Errno.ToSocketError(errno)}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void An_errno_without_a_name_comes_back_in_digits() => Assert.Equal("4711", Errno.Name(4711));

    [Fact]
    public void The_text_of_an_errno_is_the_C_librarys() => Assert.Equal("Connection refused", Errno.Text(Errno.ECONNREFUSED));

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_ConvertErrorPlatformToPal")]
    private static partial int ConvertErrorPlatformToPal(int errno);

    private static Socket Tcp() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private static Socket Udp() => new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    private static Socket Unix() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static SocketHandle OurTcp() => Open.Socket(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM);

    private static SocketHandle OurUdp() => Open.Socket(SocketConstants.AF_INET, SocketConstants.SOCK_DGRAM);

    private static SocketHandle OurUnix() => Open.Socket(SocketConstants.AF_UNIX, SocketConstants.SOCK_STREAM);

    private static void With(Socket socket, Action<Socket> call)
    {
        using (socket)
        {
            call(socket);
        }
    }

    private static int With(Socket socket, Func<Socket, int> call)
    {
        using (socket)
        {
            return call(socket);
        }
    }

    private static int With(SocketHandle socket, Func<SocketHandle, int> call)
    {
        using (socket)
        {
            return call(socket);
        }
    }

    private static Socket BoundUdp()
    {
        Socket socket = Udp();
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    // Loopback refuses at once, but a non-blocking connect may tell it through poll.
    private static int Connected(SocketHandle socket, EndPoint endPoint)
    {
        int result = Libc.Connect(socket, Bytes(endPoint));
        if (result != -Errno.EINPROGRESS)
        {
            return result;
        }

        var poll = new PollDescriptor { Descriptor = socket.Number, Events = PollConstants.POLLOUT };
        Assert.Equal(1, Libc.Poll(new Span<PollDescriptor>(ref poll), TimeSpan.FromSeconds(10)));
        Assert.Equal(0, Libc.GetOption(socket, SocketConstants.SOL_SOCKET, SocketConstants.SO_ERROR, out int errno));
        return -errno;
    }

    // A port that was free a moment ago, on an address of 127/8 that nothing else uses.
    private static IPEndPoint FreePort()
    {
        using Socket socket = Tcp();
        socket.Bind(new IPEndPoint(IPAddress.Parse("127.77.77.77"), 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    private static ReadOnlySpan<byte> Bytes(EndPoint endPoint)
    {
        SocketAddress address = endPoint.Serialize();
        return address.Buffer.Span[..address.Size];
    }

    private static byte[] UnixBytes(string path) => [SocketConstants.AF_UNIX, 0, .. System.Text.Encoding.UTF8.GetBytes(path), 0];
}
