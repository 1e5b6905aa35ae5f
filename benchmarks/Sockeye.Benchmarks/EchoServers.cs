using System.Net;
using System.Net.Sockets;
using SystemSocket = System.Net.Sockets.Socket;

namespace Sockeye.Benchmarks;

/// <summary>The peers: the same echo server, awaited, on each socket. Prints its port, serves until its input ends.</summary>
internal static class EchoServers
{
    private const int BufferBytes = 4096;

    /// <summary>The rows; the first is what the others are compared with.</summary>
    internal static readonly string[] Names = ["system", "sockeye-pool", "sockeye-loop"];

    /// <summary>The rows for datagrams; again the first is what the others are compared with.</summary>
    internal static readonly string[] DatagramNames = ["system-udp", "sockeye-udp", "sockeye-batch"];

    internal static int Run(string name)
    {
        switch (name)
        {
            case "system":
                ServeSystem();
                break;
            case "sockeye-pool":
                using (Socket listener = Listen())
                {
                    _ = AcceptAsync(listener);
                    Console.In.ReadToEnd();
                }

                break;
            case "sockeye-loop":
                using (var loop = new EventLoop())
                {
                    loop.Run(async () =>
                    {
                        using Socket listener = Listen();
                        _ = AcceptAsync(listener);
                        await Task.Run(Console.In.ReadToEnd);
                    });
                }

                break;
            case "system-udp":
                _ = EchoDatagramsAsync(SystemDatagrams());
                Console.In.ReadToEnd();
                break;
            case "sockeye-udp":
                OnLoop(EchoDatagramsAsync);
                break;
            case "sockeye-batch":
                OnLoop(EchoBatchesAsync);
                break;
            default:
                Console.Error.WriteLine($"There is no server {name}; there are: {string.Join(", ", Names.Concat(DatagramNames))}");
                return 2;
        }

        return 0;
    }

    private static Socket Listen()
    {
        Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0), backlog: 4096);
        Console.WriteLine(((IPEndPoint)listener.LocalEndPoint!).Port);
        return listener;
    }

    private static async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket peer = await listener.AcceptAsync();
            peer.NoDelay = true;
            _ = EchoAsync(peer);
        }
    }

    private static async Task EchoAsync(Socket peer)
    {
        using (peer)
        {
            Memory<byte> buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
            int count;
            while ((count = await peer.ReceiveAsync(buffer, SocketFlags.None)) > 0)
            {
                await peer.SendAsync(buffer[..count], SocketFlags.None);
            }
        }
    }

    private static void ServeSystem()
    {
        using var listener = new SystemSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(4096);
        Console.WriteLine(((IPEndPoint)listener.LocalEndPoint!).Port);
        _ = AcceptAsync(listener);
        Console.In.ReadToEnd();
    }

    private static async Task AcceptAsync(SystemSocket listener)
    {
        while (true)
        {
            SystemSocket peer = await listener.AcceptAsync();
            peer.NoDelay = true;
            _ = EchoAsync(peer);
        }
    }

    private static async Task EchoAsync(SystemSocket peer)
    {
        using (peer)
        {
            Memory<byte> buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
            int count;
            while ((count = await peer.ReceiveAsync(buffer, SocketFlags.None)) > 0)
            {
                await peer.SendAsync(buffer[..count], SocketFlags.None);
            }
        }
    }

    private static void OnLoop(Func<Socket, Task> serve)
    {
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Console.WriteLine(((IPEndPoint)socket.LocalEndPoint!).Port);
            _ = serve(socket);
            await Task.Run(Console.In.ReadToEnd);
        });
    }

    private static async Task EchoDatagramsAsync(Socket socket)
    {
        Memory<byte> buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
        var peer = new SocketAddress(AddressFamily.InterNetwork);
        while (true)
        {
            int count = await socket.ReceiveFromAsync(buffer, SocketFlags.None, peer);
            await socket.SendToAsync(buffer[..count], SocketFlags.None, peer);
        }
    }

    private static async Task EchoBatchesAsync(Socket socket)
    {
        using var batch = new MessageBatch(capacity: 64, BufferBytes);
        while (true)
        {
            await socket.ReceiveBatchAsync(batch);
            for (int sent = 0; sent < batch.Count;)
            {
                sent += await socket.SendBatchAsync(batch, sent);
            }
        }
    }

    private static SystemSocket SystemDatagrams()
    {
        var socket = new SystemSocket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Console.WriteLine(((IPEndPoint)socket.LocalEndPoint!).Port);
        return socket;
    }

    private static async Task EchoDatagramsAsync(SystemSocket socket)
    {
        Memory<byte> buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
        var peer = new SocketAddress(AddressFamily.InterNetwork);
        while (true)
        {
            int count = await socket.ReceiveFromAsync(buffer, SocketFlags.None, peer);
            await socket.SendToAsync(buffer[..count], SocketFlags.None, peer);
        }
    }
}
