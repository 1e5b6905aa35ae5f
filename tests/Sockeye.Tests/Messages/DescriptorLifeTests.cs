using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>What is sent is what was given, whatever becomes of its owner before the kernel has it.</summary>
public sealed class DescriptorLifeTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task A_socket_disposed_while_its_descriptor_waits_to_be_sent_stays_open_until_it_is()
    {
        (Socket sender, Socket receiver) = Socket.CreatePair();
        (Socket given, Socket peer) = Socket.CreatePair();
        using (sender)
        using (receiver)
        using (peer)
        {
            // The first send fills the buffer and waits; the second, with the descriptor, has not been tried.
            byte[] much = new byte[4_000_000];
            Task<int> first = sender.SendAsync(much.AsMemory()).AsTask();
            Task<int> second = sender.SendMessageAsync(new OutgoingMessage(new byte[] { 7 }) { Handles = [given.SafeHandle] }).AsTask();
            int number = (int)given.Handle;
            given.Dispose();

            // Its number is not free: whoever opens something now would be sent in its place.
            Assert.Contains(number, OpenDescriptors());
            await receiver.ReceiveExactlyAsync(much).AsTask().WaitAsync(Soon);
            byte[] buffer = new byte[8];
            using ReceivedMessage message = await receiver
                .ReceiveMessageAsync(buffer, new byte[SocketControl.HandlesSpace(1)]).AsTask().WaitAsync(Soon);
            Assert.Equal((1, 7), (message.Length, buffer[0]));
            Assert.Equal(much.Length, await first.WaitAsync(Soon));
            Assert.Equal(1, await second.WaitAsync(Soon));
            using var arrived = new Socket(Assert.Single(message.TakeHandles()));
            await peer.SendAsync(new byte[] { 42 }.AsMemory());
            Assert.Equal(1, await arrived.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon));
            Assert.Equal(42, buffer[0]);
        }
    }

    [Fact(Timeout = Limit)]
    public void A_view_of_a_disposed_socket_is_not_sent()
    {
        (Socket sender, Socket receiver) = Socket.CreatePair();
        using (sender)
        using (receiver)
        {
            (Socket given, Socket peer) = Socket.CreatePair();
            SafeSocketHandle view = given.SafeHandle;
            given.Dispose();
            peer.Dispose();
            Assert.Throws<ObjectDisposedException>(() => sender.SendMessage(new OutgoingMessage(new byte[1]) { Handles = [view] }));
        }
    }
}
