using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Names;

/// <summary>
/// What the resolver answers is what python3's socket module answers on the same machine. Nothing here asks a name server:
/// hosts are addresses, localhost, or forbidden to be looked up.
/// </summary>
public sealed class ResolverTests : SocketTest
{
    private static readonly bool HasServices = File.Exists("/etc/services");

    [Fact(Timeout = Limit)]
    public async Task Every_result_of_getaddrinfo_is_pythons()
    {
        const int Seed = 20_261;
        AddressQuestion[] questions = [.. Questions(new Random(Seed)).Distinct()];
        JsonElement answers = await Python.Ask(
            """
            for host, service, family, kind, protocol, flags in asked:
                try:
                    answers.append([[f, int(t), p, c, a[0], a[1], a[3] if len(a) > 3 else 0]
                        for f, t, p, c, a in socket.getaddrinfo(host, service, family, kind, protocol, flags)])
                except socket.gaierror as e:
                    answers.append(e.errno)
                except OSError as e:
                    answers.append([e.errno])
            """,
            questions.Select(static one => one.ToJson()));
        int found = 0;
        for (int i = 0; i < questions.Length; i++)
        {
            AddressQuestion one = questions[i];
            ResolverResult<AddressInfo[]> ours = Resolver.TryGetAddressInfo(
                one.Host, one.Service, ToFamily(one.Family), (SocketType)one.Type, (ProtocolType)one.Protocol, (AddressInfoFlags)one.Flags);
            string theirs = answers[i].ValueKind == JsonValueKind.Number
                ? answers[i].ToString()
                : string.Join("; ", answers[i].EnumerateArray().Select(static one => Told(one)));
            string told = ours.IsSuccess ? string.Join("; ", ours.Value.Select(Told)) : $"{(int)ours.ResolverError}";
            Assert.True(theirs == told, $"seed {Seed}, {one}: python {theirs}, ours {told}");
            found += ours.IsSuccess ? 1 : 0;
        }

        Assert.True(found > 100 && found < questions.Length - 100, $"{found} of {questions.Length}: both kinds should be there.");
    }

    [Fact(Timeout = Limit)]
    public async Task Every_result_of_getnameinfo_is_pythons()
    {
        var questions = new List<(string Host, int Port, int Flags)>();
        int[] ports = [0, 22, 53, 80, 65_535];
        for (int flags = 0; flags < 32; flags++)
        {
            foreach (int port in ports)
            {
                questions.Add(("127.0.0.1", port, flags));
                questions.Add(("::1", port, flags | 1));
                questions.Add(("192.0.2.7", port, flags | 1));
                questions.Add(("fe80::1%1", port, flags | 1));
            }
        }

        JsonElement answers = await Python.Ask(
            """
            for host, port, flags in asked:
                try:
                    answers.append(" ".join(socket.getnameinfo((host, port, 0, 1) if "%" in host else (host, port), flags)))
                except socket.gaierror as e:
                    answers.append(str(e.errno))
            """,
            questions.Select(static one => new object[] { one.Host, one.Port, one.Flags }));
        for (int i = 0; i < questions.Count; i++)
        {
            (string host, int port, int flags) = questions[i];
            ResolverResult<NameInfo> ours = Resolver.TryGetNameInfo(new IPEndPoint(IPAddress.Parse(host), port), (NameInfoFlags)flags);
            string told = ours.IsSuccess ? $"{ours.Value.Host} {ours.Value.Service}" : $"{(int)ours.ResolverError}";
            Assert.True(answers[i].GetString() == told, $"{questions[i]}: python {answers[i]}, ours {told}");
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Hosts_have_pythons_names()
    {
        JsonElement answers = await Python.Ask(
            """
            answers.append(list(socket.gethostbyname_ex("localhost")))
            answers.append(list(socket.gethostbyaddr("127.0.0.1")))
            answers.append([socket.getfqdn("localhost"), socket.getfqdn("127.0.0.1"), socket.gethostname(), socket.gethostbyname("localhost")])
            """,
            Array.Empty<int>());
        Assert.Equal(answers[0].ToString(), Told(Resolver.GetHostByName("localhost")));
        Assert.Equal(answers[1].ToString(), Told(Resolver.GetHostByAddress(IPAddress.Loopback)));
        Assert.Equal(answers[0].ToString(), Told(await Resolver.GetHostByNameAsync("localhost")));
        Assert.Equal(answers[1].ToString(), Told(await Resolver.GetHostByAddressAsync(IPAddress.Loopback, Soon)));
        Assert.Equal(answers[2][0].GetString(), Resolver.GetFullyQualifiedName("localhost"));
        Assert.Equal(answers[2][1].GetString(), await Resolver.GetFullyQualifiedNameAsync("127.0.0.1"));
        Assert.Equal(answers[2][2].GetString(), Resolver.HostName);
        Assert.Equal(answers[2][3].GetString(), Resolver.GetHostAddresses("localhost", AddressFamily.InterNetwork)[0].ToString());
        Assert.Equal(ResolverError.Family, Resolver.TryGetHostByName("localhost", AddressFamily.Unix).ResolverError);
        Assert.Equal(ResolverError.NoName, Resolver.TryGetHostByName("local\0host").ResolverError);

        static string Told(IPHostEntry entry) => JsonSerializer.Serialize(
            new object[] { entry.HostName, entry.Aliases, entry.AddressList.Select(static one => one.ToString()) }).Replace(",", ", ", StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Services_and_protocols_are_those_of_the_files()
    {
        NeedServices();
        string[] services = [.. Entries("/etc/services").SelectMany(static line => line.Skip(2).Prepend(line[0]))];
        string[] protocols = [.. Entries("/etc/protocols").SelectMany(static line => line.Skip(2).Prepend(line[0]))];
        JsonElement answers = await Python.Ask(
            """
            def told(call, *args):
                try:
                    answers.append(call(*args))
                except OSError:
                    answers.append(None)
            for name in asked[0]:
                for of in [(), ("tcp",), ("udp",), ("nosuch",)]:
                    told(socket.getservbyname, name, *of)
            for port in asked[1]:
                for of in [(), ("tcp",), ("udp",)]:
                    told(socket.getservbyport, port, *of)
            for name in asked[2]:
                told(socket.getprotobyname, name)
            """,
            new object[] { services, Enumerable.Range(0, 1024).ToArray(), protocols });
        int at = 0;
        foreach (string name in services)
        {
            foreach (string? of in new[] { null, "tcp", "udp", "nosuch" })
            {
                ResolverResult<ServiceEntry> service = Resolver.TryGetServiceByName(name, of);
                Assert.Equal($"{name}/{of} {answers[at++]}", $"{name}/{of} {(service.IsSuccess ? service.Value.Port : "")}");
            }
        }

        for (int port = 0; port < 1024; port++)
        {
            foreach (string? of in new[] { null, "tcp", "udp" })
            {
                ResolverResult<ServiceEntry> service = Resolver.TryGetServiceByPort(port, of);
                Assert.Equal($"{port}/{of} {answers[at++]}", $"{port}/{of} {(service.IsSuccess ? service.Value.Name : "")}");
            }
        }

        foreach (string name in protocols)
        {
            ResolverResult<ProtocolEntry> protocol = Resolver.TryGetProtocolByName(name);
            Assert.Equal($"{name} {answers[at++]}", $"{name} {(protocol.IsSuccess ? protocol.Value.Number : "")}");
        }

        Assert.Equal("tcp", Resolver.GetProtocolByNumber(6).Name);
        Assert.Contains("TCP", Resolver.GetProtocolByNumber(6).Aliases);
        Assert.Equal(new { Name = "http", Port = 80, Protocol = "tcp" }, Shape(Resolver.GetServiceByName("www", "tcp")));
        ResolverException exception = Assert.Throws<ResolverException>(() => Resolver.GetServiceByName("no-such-service", "tcp"));
        Assert.StartsWith("getservbyname no-such-service/tcp: EAI_SERVICE: no such service", exception.Message, StringComparison.Ordinal);
        Assert.Equal((ResolverError.Service, SocketError.TypeNotFound), (exception.ResolverError, exception.SocketErrorCode));
        Assert.Throws<ResolverException>(() => Resolver.GetProtocolByName("no\0such"));
        Assert.Throws<ResolverException>(() => Resolver.GetProtocolByNumber(1000));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resolver.GetServiceByPort(65_536));

        static object Shape(ServiceEntry service) => new { service.Name, service.Port, service.Protocol };
    }

    [Fact(Timeout = Limit)]
    public async Task Protocols_are_looked_up_from_many_threads_at_once()
    {
        NeedServices();
        string[][] lines = [.. Entries("/etc/protocols")];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Run(() =>
        {
            var random = new Random(seed);
            for (int i = 0; i < 500; i++)
            {
                string[] line = lines[random.Next(lines.Length)];
                Assert.Equal(int.Parse(line[1], CultureInfo.InvariantCulture), Resolver.GetProtocolByName(line[0]).Number);
            }
        })));
    }

    [Fact(Timeout = Limit)]
    public async Task Interfaces_are_pythons()
    {
        JsonElement answers = await Python.Ask("answers = socket.if_nameindex()", Array.Empty<int>());
        InterfaceEntry[] ours = NetworkInterfaces.GetAll();
        Assert.Equal(
            answers.EnumerateArray().Select(static one => new InterfaceEntry(one[0].GetInt32(), one[1].GetString()!)),
            ours);
        Assert.All(ours, static one =>
        {
            Assert.Equal(one.Index, NetworkInterfaces.GetIndex(one.Name));
            Assert.Equal(one.Name, NetworkInterfaces.GetName(one.Index));
        });
        Assert.Equal(19, NetworkInterfaces.TryGetIndex("no-such-card").Errno); // ENODEV
        Assert.Equal(19, NetworkInterfaces.TryGetIndex("lo\0").Errno);
        Assert.Equal(6, NetworkInterfaces.TryGetName(1_000_000).Errno); // ENXIO
        Assert.Contains(
            "if_nametoindex no-such-card: ENODEV: there is no such interface",
            Assert.Throws<SocketException>(() => NetworkInterfaces.GetIndex("no-such-card")).Message,
            StringComparison.Ordinal);
        Assert.Throws<SocketException>(() => NetworkInterfaces.GetName(0));
    }

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failure_names_what_was_asked_and_what_to_try(bool async)
    {
        ResolverException exception = async
            ? await Assert.ThrowsAsync<ResolverException>(() => Resolver.GetAddressInfoAsync("no-such", "80", flags: AddressInfoFlags.NumericHost))
            : Assert.Throws<ResolverException>(() => Resolver.GetAddressInfo("no-such", "80", flags: AddressInfoFlags.NumericHost));
        Assert.StartsWith("getaddrinfo no-such:80: EAI_NONAME: the name was not found; check", exception.Message, StringComparison.Ordinal);
        Assert.Equal((ResolverError.NoName, SocketError.HostNotFound, 0), (exception.ResolverError, exception.SocketErrorCode, exception.Errno));
        ResolverResult<AddressInfo[]> result = async
            ? await Resolver.TryGetAddressInfoAsync("::1", null, AddressFamily.InterNetwork)
            : Resolver.TryGetAddressInfo("::1", null, AddressFamily.InterNetwork, timeout: Soon);
        Assert.Equal("EAI_ADDRFAMILY (NoData)", result.ToString());
        Assert.Equal(ResolverError.AddressFamily, Assert.Throws<ResolverException>(() => result.Value).ResolverError);
        Assert.Equal(ResolverError.BadFlags, Resolver.TryGetAddressInfo(null, "80", flags: AddressInfoFlags.CanonicalName).ResolverError);
        Assert.Equal(ResolverError.NoName, Resolver.TryGetAddressInfo("a\0b", "80").ResolverError);
        Assert.Equal(ResolverError.Service, Resolver.TryGetAddressInfo("::1", "8\00").ResolverError);
        Assert.Equal(ResolverError.Encoding, Resolver.TryGetAddressInfo("\u00FC..", "80").ResolverError);
        Assert.Equal(ResolverError.NoName, Resolver.TryGetAddressInfo("b\u00FCcher", "80", flags: AddressInfoFlags.NumericHost).ResolverError);
        Assert.Equal(ResolverError.Family, Resolver.TryGetAddressInfo("::1", "80", (AddressFamily)999).ResolverError);
        Assert.Throws<ArgumentOutOfRangeException>(() => Resolver.TryGetHostAddresses("::1", timeout: TimeSpan.Zero));
        Assert.Throws<ArgumentNullException>(() => Resolver.GetHostAddresses(null!));
        Assert.Throws<ArgumentNullException>(() => Resolver.GetNameInfo(null!));
    }

    [Fact]
    public void A_failure_without_an_errno_is_no_success()
    {
        foreach (ResolverError error in Enum.GetValues<ResolverError>().Where(static error => error != ResolverError.None))
        {
            Assert.NotEqual(0, ResolverErrors.ToErrno(error, errno: 0));
            Assert.NotEqual(SocketError.Success, ResolverResult<int>.Failure(error).Error);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_unix_end_point_is_this_machine_and_its_path()
    {
        NameInfo name = await Resolver.GetNameInfoAsync(new UnixDomainSocketEndPoint("/tmp/a"), NameInfoFlags.NumericHost);
        Assert.Equal("/tmp/a", name.Service);
        Assert.Throws<ArgumentException>(() => Resolver.GetNameInfo(new DnsEndPoint("localhost", 1)));
        await Assert.ThrowsAsync<ArgumentException>(() => Resolver.GetNameInfoAsync(new DnsEndPoint("localhost", 1)));
    }

    [Fact(Timeout = Limit)]
    public async Task Addresses_of_a_host_are_reported_once()
    {
        Assert.Equal([IPAddress.Parse("192.0.2.1")], Resolver.GetHostAddresses("192.0.2.1"));
        Assert.Equal([IPAddress.IPv6Loopback], await Resolver.GetHostAddressesAsync("[::1]"));
        Assert.Equal([IPAddress.Loopback], Resolver.GetHostAddresses("localhost", AddressFamily.InterNetwork, Soon));
        Assert.Equal(ResolverError.AddressFamily, Resolver.TryGetHostAddresses("192.0.2.1", AddressFamily.InterNetworkV6).ResolverError);
        IPAddress[] localhost = Resolver.GetHostAddresses("localhost");
        Assert.Equal(localhost.Distinct(), localhost);
    }

    [Fact]
    public void A_machine_is_not_renamed_to_what_is_no_name()
    {
        // Longer than a name may be: refused for that, or for want of the right.
        SocketResult result = Resolver.TrySetHostName(new string('x', 65));
        Assert.Contains(result.Errno, new[] { 1, 22 });
        Assert.StartsWith("sethostname: E", Assert.Throws<SocketException>(() => Resolver.SetHostName(new string('x', 65))).Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public Task A_lookup_on_a_loop_comes_home() => Run(() =>
    {
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            Assert.Equal(IPAddress.Loopback, (await Resolver.GetHostAddressesAsync("localhost", AddressFamily.InterNetwork))[0]);
            Assert.Same(loop, EventLoop.Current);
            Assert.True((await Resolver.TryGetNameInfoAsync(new IPEndPoint(IPAddress.Loopback, 1), NameInfoFlags.NumericHost, Soon)).IsSuccess);
            Assert.Same(loop, EventLoop.Current);
        });
    });

    private static void NeedServices()
    {
        if (!HasServices)
        {
            Assert.Skip("There is no /etc/services: apt-get install netbase");
        }
    }

    // name, number, aliases; without comments.
    private static IEnumerable<string[]> Entries(string file) => File.ReadLines(file)
        .Select(static line => line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        .Where(static words => words.Length >= 2);

    private static AddressFamily ToFamily(int number) => number switch
    {
        0 => AddressFamily.Unspecified,
        2 => AddressFamily.InterNetwork,
        10 => AddressFamily.InterNetworkV6,
        _ => (AddressFamily)(0x0100_0000 + number),
    };

    private static string Told(AddressInfo info)
    {
        var ip = (IPEndPoint)info.EndPoint;
        long scope = ip.AddressFamily == AddressFamily.InterNetworkV6 ? ip.Address.ScopeId : 0;
        int family = info.AddressFamily == AddressFamily.InterNetwork ? 2 : 10;
        return $"{family} {(int)info.SocketType} {(int)info.ProtocolType} {info.CanonicalName} {Plain(ip.Address)} {ip.Port} {scope}";
    }

    private static string Told(JsonElement one) => one.ValueKind == JsonValueKind.Number
        ? $"errno {one}"
        : $"{one[0]} {one[1]} {one[2]} {one[3]} {Plain(IPAddress.Parse(one[4].GetString()!))} {one[5]} {one[6]}";

    private static string Plain(IPAddress address) => new IPAddress(address.GetAddressBytes()).ToString();

    private static IEnumerable<AddressQuestion> Questions(Random random)
    {
        string?[] hosts = [null, "", "127.0.0.1", "::1", "::ffff:192.0.2.1", "127.1", "0x7f.1", "fe80::1%lo", "fe80::1%1", "localhost", "no-such-host", "1.2.3.4.5", "256.1.1.1", "::g", "::1%"];
        string?[] services = [null, "0", "80", "65535", "65536", "70000", "-1", " 80", "http", "domain", "no-such-service", ""];
        int[] families = [0, 0, 2, 10, 1, 17];
        int[] types = [0, 1, 1, 2, 3, 5, 77];
        int[] protocols = [0, 0, 0, 6, 17, 1, 132, 255];
        int[] single = [0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x400, 0x80_0000];
        for (int i = 0; i < 6_000; i++)
        {
            int flags = single.Where((_, at) => random.Next(at == 7 ? 12 : 3) == 0).Sum();
            string? host = hosts[random.Next(hosts.Length)];
            int family = families[random.Next(families.Length)];
            string? service = services[random.Next(services.Length)];

            // Neither we nor python shall ask a name server.
            bool numeric = host is null or "127.0.0.1" or "::1" or "::ffff:192.0.2.1" or "127.1" or "0x7f.1" or "fe80::1%lo" or "fe80::1%1";
            if (host == "localhost" && (family is not (0 or 2) || (flags & 0x38) != 0))
            {
                family = 2;
                flags &= ~0x38;
            }
            else if (!numeric && host != "localhost")
            {
                flags |= 0x4;
            }

            yield return new AddressQuestion(
                host, service, family, types[random.Next(types.Length)], protocols[random.Next(protocols.Length)], flags);
        }
    }

    private sealed record AddressQuestion(string? Host, string? Service, int Family, int Type, int Protocol, int Flags)
    {
        internal object?[] ToJson() => [Host, Service, Family, Type, Protocol, Flags];
    }
}
