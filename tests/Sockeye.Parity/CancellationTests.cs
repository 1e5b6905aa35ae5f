using System.Net;
using System.Net.Sockets;

namespace ParityTests;

/// <summary>Tokens: the call ends, the exception carries the token, the socket lives on.</summary>
public sealed class CancellationTests : SocketTest
{
    private static readonly string[] s_names =
    [
        "Accept", "AcceptInto", "Connect", "ConnectAddress", "ConnectAddresses", "ConnectHost", "Disconnect", "Receive", "ReceiveFlags",
        "ReceiveFrom", "ReceiveFromSocketAddress", "ReceiveFromNoFlags", "ReceiveMessageFrom", "ReceiveMessageFromNoFlags",
        "Send", "SendFlags", "SendTo", "SendToNoFlags", "SendToSocketAddress", "SendFile", "SendFileBuffers",
    ];

    public static readonly TheoryData<string> Names = [.. s_names];

    public static readonly TheoryData<string> WaitingNames =
    [
        "Accept", "Connect", "ConnectAddress", "ConnectAddresses", "ConnectHost", "Receive", "ReceiveFlags", "ReceiveEmpty", "ReceiveFrom", "ReceiveFromSocketAddress",
        "ReceiveFromNoFlags", "ReceiveMessageFrom", "ReceiveMessageFromNoFlags", "Send", "SendFile",
    ];

    /// <summary>Sockets in the state that each call needs, so that it would wait.</summary>
    private sealed class Stage : IDisposable
    {
        public required Pair Stream { get; init; }
        public required Pair Full { get; init; }
        public Socket Fresh { get; } = Tcp();
        public Socket Listening { get; } = Listener();
        public Socket Datagram { get; } = BoundUdp();
        public string Path { get; } = FreshPath();

        public static async Task<Stage> Make()
        {
            Stage stage = new() { Stream = await Connected(), Full = await Saturated() };
            await File.WriteAllBytesAsync(stage.Path, new byte[40_000_000]);
            return stage;
        }

        public Task Call(string name, CancellationToken token)
        {
            Socket s = Stream.Client;
            EndPoint busy = Full.Server.LocalEndPoint!;
            int port = PortOf(Full.Server);
            IPEndPoint any = new(IPAddress.Any, 0);
            SocketAddress address = new(AddressFamily.InterNetwork);
            byte[] small = new byte[8];
            byte[] huge = new byte[40_000_000];
            return name switch
            {
                "Accept" => Listening.AcceptAsync(token).AsTask(),
                "AcceptInto" => Listening.AcceptAsync(null, token).AsTask(),
                "Connect" => Fresh.ConnectAsync(busy, token).AsTask(),
                "ConnectAddress" => Fresh.ConnectAsync(IPAddress.Loopback, port, token).AsTask(),
                "ConnectAddresses" => Fresh.ConnectAsync([IPAddress.Loopback], port, token).AsTask(),
                "ConnectHost" => Fresh.ConnectAsync("127.0.0.1", port, token).AsTask(),
                "Disconnect" => s.DisconnectAsync(true, token).AsTask(),
                "Receive" => s.ReceiveAsync(small.AsMemory(), token).AsTask(),
                "ReceiveFlags" => s.ReceiveAsync(small.AsMemory(), SocketFlags.None, token).AsTask(),
                "ReceiveEmpty" => s.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, token).AsTask(),
                "ReceiveFrom" => Datagram.ReceiveFromAsync(small.AsMemory(), SocketFlags.None, any, token).AsTask(),
                "ReceiveFromNoFlags" => Datagram.ReceiveFromAsync(small.AsMemory(), any, token).AsTask(),
                "ReceiveFromSocketAddress" => Datagram.ReceiveFromAsync(small.AsMemory(), SocketFlags.None, address, token).AsTask(),
                "ReceiveMessageFrom" => Datagram.ReceiveMessageFromAsync(small.AsMemory(), SocketFlags.None, any, token).AsTask(),
                "ReceiveMessageFromNoFlags" => Datagram.ReceiveMessageFromAsync(small.AsMemory(), any, token).AsTask(),
                "Send" => s.SendAsync(huge.AsMemory(), token).AsTask(),
                "SendFlags" => s.SendAsync(huge.AsMemory(), SocketFlags.None, token).AsTask(),
                "SendTo" => Datagram.SendToAsync(small.AsMemory(), SocketFlags.None, Datagram.LocalEndPoint!, token).AsTask(),
                "SendToNoFlags" => Datagram.SendToAsync(small.AsMemory(), Datagram.LocalEndPoint!, token).AsTask(),
                "SendToSocketAddress" => Datagram.SendToAsync(small.AsMemory(), SocketFlags.None, Datagram.LocalEndPoint!.Serialize(), token).AsTask(),
                "SendFile" => s.SendFileAsync(Path, token).AsTask(),
                "SendFileBuffers" => s.SendFileAsync(Path, small, small, TransmitFileOptions.UseDefaultWorkerThread, token).AsTask(),
                _ => throw new ArgumentException(name, nameof(name)),
            };
        }

        public void Dispose()
        {
            Stream.Dispose();
            Full.Dispose();
            Fresh.Dispose();
            Listening.Dispose();
            Datagram.Dispose();
            File.Delete(Path);
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Names))]
    public async Task A_token_cancelled_before_ends_the_call_before_it_begins(string name)
    {
        using Stage stage = await Stage.Make();
        CancellationToken token = new(canceled: true);
        Task call = stage.Call(name, token);
        Assert.True(call.IsCanceled);
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(token, e.CancellationToken);
        Assert.Equal(0, stage.Stream.Server.Available);
        Assert.Equal(0, stage.Datagram.Available);
        Assert.True(stage.Stream.Client.Connected);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(WaitingNames))]
    public async Task A_token_cancelled_meanwhile_ends_the_call(string name)
    {
        using Stage stage = await Stage.Make();
        using CancellationTokenSource source = new();
        Task call = stage.Call(name, source.Token);
        await Task.Delay(Moment);
        Assert.False(call.IsCompleted);
        await source.CancelAsync();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Soon));
        Assert.Equal(source.Token, e.CancellationToken);
    }

    [Fact(Timeout = Limit)]
    public async Task A_cancelled_receive_takes_no_data_and_the_next_one_gets_it()
    {
        using Pair pair = await Connected();
        using CancellationTokenSource source = new();
        byte[] first = new byte[4];
        Task<int> receive = pair.Client.ReceiveAsync(first.AsMemory(), source.Token).AsTask();
        await Task.Delay(Moment);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive.WaitAsync(Soon));
        pair.Server.Send([1, 2]);
        Assert.Equal([1, 2], await ReadExactly(pair.Client, 2));
        Assert.All(first, b => Assert.Equal(0, b));
    }

    [Fact(Timeout = Limit)]
    public async Task A_cancelled_receive_among_several_leaves_the_others_waiting()
    {
        using Pair pair = await Connected();
        using CancellationTokenSource source = new();
        byte[] one = new byte[1];
        byte[] two = new byte[1];
        byte[] three = new byte[1];
        Task<int> first = pair.Client.ReceiveAsync(one.AsMemory()).AsTask();
        Task<int> second = pair.Client.ReceiveAsync(two.AsMemory(), source.Token).AsTask();
        Task<int> third = pair.Client.ReceiveAsync(three.AsMemory()).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Soon));
        Assert.False(first.IsCompleted);
        Assert.False(third.IsCompleted);
        pair.Server.Send([1, 3]);
        Assert.Equal(1, await first.WaitAsync(Soon));
        Assert.Equal(1, await third.WaitAsync(Soon));
        Assert.Equal(1, one[0]);
        Assert.Equal(3, three[0]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_cancelled_accept_leaves_the_listener_whole()
    {
        using Socket listener = Listener();
        using CancellationTokenSource source = new();
        Task<Socket> accept = listener.AcceptAsync(source.Token).AsTask();
        await Task.Delay(Moment);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept.WaitAsync(Soon));
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_that_is_cancelled_afterwards_changes_nothing()
    {
        using Pair pair = await Connected();
        using CancellationTokenSource source = new();
        byte[] buffer = new byte[4];
        pair.Server.Send([1]);
        Assert.Equal(1, await pair.Client.ReceiveAsync(buffer.AsMemory(), source.Token));
        await source.CancelAsync();
        pair.Server.Send([1, 2]);
        Assert.Equal(2, await pair.Client.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Data_wins_or_the_token_wins_and_no_byte_is_lost()
    {
        using Pair pair = await Connected();
        int received = 0;
        for (int i = 0; i < 200; i++)
        {
            using CancellationTokenSource source = new();
            byte[] buffer = new byte[4];
            Task<int> receive = pair.Client.ReceiveAsync(buffer.AsMemory(), source.Token).AsTask();
            Task cancel = Task.Run(source.Cancel);
            pair.Server.Send([1]);
            try
            {
                received += await receive.WaitAsync(Soon);
            }
            catch (OperationCanceledException)
            {
                // The byte is still there for whoever reads next.
            }

            await cancel;
        }

        if (received < 200)
        {
            received += (await ReadExactly(pair.Client, 200 - received)).Length;
        }

        Assert.Equal(200, received);
    }
}
