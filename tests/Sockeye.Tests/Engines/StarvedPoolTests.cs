using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Microsoft.Win32.SafeHandles;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>
/// A loop needs no thread of the pool: every public asynchronous method of the library is called on a loop while all threads
/// of a pool that cannot grow are blocked. The methods are those that reflection finds, so that a new one is called too, or
/// fails here for want of a scene. In a process of its own, since the pool is the process's.
/// </summary>
public sealed class StarvedPoolTests : SocketTest
{
    private const int ChildLimit = 90_000;

    [Theory(Timeout = ChildLimit)]
    [InlineData("epoll")]
    [InlineData("io_uring")]
    public async Task No_call_on_a_loop_waits_for_the_thread_pool(string engine)
    {
        TestEngines.Require(engine == "epoll" ? EngineKind.Epoll : EngineKind.IoUring);
        string[] lines = await EngineChoiceTests.Child(
            typeof(StarvedPoolChildTests), nameof(StarvedPoolChildTests.Every_asynchronous_method_is_called), errno: 0, engine);
        Assert.Equal(["the pool was blocked all the while"], lines[1..]);
        Assert.True(int.Parse(lines[0].Split(' ')[0]) > 130, lines[0]);
    }
}

/// <summary>The child of <see cref="StarvedPoolTests"/>; it runs only when it is named.</summary>
public sealed class StarvedPoolChildTests : SocketTest
{
    private const int LargeBytes = 8 << 20;
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    // A group's stop outlives its loops and runs on the pool: docs/event-loops.md says so.
    private static readonly Type[] OnThePool = [typeof(EventLoopGroup)];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly string LargeFile = FreshPath();

    [Fact(Explicit = true, Timeout = 80_000)]
    public async Task Every_asynchronous_method_is_called()
    {
        await File.WriteAllBytesAsync(LargeFile, new byte[LargeBytes]);
        await using var group = new EventLoopGroup(new EventLoopGroupOptions { Count = 2 });

        // Never disposed: threads of the pool may be in its wait for a while after the end.
        var release = new ManualResetEventSlim();
        var lines = new List<string>();
        bool probed = false;
        var thread = new Thread(() =>
        {
            try
            {
                Starve(release);
                ThreadPool.UnsafeQueueUserWorkItem(_ => Volatile.Write(ref probed, true), null);
                using var loop = new EventLoop();
                loop.Run(() => CallAll(loop, group, lines));
            }
            catch (Exception exception)
            {
                lines.Add(exception.ToString());
            }

            lines.Add(Volatile.Read(ref probed) ? "the pool was not blocked" : "the pool was blocked all the while");
            release.Set();
        });
        thread.Start();
        thread.Join();
        await File.WriteAllLinesAsync(EngineChildTests.Report, lines);
        File.Delete(LargeFile);
    }

    // As many threads as the runtime allows at least, each in a wait.
    private static void Starve(ManualResetEventSlim release)
    {
        ThreadPool.GetMinThreads(out int least, out _);
        Assert.True(ThreadPool.SetMinThreads(1, 1));
        int most = Math.Max(Environment.ProcessorCount, least);
        Assert.True(ThreadPool.SetMaxThreads(most, most));
        for (int i = 0; i < 4 * most; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => release.Wait(), null);
        }

        // Threads that the test's runner itself keeps waiting count too. That the pool had none to spare is seen at the end.
        Assert.True(SpinWait.SpinUntil(static () => ThreadPool.PendingWorkItemCount != 0, Soon));
        Thread.Sleep(TimeSpan.FromSeconds(1));
        Assert.NotEqual(0, ThreadPool.PendingWorkItemCount);
    }

    private static async Task CallAll(EventLoop loop, EventLoopGroup group, List<string> lines)
    {
        int count = 0;
        foreach ((string name, Func<Task> scene) in Scenes(loop, group))
        {
            count++;
            lines.Insert(0, name);
            Task task;
            try
            {
                task = scene();
                long start = Environment.TickCount64;
                while (!task.IsCompleted && Environment.TickCount64 - start < Patience.TotalMilliseconds)
                {
                    await loop.DelayAsync(TimeSpan.FromMilliseconds(1));
                }
            }
            catch (Exception exception)
            {
                task = Task.FromException(exception);
            }

            lines.RemoveAt(0);
            if (!task.IsCompletedSuccessfully)
            {
                lines.Add($"{name}: {(task.IsCompleted ? task.Exception?.InnerException?.ToString() ?? "canceled" : "no end")}");
            }
        }

        lines.Insert(0, $"{count} calls");
    }

    private static IEnumerable<(string Name, Func<Task> Scene)> Scenes(EventLoop loop, EventLoopGroup group)
    {
        IEnumerable<Type> types = typeof(Socket).Assembly.GetExportedTypes().Except(OnThePool);
        foreach (MethodInfo method in types.SelectMany(static type => Methods(type)))
        {
            yield return ($"{method.DeclaringType!.Name} {method}", () => Play(method, loop, group));
        }

        // What our types inherit and hand out.
        foreach (MethodInfo method in Methods(typeof(Stream)))
        {
            yield return ($"SocketFile as {method.DeclaringType!.Name} {method}", () => OfFile(method));
        }

        foreach (MethodInfo method in Methods(typeof(PipeReader)).Concat(Methods(typeof(PipeWriter))))
        {
            yield return ($"SocketPipe's {method.DeclaringType!.Name} {method}", () => OfPipe(method));
        }

        // Limits that the runtime's timers, which fire on the pool, would keep.
        yield return ("a pipe whose peer reads nothing is given up", AbandonedPipe);
        yield return ("a pipe that leaves its socket open", OpenPipe);
        yield return ("a race's next attempt comes after its delay", RacedConnection);
        yield return ("a lookup's limit passes", LimitedLookup);
        yield return ("a listener's connection is closed when its handler ends", () => ServedConnection(group));
    }

    private static IEnumerable<MethodInfo> Methods(Type type) => type.GetMethods(Declared).Where(static method =>
        method.ReturnType.Name is "Task" or "ValueTask" or "Task`1" or "ValueTask`1" or "IAsyncEnumerator`1");

    private static Task Play(MethodInfo method, EventLoop loop, EventLoopGroup group) => method.DeclaringType!.Name switch
    {
        nameof(Socket) => OfSocket(method),
        nameof(SocketFile) => OfFile(method),
        nameof(SocketTextFile) => OfTextFile(method),
        nameof(SocketPipe) => OfPipe(method),
        nameof(SocketUri) => OfEndpoint(method),
        nameof(Resolver) => Call(method, target: null, new Scenery()),
        nameof(EventLoop) => Call(method.IsGenericMethod ? method.MakeGenericMethod(typeof(int)) : method, loop, new Scenery()),
        nameof(EventLoopListener) => Call(method, group.Listen(new IPEndPoint(IPAddress.Loopback, 0), static _ => Task.CompletedTask), new Scenery()),
        _ => throw new NotSupportedException($"No scene for {method.DeclaringType}.{method.Name}."),
    };

    private static async Task OfSocket(MethodInfo method)
    {
        string name = method.Name.StartsWith("Try", StringComparison.Ordinal) ? method.Name[3..] : method.Name;
        if (name is "AcceptAsync" or "ConnectAsync" or "ConnectAndSendAsync" or "CreateConnectionAsync")
        {
            using Socket listener = Listener();
            using Socket other = Tcp();
            var scenery = new Scenery { EndPoint = listener.LocalEndPoint!, Port = PortOf(listener), Bytes = 16 };
            bool accepts = name == "AcceptAsync";
            await Call(method, method.IsStatic ? null : accepts ? listener : other, scenery, accepts ? () => other.Connect(listener.LocalEndPoint!) : null);
        }
        else if (name == "ReceiveErrorAsync")
        {
            using Socket socket = Udp();
            socket.SetOption(IpOptions.ReceiveErrors, true);
            socket.Connect(NobodyThere(AddressFamily.InterNetwork));
            await Call(method, socket, new Scenery(), () => socket.Send(new byte[1]));
        }
        else if (name.StartsWith("Receive", StringComparison.Ordinal) && name is not ("ReceiveAsync" or "ReceiveExactlyAsync"))
        {
            using Socket socket = BoundUdp();
            using Socket peer = BoundUdp();
            await Call(method, socket, new Scenery { EndPoint = new IPEndPoint(IPAddress.Any, 0) }, () => peer.SendTo(new byte[16], socket.LocalEndPoint!));
        }
        else if (name is "SendToAsync" or "SendBatchAsync" or "SendMessageAsync")
        {
            using Socket socket = BoundUdp();
            using Socket peer = BoundUdp();
            socket.Connect(peer.LocalEndPoint!);
            await Call(method, socket, new Scenery { EndPoint = peer.LocalEndPoint!, Bytes = 16 });
        }
        else
        {
            using Pair pair = Pair();
            bool sends = name.StartsWith("Send", StringComparison.Ordinal);
            using Drain? drain = sends ? new Drain(pair.Client) : null;
            await Call(method, pair.Server, new Scenery { Bytes = sends ? LargeBytes : 16 }, sends || name == "DisconnectAsync" ? null : () => pair.Client.SendAll(new byte[16]));
        }
    }

    private static async Task OfFile(MethodInfo method)
    {
        using Pair pair = Pair();
        bool writes = method.Name.StartsWith("Write", StringComparison.Ordinal) || method.Name is "FlushAsync" or "DisposeAsync";
        using Drain? drain = writes ? new Drain(pair.Client) : null;
        using SocketFile file = pair.Server.MakeFile();
        if (method.Name is "FlushAsync" or "DisposeAsync")
        {
            file.Write(new byte[100]);
        }

        await Call(method, file, new Scenery { Bytes = writes ? LargeBytes : 16 }, () =>
        {
            pair.Client.SendAll("sixteen or more bytes\n"u8);
            pair.Client.Shutdown(SocketShutdown.Send);
        });
    }

    private static async Task OfTextFile(MethodInfo method)
    {
        using Pair pair = Pair();
        bool writes = method.Name.StartsWith("Write", StringComparison.Ordinal) || method.Name is "FlushAsync" or "DisposeAsync";
        using Drain? drain = writes ? new Drain(pair.Client) : null;
        using SocketTextFile file = pair.Server.MakeTextFile();
        if (method.Name is "FlushAsync" or "DisposeAsync")
        {
            file.Write("something");
        }

        await Call(method, file, new Scenery { Bytes = writes ? LargeBytes : 16 }, () => pair.Client.SendAll("a line\n"u8));
    }

    private static async Task OfPipe(MethodInfo method)
    {
        using Pair pair = Pair();
        await using var pipe = new SocketPipe(pair.Server);
        bool isReader = method.DeclaringType == typeof(PipeReader);
        using Drain? drain = isReader ? null : new Drain(pair.Client);
        if (method.DeclaringType == typeof(SocketPipe) || (!isReader && (method.Name is "FlushAsync" or "CompleteAsync")))
        {
            pipe.Output.Write(new byte[LargeBytes]);
        }

        Task<ReadResult>? read = method.DeclaringType == typeof(SocketPipe) ? pipe.Input.ReadAsync().AsTask() : null;
        object target = isReader ? pipe.Input : method.DeclaringType == typeof(PipeWriter) ? pipe.Output : pipe;
        await Call(method, target, new Scenery { Bytes = isReader ? 16 : LargeBytes }, () =>
        {
            if (isReader)
            {
                pair.Client.SendAll(new byte[32]);
                pair.Client.Shutdown(SocketShutdown.Send);
            }
        });
        if (read is not null)
        {
            Assert.True((await read).IsCanceled);
        }

        if (isReader && method.Name.StartsWith("Read", StringComparison.Ordinal))
        {
            pipe.Input.AdvanceTo(default);
        }
    }

    private static async Task OfEndpoint(MethodInfo method)
    {
        using Socket listener = Listener();
        bool connects = method.Name.Contains("Connect", StringComparison.Ordinal);
        bool binds = method.Name.Contains("Bind", StringComparison.Ordinal);
        SocketUri endpoint = SocketUri.Parse(binds ? "udp://localhost:0" : $"tcp://localhost:{(connects ? PortOf(listener) : 0)}");
        await Call(method, endpoint, new Scenery());
    }

    private static async Task AbandonedPipe()
    {
        using Pair pair = Pair();
        var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { DisposeTimeout = TimeSpan.FromMilliseconds(50) });
        pipe.Output.Write(new byte[LargeBytes]);
        pipe.TryFlush();
        await pipe.DisposeAsync();
    }

    private static async Task OpenPipe()
    {
        using Pair pair = Pair();
        var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { LeaveOpen = true });
        Task<ReadResult> read = pipe.Input.ReadAsync().AsTask();
        await Task.Yield();
        await pipe.DisposeAsync();
        Assert.True((await read).IsCanceled);
    }

    private static async Task RacedConnection()
    {
        using Pair silent = SilentListener();
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        int port = PortOf(silent.Server);
        using Socket other = Tcp(AddressFamily.InterNetworkV6);
        other.Bind(new IPEndPoint(IPAddress.IPv6Loopback, port));
        other.Listen(4);
        using Socket won = await Socket.CreateConnectionAsync(new DnsEndPoint("two.test", port), new ConnectionOptions
        {
            AttemptDelay = TimeSpan.FromMilliseconds(30),
            Lookup = static (_, _, _) => Task.FromResult(ResolverResult<IPAddress[]>.Success([IPAddress.Loopback, IPAddress.IPv6Loopback])),
        });
        Assert.Equal(AddressFamily.InterNetworkV6, won.AddressFamily);
    }

    private static async Task LimitedLookup()
    {
        using var hung = new ManualResetEventSlim();
        var threads = new ResolverThreads(1, 1, TimeSpan.FromSeconds(1));
        ResolverResult<int> result = await threads.RunAsync(
            () =>
            {
                hung.Wait();
                return ResolverResult<int>.Success(1);
            },
            TimeSpan.FromMilliseconds(30),
            CancellationToken.None);
        hung.Set();
        Assert.False(result.IsSuccess);
    }

    private static async Task ServedConnection(EventLoopGroup group)
    {
        EventLoopListener listener = group.Listen(new IPEndPoint(IPAddress.Loopback, 0), static async socket =>
        {
            byte[] buffer = new byte[16];
            Assert.Equal(4, await socket.ReceiveAsync(buffer.AsMemory()));
        });
        using Socket client = Tcp();
        client.Connect(listener.LocalEndPoint);
        await client.SendAllAsync("last"u8.ToArray());
        Assert.Equal(0, await client.ReceiveAsync(new byte[1].AsMemory()));
        await listener.StopAsync();
    }

    // Without a call that waits for the pool's sake: all of it is the test's own.
    private static Pair Pair()
    {
        using Socket listener = Listener();
        Socket client = Tcp();
        client.Connect(listener.LocalEndPoint!);
        return new Pair(client, listener.Accept());
    }

    private static Pair SilentListener()
    {
        Socket listener = Tcp();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        Socket first = Tcp();
        first.Connect(listener.LocalEndPoint!);
        return new Pair(first, listener);
    }

    private static async Task Call(MethodInfo method, object? target, Scenery scenery, Action? ready = null)
    {
        object?[] arguments = [.. method.GetParameters().Select(scenery.Argument)];
        object? result = method.Invoke(target, arguments);
        Task task = result switch
        {
            Task one => one,
            ValueTask one => one.AsTask(),
            IAsyncEnumerator<string> lines => lines.MoveNextAsync().AsTask(),
            null => throw new InvalidOperationException("No task was returned."),
            _ => (Task)result.GetType().GetMethod("AsTask")!.Invoke(result, null)!,
        };

        // Some turns later, so that the call waits where it can.
        await EventLoop.Current!.DelayAsync(TimeSpan.FromMilliseconds(1));
        ready?.Invoke();
        await task;
        object? value = task.GetType().GetProperty("Result")?.GetValue(task);
        if (value?.GetType() is { } type && type.Name.Contains("Result`1", StringComparison.Ordinal))
        {
            Assert.Equal(true, type.GetProperty("IsSuccess")!.GetValue(value));
        }

        (value as IDisposable)?.Dispose();
        foreach (IDisposable owned in arguments.OfType<IDisposable>())
        {
            owned.Dispose();
        }
    }

    /// <summary>What a call is given, by the types of its parameters.</summary>
    private sealed class Scenery
    {
        public EndPoint EndPoint { get; init; } = new IPEndPoint(IPAddress.Loopback, 80);

        public int Port { get; init; }

        public int Bytes { get; init; } = 16;

        public object? Argument(ParameterInfo parameter)
        {
            Type type = parameter.ParameterType;
            return type == typeof(EndPoint) ? parameter.Name == "sourceEndPoint" ? null : EndPoint
                : type == typeof(SocketAddress) ? EndPoint.Serialize()
                : type == typeof(Memory<byte>) ? parameter.Name == "control" ? default(Memory<byte>) : new byte[16].AsMemory()
                : type == typeof(ReadOnlyMemory<byte>) ? new ReadOnlyMemory<byte>(new byte[Bytes])
                : type == typeof(ReadOnlyMemory<char>) ? new string('x', Bytes).AsMemory()
                : type == typeof(ArraySegment<byte>) ? new ArraySegment<byte>(new byte[Bytes])
                : type == typeof(IList<ArraySegment<byte>>) ? new[] { new ArraySegment<byte>(new byte[Bytes]) }
                : type == typeof(byte[]) ? new byte[Bytes]
                : type == typeof(MessageBatch) ? Batch()
                : type == typeof(OutgoingMessage) ? new OutgoingMessage(new byte[16])
                : type == typeof(SafeFileHandle) ? File.OpenHandle(LargeFile)
                : type == typeof(Stream) ? Filled()
                : type == typeof(PipeWriter) ? PipeWriter.Create(System.IO.Stream.Null)
                : type == typeof(IPAddress) ? IPAddress.Loopback
                : type == typeof(IPAddress[]) ? new[] { IPAddress.Loopback }
                : type == typeof(ConnectionOptions) ? new ConnectionOptions()
                : type == typeof(Func<Task>) ? static () => EventLoop.Current!.DelayAsync(TimeSpan.FromMilliseconds(1))
                : type == typeof(Func<Task<int>>) ? static () => Task.FromResult(1)
                : type == typeof(TimeSpan) ? TimeSpan.FromMilliseconds(2)
                : type == typeof(string) ? Text(parameter.Name!)
                : type == typeof(int) ? Number(parameter)
                : type == typeof(long) ? 0L
                : type == typeof(NameInfoFlags) ? NameInfoFlags.NumericHost
                : type == typeof(SocketEvents) ? SocketEvents.Readable
                : type == typeof(AddressFamily) ? AddressFamily.InterNetwork
                : type == typeof(Socket) || type == typeof(ConnectionTrace) || type == typeof(Exception) || Nullable.GetUnderlyingType(type) is not null ? null
                : type.IsEnum || type == typeof(CancellationToken) || type == typeof(bool) ? Activator.CreateInstance(type)
                : throw new NotSupportedException($"Nothing to give for {parameter}.");
        }

        private static string? Text(string name) => name switch
        {
            "host" => "localhost",
            "service" => null,
            "fileName" => LargeFile,
            "line" => "a line",
            _ => throw new NotSupportedException($"Nothing to give for {name}."),
        };

        private int Number(ParameterInfo parameter) => parameter.Name switch
        {
            "port" => Port,
            "offset" or "start" => 0,
            "count" => Bytes,
            "minimumBytes" or "minimumSize" => 8,
            "bufferSize" => 4096,
            "maxBytes" => 100,
            _ => throw new NotSupportedException($"Nothing to give for {parameter}."),
        };

        private MemoryStream Filled()
        {
            var stream = new MemoryStream();
            stream.Write(new byte[Bytes]);
            stream.Position = 0;
            return stream;
        }

        private static MessageBatch Batch()
        {
            var batch = new MessageBatch(4, 16);
            batch.Add(new byte[8]);
            return batch;
        }
    }

    /// <summary>A thread that reads what comes until the end.</summary>
    private sealed class Drain : IDisposable
    {
        private readonly Socket _socket;
        private readonly Thread _thread;

        public Drain(Socket socket)
        {
            _socket = socket;
            _thread = new Thread(Read);
            _thread.Start();
        }

        // The socket is disposed behind it; a thread in a receive ends then.
        public void Dispose()
        {
            _socket.Dispose();
            _thread.Join();
        }

        private void Read()
        {
            byte[] buffer = new byte[64 * 1024];
            try
            {
                while (_socket.TryReceive(buffer).TryGetValue(out int count) && count > 0)
                {
                }
            }
            catch (ObjectDisposedException)
            {
                // The scene is over.
            }
        }
    }
}
