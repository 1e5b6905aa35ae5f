// What stands between the marks are the examples of docs/from-twisted.md, word for word; ExampleTests compares them.
// The namespace is a stranger's, so that names are found as a stranger's compiler finds them.

// <example>
using System.Buffers;
using Sockeye;
using Sockeye.Servers.Protocols;
using Sockeye.Servers.Testing;
using Socket = Sockeye.Socket;
// </example>

namespace FromTwisted;

[Collection("Console")]
public class FromTwistedExampleTests
{
    [Fact(Timeout = 30_000)]
    public async Task Echo()
    {
        // <example>
        await using var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Echo());
        await server.StartAsync();
        // </example>
        using Socket client = await server.Listener.Endpoints[0].ConnectAsync();
        client.Timeout = TimeSpan.FromSeconds(20);
        await client.SendAllAsync("hello"u8.ToArray());
        byte[] buffer = new byte[5];
        await client.ReceiveExactlyAsync(buffer);
        Assert.Equal("hello"u8.ToArray(), buffer);
    }

    [Fact]
    public void A_looping_call()
    {
        // <example>
        long heard = 0;
        new Simulation(seed: 1).Run(async simulation =>
        {
            (SimulatedTransport client, Task serving) = simulation.Connect(new Ticker(TimeSpan.FromMinutes(1), simulation.Time));
            await simulation.DelayAsync(TimeSpan.FromMinutes(10.5));
            client.Close();
            await serving;
            heard = (await client.Input.ReadAsync()).Buffer.Length;
        });
        Console.WriteLine(heard);                       // 50: ten times "tick\n", and no time has passed
        // </example>
        Assert.Equal(50, heard);
    }

    [Fact(Timeout = 30_000)]
    public async Task Threads_and_the_loop() => await Task.Factory.StartNew(
        static () =>
        {
            // <example>
            using EventLoop loop = new();
            loop.Run(async () =>
            {
                int[] numbers = [3, 1, 2];
                int sum = await Task.Run(() => numbers.Sum());          // deferToThread: elsewhere, and back on the loop afterwards
                using IDisposable later = loop.Schedule(TimeSpan.FromSeconds(60), () => Console.WriteLine("late"));     // callLater; Dispose is cancel
                await Task.Run(() => loop.Post(() => Console.WriteLine(sum)));      // callFromThread
            });
            // </example>
            Assert.Null(EventLoop.Current);
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);
}

// <example>
internal sealed class Echo : Protocol
{
    protected override async ValueTask<SequencePosition> DataReceivedAsync(ReadOnlySequence<byte> data)
    {
        foreach (ReadOnlyMemory<byte> piece in data)
        {
            await SendAsync(piece.Span);
        }

        return data.End;                                // all of it is taken; the rest would come again
    }
}
// </example>

// <example>
internal sealed class Ticker(TimeSpan interval, TimeProvider time) : LineProtocol
{
    private ITimer? _timer;

    protected override ValueTask ConnectionMadeAsync()
    {
        _timer = time.CreateTimer(_ => TrySendMessage("tick"u8), null, interval, interval);
        return default;
    }

    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message) => default;

    protected override ValueTask ConnectionLostAsync(Exception? reason) => _timer!.DisposeAsync();
}
// </example>
