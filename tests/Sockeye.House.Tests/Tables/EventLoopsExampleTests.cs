// What stands between the marks are the examples of docs/event-loops.md, word for word; ExampleTests compares them.
// The namespace is a stranger's, so that names are found as a stranger's compiler finds them.

using System.Net;
using Sockeye;
using Socket = Sockeye.Socket;

namespace EventLoops;

[Collection("Console")]
public class EventLoopsExampleTests
{
    [Fact(Timeout = 30_000)]
    public async Task One_loop() => await Task.Factory.StartNew(
        static () =>
        {
            // <example>
            using EventLoop loop = new();
            loop.Run(async () =>
            {
                using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
                using Socket client = await Socket.CreateConnectionAsync(listener.LocalEndPoint!);
                using Socket server = await listener.AcceptAsync();     // all three belong to the loop
                await loop.DelayAsync(TimeSpan.FromMilliseconds(10));   // nobody else waits meanwhile
            });
            // </example>
            Assert.Equal(0, loop.Engine.SocketCount);
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    [Fact(Timeout = 30_000)]
    public async Task A_group()
    {
        // <example>
        await using EventLoopGroup group = new();                       // a loop for each processor
        EventLoopListener echo = group.Listen(new IPEndPoint(IPAddress.Loopback, 0), EchoAsync, new EventLoopListenerOptions
        {
            MaxConnections = 50_000,
            OnError = (socket, error) => Console.WriteLine($"{socket?.ToString() ?? "accept"}: {error.Message}"),
        });

        static async Task EchoAsync(Socket socket)
        {
            byte[] buffer = new byte[4096];
            while ((await socket.TryReceiveAsync(buffer)).TryGetValue(out int length) && length > 0)
            {
                await socket.TrySendAllAsync(buffer.AsMemory(0, length));
            }
        }
        // </example>

        using (Socket client = await Socket.CreateConnectionAsync(echo.LocalEndPoint))
        {
            await client.SendAsync("x"u8.ToArray());
            Assert.Equal(1, await client.ReceiveAsync(new byte[2]));
        }

        // <example>
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30));
        await group.StopAsync(patience.Token);
        // </example>
        Assert.True(group.Completion.IsCompletedSuccessfully);
    }

    [Fact(Timeout = 30_000)]
    public async Task Work_from_elsewhere_and_timers()
    {
        await using EventLoopGroup group = new();
        EventLoop loop = group.Next();

        // <example>
        int connections = 0;                                            // the loop's own: no lock
        loop.Post(() => connections++);
        int seen = await loop.InvokeAsync(async () =>
        {
            await loop.DelayAsync(TimeSpan.FromMilliseconds(1));
            return connections;
        });

        using IDisposable timer = loop.Schedule(TimeSpan.FromMinutes(1), () => Console.WriteLine("a minute later"));
        // </example>
        Assert.Equal(1, seen);
    }

    [Fact(Timeout = 30_000)]
    public async Task Spinning_and_the_watchdog()
    {
        TextWriter before = Console.Error;
        using StringWriter written = new();
        Console.SetError(TextWriter.Synchronized(written));
        try
        {
            // <example>
            EventLoopGroupOptions options = new()
            {
                SpinLimit = TimeSpan.FromMicroseconds(50),
                BlockingLimit = TimeSpan.FromMilliseconds(50),
                OnBlocked = blocked => Console.Error.WriteLine(blocked),
            };
            // </example>
            TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
            options.OnBlocked += blocked =>
            {
                if (blocked.HasEnded)
                {
                    over.TrySetResult();
                }
            };
            using ManualResetEventSlim hold = new();
            await using EventLoopGroup group = new(options);
            group.Next().Post(() => hold.Wait(TimeSpan.FromMilliseconds(300)));
            await over.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }
        finally
        {
            Console.SetError(before);
        }

        Assert.Matches(
            @"^EventLoopsExampleTests\.Spinning_and_the_watchdog \(lambda\) has blocked its event loop for \d+ ms\n.* blocked its event loop for \d+ ms in all\n$",
            written.ToString());
    }
}
