// A UDP client: each line you type is a datagram, each datagram that comes is a line. Run: dotnet run samples/udp-client.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Net.Sockets;
using System.Text;
using Sockeye;
using Socket = Sockeye.Socket;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("udp://[::1]:9999"));
using Socket socket = endpoint.Connect();   // sends nothing: it names the server, and hears nobody else
socket.Timeout ??= TimeSpan.FromSeconds(1); // unless the endpoint says: udp://[::1]:9999?timeout=5s

Task<int> typing = Task.Run(Type);
using Stream output = Console.OpenStandardOutput();
byte[] buffer = new byte[64 * 1024];        // a datagram is never longer

while (true)
{
    SocketResult<int> received = socket.TryReceive(buffer);
    if (received.TryGetValue(out int length))
    {
        output.Write([.. buffer.AsSpan(0, length), (byte)'\n']);
    }
    else if (received.Error != SocketError.TimedOut)
    {
        return Fail(received);
    }
    else if (typing.IsCompleted)
    {
        return typing.Result;   // all is said, and it has been quiet for a while: datagrams have no other end
    }
}

int Type()
{
    while (Console.ReadLine() is { } line)
    {
        SocketResult<int> sent = socket.TrySend(Encoding.UTF8.GetBytes(line));
        if (!sent.IsSuccess)
        {
            return Fail(sent);
        }
    }

    return 0;
}

// Mostly ECONNREFUSED: an earlier datagram found nobody there.
int Fail(SocketResult<int> result)
{
    Console.Error.WriteLine($"{endpoint}: {result}");
    return 1;
}
