// A UDP server that answers each datagram with the time. Run: dotnet run samples/udp-time-server.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye;
using Socket = Sockeye.Socket;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("udp://[::1]:9999"));
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

    DateTime now = DateTime.Now;
    string time = $"[{now:ddd MMM} {now.Day,2} {now:HH:mm:ss yyyy}] ";
    byte[] answer = [.. Encoding.ASCII.GetBytes(time), .. buffer.AsSpan(0, length)];

    // An answer that cannot go now is lost, as datagrams may be: one client must not hold up the others.
    socket.TrySendTo(answer, sender, SocketFlags.DontWait);
}
