using System.Net;
using Microsoft.Extensions.Logging;
using Sockeye.Chat.Connections;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>A chat server in this process, at a free port, stopped at the end of the test.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    private TestServer(ChatOptions options, EndPoint endPoint)
    {
        Log = new RecordingLogger();
        Server = new ChatServer(options, TimeProvider.System, Log);
        EndPoint = Server.Listen(endPoint);
        _run = Task.Run(() => Server.RunAsync(_stop.Token));
    }

    public ChatServer Server { get; }

    public EndPoint EndPoint { get; }

    public RecordingLogger Log { get; }

    public static TestServer Start(ChatOptions? options = null, EndPoint? endPoint = null) =>
        new(options ?? new ChatOptions(), endPoint ?? new IPEndPoint(IPAddress.Loopback, 0));

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
