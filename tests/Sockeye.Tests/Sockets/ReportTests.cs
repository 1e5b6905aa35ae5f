using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>
/// What a call reports is what the kernel said of it: no address, count or flag of a call before, or of a template; no number
/// that was cut to fit; no length of a file but that of its content.
/// </summary>
public abstract class ReportTests(SocketStyle style) : StyledTest(style)
{
    private static readonly IPEndPoint Template = new(IPAddress.Parse("192.0.2.1"), 7);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task The_sender_on_a_connection_is_its_peer_and_not_the_template(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        EndPoint template = family switch
        {
            AddressFamily.InterNetwork => Template,
            AddressFamily.InterNetworkV6 => new IPEndPoint(IPAddress.Parse("2001:db8::1"), 7),
            _ => new UnixEndPoint("/nowhere"),
        };
        EndPoint peer = pair.Client.RemoteEndPoint!;
        for (int i = 0; i < 2; i++)
        {
            await pair.Server.SendAsync(new byte[1].AsMemory());
            (int count, EndPoint? sender) = await Sender(pair.Client, template, withInformation: i == 1);
            Assert.Equal((1, peer.ToString()), (count, sender!.ToString()));
        }

        // The kernel gives no address for TCP.
        if (family != AddressFamily.Unix)
        {
            var address = new SocketAddress(AddressFamily.Unspecified, 128);
            await pair.Server.SendAsync(new byte[1].AsMemory());
            Assert.Equal(1, await ReceiveFrom(pair.Client, address));
            Assert.Equal(0, address.Size);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_sender_without_a_name_is_none_and_not_the_one_before() => Test(async () =>
    {
        using Socket receiver = Unix(SocketType.Dgram);
        receiver.Bind(UnixEndPoint.Autobind);
        using Socket named = Unix(SocketType.Dgram);
        named.Bind(UnixEndPoint.Autobind);
        using Socket unnamed = Unix(SocketType.Dgram);
        var address = new SocketAddress(AddressFamily.Unspecified, 128);
        foreach (bool withInformation in (bool[])[false, true])
        {
            named.SendTo([1], receiver.LocalEndPoint!);
            Assert.Equal((1, named.LocalEndPoint), await Sender(receiver, new UnixEndPoint("/nowhere"), withInformation));
            unnamed.SendTo([1], receiver.LocalEndPoint!);
            Assert.Equal((1, UnixEndPoint.Unnamed), await Sender(receiver, new UnixEndPoint("/nowhere"), withInformation));
        }

        named.SendTo([1], receiver.LocalEndPoint!);
        Assert.Equal(1, await ReceiveFrom(receiver, address));
        Assert.True(address.Size > 2);
        unnamed.SendTo([1], receiver.LocalEndPoint!);
        Assert.Equal(1, await ReceiveFrom(receiver, address));
        Assert.Equal(0, address.Size);

        unnamed.SendTo([1], receiver.LocalEndPoint!);
        SocketResult<int> result = receiver.TryReceiveFrom(new byte[1], out EndPoint? sender);
        Assert.Equal((1, null), (result.Value, sender));
    });

    [Fact(Timeout = Limit)]
    public Task A_call_that_failed_leaves_the_callers_address_as_it_was() => Test(async () =>
    {
        using Socket udp = BoundUdp();
        SocketAddress address = Template.Serialize();
        SocketAddress before = Template.Serialize();
        udp.Timeout = TimeSpan.FromMilliseconds(20);
        await Assert.ThrowsAsync<SocketException>(() => ReceiveFrom(udp, address));
        Assert.Equal(before, address);
        Assert.Equal(SocketError.TimedOut, (await Bounded(Style.ReceiveMessage(udp, new byte[1], peer: address))).Error);
        Assert.Equal(before, address);
    });

    [Fact(Timeout = Limit)]
    public Task A_batch_shows_nothing_of_before_after_a_receive_that_failed() => Test(async () =>
    {
        (Socket one, Socket other) = Socket.CreatePair(socketType: SocketType.Dgram);
        using Socket sender = one;
        using Socket receiver = other;
        using var batch = new MessageBatch(2, 8);
        Func<Task<Outcome<int>>>[] failures =
        [
            () => Style.ReceiveBatch(receiver, batch, SocketFlags.DontWait),
            () => Style.ReceiveBatch(receiver, batch, SocketFlags.Partial),
            () =>
            {
                receiver.Timeout = TimeSpan.FromMilliseconds(20);
                return Style.ReceiveBatch(receiver, batch);
            },

            // Where there is a token, it has fired before.
            () => Style.ReceiveBatch(receiver, batch, Style.IsSync ? SocketFlags.DontWait : SocketFlags.None, new CancellationToken(canceled: true)),
        ];
        foreach (Func<Task<Outcome<int>>> fails in failures)
        {
            await sender.SendAsync("abc"u8.ToArray().AsMemory());
            Assert.Equal(1, (await Bounded(Style.ReceiveBatch(receiver, batch))).Value);
            Assert.Equal((1, 3), (batch.Count, batch[0].Length));
            Assert.False((await Bounded(fails())).IsSuccess);
            Assert.Equal((0, 0, SocketFlags.None, 0), (batch.Count, batch[0].Length, batch[0].Flags, batch[0].PeerAddress.Length));
        }

        // And while it waits behind another one.
        await sender.SendAsync("abc"u8.ToArray().AsMemory());
        Assert.Equal(1, (await Bounded(Style.ReceiveBatch(receiver, batch))).Value);
        receiver.Timeout = null;
        Task<int> first = receiver.ReceiveAsync(new byte[8].AsMemory()).AsTask();
        receiver.Timeout = TimeSpan.FromMilliseconds(40);
        Assert.Equal(SocketError.TimedOut, (await Bounded(Style.ReceiveBatch(receiver, batch))).Error);
        Assert.Equal(0, batch.Count);
        await sender.SendAsync("abc"u8.ToArray().AsMemory());
        Assert.Equal(3, await Bounded(first));
    });

    [Fact(Timeout = Limit)]
    public Task A_send_that_was_not_made_binds_nothing() => Test(async () =>
    {
        using Socket receiver = BoundUdp();
        using Socket udp = Udp();
        Assert.Equal(SocketError.OperationNotSupported, (await Bounded(Style.SendTo(udp, new byte[1], receiver.LocalEndPoint!, SocketFlags.Partial))).Error);
        var message = new OutgoingMessage(new byte[1]) { Peer = receiver.LocalEndPoint };
        Assert.Equal(SocketError.OperationNotSupported, (await Bounded(Style.SendMessage(udp, message, SocketFlags.Partial))).Error);
        using var batch = new MessageBatch(1, 8);
        batch.Add([1], receiver.LocalEndPoint);
        Assert.Equal(SocketError.OperationNotSupported, (await Bounded(Style.SendBatch(udp, batch, flags: SocketFlags.Partial))).Error);
        Assert.Equal(0, (await Bounded(Style.SendBatch(udp, batch, start: 1))).Value);
        Assert.False(udp.IsBound);
        Assert.Null(udp.LocalEndPoint);
        Assert.Equal(1, (await Bounded(Style.SendTo(udp, new byte[1], receiver.LocalEndPoint!))).Value);
        Assert.True(udp.IsBound);
        Assert.NotEqual(0, PortOf(udp));
    });

    // A part that filled the 1,024 buffers of one call has not emptied the socket.
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task More_buffers_than_one_call_takes_do_not_hide_what_is_left(bool isMessage) => Test(async () =>
    {
        using Pair pair = await Connected();
        byte[] buffer = new byte[16];
        Task<Outcome<int>> registers = Style.Receive(pair.Server, buffer);
        await Task.Delay(20);
        await pair.Client.SendAsync(new byte[] { 1 }.AsMemory());
        Assert.Equal(1, (await Bounded(registers)).Value);
        byte[] many = new byte[1500];
        ArraySegment<byte>[] list = [.. Enumerable.Range(0, many.Length).Select(i => new ArraySegment<byte>(many, i, 1))];
        await pair.Client.SendAsync(Bytes(1030).AsMemory());
        await Eventually(() => pair.Server.Available == 1030);
        int count = isMessage
            ? (Style.IsSync ? await Run(() => pair.Server.ReceiveMessage(list)) : await pair.Server.ReceiveMessageAsync(list)).Length
            : Style.IsSync ? await Run(() => pair.Server.Receive(list)) : await pair.Server.ReceiveAsync(list);
        Assert.Equal(1024, count);
        Assert.Equal(6, (await Bounded(Style.Receive(pair.Server, buffer))).Value);
        Assert.Equal(Bytes(1030)[..1024], many[..1024]);
        Assert.Equal(Bytes(1030)[1024..], buffer[..6]);
    });

    [Fact(Timeout = Limit)]
    public Task A_list_of_more_bytes_than_a_call_can_count_is_refused() => Test(async () =>
    {
        using Pair pair = await Connected();
        byte[] part = new byte[(1 << 20) + 1024];
        ArraySegment<byte>[] list = [.. Enumerable.Repeat(new ArraySegment<byte>(part), 2048)];
        await Assert.ThrowsAsync<ArgumentException>("buffers", () => Lists(pair.Client, isSend: false, list));
        await Assert.ThrowsAsync<ArgumentException>("buffers", () => Lists(pair.Client, isSend: true, list));
        await Assert.ThrowsAsync<ArgumentException>("buffers", async () =>
        {
            using ReceivedMessage unused = Style.IsSync ? await Run(() => pair.Client.ReceiveMessage(list)) : await pair.Client.ReceiveMessageAsync(list);
        });
        Assert.Equal(1, (await Bounded(Style.Send(pair.Client, new byte[1]))).Value);
        Assert.Equal(1, (await Bounded(Style.Receive(pair.Server, part))).Value);
    });

    [Fact(Timeout = Limit)]
    public Task Nothing_to_fill_is_no_end_of_the_stream_whatever_the_flags() => Test(async () =>
    {
        foreach (SocketFlags flags in (SocketFlags[])[SocketFlags.None, SocketFlags.Truncated, SocketFlags.Peek | SocketFlags.Truncated])
        {
            using Pair pair = await Connected();
            Task<Outcome<int>> receive = Style.Receive(pair.Client, Memory<byte>.Empty, flags);
            await Task.Delay(Moment);
            Assert.False(receive.IsCompleted, "It must wait.");
            await pair.Server.SendAsync(new byte[1].AsMemory());
            Assert.Equal(0, (await Bounded(receive)).Value);
            Assert.Equal(1, pair.Client.Available);
        }
    });

    // stat(2) says that a file of /proc has no bytes.
    [Fact(Timeout = Limit)]
    public Task SendFile_goes_to_the_end_of_the_content_and_not_of_what_stat_says() => Test(async () =>
    {
        const string Path = "/proc/version";
        byte[] content = await File.ReadAllBytesAsync(Path);
        Assert.NotEmpty(content);
        using SafeFileHandle file = File.OpenHandle(Path);
        using Pair pair = await Connected();
        Assert.Equal(content.Length, (await Bounded(Style.SendFile(pair.Client, file, 0))).Value);
        Assert.Equal(content.Length - 3, (await Bounded(Style.SendFile(pair.Client, file, 3))).Value);
        Assert.Equal(5, (await Bounded(Style.SendFile(pair.Client, file, 3, 5))).Value);
        if (Style.IsSync)
        {
            await Run(() => pair.Client.SendFile(Path, [1], [2], TransmitFileOptions.UseDefaultWorkerThread));
        }
        else
        {
            await pair.Client.SendFileAsync(Path, new byte[] { 1 }, new byte[] { 2 }, TransmitFileOptions.UseDefaultWorkerThread);
        }

        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal([.. content, .. content[3..], .. content[3..8], 1, .. content, 2], await ReadToEnd(pair.Server));
    });

    [Fact(Timeout = Limit)]
    public Task SendFile_sends_what_is_written_to_the_file_meanwhile() => Test(async () =>
    {
        string path = FreshPath();
        byte[] content = Bytes(3_000_000);
        await File.WriteAllBytesAsync(path, content[..2_000_000]);
        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            using Pair pair = await Narrow();
            Task<Outcome<long>> send = Style.SendFile(pair.Client, file, 0);

            // The buffers hold less than the file: the send waits, and the file grows.
            await pair.Server.WaitAsync(SocketEvents.Readable);
            Assert.False(send.IsCompleted);
            RandomAccess.Write(file, content.AsSpan(2_000_000), 2_000_000);
            byte[] all = new byte[content.Length];
            await Bounded(pair.Server.TryReceiveExactlyAsync(all).AsTask());
            Assert.Equal(content.Length, (await Bounded(send)).Value);
            Assert.True(content.AsSpan().SequenceEqual(all));
        }
        finally
        {
            File.Delete(path);
        }
    });

    // A part is reported, and what stopped the rest by the call that meets it next.
    [Fact(Timeout = Limit)]
    public Task A_send_that_must_not_wait_reports_the_part_that_found_room() => Test(async () =>
    {
        byte[] data = new byte[8_000_000];
        Func<Socket, Task<Outcome<int>>>[] sends =
        [
            socket => Style.Send(socket, data, SocketFlags.DontWait),
            socket => Style.SendMessage(socket, new OutgoingMessage(data), SocketFlags.DontWait),
            socket => Style.SendTo(socket, data, socket.RemoteEndPoint!, SocketFlags.DontWait),
            async socket => new Outcome<int>(await Lists(socket, isSend: true, [data], SocketFlags.DontWait), SocketError.Success, 0, 0, 0, null),
        ];
        for (int i = 0; i < sends.Length; i++)
        {
            using Pair pair = await Narrow();
            Outcome<int> outcome = await Bounded(sends[i](pair.Client));
            Assert.Equal((i, SocketError.Success), (i, outcome.Error));
            Assert.InRange(outcome.Value, 1, data.Length - 1);

            // Full to the last byte.
            while ((outcome = await Bounded(Style.Send(pair.Client, data, SocketFlags.DontWait))).IsSuccess)
            {
                Assert.InRange(outcome.Value, 1, data.Length - 1);
            }

            Assert.Equal((SocketError.WouldBlock, 0), (outcome.Error, outcome.BytesTransferred));
            Assert.True(pair.Client.Connected);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_failure_that_leaves_the_connection_leaves_it_connected() => Test(async () =>
    {
        using Pair pair = await Connected();
        Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.Receive(pair.Client, new byte[1], SocketFlags.DontWait))).Error);
        Assert.True(pair.Client.Connected);
        Assert.Equal(SocketError.InvalidArgument, (await Bounded(Style.Receive(pair.Client, new byte[1], SocketFlags.OutOfBand))).Error);
        Assert.True(pair.Client.Connected);
        Assert.Equal(SocketError.OperationNotSupported, (await Bounded(Style.Send(pair.Client, new byte[1], SocketFlags.Partial))).Error);
        Assert.True(pair.Client.Connected);
        pair.Client.Timeout = TimeSpan.FromMilliseconds(20);
        Assert.Equal(SocketError.TimedOut, (await Bounded(Style.ReceiveExactly(pair.Client, new byte[1]))).Error);
        Assert.True(pair.Client.Connected);

        // All or nothing: the part is reported with the failure, and the connection is still there.
        await pair.Server.SendAsync(new byte[3].AsMemory());
        Outcome<int> outcome = await Bounded(Style.ReceiveExactly(pair.Client, new byte[5]));
        Assert.Equal((SocketError.TimedOut, 3), (outcome.Error, outcome.BytesTransferred));
        Assert.True(pair.Client.Connected);
        pair.Server.LingerState = new LingerOption(enable: true, seconds: 0);
        pair.Server.Dispose();
        pair.Client.Timeout = null;
        Assert.Equal(SocketError.ConnectionReset, (await Bounded(Style.Receive(pair.Client, new byte[1]))).Error);
        Assert.False(pair.Client.Connected);
    });

    private async Task<int> Lists(Socket socket, bool isSend, IList<ArraySegment<byte>> list, SocketFlags flags = SocketFlags.None) => (Style.IsSync, Style.Throws, isSend) switch
    {
        (true, true, false) => await Run(() => socket.Receive(list, flags)),
        (true, true, true) => await Run(() => socket.Send(list, flags)),
        (true, false, false) => (await Run(() => socket.TryReceive(list, flags))).Value,
        (true, false, true) => (await Run(() => socket.TrySend(list, flags))).Value,
        (false, true, false) => await socket.ReceiveAsync(list, flags, CancellationToken.None),
        (false, true, true) => await socket.SendAsync(list, flags, CancellationToken.None),
        (false, false, false) => (await socket.TryReceiveAsync(list, flags)).Value,
        _ => (await socket.TrySendAsync(list, flags)).Value,
    };

    private async Task<int> ReceiveFrom(Socket socket, SocketAddress address)
    {
        byte[] buffer = new byte[8];
        return (Style.IsSync, Style.Throws) switch
        {
            (true, true) => await Run(() => socket.ReceiveFrom(buffer, SocketFlags.None, address)),
            (true, false) => (await Run(() => socket.TryReceiveFrom(buffer, address))).Value,
            (false, true) => await socket.ReceiveFromAsync(buffer.AsMemory(), SocketFlags.None, address),
            _ => (await socket.TryReceiveFromAsync(buffer, address)).Value,
        };
    }

    private async Task<(int Count, EndPoint? Sender)> Sender(Socket socket, EndPoint template, bool withInformation)
    {
        byte[] buffer = new byte[8];
        if (withInformation)
        {
            SocketReceiveMessageFromResult message = (Style.IsSync, Style.Throws) switch
            {
                (true, true) => await Run(() =>
                {
                    EndPoint sender = template;
                    SocketFlags flags = SocketFlags.None;
                    int count = socket.ReceiveMessageFrom(buffer, 0, 8, ref flags, ref sender, out _);
                    return new SocketReceiveMessageFromResult { ReceivedBytes = count, RemoteEndPoint = sender };
                }),
                (true, false) => (await Run(() => socket.TryReceiveMessageFrom(buffer, template))).Value,
                (false, true) => await socket.ReceiveMessageFromAsync(buffer.AsMemory(), template),
                _ => (await socket.TryReceiveMessageFromAsync(buffer, template)).Value,
            };
            return (message.ReceivedBytes, message.RemoteEndPoint);
        }

        switch (Style.IsSync, Style.Throws)
        {
            case (true, true):
                return await Run(() =>
                {
                    EndPoint sender = template;
                    int count = socket.ReceiveFrom(buffer, ref sender);
                    return (count, (EndPoint?)sender);
                });
            case (true, false):
                return await Run(() =>
                {
                    SocketResult<int> result = socket.TryReceiveFrom(buffer, out EndPoint? sender);
                    return (result.Value, sender ?? UnixEndPoint.Unnamed);
                });
            case (false, true):
                SocketReceiveFromResult got = await socket.ReceiveFromAsync(buffer.AsMemory(), template);
                return (got.ReceivedBytes, got.RemoteEndPoint);
            default:
                got = (await socket.TryReceiveFromAsync(buffer, template)).Value;
                return (got.ReceivedBytes, got.RemoteEndPoint);
        }
    }
}

public sealed class Report_Sync() : ReportTests(SocketStyle.Sync);
public sealed class Report_Try() : ReportTests(SocketStyle.Try);
public sealed class Report_Async() : ReportTests(SocketStyle.Async);
public sealed class Report_TryAsync() : ReportTests(SocketStyle.TryAsync);
public sealed class Report_Loop() : ReportTests(SocketStyle.Loop);
public sealed class Report_LoopEpoll() : ReportTests(SocketStyle.LoopEpoll);
public sealed class Report_Chaos() : ReportTests(SocketStyle.Chaos);
