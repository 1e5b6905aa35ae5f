using System.Net;
using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>The forms of the calls that no style has: several buffers, and a peer in the kernel's form.</summary>
public sealed class MessageFormTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task Several_buffers_take_a_message_in_each_form_of_the_call()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        byte[] memory = new byte[5];
        List<ArraySegment<byte>> buffers = [new(memory, 0, 2), new(memory, 2, 3)];
        var peer = new SocketAddress(AddressFamily.Unspecified, 128);
        for (int form = 0; form < 4; form++)
        {
            Array.Clear(memory);
            await sender.SendToAsync(new byte[] { 1, 2, 3, 4, 5, 6 }.AsMemory(), receiver.LocalEndPoint!);
            await receiver.WaitAsync(SocketEvents.Readable);
            ReceivedMessage message = form switch
            {
                0 => receiver.ReceiveMessage(buffers, peer: peer),
                1 => receiver.TryReceiveMessage(buffers, peer: peer).Value,
                2 => await receiver.ReceiveMessageAsync(buffers, peer: peer),
                _ => (await receiver.TryReceiveMessageAsync(buffers, peer: peer)).Value,
            };
            Assert.Equal((5, 1, true), (message.Length, message.BytesLost, message.IsTruncated));
            Assert.Equal([1, 2, 3, 4, 5], memory);
            Assert.Equal(sender.LocalEndPoint, message.Peer);
        }

        using var canceled = new CancellationTokenSource();
        await canceled.CancelAsync();
        Assert.Equal(SocketError.OperationAborted, (await receiver.TryReceiveMessageAsync(buffers, cancellationToken: canceled.Token)).Error);
    }

    [Fact(Timeout = Limit)]
    public async Task A_failure_names_the_peer_in_whichever_form_it_was_given()
    {
        using Socket sender = BoundUdp();
        var peer = new IPEndPoint(IPAddress.Loopback, 9);
        var tooLong = new byte[65_536];
        OutgoingMessage[] messages = [new(tooLong) { Peer = peer }, new(tooLong) { PeerAddress = peer.Serialize() }];
        foreach (OutgoingMessage message in messages)
        {
            SocketException failure = Assert.Throws<SocketException>(() => sender.SendMessage(message));
            Assert.Equal(SocketError.MessageSize, failure.SocketErrorCode);
            Assert.Contains("127.0.0.1:9", failure.Message);
            failure = await Assert.ThrowsAsync<SocketException>(async () => await sender.SendMessageAsync(message));
            Assert.Contains("127.0.0.1:9", failure.Message);
        }
    }
}
