// A TCP server that answers whatever it receives with the time, many clients at once. Run: dotnet run samples/tcp-time-server.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Text;
using Sockeye;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("tcp://[::1]:8888"));
using Socket listener = endpoint.Listen();
Console.WriteLine($"listening at {endpoint.WithEndPoint(listener.LocalEndPoint!)}");

while (true)
{
    SocketResult<Socket> accepted = await listener.TryAcceptAsync();
    if (accepted.TryGetValue(out Socket? client))
    {
        _ = ServeAsync(client);     // nobody waits for it: the next client is welcome at once
    }
    else
    {
        await Task.Delay(100);      // no descriptor is left (ulimit -n); one is when a client goes
    }
}

static async Task ServeAsync(Socket client)
{
    using (client)
    {
        byte[] buffer = new byte[16 * 1024];

        // 0 bytes are the end of the stream. A reset is a result that failed, not an exception.
        while ((await client.TryReceiveAsync(buffer)).TryGetValue(out int length) && length > 0)
        {
            DateTime now = DateTime.Now;
            string time = $"[{now:ddd MMM} {now.Day,2} {now:HH:mm:ss yyyy}] ";
            byte[] answer = [.. Encoding.ASCII.GetBytes(time), .. buffer.AsSpan(0, length)];
            if (!(await client.TrySendAllAsync(answer)).IsSuccess)
            {
                break;
            }
        }
    }
}
