using System.Net;
using System.Net.Sockets;

namespace ParityTests;

/// <summary>The calls that take a SocketAddress, to be reused from message to message.</summary>
public sealed class SocketAddressTests : SocketTest
{
    [Theory]
    [MemberData(nameof(InternetFamilies))]
    public void Sync_calls_fill_and_take_a_socket_address(AddressFamily family)
    {
        using Socket receiver = BoundUdp(family);
        using Socket sender = BoundUdp(family);
        SocketAddress target = receiver.LocalEndPoint!.Serialize();
        SocketAddress from = new(family);
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(i, sender.SendTo(new byte[i].AsSpan(), SocketFlags.None, target));
            Assert.Equal(i, receiver.ReceiveFrom(new byte[9].AsSpan(), SocketFlags.None, from));
            Assert.Equal(sender.LocalEndPoint!.Serialize(), from);
            Assert.Equal(sender.LocalEndPoint, new IPEndPoint(IPAddress.Any, 0).Create(from));
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task Async_calls_fill_and_take_a_socket_address(AddressFamily family)
    {
        using Socket receiver = BoundUdp(family);
        using Socket sender = BoundUdp(family);
        SocketAddress target = receiver.LocalEndPoint!.Serialize();
        SocketAddress from = new(family);
        for (int i = 1; i <= 3; i++)
        {
            Task<int> receive = receiver.ReceiveFromAsync(new byte[9].AsMemory(), SocketFlags.None, from).AsTask();
            Assert.Equal(i, await sender.SendToAsync(new byte[i].AsMemory(), SocketFlags.None, target));
            Assert.Equal(i, await receive.WaitAsync(Soon));
            Assert.Equal(sender.LocalEndPoint!.Serialize(), from);
        }
    }

    [Fact]
    public void A_larger_address_is_shortened_to_what_came()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        sender.SendTo([1], receiver.LocalEndPoint!);
        SocketAddress from = new(AddressFamily.InterNetworkV6);
        receiver.ReceiveFrom(new byte[9].AsSpan(), SocketFlags.None, from);
        Assert.Equal(16, from.Size);
        Assert.Equal(AddressFamily.InterNetwork, from.Family);
        Assert.Equal(sender.LocalEndPoint, new IPEndPoint(IPAddress.Any, 0).Create(from));
    }

    [Fact]
    public void A_unix_datagrams_sender_is_reported()
    {
        using Socket receiver = Unix(SocketType.Dgram);
        using Socket sender = Unix(SocketType.Dgram);
        receiver.Bind(new UnixDomainSocketEndPoint(FreshPath()));
        sender.Bind(new UnixDomainSocketEndPoint(FreshPath()));
        Assert.Equal(1, sender.SendTo(new byte[1].AsSpan(), SocketFlags.None, receiver.LocalEndPoint!.Serialize()));
        SocketAddress from = new(AddressFamily.Unix, 112);
        Assert.Equal(1, receiver.ReceiveFrom(new byte[9].AsSpan(), SocketFlags.None, from));
        Assert.Equal(sender.LocalEndPoint!.ToString(), new UnixDomainSocketEndPoint("/x").Create(from).ToString());
    }

    [Fact]
    public void Sending_to_an_address_of_another_family_is_refused()
    {
        using Socket sender = BoundUdp();
        Assert.ThrowsAny<SocketException>(() => { sender.SendTo(new byte[1].AsSpan(), SocketFlags.None, new IPEndPoint(IPAddress.IPv6Loopback, 9).Serialize()); });
    }
}
