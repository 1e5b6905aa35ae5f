// A UDP server that greets: each datagram is a name. Run: dotnet run samples/udp-greet-server.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Net;
using System.Net.Sockets;
using Sockeye;
using Socket = Sockeye.Socket;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("udp://127.0.0.1:9999"));
using Socket socket = endpoint.Bind();
Console.WriteLine($"listening at {endpoint.WithEndPoint(socket.LocalEndPoint!)}");

byte[] buffer = new byte[64 * 1024];    // a datagram is never longer

while (true)
{
    SocketResult<int> received = socket.TryReceiveFrom(buffer, out EndPoint? sender);
    if (!received.TryGetValue(out int length) || sender is null)
    {
        continue;   // a Unix socket without a name: nobody whom an answer could reach
    }

    ReadOnlySpan<byte> message = buffer.AsSpan(0, length);
    int lineEnd = message switch { [.., (byte)'\r', (byte)'\n'] => 2, [.., (byte)'\n'] => 1, _ => 0 };
    byte[] answer = [.. "Hello, "u8, .. message[..^lineEnd], (byte)'!', .. message[^lineEnd..]];

    // An answer that cannot go now is lost, as datagrams may be: one client must not hold up the others.
    socket.TrySendTo(answer, sender, SocketFlags.DontWait);
}
