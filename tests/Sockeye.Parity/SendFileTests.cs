using System.Net.Sockets;

namespace ParityTests;

public abstract class SendFileTests(CallStyle style) : StyledTest(style), IDisposable
{
    private readonly string _path = FreshPath();

    public void Dispose()
    {
        File.Delete(_path);
        GC.SuppressFinalize(this);
    }

    private byte[] FileOf(int count)
    {
        byte[] bytes = Bytes(count, count);
        File.WriteAllBytes(_path, bytes);
        return bytes;
    }

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10_000)]
    [InlineData(6_000_000)]
    public async Task A_file_arrives_whole(int count)
    {
        byte[] bytes = FileOf(count);
        using Pair pair = await Connected();
        Task<byte[]> read = ReadToEnd(pair.Server);
        await Style.SendFile(pair.Client, _path).WaitAsync(Soon);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(bytes, await read);
    }

    [Theory(Timeout = Limit)]
    [InlineData(0, 0)]
    [InlineData(10, 0)]
    [InlineData(0, 20)]
    [InlineData(300_000, 400_000)]
    public async Task What_stands_before_and_after_goes_with_it(int before, int after)
    {
        byte[] bytes = FileOf(5_000);
        byte[] head = Bytes(before, 7);
        byte[] tail = Bytes(after, 8);
        using Pair pair = await Connected();
        Task<byte[]> read = ReadToEnd(pair.Server);
        await Style.SendFile(pair.Client, _path, head, tail).WaitAsync(Soon);
        pair.Client.Shutdown(SocketShutdown.Send);
        byte[] whole = [.. head, .. bytes, .. tail];
        Assert.Equal(whole, await read);
    }

    [Fact(Timeout = Limit)]
    public async Task Without_a_file_the_buffers_go_alone()
    {
        using Pair pair = await Connected();
        Task<byte[]> read = ReadToEnd(pair.Server);
        await Style.SendFile(pair.Client, null, [1, 2], [3]).WaitAsync(Soon);
        await Style.SendFile(pair.Client, null, null, null).WaitAsync(Soon);
        await Style.SendFile(pair.Client, null).WaitAsync(Soon);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal([1, 2, 3], await read);
    }

    [Theory(Timeout = Limit)]
    [InlineData(TransmitFileOptions.Disconnect)]
    [InlineData(TransmitFileOptions.Disconnect | TransmitFileOptions.ReuseSocket)]
    public async Task Disconnecting_afterwards_is_for_async_calls_alone(TransmitFileOptions options)
    {
        byte[] bytes = FileOf(10);
        using Pair pair = await Connected();
        if (Style.IsSync)
        {
            await ThrowsAsync<PlatformNotSupportedException>(() => Style.SendFile(pair.Client, _path, null, null, options));
            Assert.True(pair.Client.Connected);
            return;
        }

        await Style.SendFile(pair.Client, _path, null, null, options).WaitAsync(Soon);
        Assert.False(pair.Client.Connected);
        Assert.Equal(bytes, await ReadToEnd(pair.Server));
    }

    [Fact(Timeout = Limit)]
    public async Task A_file_that_is_not_there_is_reported()
    {
        using Pair pair = await Connected();
        await ThrowsAsync<FileNotFoundException>(() => Style.SendFile(pair.Client, _path + "-not-there"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_datagram_socket_sends_no_file()
    {
        FileOf(10);
        using Socket receiver = BoundUdp();
        using Socket socket = Udp();
        socket.Connect(receiver.LocalEndPoint!);
        await ThrowsAsync<NotSupportedException>(() => Style.SendFile(socket, _path));
    }

    [Fact(Timeout = Limit)]
    public async Task Without_a_connection_nothing_is_sent()
    {
        FileOf(10);
        using Socket socket = Tcp();
        await ThrowsAsync<NotSupportedException>(() => Style.SendFile(socket, _path));
    }

    [Fact(Timeout = Limit)]
    public async Task A_disposed_socket_says_so()
    {
        FileOf(10);
        Socket socket = Tcp();
        socket.Dispose();
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.SendFile(socket, _path));
    }

    [Fact(Timeout = Limit)]
    public async Task A_reader_that_leaves_fails_the_call()
    {
        FileOf(40_000_000);
        using Pair pair = await Connected();
        Task send = Style.SendFile(pair.Client, _path);
        await Task.Delay(Moment);
        Assert.False(send.IsCompleted);
        pair.Server.LingerState = new LingerOption(true, 0);
        pair.Server.Dispose();
        SocketException e = await Assert.ThrowsAnyAsync<SocketException>(() => send.WaitAsync(Soon));
        Assert.Contains(e.SocketErrorCode, new[] { SocketError.ConnectionReset, SocketError.Shutdown });
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_a_pending_SendFile()
    {
        FileOf(40_000_000);
        using Pair pair = await Connected();
        Task send = Style.SendFile(pair.Client, _path);
        await Task.Delay(Moment);
        Assert.False(send.IsCompleted);
        await Run(pair.Client.Dispose);
        SocketException e = await Assert.ThrowsAnyAsync<SocketException>(() => send.WaitAsync(Soon));
        Assert.Contains(e.SocketErrorCode, Style.IsSync
            ? new[] { SocketError.OperationAborted, SocketError.ConnectionAborted, SocketError.ConnectionReset, SocketError.Interrupted }
            : [SocketError.OperationAborted]);
    }
}

public sealed class SendFile_Array() : SendFileTests(CallStyle.Array);
public sealed class SendFile_Span() : SendFileTests(CallStyle.Span);
public sealed class SendFile_Forced() : SendFileTests(CallStyle.Forced);
public sealed class SendFile_Memory() : SendFileTests(CallStyle.Memory);
public sealed class SendFile_Cancellable() : SendFileTests(CallStyle.Cancellable);
