using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>
/// A ring that fails midway, as under a seccomp filter that came after it, or on a kernel that lost completions: epoll waits in
/// its place. The failures are injected where io_uring_enter(2) is called.
/// </summary>
public sealed class RingFailureTests : SocketTest
{
    /// <summary>What lasts: the kernel answers nothing else any more, or has lost count.</summary>
    public static readonly TheoryData<int> Lasting = [Errno.EPERM, Errno.EACCES, Errno.ENOSYS, Errno.EBADR, Errno.EINVAL, Errno.EBADFD];

    public static readonly TheoryData<int> Passing = [Errno.ENOMEM, Errno.EAGAIN, Errno.EBUSY];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Lasting))]
    public async Task A_shared_engine_whose_ring_fails_goes_on_with_epoll(int errno)
    {
        TestEngines.Require(EngineKind.IoUring);
        using SocketEngine engine = SocketEngine.CreateIoUring();
        var told = new List<string>();
        engine.RingFailed += (which, reason) =>
        {
            Assert.Same(engine, which);
            lock (told)
            {
                told.Add(reason);
            }
        };
        await GoesOn(engine, () => Fail(engine, errno));
        string why = $"io_uring_enter failed ({Errno.Name(errno)}: {Errno.Text(errno)}), and epoll waits in the ring's place";
        await Eventually(() =>
        {
            lock (told)
            {
                return told.Count != 0;
            }
        });
        Assert.Equal([why], told);
        Assert.Equal($"epoll, 1 thread, 0 sockets registered; {why}", engine.ToString());
        Assert.Equal(EngineKind.Epoll, engine.Kind);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Lasting))]
    public Task A_loop_whose_ring_fails_goes_on_with_epoll_and_says_so_on_the_loop(int errno) => Run(() =>
    {
        using EventLoop loop = TestEngines.Loop(EngineKind.IoUring);
        var told = new List<EventLoop?>();
        loop.Engine.RingFailed += (_, _) => told.Add(EventLoop.Current);
        loop.Run(() => GoesOn(loop.Engine, () => Fail(loop.Engine, errno)));
        Assert.Equal([loop], told);
        Assert.Contains($"({Errno.Name(errno)}: ", loop.ToString(), StringComparison.Ordinal);

        // The next run has no ring either, and needs none.
        loop.Run(async () =>
        {
            Assert.Equal(EngineKind.Epoll, loop.Engine.Kind);
            using Pair pair = await Connected();
            await Echo(pair);
        });
    });

    // Of the sockets that became ready meanwhile the ring tells nothing: those who wait are tried once.
    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_lost_completions_would_have_reported_is_found_by_a_try(bool isLoop)
    {
        TestEngines.Require(EngineKind.IoUring);
        if (isLoop)
        {
            using var loop = new EventLoop(EngineKind.IoUring);
            await Run(() => loop.Run(() => Body(loop.Engine)));
        }
        else
        {
            using SocketEngine engine = SocketEngine.CreateIoUring();
            await Body(engine);
        }

        static async Task Body(SocketEngine engine)
        {
            (Socket near, Socket far) = Socket.CreatePair();
            using Socket waits = near;
            waits.Core.MoveTo(engine);
            using Socket peer = far;
            byte[] buffer = new byte[1];
            ValueTask<int> receive = waits.ReceiveAsync(buffer.AsMemory());
            Assert.False(receive.IsCompleted);
            int lost = 0;
            engine.Poller.Ring!.Fault = ring =>
            {
                // A real wait, whose completions nobody sees.
                ring.Fault = null;
                // Again where a signal, or work of the kernel's own, ends it without one.
                for (int tries = 0; tries < 50 && !ring.TryPeek(out _); tries++)
                {
                    ring.Enter(wait: 1, limitNs: 100_000_000);
                }

                while (ring.TryPeek(out _))
                {
                    ring.Advance();
                    lost++;
                }

                return Errno.EBADR;
            };
            engine.Poller.Wake();
            await peer.SendAsync(new byte[] { 7 }.AsMemory());
            Assert.Equal(1, await receive.AsTask().WaitAsync(Soon));
            Assert.Equal(7, buffer[0]);
            Assert.NotEqual(0, lost);
            Assert.Equal(EngineKind.Epoll, engine.Kind);
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Passing))]
    public async Task What_passes_is_waited_out(int errno)
    {
        TestEngines.Require(EngineKind.IoUring);
        using SocketEngine engine = SocketEngine.CreateIoUring();
        int left = 100;
        await GoesOn(engine, () =>
        {
            engine.Poller.Ring!.Fault = _ => left-- > 0 ? errno : 0;
            engine.Poller.Wake();
        });
        Assert.True(left < 0, $"{left} failures left");
        Assert.Equal(EngineKind.IoUring, engine.Kind);
        Assert.Equal("io_uring, 1 thread, 0 sockets registered", engine.ToString());
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Passing))]
    public async Task What_should_pass_and_does_not_is_a_failure(int errno)
    {
        TestEngines.Require(EngineKind.IoUring);
        using SocketEngine engine = SocketEngine.CreateIoUring();
        await GoesOn(engine, () => Fail(engine, errno));
        await Eventually(() => engine.Kind == EngineKind.Epoll);
    }

    // More requests than the queue holds: the ring fails while a caller asks for room.
    [Fact(Timeout = Limit)]
    public Task A_ring_that_fails_while_its_queue_is_full_loses_no_socket() => Run(() =>
    {
        using EventLoop loop = TestEngines.Loop(EngineKind.IoUring);
        loop.Run(async () =>
        {
            var pairs = new List<(Socket Near, Socket Far)>();
            for (int i = 0; i < 2 * SocketEngine.DefaultEntries; i++)
            {
                pairs.Add(Socket.CreatePair());
            }

            loop.Engine.Poller.Ring!.Fault = static _ => Errno.EPERM;
            Task<int>[] receives = [.. pairs.Select(static pair => pair.Near.ReceiveAsync(new byte[1].AsMemory()).AsTask())];
            await Task.Yield();
            Assert.Equal(EngineKind.Epoll, loop.Engine.Kind);
            foreach ((_, Socket far) in pairs)
            {
                await far.SendAsync(new byte[1].AsMemory());
            }

            Assert.All(await Task.WhenAll(receives), static count => Assert.Equal(1, count));
            foreach ((Socket near, Socket far) in pairs)
            {
                near.Dispose();
                far.Dispose();
            }
        });
        Assert.Equal(0, loop.Engine.SocketCount);
    });

    [Fact(Timeout = Limit)]
    public Task A_pipe_with_a_receive_in_flight_ends_with_the_errno_and_others_go_on() => Run(() =>
    {
        using EventLoop loop = TestEngines.Loop(EngineKind.IoUring);
        loop.Run(async () =>
        {
            using Pair first = await Connected();
            using Pair second = await Connected();
            using Pair third = await Connected();
            await using var busy = new SocketPipe(first.Server);
            await using var idle = new SocketPipe(second.Server);
            Task<ReadResult> read = busy.Input.ReadAsync().AsTask();
            Task<FlushResult> flush = busy.Output.WriteAsync(new byte[16 << 20]).AsTask();
            await Task.Yield();
            await Task.Yield();
            Fail(loop.Engine, Errno.EPERM);
            SocketException error = await Assert.ThrowsAnyAsync<SocketException>(() => read.WaitAsync(Soon));
            Assert.Contains("EPERM", error.Message, StringComparison.Ordinal);
            error = await Assert.ThrowsAnyAsync<SocketException>(() => flush.WaitAsync(Soon));
            Assert.Contains("EPERM", error.Message, StringComparison.Ordinal);
            await Served(idle, second.Client);
            await using var late = new SocketPipe(third.Server);
            await Served(late, third.Client);
        });

        static async Task Served(SocketPipe pipe, Socket client)
        {
            for (int i = 0; i < 3; i++)
            {
                await client.SendAllAsync(Bytes(100_000, i));
                ReadResult result = await pipe.Input.ReadAtLeastAsync(100_000);
                Assert.Equal(Bytes(100_000, i), System.Buffers.BuffersExtensions.ToArray(result.Buffer));
                pipe.Input.AdvanceTo(result.Buffer.End);
                await pipe.Output.WriteAsync(Bytes(5_000, i));
                byte[] back = new byte[5_000];
                await client.ReceiveExactlyAsync(back.AsMemory());
                Assert.Equal(Bytes(5_000, i), back);
            }
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_pipe_keeps_what_it_received_before_its_ring_failed_in_the_last_turn() => Run(() =>
    {
        using EventLoop loop = TestEngines.Loop(EngineKind.IoUring);
        Pair? pair = null;
        SocketPipe? pipe = null;
        Task<ReadResult>? read = null;
        loop.Run(async () =>
        {
            pair = await Connected();
            using Socket datagrams = await WatchedUdp();
            pipe = new SocketPipe(pair.Server);
            read = pipe.Input.ReadAsync().AsTask();
            await Task.Yield();
            await Task.Yield();
            Assert.False(read.IsCompleted);
            Assert.Equal(5, pair.Client.Send("bytes"u8));
            loop.Engine.Poller.Ring!.Fault = static ring =>
            {
                ring.Fault = null;
                for (int tries = 0; tries < 50 && !ring.TryPeek(out _); tries++)
                {
                    ring.Enter(wait: 1, limitNs: 100_000_000);
                }

                return Errno.EPERM;
            };

            // The ring is asked, and fails; and nothing more happens in this run.
            datagrams.Dispose();
            Assert.Equal(EngineKind.Epoll, loop.Engine.Kind);
        });
        loop.Run(async () =>
        {
            ReadResult result = await read!.WaitAsync(Soon);
            Assert.Equal("bytes"u8.ToArray(), System.Buffers.BuffersExtensions.ToArray(result.Buffer));
            pipe!.Input.AdvanceTo(result.Buffer.End);
            await pipe.DisposeAsync();
            pair!.Dispose();
        });
    });

    [Fact(Timeout = Limit)]
    public async Task A_listener_whose_ring_fails_accepts_with_calls_and_stops()
    {
        TestEngines.Require(EngineKind.IoUring);
        await using var group = new EventLoopGroup(new EventLoopGroupOptions { Count = 1, Engine = EngineKind.IoUring });
        EventLoopListener listener = group.Listen(new IPEndPoint(IPAddress.Loopback, 0), static async socket =>
        {
            byte[] buffer = new byte[64];
            while (await socket.ReceiveAsync(buffer.AsMemory()) is var count and not 0)
            {
                await socket.SendAllAsync(buffer.AsMemory(0, count));
            }
        });
        using Socket before = Tcp();
        await before.ConnectAsync(listener.LocalEndPoint);
        await EchoOf(before);
        Fail(group.Loops[0].Engine, Errno.EPERM);
        await EchoOf(before);
        for (int i = 0; i < 20; i++)
        {
            using Socket after = Tcp();
            await after.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
            await EchoOf(after);
        }

        Assert.Equal(EngineKind.Epoll, group.Loops[0].Engine.Kind);
        await listener.StopAsync().WaitAsync(Soon);
        await EchoOf(before);
        before.Dispose();
        await group.StopAsync().WaitAsync(Soon);

        static async Task EchoOf(Socket client)
        {
            await client.SendAllAsync("ping"u8.ToArray());
            byte[] buffer = new byte[4];
            await client.ReceiveExactlyAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon);
            Assert.Equal("ping"u8.ToArray(), buffer);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Two_sockets_on_one_descriptor_both_go_on()
    {
        TestEngines.Require(EngineKind.IoUring);
        using SocketEngine engine = SocketEngine.CreateIoUring();
        (Socket near, Socket far) = Socket.CreatePair();
        using Socket owner = near;
        using Socket view = new(owner.SafeHandle);
        owner.Core.MoveTo(engine);
        view.Core.MoveTo(engine);
        using Socket peer = far;
        ValueTask<int> receive = owner.ReceiveAsync(new byte[1].AsMemory());
        ValueTask<SocketEvents> wait = view.WaitAsync(SocketEvents.Readable);
        Assert.False(receive.IsCompleted || wait.IsCompleted);
        Fail(engine, Errno.EPERM);
        await Eventually(() => engine.Kind == EngineKind.Epoll);
        Task<int> received = receive.AsTask();
        Task<SocketEvents> seen = wait.AsTask();
        await peer.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, await received.WaitAsync(Soon));

        // It may have been too late to see the byte; the next one is still there.
        await peer.SendAsync(new byte[1].AsMemory());
        Assert.Equal(SocketEvents.Readable, await seen.WaitAsync(Soon) & SocketEvents.Readable);
    }

    private static void Fail(SocketEngine engine, int errno)
    {
        engine.Poller.Ring!.Fault = _ => errno;
        engine.Poller.Wake();
    }

    // Everything that can wait waits across the failure, and is asked for anew after it.
    private static async Task GoesOn(SocketEngine engine, Action fail)
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp, engine);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(16);
        EndPoint where = listener.LocalEndPoint!;
        using Pair pair = await Connect();
        byte[] buffer = new byte[1];
        Task<int> receive = pair.Server.ReceiveAsync(buffer.AsMemory()).AsTask();
        Task<Socket> accept = listener.AcceptAsync();
        Task<int> send = pair.Server.SendAllAsync(new byte[8 << 20].AsMemory()).AsTask();
        using var cancel = new CancellationTokenSource();
        ValueTask<SocketEvents> wait = pair.Client.WaitAsync(SocketEvents.Priority, cancel.Token);
        Assert.False(receive.IsCompleted || accept.IsCompleted || send.IsCompleted || wait.IsCompleted);
        fail();
        await pair.Client.SendAsync(new byte[] { 7 }.AsMemory());
        Assert.Equal(1, await receive.WaitAsync(Soon));
        Assert.Equal(7, buffer[0]);
        using (Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp, engine))
        {
            await client.ConnectAsync(where).WaitAsync(Soon);
            using Socket server = await accept.WaitAsync(Soon);
        }

        await pair.Client.ReceiveExactlyAsync(new byte[8 << 20].AsMemory()).AsTask().WaitAsync(Soon);
        Assert.Equal(8 << 20, await send.WaitAsync(Soon));
        await Echo(pair);
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait.AsTask().WaitAsync(Soon));
        receive = pair.Server.ReceiveAsync(buffer.AsMemory()).AsTask();
        pair.Server.Timeout = TimeSpan.FromMilliseconds(20);
        ValueTask<int> limited = pair.Client.ReceiveAsync(buffer.AsMemory());
        pair.Client.Dispose();
        Assert.Equal(SocketError.OperationAborted, (await Assert.ThrowsAnyAsync<SocketException>(() => limited.AsTask().WaitAsync(Soon))).SocketErrorCode);
        Assert.Equal(0, await receive.WaitAsync(Soon));
        pair.Dispose();
        Task<Socket> last = listener.AcceptAsync();
        listener.Dispose();
        Assert.Equal(SocketError.OperationAborted, (await Assert.ThrowsAnyAsync<SocketException>(() => last.WaitAsync(Soon))).SocketErrorCode);

        async Task<Pair> Connect()
        {
            Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp, engine);
            Task<Socket> accepted = listener.AcceptAsync();
            await client.ConnectAsync(where).WaitAsync(Soon);
            return new Pair(client, await accepted.WaitAsync(Soon));
        }
    }

    private static async Task Echo(Pair pair)
    {
        for (int i = 0; i < 20; i++)
        {
            byte[] buffer = new byte[100];
            Task receive = pair.Server.ReceiveExactlyAsync(buffer.AsMemory()).AsTask();
            await pair.Client.SendAllAsync(Bytes(100, i));
            await receive.WaitAsync(Soon);
            Assert.Equal(Bytes(100, i), buffer);
            await pair.Server.SendAllAsync(buffer.AsMemory());
            await pair.Client.ReceiveExactlyAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon);
        }
    }
}
