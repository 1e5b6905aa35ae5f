using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Sockeye.Interop;

namespace Sockeye.Tests.Options;

/// <summary>The typed option keys: all of them by their rows, then the layouts and the errors.</summary>
public sealed class OptionTests
{
    private static readonly TimeSpan ProgramLimit = TimeSpan.FromSeconds(30);

    /// <summary>Every row on every kind of socket that it is for.</summary>
    public static TheoryData<int, string, SocketKinds> Rows
    {
        get
        {
            var data = new TheoryData<int, string, SocketKinds>();
            for (int i = 0; i < OptionRows.All.Count; i++)
            {
                foreach (SocketKinds kind in OptionRows.Single(OptionRows.All[i].On))
                {
                    data.Add(i, OptionRows.All[i].KernelName, kind);
                }
            }

            return data;
        }
    }

    // Its records cut the stream: a short read no longer means that nothing is left. Whether the kernel has one or not.
    [Fact]
    public void A_stream_under_an_upper_layer_protocol_is_plain_no_longer()
    {
        using var typed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var raw = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        typed.NoDelay = true;
        Assert.True(typed.Core.IsPlainTcp && raw.Core.IsPlainTcp);
        typed.TrySetOption(TcpOptions.UpperLayerProtocol, "tls");
        raw.TrySetRawSocketOption(6, 31, "tls"u8);
        Assert.False(typed.Core.IsPlainTcp || raw.Core.IsPlainTcp);
    }

    // SO_BINDTODEVICE of a socket that is bound to none, and IP_OPTIONS of one without: the kernel writes no byte.
    [Theory]
    [InlineData(1, 25)]
    [InlineData(0, 4)]
    public void A_number_that_the_kernel_did_not_write_is_not_zero(int level, int name)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.Equal(Errno.ENODATA, socket.TryGetOption(SocketOption.Number(level, name)).Errno);
        Assert.Equal(Errno.ENODATA, socket.TryGetOption(SocketOption.Flag(level, name)).Errno);
        Assert.Equal(Errno.ENODATA, socket.TryGetOption(SocketOption.Seconds(level, name)).Errno);
        Assert.Empty(socket.GetOption(SocketOption.Bytes(level, name, 16)));
        Assert.Equal("", socket.GetOption(SocketOption.Text(level, name, 16)));
    }

    // NETLINK_LIST_MEMBERSHIPS fills the room that it is given, and says how much there is.
    [Fact]
    public void Bytes_are_read_whole_whatever_room_was_made_first()
    {
        const int Level = 270;
        const int Name = 9;
        using var socket = new Socket(AddressFamily.Netlink, SocketType.Raw, ProtocolType.NetlinkRoute);
        socket.SetOption(NetlinkOptions.AddMembership, 33);
        byte[] whole = socket.GetOption(SocketOption.Bytes(Level, Name, 256));
        Assert.True(whole.Length > sizeof(uint) && (whole[4] & 1) != 0, Convert.ToHexString(whole));
        Assert.Equal(whole, socket.GetOption(SocketOption.Bytes(Level, Name, sizeof(uint))));
    }

    [Fact]
    public void Numbers_that_do_not_fit_the_kernels_are_refused()
    {
        using var socket = new Socket(AddressFamily.Netlink, SocketType.Raw, ProtocolType.NetlinkRoute);
        Assert.Throws<ArgumentOutOfRangeException>(() => socket.SetOption(PacketOptions.AddMembership, new PacketMembership(1, (PacketMembershipKind)0x1_0001)));
        Assert.Throws<ArgumentOutOfRangeException>(() => socket.SetOption(PacketOptions.Fanout, new PacketFanout(1, (PacketFanoutMode)0x100)));
        Assert.Throws<ArgumentOutOfRangeException>(() => socket.SetOption(PacketOptions.Fanout, new PacketFanout(1, PacketFanoutMode.Hash, (PacketFanoutFlags)0x1_0000)));
        Assert.Throws<ArgumentOutOfRangeException>(() => socket.SetOption(PacketOptions.Fanout, new PacketFanout(1, PacketFanoutMode.Hash, MembersMax: -1)));
    }

    [Fact]
    public void Every_key_has_a_row()
    {
        FieldInfo[] fields =
        [
            .. typeof(SocketOption).Assembly.GetTypes()
                .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                .Where(field => field.FieldType.IsGenericType && field.FieldType.GetGenericTypeDefinition() == typeof(SocketOption<>))
        ];
        Assert.True(fields.Length > 40, $"Only {fields.Length} keys found.");
        IEnumerable<string> missing = fields
            .Where(field => !OptionRows.All.Any(row => ReferenceEquals(row.Key, field.GetValue(null))))
            .Select(field => $"{field.DeclaringType!.Name}.{field.Name}");
        Assert.Empty(missing);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_key_sets_and_reads_what_the_kernel_has(int index, string name, SocketKinds kind)
    {
        OptionRow row = OptionRows.All[index];
        Assert.Equal(name, row.KernelName);
        using Socket? opened = OptionRows.TryOpen(kind, out string refusal);
        if (opened is not { } socket)
        {
            // Families that many kernels lack: their numbers and layouts are compared with the headers all the same.
            if ((kind & OptionRows.RareKinds) != 0)
            {
                Assert.Matches("EAFNOSUPPORT|EPROTONOSUPPORT|ESOCKTNOSUPPORT", refusal);
                return;
            }

            Assert.Skip($"{kind} does not open: {refusal}");
            return;
        }

        try
        {
            row.Before?.Invoke(socket);
        }
        catch (SocketException exception) when (exception.Message.Contains(": EPERM: ", StringComparison.Ordinal))
        {
            Assert.Skip($"What goes before {name} needs a capability: {exception.Message}.");
        }

        int errno = row.Try(socket);
        if (errno is Errno.EPERM or Errno.EACCES && row.Refused != "EPERM")
        {
            Assert.Skip($"{name} needs a capability: {Errno.Name(errno)}.");
        }

        if (row.MayRefuse.Contains(Errno.Name(errno)))
        {
            return;
        }

        if (row.Since > Environment.OSVersion.Version && errno is Errno.ENOPROTOOPT or Errno.EOPNOTSUPP or Errno.EINVAL)
        {
            Assert.Skip($"{name} needs Linux {row.Since}: {Errno.Name(errno)}.");
        }

        Assert.Equal(row.Refused ?? "0", Errno.Name(errno));
        if (row.Refused is null)
        {
            if (row.Raw is not null)
            {
                Assert.Equal(row.Raw, ReadRaw(socket, row));
            }

            row.CheckRead(socket);
        }

        row.CheckAccess(socket);
        row.After?.Invoke(socket);
        Assert.True(row.Raw is not null || row.After is not null || row.ChecksMore, "The row checks nothing.");
    }

    [Fact]
    public void On_other_sockets_a_key_is_refused_by_the_kernel()
    {
        var wrong = new List<string>();
        foreach (OptionRow row in OptionRows.All)
        {
            foreach (SocketKinds kind in OptionRows.Single(SocketKinds.All & ~row.On & ~row.Unsure))
            {
                using Socket socket = OptionRows.Open(kind);
                int errno = row.Try(socket);

                // EPROTO: a membership on a stream.
                if (errno is not (Errno.ENOPROTOOPT or Errno.EOPNOTSUPP or Errno.EPROTO))
                {
                    wrong.Add($"{row.KernelName} on {kind}: {Errno.Name(errno)}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_key_has_the_number_of_the_C_headers()
    {
        // The table that the tests of Sockeye.Interop keep and check.
        string path = Path.Combine(Repository(), "tests/Sockeye.Interop.Tests/abi/abi.x64-glibc.txt");
        Dictionary<string, int> numbers = File.ReadLines(path)
            .Distinct()
            .Select(line => line.Split(' '))
            .Where(parts => parts[0] == "number")
            .ToDictionary(parts => parts[1], parts => unchecked((int)long.Parse(parts[2], CultureInfo.InvariantCulture)), StringComparer.Ordinal);
        IEnumerable<string> wrong = OptionRows.All
            .Where(row => !numbers.TryGetValue(row.KernelName, out int number) || number != row.Name)
            .Select(row => $"{row.KernelName}: ours {row.Name}; abi.c has {(numbers.TryGetValue(row.KernelName, out int number) ? number : "no line")}");
        Assert.Empty(wrong);
    }

    [Fact]
    public void Python_reads_the_same_bytes_and_knows_the_same_numbers()
    {
        const string Program = """
            import socket, sys
            for line in sys.stdin:
                number, level, name, kernel = line.split()
                known = getattr(socket, kernel, None)
                if known is not None and known != int(name):
                    print(kernel, 'is', known)
                    continue
                with socket.socket(fileno=int(number)) as s:
                    print(s.getsockopt(int(level), int(name), 64).hex().upper())
            """;
        var sockets = new List<Socket>();
        try
        {
            var lines = new List<string>();
            var expected = new List<string>();
            foreach (OptionRow row in OptionRows.All)
            {
                foreach (SocketKinds kind in OptionRows.Single(row.PythonReads ? row.On : SocketKinds.None))
                {
                    if (OptionRows.TryOpen(kind, out _) is not { } socket)
                    {
                        continue;
                    }

                    sockets.Add(socket);
                    int errno = row.Try(socket);
                    if (errno is Errno.EPERM or Errno.EACCES || row.MayRefuse.Contains(Errno.Name(errno))
                        || (errno != 0 && row.Since > Environment.OSVersion.Version))
                    {
                        continue;
                    }

                    socket.Inheritable = true;
                    lines.Add($"{socket.Handle} {row.Level} {row.Name} {row.KernelName}");
                    expected.Add(row.Raw!);
                }
            }

            Assert.Equal(expected, Python(Program, lines));
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public void A_listening_socket_says_so()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Tcp4);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(1);
        Assert.True(socket.GetOption(SocketOptions.AcceptConnection));
    }

    [Fact]
    public void A_waiting_error_is_reported_once()
    {
        using Socket nobody = OptionRows.Open(SocketKinds.Udp4);
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket socket = OptionRows.Open(SocketKinds.Udp4);
        socket.Connect(nobody.LocalEndPoint!);
        nobody.Dispose();
        socket.Send([1]);

        // On loopback the refusal arrives within send.
        Assert.Equal(Errno.ECONNREFUSED, socket.GetOption(SocketOptions.Error));
        Assert.Equal(0, socket.GetOption(SocketOptions.Error));
    }

    [Fact]
    public void An_interface_can_be_left_again()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Udp4);
        Assert.Equal("", socket.GetOption(SocketOptions.BindToDevice));
        if (socket.TrySetOption(SocketOptions.BindToDevice, "lo").Errno == Errno.EPERM
            || socket.TrySetOption(SocketOptions.BindToDevice, "").Errno == Errno.EPERM)
        {
            Assert.Skip("SO_BINDTODEVICE needs CAP_NET_RAW: EPERM.");
        }

        Assert.Equal("", socket.GetOption(SocketOptions.BindToDevice));
        Assert.Equal(Errno.ENODEV, socket.TrySetOption(SocketOptions.BindToDevice, "no-such-if").Errno);
    }

    [Fact]
    public void What_is_sent_by_an_interfaces_index_reaches_a_member_there()
    {
        var group = IPAddress.Parse("239.77.1.3");
        using Socket member = OptionRows.Open(SocketKinds.Udp4);
        member.Timeout = TimeSpan.FromSeconds(10);
        member.Bind(new IPEndPoint(group, 0));
        member.SetOption(IpOptions.AddMembership, new MulticastOption(group, 1));
        using Socket sender = OptionRows.Open(SocketKinds.Udp4);
        sender.SetOption(IpOptions.MulticastInterfaceIndex, 1);
        sender.SendTo("hello"u8, new IPEndPoint(group, ((IPEndPoint)member.LocalEndPoint!).Port));
        byte[] buffer = new byte[16];
        Assert.Equal(5, member.Receive(buffer));
    }

    [Fact]
    public void Only_the_whole_of_ReuseAddress_and_ReusePort_shares_an_address()
    {
        using Socket first = OptionRows.Open(SocketKinds.Udp4);
        using Socket second = OptionRows.Open(SocketKinds.Udp4);
        first.SetOption(SocketOptions.ReuseAddress, true);
        Assert.False(first.GetOption(SocketOptions.ReusePort));
        second.SetOption(SocketOptions.ReusePort, true);
        Assert.False(second.GetOption(SocketOptions.ReuseAddress));
        first.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(Errno.EADDRINUSE, second.TryBind(first.LocalEndPoint!).Errno);
        second.SetOption(SocketOptions.ReuseAddress, true);
        second.Bind(first.LocalEndPoint!);
    }

    [Fact]
    public void Times_are_rounded_up_and_never_to_none()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Tcp4);
        socket.SetOption(TcpOptions.KeepAliveTime, new TimeSpan(1));
        Assert.Equal(TimeSpan.FromSeconds(1), socket.GetOption(TcpOptions.KeepAliveTime));
        socket.SetOption(TcpOptions.UserTimeout, TimeSpan.FromMilliseconds(2) + new TimeSpan(1));
        Assert.Equal(TimeSpan.FromMilliseconds(3), socket.GetOption(TcpOptions.UserTimeout));
        socket.SetOption(TcpOptions.UserTimeout, TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, socket.GetOption(TcpOptions.UserTimeout));

        // The kernel rounds up to its clock ticks once more.
        socket.SetOption(SocketOptions.ReceiveTimeout, new TimeSpan(1));
        Assert.InRange(socket.GetOption(SocketOptions.ReceiveTimeout), TimeSpan.FromMicroseconds(1), TimeSpan.FromMilliseconds(10));
        socket.SetOption(SocketOptions.ReceiveTimeout, TimeSpan.MaxValue);
        Assert.True(socket.GetOption(SocketOptions.ReceiveTimeout) > TimeSpan.FromDays(365));
    }

    [Fact]
    public void Times_that_do_not_fit_are_refused()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Tcp4);
        foreach (SocketOption<TimeSpan> option in new[] { TcpOptions.KeepAliveTime, TcpOptions.UserTimeout, SocketOptions.ReceiveTimeout })
        {
            Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.SetOption(option, new TimeSpan(-1)));
            Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.TrySetOption(option, System.Threading.Timeout.InfiniteTimeSpan));
        }

        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.SetOption(TcpOptions.KeepAliveTime, TimeSpan.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.SetOption(TcpOptions.UserTimeout, TimeSpan.FromDays(30)));
        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.SetOption(SocketOptions.Linger, TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public void Texts_that_the_kernel_would_cut_are_refused()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Udp4);
        Assert.Throws<ArgumentException>("value", () => socket.SetOption(SocketOptions.BindToDevice, "sixteen-bytes-xx"));
        Assert.Throws<ArgumentException>("value", () => socket.SetOption(SocketOptions.BindToDevice, "lo\0"));
        Assert.Equal(Errno.ENODEV, socket.TrySetOption(SocketOptions.BindToDevice, "fifteen-bytes-x").Errno);
    }

    [Fact]
    public void Memberships_take_groups_of_their_own_family()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Udp6);
        Assert.Throws<ArgumentException>(() => socket.SetOption(Ipv6Options.JoinGroup, new IPv6MulticastOption(IPAddress.Parse("239.1.1.1"), 1)));
        Assert.Throws<ArgumentException>(() => socket.SetOption(IpOptions.AddMembership, new MulticastOption(IPAddress.Parse("ff02::1"), 1)));
        Assert.Throws<ArgumentException>(() => socket.SetOption(IpOptions.MulticastInterface, IPAddress.IPv6Loopback));
    }

    [Fact]
    public void A_failure_names_call_option_errno_and_cause()
    {
        using Socket socket = OptionRows.Open(SocketKinds.UnixStream);
        SocketException get = Assert.Throws<SocketException>(() => socket.GetOption(TcpOptions.NoDelay));
        Assert.Equal("getsockopt TCP_NODELAY: EOPNOTSUPP: this kind of socket, or this kernel, has no such option", get.Message);
        Assert.Equal(SocketError.OperationNotSupported, get.SocketErrorCode);
        SocketException set = Assert.Throws<SocketException>(() => socket.SetOption(SocketOption.Number(1, 9_999), 1));
        Assert.StartsWith("setsockopt level 1 option 9999: ENOPROTOOPT: ", set.Message, StringComparison.Ordinal);

        SocketResult<bool> got = socket.TryGetOption(TcpOptions.NoDelay);
        Assert.False(got.IsSuccess);
        Assert.Equal(Errno.EOPNOTSUPP, got.Errno);
        Assert.Equal(Errno.EOPNOTSUPP, socket.TrySetOption(TcpOptions.NoDelay, true).Errno);
    }

    [Fact]
    public void A_disposed_socket_throws_from_every_member()
    {
        Socket socket = OptionRows.Open(SocketKinds.Tcp4);
        socket.Dispose();
        Assert.Throws<ObjectDisposedException>(() => socket.GetOption(TcpOptions.NoDelay));
        Assert.Throws<ObjectDisposedException>(() => socket.SetOption(TcpOptions.NoDelay, true));
        Assert.Throws<ObjectDisposedException>(() => socket.TryGetOption(TcpOptions.NoDelay));
        Assert.Throws<ObjectDisposedException>(() => socket.TrySetOption(TcpOptions.NoDelay, true));
        Assert.Throws<ObjectDisposedException>(() => socket.UnsentBytes);
    }

    [Fact]
    public void Keys_of_ones_own_reach_any_option()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Tcp4);

        // SO_COOKIE, 57: a number of 64 bits that is never 0.
        SocketOption<long> cookie = SocketOption.Number64(1, 57, "SO_COOKIE", SocketOptionAccess.Get);
        Assert.NotEqual(0, socket.GetOption(cookie));
        Assert.Equal("SO_COOKIE", cookie.ToString());

        // TCP_CONGESTION, 13: a text.
        SocketOption<string> congestion = SocketOption.Text(6, 13, maxBytes: 16);
        socket.SetOption(congestion, "reno");
        Assert.Equal("reno", socket.GetOption(congestion));
        Assert.Equal(Errno.ENOENT, socket.TrySetOption(congestion, "no-such").Errno);
        Assert.Equal("level 6 option 13", congestion.ToString());

        // IP_OPTIONS, 4: bytes of any length, cleared by none.
        SocketOption<byte[]> options = SocketOption.Bytes(0, 4, maxBytes: 40);
        Assert.Empty(socket.GetOption(options));
        socket.SetOption(options, [1, 1, 1, 0]);
        Assert.Equal([1, 1, 1, 0], socket.GetOption(options));
        socket.SetOption(options, []);
        Assert.Empty(socket.GetOption(options));
    }

    [Fact]
    public void A_structure_longer_than_the_kernels_reads_as_0_at_its_end()
    {
        // SO_TYPE is 4 bytes.
        using Socket socket = OptionRows.Open(SocketKinds.Tcp4);
        SocketOption<(int First, int Second)> longer = SocketOption.Struct<(int First, int Second)>(1, 3);
        Assert.Equal((1, 0), socket.GetOption(longer));
        Assert.Equal((short)1, socket.GetOption(SocketOption.Struct<short>(1, 3)));
    }

    [Fact]
    public void Room_must_be_made_for_at_least_a_byte()
    {
        Assert.Throws<ArgumentOutOfRangeException>("maxBytes", () => SocketOption.Text(1, 25, maxBytes: 0));
        Assert.Throws<ArgumentOutOfRangeException>("maxBytes", () => SocketOption.Bytes(1, 25, maxBytes: -1));
    }

    [Fact]
    public void Options_allocate_nothing()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Tcp4);
        void All()
        {
            socket.SetOption(TcpOptions.NoDelay, true);
            _ = socket.GetOption(TcpOptions.NoDelay);
            _ = socket.GetOption(SocketOptions.ReceiveBuffer);
            _ = socket.GetOption(SocketOptions.Type);
            socket.SetOption(SocketOptions.Linger, TimeSpan.Zero);
            _ = socket.GetOption(SocketOptions.Linger);
            socket.SetOption(TcpOptions.UserTimeout, TimeSpan.FromSeconds(1));
            _ = socket.TryGetOption(TcpOptions.UserTimeout);
            socket.SetOption(SocketOptions.SendTimeout, TimeSpan.FromSeconds(1));
            socket.NoDelay = socket.NoDelay;
            _ = socket.ReceiveTimeout;
        }

        All();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            All();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Raw_options_pass_the_kernels_bytes()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Tcp4);
        socket.SetRawSocketOption(6, 1, [1, 0, 0, 0]);
        byte[] room = new byte[8];
        Assert.Equal(sizeof(int), socket.GetRawSocketOption(6, 1, room));
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0], room);
        Assert.True(socket.NoDelay);
        SocketException failure = Assert.Throws<SocketException>(() => socket.SetRawSocketOption(6, 1, [1]));
        Assert.StartsWith("setsockopt level 6 option 1: EINVAL: ", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, socket.GetRawSocketOption(6, 1, default));
    }

    [Fact]
    public void Bytes_that_wait_are_counted_on_both_sides()
    {
        (Socket first, Socket second) = Socket.CreatePair();
        using (first)
        using (second)
        {
            Assert.Equal(0, first.UnsentBytes);
            first.Send(new byte[100]);
            Assert.Equal(100, second.Available);
            byte[] answer = new byte[8];
            Assert.Equal(sizeof(int), second.IOControl(IOControlCode.DataToRead, optionInValue: null, answer));
            Assert.Equal([100, 0, 0, 0, 0, 0, 0, 0], answer);

            // AF_UNIX counts the kernel's bookkeeping too.
            Assert.InRange(first.UnsentBytes, 100, 100_000);
            second.Receive(new byte[200]);
            Assert.Equal(0, second.Available);
            Assert.Equal(0, first.UnsentBytes);
        }
    }

    [Fact]
    public void IOControl_passes_any_other_request_to_the_kernel()
    {
        const int SIOCGIFMTU = 0x8921;
        const int InterfaceRequestBytes = 40; // struct ifreq: 16 bytes of name, then a union
        using Socket socket = OptionRows.Open(SocketKinds.Udp4);
        byte[] request = new byte[InterfaceRequestBytes];
        "lo"u8.CopyTo(request);
        byte[] answer = new byte[InterfaceRequestBytes];
        Assert.Equal(InterfaceRequestBytes, socket.IOControl(SIOCGIFMTU, request, answer));
        Assert.Equal(int.Parse(File.ReadAllText("/sys/class/net/lo/mtu"), CultureInfo.InvariantCulture), BitConverter.ToInt32(answer, 16));

        // The kernel writes its whole structure; a short array takes the beginning, and what follows it stays whole.
        byte[] little = new byte[2];
        Assert.Equal(2, socket.IOControl(SIOCGIFMTU, request, little));
        Assert.Equal("lo"u8, little);
        Assert.Equal(0, socket.IOControl(SIOCGIFMTU, request, optionOutValue: null));

        "xx"u8.CopyTo(request);
        SocketException failure = Assert.Throws<SocketException>(() => socket.IOControl(SIOCGIFMTU, request, answer));
        Assert.StartsWith("ioctl 0x8921: ENODEV: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IOControl_leaves_the_waiting_to_Blocking()
    {
        const int FIONBIO = 0x5421;
        using Socket socket = OptionRows.Open(SocketKinds.Udp4);
        Assert.Throws<InvalidOperationException>(() => socket.IOControl(FIONBIO, new byte[4], optionOutValue: null));
    }

    private static string ReadRaw(Socket socket, OptionRow row)
    {
        byte[] bytes = new byte[64];
        int length = socket.GetRawSocketOption(row.Level, row.RawName ?? row.Name, bytes);
        return Convert.ToHexString(bytes.AsSpan(0, length));
    }

    private static string Repository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sockeye.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("The tests run outside their repository.");
    }

    private static string[] Python(string program, IEnumerable<string> lines)
    {
        var start = new ProcessStartInfo("python3", ["-c", program])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(string.Join('\n', lines));
            process.StandardInput.Close();
            if (!process.WaitForExit(ProgramLimit))
            {
                process.Kill();
                Assert.Fail($"python3 did not end within {ProgramLimit}.");
            }

            Assert.True(process.ExitCode == 0, errors.GetAwaiter().GetResult());
            return output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("No Python: install python3.");
            throw;
        }
    }
}
