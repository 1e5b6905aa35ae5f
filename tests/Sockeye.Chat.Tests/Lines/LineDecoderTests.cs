using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Sockeye.Chat.Lines;

namespace Sockeye.Chat.Tests.Lines;

public sealed class LineDecoderTests
{
    private const int Max = 64;
    private const string TooLong = "<too long>";

    public static TheoryData<string, string[]> Framing => new()
    {
        { "one\n", ["one"] },
        { "one\r\n", ["one"] },
        { "one\r\ntwo\nthree\n", ["one", "two", "three"] },
        { "\n\r\n\n", ["", "", ""] },
        { "a\rb\n", ["a\rb"] },
        { "a\r\r\n", ["a\r"] },
        { "last without an end", ["last without an end"] },
        { "last\r", ["last"] },
        { "grüße 你好 🐟\n", ["grüße 你好 🐟"] },
        { "nul\0in it\n", ["nul\0in it"] },
        { new string('x', Max) + "\n", [new string('x', Max)] },
        { new string('x', Max) + "\r\n", [new string('x', Max)] },
        { new string('x', Max + 1) + "\nnext\n", [TooLong, "next"] },
        { new string('x', Max) + "\rx\nnext\n", [TooLong, "next"] },
        { new string('x', 10 * Max) + "\nnext\n", [TooLong, "next"] },
        { new string('x', 10 * Max), [TooLong] },
        { "", [] },
    };

    [Theory]
    [MemberData(nameof(Framing))]
    public void Lines_are_the_same_whole_halved_and_byte_by_byte(string input, string[] expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(input);
        Assert.Equal(expected, Decode(bytes, [bytes.Length]));
        for (int half = 0; half <= bytes.Length; half++)
        {
            Assert.Equal(expected, Decode(bytes, [half, bytes.Length]));
        }

        Assert.Equal(expected, Decode(bytes, Enumerable.Range(1, bytes.Length)));
    }

    public static TheoryData<byte[], string[]> Telnet => new()
    {
        { [255, 251, 31, .. "hi\n"u8], ["hi"] }, // WILL NAWS
        { [.. "h"u8, 255, 253, 3, .. "i\n"u8], ["hi"] }, // DO SUPPRESS-GO-AHEAD in mid-word
        { [255, 250, 31, 0, 80, 0, 10, 255, 240, .. "hi\n"u8], ["hi"] }, // SB NAWS 80×10 SE: its LF is no line's end
        { [255, 244, 255, 253, 6, .. "hi\n"u8], ["hi"] }, // IP, DO TIMING-MARK: Ctrl-C in telnet
        { [255, 250, .. Enumerable.Repeat((byte)'x', 64), .. "hi\n"u8], ["hi"] }, // a negotiation without end is given up
        { [255, 255, 240, .. "hi\n"u8], ["\uFFFDhi"] }, // an escaped 255 is a broken byte
        { [255, .. "hi\n"u8], ["\uFFFDhi"] }, // 255 before text as well
        { [.. "hi"u8, 255], ["hi\uFFFD"] },
        { [.. "hi"u8, 255, 251], ["hi"] },
        { [0xC3, 0x28, 0xA0, .. "x\n"u8], ["\uFFFD(\uFFFDx"] }, // invalid UTF-8
        { [0xF0, 0x9F, 0x90, (byte)'\n'], ["\uFFFD"] }, // cut by the line's end
    };

    [Theory]
    [MemberData(nameof(Telnet))]
    public void Negotiation_and_broken_bytes_do_no_harm_wherever_they_are_cut(byte[] bytes, string[] expected)
    {
        Assert.Equal(expected, Decode(bytes, [bytes.Length]));
        for (int half = 0; half <= bytes.Length; half++)
        {
            Assert.Equal(expected, Decode(bytes, [half, bytes.Length]));
        }

        Assert.Equal(expected, Decode(bytes, Enumerable.Range(1, bytes.Length)));
    }

    [Fact]
    public void What_is_found_never_depends_on_the_cuts()
    {
        // Bytes that matter to the decoder come often; the rest are anything.
        Gen<byte> oneByte = Gen.Frequency(
            (4, Gen.Elements((byte)'\n', (byte)'\r')),
            (3, Gen.Elements((byte)255, (byte)250, (byte)240, (byte)251, (byte)244)),
            (8, Gen.Choose('a', 'e').Select(static i => (byte)i)),
            (2, Gen.Choose(0, 255).Select(static i => (byte)i)));
        Arbitrary<(byte[] Bytes, int[] Cuts)> cases = (
            from bytes in oneByte.ArrayOf()
            from cuts in Gen.Choose(0, 1 + bytes.Length).ArrayOf()
            select (bytes, cuts)).ToArbitrary();
        Prop.ForAll(cases, static c =>
        {
            string[] whole = Decode(c.Bytes, [c.Bytes.Length]);
            int[] cuts = [.. c.Cuts.Where(cut => cut <= c.Bytes.Length).Order(), c.Bytes.Length];
            return whole.SequenceEqual(Decode(c.Bytes, cuts)) && whole.All(static line => !line.Contains('\n'));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_flood_of_random_bytes_never_holds_more_than_a_line()
    {
        int seed = Environment.TickCount;
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var random = new Random(seed);
        var decoder = new LineDecoder(Max);
        byte[] buffer = new byte[4_096];
        for (int round = 0; round < 500; round++)
        {
            Span<byte> bytes = buffer.AsSpan(0, random.Next(1, buffer.Length));
            random.NextBytes(bytes);
            while (bytes.Length > 0)
            {
                int taken = decoder.Read(bytes, out LineKind kind, out string line);
                Assert.True(decoder.HeldBytes <= Max + 1, $"seed {seed}: {decoder.HeldBytes} bytes held");
                Assert.True(kind != LineKind.None || taken == bytes.Length, $"seed {seed}: nothing found, and not all taken");
                Assert.True(line.Length <= Max, $"seed {seed}: a line of {line.Length}");
                bytes = bytes[taken..];
            }
        }
    }

    /// <summary>Feeds the bytes up to each cut in turn, then the end.</summary>
    private static string[] Decode(byte[] bytes, IEnumerable<int> cuts)
    {
        var decoder = new LineDecoder(Max);
        var found = new List<string>();
        int from = 0;
        LineKind kind;
        string line;
        foreach (int cut in cuts)
        {
            while (true)
            {
                from += decoder.Read(bytes.AsSpan(from, cut - from), out kind, out line);
                if (kind == LineKind.None)
                {
                    break;
                }

                found.Add(kind == LineKind.TooLong ? TooLong : line);
            }
        }

        Assert.Equal(bytes.Length, from);
        kind = decoder.Finish(out line);
        if (kind != LineKind.None)
        {
            found.Add(kind == LineKind.TooLong ? TooLong : line);
        }

        return [.. found];
    }
}
