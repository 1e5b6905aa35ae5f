using System.Net;
using System.Text;

namespace Sockeye.Tests.Endpoints;

/// <summary>Endpoint strings by chance: what is printed is read back, and garbage is refused in good order.</summary>
public sealed class EndpointFuzzTests
{
    private const int Rounds = 20_000;

    private static readonly string[] Seeds =
    [
        .. SocketUri.Schemes.Select(static scheme => scheme.Example),
        "tcp://*:80?backlog=512&reuse_port=1", "tcp://host:http", "tcp4://1.2.3.4:0?source=1.2.3.4:5&tos=0x10", "udp://[fe80::1%lo]:53?group=ff02::fb%25lo",
        "unix:/tmp/a%20b%FF?mode=0660&unlink=1", "unix:@abstract%00name", "tcp://h:1?timeout=250ms&linger=1.5s&no_delay&send_buffer=64k", "localhost:80", "unix:", "netlink:route/77/1f?group=3", "packet:lo/0800/02:00:5e:10:00:01/1/4",
        "can://lo/isotp/7e8/7e0", "can://lo/j1939/1/3ffff/20", "tipc://1000:1-5/-node", "tipc-rdm://@1001001:77/3", "vsock://*:*/1", "unix-dgram:/x?source=@a%26b&autobind",
    ];

    [Fact]
    public void A_random_endpoint_is_printed_and_read_back()
    {
        int seed = Seed();
        var random = new Random(seed);
        for (int i = 0; i < Rounds; i++)
        {
            string text = RandomGood(random);
            Assert.True(SocketUri.TryParse(text, out SocketUri? endpoint, out SocketUriError? error), $"seed {seed}: {error}");
            string printed = endpoint.ToString();
            Assert.True(SocketUri.TryParse(printed, out SocketUri? again, out error), $"seed {seed}: {text} is printed as {printed}: {error}");
            Assert.True(endpoint == again && printed == again.ToString(), $"seed {seed}: {text} is printed as {printed}, then as {again}");
            Assert.True(Equals(endpoint.EndPoint, again.EndPoint), $"seed {seed}: {text}: {endpoint.EndPoint} is not {again.EndPoint}");
            Assert.True(endpoint.Options.SequenceEqual(again.Options), $"seed {seed}: {text}");
        }
    }

    [Fact]
    public void Every_part_of_a_good_string_is_read_or_refused()
    {
        foreach (string text in Seeds)
        {
            for (int start = 0; start <= text.Length; start++)
            {
                for (int end = start; end <= text.Length; end++)
                {
                    Check(text[start..end], "a part");
                }
            }
        }
    }

    [Fact]
    public void Changed_strings_and_garbage_are_read_or_refused()
    {
        int seed = Seed();
        var random = new Random(seed);
        for (int i = 0; i < Rounds; i++)
        {
            Check(random.Next(4) == 0 ? Garbage(random) : Changed(Seeds[random.Next(Seeds.Length)], random), $"seed {seed}");
        }
    }

    // Never an exception but FormatException, from Parse alone; and what is read is read again.
    private static void Check(string text, string how)
    {
        try
        {
            foreach (SocketUriDefaults? defaults in new[] { null, new SocketUriDefaults("tcp", 6667) })
            {
                if (SocketUri.TryParse(text, defaults, out SocketUri? endpoint, out SocketUriError? error))
                {
                    Assert.Equal(endpoint, SocketUri.Parse(endpoint.ToString()));
                    continue;
                }

                Assert.InRange(error.Position, 0, text.Length);
                Assert.NotEmpty(error.Problem);
                Assert.Equal(4, error.Message.Split('\n').Length);
                Assert.DoesNotContain(error.Message, static c => char.IsControl(c) && c != '\n');
                Assert.True(SocketUri.TryParse(error.Example, out _), $"not right: {error.Example}");
                Assert.Throws<FormatException>(() => SocketUri.Parse(text, defaults));
            }
        }
        catch (Exception e)
        {
            Assert.Fail($"{how}: \"{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}\" ({text}): {e}");
        }
    }

    private static string Changed(string text, Random random)
    {
        var changed = new StringBuilder(text);
        for (int n = random.Next(1, 5); n > 0; n--)
        {
            int at = random.Next(changed.Length + 1);
            switch (random.Next(4))
            {
                case 0 when at < changed.Length:
                    changed.Remove(at, random.Next(1, changed.Length - at + 1));
                    break;
                case 1 when at < changed.Length:
                    changed[at] = Sign(random);
                    break;
                case 2:
                    string other = Seeds[random.Next(Seeds.Length)];
                    changed.Insert(at, other.AsSpan(random.Next(other.Length + 1)));
                    break;
                default:
                    changed.Insert(at, Sign(random));
                    break;
            }
        }

        return changed.ToString();
    }

    private static string Garbage(Random random) => string.Create(random.Next(200), random, static (span, random) =>
    {
        foreach (ref char c in span)
        {
            c = Sign(random);
        }
    });

    private static char Sign(Random random) => random.Next(3) switch
    {
        0 => "%?&=:/[]*@.,-0x19\0\n"[random.Next(19)],
        1 => (char)random.Next(0x20, 0x7F),
        _ => (char)random.Next(0x10000),
    };

    private static string RandomGood(Random random)
    {
        string name = SocketUri.Schemes[random.Next(SocketUri.Schemes.Count)].Name;
        string address = name switch
        {
            "fd" => $"fd:{random.Next()}",
            "systemd" => $"systemd:{random.Next():x}.socket",
            _ when name.StartsWith("unix", StringComparison.Ordinal) => $"{name}:{RandomPath(random)}",
            _ when name.StartsWith("vsock", StringComparison.Ordinal) => $"{name}://{random.NextInt64(1L << 32)}:{random.NextInt64(1L << 32)}" + (random.Next(2) == 0 ? "" : $"/{random.Next(256)}"),
            _ when name.StartsWith("tipc", StringComparison.Ordinal) => $"{name}://{random.NextInt64(1L << 32)}:{random.Next()}" + random.Next(4) switch { 0 => "-4000000000", 1 => $"@{random.Next():x}", 2 => "/node", _ => "" },
            "netlink" => $"netlink:{random.Next(32)}" + random.Next(3) switch { 0 => $"/{random.NextInt64(1L << 32)}", 1 => $"/{random.Next()}/{random.NextInt64(1L << 32):x}", _ => "" },
            _ when name.StartsWith("packet", StringComparison.Ordinal) => $"{name}:{random.Next(1, 99)}" + random.Next(3) switch { 0 => $"/{random.Next(65_536):x}", 1 => $"/{random.Next(65_536):x}/{random.Next(256):x2}:{random.Next(256):x2}", _ => "" },
            "can" => $"can://{random.Next(1, 99)}" + random.Next(3) switch { 0 => $"/isotp/{random.Next():x}/{random.Next():x}", 1 => $"/j1939/{random.NextInt64():x}/{random.Next():x}/{random.Next(256):x}", _ => "" },
            _ when SocketUri.Schemes.First(scheme => scheme.Name == name).Example.Contains("]:", StringComparison.Ordinal)
                || name.EndsWith('4') => $"{name}://{RandomHost(name, random)}:{random.Next(65_536)}",
            _ => SocketUri.Schemes.First(scheme => scheme.Name == name).Example,
        };
        return address + RandomQuery(SocketUri.Parse(address), random);
    }

    private static string RandomHost(string scheme, Random random)
    {
        byte[] four = new byte[4];
        byte[] six = new byte[16];
        random.NextBytes(four);
        random.NextBytes(six);
        six.AsSpan(random.Next(16), random.Next(0, 1)).Clear();
        return random.Next(4) switch
        {
            0 when !scheme.EndsWith('6') => new IPAddress(four).ToString(),
            1 when !scheme.EndsWith('4') => $"[{new IPAddress(six)}]",
            2 when !scheme.EndsWith('4') => $"[{new IPAddress([0xFE, 0x80, .. six[2..]])}%{random.Next(1, 100)}]",
            3 when random.Next(3) == 0 => "*",
            _ => "h" + string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => "abc019-_"[random.Next(8)])) + ".example",
        };
    }

    private static string RandomPath(Random random)
    {
        var path = new StringBuilder(random.Next(3) == 0 ? "@" : "/");
        for (int n = random.Next(1, 25); n > 0; n--)
        {
            path.Append(random.Next(4) switch
            {
                0 => $"%{random.Next(1, 256):X2}",
                1 => $"%{random.Next(1, 256):x2}",
                2 => "äé漢🐟 /.=&"[..1],
                _ => ((char)random.Next('a', 'z' + 1)).ToString(),
            });
        }

        return path.ToString();
    }

    private static string RandomQuery(SocketUri endpoint, Random random)
    {
        var query = new List<string>();
        foreach (SocketUriOption option in SocketUri.KnownOptions)
        {
            if (random.Next(4) == 0 && option.AppliesTo(endpoint.Scheme)
                && !(option.Name == "dual_stack" && endpoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
                && !(option.Name is "mode" or "unlink" && endpoint.EndPoint is UnixEndPoint { IsPath: false }))
            {
                query.Add($"{option.Name}={EndpointRows.Value(option, endpoint, random)}");
            }
        }

        string[] mixed = [.. query];
        random.Shuffle(mixed);
        return mixed.Length == 0 ? "" : "?" + string.Join('&', mixed);
    }

    private static int Seed()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return seed;
    }
}
