// What stands between the marks is the example of docs/from-c.md, word for word; ExampleTests compares them.
// The namespace is a stranger's, so that names are found as a stranger's compiler finds them.

using System.Net;
using System.Net.Sockets;
using Sockeye;
using Socket = Sockeye.Socket;

namespace FromC;

[Collection("Console")]
public class FromCExampleTests
{
    [Fact(Timeout = 30_000)]
    public void A_datagram_with_a_hop_count()
    {
        using Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Timeout = TimeSpan.FromSeconds(10) };
        receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        // <example>
        byte[] control = new byte[IpControl.TimeToLive.Space()];            // CMSG_SPACE(sizeof(int))
        ControlWriter writer = new(control);
        writer.Add(IpControl.TimeToLive, 7);                                // cmsg_level, cmsg_type, CMSG_LEN, CMSG_DATA
        sender.SendMessage(new OutgoingMessage("ping"u8.ToArray())
        {
            Peer = receiver.LocalEndPoint,                                  // msg_name
            Control = control.AsMemory(0, writer.Written),                  // msg_control
        });

        receiver.SetOption(IpOptions.ReceiveTimeToLive, true);
        byte[] data = new byte[1500];
        byte[] room = new byte[256];
        SocketAddress peer = new(AddressFamily.InterNetwork);               // msg_name, used again and again
        using ReceivedMessage message = receiver.ReceiveMessage(data, room, peer);
        foreach (RawControlMessage one in message.Control)                  // CMSG_FIRSTHDR, CMSG_NXTHDR
        {
            if (one.TryGet(IpControl.TimeToLive, out int hops))
            {
                Console.WriteLine($"{message.Length} bytes of {message.Peer}, {hops} hops left, flags {message.Flags}");
            }
        }
        // </example>
        Assert.True(message.Control.TryGet(IpControl.TimeToLive, out int left));
        Assert.Equal(7, left);
        Assert.Equal(((IPEndPoint)sender.LocalEndPoint!).Port, ((IPEndPoint)message.Peer!).Port);
    }
}
