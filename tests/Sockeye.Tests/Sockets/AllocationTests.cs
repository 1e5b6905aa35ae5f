using System.Net;
using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>
/// Bytes allocated per echo, counted for the whole process by GC.GetTotalAllocatedBytes(precise: true). The runner and
/// the pool's own threads allocate a little now and then: so the least of several rounds counts, and it must be below
/// one byte an echo.
/// </summary>
[Collection(Alone.Name)]
public sealed class AllocationTests : SocketTest
{
    private const int Echoes = 4_000;
    private const int Rounds = 6;

    private readonly byte[] _out = new byte[64];
    private readonly byte[] _in = new byte[64];
    private readonly byte[] _between = new byte[64];

    [Fact(Timeout = Limit)]
    public async Task A_synchronous_TCP_echo_allocates_nothing()
    {
        using Pair pair = await Connected();
        await Run(() => Measure(() =>
        {
            for (int i = 0; i < Echoes; i++)
            {
                pair.Client.Send(_out);
                Assert.True(pair.Server.Receive(_between) == 64);
                Assert.True(pair.Server.TrySend(_between).IsSuccess);
                Assert.True(pair.Client.TryReceive(_in).Value == 64);
            }
        }));
    }

    // The receiver waits in ppoll(2) each time.
    [Fact(Timeout = Limit)]
    public async Task A_synchronous_echo_between_two_threads_allocates_nothing()
    {
        using Pair pair = await Connected();
        Task server = Run(() =>
        {
            while (pair.Server.Receive(_between) == 64)
            {
                pair.Server.SendAll(_between);
            }
        });
        await Run(() => Measure(() =>
        {
            for (int i = 0; i < Echoes; i++)
            {
                pair.Client.SendAll(_out);
                pair.Client.ReceiveExactly(_in);
            }
        }));
        pair.Client.Shutdown(SocketShutdown.Send);
        await server;
    }

    [Fact(Timeout = Limit)]
    public Task An_asynchronous_echo_on_a_loop_allocates_nothing() => Run(() =>
    {
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            using Pair pair = await Connected();
            Task server = Answer(pair.Server);
            await MeasureAsync(() => Ask(pair.Client));
            pair.Client.Shutdown(SocketShutdown.Send);
            await server;
        });
    });

    [Fact(Timeout = Limit)]
    public async Task An_asynchronous_echo_on_the_pool_allocates_nothing()
    {
        using Pair pair = await Connected();
        Task server = Task.Run(() => Answer(pair.Server));
        await MeasureAsync(() => Task.Run(() => Ask(pair.Client)));
        pair.Client.Shutdown(SocketShutdown.Send);
        await server.WaitAsync(Soon);
    }

    // With a token and a limit: a registration and a timer for each receive that waits.
    [Fact(Timeout = Limit)]
    public Task A_token_and_a_limit_cost_no_allocation() => Run(() =>
    {
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            using Pair pair = await Connected();
            using var source = new CancellationTokenSource();
            pair.Client.Timeout = Soon;
            Task server = Answer(pair.Server);
            await MeasureAsync(() => Ask(pair.Client, source.Token));
            pair.Client.Shutdown(SocketShutdown.Send);
            await server;
        });
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_UDP_echo_with_SocketAddress_allocates_nothing(bool async) => Run(() =>
    {
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            using Socket one = BoundUdp();
            using Socket other = BoundUdp();
            SocketAddress there = other.LocalEndPoint!.Serialize();
            var from = new SocketAddress(AddressFamily.InterNetwork);
            await MeasureAsync(async ? WaitingEchoes : Echo);

            Task Echo()
            {
                for (int i = 0; i < Echoes; i++)
                {
                    one.SendTo(_out, SocketFlags.None, there);
                    Assert.True(other.ReceiveFrom(_between, SocketFlags.None, from) == 64);
                    other.SendTo(_between, SocketFlags.None, from);
                    Assert.True(one.ReceiveFrom(_in, SocketFlags.None, from) == 64);
                }

                return Task.CompletedTask;
            }

            async Task WaitingEchoes()
            {
                for (int i = 0; i < Echoes; i++)
                {
                    ValueTask<int> receive = other.ReceiveFromAsync(_between, SocketFlags.None, from);
                    await one.SendToAsync(_out, SocketFlags.None, there);
                    Assert.True(await receive == 64);
                    receive = one.ReceiveFromAsync(_in, SocketFlags.None, from);
                    await other.SendToAsync(_between, SocketFlags.None, from);
                    Assert.True(await receive == 64);
                }
            }
        });
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_message_with_control_data_allocates_nothing(bool async) => Run(() =>
    {
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            using Socket one = BoundUdp();
            using Socket other = BoundUdp();
            other.SetRawSocketOption(0, 12, BitConverter.GetBytes(1)); // IP_RECVTTL
            byte[] ttl = new byte[IpControl.TimeToLive.Space()];
            Write(ttl);
            byte[] control = new byte[64];
            var from = new SocketAddress(AddressFamily.InterNetwork);
            var message = new OutgoingMessage(_out) { Control = ttl, PeerAddress = other.LocalEndPoint!.Serialize() };
            await MeasureAsync(async ? Waiting : AtOnce);

            Task AtOnce()
            {
                for (int i = 0; i < Echoes; i++)
                {
                    one.SendMessage(message);
                    Check(other.ReceiveMessage(_in, control, from));
                }

                return Task.CompletedTask;
            }

            async Task Waiting()
            {
                for (int i = 0; i < Echoes; i++)
                {
                    ValueTask<ReceivedMessage> receive = other.ReceiveMessageAsync(_in, control, from);
                    await one.SendMessageAsync(message);
                    Check(await receive);
                }
            }
        });

        static void Write(byte[] control)
        {
            var writer = new ControlWriter(control);
            writer.Add(IpControl.TimeToLive, 9);
        }

        static void Check(in ReceivedMessage message) =>
            Assert.True(message.Length == 64 && message.Control.TryGet(IpControl.TimeToLive, out int ttl) && ttl == 9);
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_batch_allocates_nothing(bool async) => Run(() =>
    {
        const int Batches = 1_000;
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            using Socket one = BoundUdp();
            using Socket other = BoundUdp();
            using var batch = new MessageBatch(16, 64, IpControl.TimeToLive.Space());
            using var back = new MessageBatch(16, 64);
            other.SetRawSocketOption(0, 12, BitConverter.GetBytes(1)); // IP_RECVTTL
            byte[] there = other.LocalEndPoint!.Serialize().Buffer.ToArray();
            await MeasureAsync(async ? Waiting : AtOnce, Batches);

            void Fill()
            {
                for (int i = 0; i < batch.Capacity; i++)
                {
                    BatchMessage message = batch[i];
                    message.Length = 64;
                    message.SetPeer(there);
                }

                batch.Count = batch.Capacity;
            }

            Task AtOnce()
            {
                for (int i = 0; i < Batches; i++)
                {
                    Fill();
                    Assert.True(one.SendBatch(batch) == 16);
                    Assert.True(other.ReceiveBatch(batch) == 16);
                    Assert.True(batch[15].Control.TryGet(IpControl.TimeToLive, out int ttl) && ttl > 0);
                    Assert.True(other.TrySendBatch(batch).Value == 16);
                    Assert.True(one.TryReceiveBatch(back).Value == 16);
                }

                return Task.CompletedTask;
            }

            async Task Waiting()
            {
                for (int i = 0; i < Batches; i++)
                {
                    Fill();
                    ValueTask<int> receive = one.ReceiveBatchAsync(back);
                    Assert.True(await one.SendBatchAsync(batch) == 16);
                    Assert.True(await other.ReceiveBatchAsync(batch) == 16);
                    Assert.True(await other.SendBatchAsync(batch) == 16);
                    Assert.True(await receive > 0);
                }
            }
        });
    });

    [Fact(Timeout = Limit)]
    public async Task A_result_that_failed_allocates_nothing()
    {
        using Pair pair = await Connected();
        pair.Client.Timeout = TimeSpan.Zero;
        pair.Server.Shutdown(SocketShutdown.Send);
        using Socket unconnected = Tcp();
        await Run(() => Measure(() =>
        {
            for (int i = 0; i < Echoes; i++)
            {
                Assert.True(pair.Client.TryReceive(_in).IsSuccess);
                Assert.True(pair.Server.TrySend(_out).Error == SocketError.Shutdown);
                Assert.True(unconnected.TryReceive(_in).Errno == 107);
                Assert.True(pair.Client.TryReceiveExactly(_in).Error == SocketError.Disconnecting);
            }
        }));
    }

    // A wait, a timer that expires, a failure as a value.
    [Fact(Timeout = Limit)]
    public Task An_expired_limit_returned_as_a_value_allocates_nothing() => Run(() =>
    {
        using var loop = new EventLoop();
        loop.Run(async () =>
        {
            using Pair pair = await Connected();
            pair.Client.Timeout = TimeSpan.FromTicks(1);
            await MeasureAsync(
                async () =>
                {
                    for (int i = 0; i < 100; i++)
                    {
                        Assert.True((await pair.Client.TryReceiveAsync(_in)).Error == SocketError.TimedOut);
                    }
                },
                100);
        });
    });

    private async Task Answer(Socket socket)
    {
        while (true)
        {
            int count = await socket.ReceiveAsync(_between.AsMemory()).ConfigureAwait(false);
            if (count == 0)
            {
                return;
            }

            await socket.SendAsync(_between.AsMemory(0, count)).ConfigureAwait(false);
        }
    }

    private async Task Ask(Socket socket, CancellationToken token = default)
    {
        for (int i = 0; i < Echoes; i++)
        {
            ValueTask<int> receive = socket.ReceiveAsync(_in.AsMemory(), token);
            await socket.SendAsync(_out.AsMemory(), token).ConfigureAwait(false);
            Assert.True(await receive.ConfigureAwait(false) == 64);
        }
    }

    private static void Measure(Action echoes)
    {
        echoes();
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least >= Echoes; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            echoes();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(least < Echoes, $"{(double)least / Echoes:F2} bytes an echo.");
    }

    private static async Task MeasureAsync(Func<Task> echoes, int count = Echoes)
    {
        await echoes();
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least >= Allowed(count); round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await echoes();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(least < Allowed(count), $"{(double)least / count:F2} bytes an echo.");
    }

    // A round of its own costs a task and a state machine or two.
    private static int Allowed(int count) => Math.Max(count, 2_000);
}
