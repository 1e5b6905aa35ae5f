using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Guest.Tests;

/// <summary>How a test calls its sockets.</summary>
public enum Way
{
    /// <summary>Calls that wait on the caller's thread.</summary>
    Sync,

    /// <summary>Calls that epoll completes.</summary>
    Epoll,

    /// <summary>Calls that io_uring completes.</summary>
    IoUring,
}

/// <summary>What the tests in the guest stand on: sockets of any family, called in each way, and a bound on each step.</summary>
public abstract class GuestTest
{
    /// <summary>The limit of one test, in milliseconds: an emulated processor, on a machine that may be busy.</summary>
    public const int Limit = 90_000;

    public static readonly TheoryData<Way> Ways = [Way.Sync, Way.Epoll, Way.IoUring];

    protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(40);

    private static readonly Lazy<SocketEngine> _epoll = new(static () => SocketEngine.CreateEpoll());
    private static readonly Lazy<SocketEngine> _ring = new(static () => SocketEngine.CreateIoUring());

    // A number of its own for each test: port, service type.
    private static uint s_number = 20_000;

    // Here and not at each test: outside, a packet to a VSOCK address may leave the machine.
    protected GuestTest() => Assert.SkipUnless(
        Environment.GetEnvironmentVariable("SOCKEYE_GUEST") == "1", "It runs in the guest: ./test --guest.");

    /// <summary>Each way with each of two socket types.</summary>
    protected static TheoryData<Way, SocketType> WaysWith(SocketType one, SocketType other)
    {
        TheoryData<Way, SocketType> rows = [];
        foreach (Way way in Enum.GetValues<Way>())
        {
            rows.Add(way, one);
            rows.Add(way, other);
        }

        return rows;
    }

    protected static uint NextNumber() => Interlocked.Increment(ref s_number);

    protected static SocketEngine? EngineOf(Way way) => way switch
    {
        Way.Epoll => _epoll.Value,
        Way.IoUring => _ring.Value,
        _ => null,
    };

    protected static Socket Open(Way way, AddressFamily family, SocketType type, ProtocolType protocol = ProtocolType.Unspecified) =>
        new(family, type, protocol, EngineOf(way));

    protected static Task Connect(Way way, Socket socket, EndPoint remote) =>
        Do(way, () => socket.Connect(remote), () => socket.ConnectAsync(remote, CancellationToken.None));

    protected static Task<Socket> Accept(Way way, Socket socket) =>
        Do(way, socket.Accept, () => socket.AcceptAsync(CancellationToken.None));

    protected static Task<int> Receive(Way way, Socket socket, Memory<byte> buffer) =>
        Do(way, () => socket.Receive(buffer.Span), () => socket.ReceiveAsync(buffer));

    protected static Task<int> Send(Way way, Socket socket, ReadOnlyMemory<byte> data, SocketFlags flags = SocketFlags.None) =>
        Do(way, () => socket.Send(data.Span, flags), () => socket.SendAsync(data, flags));

    protected static Task<int> SendTo(Way way, Socket socket, ReadOnlyMemory<byte> data, EndPoint remote) =>
        Do(way, () => socket.SendTo(data.Span, remote), () => socket.SendToAsync(data, remote));

    protected static async Task<(int Length, EndPoint From)> ReceiveFrom(Way way, Socket socket, Memory<byte> buffer, EndPoint like)
    {
        EndPoint from = like;
        if (way == Way.Sync)
        {
            return (await Do(way, () => socket.ReceiveFrom(buffer.Span, ref from), null!), from);
        }

        SocketReceiveFromResult result = await socket.ReceiveFromAsync(buffer, like).AsTask().WaitAsync(Soon);
        return (result.ReceivedBytes, result.RemoteEndPoint);
    }

    /// <summary>A connect that must fail, and does so in its time.</summary>
    protected static Task<SocketException> ConnectFails(Way way, Socket socket, EndPoint remote) =>
        Assert.ThrowsAnyAsync<SocketException>(() => Connect(way, socket, remote));

    /// <summary>Sends the text and waits for it at the other end, where it comes whole and alone.</summary>
    protected static async Task Carry(Way way, Socket from, Socket to, string text)
    {
        byte[] buffer = new byte[256];
        Assert.Equal(text.Length, await Send(way, from, Encoding.ASCII.GetBytes(text)));
        int length = await Receive(way, to, buffer);
        Assert.Equal(text, Encoding.ASCII.GetString(buffer, 0, length));
    }

    /// <summary>Two ends of one connection.</summary>
    protected static async Task<Connection> Connected(Way way, Socket listener, EndPoint remote)
    {
        Socket client = Open(way, listener.AddressFamily, listener.SocketType, listener.ProtocolType);
        Task<Socket> accept = Accept(way, listener);
        await Connect(way, client, remote);
        return new Connection(listener, client, await accept);
    }

    private static Task Do(Way way, Action wait, Func<ValueTask> start) => Do(
        way,
        () =>
        {
            wait();
            return 0;
        },
        async () =>
        {
            await start();
            return 0;
        });

    // A call that waits has a thread of its own, so that a hang is one test's and not the runner's.
    private static Task<T> Do<T>(Way way, Func<T> wait, Func<ValueTask<T>> start) =>
        (way == Way.Sync
            ? Task.Factory.StartNew(wait, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : start().AsTask()).WaitAsync(Soon);

    /// <summary>Three sockets that end together.</summary>
    protected sealed record Connection(Socket Listener, Socket Client, Socket Server) : IDisposable
    {
        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
            Listener.Dispose();
        }
    }
}
