// A TCP client: sends what you type, prints what comes. Run: dotnet run samples/tcp-client.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Net.Sockets;
using Sockeye;
using Socket = Sockeye.Socket;

try
{
    using Socket server = await SocketUri.Parse(args.FirstOrDefault("tcp://[::1]:8888")).ConnectAsync();
    using SocketFile stream = server.MakeFile(bufferSize: 0);       // without a buffer each line goes out at once

    _ = TypeAsync(server, stream);
    await stream.CopyToAsync(Console.OpenStandardOutput());         // until the server ends its side
    return 0;
}
catch (Exception e) when (e is SocketException or IOException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static async Task TypeAsync(Socket server, SocketFile stream)
{
    await Console.OpenStandardInput().CopyToAsync(stream);
    server.Shutdown(SocketShutdown.Send);                           // "I have said all"; what the server says still comes
}
