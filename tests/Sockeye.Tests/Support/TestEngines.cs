using System.Runtime.CompilerServices;
using Sockeye.Engines;

namespace Sockeye.Tests.Support;

/// <summary>One engine of each kind for all tests, and how a test's body comes to run on it without naming it.</summary>
public static class TestEngines
{
    public static readonly Lazy<SocketEngine> Epoll = new(static () => SocketEngine.CreateEpoll());

    public static readonly Lazy<SocketEngine> IoUring = new(static () => SocketEngine.CreateIoUring());

    public static readonly Lazy<SocketEngine> Chaos = new(static () => CreateChaos(ChaosPoller.NextChance()));

    private static readonly AsyncLocal<SocketEngine?> Current = new();

    /// <summary>The engine of the test that runs; sockets that are made with no engine of their own wait there.</summary>
    [ModuleInitializer]
    internal static void Install() => SocketEngine.Ambient = static () => Current.Value;

    /// <summary>An engine of the third kind with a thread of its own.</summary>
    internal static SocketEngine CreateChaos(Random random, int threads = 1) => new SocketEngine(
        ownThreads: true, threads, (engine, shard) => new ChaosPoller(engine, shard, new Random(random.Next())));

    /// <summary>A loop of the kind; skips the test aloud where the kind is not to be had.</summary>
    internal static EventLoop Loop(EngineKind kind)
    {
        Require(kind);
        return new EventLoop(kind);
    }

    internal static void Require(EngineKind kind)
    {
        if (kind == EngineKind.IoUring && EngineChoice.IoUringRefusal is { } refusal)
        {
            Assert.Skip($"No io_uring: {refusal}.");
        }
    }

    /// <summary>Runs a test's body with the engine as the default one.</summary>
    internal static async Task RunOn(Lazy<SocketEngine>? engine, Func<Task> body)
    {
        Require(engine == IoUring ? EngineKind.IoUring : EngineKind.Epoll);
        Current.Value = engine?.Value;
        await body();
    }

    /// <summary>Runs a test's body on a loop of its own.</summary>
    internal static Task RunOn(Func<EventLoop> create, Func<Task> body) => Task.Factory.StartNew(
        () =>
        {
            using EventLoop loop = create();
            loop.Run(body);
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}
