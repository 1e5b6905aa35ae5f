using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;

namespace Sockeye.Tests.Files;

/// <summary>Lines of the binary file: their ends, their bound, and every way in which they can arrive in pieces.</summary>
public sealed class FileLineTests
{
    public static TheoryData<string, int, bool> Lines
    {
        get
        {
            var data = new TheoryData<string, int, bool>();
            foreach (string text in new[] { "one\ntwo\r\n\n\r\nlast", "one\r\n", "\r\r\nx\ry\n", "", "\n", "\r", "0123456789\n0123456789\r\n0123456789" })
            {
                foreach (int bufferSize in new[] { 0, 1, 2, 5, 8192 })
                {
                    data.Add(text, bufferSize, false);
                    data.Add(text, bufferSize, true);
                }
            }

            return data;
        }
    }

    [Theory(Timeout = Connected.TestMs)]
    [MemberData(nameof(Lines))]
    public async Task Lines_end_with_LF_or_CR_LF(string text, int bufferSize, bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near;
        using SocketFile file = near.MakeFile(FileAccess.Read, bufferSize);
        far.Send(Latin(text));
        far.Dispose();

        foreach (string line in Model(text, maxBytes: 100))
        {
            Assert.Equal(line, Connected.Text(await file.ReadLine(100, async)));
        }

        Assert.Null(await file.ReadLine(100, async));
        Assert.Null(await file.ReadLine(100, async));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_line_may_be_as_long_as_its_bound(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(FileAccess.Read, bufferSize: 16);
        string line = new('x', 50_000);
        far.Send(Latin(line + "\n" + line + "\r\n" + line));
        far.Shutdown(SocketShutdown.Send);

        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(line, Connected.Text(await file.ReadLine(50_000, async)));
        }

        Assert.Null(await file.ReadLine(50_000, async));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_longer_line_is_refused_at_its_bound_and_skipped(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(FileAccess.Read, bufferSize: 16);

        // Before its end has come: eleven bytes are enough to know.
        far.Send("0123456789a"u8);
        InvalidDataException refusal = await Assert.ThrowsAsync<InvalidDataException>(() => file.ReadLine(10, async));
        Assert.Contains("10 bytes", refusal.Message);

        far.Send(new byte[1000]);
        far.Send("the end of it\nnext\n0123456789a\r\nnext\n0123456789\r\r\nlast but too long"u8);
        far.Shutdown(SocketShutdown.Send);
        Assert.Equal("next", Connected.Text(await file.ReadLine(10, async)));
        await Assert.ThrowsAsync<InvalidDataException>(() => file.ReadLine(10, async));
        Assert.Equal("next", Connected.Text(await file.ReadLine(10, async)));
        await Assert.ThrowsAsync<InvalidDataException>(() => file.ReadLine(10, async));
        await Assert.ThrowsAsync<InvalidDataException>(() => file.ReadLine(10, async));
        Assert.Null(await file.ReadLine(10, async));
        Assert.Null(await file.ReadLine(10, async));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_read_begins_with_the_rest_of_a_line_that_was_refused(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(FileAccess.Read, bufferSize: 4);
        far.Send("0123456789\nnext\nafter\n"u8);

        await Assert.ThrowsAsync<InvalidDataException>(() => file.ReadLine(3, async));
        byte[] buffer = new byte[9];
        await file.ReadExactlyAsync(buffer.AsMemory(0, 1));
        int digit = buffer[0] - '0';
        Assert.InRange(digit, 4, 9);
        await file.ReadExactlyAsync(buffer.AsMemory(0, 10 - digit));
        Assert.Equal((byte)'\n', buffer[9 - digit]);
        Assert.Equal("next", Connected.Text(await file.ReadLine(10, async)));
        Assert.Equal("after", Connected.Text(await file.ReadLine(10, async)));
    }

    // Every cut of the stream, every buffer and every bound agree with the model. A socket that must not wait makes
    // each piece end in a failure, after which ReadLine is called again: so this also shows that failures lose nothing.
    [Fact]
    public void Any_pieces_give_the_lines_of_the_whole()
    {
        Gen<string> texts = Gen.Frequency((3, Gen.Elements('\n', '\r')), (5, Gen.Elements('a', 'b', 'c'))).ArrayOf()
            .Select(static letters => new string(letters));
        Arbitrary<(string Text, int[] Pieces, int BufferSize, int MaxBytes)> cases = (
            from text in texts
            from pieces in Gen.Choose(1, 6).NonEmptyListOf()
            from bufferSize in Gen.Choose(0, 9)
            from maxBytes in Gen.Choose(0, 7)
            select (text, pieces.ToArray(), bufferSize, maxBytes)).ToArbitrary();
        Prop.ForAll(cases, static c =>
        {
            (Socket near, Socket far) = Connected.Pair();
            using Socket first = near, second = far;
            using SocketFile file = near.MakeFile(FileAccess.Read, c.BufferSize);
            near.Blocking = false;
            var lines = new List<string>();
            int from = 0;
            for (int i = 0; from < c.Text.Length; i++)
            {
                int length = Math.Min(c.Pieces[i % c.Pieces.Length], c.Text.Length - from);
                far.Send(Latin(c.Text.Substring(from, length)));
                from += length;
                Assert.False(TakeLines(file, c.MaxBytes, lines));
            }

            far.Shutdown(SocketShutdown.Send);
            Assert.True(TakeLines(file, c.MaxBytes, lines));
            return lines.SequenceEqual(Model(c.Text, c.MaxBytes));
        }).Check(Config.QuickThrowOnFailure);
    }

    private const string TooLong = "(too long)";

    // Reads until there is nothing more to read. True: the stream has ended.
    private static bool TakeLines(SocketFile file, int maxBytes, List<string> lines)
    {
        while (true)
        {
            try
            {
                byte[]? line = file.ReadLine(maxBytes);
                if (line is null)
                {
                    return true;
                }

                lines.Add(Connected.Text(line)!);
            }
            catch (InvalidDataException)
            {
                lines.Add(TooLong);
            }
            catch (IOException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.WouldBlock })
            {
                return false;
            }
        }
    }

    private static List<string> Model(string text, int maxBytes)
    {
        var lines = new List<string>();
        int from = 0;
        while (from < text.Length)
        {
            int end = text.IndexOf('\n', from);
            string line = end < 0 ? text[from..] : text[from..end];
            if (end >= 0 && line.EndsWith('\r'))
            {
                line = line[..^1];
            }

            lines.Add(line.Length <= maxBytes ? line : TooLong);
            from = end < 0 ? text.Length : end + 1;
        }

        return lines;
    }

    private static byte[] Latin(string text) => System.Text.Encoding.Latin1.GetBytes(text);
}
