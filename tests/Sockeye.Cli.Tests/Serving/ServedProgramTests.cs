using System.Buffers;
using System.Text;
using Sockeye.Cli.Serving;

namespace Sockeye.Cli.Tests.Serving;

/// <summary>What the served programs answer, without a socket.</summary>
public sealed class ServedProgramTests
{
    [Theory]
    [InlineData("2026-11-06T09:05:07Z", "Fri Nov  6 09:05:07 2026")]
    [InlineData("2026-11-20T10:00:00Z", "Fri Nov 20 10:00:00 2026")]
    [InlineData("0987-01-01T23:59:59Z", "Mon Jan  1 23:59:59 0987")]
    public void The_time_is_written_as_c_writes_it(string now, string expected) =>
        Assert.Equal(expected, TimeProgram.Format(DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture)));

    [Fact]
    public void The_time_is_the_clocks_and_the_bytes_come_back_untouched()
    {
        byte[] chunk = [0, 0xff, (byte)'\r', (byte)'\n', (byte)'\n'];
        var program = new TimeProgram(new StillTime(new DateTimeOffset(2026, 11, 20, 10, 0, 0, TimeSpan.Zero)));
        var answer = new ArrayBufferWriter<byte>();
        Assert.True(program.Answer(chunk, answer));
        Assert.Equal([.. "[Fri Nov 20 12:00:00 2026] "u8, .. chunk], answer.WrittenSpan.ToArray());
    }

    [Theory]
    [InlineData("Michael", "Hello, Michael!", true)]
    [InlineData("Michael\n", "Hello, Michael!\n", true)]
    [InlineData("a\nb\r\nc", "Hello, a!\nHello, b!\r\nHello, c!", true)]
    [InlineData("\n", "Hello, !\n", true)]
    [InlineData("\r\n\n", "Hello, !\r\nHello, !\n", true)]
    [InlineData("a\rb", "Hello, a\rb!", true)]
    [InlineData("exit", "", false)]
    [InlineData("exit\r\n", "", false)]
    [InlineData("a\nexit\nb\n", "Hello, a!\n", false)]
    [InlineData("exit \nEXIT\n", "Hello, exit !\nHello, EXIT!\n", true)]
    public void Each_message_is_greeted_and_exit_ends(string chunk, string expected, bool goesOn)
    {
        var answer = new ArrayBufferWriter<byte>();
        Assert.Equal(goesOn, new GreetProgram().Answer(Encoding.UTF8.GetBytes(chunk), answer));
        Assert.Equal(expected, Encoding.UTF8.GetString(answer.WrittenSpan));
    }

    [Theory]
    [InlineData("", "Hello, !")]
    [InlineData("exit", "Hello, exit!")]
    [InlineData("a\nb", "Hello, a\nb!")]
    [InlineData("a\r\n", "Hello, a!\r\n")]
    public void A_datagram_is_one_name_and_ends_nothing(string datagram, string expected)
    {
        var answer = new ArrayBufferWriter<byte>();
        new GreetProgram().AnswerDatagram(Encoding.UTF8.GetBytes(datagram), answer);
        Assert.Equal(expected, Encoding.UTF8.GetString(answer.WrittenSpan));
    }

    [Theory]
    [InlineData("x", "ok?")]
    [InlineData("x\n", "ok?\n")]
    [InlineData("x\ny\r\n", "ok?\r\n")]
    [InlineData("", "ok?")]
    public void A_reply_has_the_line_end_of_its_chunk(string chunk, string expected)
    {
        var answer = new ArrayBufferWriter<byte>();
        new ReplyProgram("ok?").AnswerDatagram(Encoding.UTF8.GetBytes(chunk), answer);
        Assert.Equal(expected, Encoding.UTF8.GetString(answer.WrittenSpan));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'h', (byte)'i', 13, 10 }, 0, "me hi")]
    [InlineData(new byte[] { (byte)'h', 10, (byte)'i', 10 }, 1, "me h\\ni (1 more byte was cut)")]
    [InlineData(new byte[] { 0xff, 0x1b }, 5, "me \\xff\\x1b (5 more bytes were cut)")]
    [InlineData(new byte[0], 0, "me ")]
    public void The_sink_shows_what_came_and_what_was_cut(byte[] bytes, int cut, string expected) =>
        Assert.Equal(expected, new SinkProgram().Line("me", bytes, cut, new Style(false)));

    [Fact]
    public void Messages_are_the_lines_of_each_piece_whatever_comes()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int i = 0; i < 2_000; i++)
        {
            // Few values, so that line ends stand everywhere; now and then any.
            byte[] bytes = new byte[random.Next(12)];
            foreach (ref byte value in bytes.AsSpan())
            {
                value = random.Next(8) == 0 ? (byte)random.Next(256) : "\r\na"u8[random.Next(3)];
            }

            int half = random.Next(bytes.Length + 1);
            Check(bytes);
            Check(bytes[..half]);
            Check(bytes[half..]);
            foreach (byte value in bytes)
            {
                Check([value]);
            }
        }
    }

    private static void Check(byte[] piece)
    {
        // The reference works on text, a character a byte, and knows nothing of the code's way.
        string[] lines = Encoding.Latin1.GetString(piece).Split('\n');
        var expected = new List<(string Text, string End)>();
        for (int i = 0; i < lines.Length; i++)
        {
            bool isLast = i == lines.Length - 1;
            if (!isLast)
            {
                bool hasReturn = lines[i].EndsWith('\r');
                expected.Add((hasReturn ? lines[i][..^1] : lines[i], hasReturn ? "\r\n" : "\n"));
            }
            else if (lines[i].Length > 0 || lines.Length == 1)
            {
                expected.Add((lines[i], ""));
            }
        }

        var actual = new List<(string Text, string End)>();
        var messages = new MessageLines(piece);
        while (messages.MoveNext())
        {
            actual.Add((Encoding.Latin1.GetString(messages.Text), Encoding.Latin1.GetString(messages.LineEnd)));
        }

        Assert.Equal(expected, actual);
    }

    /// <summary>A clock that stands still, two hours east of Greenwich.</summary>
    internal sealed class StillTime(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("east", TimeSpan.FromHours(2), "east", "east");

        public override DateTimeOffset GetUtcNow() => now;
    }
}
