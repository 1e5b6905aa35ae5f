using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks.Servers;

/// <summary>Our sockets, or pipes on them, awaited: on an event loop with either engine, or from the thread pool with no loop.</summary>
internal static class SockeyeServer
{
    /// <summary>Why there is no io_uring here; null when there is.</summary>
    internal static string? IoUringRefusal()
    {
        try
        {
            using SocketEngine engine = SocketEngine.CreateIoUring();
            return null;
        }
        catch (NotSupportedException e)
        {
            return e.Message;
        }
    }

    /// <summary>How long a loop that spins looks before it sleeps.</summary>
    internal static TimeSpan SpinLimit { get; } = TimeSpan.FromMicroseconds(50);

    internal static void RunOnLoop(EventLoopOptions options, ServerMode mode, bool byPipes = false)
    {
        using var loop = new EventLoop(options);
        loop.Run(async () =>
        {
            using Socket socket = Serve(mode, byPipes);
            await Task.Run(ServeCommand.WaitForEndOfInput);
        });
    }

    internal static void RunOnPool(ServerMode mode)
    {
        using Socket socket = Serve(mode, byPipes: false);
        ServeCommand.WaitForEndOfInput();
    }

    private static Socket Serve(ServerMode mode, bool byPipes)
    {
        var local = new IPEndPoint(IPAddress.Loopback, 0);
        Socket socket;
        if (mode is ServerMode.Udp or ServerMode.Trains)
        {
            socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(local);
            _ = mode == ServerMode.Udp ? EchoDatagramsAsync(socket) : EchoTrainsAsync(socket);
        }
        else
        {
            socket = Socket.CreateServer(local, backlog: 4096);
            _ = AcceptAsync(socket, mode, byPipes);
        }

        ServeCommand.Announce(((IPEndPoint)socket.LocalEndPoint!).Port);
        return socket;
    }

    private static async Task AcceptAsync(Socket listener, ServerMode mode, bool byPipes)
    {
        var members = new List<SocketPipe>();
        while (true)
        {
            Socket peer = await listener.AcceptAsync(CancellationToken.None);
            peer.NoDelay = true;
            _ = mode switch
            {
                ServerMode.Idle when byPipes => EchoByIdlePipeAsync(new SocketPipe(peer)),
                ServerMode.Idle => EchoWithoutBufferAsync(peer),
                ServerMode.Broadcast => RelayAsync(peer, members),
                _ when byPipes => EchoByPipeAsync(peer),
                _ => EchoAsync(peer, ServeCommand.BytesAtOnce(mode)),
            };
        }
    }

    private static async Task EchoAsync(Socket peer, int bytesAtOnce)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(bytesAtOnce);
        try
        {
            Memory<byte> buffer = rented.AsMemory(0, bytesAtOnce);
            int count;
            while ((count = await peer.ReceiveAsync(buffer, SocketFlags.None)) > 0)
            {
                await peer.SendAsync(buffer[..count], SocketFlags.None);
            }
        }
        finally
        {
            peer.Dispose();
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    // A receive into no memory completes when there is something to receive: it is taken at once, and nothing but the
    // socket is kept across an await, which an idle connection would have to pay for.
    private static async Task EchoWithoutBufferAsync(Socket peer)
    {
        try
        {
            while (true)
            {
                await peer.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                Memory<byte> buffer = ServeCommand.Buffer(ServerMode.Echo);
                int count = peer.Receive(buffer.Span, SocketFlags.None);
                if (count == 0)
                {
                    return;
                }

                await peer.SendAsync(buffer[..count], SocketFlags.None);
            }
        }
        finally
        {
            peer.Dispose();
        }
    }

    private static async Task EchoByPipeAsync(Socket peer)
    {
        await using var pipe = new SocketPipe(peer);
        while (true)
        {
            ReadResult read = await pipe.Input.ReadAsync();
            pipe.Write(read.Buffer);
            pipe.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }

            await pipe.Output.FlushAsync();
        }
    }

    // Nothing but the pipe is kept across an await, and there is one await: the rest an idle connection would have to pay for.
    private static async Task EchoByIdlePipeAsync(SocketPipe pipe)
    {
        while (true)
        {
            ReadResult read = await pipe.Input.ReadAsync();
            pipe.Write(read.Buffer);
            pipe.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                _ = pipe.DisposeAsync().AsTask();
                return;
            }

            pipe.TryFlush();
        }
    }

    // What the sender says stands once, and goes to each with the turn's other sends; a member that does not keep up is
    // closed. The lock is for the pool; on a loop all of this runs on one thread.
    private static async Task RelayAsync(Socket peer, List<SocketPipe> members)
    {
        await using var pipe = new SocketPipe(peer);
        bool? isSender = null;
        try
        {
            while (true)
            {
                ReadResult read = await pipe.Input.ReadAsync();
                ReadOnlySequence<byte> bytes = read.Buffer;
                if (isSender is null && !bytes.IsEmpty)
                {
                    isSender = bytes.FirstSpan[0] == 'S';
                    if (isSender is false)
                    {
                        // Before the answer: who has it counts on being a member.
                        lock (members)
                        {
                            members.Add(pipe);
                        }
                    }

                    await pipe.Output.WriteAsync(bytes.First[..1]);
                    bytes = bytes.Slice(1);
                }

                if (isSender is true)
                {
                    foreach (ReadOnlyMemory<byte> part in bytes)
                    {
                        Publish(part.Span, members);
                    }
                }

                pipe.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            lock (members)
            {
                members.Remove(pipe);
            }
        }
    }

    private static void Publish(ReadOnlySpan<byte> bytes, List<SocketPipe> members)
    {
        using var shared = SharedBytes.Copy(bytes);
        lock (members)
        {
            for (int i = members.Count - 1; i >= 0; i--)
            {
                try
                {
                    members[i].Write(shared);
                    if (!members[i].TryFlush())
                    {
                        members[i].Socket.Dispose();
                    }
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
                {
                    // The member has gone: its own receive says so, and takes it away.
                }
            }
        }
    }

    // By recvmmsg(2) and sendmmsg(2), which are how this library takes datagrams that come many at a time: what waits is
    // taken by one call, and each datagram leaves as one of its own, to whoever sent it. System.Net.Sockets has no such calls.
    private static async Task EchoDatagramsAsync(Socket socket)
    {
        using var batch = new MessageBatch(capacity: 64, ServeCommand.EchoBytes);
        while (true)
        {
            await socket.ReceiveBatchAsync(batch);
            for (int sent = 0; sent < batch.Count;)
            {
                sent += await socket.SendBatchAsync(batch, sent);
            }
        }
    }

    // A train comes as one message that says how long its datagrams are, and leaves as one.
    private static async Task EchoTrainsAsync(Socket socket)
    {
        socket.SetOption(UdpOptions.GenericReceiveOffload, true);
        int controlBytes = Math.Max(UdpControl.ReceiveOffload.Space(), UdpControl.Segment.Space());
        using var batch = new MessageBatch(capacity: 16, ServeCommand.StreamBytes, controlBytes);
        byte[] control = new byte[controlBytes];
        while (true)
        {
            await socket.ReceiveBatchAsync(batch);
            for (int i = 0; i < batch.Count; i++)
            {
                BatchMessage message = batch[i];
                if (message.Control.TryGet(UdpControl.ReceiveOffload, out int segment) && segment < message.Length)
                {
                    var writer = new ControlWriter(control);
                    writer.Add(UdpControl.Segment, (ushort)segment);
                    message.SetControl(control.AsSpan(0, writer.Written));
                }
            }

            for (int sent = 0; sent < batch.Count;)
            {
                sent += await socket.SendBatchAsync(batch, sent);
            }
        }
    }
}
