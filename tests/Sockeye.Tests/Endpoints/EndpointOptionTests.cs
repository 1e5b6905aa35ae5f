using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Endpoints;

/// <summary>Each option of a query: what getsockopt(2) then says, before bind and in what is accepted; and the document.</summary>
public sealed partial class EndpointOptionTests : SocketTest
{
    // Scheme, option, level, name, what the kernel has. The kernel doubles buffers.
    private static readonly (string Endpoint, string Option, int Level, int Name, int Value)[] Rows =
    [
        ("udp://127.0.0.1:0", "broadcast=1", 1, 6, 1),
        ("tcp://[::]:0", "dual_stack=1", 41, 26, 0),
        ("tcp://[::]:0", "dual_stack=0", 41, 26, 1),
        ("tcp://127.0.0.1:0", "free_bind=1", 0, 15, 1),
        ("tcp://[::1]:0", "free_bind=1", 0, 15, 1),
        ("tcp://127.0.0.1:0", "keep_alive=1", 1, 9, 1),
        ("mptcp://127.0.0.1:0", "keep_alive=1", 1, 9, 1),
        ("tcp://127.0.0.1:0", "keep_alive_count=7", 6, 6, 7),
        ("tcp://127.0.0.1:0", "keep_alive_interval=11s", 6, 5, 11),
        ("tcp://127.0.0.1:0", "keep_alive_time=2m", 6, 4, 120),
        ("tcp://127.0.0.1:0", "no_delay", 6, 1, 1),
        ("mptcp://127.0.0.1:0", "no_delay=1", 6, 1, 1),
        ("tcp://127.0.0.1:0", "priority=5", 1, 12, 5),
        ("unix:PATH", "priority=5", 1, 12, 5),
        ("tcp://127.0.0.1:0", "receive_buffer=16k", 1, 8, 32_768),
        ("unix-dgram:PATH", "send_buffer=16k", 1, 7, 32_768),
        ("tcp://127.0.0.1:0", "reuse_address=1", 1, 2, 1),
        ("udp://[::1]:0", "reuse_address=1", 1, 2, 1),
        ("tcp://127.0.0.1:0", "reuse_port=1", 1, 15, 1),
        ("tcp://127.0.0.1:0", "tos=0x10", 0, 1, 16),
        ("tcp://[::1]:0", "tos=0x10", 41, 67, 16),
        ("tcp://*:0", "tos=0x10", 0, 1, 16),
        ("udp://127.0.0.1:0", "ttl=3", 0, 2, 3),
        ("udp://[::1]:0", "ttl=3", 41, 16, 3),
        ("tcp://*:0", "ttl=3", 0, 2, 3),
        ("tcp://127.0.0.1:0", "user_timeout=1500ms", 6, 18, 1_500),
    ];

    // Tested elsewhere, or below by what it does.
    private static readonly string[] ByDeed = ["autobind", "backlog", "congestion", "defer_accept", "fast_open", "mark", "group", "interface", "linger", "mode", "source", "timeout", "unlink"];

    // What the kernel sets anew in a connection it accepts.
    private static readonly string[] NotInherited = ["dual_stack", "free_bind", "priority"];

    public static TheoryData<int, string> AllRows
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (int i = 0; i < Rows.Length; i++)
            {
                data.Add(i, $"{Rows[i].Endpoint} {Rows[i].Option}");
            }

            return data;
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllRows))]
    public async Task The_kernel_has_it(int index, string row)
    {
        var (text, option, level, name, value) = Rows[index];
        SocketUri endpoint = EndpointTrafficTests.Fresh(text + "?" + option);
        Assert.Equal(row, $"{text} {option}");
        using Socket fresh = endpoint.CreateSocket();
        Assert.Equal(value, Read(fresh, level, name));
        using Socket bound = endpoint.Bind();
        Assert.Equal(value, Read(bound, level, name));
        bound.Dispose();
        if (endpoint.SocketType == SocketType.Dgram)
        {
            return;
        }

        // A connection has it at both ends: the listener's reach what it accepts.
        using Socket listener = endpoint.Listen();
        Assert.Equal(value, Read(listener, level, name));
        EndPoint at = listener.LocalEndPoint is IPEndPoint { Address: var address, Port: var port } && address.Equals(IPAddress.IPv6Any)
            ? new IPEndPoint(IPAddress.IPv6Loopback, port)
            : listener.LocalEndPoint!;
        using Socket client = await endpoint.WithEndPoint(at).ConnectAsync().WaitAsync(Soon);
        Assert.Equal(value, Read(client, level, name));
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        if (!NotInherited.Contains(option.Split('=')[0]) && endpoint.AddressFamily != AddressFamily.Unix)
        {
            Assert.Equal(value, Read(server, level, name));
        }
    }

    [Theory]
    [InlineData("no_delay=1")]
    [InlineData("keep_alive=1")]
    [InlineData("linger=1s")]
    [InlineData("tos=0x10")]
    [InlineData("reuse_port=1")]
    [InlineData("receive_buffer=64k")]
    [InlineData("congestion=reno")]
    public void Multipath_TCP_has_it(string option)
    {
        using Socket socket = SocketUri.Parse("mptcp://127.0.0.1:0?" + option).CreateSocket();
        Assert.Contains("mptcp:// has no option", Assert.Throws<FormatException>(() => SocketUri.Parse("mptcp://127.0.0.1:0?ttl=3")).Message);
        Assert.Contains("mptcp:// has no option", Assert.Throws<FormatException>(() => SocketUri.Parse("mptcp://127.0.0.1:0?user_timeout=3s")).Message);
    }

    [Theory]
    [InlineData("unix:/x", "unix:/x?mode=0600")]
    [InlineData("unix:/x?mode=0660", "unix:/x?mode=0660")]
    [InlineData("unix:/x?unlink=1", "unix:/x?unlink=1&mode=0600")]
    public void A_default_gives_way_to_what_is_said(string text, string expected) =>
        Assert.Equal(expected, SocketUri.Parse(text).WithDefaultOption("mode", "0600").ToString());

    [Fact]
    public void A_congestion_control_that_is_not_there_is_said()
    {
        SocketException exception = Assert.Throws<SocketException>(SocketUri.Parse("tcp://127.0.0.1:0?congestion=nosuch").Listen);
        Assert.Contains("ENOENT: this kernel has none of that name; see /proc/sys/net/ipv4/tcp_available_congestion_control", exception.Message);
    }

    [Fact]
    public void Every_option_is_tested()
    {
        string[] tested = [.. Rows.Select(static row => row.Option.Split('=')[0]), .. ByDeed];
        Assert.Empty(SocketUri.KnownOptions.Select(static option => option.Name).Except(tested));
        Assert.Empty(tested.Except(SocketUri.KnownOptions.Select(static option => option.Name)));
    }

    [Fact]
    public void Linger_is_a_time_and_zero_resets()
    {
        using Socket socket = SocketUri.Parse("tcp://127.0.0.1:0?linger=2s").CreateSocket();
        Assert.Equal(TimeSpan.FromSeconds(2), socket.GetOption(SocketOptions.Linger));
        using Socket zero = SocketUri.Parse("tcp://127.0.0.1:0?linger=0s").CreateSocket();
        Assert.Equal(TimeSpan.Zero, zero.GetOption(SocketOptions.Linger));
    }

    [Fact]
    public void An_interface_is_bound_by_its_name()
    {
        using Socket socket = SocketUri.Parse("udp://127.0.0.1:0?interface=lo").Bind();
        Assert.Equal("lo", socket.GetOption(SocketOptions.BindToDevice));
    }

    [Fact(Timeout = Limit)]
    public async Task A_backlog_is_how_many_wait()
    {
        using Socket listener = SocketUri.Parse("tcp://127.0.0.1:0?backlog=0").Listen();
        SocketUri there = SocketUri.FromEndPoint(listener.LocalEndPoint!).WithOption("timeout", "100ms");
        using Socket first = await there.ConnectAsync();
        Assert.Equal(SocketError.TimedOut, (await there.TryConnectAsync()).Error);
    }

    [Theory(Timeout = Limit)]
    [InlineData("tcp://127.0.0.1:0", "127.0.0.2", "127.0.0.2")]
    [InlineData("udp://127.0.0.1:0", "127.0.0.2:0", "127.0.0.2")]
    public async Task A_source_is_bound_before_connecting(string text, string source, string expected)
    {
        SocketUri endpoint = SocketUri.Parse(text);
        using Socket there = endpoint.SocketType == SocketType.Stream ? endpoint.Listen() : endpoint.Bind();
        using Socket client = await endpoint.WithEndPoint(there.LocalEndPoint!).WithOption("source", source).ConnectAsync();
        Assert.Equal(expected, ((IPEndPoint)client.LocalEndPoint!).Address.ToString());
    }

    [Theory(Timeout = Limit)]
    [InlineData("udp://0.0.0.0:0?group=239.1.2.3%lo", "239.1.2.3")]
    [InlineData("udp://[::]:0?group=ff02::1234%lo", "ff02::1234")]
    public async Task A_group_is_joined(string text, string group)
    {
        using Socket member = SocketUri.Parse(text).Bind();
        IPAddress address = IPAddress.Parse(group);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            // A machine may have no route for IPv6 groups on lo: the kernel's list says who is a member.
            string members = await File.ReadAllTextAsync("/proc/net/igmp6");
            Assert.Contains($"lo              {Convert.ToHexStringLower(address.GetAddressBytes())}", members);
            return;
        }

        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.SetOption(IpOptions.MulticastInterfaceIndex, 1);
        sender.SendTo("hello"u8, new IPEndPoint(address, PortOf(member)));
        Assert.Equal(5, await member.ReceiveAsync(new byte[10]).WaitAsync(Soon));
    }

    [Fact]
    public void What_is_TCPs_own_is_set_where_it_belongs()
    {
        SocketUri endpoint = SocketUri.Parse("tcp://127.0.0.1:0?congestion=reno&defer_accept=5s&fast_open=1");
        using Socket listener = endpoint.Listen();
        Assert.Equal("reno", listener.GetOption(TcpOptions.CongestionControl));
        Assert.Equal(TimeSpan.FromSeconds(7), listener.GetOption(TcpOptions.DeferAccept)); // 5 s are three tries: 1 + 2 + 4
        Assert.Equal(256, listener.GetOption(TcpOptions.FastOpen));
        using Socket client = endpoint.WithEndPoint(listener.LocalEndPoint!).Connect();
        Assert.True(client.GetOption(TcpOptions.FastOpenConnect));
        Assert.Equal(TimeSpan.Zero, client.GetOption(TcpOptions.DeferAccept));
    }

    [Fact]
    public void A_mark_is_set_by_those_who_may()
    {
        SocketResult<Socket> bound = SocketUri.Parse("udp://127.0.0.1:0?mark=0x1f").TryBind();
        if (bound.Errno == Interop.Errno.EPERM)
        {
            Assert.Contains("CAP_NET_ADMIN", Assert.Throws<SocketException>(() => SocketUri.Parse("udp://127.0.0.1:0?mark=0x1f").Bind()).Message);
            return;
        }

        using Socket socket = bound.Value;
        Assert.Equal(0x1F, socket.GetOption(SocketOptions.Mark));
    }

    [Fact]
    public void A_netlink_group_is_joined()
    {
        using Socket member = SocketUri.Parse("netlink:route?group=1&group=3").Bind();
        Assert.Equal(0b101u, ((NetlinkEndPoint)member.LocalEndPoint!).Groups);
    }

    [Fact(Timeout = Limit)]
    public async Task An_autobound_client_can_be_answered()
    {
        SocketUri there = SocketUri.Parse($"unix-dgram:{FreshPath()}");
        using Socket server = there.Bind();
        using Socket client = there.WithOption("autobind", "1").Connect();
        await client.SendAsync("hello"u8.ToArray()).WaitAsync(Soon);
        SocketReceiveFromResult received = await server.ReceiveFromAsync(new byte[10], server.LocalEndPoint!).WaitAsync(Soon);
        await server.SendToAsync("there"u8.ToArray(), SocketFlags.None, received.RemoteEndPoint).WaitAsync(Soon);
        Assert.Equal(5, await client.ReceiveAsync(new byte[10]).WaitAsync(Soon));
    }

    [Fact]
    public void Options_that_the_other_verbs_need_are_passed_over()
    {
        using Socket listener = SocketUri.Parse("tcp://127.0.0.1:0?source=127.0.0.2").Listen();
        using Socket client = SocketUri.FromEndPoint(listener.LocalEndPoint!).WithOption("backlog", "5").Connect();
    }

    [Fact]
    public void The_document_has_the_tables_of_the_code()
    {
        string document = File.ReadAllText(Path.Combine(Repository(), "docs/endpoints.md"));
        string[] cells(string heading) => [.. Row().Matches(document.Split(heading)[1].Split("\n## ")[0]).Select(static match => match.Value).Skip(1)];
        Assert.Equal(
            SocketUri.Schemes.Select(static scheme => $"| `{scheme.Prefix}` | `{scheme.Example}` | {scheme.Summary} |"),
            cells("## Schemes"));
        Assert.Equal(
            SocketUri.KnownOptions.Select(static option => $"| `{option.Name}` | {option.ValueSummary} | {option.Summary} | {Takers(option)} |"),
            cells("## Options"));
    }

    // For whom, as briefly as it can be said.
    private static string Takers(SocketUriOption option)
    {
        string[] names = [.. SocketUri.Schemes.Where(option.AppliesTo).Select(static scheme => scheme.Name)];
        return names.Length == SocketUri.Schemes.Count ? "all" : string.Join(", ", names);
    }

    private static string Repository()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sockeye.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder!;
    }

    private static int Read(Socket socket, int level, int name)
    {
        Span<byte> value = stackalloc byte[4];
        socket.GetRawSocketOption(level, name, value);
        return BitConverter.ToInt32(value);
    }

    [GeneratedRegex(@"^\| .*\|$", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Row();
}
