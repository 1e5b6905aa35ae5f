using System.Buffers;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Sockeye.Engines.IoUring;
using Sockeye.Interop;
using Sockeye.Tests.Support;

#pragma warning disable CA2012 // Calls that are not awaited at once, and results that are asked for without an await, are the subject.

namespace Sockeye.Tests.Engines;

/// <summary>
/// Calls that were made on a loop and are not awaited yet: a ring makes their attempts with the turn's enter. Whatever is done
/// on the same thread meanwhile finds them made, as where each is a system call of its own.
/// </summary>
public abstract class UnawaitedTests(EngineKind kind) : SocketTest
{
    private static readonly byte[] Data = Bytes(1000);

    public enum End
    {
        Shutdown,
        Disconnect,
        DisconnectForReuse,
        Dispose,
        Detach,
        CloseWithin,
        DisposeOfDuplicate,
        RunsEnd,
    }

    public static readonly TheoryData<End> Ends = [.. Enum.GetValues<End>()];

    public enum Block
    {
        ValueResult,
        ValueGetResult,
        TryValueResult,
        TaskOfValueResult,
        TaskWait,
        TryTaskResult,
    }

    public static readonly TheoryData<Block> Blocks = [.. Enum.GetValues<Block>()];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Ends))]
    public async Task A_connections_end_comes_after_a_send_that_is_not_awaited(End end)
    {
        Socket? far = null;
        ValueTask<int> sent = default;
        await OnLoop(async () =>
        {
            Pair pair = await Registered();
            Socket near = pair.Client;
            far = pair.Server;
            Socket? copy = end == End.DisposeOfDuplicate ? near.Duplicate() : null;
            sent = near.SendAsync(Data.AsMemory());
            switch (end)
            {
                case End.Shutdown:
                    near.Shutdown(SocketShutdown.Send);
                    break;
                case End.Disconnect:
                    near.Disconnect(reuseSocket: false);
                    break;
                case End.DisconnectForReuse:
                    near.Disconnect(reuseSocket: true);
                    break;
                case End.Dispose:
                    near.Dispose();
                    break;
                case End.Detach:
                    near.Detach().Dispose();
                    break;
                case End.CloseWithin:
                    near.Close(1);
                    break;
                case End.DisposeOfDuplicate:
                    copy!.Shutdown(SocketShutdown.Both);
                    copy.Dispose();
                    break;
                case End.RunsEnd:
                    return;
            }

            Assert.Equal(Data.Length, await sent);
            Assert.Equal(Data, await ReadToEnd(far));
            near.Dispose();
        });
        using Socket peer = far!;
        if (end == End.RunsEnd)
        {
            Assert.Equal(Data, await Run(() => Exactly(peer, Data.Length)));
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Blocks))]
    public Task Who_blocks_on_a_send_or_a_receive_that_the_kernel_can_make_has_its_result(Block block) => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        Socket near = pair.Client;
        byte[] buffer = new byte[Data.Length];

        // One that is not awaited comes before.
        ValueTask<int> first = near.SendAsync(Data.AsMemory());
        Assert.Equal(Data.Length, Send());
        Assert.Equal(Data.Length, await first);
        ValueTask exactly = pair.Server.ReceiveExactlyAsync(buffer);
        Assert.Equal(1, Receive());
        await exactly;
        Assert.Equal(Data, buffer);

        int Send() => block switch
        {
            Block.ValueResult => near.SendAsync(Data.AsMemory()).Result,
            Block.ValueGetResult => near.SendAsync(Data.AsMemory()).GetAwaiter().GetResult(),
            Block.TryValueResult => near.TrySendAsync(Data.AsMemory()).Result.Value,
            Block.TaskOfValueResult => near.SendAsync(Data.AsMemory()).AsTask().Result,
            Block.TaskWait => Waited(near.SendAsync(new ArraySegment<byte>(Data))),
            _ => near.TrySendAsync(Data.AsMemory()).AsTask().Result.Value,
        };

        int Receive() => block switch
        {
            Block.ValueResult => pair.Server.ReceiveAsync(buffer.AsMemory(0, 1)).Result,
            Block.ValueGetResult => pair.Server.ReceiveAsync(buffer.AsMemory(0, 1)).GetAwaiter().GetResult(),
            Block.TryValueResult => pair.Server.TryReceiveAsync(buffer.AsMemory(0, 1)).Result.Value,
            Block.TaskOfValueResult => pair.Server.ReceiveAsync(buffer.AsMemory(0, 1)).AsTask().Result,
            Block.TaskWait => Waited(pair.Server.ReceiveAsync(new ArraySegment<byte>(buffer, 0, 1))),
            _ => pair.Server.TryReceiveAsync(buffer.AsMemory(0, 1)).AsTask().Result.Value,
        };

        static int Waited(Task<int> task)
        {
            Assert.True(task.Wait(Soon));
            return task.Result;
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_result_that_the_kernel_does_not_have_yet_is_refused() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory());
        Assert.Throws<InvalidOperationException>(() => receive.GetAwaiter().GetResult());
        await pair.Server.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, await receive);
    });

    [Fact(Timeout = Limit)]
    public Task Synchronous_calls_keep_their_place_behind_calls_that_are_not_awaited() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        Socket near = pair.Client;
        using SafeFileHandle file = File.OpenHandle(FreshPath(), FileMode.CreateNew, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);
        RandomAccess.Write(file, [3], 0);
        var sends = new List<ValueTask<int>> { near.SendAsync(new byte[] { 0 }.AsMemory()) };
        Assert.Equal(1, near.Send([1]));
        sends.Add(near.SendAsync(new byte[] { 2 }.AsMemory()));
        Assert.Equal(1, near.SendFile(file, 0));
        sends.Add(near.SendAsync(new byte[] { 4 }.AsMemory()));
        Assert.Equal(1, near.TrySend([5]).Value);
        sends.Add(near.SendAsync(new byte[] { 6 }.AsMemory()));
        near.SendAll([7]);
        sends.Add(near.SendAsync(new byte[] { 8 }.AsMemory()));
        Assert.Equal(1, near.SendMessage(new OutgoingMessage { Data = new byte[] { 9 } }));
        sends.Add(near.SendAsync(new byte[] { 10 }.AsMemory()));
        Task<int> gathered = near.SendAsync([new byte[] { 11 }, new byte[] { 12 }]);
        sends.Add(near.SendAsync(new byte[] { 13 }.AsMemory()));
        Assert.Equal(Enumerable.Range(0, 14).Select(static i => (byte)i), Exactly(pair.Server, 14));
        foreach (ValueTask<int> send in sends)
        {
            Assert.Equal(1, await send);
        }

        Assert.Equal(2, await gathered);
    });

    [Theory(Timeout = Limit)]
    [InlineData("Receive")]
    [InlineData("Poll")]
    [InlineData("Select")]
    [InlineData("Wait")]
    [InlineData("TryReceive")]
    public Task A_call_that_waits_on_the_loops_thread_waits_for_nothing_that_is_not_awaited(string call) => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        pair.Server.Timeout = Soon;
        ValueTask<int> sent = pair.Client.SendAsync(Data.AsMemory());
        switch (call)
        {
            case "Receive":
                Assert.Equal(1, pair.Server.Receive(new byte[1]));
                break;
            case "Poll":
                Assert.True(pair.Server.Poll(Soon, SelectMode.SelectRead));
                break;
            case "Select":
                List<Socket> readable = [pair.Server];
                Socket.Select(readable, null, null, Soon);
                Assert.Single(readable);
                break;
            case "Wait":
                Assert.Equal(SocketEvents.Readable, pair.Server.Wait(SocketEvents.Readable));
                break;
            default:
                // A UNIX or loopback socket has the bytes when the send has returned.
                Assert.Equal(1, pair.Server.TryReceive(new byte[1], SocketFlags.DontWait).Value);
                break;
        }

        Assert.Equal(Data.Length, await sent);
    });

    // What other calls on the socket change must not change a send that came before.
    [Theory(Timeout = Limit)]
    [InlineData("SetOption")]
    [InlineData("GetOption")]
    [InlineData("IOControl")]
    [InlineData("SafeHandle")]
    [InlineData("Handle")]
    [InlineData("Duplicate")]
    public Task Whatever_else_is_called_on_the_socket_comes_after_a_send_that_is_not_awaited(string call) => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        ValueTask<int> sent = pair.Client.SendAsync(Data.AsMemory());
        switch (call)
        {
            case "SetOption":
                pair.Client.NoDelay = true;
                break;
            case "GetOption":
                Assert.Equal(0, pair.Client.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error));
                break;
            case "IOControl":
                Assert.Equal(0, pair.Client.Available);
                break;
            case "SafeHandle":
                Assert.False(pair.Client.SafeHandle.IsInvalid);
                break;
            case "Handle":
                Assert.NotEqual(-1, pair.Client.Handle);
                break;
            default:
                pair.Client.Duplicate().Dispose();
                break;
        }

        Assert.Equal(Data.Length, pair.Server.Available);
        Assert.Equal(Data.Length, await sent);
    });

    [Fact(Timeout = Limit)]
    public Task Sends_that_are_not_awaited_arrive_whole_and_in_order() => OnLoop(async () =>
    {
        using Pair pair = await Registered(await Narrow());
        byte[] all = Bytes(3_000_000);
        var random = new Random(1);
        var sends = new List<(int Length, ValueTask<int> Task)>();
        for (int start = 0; start < all.Length;)
        {
            int length = Math.Min(random.Next(10) == 0 ? random.Next(1, 200_000) : random.Next(1, 900), all.Length - start);
            sends.Add((length, sends.Count % 5 == 4
                ? Counted(pair.Client.SendAllAsync(all.AsMemory(start, length)))
                : pair.Client.SendAsync(all.AsMemory(start, length))));
            start += length;
        }

        byte[] received = new byte[all.Length];
        await pair.Server.ReceiveExactlyAsync(received);
        Assert.True(all.AsSpan().SequenceEqual(received));
        foreach ((int length, ValueTask<int> task) in sends)
        {
            Assert.Equal(length, await task);
        }

        static async ValueTask<int> Counted(ValueTask<int> send) => await send;
    });

    // The first has no room, and the others wait behind it, though they were to go together.
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task Sends_that_wait_behind_another_are_canceled_and_disposed(bool cancelsEarly) => OnLoop(async () =>
    {
        using Pair pair = await Registered(await Narrow());
        int sent = 0;
        while (pair.Client.TrySend(Data, SocketFlags.DontWait) is { IsSuccess: true } result)
        {
            sent += result.Value;
        }

        Assert.NotEqual(0, sent);
        using var source = new CancellationTokenSource();
        ValueTask<SocketResult<int>> first = pair.Client.TrySendAsync(new byte[4_000_000].AsMemory());
        ValueTask<SocketResult<int>> second = pair.Client.TrySendAsync(Data.AsMemory(), SocketFlags.None, source.Token);
        ValueTask<SocketResult<int>> third = pair.Client.TrySendAsync(Data.AsMemory());
        if (cancelsEarly)
        {
            source.Cancel();
        }
        else
        {
            await Task.Yield();
            await Task.Yield();
            await Task.Yield();
            source.Cancel();
        }

        Assert.Equal((SocketError.OperationAborted, 0), Told(await second));
        pair.Client.Dispose();
        Assert.Equal(SocketError.OperationAborted, (await first).Error);
        Assert.Equal((SocketError.OperationAborted, 0), Told(await third));

        static (SocketError Error, int Count) Told(SocketResult<int> result) => (result.Error, result.BytesTransferred);
    });

    [Fact(Timeout = Limit)]
    public Task A_failure_is_each_sends_own() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        pair.Client.Shutdown(SocketShutdown.Send);
        ValueTask<SocketResult<int>>[] sends = [.. Enumerable.Range(0, 5).Select(_ => pair.Client.TrySendAsync(Data.AsMemory()))];
        foreach (ValueTask<SocketResult<int>> send in sends)
        {
            Assert.Equal(Errno.EPIPE, (await send).Errno);
        }
    });

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public Task What_the_kernel_can_do_at_once_wins_over_a_token_that_fires_later(bool fromElsewhere) => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using var source = new CancellationTokenSource();
        ValueTask<int>[] sends = [.. Enumerable.Range(0, 3).Select(_ => pair.Client.SendAsync(Data.AsMemory(), source.Token))];
        Cancel();
        foreach (ValueTask<int> send in sends)
        {
            Assert.Equal(Data.Length, await send);
        }

        // The rest is there; the socket is not known to be empty.
        byte[] buffer = new byte[Data.Length];
        Assert.Equal(Data.Length, await pair.Server.ReceiveAsync(buffer.AsMemory()));
        using var other = new CancellationTokenSource();
        source.Dispose();
        ValueTask<int> receive = pair.Server.ReceiveAsync(buffer.AsMemory(), other.Token);
        if (fromElsewhere)
        {
            Run(other.Cancel).GetAwaiter().GetResult();
        }
        else
        {
            other.Cancel();
        }

        Assert.Equal(Data.Length, await receive);
        Assert.Equal(Data, buffer);
        await pair.Server.ReceiveExactlyAsync(buffer);

        // And one that finds nothing ends.
        using var third = new CancellationTokenSource();
        ValueTask<SocketResult<int>> vain = pair.Server.TryReceiveAsync(buffer.AsMemory(), SocketFlags.None, third.Token);
        third.Cancel();
        Assert.Equal(SocketError.OperationAborted, (await vain).Error);

        void Cancel()
        {
            if (fromElsewhere)
            {
                Run(source.Cancel).GetAwaiter().GetResult();
            }
            else
            {
                source.Cancel();
            }
        }
    });

    [Fact(Timeout = Limit)]
    public Task What_the_kernel_can_do_at_once_wins_over_a_limit_that_has_passed()
    {
        var time = new ManualTime();
        return Run(() =>
        {
            using var loop = Loop(time);
            loop.Run(async () =>
            {
                using Pair pair = await Registered();
                pair.Client.Timeout = pair.Server.Timeout = TimeSpan.FromSeconds(1);
                ValueTask<int> send = pair.Client.SendAsync(Data.AsMemory());
                time.Advance(TimeSpan.FromSeconds(2));
                Assert.Equal(Data.Length, await send);
                byte[] buffer = new byte[10];
                Assert.Equal(10, await pair.Server.ReceiveAsync(buffer.AsMemory()));
                ValueTask<int> receive = pair.Server.ReceiveAsync(buffer.AsMemory());
                time.Advance(TimeSpan.FromSeconds(2));
                Assert.Equal(10, await receive);
            });
        });
    }

    [Fact(Timeout = Limit)]
    public Task A_socket_that_another_thread_disposes_has_sent_all_or_fails() => OnLoop(async () =>
    {
        for (int round = 0; round < 50; round++)
        {
            using Pair pair = await Registered();
            ValueTask<SocketResult<int>> send = pair.Client.TrySendAsync(Data.AsMemory());
            ValueTask<SocketResult<int>> behind = pair.Client.TrySendAsync(Data.AsMemory());
            ValueTask<SocketResult<int>> receive = pair.Client.TryReceiveAsync(new byte[1].AsMemory());
            Task dispose = Run(pair.Client.Dispose);
            if (round % 2 == 0)
            {
                dispose.GetAwaiter().GetResult();
            }

            int sent = 0;
            foreach (SocketResult<int> result in new[] { await send, await behind })
            {
                Assert.True(result.IsSuccess || result.Error == SocketError.OperationAborted, result.ToString());
                sent += result.BytesTransferred;
            }

            Assert.Equal(SocketError.OperationAborted, (await receive).Error);
            await dispose;
            Assert.Equal(sent, (await ReadToEnd(pair.Server)).Length);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_receive_that_is_disposed_with_bytes_at_hand_has_them() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        await pair.Client.SendAsync(Data.AsMemory());
        byte[] buffer = new byte[10];
        Assert.Equal(10, await pair.Server.ReceiveAsync(buffer.AsMemory()));
        ValueTask<int> receive = pair.Server.ReceiveAsync(buffer.AsMemory());
        pair.Server.Dispose();
        Assert.Equal(10, await receive);
    });

    [Fact(Timeout = Limit)]
    public Task Memory_that_cannot_be_had_fails_its_own_call() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using var memory = new Refusing();
        ValueTask<int> first = pair.Client.SendAsync(Data.AsMemory());
        ValueTask<int> refused = pair.Client.SendAsync(memory.Memory);
        ValueTask<int> last = pair.Client.SendAsync(Data.AsMemory());
        ValueTask<int> receive = pair.Server.ReceiveAsync(memory.Memory);
        Assert.Equal(Data.Length, await first);
        await Assert.ThrowsAsync<FormatException>(async () => await refused);
        Assert.Equal(Data.Length, await last);
        await Assert.ThrowsAsync<FormatException>(async () => await receive);
        await pair.Server.ReceiveExactlyAsync(new byte[2 * Data.Length]);
    });

    [Fact(Timeout = Limit)]
    public Task Memory_that_is_no_array_is_sent_and_received() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using var memory = new Unmanaged(Data.Length);
        Data.CopyTo(memory.Memory);
        ValueTask<int>[] sends = [pair.Client.SendAsync(memory.Memory), pair.Client.SendAsync(memory.Memory[10..])];
        Assert.Equal(Data.Length, await sends[0]);
        Assert.Equal(Data.Length - 10, await sends[1]);
        using var into = new Unmanaged(2 * Data.Length);
        await pair.Server.ReceiveExactlyAsync(into.Memory[..((2 * Data.Length) - 10)]);
        Assert.True(into.Memory.Span.StartsWith(Data));
        Assert.True(into.Memory.Span[Data.Length..].StartsWith(Data.AsSpan(10)));
    });

    // A context or a scheduler that runs at once what is posted to it: others' code, where a loop deals with its completions.
    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public Task What_a_context_of_others_runs_at_once_may_use_the_sockets(bool isScheduler) => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using Pair other = await Registered();
        pair.Client.Timeout = Soon;
        Task first = isScheduler
            ? Task.Factory.StartNew(Both, CancellationToken.None, TaskCreationOptions.None, new InlineScheduler()).Unwrap()
            : InContext(Both);
        ValueTask<int> second = other.Client.SendAsync(new byte[] { 9 }.AsMemory());
        ValueTask<int> third = pair.Client.SendAsync(new byte[] { 3 }.AsMemory());
        await first;
        Assert.Equal(1, await second);
        Assert.Equal(1, await third);
        byte[] received = Exactly(pair.Server, 3);
        Assert.Equal(1, received[0]);
        Assert.Equal(new byte[] { 2, 3 }, received[1..].Order());

        async Task Both()
        {
            await pair.Client.SendAsync(new byte[] { 1 }.AsMemory());
            Assert.Equal(1, pair.Client.Send([2]));
        }

        static Task InContext(Func<Task> body)
        {
            SynchronizationContext? before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(new InlineContext());
            try
            {
                return body();
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(before);
            }
        }
    });

    // The loop's last turn completes what somebody awaits elsewhere.
    [Fact(Timeout = Limit)]
    public async Task What_a_runs_end_completes_goes_to_the_context_that_awaits_it()
    {
        Task? sent = null;
        await OnLoop(async () =>
        {
            Pair pair = await Registered();
            SynchronizationContext? before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(new InlineContext());
            sent = Send(pair);
            SynchronizationContext.SetSynchronizationContext(before);
        });
        await sent!.WaitAsync(Soon);

        static async Task Send(Pair pair)
        {
            Assert.Equal(Data.Length, await pair.Client.SendAsync(Data.AsMemory()));
            pair.Dispose();
        }
    }

    protected static async Task<Pair> Registered(Pair? made = null)
    {
        Pair pair = made ?? await Connected();
        foreach ((Socket from, Socket to) in new[] { (pair.Client, pair.Server), (pair.Server, pair.Client) })
        {
            // Each send is a segment at once, whether or not the one before was acknowledged.
            from.NoDelay = true;
            ValueTask<int> receive = to.ReceiveAsync(new byte[1].AsMemory());
            Assert.Equal(1, from.Send([1]));
            Assert.Equal(1, await receive);
        }

        return pair;
    }

    protected static byte[] Exactly(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        socket.Timeout = Soon;
        socket.ReceiveExactly(bytes);
        return bytes;
    }

    protected EventLoop Loop(TimeProvider? time = null)
    {
        TestEngines.Require(kind);
        return new EventLoop(kind, time);
    }

    protected Task OnLoop(Func<Task> body) => Run(() =>
    {
        using EventLoop loop = Loop();
        loop.Run(body);
    });

    [Fact(Timeout = Limit)]
    public Task A_duplicates_sends_come_behind_those_of_the_socket() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using Socket copy = pair.Client.Duplicate();
        ValueTask<int> first = pair.Client.SendAsync(new byte[] { 1 }.AsMemory());
        ValueTask<int> second = copy.SendAsync(new byte[] { 2 }.AsMemory());
        ValueTask<int> third = pair.Client.SendAsync(new byte[] { 3 }.AsMemory());
        ValueTask<SocketResult<int>> fourth = copy.TrySendAsync([new ArraySegment<byte>([4])]);
        await first;
        await second;
        await third;
        Assert.Equal(1, (await fourth).Value);
        Assert.Equal([1, 2, 3, 4], Exactly(pair.Server, 4));
    });

    [Fact(Timeout = Limit)]
    public Task A_receive_on_a_socket_made_ready_for_another_connection_says_that_there_is_none() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        pair.Client.Disconnect(reuseSocket: true);
        await Task.Yield();
        await Task.Yield();
        Assert.Equal(Errno.ENOTCONN, (await pair.Client.TryReceiveAsync(new byte[10].AsMemory())).Errno);
    });

    private sealed class InlineContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => d(state);
    }

    private sealed class InlineScheduler : TaskScheduler
    {
        protected override IEnumerable<Task>? GetScheduledTasks() => null;

        protected override void QueueTask(Task task) => TryExecuteTask(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => TryExecuteTask(task);
    }

    private sealed class Refusing : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(100);

        public override Span<byte> GetSpan() => throw new FormatException();

        public override MemoryHandle Pin(int elementIndex = 0) => throw new FormatException();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }

    /// <summary>A block that hides behind a manager.</summary>
    private sealed class Unmanaged(int length) : MemoryManager<byte>
    {
        private readonly PinnedBlock _block = new(length);

        public override Span<byte> GetSpan() => _block.Span(0, length);

        public override MemoryHandle Pin(int elementIndex = 0) => _block.Memory[elementIndex..].Pin();

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}

public sealed class Unawaited_Epoll() : UnawaitedTests(EngineKind.Epoll);

/// <summary>The same with a ring, and what only a ring can meet.</summary>
public sealed class Unawaited_IoUring() : UnawaitedTests(EngineKind.IoUring)
{
    [Fact(Timeout = Limit)]
    public Task Sends_of_one_turn_go_with_one_enter() => Run(() =>
    {
        using EventLoop loop = Loop();
        loop.Run(async () =>
        {
            using Pair pair = await Registered();
            using Pair other = await Registered();
            int enters = 0;
            loop.Engine.Poller.Ring!.Fault = _ =>
            {
                enters++;
                return 0;
            };
            ValueTask<int>[] sends = [.. Enumerable.Range(0, 100).Select(i => (i % 2 == 0 ? pair : other).Client.SendAsync(new byte[] { (byte)i }.AsMemory()))];
            foreach (ValueTask<int> send in sends)
            {
                Assert.Equal(1, await send);
            }

            Assert.True(enters <= 2, $"{enters} enters");
            Assert.Equal(Enumerable.Range(0, 50).Select(static i => (byte)(2 * i)), Exactly(pair.Server, 50));
        });
    });

    // 8 requests fit between two enters, 64 completions.
    [Fact(Timeout = Limit)]
    public Task A_full_queue_holds_up_nothing() => Run(() =>
    {
        const int Pairs = 40;
        TestEngines.Require(EngineKind.IoUring);
        using var loop = new EventLoop(TimeProvider.System, static (engine, shard) => new RingPoller(engine, shard, TimeProvider.System, entries: 8));
        loop.Run(async () =>
        {
            var pairs = new List<Pair>();
            for (int i = 0; i < Pairs; i++)
            {
                pairs.Add(await Registered());
            }

            byte[][] received = [.. pairs.Select(static _ => new byte[300])];
            ValueTask[] receives = [.. pairs.Select((pair, i) => pair.Server.ReceiveExactlyAsync(received[i]))];
            ValueTask<int>[] sends = [.. pairs.SelectMany(static (pair, i) => Enumerable.Range(0, 3).Select(part => pair.Client.SendAsync(Bytes(300, i).AsMemory(100 * part, 100))))];
            pairs[7].Client.NoDelay = true;
            foreach (ValueTask<int> send in sends)
            {
                Assert.Equal(100, await send);
            }

            for (int i = 0; i < Pairs; i++)
            {
                await receives[i];
                Assert.Equal(Bytes(300, i), received[i]);
                pairs[i].Dispose();
            }
        });
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_ring_that_fails_before_it_has_taken_them_loses_and_doubles_nothing(bool blocks) => Run(() =>
    {
        using EventLoop loop = Loop();
        loop.Run(async () =>
        {
            using Pair pair = await Registered();
            await pair.Server.SendAsync(new byte[] { 1, 2, 3 }.AsMemory());
            Assert.Equal(1, await pair.Client.ReceiveAsync(new byte[1].AsMemory()));
            byte[] buffer = new byte[2];
            ValueTask<int> receive = pair.Client.ReceiveAsync(buffer.AsMemory());
            ValueTask<int>[] sends = [.. Enumerable.Range(0, 10).Select(i => pair.Client.SendAsync(new[] { (byte)i }.AsMemory()))];
            loop.Engine.Poller.Ring!.Fault = static _ => Errno.EPERM;
            if (blocks)
            {
                Assert.Equal(1, pair.Client.Send([10]));
                Assert.Equal(2, receive.Result);
            }
            else
            {
                Assert.Equal(2, await receive);
            }

            Assert.Equal([2, 3], buffer);
            foreach (ValueTask<int> send in sends)
            {
                Assert.Equal(1, await send);
            }

            Assert.Equal(blocks ? 11 : 10, pair.Server.Available);
            Assert.Equal(Enumerable.Range(0, 10).Select(static i => (byte)i), Exactly(pair.Server, 10));
            await Task.Yield();
            Assert.Equal(EngineKind.Epoll, loop.Engine.Kind);

            // By calls from now on.
            Assert.Equal(1, await pair.Client.SendAsync(new byte[1].AsMemory()));
            Assert.Equal(1, await pair.Server.ReceiveAsync(new byte[1].AsMemory()));
        });
    });

    [Fact(Timeout = Limit)]
    public Task What_the_kernel_took_and_never_answered_fails() => Run(() =>
    {
        using EventLoop loop = Loop();
        loop.Run(async () =>
        {
            using Pair pair = await Registered();
            ValueTask<SocketResult<int>> send = pair.Client.TrySendAsync(new byte[1].AsMemory());
            ValueTask<SocketResult<int>> other = pair.Server.TrySendAsync(new byte[1].AsMemory());
            loop.Engine.Poller.Ring!.Fault = static ring =>
            {
                ring.Fault = null;
                ring.Enter(wait: 0);
                while (ring.TryPeek(out _))
                {
                    ring.Advance();
                }

                return Errno.EBADR;
            };
            Assert.Equal(Errno.EBADR, (await send).Errno);
            Assert.Equal(Errno.EBADR, (await other).Errno);
            Assert.Equal(1, await pair.Client.SendAsync(new byte[1].AsMemory()));
        });
    });

    // What the ring was to make is made by calls, and by those alone.
    [Fact(Timeout = Limit)]
    public Task What_a_failed_enter_did_not_hand_over_is_made_once() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using Pair other = await Registered();
        FailOnce(Errno.EPERM);
        ValueTask<int> first = pair.Client.SendAsync(new byte[] { 1, 2, 3 }.AsMemory());
        ValueTask<int> second = other.Client.SendAsync(new byte[] { 4, 5, 6 }.AsMemory());
        Assert.Equal(3, await first);
        Assert.Equal(3, await second);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal([1, 2, 3], await ReadToEnd(pair.Server));
        other.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal([4, 5, 6], await ReadToEnd(other.Server));
    });

    [Fact(Timeout = Limit)]
    public Task Nobody_else_has_the_bytes_of_a_receive_that_a_failed_enter_did_not_hand_over() => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using Pair other = await Registered();
        pair.Server.Send([1, 2, 3, 4]);
        other.Server.Send([1, 2, 3, 4]);
        FailOnce(Errno.EPERM);
        byte[] buffer = new byte[2];
        ValueTask<int> first = pair.Client.ReceiveAsync(buffer.AsMemory());
        ValueTask<int> second = other.Client.ReceiveAsync(new byte[2].AsMemory());
        Assert.Equal(2, await first);
        Assert.Equal(2, await second);
        Assert.Equal([1, 2], buffer);
        Assert.Equal([3, 4], Exactly(pair.Client, 2));
        Assert.Equal([3, 4], Exactly(other.Client, 2));
    });

    // Their numbers are free at once, and may be others': they must be closed once, and by whoever knows that they were not.
    [Fact(Timeout = Limit)]
    public Task Sockets_whose_closes_a_failed_enter_did_not_hand_over_are_closed_once() => OnLoop(async () =>
    {
        var pairs = new List<Pair>();
        for (int i = 0; i < 20; i++)
        {
            pairs.Add(await Registered());
        }

        FailOnce(Errno.EPERM);
        foreach (Pair pair in pairs)
        {
            pair.Client.Dispose();
        }

        await Task.Yield();
        await Task.Yield();
        Assert.Equal(EngineKind.Epoll, EventLoop.Current!.Engine.Kind);
        var later = new List<Pair>();
        foreach (Pair pair in pairs)
        {
            Assert.Empty(await ReadToEnd(pair.Server));
            later.Add(await Registered());
        }

        foreach (Pair pair in later)
        {
            Assert.Equal(1, await pair.Client.SendAsync(new byte[] { 7 }.AsMemory()));
            Assert.Equal([7], Exactly(pair.Server, 1));
            pair.Dispose();
        }

        pairs.ForEach(static pair => pair.Dispose());
    });

    // An enter may pass without taking what was described; then it is still to go before all that comes after it.
    [Theory(Timeout = Limit)]
    [InlineData(Errno.EBUSY, End.Shutdown)]
    [InlineData(Errno.EAGAIN, End.Shutdown)]
    [InlineData(Errno.ENOMEM, End.Shutdown)]
    [InlineData(Errno.EBUSY, End.Disconnect)]
    [InlineData(Errno.EBUSY, End.Dispose)]
    [InlineData(Errno.EBUSY, End.Detach)]
    public Task A_connections_end_comes_after_a_send_that_an_enter_did_not_take(int errno, End end) => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using Pair other = await Registered();
        FailOnce(errno);
        ValueTask<SocketResult<int>> first = pair.Client.TrySendAsync(new byte[] { 1, 2, 3 }.AsMemory());
        ValueTask<SocketResult<int>> second = other.Client.TrySendAsync(new byte[] { 4, 5, 6 }.AsMemory());
        await Task.Yield();
        Close(pair.Client, end);
        Assert.Equal((0, 3), Told(await first));
        Assert.Equal((0, 3), Told(await second));
        Assert.Equal([1, 2, 3], await ReadToEnd(pair.Server));
        Assert.Equal([4, 5, 6], Exactly(other.Server, 3));
    });

    // The ring fails for good in a handler, where a datagram socket is disposed: with requests that it has answered, or not taken.
    [Theory(Timeout = Limit)]
    [InlineData(true, End.Shutdown)]
    [InlineData(false, End.Shutdown)]
    [InlineData(true, End.Dispose)]
    [InlineData(false, End.Dispose)]
    [InlineData(true, null)]
    [InlineData(false, null)]
    public Task Sends_of_a_ring_that_fails_in_a_handler_are_made_once(bool isAnswered, End? end) => OnLoop(async () =>
    {
        using Pair pair = await Registered();
        using Pair other = await Registered();
        using Socket datagrams = await WatchedUdp();
        int calls = 0;
        EventLoop.Current!.Engine.Poller.Ring!.Fault = ring =>
        {
            if (calls++ == 0)
            {
                return Errno.EAGAIN;
            }

            ring.Fault = null;
            if (isAnswered)
            {
                ring.Enter(0);
            }

            return Errno.EPERM;
        };
        ValueTask<SocketResult<int>> first = pair.Client.TrySendAsync(new byte[] { 1, 2, 3 }.AsMemory());
        ValueTask<SocketResult<int>> second = other.Client.TrySendAsync(new byte[] { 4, 5, 6 }.AsMemory());
        await Task.Yield();
        datagrams.Dispose();
        Assert.Equal(EngineKind.Epoll, EventLoop.Current!.Engine.Kind);
        if (end is { } how)
        {
            Close(pair.Client, how);
        }
        else
        {
            // Which takes the answers of all.
            Assert.Equal(1, other.Server.Send([1]));
        }

        await Task.Yield();
        await Task.Yield();
        Assert.Equal((0, 3), Told(await first));
        Assert.Equal((0, 3), Told(await second));
        pair.Client.Dispose();
        other.Client.Dispose();
        Assert.Equal([1, 2, 3], await ReadToEnd(pair.Server));
        Assert.Equal([4, 5, 6], Exactly(other.Server, 3));
    });

    [Fact(Timeout = Limit)]
    public Task No_more_than_so_many_gathers_are_kept() => OnLoop(async () =>
    {
        const int Pairs = 300;
        var pairs = new List<Pair>();
        for (int i = 0; i < Pairs; i++)
        {
            pairs.Add(await Registered());
        }

        ValueTask<int>[] sends = [.. pairs.SelectMany(static pair => Enumerable.Range(0, 3).Select(i => pair.Client.SendAsync(new[] { (byte)i }.AsMemory())))];
        foreach (ValueTask<int> send in sends)
        {
            Assert.Equal(1, await send);
        }

        Assert.Equal(256, RingPoller.Own!.Tries!.IdleGroupCount);
        foreach (Pair pair in pairs)
        {
            Assert.Equal([0, 1, 2], Exactly(pair.Server, 3));
            pair.Dispose();
        }
    });

    private static (int Errno, int Bytes) Told(SocketResult<int> result) => (result.Errno, result.BytesTransferred);

    private static void Close(Socket socket, End end)
    {
        switch (end)
        {
            case End.Shutdown:
                socket.Shutdown(SocketShutdown.Send);
                break;
            case End.Disconnect:
                socket.Disconnect(reuseSocket: false);
                break;
            case End.Dispose:
                socket.Dispose();
                break;
            case End.Detach:
                socket.Detach().Dispose();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(end));
        }
    }

    private static void FailOnce(int errno)
    {
        int calls = 0;
        EventLoop.Current!.Engine.Poller.Ring!.Fault = _ => calls++ == 0 ? errno : 0;
    }
}
