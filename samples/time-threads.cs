// A time server as Python's socketserver makes one, with a thread for each connection. Run: dotnet run samples/time-threads.cs [ENDPOINT]
#:project ../src/Sockeye.Servers
#:property PublishAot=false

using Sockeye.Servers;

await using var server = new StreamServer(args.FirstOrDefault("tcp://[::1]:8888"), connection =>
{
    byte[] buffer = new byte[1024];
    while (connection.Receive(buffer) is var length and > 0)
    {
        connection.Send([.. System.Text.Encoding.ASCII.GetBytes($"[{DateTime.Now:ddd MMM dd HH:mm:ss yyyy}] "), .. buffer.AsSpan(0, length)]);
    }
});
await server.StartAsync();
Console.WriteLine($"listening at {server.Listener.Endpoints[0]}");
await server.RunAsync();    // until Ctrl-C; then what is due still goes out
