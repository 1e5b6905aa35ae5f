using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Sockeye.Interop;

namespace Sockeye.Tests.Support;

/// <summary>What a call came to, whichever way it was called.</summary>
public sealed record Outcome<T>(T? Value, SocketError Error, int Errno, int BytesTransferred, int BytesLost, string? Message)
{
    public bool IsSuccess => Error == SocketError.Success;
}

/// <summary>One way of calling a socket. Each behaviour is written once and run in every way.</summary>
public abstract class SocketStyle
{
    public static readonly SocketStyle Sync = new SyncStyle();
    public static readonly SocketStyle Try = new TryStyle();

    /// <summary>On epoll's own thread.</summary>
    public static readonly SocketStyle Async = new AsyncStyle(TestEngines.Epoll);

    /// <summary>On io_uring's own thread.</summary>
    public static readonly SocketStyle TryAsync = new TryAsyncStyle(TestEngines.IoUring);

    /// <summary>On a loop with a ring.</summary>
    public static readonly SocketStyle Loop = new LoopStyle(static () => TestEngines.Loop(EngineKind.IoUring));

    /// <summary>On a loop with an epoll set.</summary>
    public static readonly SocketStyle LoopEpoll = new LoopStyle(static () => TestEngines.Loop(EngineKind.Epoll));

    /// <summary>On the engine that delays, reorders and splits; on its own thread or on a loop, as chance has it.</summary>
    public static readonly SocketStyle Chaos = new ChaosStyle();

    /// <summary>The call waits on the caller's thread.</summary>
    public virtual bool IsSync => false;

    /// <summary>Failure is thrown, not returned.</summary>
    public virtual bool Throws => true;

    /// <summary>Runs a test's body where the style's sockets live.</summary>
    public virtual Task Run(Func<Task> body) => body();

    public abstract Task<Outcome<int>> Connect(Socket socket, EndPoint remote, CancellationToken token = default);
    public abstract Task<Outcome<Socket>> Accept(Socket socket, CancellationToken token = default);
    public abstract Task<Outcome<int>> Receive(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<int>> ReceiveExactly(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<int>> ReceiveFrom(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<int>> Send(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<int>> SendAll(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<int>> SendTo(Socket socket, ReadOnlyMemory<byte> data, EndPoint remote, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<long>> SendFile(Socket socket, SafeFileHandle file, long offset, long? count = null, CancellationToken token = default);
    public abstract Task<Outcome<SocketEvents>> Wait(Socket socket, SocketEvents events, CancellationToken token = default);

    public abstract Task<Outcome<int>> SendMessage(Socket socket, OutgoingMessage message, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<ReceivedMessage>> ReceiveMessage(Socket socket, Memory<byte> buffer, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<int>> SendBatch(Socket socket, MessageBatch batch, int start = 0, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<int>> ReceiveBatch(Socket socket, MessageBatch batch, SocketFlags flags = SocketFlags.None, CancellationToken token = default);
    public abstract Task<Outcome<SocketErrorRecord>> ReceiveError(Socket socket, Memory<byte> payload = default, CancellationToken token = default);

    private static Outcome<T> From<T>(SocketResult<T> result) => new(
        result.TryGetValue(out T? value) ? value : default, result.Error, result.Errno, result.BytesTransferred, result.BytesLost, null);

    private static Outcome<int> From(SocketResult result) => new(0, result.Error, result.Errno, result.BytesTransferred, 0, null);

    private static Outcome<T> From<T>(SocketException exception) => new(
        default, exception.SocketErrorCode, exception.NativeErrorCode, exception.Data["BytesTransferred"] as int? ?? 0, 0, exception.Message);

    private static Outcome<T> Canceled<T>() => new(default, SocketError.OperationAborted, Errno.ECANCELED, 0, 0, null);

    private static Task<Outcome<T>> On<T>(Func<Outcome<T>> call) =>
        Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private sealed class SyncStyle : SocketStyle
    {
        public override bool IsSync => true;

        public override Task<Outcome<int>> Connect(Socket socket, EndPoint remote, CancellationToken token = default) =>
            Catch(() => { socket.Connect(remote); return 0; });

        public override Task<Outcome<Socket>> Accept(Socket socket, CancellationToken token = default) => Catch(socket.Accept);

        public override Task<Outcome<int>> Receive(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.Receive(buffer.Span, flags));

        public override Task<Outcome<int>> ReceiveExactly(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => { socket.ReceiveExactly(buffer.Span, flags); return buffer.Length; });

        public override Task<Outcome<int>> ReceiveFrom(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() =>
            {
                EndPoint peer = socket.LocalEndPoint!;
                return socket.ReceiveFrom(buffer.Span, flags, ref peer);
            });

        public override Task<Outcome<int>> Send(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.Send(data.Span, flags));

        public override Task<Outcome<int>> SendAll(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => { socket.SendAll(data.Span, flags); return data.Length; });

        public override Task<Outcome<int>> SendTo(Socket socket, ReadOnlyMemory<byte> data, EndPoint remote, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.SendTo(data.Span, flags, remote));

        public override Task<Outcome<long>> SendFile(Socket socket, SafeFileHandle file, long offset, long? count = null, CancellationToken token = default) =>
            Catch(() => socket.SendFile(file, offset, count));

        // Wait answers None when its time is up; TimedOut is what the other styles say.
        public override Task<Outcome<SocketEvents>> Wait(Socket socket, SocketEvents events, CancellationToken token = default) => On(() =>
        {
            try
            {
                SocketEvents seen = socket.Wait(events);
                return seen == SocketEvents.None
                    ? new Outcome<SocketEvents>(default, SocketError.TimedOut, Errno.ETIMEDOUT, 0, 0, null)
                    : new Outcome<SocketEvents>(seen, SocketError.Success, 0, 0, 0, null);
            }
            catch (SocketException exception)
            {
                return From<SocketEvents>(exception);
            }
        });

        private static Task<Outcome<T>> Catch<T>(Func<T> call) => On(() =>
        {
            try
            {
                return new Outcome<T>(call(), SocketError.Success, 0, 0, 0, null);
            }
            catch (SocketException exception)
            {
                return From<T>(exception);
            }
        });

        public override Task<Outcome<int>> SendMessage(Socket socket, OutgoingMessage message, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.SendMessage(message, flags));

        public override Task<Outcome<ReceivedMessage>> ReceiveMessage(Socket socket, Memory<byte> buffer, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.ReceiveMessage(buffer, control, peer, flags));

        public override Task<Outcome<int>> SendBatch(Socket socket, MessageBatch batch, int start = 0, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.SendBatch(batch, start, flags));

        public override Task<Outcome<int>> ReceiveBatch(Socket socket, MessageBatch batch, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.ReceiveBatch(batch, flags));

        public override Task<Outcome<SocketErrorRecord>> ReceiveError(Socket socket, Memory<byte> payload = default, CancellationToken token = default) =>
            Catch(() => socket.ReceiveError(payload.Span));
    }

    private sealed class TryStyle : SocketStyle
    {
        public override bool IsSync => true;

        public override bool Throws => false;

        public override Task<Outcome<int>> Connect(Socket socket, EndPoint remote, CancellationToken token = default) => On(() => From(socket.TryConnect(remote)));

        public override Task<Outcome<Socket>> Accept(Socket socket, CancellationToken token = default) => On(() => From(socket.TryAccept()));

        public override Task<Outcome<int>> Receive(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TryReceive(buffer.Span, flags)));

        public override Task<Outcome<int>> ReceiveExactly(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TryReceiveExactly(buffer.Span, flags)));

        public override Task<Outcome<int>> ReceiveFrom(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TryReceiveFrom(buffer.Span, out _, flags)));

        public override Task<Outcome<int>> Send(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TrySend(data.Span, flags)));

        public override Task<Outcome<int>> SendAll(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TrySendAll(data.Span, flags)));

        public override Task<Outcome<int>> SendTo(Socket socket, ReadOnlyMemory<byte> data, EndPoint remote, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TrySendTo(data.Span, remote, flags)));

        public override Task<Outcome<long>> SendFile(Socket socket, SafeFileHandle file, long offset, long? count = null, CancellationToken token = default) =>
            On(() => From(socket.TrySendFile(file, offset, count)));

        public override Task<Outcome<SocketEvents>> Wait(Socket socket, SocketEvents events, CancellationToken token = default) => On(() => From(socket.TryWait(events)));

        public override Task<Outcome<int>> SendMessage(Socket socket, OutgoingMessage message, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TrySendMessage(message, flags)));

        public override Task<Outcome<ReceivedMessage>> ReceiveMessage(Socket socket, Memory<byte> buffer, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TryReceiveMessage(buffer, control, peer, flags)));

        public override Task<Outcome<int>> SendBatch(Socket socket, MessageBatch batch, int start = 0, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TrySendBatch(batch, start, flags)));

        public override Task<Outcome<int>> ReceiveBatch(Socket socket, MessageBatch batch, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            On(() => From(socket.TryReceiveBatch(batch, flags)));

        public override Task<Outcome<SocketErrorRecord>> ReceiveError(Socket socket, Memory<byte> payload = default, CancellationToken token = default) =>
            On(() => From(socket.TryReceiveError(payload.Span)));
    }

    private class AsyncStyle(Lazy<SocketEngine>? engine) : SocketStyle
    {
        public override Task Run(Func<Task> body) => TestEngines.RunOn(engine, body);

        public override Task<Outcome<int>> Connect(Socket socket, EndPoint remote, CancellationToken token = default) =>
            Catch(async () => { await socket.ConnectAsync(remote, token); return 0; });

        public override Task<Outcome<Socket>> Accept(Socket socket, CancellationToken token = default) => Catch(() => socket.AcceptAsync(token));

        public override Task<Outcome<int>> Receive(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.ReceiveAsync(buffer, flags, token));

        public override Task<Outcome<int>> ReceiveExactly(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(async () => { await socket.ReceiveExactlyAsync(buffer, flags, token); return buffer.Length; });

        public override Task<Outcome<int>> ReceiveFrom(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(async () => (await socket.ReceiveFromAsync(buffer, flags, socket.LocalEndPoint!, token)).ReceivedBytes);

        public override Task<Outcome<int>> Send(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.SendAsync(data, flags, token));

        public override Task<Outcome<int>> SendAll(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.SendAllAsync(data, flags, token));

        public override Task<Outcome<int>> SendTo(Socket socket, ReadOnlyMemory<byte> data, EndPoint remote, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.SendToAsync(data, flags, remote, token));

        public override Task<Outcome<long>> SendFile(Socket socket, SafeFileHandle file, long offset, long? count = null, CancellationToken token = default) =>
            Catch(() => socket.SendFileAsync(file, offset, count, token));

        public override Task<Outcome<SocketEvents>> Wait(Socket socket, SocketEvents events, CancellationToken token = default) =>
            Catch(() => socket.WaitAsync(events, token));

        private static async Task<Outcome<T>> Catch<T>(Func<ValueTask<T>> call)
        {
            try
            {
                return new Outcome<T>(await call(), SocketError.Success, 0, 0, 0, null);
            }
            catch (SocketException exception)
            {
                return From<T>(exception);
            }
            catch (OperationCanceledException)
            {
                return Canceled<T>();
            }
        }

        public override Task<Outcome<int>> SendMessage(Socket socket, OutgoingMessage message, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.SendMessageAsync(message, flags, token));

        public override Task<Outcome<ReceivedMessage>> ReceiveMessage(Socket socket, Memory<byte> buffer, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.ReceiveMessageAsync(buffer, control, peer, flags, token));

        public override Task<Outcome<int>> SendBatch(Socket socket, MessageBatch batch, int start = 0, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.SendBatchAsync(batch, start, flags, token));

        public override Task<Outcome<int>> ReceiveBatch(Socket socket, MessageBatch batch, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            Catch(() => socket.ReceiveBatchAsync(batch, flags, token));

        public override Task<Outcome<SocketErrorRecord>> ReceiveError(Socket socket, Memory<byte> payload = default, CancellationToken token = default) =>
            Catch(() => socket.ReceiveErrorAsync(payload, token));
    }

    private sealed class TryAsyncStyle(Lazy<SocketEngine>? engine) : SocketStyle
    {
        public override Task Run(Func<Task> body) => TestEngines.RunOn(engine, body);

        public override bool Throws => false;

        public override async Task<Outcome<int>> Connect(Socket socket, EndPoint remote, CancellationToken token = default) =>
            From(await socket.TryConnectAsync(remote, token));

        public override async Task<Outcome<Socket>> Accept(Socket socket, CancellationToken token = default) => From(await socket.TryAcceptAsync(token));

        public override async Task<Outcome<int>> Receive(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TryReceiveAsync(buffer, flags, token));

        public override async Task<Outcome<int>> ReceiveExactly(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TryReceiveExactlyAsync(buffer, flags, token));

        public override async Task<Outcome<int>> ReceiveFrom(Socket socket, Memory<byte> buffer, SocketFlags flags = SocketFlags.None, CancellationToken token = default)
        {
            SocketResult<SocketReceiveFromResult> result = await socket.TryReceiveFromAsync(buffer, socket.LocalEndPoint!, flags, token);
            return new Outcome<int>(
                result.TryGetValue(out SocketReceiveFromResult value) ? value.ReceivedBytes : 0,
                result.Error, result.Errno, result.BytesTransferred, result.BytesLost, null);
        }

        public override async Task<Outcome<int>> Send(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TrySendAsync(data, flags, token));

        public override async Task<Outcome<int>> SendAll(Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TrySendAllAsync(data, flags, token));

        public override async Task<Outcome<int>> SendTo(Socket socket, ReadOnlyMemory<byte> data, EndPoint remote, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TrySendToAsync(data, remote, flags, token));

        public override async Task<Outcome<long>> SendFile(Socket socket, SafeFileHandle file, long offset, long? count = null, CancellationToken token = default) =>
            From(await socket.TrySendFileAsync(file, offset, count, token));

        public override async Task<Outcome<SocketEvents>> Wait(Socket socket, SocketEvents events, CancellationToken token = default) =>
            From(await socket.TryWaitAsync(events, token));

        public override async Task<Outcome<int>> SendMessage(Socket socket, OutgoingMessage message, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TrySendMessageAsync(message, flags, token));

        public override async Task<Outcome<ReceivedMessage>> ReceiveMessage(Socket socket, Memory<byte> buffer, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TryReceiveMessageAsync(buffer, control, peer, flags, token));

        public override async Task<Outcome<int>> SendBatch(Socket socket, MessageBatch batch, int start = 0, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TrySendBatchAsync(batch, start, flags, token));

        public override async Task<Outcome<int>> ReceiveBatch(Socket socket, MessageBatch batch, SocketFlags flags = SocketFlags.None, CancellationToken token = default) =>
            From(await socket.TryReceiveBatchAsync(batch, flags, token));

        public override async Task<Outcome<SocketErrorRecord>> ReceiveError(Socket socket, Memory<byte> payload = default, CancellationToken token = default) =>
            From(await socket.TryReceiveErrorAsync(payload, token));
    }

    /// <summary>The throwing calls, on the thread of an <see cref="EventLoop"/> to which the sockets belong.</summary>
    private sealed class LoopStyle(Func<EventLoop> create) : AsyncStyle(engine: null)
    {
        public override Task Run(Func<Task> body) => TestEngines.RunOn(create, body);
    }

    private sealed class ChaosStyle() : AsyncStyle(engine: null)
    {
        public override Task Run(Func<Task> body)
        {
            Random random = ChaosPoller.NextChance();
            return random.Next(2) == 0
                ? TestEngines.RunOn(TestEngines.Chaos, body)
                : TestEngines.RunOn(() => new EventLoop(TimeProvider.System, (engine, shard) => new ChaosPoller(engine, shard, random)), body);
        }
    }
}

/// <summary>A test class that runs once per style.</summary>
public abstract class StyledTest(SocketStyle style) : SocketTest
{
    protected SocketStyle Style { get; } = style;

    /// <summary>Runs a test's body where the style's sockets live.</summary>
    protected Task Test(Func<Task> body) => Style.Run(body);

    /// <summary>Bounds a step.</summary>
    protected static Task<T> Bounded<T>(Task<T> step) => step.WaitAsync(Soon);
}
