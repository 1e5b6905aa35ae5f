using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Tests.Support;

#pragma warning disable CA2012 // Sends that are not awaited at once go to the kernel together.

namespace Sockeye.Tests.Engines;

/// <summary>A socket is watched for writing once a write waits: not before, and then without fail.</summary>
public sealed class WatchedEventsTests : SocketTest
{
    private const int Part = 300_000;

    public enum Where
    {
        Epoll,
        IoUring,
        Chaos,
        EpollLoop,
        IoUringLoop,
    }

    public static readonly TheoryData<Where> Places = [.. Enum.GetValues<Where>()];

    public static readonly MatrixTheoryData<Where, AddressFamily, int, bool> Rows =
        new(Enum.GetValues<Where>(), [AddressFamily.InterNetwork, AddressFamily.Unix], [1, 3], [false, true]);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Places))]
    public Task A_send_that_finds_room_has_nothing_watched(Where where) => On(where, async () =>
    {
        using Pair pair = await Waited(AddressFamily.InterNetwork);
        for (int i = 0; i < 3; i++)
        {
            ValueTask<int>[] sends = [.. Enumerable.Range(0, i + 1).Select(_ => pair.Server.SendAsync(new byte[10].AsMemory()))];
            foreach (ValueTask<int> send in sends)
            {
                Assert.Equal(10, await send);
            }
        }

        Assert.Equal(WatchedEvents.Read, pair.Server.Core.Registration!.Watched);
    });

    // The first attempt finds some room, or none at all.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Rows))]
    public Task A_send_that_finds_no_room_hears_of_it(Where where, AddressFamily family, int count, bool isFull) => On(where, async () =>
    {
        using Pair pair = await Waited(family);
        Socket near = pair.Server;
        int before = 0;
        while (isFull && near.TrySend(new byte[Part], SocketFlags.DontWait) is { IsSuccess: true } filled)
        {
            before += filled.Value;
        }

        // On a loop another connection's send goes along: what alone is due would be a call.
        using Pair other = await Waited(family);
        byte[] bytes = Bytes(count * Part);
        ValueTask<int>[] sends = [.. Enumerable.Range(0, count).Select(i => near.SendAsync(bytes.AsMemory(i * Part, Part)))];
        Assert.Equal(1, await other.Server.SendAsync(new byte[1].AsMemory()));
        await Eventually(() => near.Core.Registration!.Watched == WatchedEvents.All);
        Assert.False(sends[^1].IsCompleted);

        byte[] there = new byte[before + bytes.Length];
        await LoopAcceptTests.ReceiveAll(pair.Client, there).WaitAsync(Soon);
        Assert.Equal(bytes, there[before..]);
        foreach (ValueTask<int> send in sends)
        {
            Assert.Equal(Part, await send);
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Places))]
    public Task Reads_go_on_while_a_write_comes_to_wait(Where where) => On(where, async () =>
    {
        using Pair pair = await Waited(AddressFamily.InterNetwork);
        Socket near = pair.Server;
        byte[] bytes = Bytes(4 * Part);
        Task<int> receive = near.ReceiveAsync(new byte[1].AsMemory()).AsTask();
        ValueTask<int> send = near.SendAsync(bytes.AsMemory());
        await Eventually(() => near.Core.Registration!.Watched == WatchedEvents.All);
        await pair.Client.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, await receive.WaitAsync(Soon));
        byte[] there = new byte[bytes.Length];
        await LoopAcceptTests.ReceiveAll(pair.Client, there).WaitAsync(Soon);
        Assert.Equal(bytes, there);
        Assert.Equal(bytes.Length, await send);
        Assert.Equal(WatchedEvents.All, near.Core.Registration!.Watched);
    });

    private static Task On(Where where, Func<Task> body) => where switch
    {
        Where.Epoll => TestEngines.RunOn(TestEngines.Epoll, body),
        Where.IoUring => TestEngines.RunOn(TestEngines.IoUring, body),
        Where.Chaos => TestEngines.RunOn(TestEngines.Chaos, body),
        Where.EpollLoop => LoopAcceptTests.OnLoop(EngineKind.Epoll, body),
        Where.IoUringLoop => LoopAcceptTests.OnLoop(EngineKind.IoUring, body),
        _ => throw new UnreachableException(),
    };

    // Narrow, and the server's end is watched since a receive of it has waited.
    private static async Task<Pair> Waited(AddressFamily family)
    {
        Pair pair = await Connected(family);
        pair.Server.SendBufferSize = 32 * 1024;
        pair.Client.ReceiveBufferSize = 64 * 1024;
        Task<int> receive = pair.Server.ReceiveAsync(new byte[1].AsMemory()).AsTask();
        Assert.False(receive.IsCompleted);
        await pair.Client.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, await receive.WaitAsync(Soon));
        Assert.Equal(WatchedEvents.Read, pair.Server.Core.Registration!.Watched);
        return pair;
    }
}
