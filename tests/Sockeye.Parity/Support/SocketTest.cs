using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ParityTests;

/// <summary>What every test here stands on: sockets on loopback, and bounds on all that may wait.</summary>
/// <remarks>
/// Each file here is built twice: against System.Net.Sockets.Socket, which proves the tests, and against
/// Sockeye.Socket, which they prove. <c>Socket</c> is a global alias, so nothing below says which one it is.
/// </remarks>
public abstract class SocketTest
{
    /// <summary>The limit of one test, in milliseconds. A hang is a failure, not a wait.</summary>
    public const int Limit = 30_000;

    /// <summary>How long a single step may take before the test fails by name rather than by its limit.</summary>
    protected static readonly TimeSpan Soon = TimeSpan.FromSeconds(12);

    /// <summary>Long enough to see that something does not happen; short enough to run often.</summary>
    protected static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(80);

    public static readonly TheoryData<AddressFamily> InternetFamilies = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    public static readonly TheoryData<AddressFamily> AllFamilies = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix];

    /// <summary>Runs a body that may block on a thread of its own, so that a hang cannot take the runner with it.</summary>
    protected static Task Run(Action body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Soon);

    protected static Task<T> Run<T>(Func<T> body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Soon);

    protected static Socket Tcp(AddressFamily family = AddressFamily.InterNetwork) => new(family, SocketType.Stream, ProtocolType.Tcp);

    protected static Socket Udp(AddressFamily family = AddressFamily.InterNetwork) => new(family, SocketType.Dgram, ProtocolType.Udp);

    protected static Socket Unix(SocketType type = SocketType.Stream) => new(AddressFamily.Unix, type, ProtocolType.Unspecified);

    protected static IPAddress Loopback(AddressFamily family) => family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;

    protected static IPAddress Any(AddressFamily family) => family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;

    /// <summary>A stream listener on a free port of loopback, or on a fresh path.</summary>
    protected static Socket Listener(AddressFamily family = AddressFamily.InterNetwork, int backlog = 16)
    {
        Socket listener = family == AddressFamily.Unix ? Unix() : Tcp(family);
        listener.Bind(family == AddressFamily.Unix ? new UnixDomainSocketEndPoint(FreshPath()) : new IPEndPoint(Loopback(family), 0));
        listener.Listen(backlog);
        return listener;
    }

    protected static Socket BoundUdp(AddressFamily family = AddressFamily.InterNetwork)
    {
        Socket socket = Udp(family);
        socket.Bind(new IPEndPoint(Loopback(family), 0));
        return socket;
    }

    protected static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    protected static string FreshPath() => Path.Combine(Path.GetTempPath(), "parity-" + Path.GetRandomFileName());

    /// <summary>Two ends of one connection, made without the calls under test taking a part in the waiting.</summary>
    protected static async Task<Pair> Connected(AddressFamily family = AddressFamily.InterNetwork)
    {
        using Socket listener = Listener(family);
        Socket client = family == AddressFamily.Unix ? Unix() : Tcp(family);
        Task<Socket> accept = listener.AcceptAsync();
        await client.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        return new Pair(client, await accept.WaitAsync(Soon));
    }

    /// <summary>A listener whose queue is full: who connects to it waits until somebody accepts or gives up.</summary>
    protected static async Task<Pair> Saturated()
    {
        Socket listener = Listener(backlog: 0);
        Socket first = Tcp();
        await first.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        return new Pair(first, listener);
    }

    protected static byte[] Bytes(int count, int seed = 1)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Reads until <paramref name="count"/> bytes are there or the stream ends.</summary>
    protected static async Task<byte[]> ReadExactly(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        int read = 0;
        while (read < count)
        {
            int n = await socket.ReceiveAsync(bytes.AsMemory(read), SocketFlags.None).AsTask().WaitAsync(Soon);
            if (n == 0)
            {
                break;
            }

            read += n;
        }

        return bytes[..read];
    }

    protected static async Task<byte[]> ReadToEnd(Socket socket)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            int n = await socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None).AsTask().WaitAsync(Soon);
            if (n == 0)
            {
                return all.ToArray();
            }

            all.Write(buffer, 0, n);
        }
    }

    /// <summary>Waits for what the kernel does a little later, such as a reset on its way over loopback.</summary>
    protected static async Task Eventually(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Soon, "It did not happen in time.");
            await Task.Delay(5);
        }
    }

    protected static SocketException Fails(SocketError error, Action act)
    {
        SocketException e = Assert.ThrowsAny<SocketException>(act);
        Assert.Equal(error, e.SocketErrorCode);
        return e;
    }

    protected static async Task<SocketException> FailsAsync(SocketError error, Func<Task> act)
    {
        SocketException e = await Assert.ThrowsAnyAsync<SocketException>(() => act().WaitAsync(Soon));
        Assert.Equal(error, e.SocketErrorCode);
        return e;
    }

    protected static Task ThrowsAsync<T>(Func<Task> act) where T : Exception => Assert.ThrowsAsync<T>(() => act().WaitAsync(Soon));
}

/// <summary>Two sockets that end together.</summary>
public sealed record Pair(Socket Client, Socket Server) : IDisposable
{
    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }
}
