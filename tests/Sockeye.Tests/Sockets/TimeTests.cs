using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>
/// The Timeout rule: null is no limit, a positive one limits each operation as a whole, zero makes synchronous calls
/// return at once and leaves asynchronous ones as they are. Expiry is TimedOut, and what was done before is reported.
/// </summary>
public abstract class TimeTests(SocketStyle style) : StyledTest(style)
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(150);

    // A listener that had to answer something; loaded machines are late.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(8);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task Without_a_limit_a_receive_waits(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        Assert.Null(pair.Client.Timeout);
        Task<Outcome<int>> receive = Style.Receive(pair.Client, new byte[1]);
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        await pair.Server.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, (await Bounded(receive)).Value);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task A_receive_ends_as_timed_out_and_the_next_one_works(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        pair.Client.Timeout = Short;
        await TimesOut(() => Style.Receive(pair.Client, new byte[1]));
        await TimesOut(() => Style.ReceiveExactly(pair.Client, new byte[1]));
        await TimesOut(() => Style.Wait(pair.Client, SocketEvents.Readable));
        Assert.True(pair.Client.Connected);
        await pair.Server.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, (await Bounded(Style.Receive(pair.Client, new byte[1]))).Value);
    });

    [Fact(Timeout = Limit)]
    public Task An_accept_and_a_receive_from_end_as_timed_out() => Test(async () =>
    {
        using Socket listener = Listener();
        listener.Timeout = Short;
        await TimesOut(() => Style.Accept(listener));
        using Socket udp = BoundUdp();
        udp.Timeout = Short;
        await TimesOut(() => Style.ReceiveFrom(udp, new byte[1]));
        await TimesOut(() => Style.Receive(udp, new byte[1]));
    });

    [Fact(Timeout = Limit)]
    public Task A_connect_to_a_silent_peer_ends_as_timed_out() => Test(async () =>
    {
        using Pair silent = await Silent();
        using Socket client = Tcp();
        client.Timeout = Short;
        EndPoint remote = silent.Server.LocalEndPoint!;
        Outcome<int> outcome = await TimesOut(() => Style.Connect(client, remote));
        Assert.False(client.Connected);
        if (Style.Throws)
        {
            Assert.Equal(
                $"connect {remote}: ETIMEDOUT: no answer within the time limit; the host may be down or a firewall silent",
                outcome.Message);
        }
    });

    // The peer keeps the bytes coming; each one used to be a reason to begin anew, in many a library.
    [Fact(Timeout = Limit)]
    public Task A_dribbling_peer_does_not_lengthen_ReceiveExactly() => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.Timeout = TimeSpan.FromMilliseconds(300);
        using var stop = new CancellationTokenSource();
        Task dribble = Dribble(pair.Server, stop.Token);
        byte[] buffer = new byte[100_000];
        Outcome<int> outcome = await TimesOut(() => Style.ReceiveExactly(pair.Client, buffer), TimeSpan.FromMilliseconds(300));
        Assert.InRange(outcome.BytesTransferred, 1, buffer.Length - 1);
        Assert.All(buffer.Take(outcome.BytesTransferred), static value => Assert.Equal(7, value));
        Assert.All(buffer.Skip(outcome.BytesTransferred).Take(10), static value => Assert.Equal(0, value));
        if (Style.Throws)
        {
            Assert.Equal(
                $"receive exactly {pair.Client.RemoteEndPoint}: ETIMEDOUT: the time limit passed, after {outcome.BytesTransferred} bytes",
                outcome.Message);
        }

        await stop.CancelAsync();
        await dribble.WaitAsync(Soon);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task A_slow_reader_does_not_lengthen_SendAll_and_what_was_sent_is_reported(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Narrow(family);
        pair.Client.Timeout = TimeSpan.FromMilliseconds(300);
        using var stop = new CancellationTokenSource();
        Task<long> sip = Sip(pair.Server, stop.Token);
        byte[] data = new byte[8_000_000];
        Outcome<int> outcome = await TimesOut(() => Style.SendAll(pair.Client, data), TimeSpan.FromMilliseconds(300));
        Assert.InRange(outcome.BytesTransferred, 1, data.Length - 1);
        await stop.CancelAsync();
        long sipped = await sip.WaitAsync(Soon);
        if (Style.Throws)
        {
            Assert.Contains($"ETIMEDOUT: the time limit passed, after {outcome.BytesTransferred} bytes", outcome.Message);
        }

        // Exactly so many: the peer reads them all, and then the end.
        pair.Client.Shutdown(SocketShutdown.Send);
        int rest = (await ReadToEnd(pair.Server)).Length;
        Assert.Equal(outcome.BytesTransferred, rest + sipped);
    });

    [Fact(Timeout = Limit)]
    public Task Zero_makes_synchronous_calls_return_at_once_and_leaves_asynchronous_ones() => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.Timeout = TimeSpan.Zero;
        await WaitsUnlessSync(pair, Style.Receive(pair.Client, new byte[1]));
    });

    [Fact(Timeout = Limit)]
    public Task Not_blocking_makes_synchronous_calls_return_at_once_and_leaves_asynchronous_ones() => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.Blocking = false;
        await WaitsUnlessSync(pair, Style.Receive(pair.Client, new byte[1]));
    });

    [Fact(Timeout = Limit)]
    public Task Not_blocking_and_a_limit_asynchronous_calls_heed_the_limit() => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.Blocking = false;
        pair.Client.Timeout = Short;
        if (!Style.IsSync)
        {
            await TimesOut(() => Style.Receive(pair.Client, new byte[1]));
        }
        else
        {
            Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.Receive(pair.Client, new byte[1]))).Error);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_synchronous_receive_heeds_the_smaller_limit_an_asynchronous_one_Timeout_alone() => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.ReceiveTimeout = 60;
        pair.Client.Timeout = TimeSpan.FromMilliseconds(500);
        await TimesOut(() => Style.Receive(pair.Client, new byte[1]), TimeSpan.FromMilliseconds(Style.IsSync ? 60 : 500));
        pair.Client.ReceiveTimeout = 60_000;
        pair.Client.Timeout = Short;
        await TimesOut(() => Style.Receive(pair.Client, new byte[1]));
        pair.Client.Timeout = null;
        pair.Client.ReceiveTimeout = 150;
        if (Style.IsSync)
        {
            await TimesOut(() => Style.Receive(pair.Client, new byte[1]));
        }
        else
        {
            await WaitsUnlessSync(pair, Style.Receive(pair.Client, new byte[1]));
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_synchronous_send_heeds_the_smaller_limit() => Test(async () =>
    {
        using Pair pair = await Narrow();
        byte[] data = new byte[8_000_000];
        pair.Client.SendTimeout = 150;
        pair.Client.Timeout = Style.IsSync ? TimeSpan.FromSeconds(20) : Short;
        Outcome<int> outcome = await TimesOut(() => Style.Send(pair.Client, data));
        Assert.InRange(outcome.BytesTransferred, 1, data.Length - 1);
    });

    [Fact(Timeout = Limit)]
    public Task Accepted_sockets_start_without_a_limit() => Test(async () =>
    {
        using Socket listener = Listener();
        listener.Timeout = TimeSpan.FromSeconds(20);
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket accepted = (await Bounded(Style.Accept(listener))).Value!;
        Assert.Null(accepted.Timeout);
    });

    [Fact(Timeout = Limit)]
    public Task A_limit_without_end_is_none() => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.Timeout = TimeSpan.MaxValue;
        Task<Outcome<int>> receive = Style.Receive(pair.Client, new byte[1]);
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted, "It must wait.");
        await pair.Server.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, (await Bounded(receive)).Value);
    });

    [Fact(Timeout = Limit)]
    public Task WaitAll_keeps_what_came_before_its_time_was_up() => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.Timeout = TimeSpan.FromMilliseconds(400);
        byte[] buffer = new byte[10];
        Task<Outcome<int>> receive = Style.Receive(pair.Client, buffer, SocketFlags.WaitAll);
        await pair.Server.SendAsync(new byte[] { 1, 2, 3 }.AsMemory());
        Outcome<int> outcome = await Bounded(receive);
        Assert.Equal(SocketError.Success, outcome.Error);
        Assert.Equal(3, outcome.Value);
        Assert.Equal([1, 2, 3, 0], buffer[..4]);
        await TimesOut(() => Style.Receive(pair.Client, buffer, SocketFlags.WaitAll), TimeSpan.FromMilliseconds(400));
    });

    private static async Task Dribble(Socket socket, CancellationToken token)
    {
        while (!token.IsCancellationRequested)
        {
            await socket.SendAsync(new byte[] { 7 }.AsMemory(), CancellationToken.None);
            await Task.Delay(5, CancellationToken.None);
        }
    }

    private static async Task<long> Sip(Socket socket, CancellationToken token)
    {
        long sipped = 0;
        byte[] sip = new byte[512];
        while (!token.IsCancellationRequested)
        {
            SocketResult<int> result = await socket.TryReceiveAsync(sip, SocketFlags.None, token);
            sipped += result.TryGetValue(out int count) ? count : 0;
            await Task.Delay(5, CancellationToken.None);
        }

        return sipped;
    }

    private async Task WaitsUnlessSync(Pair pair, Task<Outcome<int>> receive)
    {
        if (Style.IsSync)
        {
            Outcome<int> outcome = await Bounded(receive);
            Assert.Equal(SocketError.WouldBlock, outcome.Error);
            Assert.Equal(Errno.EAGAIN, outcome.Errno);
            return;
        }

        await Task.Delay(Moment * 4);
        Assert.False(receive.IsCompleted, "It must wait.");
        await pair.Server.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, (await Bounded(receive)).Value);
    }

    private static async Task<Outcome<T>> TimesOut<T>(Func<Task<Outcome<T>>> call, TimeSpan? limit = null)
    {
        TimeSpan expected = limit ?? Short;
        long start = Stopwatch.GetTimestamp();
        Outcome<T> outcome = await Bounded(call());
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        Assert.Equal(SocketError.TimedOut, outcome.Error);
        Assert.Equal(Errno.ETIMEDOUT, outcome.Errno);
        Assert.InRange(took, expected - TimeSpan.FromMilliseconds(1), expected + Slack);
        return outcome;
    }
}

public sealed class Time_Sync() : TimeTests(SocketStyle.Sync);
public sealed class Time_Try() : TimeTests(SocketStyle.Try);
public sealed class Time_Async() : TimeTests(SocketStyle.Async);
public sealed class Time_TryAsync() : TimeTests(SocketStyle.TryAsync);
public sealed class Time_Loop() : TimeTests(SocketStyle.Loop);

public sealed class Time_LoopEpoll() : TimeTests(SocketStyle.LoopEpoll);

public sealed class Time_Chaos() : TimeTests(SocketStyle.Chaos);

public sealed class TimeoutTests : SocketTest
{
    [Fact]
    public void A_negative_limit_is_refused()
    {
        using Socket socket = Tcp();
        Assert.Throws<ArgumentOutOfRangeException>(() => socket.Timeout = TimeSpan.FromTicks(-1));
        Assert.Null(socket.Timeout);
        socket.Timeout = TimeSpan.FromTicks(1);
        Assert.Equal(TimeSpan.FromTicks(1), socket.Timeout);
        socket.Timeout = null;
        Assert.Null(socket.Timeout);
    }

    // Whichever of the process's threads the kernel chooses: each wait must resume with the time that is left.
    [Fact(Timeout = Limit)]
    public async Task A_signal_does_not_lengthen_a_wait()
    {
        int signals = 0;
        using var registration = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Interlocked.Increment(ref signals));
        using Pair pair = await Connected();
        pair.Client.Timeout = TimeSpan.FromMilliseconds(800);
        using var stop = new CancellationTokenSource();
        Task shower = Task.Run(async () =>
        {
            var kill = new ProcessStartInfo("/bin/sh", ["-c", $"for i in 1 2 3 4 5 6 7 8 9 10; do for t in /proc/{Environment.ProcessId}/task/*; do kill -WINCH ${{t##*/}}; done; sleep 0.03; done"]);
            while (!stop.IsCancellationRequested)
            {
                using Process process = Process.Start(kill)!;
                await process.WaitForExitAsync();
            }
        });
        await Eventually(() => Volatile.Read(ref signals) > 0, "No signal arrived.");
        long start = Stopwatch.GetTimestamp();
        SocketResult<int> result = await Run(() => pair.Client.TryReceive(new byte[1]));
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        int seen = Volatile.Read(ref signals);
        await stop.CancelAsync();
        await shower.WaitAsync(Soon);
        Assert.Equal(SocketError.TimedOut, result.Error);
        Assert.InRange(took, TimeSpan.FromMilliseconds(799), TimeSpan.FromSeconds(6));
        Assert.True(seen > 1, "The wait saw no signal.");
    }

    // Each address had a limit of its own once.
    [Fact(Timeout = Limit)]
    public async Task The_limit_is_for_all_addresses_of_an_asynchronous_connect_together()
    {
        using Pair first = await Silent();
        using Pair second = await Silent(IPAddress.Parse("127.0.0.2"), PortOf(first.Server));
        using Socket client = Tcp();
        client.Timeout = TimeSpan.FromMilliseconds(500);
        long start = Stopwatch.GetTimestamp();
        SocketException exception = await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(
            [IPAddress.Loopback, IPAddress.Parse("127.0.0.2")], PortOf(first.Server)).WaitAsync(Soon));
        Assert.Equal(SocketError.TimedOut, exception.SocketErrorCode);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(499), TimeSpan.FromMilliseconds(950));
    }

    [Fact(Timeout = Limit)]
    public async Task A_wait_with_a_limit_of_its_own_waits_also_when_the_socket_does_not()
    {
        using Pair pair = await Connected();
        pair.Client.Blocking = false;
        Task<SocketEvents> wait = Run(() => pair.Client.Wait(SocketEvents.Readable, Soon));
        await Task.Delay(Moment);
        Assert.False(wait.IsCompleted);
        pair.Server.Send([1]);
        Assert.Equal(SocketEvents.Readable, await wait);
        Assert.Equal(SocketEvents.None, pair.Server.Wait(SocketEvents.Readable, TimeSpan.FromMilliseconds(20)));
        Assert.Equal(SocketEvents.None, pair.Server.Wait(SocketEvents.Readable, TimeSpan.Zero));
        pair.Server.Blocking = false;
        Assert.Equal(SocketEvents.None, pair.Server.Wait(SocketEvents.Readable));
        Assert.Throws<ArgumentOutOfRangeException>(() => pair.Server.Wait(SocketEvents.Readable, TimeSpan.FromMilliseconds(-2)));
        wait = Run(() => pair.Server.Wait(SocketEvents.Readable, Timeout.InfiniteTimeSpan));
        await Task.Delay(Moment);
        Assert.False(wait.IsCompleted);
        pair.Client.Send([1]);
        Assert.Equal(SocketEvents.Readable, await wait);
    }
}
