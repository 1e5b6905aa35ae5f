// What stands between the marks are the examples of docs/servers.md, word for word; ExampleTests compares them.
// The namespace is a stranger's, so that names are found as a stranger's compiler finds them.

// <example>
using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Json.Serialization;
using Sockeye;
using Sockeye.Servers;
using Sockeye.Servers.Framing;
using Sockeye.Servers.Protocols;
using Sockeye.Servers.Testing;
using Socket = Sockeye.Socket;
// </example>

using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Sockeye.House.Tests;

namespace Servers;

[Collection("Console")]
public partial class ServersExampleTests
{
    [Fact(Timeout = 30_000)]
    public async Task Five_lines()
    {
        // <example>
        await using var server = new StreamServer("tcp://127.0.0.1:0", async connection =>
        {
            await connection.Input.CopyToAsync(connection.Output);
        });
        await server.StartAsync();
        Console.WriteLine($"listening at {server.Listener.Endpoints[0]}");
        // </example>
        Assert.Equal("hello", await AskAsync(server, "hello"));

        using CancellationTokenSource over = new();
        await over.CancelAsync();
        CancellationToken stop = over.Token;
        // <example>
        await server.RunAsync(stop);            // until the token is canceled, Ctrl-C or SIGTERM
        // </example>
        Assert.True(server.Listener.Stopping.IsCancellationRequested);
    }

    [Fact(Timeout = 30_000)]
    public async Task Threads()
    {
        // <example>
        await using var server = new StreamServer("tcp://127.0.0.1:0", connection =>
        {
            byte[] buffer = new byte[1024];
            while (connection.Receive(buffer) is var length and > 0)
            {
                connection.Send(buffer.AsSpan(0, length));
            }
        });
        // </example>
        await server.StartAsync();
        Assert.Equal("hello", await AskAsync(server, "hello"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Objects()
    {
        // <example>
        await using var server = new StreamServer("tcp://127.0.0.1:0", connection => new Greeter(connection, "Hello"));
        // </example>
        await server.StartAsync();
        Assert.Equal("Hello, Ann!\nHello, Bob!\n", await AskAsync(server, "Ann\nBob\n"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Steps()
    {
        await using (var server = new Guarded("tcp://127.0.0.1:0", banned: IPAddress.IPv6Loopback))
        {
            await server.StartAsync();
            Assert.Equal("", await AskAsync(server, "hello"));
            await server.StopAsync();
            Assert.Equal("not today", Assert.Single(server.Errors).Message);
        }

        await using (var server = new Guarded("tcp://127.0.0.1:0", banned: IPAddress.Loopback))
        {
            await server.StartAsync();
            Assert.Equal("", await AskAsync(server, "hello"));
            await server.StopAsync();
            Assert.Empty(server.Errors);
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Bounds()
    {
        // <example>
        var options = new StreamServerOptions
        {
            MaxConnections = 500,
            FullMode = ConnectionFullMode.Refuse,
            IdleTimeout = TimeSpan.FromMinutes(1),
            RefusalMessage = reason => "come back later\n"u8.ToArray(),
            LastWords = reason => reason == ConnectionEndReason.IdleTimeout ? "you fell asleep\n"u8.ToArray() : default,
        };
        await using var server = new StreamServer("tcp://127.0.0.1:0", connection => connection.Input.CopyToAsync(connection.Output), options);
        // </example>
        options.MaxConnections = 1;
        await server.StartAsync();
        using Socket first = await server.Listener.Endpoints[0].ConnectAsync();
        await first.SendAllAsync("x"u8.ToArray());
        Assert.Equal(1, await first.ReceiveAsync(new byte[1]));
        Assert.Equal("come back later\n", await AskAsync(server, ""));
    }

    [Fact(Timeout = 30_000)]
    public async Task An_orderly_stop()
    {
        await using var server = new StreamServer("tcp://127.0.0.1:0", connection => connection.Input.CopyToAsync(connection.Output));
        await server.StartAsync();
        using Socket client = await server.Listener.Endpoints[0].ConnectAsync();
        await client.SendAllAsync("x"u8.ToArray());
        Assert.Equal(1, await client.ReceiveAsync(new byte[1]));

        // <example>
        ListenerStopResult result = await server.StopAsync();
        Console.WriteLine($"{result.Drained} came to their end, {result.Aborted} were cut short, {result.Refused} were turned away");
        // </example>
        Assert.Equal(1, result.Drained);
    }

    [Fact(Timeout = 30_000)]
    public async Task Datagrams()
    {
        // <example>
        await using var server = new DatagramServer("udp://127.0.0.1:0", datagram => datagram.Reply(datagram.Data.Span));
        await server.StartAsync();
        // </example>
        using Socket client = await server.BoundEndpoints[0].ConnectAsync();
        Assert.Equal("ping", await DatagramAsync(client, "ping"));

        // <example>
        await using var counting = new DatagramServer("udp://127.0.0.1:0", peer => new Counter());
        // </example>
        await counting.StartAsync();
        using Socket counted = await counting.BoundEndpoints[0].ConnectAsync();
        Assert.Equal("1", await DatagramAsync(counted, "a"));
        Assert.Equal("2", await DatagramAsync(counted, "b"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Unix_and_systemd()
    {
        string folder = Directory.CreateTempSubdirectory("sockeye-servers-").FullName;
        // <example>
        await using var server = new StreamServer($"unix:{folder}/echo.sock?mode=0660", connection => connection.Input.CopyToAsync(connection.Output));
        // </example>
        await server.StartAsync();
        Assert.Equal((UnixFileMode)0b110_110_000, File.GetUnixFileMode($"{folder}/echo.sock"));
        Assert.Equal("hello", await AskAsync(server, "hello"));
        await server.StopAsync();
        Assert.Empty(Directory.GetFiles(folder));
        Directory.Delete(folder);

        // <example>
        await using var activated = new StreamServer("systemd:web", connection => connection.Input.CopyToAsync(connection.Output));
        // </example>
        SocketException error = await Assert.ThrowsAnyAsync<SocketException>(() => activated.StartAsync());
        Assert.Contains("systemd:web", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task Lines()
    {
        // <example>
        await using var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Shout());
        // </example>
        await server.StartAsync();
        Assert.Equal("HELLO\nYOU\n", await AskAsync(server, "hello\r\nyou\n"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Frames()
    {
        await using (var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Mirror()))
        {
            await server.StartAsync();
            Assert.Equal("\0\u0003abc", await AskAsync(server, "\0\u0003abc"));
        }

        await using (var server = new ProtocolServer("tcp://127.0.0.1:0", () => new NetMirror()))
        {
            await server.StartAsync();
            Assert.Equal("3:abc,", await AskAsync(server, "3:abc,"));
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Objects_as_json()
    {
        await using var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Board());
        await server.StartAsync();
        Assert.Equal("""{"Piece":"knight","To":"F3"}""" + "\n\"what was that?\"\n", await AskAsync(server, """{"Piece":"knight","To":"f3"}""" + "\n{\n"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Ends()
    {
        await using var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Sum());
        await server.StartAsync();
        Assert.Equal("5\n", await AskAsync(server, "2\n3\n"));
        Assert.Equal("that is no number\n", await AskAsync(server, "2\nthree\n4\n"));
    }

    [Fact(Timeout = 30_000)]
    public async Task Flow_control()
    {
        await using var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Countdown(100_000));
        await server.StartAsync();
        string heard = await AskAsync(server, "");
        Assert.Equal(100_000, heard.Count(c => c == '\n'));
        Assert.EndsWith("\n1\n", heard, StringComparison.Ordinal);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_client_that_comes_back()
    {
        await using var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Shout());
        await server.StartAsync();
        string endpoint = server.Listener.Endpoints[0].ToString();
        // <example>
        var client = new ProtocolClient<Caller>(endpoint, () => new Caller(), new ProtocolClientOptions
        {
            MaxDelay = TimeSpan.FromSeconds(30),
            Retrying = (reason, delay) => Console.WriteLine($"{reason?.Message ?? "the server has ended"}; again in {delay.TotalSeconds:0.0} s"),
        });
        using CancellationTokenSource over = new();
        Task running = client.RunAsync(over.Token);

        Caller caller = await client.WhenConnectedAsync();
        caller.TrySendMessage("hello"u8);
        Console.WriteLine(await caller.Answer);

        over.Cancel();                          // it closes in good order
        await running;
        // </example>
        Assert.Equal("HELLO", await caller.Answer);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_client_in_a_loop()
    {
        await using var server = new ProtocolServer("tcp://127.0.0.1:0", () => new Shout());
        await server.StartAsync();
        SocketUri endpoint = server.Listener.Endpoints[0];
        List<string> heard = [];
        // <example>
        using Socket socket = await endpoint.ConnectAsync();
        await using var pipe = new SocketPipe(socket);
        pipe.Output.WriteMessage(new LineWriter(), "hello"u8);
        pipe.Output.WriteMessage(new LineWriter(), "good-bye"u8);
        await pipe.Output.FlushAsync();
        await foreach (ReadOnlySequence<byte> line in pipe.Input.ReadMessagesAsync(new LineReader()))
        {
            heard.Add(Encoding.UTF8.GetString(line));
            if (heard.Count == 2)
            {
                break;
            }
        }
        // </example>
        Assert.Equal(["HELLO", "GOOD-BYE"], heard);
    }

    [Fact]
    public void A_protocol_under_test()
    {
        List<string> heard = [];
        // <example>
        new Simulation(seed: 7).Run(async simulation =>
        {
            var faults = new FaultPlan { MaxPieceBytes = 1, StallProbability = 0.1, StallTime = TimeSpan.FromHours(1) };
            (SimulatedTransport client, Task serving) = simulation.Connect(new Shout(), faults);
            client.TrySend("hello\nyou\n"u8);
            await foreach (ReadOnlySequence<byte> line in client.Input.ReadMessagesAsync(new LineReader()))
            {
                heard.Add(Encoding.UTF8.GetString(line));
                if (heard.Count == 2)
                {
                    client.Close();
                }
            }

            await serving;
            Console.WriteLine($"{string.Join(", ", heard)}: {simulation.Time.Elapsed.TotalHours:0} hours of the simulation's");
        });
        // </example>
        Assert.Equal(["HELLO", "YOU"], heard);

        // <example>
        var time = new VirtualTime();
        int ticks = 0;
        using ITimer timer = time.CreateTimer(_ => ticks++, null, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        time.Advance(TimeSpan.FromHours(1));
        Console.WriteLine(ticks);               // 60
        // </example>
        Assert.Equal(60, ticks);
    }

    // The page's tables of limits beside the options themselves.
    [Fact]
    public void The_limits_on_the_page_are_all_there_are_and_their_defaults_are_right()
    {
        Dictionary<string, string> page = Limit().Matches(File.ReadAllText(House.PathOf("docs", "servers.md")))
            .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["value"].Value);
        Dictionary<string, string> ours = new object[] { new StreamServerOptions(), new DatagramServerOptions(), new ProtocolClientOptions() }
            .SelectMany(options => options.GetType().GetProperties().Select(property => ($"{property.DeclaringType!.Name}.{property.Name}", Value: property.GetValue(options), property.PropertyType)))
            .Where(limit => limit.PropertyType == typeof(TimeSpan) || limit.PropertyType == typeof(int) || limit.PropertyType == typeof(double) || limit.PropertyType == typeof(int?))
            .ToDictionary(limit => limit.Item1, limit => Text(limit.Value));

        House.AssertNone(
            ours.Keys.Union(page.Keys).Where(name => page.GetValueOrDefault(name) != ours.GetValueOrDefault(name))
                .Select(name => $"{name}: {page.GetValueOrDefault(name) ?? "not there"} on the page, {ours.GetValueOrDefault(name) ?? "not there"} in the options"),
            "docs/servers.md has other limits:");
    }

    private static string Text(object? value) => value switch
    {
        null => "none",
        TimeSpan time when time == Timeout.InfiniteTimeSpan => "none",
        TimeSpan { TotalSeconds: < 60 } time => $"{time.TotalSeconds} s",
        TimeSpan time => $"{time.TotalMinutes} min",
        int bytes when bytes >= 1024 && bytes % 1024 == 0 => $"{bytes / 1024} KiB",
        int number => number.ToString("N0", CultureInfo.InvariantCulture),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
    };

    private static async Task<string> AskAsync(StreamServer server, string question)
    {
        using Socket client = await server.Listener.Endpoints[0].ConnectAsync();
        client.Timeout = TimeSpan.FromSeconds(20);
        await client.SendAllAsync(Encoding.UTF8.GetBytes(question));
        client.Shutdown(SocketShutdown.Send);
        using Stream stream = client.MakeFile();
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private static async Task<string> DatagramAsync(Socket client, string question)
    {
        client.Timeout = TimeSpan.FromSeconds(20);
        await client.SendAsync(Encoding.UTF8.GetBytes(question));
        byte[] answer = new byte[1024];
        return Encoding.UTF8.GetString(answer, 0, await client.ReceiveAsync(answer));
    }

    [GeneratedRegex(@"^\| `(?<name>\w+Options\.\w+)` \| (?<value>[^|]+?) \|", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Limit();
}

// <example>
internal sealed record Move(string Piece, string To);

[JsonSerializable(typeof(Move))]
[JsonSerializable(typeof(string))]
internal sealed partial class Json : JsonSerializerContext;

internal sealed class Board() : JsonProtocol<Move>(Json.Default.Move, maxLineBytes: 1_000)
{
    protected override ValueTask MessageReceivedAsync(Move message) => SendMessageAsync(message with { To = message.To.ToUpperInvariant() });

    protected override ValueTask<bool> FramingFailedAsync(FramingException error)
    {
        TrySend("\"what was that?\"\n"u8);
        return new(error.CanContinue);
    }
}
// </example>

// <example>
internal sealed class Greeter(Connection connection, string word) : StreamHandler(connection)
{
    protected override async Task HandleAsync()
    {
        await foreach (ReadOnlySequence<byte> name in Connection.Input.ReadMessagesAsync(new LineReader()))
        {
            await Connection.Output.WriteAsync(Encoding.UTF8.GetBytes($"{word}, {Encoding.UTF8.GetString(name)}!\n"));
        }
    }
}
// </example>

// <example>
internal sealed class Guarded(string endpoint, IPAddress banned) : StreamServer(endpoint)
{
    public List<Exception> Errors { get; } = [];

    protected override ValueTask<bool> VerifyAsync(Connection connection) =>
        new(connection.RemoteEndPoint is not IPEndPoint peer || !peer.Address.Equals(banned));

    protected override Task HandleAsync(Connection connection) => throw new InvalidDataException("not today");

    protected override void OnError(Connection? connection, Exception error) => Errors.Add(error);
}
// </example>

// <example>
internal sealed class Counter : DatagramSession
{
    private int _count;

    protected override ValueTask ReceivedAsync(Datagram datagram)
    {
        datagram.Reply(Encoding.ASCII.GetBytes($"{++_count}"));
        return default;
    }
}
// </example>

// <example>
internal sealed class Shout : LineProtocol
{
    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message) =>
        SendMessageAsync(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(message).ToUpperInvariant()));
}
// </example>

// <example>
internal sealed class Mirror() : LengthPrefixedProtocol(maxFrameBytes: 10_000, prefixBytes: 2)
{
    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message) => SendMessageAsync(message.ToArray());
}

internal sealed class NetMirror() : NetstringProtocol(maxFrameBytes: 10_000)
{
    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message) => SendMessageAsync(message.ToArray());
}
// </example>

// <example>
internal sealed class Sum : LineProtocol
{
    private int _sum;

    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message)
    {
        if (int.TryParse(Encoding.ASCII.GetString(message), out int number))
        {
            _sum += number;
        }
        else
        {
            Close("not a number", "that is no number\n"u8.ToArray());       // or Abort(), which resets
        }

        return default;
    }

    protected override ValueTask EndReceivedAsync() => SendMessageAsync(Encoding.ASCII.GetBytes($"{_sum}"));

    protected override ValueTask ConnectionLostAsync(Exception? reason)
    {
        Console.WriteLine(reason is null ? "done" : $"lost: {reason.Message}");
        return default;
    }
}
// </example>

// <example>
internal sealed class Countdown(int from) : LineProtocol
{
    protected override async ValueTask ConnectionMadeAsync()
    {
        for (int i = from; i > 0; i--)
        {
            await SendMessageAsync(Encoding.ASCII.GetBytes($"{i}"));        // waits for a peer that reads slowly
        }

        Close();
    }

    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message) => default;
}
// </example>

// <example>
internal sealed class Caller : LineProtocol
{
    private readonly TaskCompletionSource<string> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<string> Answer => _answer.Task;

    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message)
    {
        _answer.TrySetResult(Encoding.UTF8.GetString(message));
        return default;
    }

    protected override ValueTask ConnectionLostAsync(Exception? reason)
    {
        _answer.TrySetException(reason ?? new EndOfStreamException("no answer came"));
        return default;
    }
}
// </example>
