// What stands between the marks are the examples of docs/from-python.md, word for word; ExampleTests compares them.
// The namespace is a stranger's, so that names are found as a stranger's compiler finds them.

// <example>
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Sockeye;
using Socket = Sockeye.Socket;
// </example>

namespace FromPython;

[Collection("Console")]
public class FromPythonExampleTests
{
    [Fact(Timeout = 30_000)]
    public void A_server_a_client_and_a_limit()
    {
        // <example>
        using Socket server = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)server.LocalEndPoint!).Port;
        // </example>

        // <example>
        using Socket client = Socket.CreateConnection("127.0.0.1", port, TimeSpan.FromSeconds(5));
        client.SendAll("hello\n"u8);
        // </example>

        // <example>
        using Socket connection = server.Accept();
        byte[] buffer = new byte[4096];
        int length = connection.Receive(buffer);                // 0 is the end of the stream, as b'' is in Python
        connection.SendAll(buffer.AsSpan(0, length));
        // </example>

        // <example>
        using SocketTextFile file = client.MakeTextFile();
        file.WriteLine("one line");
        file.Flush();
        string? line = file.ReadLine();                         // null at the end
        // </example>
        Assert.Equal("hello", line);

        // <example>
        connection.Timeout = TimeSpan.FromSeconds(0.05);
        try
        {
            while (connection.Receive(buffer) > 0)
            {
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.TimedOut)
        {
            Console.WriteLine("nothing came");
        }
        // </example>

        // <example>
        SocketResult<int> received = connection.TryReceive(buffer);
        if (received.TryGetValue(out int count))
        {
            Console.WriteLine($"{count} bytes");
        }
        else
        {
            Console.WriteLine($"{received.Error}, errno {received.Errno}");     // TimedOut, errno 110
        }
        // </example>
        Assert.Equal(SocketError.TimedOut, received.Error);
        Assert.Equal(110, received.Errno);

        // <example>
        client.SetOption(TcpOptions.NoDelay, true);
        int size = client.GetOption(SocketOptions.ReceiveBuffer);
        client.SetOption(SocketOption.Flag(level: 6, name: 12), true);          // TCP_QUICKACK, by number
        // </example>
        Assert.True(size > 0);

        // <example>
        SocketResult<int> waiting = client.TryReceive(buffer, SocketFlags.DontWait | SocketFlags.Peek);
        // </example>
        Assert.True(waiting.WouldBlock);
    }

    [Fact(Timeout = 30_000)]
    public void Datagrams()
    {
        // <example>
        using Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        sender.SendTo("ping"u8, receiver.LocalEndPoint!);

        byte[] buffer = new byte[2048];
        EndPoint peer = new IPEndPoint(IPAddress.Any, 0);
        int length = receiver.ReceiveFrom(buffer, ref peer);
        // </example>
        Assert.Equal("ping", Encoding.ASCII.GetString(buffer, 0, length));
        Assert.Equal(((IPEndPoint)sender.LocalEndPoint!).Port, ((IPEndPoint)peer).Port);
    }

    [Fact(Timeout = 30_000)]
    public void Descriptors_over_a_pair()
    {
        // <example>
        (Socket left, Socket right) = Socket.CreatePair();
        using SafeFileHandle null0 = File.OpenHandle("/dev/null");
        left.SendMessage(new OutgoingMessage("x"u8.ToArray()) { Handles = [null0] });

        byte[] data = new byte[1];
        byte[] control = new byte[SocketControl.HandlesSpace(1)];
        using ReceivedMessage message = right.ReceiveMessage(data, control);
        foreach (SocketHandle handle in message.TakeHandles())
        {
            using SafeFileHandle file = handle.ToFileHandle();
            Console.WriteLine(file);
        }

        left.Dispose();
        right.Dispose();
        // </example>
        Assert.Equal(1, message.Length);
    }

    [Fact(Timeout = 60_000)]
    public async Task Names()
    {
        // <example>
        foreach (AddressInfo answer in Resolver.GetAddressInfo("127.0.0.1", "80", socketType: SocketType.Stream))
        {
            Console.WriteLine($"{answer.AddressFamily} {answer.SocketType} {answer.ProtocolType} {answer.EndPoint}");
        }

        try
        {
            await Resolver.GetAddressInfoAsync("no.such.name.invalid", null, flags: AddressInfoFlags.NumericHost);
        }
        catch (ResolverException e)
        {
            Console.WriteLine($"{e.ResolverError}: {e.Message}");               // NoName: …
        }
        // </example>
    }
}
