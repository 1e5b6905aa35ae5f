using System.Net;

namespace Sockeye.Tests.Options;

/// <summary>What a multipath TCP connection reports of itself and its subflows.</summary>
public sealed class MultipathTcpOptionTests
{
    [Fact]
    public void A_connection_reports_its_subflows()
    {
        using Socket? listener = OptionRows.TryOpen(SocketKinds.Mptcp, out string refusal);
        if (listener is null)
        {
            Assert.Skip($"No multipath TCP: {refusal}");
            return;
        }

        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Socket client = OptionRows.Open(SocketKinds.Mptcp);
        client.Connect(listener.LocalEndPoint!);
        using Socket server = listener.Accept();
        Assert.Equal(3, client.Send("abc"u8));
        byte[] buffer = new byte[8];
        Assert.Equal(3, server.Receive(buffer));

        MultipathTcpInformation information = server.GetOption(MultipathTcpOptions.Information);
        Assert.Equal(0, information.Subflows);
        Assert.False(information.FellBack);
        Assert.True(information.RemoteKeyReceived);
        Assert.NotEqual(0, information.Token);

        MultipathTcpAddresses addresses = Assert.Single(client.GetOption(MultipathTcpOptions.SubflowAddresses));
        Assert.Equal(client.LocalEndPoint, addresses.Local);
        Assert.Equal(listener.LocalEndPoint, addresses.Remote);

        TcpInformation tcp = Assert.Single(client.GetOption(MultipathTcpOptions.SubflowInformation));
        Assert.Equal(TcpState.Established, tcp.State);
        Assert.Equal(3u, tcp.BytesSent);
        Assert.InRange(tcp.Length, 232, 248);

        SocketResult<MultipathTcpDetails> details = client.TryGetOption(MultipathTcpOptions.Details);
        if (!details.TryGetValue(out MultipathTcpDetails? all))
        {
            Assert.True(Environment.OSVersion.Version < new Version(6, 5), details.ToString());
            return;
        }

        MultipathTcpSubflow subflow = Assert.Single(all.Subflows);
        Assert.Equal(addresses, subflow.Addresses);
        Assert.Equal(1, subflow.Id);
        Assert.Equal(TcpState.Established, subflow.Information.State);
        Assert.Equal(client.GetOption(MultipathTcpOptions.Information).Token, all.Information.Token);
        Assert.Equal(3u, all.Information.BytesSent);

        // As much as the kernel filled, and no more: the same structure of the same kernel, asked for in two ways.
        Assert.Equal(client.GetOption(MultipathTcpOptions.Information).Length, all.Information.Length);
    }
}
