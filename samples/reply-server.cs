// A TCP server that answers every message with the same words. Run: dotnet run samples/reply-server.cs [ENDPOINT [TEXT]]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Text;
using Sockeye;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("tcp://localhost:8079"));
byte[] text = Encoding.UTF8.GetBytes(args.ElementAtOrDefault(1) ?? "I am OK, are u OK");

using Socket listener = endpoint.Listen();
Console.WriteLine($"listening at {endpoint.WithEndPoint(listener.LocalEndPoint!)}");

while (true)
{
    SocketResult<Socket> accepted = await listener.TryAcceptAsync();
    if (accepted.TryGetValue(out Socket? client))
    {
        _ = ReplyAsync(client);
    }
    else
    {
        await Task.Delay(100);      // no descriptor is left (ulimit -n); one is when a client goes
    }
}

async Task ReplyAsync(Socket client)
{
    using (client)
    {
        byte[] buffer = new byte[16 * 1024];
        while ((await client.TryReceiveAsync(buffer)).TryGetValue(out int length) && length > 0)
        {
            // Who ends lines is answered with lines.
            Span<byte> chunk = buffer.AsSpan(0, length);
            int lineEnd = chunk switch { [.., (byte)'\r', (byte)'\n'] => 2, [.., (byte)'\n'] => 1, _ => 0 };
            byte[] answer = [.. text, .. chunk[^lineEnd..]];
            if (!(await client.TrySendAllAsync(answer)).IsSuccess)
            {
                break;
            }
        }
    }
}
