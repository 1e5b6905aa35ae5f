using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests.Sockets;

/// <summary>A descriptor that others hold too: they may clear O_NONBLOCK, and it stays theirs to close.</summary>
public sealed class SharedDescriptorTests
{
    private const int Limit = 20_000;

    [Fact(Timeout = Limit)]
    public async Task A_duplicate_that_lost_O_NONBLOCK_keeps_its_time_limit_and_stops_no_engine()
    {
        (Socket first, Socket second) = Socket.CreatePair();
        (Socket other, Socket peer) = Socket.CreatePair();
        using (second)
        using (other)
        using (peer)
        using (Socket copy = first.Duplicate())
        {
            copy.Timeout = TimeSpan.FromMilliseconds(50);
            using System.Net.Sockets.Socket theirs = first.ToSystemSocket();
            Assert.True(theirs.Blocking);
            Assert.Equal(SocketError.TimedOut, await Task.Run(() => copy.TryReceive(new byte[1]).Error));

            // Two receives wait, one byte comes: the second's attempt must not block the engine's thread.
            copy.Timeout = null;
            byte[] one = new byte[1];
            Task<int> served = copy.ReceiveAsync(one);
            Task<SocketResult<int>> waits = copy.TryReceiveAsync(new byte[1]).AsTask();
            second.Send([7]);
            Assert.Equal(1, await served);
            Task<int> unrelated = other.ReceiveAsync(new byte[1]);
            peer.Send([1]);
            Assert.Equal(1, await unrelated);
            copy.Dispose();
            Assert.Equal(SocketError.OperationAborted, (await waits).Error);
        }
    }

    [Fact]
    public void Detach_of_a_view_leaves_the_owner_its_descriptor()
    {
        (Socket owner, Socket peer) = Socket.CreatePair();
        using (owner)
        using (peer)
        {
            var view = new Socket(owner.SafeHandle);
            using (SocketHandle detached = view.Detach())
            {
                Assert.NotEqual(owner.Handle, detached.DangerousGetHandle());
            }

            owner.Send([1]);
            Assert.Equal(1, peer.Receive(new byte[1]));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_connection_is_not_accepted_into_a_socket_that_was_disposed_meanwhile()
    {
        using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        var into = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Task<Socket> accept = listener.AcceptAsync(into);
        into.Dispose();
        using Socket client = await Socket.CreateConnectionAsync(listener.LocalEndPoint!);
        SocketException exception = await Assert.ThrowsAsync<SocketException>(() => accept);
        Assert.Equal(SocketError.OperationAborted, exception.SocketErrorCode);
        Assert.Equal(0, await client.ReceiveAsync(new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_canceled_send_reports_how_much_was_sent()
    {
        (Socket first, Socket second) = Socket.CreatePair();
        using (first)
        using (second)
        using (var source = new CancellationTokenSource())
        {
            ValueTask<int> sending = first.SendAllAsync(new byte[10_000_000], SocketFlags.None, source.Token);
            Assert.False(sending.IsCompleted);
            await source.CancelAsync();
            OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await sending);
            int sent = Assert.IsType<int>(exception.Data["BytesTransferred"]);
            await second.ReceiveExactlyAsync(new byte[sent]);
            second.Blocking = false;
            Assert.True(second.TryReceive(new byte[1]).WouldBlock);
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_host_that_does_not_exist_is_named(bool sync)
    {
        // A name that no resolver has, and this one without asking any network: RFC 6761.
        var name = new DnsEndPoint("no such host.invalid", 80);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        SocketException exception = sync
            ? Assert.Throws<ResolverException>(() => socket.Connect(name))
            : await Assert.ThrowsAsync<ResolverException>(() => socket.ConnectAsync(name));
        Assert.StartsWith("connect no such host.invalid:80: ", exception.Message, StringComparison.Ordinal);
        Assert.True(exception.SocketErrorCode is SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData, exception.Message);
        SocketResult result = sync ? socket.TryConnect(name) : await socket.TryConnectAsync(name);
        Assert.Equal(exception.SocketErrorCode, result.Error);
        exception = sync
            ? Assert.Throws<ResolverException>(() => Socket.CreateConnection(name.Host, name.Port))
            : await Assert.ThrowsAsync<ResolverException>(() => Socket.CreateConnectionAsync(name.Host, name.Port));
        Assert.StartsWith("connect no such host.invalid:80: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Short_lived_threads_that_wait_keep_no_descriptor()
    {
        (Socket first, Socket second) = Socket.CreatePair();
        using (first)
        using (second)
        {
            first.Timeout = TimeSpan.FromMilliseconds(1);
            int before = Directory.GetFiles("/proc/self/fd").Length;
            for (int i = 0; i < 200; i++)
            {
                var thread = new Thread(() => first.TryReceive(new byte[1]));
                thread.Start();
                await Task.Run(thread.Join);
            }

            // Tests beside this one open and close theirs: far fewer than 200.
            Assert.InRange(Directory.GetFiles("/proc/self/fd").Length - before, -1000, 150);
        }
    }
}
