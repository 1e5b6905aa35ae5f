using System.Net;
using System.Net.Sockets;

namespace ParityTests;

/// <summary>One way of calling a socket. Each behaviour is written once and run in every way.</summary>
/// <remarks>Async styles hand back the socket's own task unwrapped, so that what is thrown at once is seen at once.</remarks>
public abstract class CallStyle
{
    public static readonly CallStyle Array = new ArrayStyle();
    public static readonly CallStyle Span = new SpanStyle();
    public static readonly CallStyle Forced = new ForcedStyle();
    public static readonly CallStyle Tasks = new TaskStyle();
    public static readonly CallStyle Memory = new MemoryStyle(cancellable: false);
    public static readonly CallStyle Cancellable = new MemoryStyle(cancellable: true);

    /// <summary>The call waits on the caller's thread.</summary>
    public virtual bool IsSync => true;

    /// <summary>Puts the socket in the state that the style wants to see.</summary>
    public virtual void Prepare(Socket socket)
    {
    }

    public abstract Task<Socket> Accept(Socket socket);
    public abstract Task Connect(Socket socket, EndPoint remote);
    public abstract Task Connect(Socket socket, IPAddress address, int port);
    public abstract Task Connect(Socket socket, IPAddress[] addresses, int port);
    public abstract Task Connect(Socket socket, string host, int port);
    public abstract Task Disconnect(Socket socket, bool reuse);
    public abstract Task<int> Receive(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None);
    public abstract Task<int> Receive(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags = SocketFlags.None);
    public abstract Task<SocketReceiveFromResult> ReceiveFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None);
    public abstract Task<SocketReceiveMessageFromResult> ReceiveMessageFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None);
    public abstract Task<int> Send(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None);
    public abstract Task<int> Send(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags = SocketFlags.None);
    public abstract Task<int> SendTo(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None);
    public abstract Task SendFile(Socket socket, string? path);
    public abstract Task SendFile(Socket socket, string? path, byte[]? before, byte[]? after, TransmitFileOptions options = TransmitFileOptions.UseDefaultWorkerThread);

    /// <summary>Blocking calls, each on a thread of its own.</summary>
    private class ArrayStyle : CallStyle
    {
        protected static Task<T> On<T>(Func<T> call) =>
            Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        protected static Task On(Action call) =>
            Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        public override Task<Socket> Accept(Socket socket) => On(() => { Prepare(socket); return socket.Accept(); });

        public override Task Connect(Socket socket, EndPoint remote) => On(() => { Prepare(socket); socket.Connect(remote); });

        public override Task Connect(Socket socket, IPAddress address, int port) => On(() => { Prepare(socket); socket.Connect(address, port); });

        public override Task Connect(Socket socket, IPAddress[] addresses, int port) => On(() => { Prepare(socket); socket.Connect(addresses, port); });

        public override Task Connect(Socket socket, string host, int port) => On(() => { Prepare(socket); socket.Connect(host, port); });

        public override Task Disconnect(Socket socket, bool reuse) => On(() => { Prepare(socket); socket.Disconnect(reuse); });

        public override Task<int> Receive(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None) =>
            On(() => { Prepare(socket); return socket.Receive(buffer.Array!, buffer.Offset, buffer.Count, flags); });

        public override Task<int> Receive(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags = SocketFlags.None) =>
            On(() => { Prepare(socket); return socket.Receive(buffers, flags); });

        public override Task<SocketReceiveFromResult> ReceiveFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) => On(() =>
        {
            Prepare(socket);
            EndPoint from = remote;
            int n = socket.ReceiveFrom(buffer.Array!, buffer.Offset, buffer.Count, flags, ref from);
            return new SocketReceiveFromResult { ReceivedBytes = n, RemoteEndPoint = from };
        });

        public override Task<SocketReceiveMessageFromResult> ReceiveMessageFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) => On(() =>
        {
            Prepare(socket);
            EndPoint from = remote;
            SocketFlags seen = flags;
            int n = socket.ReceiveMessageFrom(buffer.Array!, buffer.Offset, buffer.Count, ref seen, ref from, out IPPacketInformation packet);
            return new SocketReceiveMessageFromResult { ReceivedBytes = n, RemoteEndPoint = from, SocketFlags = seen, PacketInformation = packet };
        });

        public override Task<int> Send(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None) =>
            On(() => { Prepare(socket); return socket.Send(buffer.Array!, buffer.Offset, buffer.Count, flags); });

        public override Task<int> Send(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags = SocketFlags.None) =>
            On(() => { Prepare(socket); return socket.Send(buffers, flags); });

        public override Task<int> SendTo(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) =>
            On(() => { Prepare(socket); return socket.SendTo(buffer.Array!, buffer.Offset, buffer.Count, flags, remote); });

        public override Task SendFile(Socket socket, string? path) => On(() => { Prepare(socket); socket.SendFile(path); });

        public override Task SendFile(Socket socket, string? path, byte[]? before, byte[]? after, TransmitFileOptions options = TransmitFileOptions.UseDefaultWorkerThread) =>
            On(() => { Prepare(socket); socket.SendFile(path, before, after, options); });
    }

    /// <summary>Blocking calls on spans.</summary>
    private sealed class SpanStyle : ArrayStyle
    {
        public override Task<int> Receive(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None) =>
            On(() => socket.Receive(buffer.AsSpan(), flags));

        public override Task<SocketReceiveFromResult> ReceiveFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) => On(() =>
        {
            EndPoint from = remote;
            int n = socket.ReceiveFrom(buffer.AsSpan(), flags, ref from);
            return new SocketReceiveFromResult { ReceivedBytes = n, RemoteEndPoint = from };
        });

        public override Task<SocketReceiveMessageFromResult> ReceiveMessageFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) => On(() =>
        {
            EndPoint from = remote;
            SocketFlags seen = flags;
            int n = socket.ReceiveMessageFrom(buffer.AsSpan(), ref seen, ref from, out IPPacketInformation packet);
            return new SocketReceiveMessageFromResult { ReceivedBytes = n, RemoteEndPoint = from, SocketFlags = seen, PacketInformation = packet };
        });

        public override Task<int> Send(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None) =>
            On(() => socket.Send(buffer.AsSpan(), flags));

        public override Task<int> SendTo(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) =>
            On(() => socket.SendTo(buffer.AsSpan(), flags, remote));

        public override Task SendFile(Socket socket, string? path, byte[]? before, byte[]? after, TransmitFileOptions options = TransmitFileOptions.UseDefaultWorkerThread) =>
            On(() => socket.SendFile(path, before.AsSpan(), after.AsSpan(), options));
    }

    /// <summary>Blocking calls on a socket that was non-blocking once: the descriptor stays so, and waiting is emulated.</summary>
    private sealed class ForcedStyle : ArrayStyle
    {
        public override void Prepare(Socket socket)
        {
            if (socket.Blocking)
            {
                socket.Blocking = false;
                socket.Blocking = true;
            }
        }
    }

    /// <summary>The overloads that return Task and take ArraySegment, where there are such.</summary>
    private sealed class TaskStyle : CallStyle
    {
        public override bool IsSync => false;

        public override Task<Socket> Accept(Socket socket) => socket.AcceptAsync();

        public override Task Connect(Socket socket, EndPoint remote) => socket.ConnectAsync(remote);

        public override Task Connect(Socket socket, IPAddress address, int port) => socket.ConnectAsync(address, port);

        public override Task Connect(Socket socket, IPAddress[] addresses, int port) => socket.ConnectAsync(addresses, port);

        public override Task Connect(Socket socket, string host, int port) => socket.ConnectAsync(host, port);

        public override Task Disconnect(Socket socket, bool reuse) => socket.DisconnectAsync(reuse).AsTask();

        public override Task<int> Receive(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None) => socket.ReceiveAsync(buffer, flags);

        public override Task<int> Receive(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags = SocketFlags.None) => socket.ReceiveAsync(buffers, flags);

        public override Task<SocketReceiveFromResult> ReceiveFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) =>
            socket.ReceiveFromAsync(buffer, flags, remote);

        public override Task<SocketReceiveMessageFromResult> ReceiveMessageFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) =>
            socket.ReceiveMessageFromAsync(buffer, flags, remote);

        public override Task<int> Send(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None) => socket.SendAsync(buffer, flags);

        public override Task<int> Send(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags = SocketFlags.None) => socket.SendAsync(buffers, flags);

        public override Task<int> SendTo(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) =>
            socket.SendToAsync(buffer, flags, remote);

        public override Task SendFile(Socket socket, string? path) => socket.SendFileAsync(path).AsTask();

        public override Task SendFile(Socket socket, string? path, byte[]? before, byte[]? after, TransmitFileOptions options = TransmitFileOptions.UseDefaultWorkerThread) =>
            socket.SendFileAsync(path, before, after, options).AsTask();
    }

    /// <summary>The overloads that return ValueTask and take Memory, without a token or with one that is never used.</summary>
    private sealed class MemoryStyle(bool cancellable) : CallStyle
    {
        private readonly CancellationTokenSource? _source = cancellable ? new() : null;

        private CancellationToken Token => _source?.Token ?? default;

        public override bool IsSync => false;

        public override Task<Socket> Accept(Socket socket) => socket.AcceptAsync(Token).AsTask();

        public override Task Connect(Socket socket, EndPoint remote) => socket.ConnectAsync(remote, Token).AsTask();

        public override Task Connect(Socket socket, IPAddress address, int port) => socket.ConnectAsync(address, port, Token).AsTask();

        public override Task Connect(Socket socket, IPAddress[] addresses, int port) => socket.ConnectAsync(addresses, port, Token).AsTask();

        public override Task Connect(Socket socket, string host, int port) => socket.ConnectAsync(host, port, Token).AsTask();

        public override Task Disconnect(Socket socket, bool reuse) => socket.DisconnectAsync(reuse, Token).AsTask();

        public override Task<int> Receive(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None) =>
            socket.ReceiveAsync(buffer.AsMemory(), flags, Token).AsTask();

        public override Task<int> Receive(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags = SocketFlags.None) => socket.ReceiveAsync(buffers, flags);

        public override Task<SocketReceiveFromResult> ReceiveFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) =>
            socket.ReceiveFromAsync(buffer.AsMemory(), flags, remote, Token).AsTask();

        public override Task<SocketReceiveMessageFromResult> ReceiveMessageFrom(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) =>
            socket.ReceiveMessageFromAsync(buffer.AsMemory(), flags, remote, Token).AsTask();

        public override Task<int> Send(Socket socket, ArraySegment<byte> buffer, SocketFlags flags = SocketFlags.None) =>
            socket.SendAsync(buffer.AsMemory(), flags, Token).AsTask();

        public override Task<int> Send(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags = SocketFlags.None) => socket.SendAsync(buffers, flags);

        public override Task<int> SendTo(Socket socket, ArraySegment<byte> buffer, EndPoint remote, SocketFlags flags = SocketFlags.None) =>
            socket.SendToAsync(buffer.AsMemory(), flags, remote, Token).AsTask();

        public override Task SendFile(Socket socket, string? path) => socket.SendFileAsync(path, Token).AsTask();

        public override Task SendFile(Socket socket, string? path, byte[]? before, byte[]? after, TransmitFileOptions options = TransmitFileOptions.UseDefaultWorkerThread) =>
            socket.SendFileAsync(path, before, after, options, Token).AsTask();
    }
}

/// <summary>A test class that runs once per style.</summary>
public abstract class StyledTest(CallStyle style) : SocketTest
{
    protected CallStyle Style { get; } = style;

    /// <summary>A wrong argument is reported by the call itself, not by the task it returns.</summary>
    protected async Task ThrowsAtOnce<T>(Func<Task> call) where T : Exception
    {
        if (Style.IsSync)
        {
            await Assert.ThrowsAnyAsync<T>(() => call().WaitAsync(Soon));
        }
        else
        {
            Assert.ThrowsAny<T>(() => { _ = call(); });
        }
    }
}
