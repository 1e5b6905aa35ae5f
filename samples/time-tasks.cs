// A time server as Python's asyncio makes one, with a task for each connection. Run: dotnet run samples/time-tasks.cs [ENDPOINT]
#:project ../src/Sockeye.Servers
#:property PublishAot=false

using System.Buffers;
using Sockeye.Servers;

await using var server = new StreamServer(args.FirstOrDefault("tcp://[::1]:8888"), async connection =>
{
    while (await connection.Input.ReadAsync() is { Buffer.IsEmpty: false } read)
    {
        byte[] time = System.Text.Encoding.ASCII.GetBytes($"[{DateTime.Now:ddd MMM dd HH:mm:ss yyyy}] ");
        await connection.Output.WriteAsync((byte[])[.. time, .. read.Buffer.ToArray()]);
        connection.Input.AdvanceTo(read.Buffer.End);
    }
});
await server.StartAsync();
Console.WriteLine($"listening at {server.Listener.Endpoints[0]}");
await server.RunAsync();    // until Ctrl-C; then what is due still goes out
