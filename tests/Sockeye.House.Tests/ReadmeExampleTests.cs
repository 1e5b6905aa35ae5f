// What stands between the marks is the README's example, word for word; DocumentTests compares them.
// The namespace is a stranger's, so that names are found as a stranger's compiler finds them.

// <readme>
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye;
using Socket = Sockeye.Socket;
// </readme>

namespace Readme;

// What is printed is read: the examples print one after the other.
[Collection("Console")]
public class ReadmeExampleTests
{
    [Fact(Timeout = 30_000)]
    public async Task The_example_prints_what_it_says()
    {
        TextWriter terminal = Console.Out;
        using StringWriter printed = new();
        Console.SetOut(printed);
        try
        {
            await RunAsync();
        }
        finally
        {
            Console.SetOut(terminal);
        }

        Assert.Equal("hello\nTimedOut\n", printed.ToString());
    }

    private static async Task RunAsync()
    {
        // <readme>
        using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.SetOption(TcpOptions.NoDelay, true);                 // a typed key: the compiler knows that it is a bool
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket server = await listener.AcceptAsync();

        await server.SendAsync("hello"u8.ToArray());
        byte[] buffer = new byte[100];
        int length = await client.ReceiveAsync(buffer);
        Console.WriteLine(Encoding.UTF8.GetString(buffer, 0, length));

        client.Timeout = TimeSpan.FromMilliseconds(50);             // for each operation as a whole, sync and async
        SocketResult<int> nothing = await client.TryReceiveAsync(buffer);
        Console.WriteLine(nothing.Error);                           // TimedOut: a value, not an exception
        // </readme>
    }
}
