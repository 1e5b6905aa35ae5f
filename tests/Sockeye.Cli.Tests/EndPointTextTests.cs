using System.Net;
using System.Net.Sockets;

namespace Sockeye.Cli.Tests;

public sealed class EndPointTextTests
{
    [Theory]
    [InlineData("127.0.0.1:7000", "127.0.0.1:7000")]
    [InlineData("127.0.0.1", "127.0.0.1:6667")]
    [InlineData("tcp://127.0.0.1:7000", "127.0.0.1:7000")]
    [InlineData("[::1]:7000", "[::1]:7000")]
    [InlineData("[::1]", "[::1]:6667")]
    [InlineData("tcp://[::1]:0", "[::1]:0")]
    public void Addresses_are_read(string text, string expected)
    {
        Assert.True(EndPointText.TryParse(text, 6667, out EndPointText? endPoint, out string problem), problem);
        Assert.Equal(IPEndPoint.Parse(expected), endPoint!.EndPoint);
    }

    [Fact]
    public void A_host_is_resolved_later()
    {
        Assert.True(EndPointText.TryParse("localhost:7000", 6667, out EndPointText? endPoint, out _));
        Assert.Equal(new DnsEndPoint("localhost", 7000), endPoint!.EndPoint);
    }

    [Fact]
    public void A_path_is_a_unix_socket()
    {
        Assert.True(EndPointText.TryParse("unix:/tmp/a b", 6667, out EndPointText? endPoint, out _));
        Assert.Equal("/tmp/a b", Assert.IsType<UnixDomainSocketEndPoint>(endPoint!.EndPoint).ToString());
    }

    [Theory]
    [InlineData("", 0, "an address is missing")]
    [InlineData("tcp://", 6, "an address is missing")]
    [InlineData("udp://1.2.3.4:5", 0, "not spoken here")]
    [InlineData("127.0.0.1:", 10, "a port is missing")]
    [InlineData("127.0.0.1:66000", 10, "at most 65535")]
    [InlineData("127.0.0.1:99999999999", 10, "at most 65535")]
    [InlineData("127.0.0.1:6x", 11, "a port is a number")]
    [InlineData(":6667", 0, "missing before the port")]
    [InlineData("6667", 0, "four parts")]
    [InlineData("1.2.3.400:1", 0, "no IPv4 address")]
    [InlineData("::1:6667", 0, "in brackets")]
    [InlineData("[::1:6667", 9, "closing ]")]
    [InlineData("[::1]6667", 5, "comes : and the port")]
    [InlineData("[127.0.0.1]:1", 1, "an IPv6 address")]
    [InlineData("exa mple:1", 3, "in no host name")]
    [InlineData("unix:", 5, "a path is missing")]
    public void A_bad_address_is_pointed_at_and_a_right_one_shown(string text, int at, string expected)
    {
        Assert.False(EndPointText.TryParse(text, 6667, out _, out string problem));
        string[] lines = problem.Split('\n');
        Assert.Contains(expected, lines[0]);
        Assert.Equal("    " + text, lines[1]);
        Assert.Equal(4 + at, lines[2].IndexOf('^'));
        Assert.Contains("127.0.0.1:6667", lines[3]);
    }
}
