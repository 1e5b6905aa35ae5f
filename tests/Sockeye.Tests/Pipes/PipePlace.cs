using System.Net;
using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Pipes;

/// <summary>Where a pipe's socket lives and its user runs. Each behaviour is written once and run in every place.</summary>
public sealed class PipePlace(EngineKind kind, bool isLoop, bool isWhole = false, bool isForeign = false, bool hasBuffers = true)
{
    /// <summary>True when the test's body runs on the sockets' loop.</summary>
    public bool IsLoop => isLoop && !isForeign;

    public SocketEngine Engine { get; private set; } = null!;

    public EventLoop? Loop { get; private set; }

    /// <summary>The buffers of the next loop.</summary>
    internal (int Count, int Bytes)? Buffers { get; set; }

    public async Task Run(Func<Task> body)
    {
        if (!isLoop)
        {
            using SocketEngine engine = kind == EngineKind.Epoll ? SocketEngine.CreateEpoll() : SocketEngine.CreateIoUring();
            Engine = engine;
            await Task.Run(body).WaitAsync(SocketTest.Soon * 2);
            return;
        }

        using var loop = new EventLoop(kind);
        if (loop.Engine.Poller.Ring is { } ring)
        {
            (int count, int bytes, bool isIncremental) = ring.BufferPlan;
            ring.BufferPlan = (Buffers?.Count ?? count, Buffers?.Bytes ?? bytes, isIncremental && !isWhole);
            ring.HasReceiveBuffers = hasBuffers;
        }

        Loop = loop;
        Engine = loop.Engine;
        if (isForeign)
        {
            Task running = SocketTest.Run(loop.Run);
            try
            {
                await Task.Run(body).WaitAsync(SocketTest.Soon * 2);
            }
            finally
            {
                loop.Stop();
                await running;
            }
        }
        else
        {
            await SocketTest.Run(() => loop.Run(body));
        }
    }

    /// <summary>Two ends of one connection, both of this place.</summary>
    internal async Task<Pair> Connected(AddressFamily family = AddressFamily.InterNetwork)
    {
        using var listener = new Socket(family, SocketType.Stream, ProtocolType.Tcp, Engine);
        listener.Bind(new IPEndPoint(SocketTest.Loopback(family), 0));
        listener.Listen(512);
        var client = new Socket(family, SocketType.Stream, ProtocolType.Tcp, Engine);
        Task<Socket> accept = listener.AcceptAsync();
        await client.ConnectAsync(listener.LocalEndPoint!);
        return new Pair(client, await accept) { Client = { NoDelay = true }, Server = { NoDelay = true } };
    }
}
