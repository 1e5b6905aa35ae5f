using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Endpoints;

/// <summary>How a verb of an endpoint is called.</summary>
public enum VerbStyle
{
    Sync,
    Try,
    Async,
    TryAsync,
}

/// <summary>Sockets made of endpoint strings carry bytes, in every call style, with python3 as a stranger at the other end.</summary>
public sealed class EndpointTrafficTests : SocketTest
{
    // A label has 63 bytes at most: found to be no name without asking a name server, which this machine may not have.
    private static readonly string NoHost = new string('x', 64) + ".invalid";

    private static readonly VerbStyle[] Styles = [VerbStyle.Sync, VerbStyle.Try, VerbStyle.Async, VerbStyle.TryAsync];

    public static TheoryData<string, VerbStyle> Streams
    {
        get
        {
            var data = new TheoryData<string, VerbStyle>();
            foreach (string text in new[] { "tcp://127.0.0.1:0", "tcp://[::1]:0", "tcp://localhost:0", "tcp4://localhost:0", "mptcp://127.0.0.1:0", "mptcp://[::1]:0", "unix:PATH", "unix:PATH%20%C3%A4b", "unix:@sockeye-PATH", "unix-seqpacket:PATH" })
            {
                foreach (VerbStyle style in Styles)
                {
                    data.Add(text, style);
                }
            }

            return data;
        }
    }

    public static TheoryData<string, VerbStyle> Datagrams
    {
        get
        {
            var data = new TheoryData<string, VerbStyle>();
            foreach (string text in new[] { "udp://127.0.0.1:0", "udp://[::1]:0", "udp://localhost:0", "udplite://127.0.0.1:0", "unix-dgram:PATH", "unix-dgram:@sockeye-PATH" })
            {
                foreach (VerbStyle style in Styles)
                {
                    data.Add(text, style);
                }
            }

            return data;
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Streams))]
    public async Task A_listener_and_a_connection_carry_bytes(string text, VerbStyle style)
    {
        SocketUri endpoint = Fresh(text);
        using Socket listener = await Made(endpoint, SocketUriUse.Listen, style);
        SocketUri there = endpoint.WithEndPoint(listener.LocalEndPoint!);
        Assert.Equal(endpoint.SocketType, listener.SocketType);
        Assert.Equal(endpoint.ProtocolType, listener.ProtocolType);
        Assert.Equal(there, SocketUri.Parse(there.ToString()));

        using Socket client = await Made(there, SocketUriUse.Connect, style);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        await client.SendAllAsync("hello"u8.ToArray()).AsTask().WaitAsync(Soon);
        byte[] buffer = new byte[10];
        Assert.Equal(5, await server.ReceiveAsync(buffer).WaitAsync(Soon));
        await server.SendAllAsync(buffer.AsMemory(0, 5)).AsTask().WaitAsync(Soon);
        Assert.Equal(5, await client.ReceiveAsync(buffer).WaitAsync(Soon));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Datagrams))]
    public async Task A_bound_socket_and_a_connected_one_carry_datagrams(string text, VerbStyle style)
    {
        SocketUri endpoint = Fresh(text);
        using Socket bound = await Made(endpoint, SocketUriUse.Bind, style);
        SocketUri there = endpoint.WithEndPoint(bound.LocalEndPoint!);
        if (endpoint.Scheme.Name == "unix-dgram")
        {
            there = there.WithOption("source", $"@{Path.GetRandomFileName()}"); // to be answered it needs a name
        }

        using Socket client = await Made(there, SocketUriUse.Connect, style);
        await client.SendAsync("hello"u8.ToArray()).WaitAsync(Soon);
        byte[] buffer = new byte[10];
        SocketReceiveFromResult received = await bound.ReceiveFromAsync(buffer, bound.LocalEndPoint!).WaitAsync(Soon);
        Assert.Equal(5, received.ReceivedBytes);
        await bound.SendToAsync(buffer.AsMemory(0, 5), SocketFlags.None, received.RemoteEndPoint).AsTask().WaitAsync(Soon);
        Assert.Equal(5, await client.ReceiveAsync(buffer).WaitAsync(Soon));
    }

    [Theory(Timeout = Limit)]
    [InlineData("tcp://127.0.0.1:0", "socket.create_connection(('127.0.0.1', PORT))")]
    [InlineData("tcp://*:0", "socket.create_connection(('127.0.0.1', PORT))")]
    [InlineData("tcp://*:0", "socket.create_connection(('::1', PORT))")]
    [InlineData("unix:PATH%20%F0%9F%90%9F%FF?mode=0600", "connected(socket.AF_UNIX, socket.SOCK_STREAM, LOCAL)")]
    [InlineData("unix:@sockeye-PATH%00x", "connected(socket.AF_UNIX, socket.SOCK_STREAM, LOCAL)")]
    [InlineData("unix-seqpacket:PATH", "connected(socket.AF_UNIX, socket.SOCK_SEQPACKET, LOCAL)")]
    public async Task Python_connects_to_a_listener(string text, string connect)
    {
        const string Program = """
            import socket, sys
            PORT, LOCAL = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
            def connected(family, kind, address):
                s = socket.socket(family, kind)
                s.connect(address)
                return s
            s = CONNECT
            s.settimeout(10)
            s.sendall(b"hello")
            print(s.recv(10).decode())
            """;
        SocketUri endpoint = Fresh(text);
        using Socket listener = endpoint.Listen();
        string path = listener.LocalEndPoint is UnixEndPoint unix
            ? Convert.ToHexString(unix.IsPath ? unix.PathBytes().Span : [0, .. unix.AbstractName().Span])
            : "";
        using Process python = Python(Program.Replace("CONNECT", connect, StringComparison.Ordinal), $"{(listener.LocalEndPoint as IPEndPoint)?.Port ?? 0}", path);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        byte[] buffer = new byte[10];
        int count = await server.ReceiveAsync(buffer).WaitAsync(Soon);
        await server.SendAllAsync(buffer.AsMemory(0, count)).AsTask().WaitAsync(Soon);
        await AssertSays("hello\n", python);
    }

    [Fact(Timeout = Limit)]
    public async Task A_socket_of_the_parent_is_taken_by_its_descriptor()
    {
        // Within one process, by a descriptor without close-on-exec, as an inherited one has none. The tool's tests have
        // a parent that really opens it.
        using Socket listener = SocketUri.Parse("tcp://127.0.0.1:0").Listen();
        int number = Inherited(listener);
        using Socket taken = SocketUri.Parse($"fd:{number}?backlog=5&timeout=5s").Listen();
        Assert.Equal(TimeSpan.FromSeconds(5), taken.Timeout);
        Assert.Equal(number, (int)taken.Handle);
        Assert.Equal(listener.LocalEndPoint, taken.LocalEndPoint);
        using Socket client = SocketUri.FromEndPoint(taken.LocalEndPoint!).Connect();
        using Socket server = await taken.AcceptAsync().WaitAsync(Soon);

        // What is taken is taken once.
        SocketException again = Assert.Throws<SocketException>(() => SocketUri.Parse($"fd:{number}").Listen());
        Assert.Contains($"take fd:{number}: EBADF: this descriptor has an owner in this process", again.Message);

        int connected = Inherited(client);
        using Socket same = await SocketUri.Parse($"fd:{connected}").ConnectAsync();
        Assert.True(same.Connected);
        await same.SendAllAsync("hello"u8.ToArray()).AsTask().WaitAsync(Soon);
        Assert.Equal(5, await server.ReceiveAsync(new byte[10]).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task A_bound_socket_of_the_parent_begins_to_listen()
    {
        using Socket bound = SocketUri.Parse("tcp://127.0.0.1:0").Bind();
        using Socket taken = SocketUri.Parse($"fd:{Inherited(bound)}").Listen();
        using Socket client = await SocketUri.FromEndPoint(taken.LocalEndPoint!).ConnectAsync();
    }

    [Fact]
    public void What_is_no_socket_is_not_taken()
    {
        SocketException none = Assert.Throws<SocketException>(() => SocketUri.Parse("fd:1000000").Listen());
        Assert.Equal("take fd:1000000: EBADF: this process was started without that descriptor", none.Message);
        using var file = File.OpenHandle("/dev/null");
        int number = (int)file.DangerousGetHandle();
        SocketException wrong = Assert.Throws<SocketException>(() => SocketUri.Parse($"fd:{number}").Listen());
        Assert.Equal($"take fd:{number}: ENOTSOCK: this descriptor is no socket", wrong.Message);
        Assert.Equal(Errno.ENOTSOCK, SocketUri.Parse($"fd:{number}").TryConnect().Errno);
    }

    [Theory(Timeout = Limit)]
    [InlineData(VerbStyle.Sync)]
    [InlineData(VerbStyle.Try)]
    [InlineData(VerbStyle.Async)]
    [InlineData(VerbStyle.TryAsync)]
    public async Task A_failure_names_the_call_the_address_and_the_cause(VerbStyle style)
    {
        SocketUri nobody = SocketUri.FromEndPoint(NobodyThere(AddressFamily.InterNetwork));
        Assert.Equal($"connect {nobody.EndPoint}: ECONNREFUSED: nothing listens there", await Failure(nobody, SocketUriUse.Connect, style, SocketError.ConnectionRefused));

        int port = ((IPEndPoint)nobody.EndPoint!).Port;
        string byName = await Failure(SocketUri.Parse($"tcp4://localhost:{port}"), SocketUriUse.Connect, style, SocketError.ConnectionRefused);
        Assert.StartsWith($"connect localhost:{port}: 1 address tried: 127.0.0.1:{port}: ECONNREFUSED", byName);

        Assert.Contains(": udp:// sockets do not listen", await Failure(SocketUri.Parse("udp://127.0.0.1:0"), SocketUriUse.Listen, style, SocketError.OperationNotSupported));
        Assert.StartsWith($"connect {NoHost}:1", await Failure(SocketUri.Parse($"tcp://{NoHost}:1"), SocketUriUse.Connect, style, SocketError.HostNotFound));
        Assert.StartsWith($"resolve {NoHost}:1", await Failure(SocketUri.Parse($"tcp://{NoHost}:1"), SocketUriUse.Listen, style, SocketError.HostNotFound));

        using Socket taken = Listener();
        Assert.StartsWith($"bind {taken.LocalEndPoint}: EADDRINUSE", await Failure(SocketUri.FromEndPoint(taken.LocalEndPoint!), SocketUriUse.Bind, style, SocketError.AddressAlreadyInUse));
        Assert.Equal(
            "setsockopt for interface=nosuch0 at 127.0.0.1:0: ENODEV: this machine has no such network interface",
            await Failure(SocketUri.Parse("tcp://127.0.0.1:0?interface=nosuch0"), SocketUriUse.Listen, style, null));
        Assert.Equal(
            "setsockopt for interface=nosuch0 at 127.0.0.1:1: ENODEV: this machine has no such network interface",
            await Failure(SocketUri.Parse("tcp://127.0.0.1:1?interface=nosuch0"), SocketUriUse.Connect, style, null));
        Assert.Equal(
            $"bind {taken.LocalEndPoint}: EADDRINUSE: another socket is bound there; see which with: ss -ltnup",
            await Failure(nobody.WithOption("source", taken.LocalEndPoint!.ToString()!), SocketUriUse.Connect, style, SocketError.AddressAlreadyInUse));
    }

    [Fact(Timeout = Limit)]
    public async Task The_timeout_limits_connecting_and_stays_with_the_socket()
    {
        using Pair silent = await Silent();
        SocketUri endpoint = SocketUri.FromEndPoint(silent.Server.LocalEndPoint!).WithOption("timeout", "100ms");
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(SocketError.TimedOut, endpoint.TryConnect().Error);
        Assert.Equal(SocketError.TimedOut, (await endpoint.TryConnectAsync()).Error);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(150), Soon);

        using Socket listener = Listener();
        using Socket client = await SocketUri.FromEndPoint(listener.LocalEndPoint!).WithOption("timeout", "50ms").ConnectAsync();
        Assert.Equal(TimeSpan.FromMilliseconds(50), client.Timeout);
        Assert.Equal(SocketError.TimedOut, (await client.TryReceiveAsync(new byte[1])).Error);
    }

    [Fact(Timeout = Limit)]
    public async Task A_trace_records_lookups_and_attempts()
    {
        using Socket listener = Listener();
        SocketUri name = SocketUri.Parse($"tcp4://localhost:{PortOf(listener)}?no_delay=1");
        var trace = new ConnectionTrace();
        using Socket sync = await Run(() => name.Connect(trace));
        Assert.True(sync.NoDelay);
        Assert.Equal(listener.LocalEndPoint, Assert.Single(trace.Attempts).EndPoint);
        Assert.NotEmpty(trace.Lookups);
        using Socket async = await name.ConnectAsync(trace).WaitAsync(Soon);
        Assert.Equal(ConnectionOutcome.Succeeded, Assert.Single(trace.Attempts).Outcome);
        Assert.True((await name.TryConnectAsync(trace).WaitAsync(Soon)).Value.NoDelay);
    }

    [Fact(Timeout = Limit)]
    public async Task A_token_ends_connecting()
    {
        using Pair silent = await Silent();
        SocketUri endpoint = SocketUri.FromEndPoint(silent.Server.LocalEndPoint!);
        using var soon = new CancellationTokenSource(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endpoint.ConnectAsync(soon.Token));
        Assert.Equal(SocketError.OperationAborted, (await endpoint.TryConnectAsync(soon.Token)).Error);
        Assert.Equal(SocketError.OperationAborted, (await endpoint.TryListenAsync(soon.Token)).Error);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endpoint.BindAsync(soon.Token));
    }

    [Fact]
    public void Every_address_takes_both_kinds_and_an_IPv6_address_its_own()
    {
        using Socket both = SocketUri.Parse("tcp://*:0").Listen();
        int port = ((IPEndPoint)both.LocalEndPoint!).Port;
        using Socket four = SocketUri.Parse($"tcp://127.0.0.1:{port}").Connect();
        using Socket six = SocketUri.Parse($"tcp://[::1]:{port}").Connect();
        using Socket own = SocketUri.Parse("tcp://[::]:0").Listen();
        Assert.Equal(SocketError.ConnectionRefused, SocketUri.Parse($"tcp://127.0.0.1:{((IPEndPoint)own.LocalEndPoint!).Port}").TryConnect().Error);
    }

    [Fact(Timeout = Limit)]
    public async Task A_name_may_be_dual_stack_and_lead_to_an_IPv4_address()
    {
        // localhost's first address is ::1 or 127.0.0.1, as the machine has it.
        using Socket listener = SocketUri.Parse("tcp://localhost:0?dual_stack=1").Listen();
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using Socket client = await SocketUri.Parse($"tcp://localhost:{port}?dual_stack=1").ConnectAsync().WaitAsync(Soon);
        Assert.All(SocketUri.Parse("tcp://localhost:80?dual_stack=1").Resolve(), static one => Assert.Equal(one, SocketUri.Parse(one.ToString())));
        using Socket four = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.True(SocketUriOption.DualStack.Apply!(four, true, SocketUriUse.Listen).IsSuccess);
    }

    [Fact]
    public async Task A_name_is_resolved_to_endpoints_with_the_same_options()
    {
        SocketUri name = SocketUri.Parse("tcp4://localhost:80?no_delay=1");
        Assert.Equal(["tcp4://127.0.0.1:80?no_delay=1"], name.Resolve().Select(static endpoint => endpoint.ToString()));
        Assert.Equal(name.Resolve(), await name.ResolveAsync());
        SocketUri address = SocketUri.Parse("unix:/x");
        Assert.Same(address, Assert.Single(await address.ResolveAsync()));
        Assert.Same(address, Assert.Single(address.Resolve()));
        Assert.Throws<SocketException>(SocketUri.Parse($"tcp://{NoHost}:1").Resolve);
        Assert.Throws<InvalidOperationException>(SocketUri.Parse("tcp://localhost:1").CreateSocket);
        using Socket socket = name.CreateSocket();
        Assert.True(socket.NoDelay);
        Assert.False(socket.IsBound);
    }

    // ── other families ──

    [Fact(Timeout = Limit)]
    public async Task The_kernel_answers_at_netlink()
    {
        foreach (VerbStyle style in Styles)
        {
            using Socket socket = await Made(SocketUri.Parse("netlink:route?timeout=5s"), SocketUriUse.Connect, style);

            // RTM_GETLINK, a dump; struct nlmsghdr and struct rtgenmsg.
            byte[] ask = new byte[20];
            BitConverter.TryWriteBytes(ask, ask.Length);
            BitConverter.TryWriteBytes(ask.AsSpan(4), (ushort)18);
            BitConverter.TryWriteBytes(ask.AsSpan(6), (ushort)0x301);
            await socket.SendAsync(ask).WaitAsync(Soon);
            byte[] answer = new byte[65_536];
            int count = await socket.ReceiveAsync(answer).WaitAsync(Soon);
            Assert.True(count > 16 && BitConverter.ToUInt16(answer, 4) == 16, "This is no RTM_NEWLINK.");
            Assert.True(answer.AsSpan(0, count).IndexOf("lo\0"u8) > 0, "There is no lo.");
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("packet:lo", 14 + 20 + 8)]
    [InlineData("packet:lo/0800", 14 + 20 + 8)]
    [InlineData("packet-dgram:lo/0800", 20 + 8)]
    public async Task Frames_of_lo_are_received(string text, int headers)
    {
        SocketResult<Socket> opened = SocketUri.Parse(text).TryBind();
        if (opened.Errno is Errno.EPERM or Errno.EACCES)
        {
            Assert.Skip($"packet sockets need CAP_NET_RAW: {opened}");
        }

        using Socket packets = opened.Value;
        using Socket receiver = BoundUdp();
        using Socket sender = SocketUri.FromEndPoint(receiver.LocalEndPoint!, SocketType.Dgram).Connect();
        byte[] word = Bytes(32, seed: 5);
        byte[] frame = new byte[128 * 1024];
        int count;
        do
        {
            // Others use lo too: their frames have up to 64 KiB behind the header, and may have left no room for the last word.
            await sender.SendAsync(word).WaitAsync(Soon);
            count = await packets.ReceiveAsync(frame).WaitAsync(Soon);
        }
        while (count != headers + word.Length || !frame.AsSpan(headers, word.Length).SequenceEqual(word));
    }

    [Theory]
    [InlineData("tipc://1000:1", "modprobe tipc")]
    [InlineData("vsock://*:*", "modprobe")]
    [InlineData("can://*", "modprobe")]
    [InlineData("sctp://127.0.0.1:0", "modprobe sctp")]
    public void A_family_that_this_kernel_lacks_says_so(string text, string advice)
    {
        SocketUri endpoint = SocketUri.Parse(text);
        SocketResult<Socket> result = endpoint.TryBind();
        if (result.TryGetValue(out Socket? socket))
        {
            // It has it.
            using (socket)
            {
                Assert.Equal(endpoint.AddressFamily, socket.LocalEndPoint!.AddressFamily);
            }

            return;
        }

        Assert.Contains(advice, Assert.Throws<SocketException>(() => endpoint.Bind()).Message);
    }

    // ── socket files ──

    [Fact(Timeout = Limit)]
    public async Task A_dead_servers_file_is_replaced_when_asked()
    {
        string path = FreshPath();
        await MakeStale(path);
        Assert.Equal(SocketError.AddressAlreadyInUse, SocketUri.Parse($"unix:{path}").TryListen().Error);
        foreach (string scheme in new[] { "unix", "unix-seqpacket" })
        {
            using Socket listener = SocketUri.Parse($"{scheme}:{path}?unlink=1").Listen();
            using Socket client = SocketUri.Parse($"{scheme}:{path}").Connect();
            Assert.Contains("another program listens there", Assert.Throws<SocketException>(() => SocketUri.Parse($"{scheme}:{path}?unlink=1").Listen()).Message);
        }

        await MakeStale(path);
        using Socket bound = SocketUri.Parse($"unix-dgram:{path}?unlink=1").Bind();
    }

    [Theory]
    [InlineData("unix")]
    [InlineData("unix-dgram")]
    [InlineData("unix-seqpacket")]
    public void A_file_in_use_or_of_another_kind_is_left_alone(string scheme)
    {
        string path = FreshPath();
        try
        {
            // Bound, and not listening: connect(2) of the same type would be refused, and it is alive all the same.
            foreach (SocketType type in new[] { SocketType.Stream, SocketType.Dgram, SocketType.Seqpacket })
            {
                using Socket bound = Unix(type);
                bound.Bind(new UnixDomainSocketEndPoint(path));
                AssertKept("another program listens there, or is bound to it");
            }

            File.WriteAllText(path, "precious");
            AssertKept("a file that is no socket is in the way; it is left alone");
            Assert.Equal("precious", File.ReadAllText(path));
            File.Delete(path);
            Directory.CreateDirectory(path);
            AssertKept("a file that is no socket is in the way; it is left alone");
            Directory.Delete(path);
            File.CreateSymbolicLink(path, "/dev/null");
            AssertKept("a file that is no socket is in the way; it is left alone");
            Assert.NotNull(new FileInfo(path).LinkTarget);
            File.Delete(path);
            File.CreateSymbolicLink(path, "/nowhere/at/all");
            AssertKept("a file that is no socket is in the way; it is left alone");
        }
        finally
        {
            File.Delete(path);
        }

        void AssertKept(string why)
        {
            SocketException exception = Assert.Throws<SocketException>(SocketUri.Parse($"{scheme}:{path}?unlink=1").Bind);
            Assert.Equal($"bind {path}: EADDRINUSE: {why}", exception.Message);
        }
    }

    [Theory]
    [InlineData("unix", "0600")]
    [InlineData("unix-dgram", "0666")]
    [InlineData("unix-seqpacket", "0640")]
    public void A_socket_file_has_the_mode(string scheme, string mode)
    {
        string path = FreshPath();
        using Socket socket = SocketUri.Parse($"{scheme}:{path}?mode={mode}").Bind();
        Assert.Equal(Convert.ToInt32(mode, 8), (int)File.GetUnixFileMode(path));
    }

    // ── how ──

    internal static async Task<Socket> Made(SocketUri endpoint, SocketUriUse use, VerbStyle style)
    {
        switch (style)
        {
            case VerbStyle.Sync:
                return await Run(() => use switch { SocketUriUse.Listen => endpoint.Listen(), SocketUriUse.Bind => endpoint.Bind(), _ => endpoint.Connect() });
            case VerbStyle.Try:
                return (await Run(() => use switch { SocketUriUse.Listen => endpoint.TryListen(), SocketUriUse.Bind => endpoint.TryBind(), _ => endpoint.TryConnect() })).Value;
            case VerbStyle.Async:
                return await (use switch { SocketUriUse.Listen => endpoint.ListenAsync(), SocketUriUse.Bind => endpoint.BindAsync(), _ => endpoint.ConnectAsync() }).WaitAsync(Soon);
            default:
                return (await (use switch { SocketUriUse.Listen => endpoint.TryListenAsync(), SocketUriUse.Bind => endpoint.TryBindAsync(), _ => endpoint.TryConnectAsync() }).WaitAsync(Soon)).Value;
        }
    }

    // The message of the throwing styles; the Try styles have the same error, and their message is told by the sync one.
    private static async Task<string> Failure(SocketUri endpoint, SocketUriUse use, VerbStyle style, SocketError? expected)
    {
        SocketException failed = await Assert.ThrowsAnyAsync<SocketException>(() => Made(endpoint, use, style));
        if (expected is { } error)
        {
            Assert.Equal(error, failed.SocketErrorCode);
        }

        return style is VerbStyle.Sync or VerbStyle.Async
            ? failed.Message
            : (await Assert.ThrowsAnyAsync<SocketException>(() => Made(endpoint, use, VerbStyle.Sync))).Message;
    }

    internal static SocketUri Fresh(string text) => SocketUri.Parse(text
        .Replace("@sockeye-PATH", "@sockeye-" + Path.GetRandomFileName(), StringComparison.Ordinal)
        .Replace("PATH", FreshPath(), StringComparison.Ordinal));

    /// <summary>A duplicate without close-on-exec, as a child process would find it.</summary>
    private static int Inherited(Socket socket)
    {
        using SocketHandle copy = socket.Duplicate().Detach();
        int number = copy.Number;
        Libc.Fcntl(copy, FcntlConstants.F_SETFD, 0);
        copy.SetHandleAsInvalid();
        return number;
    }

    /// <summary>A socket file whose socket is gone: python3 does not remove it.</summary>
    private static async Task MakeStale(string path)
    {
        using Process python = Python("import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path);
        await AssertSays("", python);
        Assert.True(File.Exists(path));
    }

    internal static Process Python(string program, params string[] args) => Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", program, .. args])
    {
        UseShellExecute = false,
        RedirectStandardOutput = true,
        StandardOutputEncoding = Encoding.UTF8,
    })!;

    internal static async Task AssertSays(string expected, Process python)
    {
        try
        {
            string said = await python.StandardOutput.ReadToEndAsync().WaitAsync(Soon);
            await python.WaitForExitAsync().WaitAsync(Soon);
            Assert.Equal((expected, 0), (said, python.ExitCode));
        }
        finally
        {
            if (!python.HasExited)
            {
                python.Kill();
            }
        }
    }
}
