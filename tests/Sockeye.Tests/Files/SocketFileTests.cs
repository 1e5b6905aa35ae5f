using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;

namespace Sockeye.Tests.Files;

/// <summary>The binary file: reading, writing, buffering, and what it refuses.</summary>
public sealed class SocketFileTests
{
    public static MatrixTheoryData<bool, bool, int> Kinds => new([false, true], [false, true], [0, 1, 7, 8192]);

    [Theory(Timeout = Connected.TestMs)]
    [MemberData(nameof(Kinds))]
    public async Task What_is_written_is_read(bool tcp, bool async, int bufferSize)
    {
        (Socket near, Socket far) = Connected.Pair(tcp);
        byte[] sent = Bytes(20_000);
        Task writing = Task.Run(async () =>
        {
            using (near)
            using (SocketFile file = near.MakeFile(FileAccess.Write, bufferSize))
            {
                int from = 0;
                foreach (int length in new[] { 0, 1, 3, 6, 7, 8, 100, 8191, 8192, 3492 })
                {
                    await file.Write(sent.AsMemory(from, length), async);
                    from += length;
                }

                Assert.Equal(sent.Length, from);
                await file.Flush(async);
            }
        });

        using (far)
        using (SocketFile file = far.MakeFile(FileAccess.Read, bufferSize))
        {
            byte[] received = new byte[sent.Length];
            int count = 0;
            for (int room = 1; count < received.Length; room = 1 + (room * 3 % 9000))
            {
                count += await file.Read(received.AsMemory(count, Math.Min(room, received.Length - count)), async);
            }

            Assert.Equal(sent, received);
            Assert.Equal(0, await file.Read(new byte[1], async));
        }

        await writing.WaitAsync(Connected.Limit);
    }

    // Whatever the pieces in which bytes are written and read, and whatever the buffers: they come whole and in order.
    [Fact]
    public void Any_pieces_add_up()
    {
        Gen<int> sizes = Gen.Frequency((1, Gen.Elements(0, 1, 2)), (2, Gen.Choose(3, 40)), (1, Gen.Choose(41, 300)));
        Arbitrary<(int[] Writes, int[] Reads, int WriteBuffer, int ReadBuffer)> cases = (
            from writes in Gen.Choose(0, 300).ArrayOf()
            from reads in Gen.Choose(1, 200).NonEmptyListOf()
            from writeBuffer in sizes
            from readBuffer in sizes
            select (writes, reads.ToArray(), writeBuffer, readBuffer)).ToArbitrary();
        Prop.ForAll(cases, static c =>
        {
            (Socket near, Socket far) = Connected.Pair();
            byte[] sent = Bytes(c.Writes.Sum());
            byte[] received = new byte[sent.Length + 1];
            int count = 0;
            using (near)
            using (SocketFile file = near.MakeFile(FileAccess.Write, c.WriteBuffer))
            {
                int from = 0;
                foreach (int length in c.Writes)
                {
                    file.Write(sent.AsSpan(from, length));
                    from += length;
                }
            }

            using (far)
            using (SocketFile file = far.MakeFile(FileAccess.Read, c.ReadBuffer))
            {
                int turn = 0;
                int read;
                do
                {
                    int room = Math.Min(c.Reads[turn++ % c.Reads.Length], received.Length - count);
                    read = file.Read(received.AsSpan(count, room));
                    count += read;
                }
                while (read > 0);
            }

            return sent.AsSpan().SequenceEqual(received.AsSpan(0, count));
        }).Check(Config.QuickThrowOnFailure);
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_buffered_is_given_without_waiting(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(FileAccess.Read);
        far.Send("0123456789"u8);
        byte[] buffer = new byte[100];

        Assert.Equal(4, await file.Read(buffer.AsMemory(0, 4), async));
        Assert.Equal(6, file.BytesBuffered);
        Assert.Equal(6, await file.Read(buffer.AsMemory(4), async));

        Assert.Equal("0123456789", Connected.Text(buffer[..10]));
        Assert.Equal(0, file.BytesBuffered);
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Peek_shows_and_takes_nothing(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(FileAccess.Read);
        far.Send("ab"u8);

        Assert.Equal("ab", Connected.Text(await file.Peek(async)));
        Assert.Equal('a', file.ReadByte());
        Assert.Equal("b", Connected.Text(await file.Peek(async)));
        Assert.Equal('b', file.ReadByte());
        far.Shutdown(SocketShutdown.Send);
        Assert.Empty(await file.Peek(async));
        Assert.Equal(-1, file.ReadByte());
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_without_buffer_leaves_the_rest_to_the_socket(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(bufferSize: 0);
        far.Send("GET /\r\nbody"u8);

        Assert.Equal('G', file.ReadByte());
        Assert.Equal("ET /", Connected.Text(await file.ReadLine(100, async)));
        Assert.Equal(4, near.Available);
        Assert.Throws<NotSupportedException>(() => { file.Peek(); });
        await file.Write("x"u8.ToArray(), async);
        Assert.Equal(0, file.BytesUnflushed);
        Assert.Equal(1, far.Available);
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reads_and_writes_beyond_the_buffer_bypass_it(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(bufferSize: 10);
        far.Send(Bytes(30));
        byte[] buffer = new byte[20];

        Assert.Equal(20, await file.Read(buffer, async));
        Assert.Equal(0, file.BytesBuffered);
        Assert.Equal(10, near.Available);

        await file.Write(Bytes(4), async);
        await file.Write(Bytes(11), async);
        Assert.Equal(0, file.BytesUnflushed);
        Assert.Equal(15, far.Available);
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_is_sent_before_a_flush(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(bufferSize: 10);

        await file.Write("01234"u8.ToArray(), async);
        file.WriteByte((byte)'5');
        Assert.Equal(6, file.BytesUnflushed);
        Assert.Equal(0, far.Available);

        await file.Flush(async);
        Assert.Equal(0, file.BytesUnflushed);
        Assert.Equal(6, far.Available);

        // What does not fit beside the rest sends the rest.
        await file.Write("0123456"u8.ToArray(), async);
        await file.Write("789a"u8.ToArray(), async);
        Assert.Equal(4, file.BytesUnflushed);
        Assert.Equal(13, far.Available);
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task An_empty_read_waits_until_there_is_something()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile(FileAccess.Read);

        ValueTask<int> reading = file.ReadAsync(Memory<byte>.Empty);
        Assert.False(reading.IsCompleted);
        far.Send("x"u8);
        Assert.Equal(0, await reading);
        Assert.Equal(0, file.Read([]));
        Assert.Equal('x', file.ReadByte());
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task The_old_patterns_work()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile();
        using SocketFile other = far.MakeFile();
        byte[] buffer = new byte[8];

        await Task.Factory.FromAsync(file.BeginWrite, file.EndWrite, "hello"u8.ToArray(), 1, 4, null);
        file.Write("hello"u8.ToArray(), 4, 1);
#pragma warning disable CA1835 // The array overloads are what is tested here.
        await file.WriteAsync("hello"u8.ToArray(), 0, 2, CancellationToken.None);
        file.Flush();
        Assert.Equal(2, await Task<int>.Factory.FromAsync(other.BeginRead, other.EndRead, buffer, 1, 2, null));
        Assert.Equal(2, other.Read(buffer, 3, 2));
        Assert.Equal(3, await other.ReadAsync(buffer, 5, 3, CancellationToken.None));
#pragma warning restore CA1835

        Assert.Equal("\0elloohe", Connected.Text(buffer));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(buffer, 5, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Write(buffer, -1, 4));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CopyTo_takes_what_is_buffered_and_the_rest(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near;
        using SocketFile file = near.MakeFile(FileAccess.Read, bufferSize: 100);
        byte[] sent = Bytes(300_000);
        Task sending = Task.Run(() =>
        {
            using (far)
            {
                far.SendAll(sent);
            }
        });
        byte[] start = new byte[10];
        file.ReadExactly(start);
        using var copy = new MemoryStream();
        if (async)
        {
            await file.CopyToAsync(copy);
        }
        else
        {
            file.CopyTo(copy);
        }

        await sending.WaitAsync(Connected.Limit);
        Assert.True(sent.AsSpan().SequenceEqual([.. start, .. copy.ToArray()]));
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task One_reader_and_one_writer_work_at_once()
    {
        (Socket near, Socket far) = Connected.Pair(tcp: true);
        using Socket first = near, second = far;
        using SocketFile left = near.MakeFile(bufferSize: 1000);
        using SocketFile right = far.MakeFile(bufferSize: 300);
        byte[] bytes = Bytes(2_000_000);

        await Task.WhenAll(
            Task.Run(() => Write(left)), Task.Run(() => WriteAsync(right)),
            Task.Run(() => Read(left)), Task.Run(() => ReadAsync(right))).WaitAsync(Connected.Limit);

        void Write(SocketFile file)
        {
            for (int from = 0; from < bytes.Length; from += 800)
            {
                file.Write(bytes.AsSpan(from, 800));
            }

            file.Flush();
        }

        async Task WriteAsync(SocketFile file)
        {
            for (int from = 0; from < bytes.Length; from += 800)
            {
                await file.WriteAsync(bytes.AsMemory(from, 800));
            }

            await file.FlushAsync();
        }

        void Read(SocketFile file)
        {
            byte[] received = new byte[bytes.Length];
            file.ReadExactly(received);
            Assert.True(received.AsSpan().SequenceEqual(bytes));
        }

        async Task ReadAsync(SocketFile file)
        {
            byte[] received = new byte[bytes.Length];
            await file.ReadExactlyAsync(received);
            Assert.True(received.AsSpan().SequenceEqual(bytes));
        }
    }

    [Fact]
    public void The_wrong_direction_is_refused()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile reader = near.MakeFile(FileAccess.Read);
        using SocketFile writer = near.MakeFile(FileAccess.Write);

        Assert.True(reader is { CanRead: true, CanWrite: false, CanSeek: false, CanTimeout: true });
        Assert.True(writer is { CanRead: false, CanWrite: true, CanSeek: false, CanTimeout: true });
        Assert.Throws<NotSupportedException>(() => reader.Write([1]));
        Assert.Throws<NotSupportedException>(() => reader.WriteByte(1));
        Assert.Throws<NotSupportedException>(() => { _ = reader.WriteAsync(new byte[1]).AsTask(); });
        reader.Flush();
        Assert.Throws<NotSupportedException>(() => writer.Read(new byte[1]));
        Assert.Throws<NotSupportedException>(() => writer.ReadByte());
        Assert.Throws<NotSupportedException>(() => { _ = writer.ReadAsync(new byte[1]).AsTask(); });
        Assert.Throws<NotSupportedException>(() => writer.ReadLine());
        Assert.Throws<NotSupportedException>(() => { writer.Peek(); });
        Assert.Throws<NotSupportedException>(() => writer.CopyTo(Stream.Null));
        Assert.Throws<NotSupportedException>(() => reader.Length);
        Assert.Throws<NotSupportedException>(() => reader.Position);
        Assert.Throws<NotSupportedException>(() => reader.Position = 0);
        Assert.Throws<NotSupportedException>(() => reader.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => writer.SetLength(0));
    }

    [Fact]
    public void A_disposed_file_says_so()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        SocketFile file = near.MakeFile();
        file.Dispose();
        file.Dispose();

        Assert.True(file is { CanRead: false, CanWrite: false });
        Assert.Throws<ObjectDisposedException>(() => file.Read(new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => file.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => { _ = file.ReadAsync(new byte[1]).AsTask(); });
        Assert.Throws<ObjectDisposedException>(() => file.ReadLine());
        Assert.Throws<ObjectDisposedException>(() => { file.Peek(); });
        Assert.Throws<ObjectDisposedException>(() => file.Write([1]));
        Assert.Throws<ObjectDisposedException>(() => { _ = file.WriteAsync(new byte[1]).AsTask(); });
        Assert.Throws<ObjectDisposedException>(file.Flush);
        Assert.Throws<ObjectDisposedException>(() => { _ = file.FlushAsync(); });
        Assert.Throws<ObjectDisposedException>(() => file.CopyTo(Stream.Null));
    }

    [Fact]
    public void What_makes_no_file_is_refused()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        using (near)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => near.MakeFile(0));
            Assert.Throws<ArgumentOutOfRangeException>(() => near.MakeFile((FileAccess)4));
            Assert.Throws<ArgumentOutOfRangeException>(() => near.MakeFile(bufferSize: -1));
            Assert.Throws<ArgumentOutOfRangeException>(() => near.MakeTextFile(maxLineBytes: -1));
            Assert.Throws<ArgumentOutOfRangeException>(() => near.MakeTextFile(maxLineBytes: int.MaxValue));
            Assert.Throws<ArgumentException>(() => near.MakeTextFile(newLine: ""));
            using SocketFile file = near.MakeFile();
            Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadLine(-1));
            Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadTimeout = 0);
            Assert.Throws<ArgumentOutOfRangeException>(() => file.WriteTimeout = -2);
        }

        Assert.Throws<ObjectDisposedException>(() => near.MakeFile());
        Assert.Throws<ObjectDisposedException>(() => near.MakeTextFile());

        // None of the refused files counts as an owner: the descriptor is closed.
        Assert.Equal(0, far.Receive(new byte[1]));

        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Assert.Contains("stream", Assert.Throws<InvalidOperationException>(() => datagrams.MakeFile()).Message);
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task Python_talks_to_a_file_through_its_own()
    {
        string printed = await Connected.WithPython(
            """
            with s.makefile('rwb') as f:
                f.write(b'first\nsecond\r\n' + bytes(range(256)))
                f.flush()
                print(f.readline(), f.read(3))
                print(f.read())
            """,
            async socket =>
            {
                using (socket)
                using (SocketFile file = socket.MakeFile())
                {
                    Assert.Equal("first", Connected.Text(file.ReadLine()));
                    Assert.Equal("second", Connected.Text(await file.ReadLineAsync()));
                    byte[] all = new byte[256];
                    await file.ReadExactlyAsync(all);
                    Assert.Equal(Enumerable.Range(0, 256), all.Select(static b => (int)b));
                    file.Write("line\nabc"u8);
                    file.Write(new byte[3]);
                }
            });

        Assert.Equal("b'line\\n' b'abc'\nb'\\x00\\x00\\x00'\n", printed);
    }

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)((i * 31) ^ (i >> 8));
        }

        return bytes;
    }
}
