using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sockeye.Servers.Framing;

namespace Sockeye.Servers.Tests.Framing;

/// <summary>Readers and writers of frames: each input whole, halved at each place, and byte by byte.</summary>
public sealed class FramingTests
{
    private const string TooLong = "<TooLong>";
    private const string Malformed = "<Malformed>";
    private const string EndedInside = "<EndedInside>";

    [Theory]
    [InlineData("", new string[0])]
    [InlineData("a\nb\r\nc", new[] { "a", "b", "c" })]
    [InlineData("\n\r\n", new[] { "", "" })]
    [InlineData("a\rb\n\r\r\n", new[] { "a\rb", "\r" })]
    [InlineData("last\r", new[] { "last" })]
    [InlineData("12345678\n", new[] { "12345678" })]
    [InlineData("12345678\r\n", new[] { "12345678" })]
    [InlineData("123456789\nnext\n", new[] { TooLong, "next" })]
    [InlineData("12345678\r\r\nnext\n", new[] { TooLong, "next" })]
    [InlineData("123456789\r\nnext", new[] { TooLong, "next" })]
    [InlineData("1234567890abcdef\n1234567890\nok\n", new[] { TooLong, TooLong, "ok" })]
    [InlineData("123456789", new[] { TooLong })]
    public void Lines_end_in_line_feed_with_or_without_return(string bytes, string[] expected) =>
        Assert.Equal(expected, Read(bytes, () => new LineReader(maxLineBytes: 8)));

    [Theory]
    [InlineData("\0", "a\0b\r\n\0c", new[] { "a", "b\r\n", "c" })]
    [InlineData("\r\n", "a\nb\r\n\r\rx\r\n", new[] { "a\nb", "\r\rx" })]
    [InlineData("\r\n", "12345678\r\n123456789\r\nok\r\n", new[] { "12345678", TooLong, "ok" })]
    [InlineData("\r\n", "123456789\r\r\r\n12\r", new[] { TooLong, "12\r" })]
    [InlineData("abab", "abaabab1abab", new[] { "aba", "1" })]
    [InlineData("abab", "123456789abaXabab2abab", new[] { TooLong, "2" })]
    public void A_delimiter_of_your_own_is_taken_as_it_is(string delimiter, string bytes, string[] expected) =>
        Assert.Equal(expected, Read(bytes, () => new LineReader(Encoding.UTF8.GetBytes(delimiter), maxLineBytes: 8)));

    [Theory]
    [InlineData(1, false, "05 68 65 6C 6C 6F 00", new[] { "hello", "" })]
    [InlineData(2, false, "00 02 68 69 00 01 21", new[] { "hi", "!" })]
    [InlineData(2, true, "02 00 68 69", new[] { "hi" })]
    [InlineData(4, false, "00 00 00 08 31 32 33 34 35 36 37 38", new[] { "12345678" })]
    [InlineData(4, false, "00 00 00 09 31", new[] { TooLong })]
    [InlineData(4, false, "FF FF FF FF", new[] { TooLong })]
    [InlineData(4, true, "09 00 00 00", new[] { TooLong })]
    [InlineData(8, false, "00 00 00 00 00 00 00 01 41", new[] { "A" })]
    [InlineData(8, false, "FF FF FF FF FF FF FF FF 41", new[] { TooLong })]
    [InlineData(8, true, "01 00 00 00 01 00 00 00 41", new[] { TooLong })]
    [InlineData(4, false, "00 00 00", new[] { EndedInside })]
    [InlineData(4, false, "00 00 00 02 41", new[] { EndedInside })]
    public void A_length_stands_before_the_frame(int prefixBytes, bool isLittleEndian, string hex, string[] expected) =>
        Assert.Equal(expected, Pieces.ReadEachWay(
            Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)),
            () => new LengthPrefixReader(maxFrameBytes: 8, prefixBytes, isLittleEndian),
            Show));

    [Theory]
    [InlineData("5:hello,0:,3:a,b,", new[] { "hello", "", "a,b" })]
    [InlineData("8:12345678,", new[] { "12345678" })]
    [InlineData("9:", new[] { TooLong })]
    [InlineData("99999999999999999999:", new[] { TooLong })]
    [InlineData("2147483648", new[] { TooLong })]
    [InlineData("05:hello,", new[] { Malformed })]
    [InlineData("00:,", new[] { Malformed })]
    [InlineData(":,", new[] { Malformed })]
    [InlineData("-1:a,", new[] { Malformed })]
    [InlineData("+1:a,", new[] { Malformed })]
    [InlineData("1 :a,", new[] { Malformed })]
    [InlineData("1:a;", new[] { Malformed })]
    [InlineData("1:a,x", new[] { "a", Malformed })]
    [InlineData("1:a", new[] { EndedInside })]
    [InlineData("3:a,", new[] { EndedInside })]
    [InlineData("5", new[] { EndedInside })]
    public void A_netstring_is_a_length_a_colon_the_bytes_and_a_comma(string bytes, string[] expected) =>
        Assert.Equal(expected, Read(bytes, () => new NetstringReader(maxFrameBytes: 8)));

    [Theory]
    [InlineData("""{"Id":1,"Text":"a"}""" + "\n" + """{"Id":2,"Text":"b\n"}""", new[] { "1 a", "2 b\n" })]
    [InlineData("\n\r\n {\"Id\":1,\"Text\":\"a\"} \r\n\n", new[] { "1 a" })]
    [InlineData("null\n{\"Id\":1,\"Text\":\"a\"}\n", new[] { Malformed, "1 a" })]
    [InlineData("{\"Id\":1,\n\"Text\":\"a\"}\n{\"Id\":2,\"Text\":\"b\"}\n", new[] { Malformed, Malformed, "2 b" })]
    [InlineData("{\"Id\":\"x\"}\n[1]\n1 2\n{}{}\nhello\n", new[] { Malformed, Malformed, Malformed, Malformed, Malformed })]
    [InlineData("{\"Id\":1,\"Text\":\"a\"} x\n", new[] { Malformed })]
    [InlineData("{\"Id\":99999999999,\"Text\":\"a\"}\n", new[] { Malformed })]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n", new[] { Malformed })]
    [InlineData("{\"Id\":1", new[] { Malformed })]
    public void Objects_are_read_one_to_a_line(string bytes, string[] expected) =>
        Assert.Equal(expected, Pieces.ReadEachWay(
            Encoding.UTF8.GetBytes(bytes), () => new JsonReader<Note>(FramingJson.Default.Note), note => $"{note.Id} {note.Text}"));

    [Fact]
    public void An_object_of_broken_UTF_8_is_malformed() =>
        Assert.Equal([Malformed], Pieces.ReadEachWay(
            [.. "{\"Id\":1,\"Text\":\""u8, 0xFF, 0xFE, .. "\"}\n"u8],
            () => new JsonReader<Note>(FramingJson.Default.Note),
            note => $"{note.Id} {note.Text}"));

    [Theory]
    [InlineData("{\"Id\":1}\n{\"$type\":\"even\",\"Id\":2}\n", new[] { Malformed, "2" })] // no discriminator
    [InlineData("{\"$type\":\"odd\",\"Id\":2}\n", new[] { Malformed })] // one that is not known
    [InlineData("{\"$type\":\"even\",\"Id\":3}\n{\"$type\":\"even\",\"Id\":4}\n", new[] { Malformed, "4" })] // the constructor throws
    public void What_the_objects_type_does_not_take_is_malformed(string bytes, string[] expected) =>
        Assert.Equal(expected, Pieces.ReadEachWay(
            Encoding.UTF8.GetBytes(bytes), () => new JsonReader<Number>(FramingJson.Default.Number), number => $"{number.Id}"));

    [Fact]
    public void Objects_travel_in_other_frames_too()
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new JsonWriter<Note>(FramingJson.Default.Note, new LengthPrefixWriter());
        writer.Write(new Note(1, "a\nb"), output);
        writer.Write(new Note(2, new string('x', 700)), output);
        writer.Write(new Note(3, "c"), output);
        List<string> found = Pieces.ReadEachWay(
            output.WrittenSpan.ToArray(),
            () => new JsonReader<Note>(FramingJson.Default.Note, new LengthPrefixReader()),
            note => $"{note.Id} {note.Text.Length}");
        Assert.Equal(["1 3", "2 700", "3 1"], found);
    }

    [Fact]
    public void An_object_is_one_line_even_where_its_options_ask_for_more()
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new JsonWriter<Note>(new FramingJson(new JsonSerializerOptions { WriteIndented = true }).Note);
        writer.Write(new Note(1, "a\r\nb"), output);
        Assert.Equal("{\"Id\":1,\"Text\":\"a\\r\\nb\"}\n", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void Of_an_object_that_cannot_be_written_nothing_is_sent()
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new JsonWriter<Throwing>(FramingJson.Default.Throwing);
        Assert.Throws<InvalidOperationException>(() => writer.Write(new Throwing(fails: true), output));
        Assert.Equal(0, output.WrittenCount);
        writer.Write(new Throwing(fails: false), output);
        Assert.Equal("{\"First\":1,\"Second\":2}\n", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [InlineData("\n", "a\nb")]
    [InlineData("\n", "a\n")]
    [InlineData("\n", "a\r")]
    [InlineData("\r\n", "a\r\nb")]
    [InlineData("abab", "xab")]
    public void A_line_that_holds_its_end_is_refused(string delimiter, string line)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Throws<ArgumentException>(() => new LineWriter(Encoding.UTF8.GetBytes(delimiter)).Write(Encoding.UTF8.GetBytes(line), output));
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void A_frame_longer_than_its_writer_allows_is_refused()
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Throws<ArgumentException>(() => new LengthPrefixWriter(maxFrameBytes: 3).Write("1234"u8, output));
        Assert.Throws<ArgumentException>(() => new LengthPrefixWriter(prefixBytes: 1).Write(new byte[256], output));
        Assert.Throws<ArgumentException>(() => new NetstringWriter(maxFrameBytes: 3).Write("1234"u8, output));
        Assert.Equal(0, output.WrittenCount);
    }

    [Fact]
    public void A_long_line_that_comes_slowly_is_looked_at_once()
    {
        // 4 MiB in pieces of 64 bytes: looked at anew each time it would take minutes.
        const int Length = 4 * 1024 * 1024;
        var reader = new LineReader(maxLineBytes: Length);
        byte[] bytes = new byte[Length + 1];
        bytes.AsSpan().Fill((byte)'x');
        bytes[^1] = (byte)'\n';
        long seen = 0;
        for (int length = 64; length < Length; length += 64)
        {
            var input = new ReadOnlySequence<byte>(bytes, 0, length);
            seen += reader.TryRead(ref input, out _) ? 1 : 0;
        }

        var whole = new ReadOnlySequence<byte>(bytes);
        Assert.Equal(0, seen);
        Assert.True(reader.TryRead(ref whole, out ReadOnlySequence<byte> line));
        Assert.Equal(Length, line.Length);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        foreach (int seed in Fuzzing.Seeds(count: 100))
        {
            var random = new Random(seed);
            byte[][] messages = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => RandomBytes(random))];
            foreach ((IMessageWriter<ReadOnlySpan<byte>> writer, Func<IMessageReader<ReadOnlySequence<byte>>> create) in Pairs())
            {
                var output = new ArrayBufferWriter<byte>();
                var sent = new List<string>();
                foreach (byte[] message in messages)
                {
                    try
                    {
                        writer.Write(message, output);
                        sent.Add(Convert.ToHexString(message));
                    }
                    catch (ArgumentException)
                    {
                        // Refused whole; what was written says so below.
                    }
                }

                List<string> found = Pieces.ReadEachWay(output.WrittenSpan.ToArray(), create, static bytes => Convert.ToHexString(bytes.ToArray()), halves: false);
                Assert.True(sent.SequenceEqual(found), $"seed {seed}, {writer.GetType().Name}: sent {string.Join(' ', sent)}, read {string.Join(' ', found)}");
            }
        }
    }

    [Fact]
    public void No_bytes_do_more_than_fail()
    {
        foreach (int seed in Fuzzing.Seeds(count: 100))
        {
            byte[] bytes = RandomBytes(new Random(seed), max: 60);
            foreach ((_, Func<IMessageReader<ReadOnlySequence<byte>>> create) in Pairs())
            {
                Pieces.ReadEachWay(bytes, create, Show, halves: false);
            }

            Pieces.ReadEachWay(bytes, () => new JsonReader<Note>(FramingJson.Default.Note), note => note.Text, halves: false);
        }
    }

    private static IEnumerable<(IMessageWriter<ReadOnlySpan<byte>> Writer, Func<IMessageReader<ReadOnlySequence<byte>>> Create)> Pairs()
    {
        yield return (new LineWriter(), () => new LineReader());
        yield return (new LineWriter("\r\n"u8), () => new LineReader("\r\n"u8));
        yield return (new LineWriter("aba"u8), () => new LineReader("aba"u8, maxLineBytes: 64));
        yield return (new LengthPrefixWriter(prefixBytes: 1), () => new LengthPrefixReader(prefixBytes: 1));
        yield return (new LengthPrefixWriter(prefixBytes: 2, isLittleEndian: true), () => new LengthPrefixReader(prefixBytes: 2, isLittleEndian: true));
        yield return (new LengthPrefixWriter(), () => new LengthPrefixReader());
        yield return (new LengthPrefixWriter(prefixBytes: 8), () => new LengthPrefixReader(prefixBytes: 8));
        yield return (new NetstringWriter(), () => new NetstringReader());
    }

    // Few different bytes, those that frames are made of, so that they meet.
    private static byte[] RandomBytes(Random random, int max = 40)
    {
        byte[] alphabet = [.. "\r\nab0123:,{}[]\" "u8, 0, 1, 2, 0xFF];
        return random.GetItems(alphabet, random.Next(0, max));
    }

    private static List<string> Read(string bytes, Func<IMessageReader<ReadOnlySequence<byte>>> create) =>
        Pieces.ReadEachWay(Encoding.UTF8.GetBytes(bytes), create, Show);

    private static string Show(ReadOnlySequence<byte> message) => Encoding.UTF8.GetString(message);
}

/// <summary>An object that is sent.</summary>
public sealed record Note(
    [property: JsonRequired] int Id,
    [property: JsonRequired] string Text);

/// <summary>An object one of whose members may throw.</summary>
public sealed class Throwing(bool fails)
{
    public int First => 1;

    public int Second => fails ? throw new InvalidOperationException("It cannot be read now.") : 2;
}

[JsonPolymorphic]
[JsonDerivedType(typeof(Even), "even")]
internal abstract class Number(int id)
{
    public int Id { get; } = id;
}

internal sealed class Even(int id) : Number(id % 2 == 0 ? id : throw new ArgumentException("It is odd.", nameof(id)));

[JsonSerializable(typeof(Number))]
[JsonSerializable(typeof(Note))]
[JsonSerializable(typeof(Throwing))]
internal sealed partial class FramingJson : JsonSerializerContext;
