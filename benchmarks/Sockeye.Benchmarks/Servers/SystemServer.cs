using System.Buffers;
using System.Net;
using System.Net.Sockets;
using SystemSocket = System.Net.Sockets.Socket;

namespace Sockeye.Benchmarks.Servers;

/// <summary>System.Net.Sockets: the same code as <see cref="SockeyeServer"/> with the other socket, from the thread pool.</summary>
internal static class SystemServer
{
    internal static void Run(ServerMode mode)
    {
        var local = new IPEndPoint(IPAddress.Loopback, 0);
        bool datagrams = mode is ServerMode.Udp or ServerMode.Trains;
        using SystemSocket socket = datagrams
            ? new SystemSocket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
            : new SystemSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(local);
        if (!datagrams)
        {
            socket.Listen(4096);
        }

        _ = datagrams ? EchoDatagramsAsync(socket) : AcceptAsync(socket, mode);
        ServeCommand.Announce(((IPEndPoint)socket.LocalEndPoint!).Port);
        ServeCommand.WaitForEndOfInput();
    }

    private static async Task AcceptAsync(SystemSocket listener, ServerMode mode)
    {
        var broadcast = new Broadcast();
        while (true)
        {
            SystemSocket peer = await listener.AcceptAsync(CancellationToken.None);
            peer.NoDelay = true;
            _ = mode switch
            {
                ServerMode.Idle => EchoWithoutBufferAsync(peer),
                ServerMode.Broadcast => RelayAsync(peer, broadcast),
                _ => EchoAsync(peer, ServeCommand.BytesAtOnce(mode)),
            };
        }
    }

    private static async Task EchoAsync(SystemSocket peer, int bytesAtOnce)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(bytesAtOnce);
        try
        {
            Memory<byte> buffer = rented.AsMemory(0, bytesAtOnce);
            int count;
            while ((count = await peer.ReceiveAsync(buffer, SocketFlags.None)) > 0)
            {
                await peer.SendAsync(buffer[..count], SocketFlags.None);
            }
        }
        finally
        {
            peer.Dispose();
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static async Task EchoWithoutBufferAsync(SystemSocket peer)
    {
        try
        {
            while (true)
            {
                await peer.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                Memory<byte> buffer = ServeCommand.Buffer(ServerMode.Echo);
                int count = peer.Receive(buffer.Span, SocketFlags.None);
                if (count == 0)
                {
                    return;
                }

                await peer.SendAsync(buffer[..count], SocketFlags.None);
            }
        }
        finally
        {
            peer.Dispose();
        }
    }

    private static async Task RelayAsync(SystemSocket peer, Broadcast broadcast)
    {
        using (peer)
        {
            Memory<byte> buffer = ServeCommand.Buffer(ServerMode.Broadcast);
            var member = new Member(peer);
            if (await peer.ReceiveAsync(buffer[..1], SocketFlags.None) == 0)
            {
                return;
            }

            bool isSender = buffer.Span[0] == 'S';
            if (!isSender)
            {
                broadcast.Join(member);
            }

            try
            {
                await peer.SendAsync(buffer[..1], SocketFlags.None);
                int count;
                while ((count = await peer.ReceiveAsync(buffer, SocketFlags.None)) > 0)
                {
                    if (isSender)
                    {
                        broadcast.Publish(buffer.Span[..count]);
                    }
                }
            }
            finally
            {
                broadcast.Leave(member);
            }
        }
    }

    private static async Task EchoDatagramsAsync(SystemSocket socket)
    {
        Memory<byte> buffer = ServeCommand.Buffer(ServerMode.Udp);
        var peer = new SocketAddress(AddressFamily.InterNetwork);
        while (true)
        {
            int count = await socket.ReceiveFromAsync(buffer, SocketFlags.None, peer);
            await socket.SendToAsync(buffer[..count], SocketFlags.None, peer);
        }
    }

    private sealed class Member(SystemSocket socket) : Broadcast.Member
    {
        // On a stream, a send ends when the kernel has taken every byte.
        internal override ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
        {
            ValueTask<int> sent = socket.SendAsync(bytes, SocketFlags.None);
            if (sent.IsCompletedSuccessfully)
            {
                _ = sent.Result;
                return default;
            }

            return new ValueTask(sent.AsTask());
        }

        internal override void Close() => socket.Dispose();
    }
}
