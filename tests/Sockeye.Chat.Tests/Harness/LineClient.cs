using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Chat.Lines;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>A line client on .NET's own socket, so that ours is not its own judge. Every wait has an end.</summary>
internal sealed class LineClient : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly LineDecoder _decoder = new(1 << 20);
    private readonly Queue<string> _lines = new();
    private readonly byte[] _buffer = new byte[16_384];

    private LineClient(BclSocket socket) => Socket = socket;

    public BclSocket Socket { get; }

    /// <summary>Connects, and says nothing.</summary>
    public static async Task<LineClient> ConnectAsync(EndPoint endPoint)
    {
        var socket = new BclSocket(
            endPoint.AddressFamily, SocketType.Stream,
            endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint).WaitAsync(Patience);
        return new LineClient(socket);
    }

    /// <summary>Connects, takes a name, and reads on until it is in the first room.</summary>
    public static async Task<LineClient> EnterAsync(EndPoint endPoint, string name)
    {
        LineClient client = await ConnectAsync(endPoint);
        await client.SendAsync(name + "\n");
        await client.ExpectAsync($"-- Welcome, {name}.");
        await client.ExpectAsync(" in #lobby");
        return client;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        ReadOnlyMemory<byte> rest = bytes;
        while (rest.Length > 0)
        {
            rest = rest[await Socket.SendAsync(rest, SocketFlags.None).AsTask().WaitAsync(Patience)..];
        }
    }

    /// <summary>The next line, or null at the end.</summary>
    public async Task<string?> ReadLineAsync()
    {
        while (_lines.Count == 0)
        {
            int received = await Socket.ReceiveAsync(_buffer, SocketFlags.None).WaitAsync(Patience);
            if (received == 0)
            {
                return _decoder.Finish(out string last) == LineKind.Line ? last : null;
            }

            int taken = 0;
            while (true)
            {
                taken += _decoder.Read(_buffer.AsSpan(taken, received - taken), out LineKind kind, out string line);
                if (kind == LineKind.None)
                {
                    break;
                }

                _lines.Enqueue(line);
            }
        }

        return _lines.Dequeue();
    }

    /// <summary>Reads on to the line that holds the text, and returns it.</summary>
    public async Task<string> ExpectAsync(string text)
    {
        var read = new List<string>();
        while (await ReadLineAsync() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }

            read.Add(line);
        }

        Assert.Fail($"the connection ended before \"{text}\" came, after:\n{string.Join('\n', read)}");
        return "";
    }

    /// <summary>Everything up to the end.</summary>
    public async Task<List<string>> ReadToEndAsync()
    {
        var lines = new List<string>();
        while (await ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }

    /// <summary>Closes with a reset.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }

    public void Dispose() => Socket.Dispose();
}
