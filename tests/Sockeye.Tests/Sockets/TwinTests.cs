using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests.Sockets;

/// <summary>Twins of .NET's members: the failure as a value, a token where .NET takes none.</summary>
public sealed class TwinTests
{
    private const int Limit = 20_000;

    [Fact(Timeout = Limit)]
    public async Task A_list_of_buffers_is_sent_and_received_with_a_token()
    {
        (Socket first, Socket second) = Socket.CreatePair();
        using (first)
        using (second)
        {
            byte[] one = new byte[2];
            byte[] two = new byte[8];
            ValueTask<int> receive = second.ReceiveAsync([one, two], SocketFlags.None, TestContext.Current.CancellationToken);
            Assert.Equal(5, await first.SendAsync([new byte[] { 1, 2 }, new byte[] { 3, 4, 5 }], SocketFlags.None, CancellationToken.None));
            Assert.Equal(5, await receive);
            Assert.Equal([1, 2], one);
            Assert.Equal([3, 4, 5], two[..3]);

            using var source = new CancellationTokenSource();
            ValueTask<SocketResult<int>> canceled = second.TryReceiveAsync([one, two], SocketFlags.None, source.Token);
            ValueTask<int> thrown = second.ReceiveAsync([one, two], SocketFlags.None, source.Token);
            await source.CancelAsync();
            Assert.Equal(SocketError.OperationAborted, (await canceled).Error);
            OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await thrown);
            Assert.Equal(source.Token, exception.CancellationToken);
            Assert.Equal(1, (await first.TrySendAsync([new byte[1]])).Value);
            Assert.Equal(1, (await second.TryReceiveAsync([one, two])).Value);
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_senders_address_comes_without_an_end_point(bool sync)
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        SocketAddress to = receiver.LocalEndPoint!.Serialize();
        var from = new SocketAddress(AddressFamily.InterNetwork);
        byte[] buffer = new byte[3];
        SocketResult<int> sent = sync ? sender.TrySendTo("abc"u8, to) : await sender.TrySendToAsync("abc"u8.ToArray(), to);
        Assert.Equal(3, sent.Value);
        SocketResult<int> received = sync ? receiver.TryReceiveFrom(buffer, from) : await receiver.TryReceiveFromAsync(buffer, from);
        Assert.Equal(3, received.Value);
        Assert.Equal("abc"u8, buffer);
        Assert.Equal(sender.LocalEndPoint, new IPEndPoint(IPAddress.Any, 0).Create(from));

        // A cut message has a sender too.
        from.Buffer.Span.Clear();
        sender.SendTo("abcdef"u8, SocketFlags.None, to);
        received = sync ? receiver.TryReceiveFrom(buffer, from) : await receiver.TryReceiveFromAsync(buffer, from);
        Assert.Equal((SocketError.MessageSize, 3, 3), (received.Error, received.BytesTransferred, received.BytesLost));
        Assert.Equal(sender.LocalEndPoint, new IPEndPoint(IPAddress.Any, 0).Create(from));

        receiver.Timeout = TimeSpan.FromMilliseconds(20);
        received = sync ? receiver.TryReceiveFrom(buffer, from) : await receiver.TryReceiveFromAsync(buffer, from);
        Assert.Equal(SocketError.TimedOut, received.Error);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_with_its_information_is_a_value(bool sync)
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        var any = new IPEndPoint(IPAddress.Any, 0);
        receiver.Timeout = TimeSpan.FromMilliseconds(20);
        byte[] buffer = new byte[3];
        SocketResult<SocketReceiveMessageFromResult> nothing =
            sync ? receiver.TryReceiveMessageFrom(buffer, any) : await receiver.TryReceiveMessageFromAsync(buffer, any);
        Assert.Equal(SocketError.TimedOut, nothing.Error);
        receiver.Timeout = null;
        sender.SendTo("abcdef"u8, receiver.LocalEndPoint!);
        SocketReceiveMessageFromResult message =
            (sync ? receiver.TryReceiveMessageFrom(buffer, any) : await receiver.TryReceiveMessageFromAsync(buffer, any)).Value;
        Assert.Equal(3, message.ReceivedBytes);
        Assert.Equal(SocketFlags.Truncated, message.SocketFlags);
        Assert.Equal(sender.LocalEndPoint, message.RemoteEndPoint);
        Assert.Equal(IPAddress.Loopback, message.PacketInformation.Address);
    }

    [Fact]
    public void The_kernel_is_asked_for_both_ends()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal(new IPEndPoint(IPAddress.Any, 0), socket.TryGetLocalEndPoint().Value);
        Assert.Equal(SocketError.NotConnected, socket.TryGetRemoteEndPoint().Error);
        Assert.Equal(SocketError.NotConnected, socket.TryDisconnect(reuseSocket: false).Error);
        using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Connect(listener.LocalEndPoint!);
        Assert.Equal(listener.LocalEndPoint, socket.TryGetRemoteEndPoint().Value);
        Assert.True(socket.TryDisconnect(reuseSocket: true).IsSuccess);
        Assert.False(socket.Connected);
    }

    [Fact]
    public void Options_and_requests_fail_as_values()
    {
        (Socket first, Socket second) = Socket.CreatePair();
        using (first)
        using (second)
        {
            first.Send("abc"u8);
            Assert.Equal(3, second.TryGetAvailable().Value);
            Assert.True(first.TryGetUnsentBytes().Value > 0);
            byte[] answer = new byte[4];
            const int Fionread = 0x541B;
            Assert.Equal(4, second.TryIOControl(Fionread, null, answer).Value);
            Assert.Equal(3, BitConverter.ToInt32(answer));
            Assert.Equal(25, second.TryIOControl(0x1234, null, answer).Errno); // ENOTTY
            Assert.Equal(4, second.TryGetRawSocketOption(1, 3, answer).Value); // SO_TYPE
            Assert.Equal((int)SocketType.Stream, BitConverter.ToInt32(answer));
            Assert.Equal(SocketError.ProtocolOption, second.TryGetRawSocketOption(1, 9999, answer).Error);
            Assert.Equal(SocketError.ProtocolOption, second.TrySetRawSocketOption(1, 9999, answer).Error);
            Assert.True(second.TrySetRawSocketOption(1, 8, BitConverter.GetBytes(65_536)).IsSuccess); // SO_RCVBUF
        }

        using var listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(SocketError.InvalidArgument, listener.TryGetAvailable().Error);
    }

    [Fact(Timeout = Limit)]
    public async Task Select_is_a_value_and_a_failure_leaves_the_lists()
    {
        (Socket first, Socket second) = Socket.CreatePair();
        using (first)
        {
            first.Send([1]);
            var read = new List<Socket> { first, second };
            Assert.True(Socket.TrySelect(read, checkWrite: null, checkError: null, TimeSpan.Zero).IsSuccess);
            Assert.Equal([second], read);

            var waiting = new List<Socket> { first };
            Task<SocketResult> select = Task.Factory.StartNew(
                () => Socket.TrySelect(waiting, checkWrite: null, checkError: null, TimeSpan.FromSeconds(15)),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
            await Task.Delay(50, CancellationToken.None);
            first.Dispose();

            // Disposed before the wait began, it is an exception of the call's own.
            SocketError error = await select.ContinueWith(
                static task => task.IsFaulted ? SocketError.OperationAborted : task.Result.Error,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
            Assert.Equal(SocketError.OperationAborted, error);
            Assert.Equal([first], waiting);
            second.Dispose();
        }
    }

    private static Socket BoundUdp()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }
}
