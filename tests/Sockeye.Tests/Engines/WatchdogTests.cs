using System.Threading.Channels;
using Sockeye.Engines;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>What blocks a loop is told by name, once while it lasts and once when it is over.</summary>
public sealed class WatchdogTests : SocketTest, IDisposable
{
    private static readonly TimeSpan Blocking = TimeSpan.FromMilliseconds(20);

    private readonly Channel<BlockedHandler> _told = Channel.CreateUnbounded<BlockedHandler>();
    private readonly ManualResetEventSlim _release = new();

    public static readonly TheoryData<EngineKind, string, string> Handlers = new()
    {
        { EngineKind.Epoll, "post", "WatchdogTests.BlockHere" },
        { EngineKind.IoUring, "post", "WatchdogTests.BlockHere" },
        { EngineKind.Epoll, "state", "WatchdogTests.BlockWith" },
        { EngineKind.Epoll, "lambda", "WatchdogTests.Begin (lambda)" },
        { EngineKind.Epoll, "local", "WatchdogTests.BlockInside" },
        { EngineKind.Epoll, "timer", "WatchdogTests.BlockHere" },
        { EngineKind.Epoll, "invoke", "WatchdogTests.BlockHereAsync" },
        { EngineKind.Epoll, "receive", "EchoServer.ServeAsync" },
        { EngineKind.IoUring, "receive", "EchoServer.ServeAsync" },
        { EngineKind.Epoll, "unconfigured receive", "EchoServer.ServeElsewhereAsync" },
        { EngineKind.Epoll, "local function", "WatchdogTests.ServeHereAsync" },
        { EngineKind.Epoll, "yield", "EchoServer.YieldAsync" },
        { EngineKind.Epoll, "task", "EchoServer.AwaitTaskAsync" },
        { EngineKind.Epoll, "value task", "EchoServer.PooledAsync" },
    };

    public void Dispose() => _release.Dispose();

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Handlers))]
    public async Task What_blocks_is_named_once_and_once_more_when_it_is_over(EngineKind kind, string what, string name)
    {
        using EventLoop loop = Watched(kind);
        Task running = Run(loop.Run);
        using Pair pair = await loop.InvokeAsync(static () => Connected());
        Begin(loop, pair, what);

        BlockedHandler first = await Next();
        Assert.Equal(name, first.Handler);
        Assert.Same(loop, first.Loop);
        Assert.False(first.HasEnded);
        Assert.InRange(first.Duration, Blocking, Soon);
        Assert.StartsWith($"{name} has blocked its event loop for ", first.ToString());

        // Several looks later it has still been told once.
        await Task.Delay(Moment);
        Assert.False(_told.Reader.TryRead(out _));
        _release.Set();

        BlockedHandler second = await Next();
        Assert.Equal(name, second.Handler);
        Assert.True(second.HasEnded);
        Assert.True(second.Duration > first.Duration);
        Assert.EndsWith(" ms in all", second.ToString());

        loop.Stop();
        await running;
        Assert.False(_told.Reader.TryRead(out _));
    }

    [Theory(Timeout = Limit)]
    [InlineData(EngineKind.Epoll)]
    [InlineData(EngineKind.IoUring)]
    public async Task The_main_function_is_watched_from_its_first_line(EngineKind kind)
    {
        using EventLoop loop = Watched(kind);
        Task running = Run(() => loop.Run(() =>
        {
            _release.Wait();
            return Task.CompletedTask;
        }));
        Assert.Contains(nameof(The_main_function_is_watched_from_its_first_line), (await Next()).Handler);
        _release.Set();
        await running;
    }

    [Fact(Timeout = Limit)]
    public async Task Each_piece_of_work_that_blocks_is_reported_and_short_ones_and_sleep_are_not()
    {
        using EventLoop loop = Watched(EngineKind.Default);
        Task running = Run(loop.Run);

        // Asleep for several looks of the watchdog's.
        await Task.Delay(Blocking * 4);
        for (int i = 0; i < 2; i++)
        {
            loop.Post(BlockHere);
            Assert.False((await Next()).HasEnded);
            _release.Set();
            Assert.True((await Next()).HasEnded);
            _release.Reset();
        }

        // Busy for longer than the limit, with many short pieces.
        var over = new TaskCompletionSource();
        long end = Environment.TickCount64 + ((long)Blocking.TotalMilliseconds * 4);
        loop.Post(Again);
        await over.Task.WaitAsync(Soon);
        loop.Stop();
        await running;
        Assert.False(_told.Reader.TryRead(out BlockedHandler? told), told?.ToString());

        void Again()
        {
            if (Environment.TickCount64 < end)
            {
                loop.Post(Again);
            }
            else
            {
                over.SetResult();
            }
        }
    }

    [Fact(Timeout = Limit)]
    public async Task One_thread_watches_all_loops_and_none_is_left_after_them()
    {
        int before = Watchdog.Count;
        using EventLoop first = Watched(EngineKind.Epoll);
        using EventLoop second = Watched(EngineKind.Epoll);
        using var unwatched = new EventLoop(new EventLoopOptions { OnBlocked = _ => { }, BlockingLimit = Timeout.InfiniteTimeSpan });
        Task[] running = [Run(first.Run), Run(second.Run), Run(unwatched.Run)];
        first.Post(BlockHere);
        second.Post(BlockHere);
        unwatched.Post(BlockHere);
        BlockedHandler[] told = [await Next(), await Next()];
        Assert.Equal(2, told.Select(static item => item.Loop).Distinct().Count());
        Assert.DoesNotContain(unwatched, told.Select(static item => item.Loop));
        Assert.True(Watchdog.Count >= 2);
        _release.Set();
        first.Stop();
        second.Stop();
        unwatched.Stop();
        await Task.WhenAll(running);

        // Other tests' loops may be watched meanwhile.
        await Eventually(() => Watchdog.Count <= before);
    }

    private EventLoop Watched(EngineKind kind) => new(new EventLoopOptions
    {
        Engine = kind,
        BlockingLimit = Blocking,
        OnBlocked = blocked => Assert.True(_told.Writer.TryWrite(blocked)),
    });

    private Task<BlockedHandler> Next() => _told.Reader.ReadAsync().AsTask().WaitAsync(Soon);

    private void Begin(EventLoop loop, Pair pair, string what)
    {
        var server = new EchoServer(_release);
        switch (what)
        {
            case "post":
                loop.Post(BlockHere);
                break;
            case "state":
                loop.Post(BlockWith, _release);
                break;
            case "lambda":
                loop.Post(() => _release.Wait(Soon));
                break;
            case "local":
                loop.Post(BlockInside);
                break;
            case "timer":
                loop.Schedule(TimeSpan.FromMilliseconds(1), BlockHere);
                break;
            case "invoke":
                _ = loop.InvokeAsync(BlockHereAsync);
                break;
            case "local function":
                _ = loop.InvokeAsync(ServeHereAsync);
                pair.Client.Send([1]);
                break;
            default:
                _ = loop.InvokeAsync(what switch
                {
                    "receive" => () => server.ServeAsync(pair.Server),
                    "unconfigured receive" => () => server.ServeElsewhereAsync(pair.Server),
                    "yield" => server.YieldAsync,
                    "task" => server.AwaitTaskAsync,
                    _ => () => server.PooledAsync(pair.Server).AsTask(),
                });
                loop.Post(() => pair.Client.Send([1]));
                break;
        }

        void BlockInside() => _release.Wait(Soon);

        async Task ServeHereAsync()
        {
            await pair.Server.ReceiveAsync(new byte[1].AsMemory());
            _release.Wait(Soon);
        }
    }

    private void BlockHere() => _release.Wait(Soon);

    private Task BlockHereAsync()
    {
        _release.Wait(Soon);
        return Task.CompletedTask;
    }

    private static void BlockWith(object? state) => ((ManualResetEventSlim)state!).Wait(Soon);

    private sealed class EchoServer(ManualResetEventSlim release)
    {
        internal async Task ServeAsync(Socket socket)
        {
            await socket.ReceiveAsync(new byte[1].AsMemory());
            release.Wait(Soon);
        }

        internal async Task ServeElsewhereAsync(Socket socket)
        {
            await socket.ReceiveAsync(new byte[1].AsMemory()).ConfigureAwait(false);
            release.Wait(Soon);
        }

        internal async Task YieldAsync()
        {
            await Task.Yield();
            release.Wait(Soon);
        }

        internal async Task AwaitTaskAsync()
        {
            await Task.Run(static () => { });
            release.Wait(Soon);
        }

        [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder))]
        internal async ValueTask PooledAsync(Socket socket)
        {
            await socket.ReceiveAsync(new byte[1].AsMemory());
            release.Wait(Soon);
        }
    }
}
