using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Sockeye.Tests.Files;

/// <summary>The text file: characters, lines, encodings.</summary>
public sealed class SocketTextFileTests
{
    // Letters of one to four bytes in UTF-8.
    private const string Greeting = "Grüße, 世界 🐟!";

    // Letters whose bytes hold 0A in UTF-16 and UTF-32, in either half, and across two letters.
    private const string Feeds = "\u0A0A\u010A\u0A00 \u0A0D\u0A00\u0A0A";

    public static TheoryData<string, bool> Encodings
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (string name in new[] { "utf-8", "utf-16", "utf-16BE", "utf-32", "utf-32BE" })
            {
                data.Add(name, false);
                data.Add(name, true);
            }

            return data;
        }
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(1000, false)]
    [InlineData(1000, true)]
    [InlineData(15, false)]
    [InlineData(15, true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    public async Task Characters_stay_whole_however_they_arrive(int piece, bool async)
    {
        (Socket near, Socket far) = Connected.Pair(tcp: true);
        using Socket first = near;
        far.NoDelay = true;
        byte[] bytes = Encoding.UTF8.GetBytes($"{Greeting}\n{Greeting}\r\n\n{Greeting}");
        using SocketTextFile file = near.MakeTextFile(FileAccess.Read);
        near.Timeout = TimeSpan.FromMilliseconds(5);
        var lines = new List<string>();
        for (int from = 0; from < bytes.Length; from += piece)
        {
            // Each piece is read before the next is sent: so none is joined to another on its way.
            far.Send(bytes.AsSpan(from, Math.Min(piece, bytes.Length - from)));
            await ReadLines();
        }

        far.Dispose();
        near.Timeout = Connected.Limit;
        await ReadLines();

        Assert.Equal([Greeting, Greeting, "", Greeting], lines);

        async Task ReadLines()
        {
            try
            {
                while (await file.ReadLine(async) is { } line)
                {
                    lines.Add(line);
                }
            }
            catch (IOException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.TimedOut })
            {
                // The rest of the line comes with the next piece.
            }
        }
    }

    [Theory(Timeout = Connected.TestMs)]
    [MemberData(nameof(Encodings))]
    public async Task Lines_are_found_in_every_encoding(string name, bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        Encoding encoding = Encoding.GetEncoding(name);
        using (near)
        await using (SocketTextFile writer = near.MakeTextFile(FileAccess.Write, encoding, "\r\n"))
        {
            await writer.WriteLine(Greeting, async);
            await writer.WriteLine(Feeds, async);
            await writer.Write(Feeds, async);
        }

        await using SocketTextFile reader = far.MakeTextFile(FileAccess.Read, encoding, maxLineBytes: encoding.GetByteCount(Greeting + Feeds));
        Assert.Equal(Greeting, await reader.ReadLine(async));
        Assert.Equal(Feeds, await reader.ReadLine(async));
        Assert.Equal(Feeds, await reader.ReadLine(async));
        Assert.Null(await reader.ReadLine(async));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-32")]
    public async Task An_over_long_line_is_skipped_in_every_encoding(string name)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        Encoding encoding = Encoding.GetEncoding(name);
        await using SocketTextFile file = near.MakeTextFile(FileAccess.Read, encoding, maxLineBytes: 20);
        byte[] bytes = encoding.GetBytes(string.Concat(Enumerable.Repeat(Feeds, 40)) + "\nnext\n");

        // An odd cut: half a letter is buffered when the line is refused.
        far.Send(bytes.AsSpan(0, 37));
        Assert.Contains("20 bytes", Assert.Throws<InvalidDataException>(file.ReadLine).Message);
        ValueTask<string?> reading = file.ReadLineAsync();
        Assert.False(reading.IsCompleted);
        far.Send(bytes.AsSpan(37, 1));
        far.Send(bytes.AsSpan(38));
        Assert.Equal("next", await reading);
    }

    [Fact]
    public void An_encoding_in_which_lines_cannot_be_found_is_refused()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        Assert.Throws<ArgumentException>(() => near.MakeTextFile(encoding: new Lopsided()));
        near.Dispose();
        Assert.Equal(0, far.Receive(new byte[1]));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Invalid_bytes_and_marks_are_characters(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        await using SocketTextFile file = near.MakeTextFile(FileAccess.Read);
        far.Send([0xEF, 0xBB, 0xBF, (byte)'m', (byte)'\n', 0xFF, (byte)'x', 0xC3, (byte)'\n', 0xA9, 0, (byte)'\n']);

        Assert.Equal("\uFEFFm", await file.ReadLine(async));
        Assert.Equal("\uFFFDx\uFFFD", await file.ReadLine(async));
        Assert.Equal("\uFFFD\0", await file.ReadLine(async));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_strict_encoding_throws_and_the_next_line_is_read(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        var strict = new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true);
        SocketTextFile file = near.MakeTextFile(encoding: strict);
        far.Send([0xFF, (byte)'\n', (byte)'o', (byte)'k', (byte)'\n']);

        await Assert.ThrowsAsync<DecoderFallbackException>(() => file.ReadLine(async));
        Assert.Equal("ok", await file.ReadLine(async));
        await Assert.ThrowsAsync<EncoderFallbackException>(() => file.WriteLine("good \uDC00 bad", async));
        await Assert.ThrowsAsync<EncoderFallbackException>(() => file.WriteLine("the half \uD83D", async));
        await file.WriteLine("ok", async);
        near.Dispose();
        await file.Dispose(async);
        Assert.Equal("ok\n", Connected.Text(far.ReceiveAll()));
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task Enumeration_gives_line_after_line()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near;
        using SocketTextFile file = near.MakeTextFile(FileAccess.Read, maxLineBytes: 5);
        far.Send("one\ntwo\nthree\nmuch too long\nfour\nfive"u8);
        var lines = new List<string>();
        foreach (string line in file)
        {
            lines.Add(line);
            if (lines.Count == 2)
            {
                break;
            }
        }

        await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (string line in file)
            {
                lines.Add(line);
            }
        });
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (string line in file.WithCancellation(source.Token))
            {
                lines.Add(line);
                await source.CancelAsync();
            }
        });

        far.Dispose();
        lines.AddRange(file);
        Assert.Equal(["one", "two", "three", "four", "five"], lines);
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Written_text_is_sent_as_it_stands(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        SocketTextFile file = near.MakeTextFile(FileAccess.Write, newLine: "\r\n");
        await file.Write("no mark, ", async);
        await file.WriteLine("one\ntwo", async);
        file.WriteLine();
        Assert.Equal(0, far.Available);
        await file.Flush(async);
        Assert.Equal(20, far.Available);

        // A pair of surrogates in two writes; half a pair before a line's end, and at the end of all.
        await file.Write("\uD83D", async);
        await file.Write("\uDC1F", async);
        await file.WriteLine("half \uD83D", async);
        await file.Write("\uD83D", async);
        near.Dispose();
        await file.Dispose(async);
        await file.Dispose(async);

        Assert.Equal("no mark, one\ntwo\r\n\r\n🐟half \uFFFD\r\n\uFFFD", Encoding.UTF8.GetString(far.ReceiveAll()));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_write_that_ran_out_of_time_took_nothing(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        near.Timeout = TimeSpan.FromMilliseconds(50);
        SocketTextFile file = near.MakeTextFile(FileAccess.Write);
        var expected = new StringBuilder();
        SocketError failure = SocketError.Success;
        for (int i = 0; failure == SocketError.Success; i++)
        {
            Assert.True(i < 100, "the peer's queue is never full");
            string line = $"{i} " + new string('ü', 20_000);
            try
            {
                await file.WriteLine(line, async);
                expected.Append(line).Append('\n');
            }
            catch (IOException exception)
            {
                failure = Assert.IsType<SocketException>(exception.InnerException).SocketErrorCode;
            }
        }

        Assert.Equal(SocketError.TimedOut, failure);
        Task<byte[]> receiving = Task.Run(far.ReceiveAll);
        near.Timeout = Connected.Limit;
        await file.WriteLine("again", async);
        expected.Append("again\n");
        near.Dispose();
        await file.Dispose(async);

        Assert.Equal(expected.ToString(), Encoding.UTF8.GetString(await receiving.WaitAsync(Connected.Limit)));
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task A_cancelled_write_took_nothing()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        SocketTextFile file = near.MakeTextFile();
        string text = new('x', 2_000_000);
        await file.WriteLineAsync(text);
        using var source = new CancellationTokenSource();
        ValueTask writing = file.WriteLineAsync("not this", source.Token);
        Assert.False(writing.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await writing);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await file.WriteAsync("nor this".AsMemory(), source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await file.ReadLineAsync(source.Token));

        Task<byte[]> receiving = Task.Run(far.ReceiveAll);
        await file.WriteLineAsync("but this");
        near.Dispose();
        await file.DisposeAsync();
        Assert.Equal(text + "\nbut this\n", Encoding.UTF8.GetString(await receiving.WaitAsync(Connected.Limit)));
    }

    [Fact]
    public void The_wrong_direction_and_a_disposed_file_are_refused()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        SocketTextFile reader = near.MakeTextFile(FileAccess.Read);
        using SocketTextFile writer = near.MakeTextFile(FileAccess.Write);

        Assert.Throws<NotSupportedException>(() => reader.WriteLine("x"));
        Assert.Throws<NotSupportedException>(() => reader.Write("x"));
        Assert.Throws<NotSupportedException>(() => { _ = reader.WriteLineAsync("x").AsTask(); });
        Assert.Throws<NotSupportedException>(writer.ReadLine);
        reader.Flush();
        reader.Dispose();
        Assert.Throws<ObjectDisposedException>(reader.ReadLine);
        Assert.Throws<ObjectDisposedException>(reader.Flush);
        Assert.Throws<ObjectDisposedException>(() => reader.First());
        Assert.Equal("utf-8", writer.Encoding.WebName);
        Assert.Equal("\n", writer.NewLine);
        Assert.Equal(65_536, writer.MaxLineBytes);
    }

    [Fact]
    public void Any_lines_come_back()
    {
        Gen<string> texts = Gen.Frequency(
                (6, Gen.Choose('a', 'e')), (2, Gen.Elements<int>('ü', '世', 0x0A0A, 0xFEFF, '\r')), (1, Gen.Constant(0x1F41F)))
            .ArrayOf().Select(static runes => string.Concat(runes.Select(static rune => new Rune(rune).ToString())));
        Arbitrary<(string[] Lines, string Encoding, string NewLine)> cases = (
            from lines in texts.ArrayOf()
            from encoding in Gen.Elements("utf-8", "utf-16", "utf-32BE")
            from newLine in Gen.Elements("\n", "\r\n")
            select (lines, encoding, newLine)).ToArbitrary();
        Prop.ForAll(cases, static c =>
        {
            (Socket near, Socket far) = Connected.Pair();
            using Socket second = far;
            var encoding = Encoding.GetEncoding(c.Encoding);
            using (near)
            using (SocketTextFile writer = near.MakeTextFile(FileAccess.Write, encoding, c.NewLine))
            {
                foreach (string line in c.Lines)
                {
                    writer.WriteLine(line);
                }
            }

            using SocketTextFile reader = far.MakeTextFile(FileAccess.Read, encoding);
            return reader.SequenceEqual(c.Lines.Select(line => c.NewLine == "\n" && line.EndsWith('\r') ? line[..^1] : line));
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task Python_talks_to_a_text_file_through_its_own()
    {
        string printed = await Connected.WithPython(
            """
            with s.makefile('rw', encoding='utf-8', newline='\r\n') as f:
                f.write('Gr\u00fc\u00dfe \U0001f41f\nbye\n')
                f.flush()
                print(ascii(f.read()))
            """,
            async socket =>
            {
                using (socket)
                await using (SocketTextFile file = socket.MakeTextFile())
                {
                    Assert.Equal("Grüße 🐟", await file.ReadLineAsync());
                    Assert.Equal("bye", file.ReadLine());
                    file.WriteLine("世界");
                    await file.WriteLineAsync("");
                }
            });

        Assert.Equal("'\\u4e16\\u754c\\n\\n'\n", printed);
    }

    /// <summary>Writes LF in one byte and CR in two.</summary>
    private sealed class Lopsided : Encoding
    {
        public override int GetByteCount(char[] chars, int index, int count) => count + chars.AsSpan(index, count).Count('\r');

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
            GetByteCount(chars, charIndex, charCount);

        public override int GetCharCount(byte[] bytes, int index, int count) => count;

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) => byteCount;

        public override int GetMaxByteCount(int charCount) => 2 * charCount;

        public override int GetMaxCharCount(int byteCount) => byteCount;
    }
}
