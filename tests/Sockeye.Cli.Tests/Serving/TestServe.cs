using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Sockeye.Chat.Tests.Harness;
using Sockeye.Cli.Serving;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests.Serving;

/// <summary>Which kind of address a test serves at.</summary>
public enum Family
{
    IPv4,
    IPv6,
    Unix,
}

/// <summary>A server of a program in this process, on a loop of its own; what it tells is kept, as JSON.</summary>
internal sealed class TestServe : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<SocketUri[]> _bound = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ProgramServer _server;
    private readonly Report _report;
    private readonly SocketUri _endpoint;
    private readonly Task<bool> _run;

    private TestServe(ServedProgram program, SocketUri endpoint, ServeOptions options, Stream? output)
    {
        _endpoint = endpoint;
        _report = new Report(
            "sockeye serve test", new ReportOptions(Json: true, LogLevel.None, new Style(false), new Style(false)), output ?? Events, TextWriter.Null, TimeProvider.System);
        _server = new ProgramServer(program, options, _report, TimeProvider.System);
        _run = Task.Factory.StartNew(RunLoop, TaskCreationOptions.LongRunning);
    }

    /// <summary>What was told.</summary>
    public EventLog Events { get; } = new();

    public SocketUri Endpoint => _bound.Task.Result[0];

    public IReadOnlyList<SocketUri> Bound => _bound.Task.Result;

    public int Connections => _server.Connections;

    /// <summary>Complete when the server has stopped; false when its program could not go on.</summary>
    public Task<bool> Ended => _run.WaitAsync(TestClient.Patience);

    public static async Task<TestServe> StartAsync(ServedProgram program, SocketUri endpoint, ServeOptions? options = null, Stream? output = null)
    {
        var serve = new TestServe(program, endpoint, options ?? new ServeOptions(), output);
        await serve._bound.Task.WaitAsync(TestClient.Patience);
        return serve;
    }

    public static Task<TestServe> StartAsync(ServedProgram program, Family family, bool threads, ServeOptions? options = null) =>
        StartAsync(program, At(family), (options ?? new ServeOptions()) with { Threads = threads });

    /// <summary>A free address.</summary>
    public static SocketUri At(Family family, bool datagrams = false, string name = "") => SocketUri.Parse(family switch
    {
        Family.IPv4 => $"{(datagrams ? "udp" : "tcp")}://127.0.0.1:0",
        Family.IPv6 => $"{(datagrams ? "udp" : "tcp")}://[::1]:0",
        _ => $"unix{(datagrams ? "-dgram" : "")}:{Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}{name}.sock")}",
    });

    /// <summary>Asks it to stop.</summary>
    public void Stop() => _stop.Cancel();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await Ended;
        Assert.Equal(0, Connections);
        _report.Dispose();
        if (_endpoint.EndPoint is UnixEndPoint path)
        {
            Assert.False(File.Exists(path.ToString()));
        }
    }

    private bool RunLoop()
    {
        using var loop = new EventLoop();
        return loop.Run(async () =>
        {
            try
            {
                await _server.OpenAsync(_endpoint);
                _bound.SetResult([.. _server.Bound]);
            }
            catch (SocketException e)
            {
                _bound.SetException(e);
                return false;
            }

            return await _server.RunAsync(_stop.Token);
        });
    }
}

/// <summary>The events that a report wrote, to be waited for.</summary>
internal sealed class EventLog : Stream
{
    // By name: a test of ten megabytes is told of thousands, and waits for one.
    private readonly Dictionary<string, List<JsonElement>> _events = [];

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public JsonElement[] All(string name)
    {
        lock (_events)
        {
            return [.. Named(name)];
        }
    }

    /// <summary>Waits until so many such events were told, and returns the last of these.</summary>
    public Task<JsonElement> NextAsync(string name, int count = 1) => Task.Run(() =>
    {
        long start = Stopwatch.GetTimestamp();
        lock (_events)
        {
            while (true)
            {
                if (Named(name) is var all && all.Count >= count)
                {
                    return all[count - 1];
                }

                TimeSpan left = TestClient.Patience - Stopwatch.GetElapsedTime(start);
                Assert.True(left > TimeSpan.Zero && Monitor.Wait(_events, left), $"no {count} of \"{name}\" in:\n{string.Join('\n', _events.Values.SelectMany(static all => all))}");
            }
        }
    });

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        using JsonDocument told = JsonDocument.Parse(buffer.ToArray()); // a line is written whole
        lock (_events)
        {
            Named(told.RootElement.GetProperty("event").GetString()!).Add(told.RootElement.Clone());
            Monitor.PulseAll(_events);
        }
    }

    private List<JsonElement> Named(string name) => _events.TryGetValue(name, out List<JsonElement>? all) ? all : _events[name] = [];

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>A client on .NET's own socket, so that ours is not its own judge. Every wait has an end.</summary>
internal sealed class TestClient : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = new byte[1 << 16];

    private TestClient(BclSocket socket) => Socket = socket;

    public BclSocket Socket { get; }

    public static EndPoint AddressOf(SocketUri endpoint) =>
        endpoint.EndPoint is UnixEndPoint path ? new UnixDomainSocketEndPoint(path.ToString()) : endpoint.EndPoint!;

    public static async Task<TestClient> ConnectAsync(SocketUri endpoint, int receiveBuffer = 0)
    {
        EndPoint address = AddressOf(endpoint);
        var socket = new BclSocket(address.AddressFamily, SocketType.Stream, address is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        if (receiveBuffer > 0)
        {
            socket.ReceiveBufferSize = receiveBuffer;
        }

        await socket.ConnectAsync(address).WaitAsync(Patience);
        return new TestClient(socket);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await Socket.SendAsync(bytes, SocketFlags.None).AsTask().WaitAsync(Patience)..];
        }
    }

    /// <summary>Reads as many bytes as the text has, and compares.</summary>
    public async Task ExpectAsync(string text)
    {
        byte[] expected = Encoding.UTF8.GetBytes(text);
        byte[] received = new byte[expected.Length];
        int length = 0;
        while (length < received.Length)
        {
            int count = await Socket.ReceiveAsync(received.AsMemory(length), SocketFlags.None).AsTask().WaitAsync(Patience);
            if (count == 0)
            {
                break;
            }

            length += count;
        }

        Assert.Equal(text, Encoding.UTF8.GetString(received, 0, length));
    }

    /// <summary>Everything up to the end.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        while (true)
        {
            int count = await Socket.ReceiveAsync(_buffer, SocketFlags.None).WaitAsync(Patience);
            if (count == 0)
            {
                return all.ToArray();
            }

            all.Write(_buffer, 0, count);
        }
    }

    /// <summary>Closes with a reset; on a Unix socket, with bytes unread, which is the same to the other end.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }

    public void Dispose() => Socket.Dispose();
}

/// <summary>Python's own sockets as the other end, and the judge of exact bytes.</summary>
internal static class PythonPeer
{
    // Bytes are written as latin-1. A step is ["send", text], ["shut"], ["receive", bytes] or ["rest"].
    private const string Script = """
        import json, socket, sys, os
        kind, host, port, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
        family = socket.AF_UNIX if port < 0 else socket.AF_INET6 if ":" in host else socket.AF_INET
        s = socket.socket(family, socket.SOCK_STREAM if kind == "stream" else socket.SOCK_DGRAM)
        s.settimeout(20)
        if kind != "stream" and port < 0:
            s.bind("")
        s.connect(host if port < 0 else (host, port))
        got = []
        for step, *what in steps:
            if step == "send":
                s.send(what[0].encode("latin-1")) if kind != "stream" else s.sendall(what[0].encode("latin-1"))
            elif step == "shut":
                s.shutdown(socket.SHUT_WR)
            elif step == "receive":
                data = s.recv(70000) if kind != "stream" else b""
                while kind == "stream" and len(data) < what[0]:
                    more = s.recv(what[0] - len(data))
                    if not more: break
                    data += more
                got.append(data.decode("latin-1"))
            else:
                data = b""
                while more := s.recv(65536): data += more
                got.append(data.decode("latin-1"))
        print(json.dumps(got))
        """;

    /// <summary>Lets it connect, do the steps, and tell what it received.</summary>
    public static async Task<string[]> RunAsync(SocketUri endpoint, params object[][] steps)
    {
        (string host, int port) = endpoint.EndPoint is IPEndPoint ip ? ($"{ip.Address}", ip.Port) : ($"{endpoint.EndPoint}", -1);
        string kind = endpoint.SocketType == SocketType.Stream ? "stream" : "datagram";
        using Process python = Programs.Start("/usr/bin/python3", "python3", "-c", Script, kind, host, $"{port}", JsonSerializer.Serialize(steps));
        string output = await python.StandardOutput.ReadToEndAsync().WaitAsync(TestClient.Patience);
        await python.WaitForExitAsync().WaitAsync(TestClient.Patience);
        Assert.Equal(0, python.ExitCode);
        return JsonSerializer.Deserialize<string[]>(output)!;
    }
}
