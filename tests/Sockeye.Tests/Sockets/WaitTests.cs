using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>Readiness without reading, and what the kernel holds.</summary>
public abstract class WaitTests(SocketStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task A_wait_reads_nothing_and_reports_what_is_ready(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        Assert.Equal(SocketEvents.Writable, (await Bounded(Style.Wait(pair.Client, SocketEvents.Readable | SocketEvents.Writable))).Value);
        Task<Outcome<SocketEvents>> wait = Style.Wait(pair.Client, SocketEvents.Readable);
        await Task.Delay(30);
        Assert.False(wait.IsCompleted);
        await pair.Server.SendAsync(new byte[3].AsMemory());
        Assert.Equal(SocketEvents.Readable, (await Bounded(wait)).Value);
        Assert.Equal(3, pair.Client.Available);

        // Level, not edge: what was not read is still there.
        Assert.Equal(SocketEvents.Readable, (await Bounded(Style.Wait(pair.Client, SocketEvents.Readable))).Value);
        Assert.Equal(3, await pair.Client.ReceiveAsync(new byte[9].AsMemory()));
        Assert.Equal(0, pair.Client.Available);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task The_peers_half_close_is_reported_while_a_receive_waits(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory());
        Task<Outcome<SocketEvents>> half = Style.Wait(pair.Client, SocketEvents.PeerShutdown);
        Task<Outcome<SocketEvents>> readable = Style.Wait(pair.Client, SocketEvents.Readable);
        await Task.Delay(30);
        await pair.Server.SendAsync(new byte[2].AsMemory());
        Assert.Equal(1, await receive);
        Assert.Equal(SocketEvents.Readable, (await Bounded(readable)).Value);
        await Task.Delay(30);
        Assert.False(half.IsCompleted);
        pair.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketEvents.PeerShutdown, (await Bounded(half)).Value & SocketEvents.PeerShutdown);

        // What came before can still be read.
        Assert.Equal(1, await pair.Client.ReceiveAsync(new byte[9].AsMemory()));
        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[9].AsMemory()));
    });

    [Fact(Timeout = Limit)]
    public Task Room_to_send_is_reported_once_the_peer_has_read() => Test(async () =>
    {
        using Pair pair = await Narrow();

        // The kernel goes on moving bytes to the peer's buffer for a moment after it has said that there is no room.
        int filled = 0;
        do
        {
            SocketResult<int> more = await pair.Client.TrySendAllAsync(new byte[8_000_000], SocketFlags.DontWait);
            Assert.True(more.WouldBlock);
            filled += more.BytesTransferred;
        }
        while (pair.Client.Wait(SocketEvents.Writable, Moment) != SocketEvents.None);
        Assert.InRange(pair.Client.UnsentBytes, 1, filled);
        Task<Outcome<SocketEvents>> wait = Style.Wait(pair.Client, SocketEvents.Writable);
        await Task.Delay(30);
        Assert.False(wait.IsCompleted);
        byte[] buffer = new byte[filled];
        await pair.Server.ReceiveExactlyAsync(buffer);
        Assert.Equal(SocketEvents.Writable, (await Bounded(wait)).Value);
        await Eventually(() => pair.Client.UnsentBytes == 0);
    });

    [Fact(Timeout = Limit)]
    public Task A_listener_is_readable_when_somebody_waits_to_be_accepted() => Test(async () =>
    {
        using Socket listener = Listener();
        Task<Outcome<SocketEvents>> wait = Style.Wait(listener, SocketEvents.Readable);
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        Assert.Equal(SocketEvents.Readable, (await Bounded(wait)).Value);
        using Socket accepted = (await Bounded(Style.Accept(listener))).Value!;
        Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
    });

    [Fact(Timeout = Limit)]
    public Task Many_waits_stand_beside_each_other() => Test(async () =>
    {
        using Pair pair = await Connected();
        Task<Outcome<SocketEvents>>[] waits = [.. Enumerable.Range(0, 6).Select(_ => Style.Wait(pair.Client, SocketEvents.Readable))];
        await Task.Delay(30);
        await pair.Server.SendAsync(new byte[1].AsMemory());
        foreach (Task<Outcome<SocketEvents>> wait in waits)
        {
            Assert.Equal(SocketEvents.Readable, (await Bounded(wait)).Value);
        }
    });
}

public sealed class Wait_Sync() : WaitTests(SocketStyle.Sync);
public sealed class Wait_Try() : WaitTests(SocketStyle.Try);
public sealed class Wait_Async() : WaitTests(SocketStyle.Async);
public sealed class Wait_TryAsync() : WaitTests(SocketStyle.TryAsync);
public sealed class Wait_Loop() : WaitTests(SocketStyle.Loop);

public sealed class Wait_LoopEpoll() : WaitTests(SocketStyle.LoopEpoll);

public sealed class Wait_Chaos() : WaitTests(SocketStyle.Chaos);

/// <summary>Several calls on one socket: each has its turn, synchronous ones too.</summary>
public sealed class OrderTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task A_synchronous_receive_waits_behind_two_asynchronous_ones()
    {
        using Pair pair = await Connected();
        byte[][] buffers = [new byte[1], new byte[1], new byte[1], new byte[1]];
        Task<int> first = pair.Client.ReceiveAsync(buffers[0].AsMemory()).AsTask();
        Task<int> second = pair.Client.ReceiveAsync(buffers[1].AsMemory()).AsTask();
        Task<int> third = Run(() => pair.Client.Receive(buffers[2]));
        await Task.Delay(Moment);
        Task<int> fourth = pair.Client.ReceiveAsync(buffers[3].AsMemory()).AsTask();
        Task<int>[] all = [first, second, third, fourth];
        for (byte i = 0; i < 4; i++)
        {
            Assert.All(all[i..], static task => Assert.False(task.IsCompleted));
            pair.Server.Send([(byte)(i + 1)]);
            Assert.Equal(1, await all[i].WaitAsync(Soon));
        }

        Assert.Equal([1, 2, 3, 4], buffers.Select(static buffer => buffer[0]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_turn_may_run_out_of_time_and_those_behind_go_on()
    {
        using Pair pair = await Connected();
        byte[][] buffers = [new byte[1], new byte[1]];
        Task<int> first = pair.Client.ReceiveAsync(buffers[0].AsMemory()).AsTask();
        pair.Client.Timeout = TimeSpan.FromMilliseconds(100);
        SocketResult<int> result = await Run(() => pair.Client.TryReceive(new byte[1]));
        Assert.Equal(SocketError.TimedOut, result.Error);
        pair.Client.Timeout = TimeSpan.Zero;
        Assert.True(pair.Client.TryReceive(new byte[1]).WouldBlock);
        pair.Client.Timeout = null;
        Task<int> second = pair.Client.ReceiveAsync(buffers[1].AsMemory()).AsTask();
        pair.Server.Send([1, 2]);
        Assert.Equal(1, await first.WaitAsync(Soon));
        Assert.Equal(1, await second.WaitAsync(Soon));
        Assert.Equal((1, 2), (buffers[0][0], buffers[1][0]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_turn_ends_with_its_socket()
    {
        using Pair pair = await Connected();
        Task<SocketResult<int>> first = pair.Client.TryReceiveAsync(new byte[1]).AsTask();
        Task second = Run(() => Assert.ThrowsAny<Exception>(() => pair.Client.Receive(new byte[1])));
        await Task.Delay(Moment);
        pair.Client.Dispose();
        Assert.Equal(SocketError.OperationAborted, (await first.WaitAsync(Soon)).Error);
        await second;
    }

    [Fact(Timeout = Limit)]
    public async Task Sends_do_not_mix_their_bytes()
    {
        using Pair pair = await Narrow();
        const int Count = 200_000;
        Task[] sends =
        [
            pair.Client.SendAsync(Filled(1)).AsTask(),
            pair.Client.SendAsync(Filled(2)).AsTask(),
            Run(() => pair.Client.SendAll(Filled(3).Span)),
        ];
        await Task.Delay(Moment);
        Task last = pair.Client.SendAsync(Filled(4)).AsTask();
        byte[] all = new byte[4 * Count];
        await pair.Server.ReceiveExactlyAsync(all).AsTask().WaitAsync(Soon);
        await Task.WhenAll([.. sends, last]).WaitAsync(Soon);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(-1, all.AsSpan(i * Count, Count).IndexOfAnyExcept((byte)(i + 1)));
        }

        static ReadOnlyMemory<byte> Filled(byte value)
        {
            byte[] bytes = new byte[Count];
            Array.Fill(bytes, value);
            return bytes;
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_canceled_head_lets_the_next_one_through()
    {
        using Pair pair = await Connected();
        using var source = new CancellationTokenSource();
        Task<int> first = pair.Client.ReceiveAsync(new byte[1].AsMemory(), source.Token).AsTask();
        Task<int> second = pair.Client.ReceiveAsync(new byte[1].AsMemory()).AsTask();
        await source.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(source.Token, exception.CancellationToken);
        pair.Server.Send([1]);
        Assert.Equal(1, await second.WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task A_value_task_is_awaited_once()
    {
        using Pair pair = await Connected();
        ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory());
        ValueTask<int> again = receive;
        Assert.Throws<InvalidOperationException>(() => again.GetAwaiter().GetResult());
        pair.Server.Send([1]);
        Assert.Equal(1, await receive);
        Assert.Throws<InvalidOperationException>(() => again.GetAwaiter().GetResult());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await again);
    }
}
