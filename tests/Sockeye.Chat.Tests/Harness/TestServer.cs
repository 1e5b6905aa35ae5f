using System.Net;
using Microsoft.Extensions.Logging;
using Sockeye.Chat.Connections;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>Where a server's code runs.</summary>
internal enum RunsOn
{
    ThreadPool,

    /// <summary>An event loop on the engine that this machine gives: io_uring, or where it is forbidden, epoll.</summary>
    EventLoop,
    EpollLoop,
}

internal static class RunsOnExtensions
{
    /// <summary>Runs code there, to its end.</summary>
    public static Task RunAsync(this RunsOn runsOn, Func<Task> code) => runsOn == RunsOn.ThreadPool
        ? Task.Run(code)
        : Task.Factory.StartNew(
            () =>
            {
                using var loop = new EventLoop(runsOn == RunsOn.EpollLoop ? EngineKind.Epoll : EngineKind.Default);
                loop.Run(code);
            },
            TaskCreationOptions.LongRunning);
}

/// <summary>A chat server in this process, at a free port, stopped at the end of the test.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<EndPoint> _bound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _run;

    private readonly TaskCompletionSource _mayRun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TestServer(ChatOptions options, EndPoint endPoint, RunsOn runsOn, TimeProvider time)
    {
        Log = new RecordingLogger();
        Server = new ChatServer(options, time, Log);
        _run = runsOn.RunAsync(() => ServeAsync(endPoint));
    }

    public ChatServer Server { get; }

    public EndPoint EndPoint => _bound.Task.Result;

    public RecordingLogger Log { get; }

    /// <summary>Starts, and waits until it listens; throws what listening throws.</summary>
    public static async Task<TestServer> StartAsync(
        ChatOptions? options = null, EndPoint? endPoint = null, RunsOn runsOn = RunsOn.EventLoop, TimeProvider? time = null)
    {
        TestServer server = await ListenAsync(options, endPoint, runsOn, time);
        server._mayRun.SetResult();
        return server;
    }

    /// <summary>Listens, but accepts nobody: whoever connects waits in the backlog until the server is stopped.</summary>
    public static async Task<TestServer> ListenAsync(
        ChatOptions? options = null, EndPoint? endPoint = null, RunsOn runsOn = RunsOn.EventLoop, TimeProvider? time = null)
    {
        var server = new TestServer(
            options ?? new ChatOptions(), endPoint ?? new IPEndPoint(IPAddress.Loopback, 0), runsOn, time ?? TimeProvider.System);
        await server._bound.Task.WaitAsync(LineClient.Patience);
        return server;
    }

    private async Task ServeAsync(EndPoint endPoint)
    {
        try
        {
            _bound.SetResult(Server.Listen(endPoint));
        }
        catch (ListenException e)
        {
            _bound.SetException(e);
            return;
        }

        await _mayRun.Task;
        await Server.RunAsync(_stop.Token);
    }

    public Task<LineClient> EnterAsync(string name) => LineClient.EnterAsync(EndPoint, name);

    public Task<LineClient> ConnectAsync() => LineClient.ConnectAsync(EndPoint);

    /// <summary>Stops in good order.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        _mayRun.TrySetResult();
        await _run.WaitAsync(LineClient.Patience);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Assert.Equal(0, Server.Connections);
        Assert.DoesNotContain(Log.Lines, static line => line.Contains("defect", StringComparison.Ordinal));
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    private readonly List<string> _lines = [];

    public string[] Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines)
        {
            _lines.Add($"{logLevel}: {formatter(state, exception)} {exception}");
        }
    }
}
