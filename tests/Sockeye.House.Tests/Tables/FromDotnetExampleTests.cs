// What stands between the marks are the examples of docs/from-dotnet.md, word for word; ExampleTests compares them.
// The namespace is a stranger's, so that names are found as a stranger's compiler finds them.

using System.Net;
using System.Net.Sockets;
using Sockeye;
using Socket = Sockeye.Socket;

namespace FromDotnet;

[Collection("Console")]
public class FromDotnetExampleTests
{
    [Fact(Timeout = 30_000)]
    public async Task Errors_options_and_the_way_back()
    {
        using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndPoint!);
        using Socket peer = await listener.AcceptAsync();
        byte[] buffer = new byte[16];

        // <example>
        socket.Timeout = TimeSpan.FromMilliseconds(50);         // each operation as a whole, sync and async
        SocketResult<int> received = await socket.TryReceiveAsync(buffer);
        Console.WriteLine(received);                            // ETIMEDOUT (TimedOut)
        // </example>
        Assert.StartsWith("ETIMEDOUT (TimedOut)", received.ToString(), StringComparison.Ordinal);

        // <example>
        TcpInformation information = socket.GetOption(TcpOptions.Information);
        Console.WriteLine($"{information.MinimumRoundTrip}, {information.PathMtu} bytes");
        // </example>
        Assert.True(information.PathMtu > 0);

        // <example>
        System.Net.Sockets.Socket system = socket.ToSystemSocket();     // the descriptor moves; this one is spent
        using NetworkStream stream = new(system, ownsSocket: true);
        // </example>
        await stream.WriteAsync("x"u8.ToArray());
        Assert.Equal(1, await peer.ReceiveAsync(buffer));
    }

    [Fact(Timeout = 30_000)]
    public void Families_and_batches()
    {
        // <example>
        using Socket routes = new(AddressFamily.Netlink, SocketType.Raw, ProtocolType.NetlinkRoute);
        routes.Bind(new NetlinkEndPoint(portId: 0, groups: 1));         // RTMGRP_LINK: tell of interfaces that come and go

        (Socket left, Socket right) = Socket.CreatePair();
        PeerCredentials peer = left.GetOption(SocketOptions.PeerCredentials);
        Console.WriteLine(peer.ProcessId == Environment.ProcessId);
        // </example>
        Assert.Equal(Environment.ProcessId, peer.ProcessId);
        left.Dispose();
        right.Dispose();

        using Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Timeout = TimeSpan.FromSeconds(10) };
        receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        // <example>
        using MessageBatch batch = new(capacity: 64, bufferSize: 1500);
        batch.Add("one"u8, receiver.LocalEndPoint);
        batch.Add("two"u8, receiver.LocalEndPoint);
        sender.SendBatch(batch);                                        // one system call

        int count = receiver.ReceiveBatch(batch);                       // at least one, at most 64
        for (int i = 0; i < count; i++)
        {
            Console.WriteLine($"{batch[i].Length} bytes of {batch[i].Peer}");
        }
        // </example>
        Assert.InRange(count, 1, 2);
    }

    [Fact(Timeout = 30_000)]
    public async Task Strings_and_connections()
    {
        // <example>
        using Socket listener = await SocketUri.Parse("tcp://127.0.0.1:0?backlog=512&reuse_port=1").ListenAsync();
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;

        ConnectionTrace trace = new();
        ConnectionOptions options = new() { Timeout = TimeSpan.FromSeconds(5), Trace = trace };
        using Socket client = await Socket.CreateConnectionAsync(new DnsEndPoint("localhost", port), options);
        foreach (ConnectionAttempt attempt in trace.Attempts)
        {
            Console.WriteLine(attempt);                                 // each address: when, how long, and what became of it
        }
        // </example>
        Assert.NotEmpty(trace.Attempts);
        Assert.Equal(ConnectionOutcome.Succeeded, trace.Attempts[^1].Outcome);
    }
}
