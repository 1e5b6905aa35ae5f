using System.Net;
using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Servers.Tests;

/// <summary>Where a listener's connections live. Each behaviour is written once, and run in every place.</summary>
public sealed class Place : IAsyncDisposable
{
    private readonly EventLoopGroup? _group;

    private Place(string name)
    {
        (EngineKind kind, int count) = name switch
        {
            "an epoll loop" => (EngineKind.Epoll, 1),
            "epoll loops" => (EngineKind.Epoll, 2),
            "an io_uring loop" => (EngineKind.IoUring, 1),
            "io_uring loops" => (EngineKind.IoUring, 2),
            _ => (EngineKind.Default, 0),
        };
        if (count > 0)
        {
            try
            {
                _group = new EventLoopGroup(new EventLoopGroupOptions { Engine = kind, Count = count });
            }
            catch (EngineNotSupportedException exception)
            {
                Assert.Skip(exception.Message);
            }
        }

        Dispatch = _group is not null ? ConnectionDispatch.On(_group)
            : name == "threads" ? ConnectionDispatch.ThreadPerConnection : ConnectionDispatch.ThreadPool;
        HasThreads = name == "threads";
    }

    public static readonly TheoryData<string> All = ["the pool", "threads", "an epoll loop", "epoll loops", "an io_uring loop", "io_uring loops"];

    public static readonly TheoryData<string> WithPipes = ["the pool", "an epoll loop", "epoll loops", "an io_uring loop", "io_uring loops"];

    public static TheoryData<string, AddressFamily> AllAndFamilies
    {
        get
        {
            var rows = new TheoryData<string, AddressFamily>();
            foreach (string place in All.Select(static row => row.Data))
            {
                foreach (AddressFamily family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix })
                {
                    rows.Add(place, family);
                }
            }

            return rows;
        }
    }

    public ConnectionDispatch Dispatch { get; }

    public bool HasThreads { get; }

    public IReadOnlyList<EventLoop> Loops => _group?.Loops ?? [];

    public static Place Of(string name) => new(name);

    public async ValueTask DisposeAsync()
    {
        if (_group is not null)
        {
            await _group.DisposeAsync();
        }
    }

    /// <summary>Sends back what comes, whichever way connections are served here.</summary>
    public static async Task EchoAsync(Connection connection)
    {
        if (Thread.CurrentThread.IsThreadPoolThread || connection.Loop is not null)
        {
            await connection.Input.CopyToAsync(connection.Output);
            return;
        }

        byte[] buffer = new byte[4096];
        while (connection.Receive(buffer) is var count and > 0)
        {
            connection.Send(buffer.AsSpan(0, count));
        }
    }

    public static SocketUri Fresh(AddressFamily family) => family switch
    {
        AddressFamily.Unix => SocketUri.Parse("unix:" + Path.Combine(Path.GetTempPath(), "sockeye-" + Path.GetRandomFileName())),
        AddressFamily.InterNetwork => SocketUri.Parse("tcp://127.0.0.1:0"),
        _ => SocketUri.Parse("tcp://[::1]:0"),
    };
}

/// <summary>What tests of servers stand on.</summary>
public abstract class ServerTest : SocketTest
{
    protected static async Task<Socket> ConnectAsync(Listener listener, int index = 0) =>
        await listener.Endpoints[index].ConnectAsync().WaitAsync(Soon);

    protected static async Task<string> AnswerAsync(Socket client, string question)
    {
        await client.SendAllAsync(System.Text.Encoding.ASCII.GetBytes(question));
        byte[] answer = new byte[question.Length];
        await client.ReceiveExactlyAsync(answer).AsTask().WaitAsync(Soon);
        return System.Text.Encoding.ASCII.GetString(answer);
    }

    /// <summary>Reads until the end.</summary>
    protected static async Task<string> RestAsync(Socket client) =>
        System.Text.Encoding.ASCII.GetString(await ReadToEnd(client));

    /// <summary>Lets time pass until it has happened: whoever waits may start its timer a little later.</summary>
    protected static async Task PassAsync(ManualTime time, TimeSpan by, Func<bool> until)
    {
        await Eventually(() =>
        {
            if (!until())
            {
                time.Advance(by);
            }

            return until();
        });
    }

    /// <summary>Notes what a listener says.</summary>
    protected sealed class Told : ListenerEvents
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

        public string[] Lines => [.. _lines];

        protected internal override void AcceptPaused(SocketUri endpoint, SocketException error) => _lines.Enqueue($"paused: {error.SocketErrorCode}");

        protected internal override void AcceptResumed(SocketUri endpoint) => _lines.Enqueue("resumed");

        protected internal override void AcceptEnded(SocketUri endpoint, SocketException error) => _lines.Enqueue($"ended: {error.SocketErrorCode}");

        protected internal override void AcceptFailed(SocketUri endpoint, Exception error) => _lines.Enqueue($"accept failed: {error.GetType().Name}");

        protected internal override void Refused(EndPoint? peer, RefusalReason reason, int count) => _lines.Enqueue($"refused: {reason} {count}");

        protected internal override void HandlerFailed(Connection connection, Exception error) => _lines.Enqueue($"failed: {error.Message}");

        protected internal override void ConnectionEnded(Connection connection) => _lines.Enqueue($"{connection.EndReason}{(connection.IsDrained ? "" : ", not drained")}");
    }
}
