using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks.Load;

/// <summary>
/// Clients on our own sockets, for machines that cannot have those in C, and to compare. All of it runs on one event loop:
/// <see cref="ConnectAsync"/> opens the sockets, <see cref="RunAsync"/> works until <see cref="Stop"/>, Dispose closes them.
/// </summary>
internal abstract class Load : IClients
{
    private readonly List<Socket> _sockets = [];
    private (long Operations, long Lost, long Time) _mark;

    /// <summary>How many operations have been completed.</summary>
    internal long Operations { get; private protected set; }

    /// <summary>How many datagrams were given up.</summary>
    internal long Lost { get; private protected set; }

    /// <summary>How long they took.</summary>
    internal Latencies Latencies { get; } = new();

    /// <summary>Set: what is in flight is finished, and nothing more begun.</summary>
    internal bool IsStopping { get; private set; }

    public abstract Task ConnectAsync(IPEndPoint server);

    public abstract Task RunAsync();

    // On the loop's own thread: nothing else runs meanwhile.
    public Task<ClientFigures> MarkAsync(Action meanwhile)
    {
        var figures = new ClientFigures(
            Operations - _mark.Operations, Lost - _mark.Lost, Latencies.Percentile(0.5), Latencies.Percentile(0.99), Stopwatch.GetElapsedTime(_mark.Time));
        meanwhile();
        Latencies.Clear();
        _mark = (Operations, Lost, Stopwatch.GetTimestamp());
        return Task.FromResult(figures);
    }

    public void Stop() => IsStopping = true;

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }

        _sockets.Clear();
    }

    /// <summary>Memory that need not be pinned, filled with something to compare.</summary>
    private protected static Memory<byte> Message(int bytes)
    {
        byte[] message = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
        for (int i = 0; i < bytes; i++)
        {
            message[i] = (byte)(i * 7);
        }

        return message;
    }

    /// <summary>Counts what took so long. <see cref="Stopwatch"/> counts nanoseconds on Linux.</summary>
    private protected void Complete(long operations, long ticks)
    {
        Operations += operations;
        Latencies.Add(ticks);
    }

    private protected async Task<Socket[]> OpenStreamsAsync(IPEndPoint server, int count)
    {
        for (int i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _sockets.Add(socket);
            await socket.ConnectAsync(server, CancellationToken.None);
        }

        return [.. _sockets];
    }

    private protected Socket OpenDatagrams(IPEndPoint server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        _sockets.Add(socket);
        socket.Connect(server);
        return socket;
    }

    private protected static async ValueTask ReceiveAllAsync(Socket socket, Memory<byte> buffer)
    {
        for (int got = 0; got < buffer.Length;)
        {
            int count = await socket.ReceiveAsync(buffer[got..], SocketFlags.None);
            got += count > 0 ? count : throw new IOException($"the server closed a connection after {got} of {buffer.Length} bytes of an answer");
        }
    }

    private protected static void Compare(Memory<byte> sent, Memory<byte> answer)
    {
        if (!sent.Span.SequenceEqual(answer.Span))
        {
            throw new IOException("the server's answer is not what was sent");
        }
    }

    /// <summary>Calls back when nothing was completed for a while, as long as the load runs: datagrams get lost.</summary>
    private protected async Task WatchAsync(Action stuck)
    {
        long before = -1;
        while (!IsStopping)
        {
            if (before == Operations)
            {
                stuck();
            }

            before = Operations;
            await EventLoop.Current!.DelayAsync(TimeSpan.FromMilliseconds(100));
        }
    }
}
