using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace ParityTests;

/// <summary>Who runs the code after an await, and what it sees.</summary>
public sealed class ContextTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task The_callers_AsyncLocal_is_there_after_the_await()
    {
        AsyncLocal<int> local = new();
        using Pair pair = await Connected();

        async Task<int> Receive(int value)
        {
            local.Value = value;
            await pair.Client.ReceiveAsync(new byte[1].AsMemory());
            return local.Value;
        }

        Task<int> one = Receive(1);
        Task<int> two = Receive(2);
        local.Value = 3;
        pair.Server.Send([1, 2]);
        Assert.Equal(1, await one.WaitAsync(Soon));
        Assert.Equal(2, await two.WaitAsync(Soon));
        Assert.Equal(3, local.Value);
    }

    [Fact(Timeout = Limit)]
    public async Task AsyncLocal_flows_through_accept_connect_and_datagrams()
    {
        AsyncLocal<string?> local = new() { Value = "mine" };
        using Socket listener = Listener();
        using Socket client = Tcp();
        Task<Socket> accept = listener.AcceptAsync();
        await client.ConnectAsync(listener.LocalEndPoint!);
        Assert.Equal("mine", local.Value);
        using Socket server = await accept.WaitAsync(Soon);
        Assert.Equal("mine", local.Value);
        using Socket udp = BoundUdp();
        ValueTask<SocketReceiveFromResult> receive = udp.ReceiveFromAsync(new byte[1].AsMemory(), new IPEndPoint(IPAddress.Any, 0));
        udp.SendTo([1], udp.LocalEndPoint!);
        await receive.AsTask().WaitAsync(Soon);
        Assert.Equal("mine", local.Value);
    }

    [Fact(Timeout = Limit)]
    public async Task What_one_call_left_behind_does_not_reach_the_next()
    {
        AsyncLocal<string?> local = new();
        using Pair pair = await Connected();

        async Task Mark()
        {
            local.Value = "leak";
            await pair.Client.ReceiveAsync(new byte[1].AsMemory());
        }

        Task marked = Mark();
        pair.Server.Send([1]);
        await marked.WaitAsync(Soon);
        ValueTask<int> plain = pair.Client.ReceiveAsync(new byte[1].AsMemory());
        pair.Server.Send([1]);
        await plain;
        Assert.Null(local.Value);
    }

    /// <summary>One thread with a queue, as a user interface has.</summary>
    private sealed class OneThread : SynchronizationContext, IDisposable
    {
        private readonly BlockingCollection<(SendOrPostCallback Call, object? State)> _queue = [];

        public int Posts { get; private set; }

        public int Id { get; private set; }

        public override void Post(SendOrPostCallback d, object? state) => _queue.Add((d, state));

        public Task Run(Func<Task> main) => Task.Factory.StartNew(
            () =>
            {
                SetSynchronizationContext(this);
                Id = Environment.CurrentManagedThreadId;
                Task task = main();
                task.ContinueWith(_ => _queue.CompleteAdding(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                foreach ((SendOrPostCallback call, object? state) in _queue.GetConsumingEnumerable())
                {
                    Posts++;
                    call(state);
                }

                task.GetAwaiter().GetResult();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).WaitAsync(Soon);

        public void Dispose() => _queue.Dispose();
    }

    [Fact(Timeout = Limit)]
    public async Task An_await_comes_back_to_its_synchronization_context()
    {
        using OneThread context = new();
        using Pair pair = await Connected();
        await context.Run(async () =>
        {
            ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory());

            // Runs once this method waits: the context has one thread.
            context.Post(_ => pair.Server.Send([1]), state: null);
            await receive;
            Assert.Equal(context.Id, Environment.CurrentManagedThreadId);
            Assert.Same(context, SynchronizationContext.Current);
        });
        Assert.Equal(2, context.Posts);
    }

    [Fact(Timeout = Limit)]
    public async Task An_await_that_does_not_want_its_context_stays_away()
    {
        using OneThread context = new();
        using Pair pair = await Connected();
        await context.Run(async () =>
        {
            ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory());

            // Runs once this method waits: the context has one thread.
            context.Post(_ => pair.Server.Send([1]), state: null);
            await receive.ConfigureAwait(false);
            Assert.NotEqual(context.Id, Environment.CurrentManagedThreadId);
        });
    }

    [Fact(Timeout = Limit)]
    public async Task An_await_comes_back_to_its_task_scheduler()
    {
        ConcurrentExclusiveSchedulerPair schedulers = new();
        using Pair pair = await Connected();
        Task<bool> task = await Task.Factory.StartNew(
            async () =>
            {
                ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory());
                pair.Server.Send([1]);
                await receive;
                return TaskScheduler.Current == schedulers.ExclusiveScheduler;
            },
            CancellationToken.None,
            TaskCreationOptions.None,
            schedulers.ExclusiveScheduler);
        Assert.True(await task.WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Code_after_an_await_may_block_and_other_sockets_go_on()
    {
        using Pair slow = await Connected();
        using Pair quick = await Connected();
        using ManualResetEventSlim gate = new();

        async Task Block()
        {
            await slow.Client.ReceiveAsync(new byte[1].AsMemory()).ConfigureAwait(false);
            gate.Wait(Soon);
        }

        Task blocked = Block();
        slow.Server.Send([1]);
        for (int i = 0; i < 20; i++)
        {
            Task<int> receive = quick.Client.ReceiveAsync(new byte[1].AsMemory()).AsTask();
            quick.Server.Send([1]);
            Assert.Equal(1, await receive.WaitAsync(Soon));
        }

        Assert.False(blocked.IsCompleted);
        gate.Set();
        await blocked.WaitAsync(Soon);
    }

    [Fact(Timeout = Limit)]
    public async Task A_value_task_is_given_once_and_ends_at_once_when_data_is_there()
    {
        using Pair pair = await Connected();
        pair.Server.Send([1]);
        await Eventually(() => pair.Client.Available == 1);
        ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[4].AsMemory());
        Assert.True(receive.IsCompletedSuccessfully);
        Assert.Equal(1, await receive);
        ValueTask<int> send = pair.Client.SendAsync(new byte[4].AsMemory());
        Assert.True(send.IsCompletedSuccessfully);
        Assert.Equal(4, await send);
    }
}
