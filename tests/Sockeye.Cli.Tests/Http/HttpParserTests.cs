using System.Globalization;
using System.Text;
using Sockeye.Cli.Http;

namespace Sockeye.Cli.Tests.Http;

/// <summary>The parser of responses, without a socket: every response whole, halved and byte by byte; and whatever else may come.</summary>
public sealed class HttpParserTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    [Theory]
    [InlineData(Ok + "Content-Length: 5\r\n\r\nhello", "hello")]
    [InlineData(Ok + "Content-Length: 5\r\n\r\nhello and more", "hello")]
    [InlineData(Ok + "Content-Length: 0\r\n\r\n", "")]
    [InlineData(Ok + "content-length: 5 , 5\r\nCONTENT-LENGTH:05\r\n\r\nhello", "hello")]
    [InlineData(Ok + "\r\nuntil close", "until close")]
    [InlineData(Ok + "\r\n", "")]
    [InlineData("HTTP/1.0 200\r\n\r\nx", "x")]
    [InlineData("HTTP/1.1 200 \r\n\r\nx", "x")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "hi")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData(Ok + "Transfer-Encoding: Chunked\r\n\r\n1;a=b;c=\"d\"\r\nh\r\n0004 \r\nello\r\n000;x\r\nTrailer-One: 1\r\nTrailer-Two:\r\n\r\nmore", "hello")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n1\r\n\r\r\n1\r\n\n\r\n0\n", null)]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\na\r\n0123456789\r\n0\r\nX: bare LF in a field\n\n", "01234567890123456789")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData(Ok + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n\u001f\u007f\r\n0\r\n\r\n", "\u001f\u007f")]
    [InlineData(Ok + "Transfer-Encoding: gzip\r\n\r\nx", "x")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + Ok + "Content-Length: 1\r\n\r\nx", "x")]
    public void Bodies_are_what_the_framing_says(string response, string? body) =>
        InEveryPiece(Encoding.ASCII.GetBytes(response), read =>
        {
            Assert.Equal(body is not null, read.End == HttpStep.End);
            Assert.True(body is null || body == Encoding.ASCII.GetString(read.Body), read.Parser.Problem);
            Assert.True(body is null || read.Parser.BodyBytes == body.Length);
        });

    [Fact]
    public void The_head_is_read() =>
        InEveryPiece(
            [.. "HTTP/1.1 404 Not  Found\r\nServer:x\r\nEmpty:\r\nFolded: a\r\n  b\r\n\tc\r\nSpaced \t:  d \t\r\nBytes: "u8, 0xff, .. "\r\nCr: a\rb\0c\r\nText: ä\r\nContent-Length: 0\r\n\r\n"u8],
            static read =>
            {
                HttpHead head = read.Parser.Head!;
                Assert.Equal(("HTTP/1.1", 404, "Not  Found"), (head.Version, head.Status, head.Reason));
                Assert.Equal(
                    ["Server=x", "Empty=", "Folded=a b c", "Spaced=d", "Bytes=ÿ", "Cr=a b c", "Text=ä", "Content-Length=0"],
                    head.Fields.Select(static field => $"{field.Key}={field.Value}"));
            });

    [Fact]
    public void Trailers_are_reported_and_are_no_headers() =>
        InEveryPiece(Encoding.ASCII.GetBytes(Ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\n  2\r\nContent-Length: 9\r\n\r\n"), static read =>
        {
            Assert.Equal(["A=1 2", "Content-Length=9"], read.Parser.Trailers.Select(static field => $"{field.Key}={field.Value}"));
            Assert.Equal(HttpStep.End, read.End);
        });

    [Theory]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", "both Transfer-Encoding and Content-Length")]
    [InlineData("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "gzip, chunked")]
    [InlineData("Content-Length: 0\r\n\r\n", null)]
    public void What_breaks_the_rules_and_is_borne_is_noted(string rest, string? note) =>
        InEveryPiece(Encoding.ASCII.GetBytes(Ok + rest), read =>
            Assert.True(note is null ? read.Parser.Head!.Note is null : read.Parser.Head!.Note!.Contains(note, StringComparison.Ordinal)));

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", false, "S")]
    [InlineData("220 mail ESMTP\r\n", false, "\"2")]
    [InlineData("\r\nHTTP/1.1 200 OK\r\n\r\n", false, "\\r")]
    [InlineData("http/1.1 200 OK\r\n\r\n", false, "\"h")]
    [InlineData("HTTP/2.0 200 OK\r\n\r\n", false, "HTTP/2.0")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n", false, "HTTP/1.1 20 OK")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", false, "2000")]
    [InlineData("HTTP/1.1 -20 OK\r\n\r\n", false, "-20")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n", false, "099")]
    [InlineData("HTTP/1.1\r\n\r\n", false, "HTTP/1.1")]
    [InlineData("HTTP/1.1 101 Switching Protocols\r\n\r\n", true, "101")]
    [InlineData(Ok + " X: 1\r\n\r\n", true, "begins with a space")]
    [InlineData(Ok + "no colon\r\n\r\n", true, "no colon")]
    [InlineData(Ok + ": no name\r\n\r\n", true, "no name")]
    [InlineData(Ok + "a b: 1\r\n\r\n", true, "a b: 1")]
    [InlineData(Ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", true, "both 5 and 6")]
    [InlineData(Ok + "Content-Length: 5, 6\r\n\r\n", true, "both 5 and 6")]
    [InlineData(Ok + "Content-Length: -5\r\n\r\n", true, "-5")]
    [InlineData(Ok + "Content-Length: +5\r\n\r\n", true, "+5")]
    [InlineData(Ok + "Content-Length: 0x5\r\n\r\n", true, "0x5")]
    [InlineData(Ok + "Content-Length:\r\n\r\n", true, "empty")]
    [InlineData(Ok + "Content-Length: 9223372036854775808\r\n\r\n", true, "9223372036854775808")]
    [InlineData(Ok + "Transfer-Encoding: chunked, gzip\r\n\r\n", true, "chunked comes last")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", true, "twice")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n\r\n", true, "begins with its size")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n;x\r\n", true, "begins with its size")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n", true, "CR LF")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n", true, "not \"X\"")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n", true, "not \"\\n\"")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\rX", true, "not \"X\"")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n-5\r\n", true, "hexadecimal")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n0x5\r\n", true, "hexadecimal")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n 5\r\n", true, "hexadecimal")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\n", true, "too large")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", true, "too large")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n7FFFFFFFFFFFFFFF\r\n", true, "too large")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n", true, "no colon")]
    public void What_is_wrong_is_reported(string response, bool isHttp, string problem) =>
        InEveryPiece(Encoding.ASCII.GetBytes(response), read =>
        {
            Assert.Equal((HttpStep.Bad, isHttp ? HttpFailure.Broken : HttpFailure.NotHttp), (read.End, read.Parser.Failure));
            Assert.Contains(problem, read.Parser.Problem, StringComparison.Ordinal);
            Assert.DoesNotContain(read.Parser.Problem, static c => char.IsControl(c));
        });

    [Theory]
    [InlineData("", "before a byte")]
    [InlineData("HTTP", "within the head, after 4 bytes")]
    [InlineData(Ok + "Server: x\r\n", "within the head, after 28 bytes")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", "after 1 interim response (1xx)")]
    [InlineData(Ok + "Content-Length: 100\r\n\r\n0123456789", "within the body, after 10 of 100 bytes")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "after 3 bytes of it and before its last chunk")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "after 5 bytes of it and before its last chunk")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: 1\r\n", "of which all 1 byte came")]
    public void Where_it_broke_off_is_reported(string response, string place) =>
        InEveryPiece(Encoding.ASCII.GetBytes(response), read =>
        {
            Assert.Equal((HttpStep.Bad, HttpFailure.Lost), (read.End, read.Parser.Failure));
            Assert.Contains(place, read.Parser.Problem, StringComparison.Ordinal);
        });

    [Theory]
    [InlineData(0x16, 3, 1, "https://")]
    [InlineData(0x15, 3, 3, "https://")]
    [InlineData(0, 0, 0x12, "\\x00")]
    public void Bytes_of_TLS_are_known(byte first, byte second, byte third, string hint)
    {
        var parser = new HttpParser();
        Assert.Equal(HttpStep.Bad, parser.Read([first, second, third, 0, 0], out _, out _));
        Assert.Contains(hint, parser.Problem, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Every_length_has_its_bound()
    {
        await Task.CompletedTask;
        string line = new('a', HttpParser.LineBytesMax - 4);
        Assert.Equal(HttpStep.End, Feed(Bytes($"{Ok}b:{line}\r\n\r\n"), 4096).End);
        Wrong($"{Ok}b:{line}a\r\n\r\n", "a line is longer than 65536 bytes");
        Wrong($"{Ok}b:{new string('a', 10_000_000)}\r\n\r\n", "a line is longer than 65536 bytes");
        Wrong($"HTTP/1.1 200 {line}\r\n\r\n", "a line is longer than 65536 bytes");
        Wrong($"{Ok}{string.Concat(Enumerable.Repeat($"b:{new string('a', 1000)}\r\n", 500))}\r\n", "the head is longer than 262144 bytes");
        Assert.Equal(1000, Feed(Bytes($"{Ok}{string.Concat(Enumerable.Repeat("b:\r\n", 1000))}\r\n"), 4096).Parser.Head!.Fields.Count);
        Wrong($"{Ok}{string.Concat(Enumerable.Repeat("b:\r\n", 1001))}\r\n", "more than 1000 header fields");
        Wrong($"{Ok}a:\r\n{string.Concat(Enumerable.Repeat(" b\r\n", 1000))}\r\n", "more than 1000 header fields");
        string interim = "HTTP/1.1 100 Continue\r\n\r\n";
        Assert.Equal(HttpStep.End, Feed(Bytes(string.Concat(Enumerable.Repeat(interim, 16)) + Ok + "\r\n"), 4096).End);
        Wrong(string.Concat(Enumerable.Repeat(interim, 17)), "more than 16 interim responses");
        Wrong($"{Ok}Transfer-Encoding: chunked\r\n\r\n1;{new string('a', 65_536)}\r\n", "a line is longer than 65536 bytes");
        Wrong($"{Ok}Transfer-Encoding: chunked\r\n\r\n0\r\n{string.Concat(Enumerable.Repeat("b:\r\n", 1001))}\r\n", "more than 1000 header fields");
    }

    [Fact(Timeout = 60_000)]
    public async Task Whatever_the_pieces_the_response_is_the_same()
    {
        await Task.CompletedTask;
        int seed = Seed();
        var random = new Random(seed);
        for (int i = 0; i < 3_000; i++)
        {
            (byte[] response, byte[] body, int status, int fields) = Generate(random);
            var parser = new HttpParser();
            var got = new MemoryStream();
            var window = new byte[response.Length];
            HttpStep step = HttpStep.More;
            for (int start = 0, end = 0; step is not (HttpStep.End or HttpStep.Bad);)
            {
                if (start == end && end == response.Length)
                {
                    step = parser.Close();
                    break;
                }

                // Now and then less than all is taken away before more comes.
                if (start == end || random.Next(8) == 0)
                {
                    end = Math.Min(response.Length, end + random.Next(1, 1 << random.Next(1, 12)));
                }

                step = parser.Read(response.AsSpan(start..end), out int consumed, out int bytes);
                got.Write(response, start + consumed - bytes, bytes);
                start += consumed;
            }

            Assert.True(step == HttpStep.End, $"seed {seed}: {parser.Problem}");
            Assert.Equal((status, fields), (parser.Head!.Status, parser.Head.Fields.Count));
            Assert.True(body.AsSpan().SequenceEqual(got.ToArray()), $"seed {seed}");
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Whatever_comes_it_never_throws_and_ends()
    {
        await Task.CompletedTask;
        int seed = Seed();
        var random = new Random(seed);
        for (int i = 0; i < 10_000; i++)
        {
            byte[] bytes = i % 8 == 0 ? new byte[random.Next(200)] : Generate(random).Response;
            if (i % 8 == 0)
            {
                random.NextBytes(bytes);
                "HTTP/1."u8[..Math.Min(random.Next(8), bytes.Length)].CopyTo(bytes);
            }

            for (int n = random.Next(6); n > 0 && bytes.Length > 0; n--)
            {
                int at = random.Next(bytes.Length);
                bytes = random.Next(4) switch
                {
                    0 => [.. bytes.AsSpan(0, at), .. bytes.AsSpan(at + 1)],
                    1 => [.. bytes.AsSpan(0, at), (byte)"\r\n: \t;,0fF\0\x7f"[random.Next(12)], .. bytes.AsSpan(at)],
                    2 => bytes[..at],
                    _ => [.. bytes.AsSpan(0, at), (byte)random.Next(256), .. bytes.AsSpan(at + 1)],
                };
            }

            // The same end and the same body, whatever the pieces.
            (HttpParser parser, byte[] body, HttpStep end) = Feed(bytes, bytes.Length + 1);
            (HttpParser single, byte[] bodyOfSingle, HttpStep endOfSingle) = Feed(bytes, 1);
            Assert.True(end is HttpStep.End or HttpStep.Bad, $"seed {seed}");
            Assert.True((end, parser.Failure) == (endOfSingle, single.Failure), $"seed {seed}: {parser.Problem} or {single.Problem}");
            Assert.True(body.AsSpan().SequenceEqual(bodyOfSingle), $"seed {seed}");
            Assert.True(end == HttpStep.End || parser.Problem.Length is > 0 and < 1_000, $"seed {seed}: {parser.Problem}");
            Assert.DoesNotContain(parser.Problem, static c => char.IsControl(c));
        }
    }

    [Fact]
    public void A_body_takes_no_memory()
    {
        var parser = new HttpParser();
        parser.Read(Encoding.ASCII.GetBytes(Ok + "Transfer-Encoding: chunked\r\n\r\n"), out _, out _);
        byte[] piece = Encoding.ASCII.GetBytes("a;extension=1\r\n0123456789\r\n5\r\nhel"); // ends within a chunk, and within a line
        byte[] rest = Encoding.ASCII.GetBytes("lo\r\n");
        long before = 0;
        for (int i = 0; i < 1_000; i++)
        {
            before = i == 10 ? GC.GetAllocatedBytesForCurrentThread() : before;
            Drain(parser, piece.AsSpan(0, 7));
            Drain(parser, piece.AsSpan(7));
            Drain(parser, rest);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(15_000, parser.BodyBytes);

        static void Drain(HttpParser parser, ReadOnlySpan<byte> bytes)
        {
            while (parser.Read(bytes, out int consumed, out _) == HttpStep.Body)
            {
                bytes = bytes[consumed..];
            }
        }
    }

    private static int Seed()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return seed;
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static void Wrong(string response, string problem)
    {
        (HttpParser parser, _, HttpStep end) = Feed(Bytes(response), 4096);
        Assert.Equal((HttpStep.Bad, HttpFailure.Broken), (end, parser.Failure));
        Assert.Contains(problem, parser.Problem, StringComparison.Ordinal);
    }

    private static void InEveryPiece(byte[] response, Action<(HttpParser Parser, byte[] Body, HttpStep End)> check)
    {
        check(Feed(response, Math.Max(1, response.Length)));
        check(Feed(response, Math.Max(1, (response.Length + 1) / 2)));
        check(Feed(response, 3));
        check(Feed(response, 1));
    }

    // As a stream would: what is left over is given again with what comes next; then the connection ends.
    private static (HttpParser Parser, byte[] Body, HttpStep End) Feed(byte[] response, int pieceBytes)
    {
        var parser = new HttpParser();
        var body = new MemoryStream();
        for (int at = 0; at < response.Length; at += pieceBytes)
        {
            Span<byte> piece = response.AsSpan(at, Math.Min(pieceBytes, response.Length - at));
            while (true)
            {
                HttpStep step = parser.Read(piece, out int consumed, out int bytes);
                body.Write(piece[(consumed - bytes)..consumed]);
                piece = piece[consumed..];
                if (step is HttpStep.End or HttpStep.Bad)
                {
                    return (parser, body.ToArray(), step);
                }

                if (step == HttpStep.More)
                {
                    Assert.Equal(0, piece.Length);
                    break;
                }
            }
        }

        return (parser, body.ToArray(), parser.Close());
    }

    internal static (byte[] Response, byte[] Body, int Status, int Fields) Generate(Random random)
    {
        var body = new byte[random.Next(4) == 0 ? 0 : random.Next(2_000)];
        random.NextBytes(body);
        var response = new MemoryStream();
        string end = random.Next(4) == 0 ? "\n" : "\r\n";
        for (int n = random.Next(3); n > 0; n--)
        {
            response.Write(Bytes($"HTTP/1.1 10{random.Next(2, 10)} Wait{end}Link: a{end}{end}"));
        }

        int status = random.Next(200, 600) is var any && any is 204 or 304 ? 200 : any;
        response.Write(Bytes($"HTTP/1.{random.Next(2)} {status}{(random.Next(2) == 0 ? "" : " Some reason")}{end}"));
        int fields = random.Next(10);
        for (int i = 0; i < fields; i++)
        {
            response.Write(Bytes($"X-{i}:{new string(' ', random.Next(3))}{new string('v', random.Next(300))}{(random.Next(8) == 0 ? $"{end} folded" : "")}{end}"));
        }

        switch (random.Next(3))
        {
            case 0:
                response.Write(Bytes($"Content-Length: {body.Length}{end}{end}"));
                response.Write(body);
                return (response.ToArray(), body, status, fields + 1);
            case 1:
                response.Write(Bytes(end));
                response.Write(body);
                return (response.ToArray(), body, status, fields);
            default:
                response.Write(Bytes($"Transfer-Encoding: chunked{end}{end}"));
                for (int at = 0; at < body.Length;)
                {
                    int size = Math.Min(body.Length - at, random.Next(1, 1 << random.Next(1, 11)));
                    string digits = size.ToString(random.Next(2) == 0 ? "x" : "X4", CultureInfo.InvariantCulture);
                    response.Write(Bytes($"{digits}{(random.Next(4) == 0 ? ";a=\"b\"" : "")}\r\n"));
                    response.Write(body, at, size);
                    response.Write("\r\n"u8);
                    at += size;
                }

                response.Write(Bytes($"0\r\n{(random.Next(3) == 0 ? $"T: 1{end}" : "")}{end}"));
                return (response.ToArray(), body, status, fields + 1);
        }
    }
}
