using System.Net;
using Microsoft.Extensions.Logging;
using Sockeye.Chat.Connections;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>Where a server's code runs.</summary>
internal enum RunsOn
{
    ThreadPool,
    EventLoop,
}

/// <summary>A chat server in this process, at a free port, stopped at the end of the test.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<EndPoint> _bound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _run;

    private TestServer(ChatOptions options, EndPoint endPoint, RunsOn runsOn)
    {
        Log = new RecordingLogger();
        Server = new ChatServer(options, TimeProvider.System, Log);
        _run = runsOn == RunsOn.ThreadPool
            ? Task.Run(() => ServeAsync(endPoint))
            : Task.Factory.StartNew(() => RunLoop(endPoint), TaskCreationOptions.LongRunning);
    }

    public ChatServer Server { get; }

    public EndPoint EndPoint => _bound.Task.Result;

    public RecordingLogger Log { get; }

    /// <summary>Starts, and waits until it listens; throws what listening throws.</summary>
    public static async Task<TestServer> StartAsync(
        ChatOptions? options = null, EndPoint? endPoint = null, RunsOn runsOn = RunsOn.EventLoop)
    {
        var server = new TestServer(options ?? new ChatOptions(), endPoint ?? new IPEndPoint(IPAddress.Loopback, 0), runsOn);
        await server._bound.Task.WaitAsync(LineClient.Patience);
        return server;
    }

    private void RunLoop(EndPoint endPoint)
    {
        using var loop = new EventLoop();
        loop.Run(() => ServeAsync(endPoint));
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

        await Server.RunAsync(_stop.Token);
    }

    public Task<LineClient> EnterAsync(string name) => LineClient.EnterAsync(EndPoint, name);

    public Task<LineClient> ConnectAsync() => LineClient.ConnectAsync(EndPoint);

    /// <summary>Stops in good order.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
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
