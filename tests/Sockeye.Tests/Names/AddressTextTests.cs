using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Sockeye.Tests.Names;

/// <summary>Addresses as text are what python3 takes for them.</summary>
public sealed class AddressTextTests
{
    private const int Limit = 30_000;

    private static readonly string[] Odd =
    [
        "127.1", "0x7f.1", "0x7f000001", "017700000001", "2130706433", "4294967295", "4294967296", "1.2.3", "1.2.65535", "1.2.65536",
        "1.16777215", "1.16777216", "0300.0250.1.1", "08.1.1.1", "0x", "0xg", "1.2.3.4 tail", "1.2.3.4\ttail", "1.2.3.4tail", " 1.2.3.4",
        "", " ", ".", "1.", "1..2", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "01.02.03.04", "001.1.1.1", "+1.2.3.4", "-1.2.3.4", "1.2.3.4\n",
        "::", "::1", "1::", "::1.2.3.4", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7", "1::2::3", ":::", ":1", "1:",
        "12345::", "g::", "fe80::1%lo", "[::1]", "::1.2.3", "::1.2.3.4.5", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "ABCD::ef", "0000:0000::0",
        "::256.1.1.1", "::01.2.3.4", "\u0661.1.1.1", "1.2.3.4\u00A0", "1.2.3.4\0", "\0",
    ];

    [Fact(Timeout = Limit)]
    public async Task Every_text_is_an_address_where_it_is_one_to_python()
    {
        const int Seed = 42;
        string[] texts = [.. Odd, .. Random(new Random(Seed), 6_000)];
        JsonElement answers = await Python.Ask(
            """
            def told(call, *args):
                try:
                    return call(*args).hex()
                except (OSError, ValueError):
                    return ""
            for text in asked:
                answers.append([told(socket.inet_pton, socket.AF_INET, text), told(socket.inet_pton, socket.AF_INET6, text), told(socket.inet_aton, text)])
            """,
            texts);
        byte[] room = new byte[16];
        int[] taken = [0, 0, 0];
        for (int i = 0; i < texts.Length; i++)
        {
            string[] ours =
            [
                AddressText.TryParse(AddressFamily.InterNetwork, texts[i], room, out int four) ? Convert.ToHexStringLower(room, 0, four) : "",
                AddressText.TryParse(AddressFamily.InterNetworkV6, texts[i], room, out int six) ? Convert.ToHexStringLower(room, 0, six) : "",
                AddressText.TryParseLoose(texts[i], out IPAddress? loose) ? Convert.ToHexStringLower(loose.GetAddressBytes()) : "",
            ];
            for (int way = 0; way < 3; way++)
            {
                Assert.True(answers[i][way].GetString() == ours[way], $"seed {Seed}, \"{texts[i]}\": python {answers[i][way]}, ours {ours[way]}");
                taken[way] += ours[way].Length != 0 ? 1 : 0;
            }
        }

        Assert.True(taken.All(count => count > 200 && count < texts.Length - 200), string.Join(' ', taken));
    }

    [Fact(Timeout = Limit)]
    public async Task Every_address_is_written_as_python_writes_it()
    {
        const int Seed = 43;
        var random = new Random(Seed);
        byte[][] addresses = [.. Enumerable.Range(0, 4_000).Select(i =>
        {
            byte[] address = new byte[i % 4 == 0 ? 4 : 16];
            random.NextBytes(address);

            // Runs of zeros, and the forms that end as IPv4 does.
            for (int at = 0; at < address.Length; at++)
            {
                address[at] = (i % 3) switch { 0 => address[at], 1 => (byte)(random.Next(3) == 0 ? address[at] : 0), _ => (byte)(at is 10 or 11 ? 0xFF : at < 10 ? 0 : address[at]) };
            }

            return address;
        })];
        JsonElement answers = await Python.Ask(
            """
            for text in asked:
                address = bytes.fromhex(text)
                answers.append([socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address),
                    socket.inet_ntoa(address) if len(address) == 4 else ""])
            """,
            addresses.Select(Convert.ToHexStringLower));
        for (int i = 0; i < addresses.Length; i++)
        {
            AddressFamily family = addresses[i].Length == 4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
            string text = AddressText.Format(family, addresses[i]);
            Assert.True(answers[i][0].GetString() == text, $"seed {Seed}: python {answers[i][0]}, ours {text}");
            Assert.Equal(addresses[i], AddressText.Parse(family, text));
        }
    }

    [Fact]
    public void What_is_no_address_is_reported_with_an_example()
    {
        Assert.Contains("\"127.1\" is no address of family InterNetwork; one is 192.0.2.1", Assert.Throws<FormatException>(() => AddressText.Parse(AddressFamily.InterNetwork, "127.1")).Message, StringComparison.Ordinal);
        Assert.Equal(IPAddress.Loopback, AddressText.ParseLoose("127.1"));
        Assert.Throws<FormatException>(() => AddressText.ParseLoose("::1"));
        Assert.False(AddressText.TryParse(AddressFamily.InterNetwork, null, new byte[4], out _));
        Assert.False(AddressText.TryParse(AddressFamily.InterNetwork, "1.2.3.4", new byte[3], out _));
        Assert.False(AddressText.TryParseLoose(null, out _));
        Assert.Equal(SocketError.AddressFamilyNotSupported, Assert.Throws<SocketException>(() => AddressText.Parse(AddressFamily.Unix, "/a")).SocketErrorCode);
        Assert.Equal(SocketError.AddressFamilyNotSupported, Assert.Throws<SocketException>(() => AddressText.Format(AddressFamily.Unix, [])).SocketErrorCode);
        Assert.Throws<ArgumentException>(() => AddressText.Format(AddressFamily.InterNetwork, new byte[16]));
        Assert.False(AddressText.TryFormat((AddressFamily)999, new byte[4], out _));
    }

    // From what addresses are made of, so that about every tenth is one.
    private static IEnumerable<string> Random(Random random, int count)
    {
        string[] four = ["0", "1", "9", "10", "99", "255", "256", "007", "0x1f", "0X", "377", "0400", "65535", "4294967295", ".", ".", ".", ".", " ", "a", "-"];
        string[] six = ["0", "1", "ffff", "ABCD", "12", "10000", ":", ":", ":", ":", "::", "1.2.3.4", ".", "%", "g"];
        for (int i = 0; i < count; i++)
        {
            switch (i % 4)
            {
                case 0:
                    yield return string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => four[random.Next(four.Length)]));
                    break;
                case 1:
                    yield return string.Concat(Enumerable.Range(0, random.Next(1, 17)).Select(_ => six[random.Next(six.Length)]));
                    break;
                case 2:
                    yield return string.Join('.', Enumerable.Range(0, random.Next(3) == 0 ? random.Next(1, 6) : 4)
                        .Select(_ => random.Next(4) == 0 ? four[random.Next(14)] : $"{random.Next(270)}"));
                    break;
                default:
                    int words = random.Next(5, 10);
                    int gap = random.Next(words * 2);
                    yield return string.Join(':', Enumerable.Range(0, words).Select(at => at == gap ? "" : $"{random.Next(0x1_1000):x}"));
                    break;
            }
        }
    }
}
