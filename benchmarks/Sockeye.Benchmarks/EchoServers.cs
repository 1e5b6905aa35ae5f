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
            default:
                Console.Error.WriteLine($"There is no server {name}; there are: {string.Join(", ", Names)}");
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
}
