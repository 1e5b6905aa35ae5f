using System.Net;

namespace Sockeye.Interop.Tests;

/// <summary>Descriptors for the tests; each is closed by who asked for it.</summary>
internal static class Open
{
    internal static SocketHandle Socket(int family, int type)
    {
        int result = Libc.Socket(family, type, 0, out SocketHandle handle);
        Assert.True(result >= 0, $"socket: {Errno.Name(-result)}");
        return handle;
    }

    internal static (SocketHandle First, SocketHandle Second) Pair(int type = SocketConstants.SOCK_STREAM)
    {
        int result = Libc.SocketPair(SocketConstants.AF_UNIX, type, 0, out SocketHandle first, out SocketHandle second);
        Assert.True(result >= 0, $"socketpair: {Errno.Name(-result)}");
        return (first, second);
    }

    /// <summary>A TCP connection over loopback.</summary>
    internal static (SocketHandle Client, SocketHandle Server) Connection()
    {
        using SocketHandle listener = Socket(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM);
        SocketAddress any = new IPEndPoint(IPAddress.Loopback, 0).Serialize();
        Assert.Equal(0, Libc.Bind(listener, any.Buffer.Span[..any.Size]));
        Assert.Equal(0, Libc.Listen(listener, 1));
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        Assert.Equal(0, Libc.GetSocketName(listener, address, out int length));

        SocketHandle client = Socket(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM);
        int connect = Libc.Connect(client, address[..length]);
        Assert.True(connect is 0 or -Errno.EINPROGRESS, Errno.Name(-connect));
        WaitFor(listener, PollConstants.POLLIN);
        Assert.True(Libc.Accept(listener, address, out _, out SocketHandle server) >= 0);
        WaitFor(client, PollConstants.POLLOUT);
        return (client, server);
    }

    internal static short WaitFor(SocketHandle socket, short events)
    {
        var poll = new PollDescriptor { Descriptor = socket.Number, Events = events };
        int result = Libc.Poll(new Span<PollDescriptor>(ref poll), TimeSpan.FromSeconds(10));
        Assert.True(result == 1, $"ppoll: {result}");
        return poll.Returned;
    }
}
