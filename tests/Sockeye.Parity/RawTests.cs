using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public sealed class RawTests : SocketTest
{
    private static Socket? TryRaw(AddressFamily family, ProtocolType protocol)
    {
        try
        {
            return new Socket(family, SocketType.Raw, protocol);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            return null;
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_raw_socket_pings_loopback()
    {
        using Socket? raw = TryRaw(AddressFamily.InterNetwork, ProtocolType.Icmp);
        Assert.SkipWhen(raw is null, "raw sockets need CAP_NET_RAW (EACCES)");
        raw.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        byte[] request = [8, 0, 0, 0, 0x5a, 0x17, 0, 1, 1, 2, 3, 4];
        int sum = 0;
        for (int i = 0; i < request.Length; i += 2)
        {
            sum += (request[i] << 8) + request[i + 1];
        }

        sum = (sum & 0xffff) + (sum >> 16);
        request[2] = (byte)(~sum >> 8);
        request[3] = (byte)~sum;
        await raw.SendToAsync(request, new IPEndPoint(IPAddress.Loopback, 0));
        byte[] buffer = new byte[200];
        while (true)
        {
            SocketReceiveFromResult got = await raw.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon);
            int header = (buffer[0] & 15) * 4;
            if (buffer[header] == 0 && buffer[header + 4] == 0x5a && buffer[header + 5] == 0x17)
            {
                Assert.Equal(header + request.Length, got.ReceivedBytes);
                Assert.Equal(IPAddress.Loopback, ((IPEndPoint)got.RemoteEndPoint).Address);
                Assert.Equal(request[8..], buffer[(header + 8)..(header + 12)]);
                break;
            }
        }
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, ProtocolType.Tcp)]
    [InlineData(AddressFamily.InterNetwork, ProtocolType.Udp)]
    [InlineData(AddressFamily.InterNetwork, ProtocolType.Icmp)]
    [InlineData(AddressFamily.InterNetworkV6, ProtocolType.Tcp)]
    [InlineData(AddressFamily.InterNetworkV6, ProtocolType.Udp)]
    [InlineData(AddressFamily.InterNetworkV6, ProtocolType.IcmpV6)]
    public void A_raw_socket_is_made_or_denied(AddressFamily family, ProtocolType protocol)
    {
        using Socket? raw = TryRaw(family, protocol);
        if (raw is not null)
        {
            Assert.Equal(SocketType.Raw, raw.SocketType);
            Assert.Equal(protocol, raw.ProtocolType);
            using SafeSocketHandle view = new(raw.Handle, ownsHandle: false);
            using Socket copy = new(view);
            Assert.Equal(SocketType.Raw, copy.SocketType);
        }
    }

    [Fact]
    public void A_raw_socket_includes_its_header_when_asked()
    {
        using Socket? raw = TryRaw(AddressFamily.InterNetwork, ProtocolType.Udp);
        Assert.SkipWhen(raw is null, "raw sockets need CAP_NET_RAW (EACCES)");
        Assert.Equal(0, (int)raw.GetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded)!);
        raw.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
        Assert.Equal(1, (int)raw.GetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded)!);
    }
}
