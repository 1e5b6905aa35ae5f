// What stands between the marks are the snippets of docs/tutorial.md, word for word; TutorialTests compares them.
// The namespace is a stranger's, so that names are found as a stranger's compiler finds them.

// <example>
using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Sockeye;
using Sockeye.Servers;
using Sockeye.Servers.Framing;
using Sockeye.Servers.Protocols;
using Sockeye.Servers.Testing;
using Socket = Sockeye.Socket;
// </example>

using Sockeye.House.Tests.Tutorial;

namespace Tutorial;

// What is printed is read: the examples print one after the other.
[Collection("Console")]
public sealed class TutorialSnippets : IDisposable
{
    private readonly TextWriter _terminal = Console.Out;
    private readonly StringWriter _printed = new();

    public TutorialSnippets() => Console.SetOut(_printed);

    public void Dispose() => Console.SetOut(_terminal);

    [Fact(Timeout = 30_000)]
    public void What_a_socket_is()
    {
        // <example>
        (Socket ann, Socket bob) = Socket.CreatePair();
        ann.Send("Is anybody there?"u8);

        byte[] buffer = new byte[1000];
        int length = bob.Receive(buffer);
        Console.WriteLine(Encoding.UTF8.GetString(buffer, 0, length));
        // </example>

        // <example>
        ann.Send("Hello,"u8);
        ann.Send("Bob."u8);
        length = bob.Receive(buffer);
        Console.WriteLine(Encoding.UTF8.GetString(buffer, 0, length));
        // </example>

        // <example>
        ann.Dispose();
        length = bob.Receive(buffer);
        Console.WriteLine(length);
        // </example>
        bob.Dispose();

        AssertPrinted(chapter: 1);
    }

    [Fact(Timeout = 30_000)]
    public void Families_and_types()
    {
        // <example>
        foreach (string text in (string[])["tcp://127.0.0.1:8888", "udp://[::1]:9999", "unix:/tmp/talk.sock"])
        {
            SocketUri endpoint = SocketUri.Parse(text);
            Console.WriteLine($"{endpoint.AddressFamily} {endpoint.SocketType} {endpoint.ProtocolType}");
        }
        // </example>

        // <example>
        if (!SocketUri.TryParse("tcp://127.0.0.1:70000", out _, out SocketUriError? error))
        {
            Console.WriteLine(error.Message);
        }
        // </example>

        AssertPrinted(chapter: 2);
    }

    [Fact(Timeout = 30_000)]
    public void A_server_step_by_step()
    {
        // <example>
        using Socket listener = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);     // buy a telephone
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));                                           // get a number
        listener.Listen();                                                                                  // plug it in
        Console.WriteLine($"listening at {listener.LocalEndPoint}");
        // </example>

        // <example>
        using Socket caller = Socket.CreateConnection(listener.LocalEndPoint!);
        caller.SendAll("hello"u8);
        // </example>

        // <example>
        Socket connection = listener.Accept();
        byte[] buffer = new byte[1000];
        int length = connection.Receive(buffer);
        connection.SendAll(buffer.AsSpan(0, length));
        connection.Dispose();

        length = caller.Receive(buffer);
        Console.WriteLine($"the caller got: {Encoding.UTF8.GetString(buffer, 0, length)}");
        // </example>

        // <example>
        using Socket server = SocketUri.Parse("tcp://[::1]:0").Listen();
        // </example>

        // <example>
        Console.WriteLine(Socket.TryCreateServer(server.LocalEndPoint!));
        // </example>

        AssertPrinted(chapter: 3);
    }

    [Fact(Timeout = 30_000)]
    public void The_client()
    {
        // <example>
        Socket server = SocketUri.Parse("tcp://[::1]:0").Listen();
        SocketUri there = SocketUri.Parse("tcp://[::1]:0?timeout=5s").WithEndPoint(server.LocalEndPoint!);

        using Socket socket = there.Connect();
        Console.WriteLine($"connected, from port {((IPEndPoint)socket.LocalEndPoint!).Port}");
        // </example>

        // <example>
        server.Dispose();
        SocketResult<Socket> result = there.TryConnect();
        Console.WriteLine(result.IsSuccess ? "somebody is there" : $"nobody: {result}, errno {result.Errno}");
        // </example>

        // <example>
        (Socket near, Socket far) = Socket.CreatePair();
        near.Blocking = false;                                  // do not wait for room; chapter 6 has more of this
        int sent = near.Send(new byte[10_000_000]);
        Console.WriteLine(sent == 10_000_000 ? "all of it" : "some of it");
        // </example>
        near.Dispose();
        far.Dispose();

        AssertPrinted(chapter: 4);
    }

    [Fact(Timeout = 30_000)]
    public async Task Time_limits_and_not_waiting()
    {
        // <example>
        (Socket here, Socket there) = Socket.CreatePair();
        byte[] buffer = new byte[1000];

        here.Timeout = TimeSpan.FromMilliseconds(50);
        Console.WriteLine(here.TryReceive(buffer));
        // </example>

        // <example>
        there.Blocking = false;
        SocketResult<int> nothing = there.TryReceive(buffer);
        Console.WriteLine($"{nothing.WouldBlock}: {nothing}");
        // </example>

        // <example>
        using CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(50));    // or stop.Cancel(), from wherever you are
        try
        {
            await there.ReceiveAsync(buffer, stop.Token);
        }
        catch (OperationCanceledException)
        {
            Console.WriteLine("no longer interested");
        }

        here.SendAll("late, but not lost"u8);
        int length = await there.ReceiveAsync(buffer);
        Console.WriteLine(Encoding.UTF8.GetString(buffer, 0, length));
        // </example>
        here.Dispose();
        there.Dispose();

        AssertPrinted(chapter: 6);
    }

    [Fact(Timeout = 30_000)]
    public void Files_over_sockets()
    {
        // <example>
        (Socket writer, Socket reader) = Socket.CreatePair();
        using SocketTextFile write = writer.MakeTextFile();
        using SocketTextFile read = reader.MakeTextFile();

        write.WriteLine("first");
        write.WriteLine("second");
        write.Flush();
        Console.WriteLine(read.ReadLine());
        Console.WriteLine(read.ReadLine());
        // </example>
        writer.Dispose();
        reader.Dispose();

        // <example>
        (Socket sender, Socket receiver) = Socket.CreatePair();
        string original = Environment.ProcessPath!;             // any file will do: this very program

        using SafeFileHandle file = File.OpenHandle(original);
        byte[] head = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(head, RandomAccess.GetLength(file));
        sender.SendAll(head);
        sender.SendFile(file, offset: 0);                       // from file to socket inside the kernel, not through us
        // </example>

        // <example>
        receiver.ReceiveExactly(head);                          // 8 bytes, in however many pieces they come
        long left = BinaryPrimitives.ReadInt64BigEndian(head);
        if (left is < 0 or > 100_000_000)
        {
            throw new InvalidDataException($"a file of {left} bytes? No.");
        }

        string received = Path.GetTempFileName();
        using (FileStream copy = File.Create(received))
        {
            byte[] buffer = new byte[16 * 1024];
            while (left > 0)
            {
                int length = receiver.Receive(buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)));
                if (length == 0)
                {
                    throw new EndOfStreamException($"{left} bytes are missing");
                }

                copy.Write(buffer, 0, length);
                left -= length;
            }
        }

        Console.WriteLine(File.ReadAllBytes(received).SequenceEqual(File.ReadAllBytes(original)) ? "the same" : "something else");
        // </example>
        File.Delete(received);
        sender.Dispose();
        receiver.Dispose();

        AssertPrinted(chapter: 9);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_server_that_others_rely_on()
    {
        // <example>
        var options = new StreamServerOptions
        {
            MaxConnections = 2,                                         // 10,000 without this line
            FullMode = ConnectionFullMode.Refuse,
            RefusalMessage = reason => "full, sorry\n"u8.ToArray(),
        };
        await using var server = new StreamServer("tcp://127.0.0.1:0", async connection =>
        {
            await connection.Input.CopyToAsync(connection.Output);      // an echo
        }, options);
        await server.StartAsync();
        // </example>

        // <example>
        SocketUri endpoint = server.Listener.Endpoints[0];              // with the port that the kernel chose
        using Socket ann = await endpoint.ConnectAsync();
        using Socket bob = await endpoint.ConnectAsync();
        using Socket cid = await endpoint.ConnectAsync();

        byte[] buffer = new byte[1000];
        int length = await cid.ReceiveAsync(buffer);
        Console.Write(Encoding.UTF8.GetString(buffer, 0, length));
        // </example>

        // <example>
        await ann.SendAsync("is anybody there?"u8.ToArray());
        ListenerStopResult result = await server.StopAsync();

        length = await ann.ReceiveAsync(buffer);
        Console.WriteLine(Encoding.UTF8.GetString(buffer, 0, length));
        Console.WriteLine($"{result.Drained} came to their end, {result.Aborted} were cut short");
        // </example>

        AssertPrinted(chapter: 11);
    }

    [Fact(Timeout = 30_000)]
    public void Protocols()
    {
        // <example>
        new Simulation(seed: 7).Run(async simulation =>
        {
            var faults = new FaultPlan { MaxPieceBytes = 1, StallProbability = 0.2, StallTime = TimeSpan.FromHours(1) };
            (SimulatedTransport client, Task serving) = simulation.Connect(new Shout(), faults);
            client.TrySend("is anybody there?\n"u8);
            await foreach (ReadOnlySequence<byte> line in client.Input.ReadMessagesAsync(new LineReader()))
            {
                Console.WriteLine(Encoding.UTF8.GetString(line));
                client.Close();
            }

            await serving;
            Console.WriteLine(simulation.Time.Elapsed > TimeSpan.FromHours(1) ? "hours have passed" : "in no time");
        });
        // </example>

        AssertPrinted(chapter: 12);
    }

    private void AssertPrinted(int chapter) =>
        Assert.Matches($@"\A{Varying.Pattern(TutorialPage.Printed(chapter))}\z", _printed.ToString());
}

// <example>
internal sealed class Shout : LineProtocol
{
    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message) =>
        SendMessageAsync(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(message).ToUpperInvariant()));
}
// </example>
