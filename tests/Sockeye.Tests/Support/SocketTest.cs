using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests.Support;

/// <summary>What the tests of sockets stand on: sockets on loopback, and bounds on all that may wait.</summary>
public abstract class SocketTest
{
    /// <summary>The limit of one test, in milliseconds. A hang is a failure, not a wait.</summary>
    public const int Limit = 30_000;

    /// <summary>How long a single step may take before the test fails by name rather than by its limit.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(12);

    /// <summary>Long enough to see that something does not happen; short enough to run often.</summary>
    public static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(60);

    public static readonly TheoryData<AddressFamily> InternetFamilies = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    public static readonly TheoryData<AddressFamily> AllFamilies =
        [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix];

    /// <summary>Runs what may block on a thread of its own, so that a hang cannot take the runner with it.</summary>
    protected internal static Task Run(Action body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Soon);

    protected internal static Task<T> Run<T>(Func<T> body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(Soon);

    protected internal static Socket Tcp(AddressFamily family = AddressFamily.InterNetwork) => new(family, SocketType.Stream, ProtocolType.Tcp);

    protected internal static Socket Udp(AddressFamily family = AddressFamily.InterNetwork) => new(family, SocketType.Dgram, ProtocolType.Udp);

    protected internal static Socket Unix(SocketType type = SocketType.Stream) => new(AddressFamily.Unix, type, ProtocolType.Unspecified);

    protected internal static Socket Stream(AddressFamily family) => family == AddressFamily.Unix ? Unix() : Tcp(family);

    protected internal static IPAddress Loopback(AddressFamily family) =>
        family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;

    protected internal static EndPoint FreshEndPoint(AddressFamily family) => family == AddressFamily.Unix
        ? new UnixDomainSocketEndPoint(FreshPath())
        : new IPEndPoint(Loopback(family), 0);

    protected internal static string FreshPath() => Path.Combine(Path.GetTempPath(), "sockeye-" + Path.GetRandomFileName());

    /// <summary>A stream listener on a free port of loopback, or on a fresh path.</summary>
    protected internal static Socket Listener(AddressFamily family = AddressFamily.InterNetwork, int backlog = 16)
    {
        Socket listener = Stream(family);
        listener.Bind(FreshEndPoint(family));
        listener.Listen(backlog);
        return listener;
    }

    protected internal static Socket BoundUdp(AddressFamily family = AddressFamily.InterNetwork)
    {
        Socket socket = Udp(family);
        socket.Bind(new IPEndPoint(Loopback(family), 0));
        return socket;
    }

    /// <summary>One that its engine watches: a ring is asked to let it go when it is disposed, and Dispose waits for that.</summary>
    protected internal static async Task<Socket> WatchedUdp()
    {
        Socket socket = BoundUdp();
        using var source = new CancellationTokenSource();
        ValueTask<SocketResult<int>> receive = socket.TryReceiveAsync(new byte[1].AsMemory(), SocketFlags.None, source.Token);
        await Task.Yield();
        await Task.Yield();
        source.Cancel();
        Assert.Equal(SocketError.OperationAborted, (await receive).Error);
        return socket;
    }

    protected internal static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>An address where nobody listens: its port was free a moment ago.</summary>
    protected internal static EndPoint NobodyThere(AddressFamily family)
    {
        using Socket listener = Listener(family);
        return listener.LocalEndPoint!;
    }

    /// <summary>Two ends of one connection.</summary>
    protected internal static async Task<Pair> Connected(AddressFamily family = AddressFamily.InterNetwork)
    {
        using Socket listener = Listener(family);
        Socket client = Stream(family);
        Task<Socket> accept = listener.AcceptAsync();
        await client.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        return new Pair(client, await accept.WaitAsync(Soon));
    }

    /// <summary>Two ends of one connection with small buffers; with smaller ones TCP dawdles.</summary>
    protected internal static async Task<Pair> Narrow(AddressFamily family = AddressFamily.InterNetwork)
    {
        Pair pair = await Connected(family);
        pair.Client.SendBufferSize = 32 * 1024;
        pair.Server.ReceiveBufferSize = 64 * 1024;
        return pair;
    }

    /// <summary>A listener that answers nobody: its queue is full, so the kernel drops what comes.</summary>
    protected internal static async Task<Pair> Silent(IPAddress? address = null, int port = 0)
    {
        Socket listener = Tcp();
        listener.Bind(new IPEndPoint(address ?? IPAddress.Loopback, port));
        listener.Listen(0);
        Socket first = Tcp();
        await first.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        return new Pair(first, listener);
    }

    protected internal static byte[] Bytes(int count, int seed = 1)
    {
        byte[] bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Reads until the stream ends.</summary>
    protected internal static async Task<byte[]> ReadToEnd(Socket socket)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            int count = await socket.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon);
            if (count == 0)
            {
                return all.ToArray();
            }

            all.Write(buffer, 0, count);
        }
    }

    /// <summary>Waits for what the kernel or another thread does a little later.</summary>
    protected internal static async Task Eventually(Func<bool> condition, string what = "It did not happen in time.")
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Soon, what);
            await Task.Delay(5);
        }
    }

    /// <summary>The numbers of this process's open descriptors.</summary>
    protected internal static int[] OpenDescriptors() =>
        [.. Directory.GetFiles("/proc/self/fd").Select(static path => int.Parse(Path.GetFileName(path)))];

    protected internal static T Fails<T>(Action act)
        where T : Exception => Assert.ThrowsAny<T>(act);

    protected internal static SocketException Fails(SocketError error, Action act)
    {
        SocketException exception = Assert.ThrowsAny<SocketException>(act);
        Assert.Equal(error, exception.SocketErrorCode);
        return exception;
    }
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

/// <summary>Tests that count what the whole process has: descriptors, bytes. Nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
