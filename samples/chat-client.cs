// Joins a group chat: you type lines, and see everyone's. Run: dotnet run samples/chat-client.cs [ENDPOINT [NAME]]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Net.Sockets;
using System.Text;
using Sockeye;
using Socket = Sockeye.Socket;

try
{
    using Socket server = await SocketUri.Parse(args.FirstOrDefault("tcp://localhost:6667")).ConnectAsync();
    using SocketTextFile chat = server.MakeTextFile(FileAccess.Read);
    _ = Task.Run(() => Type(server, args.ElementAtOrDefault(1) ?? Environment.UserName));

    await foreach (string line in chat)
    {
        Console.WriteLine(string.Concat(line.Where(c => !char.IsControl(c))));      // nobody is to steer your terminal
    }

    return 0;
}
catch (Exception e) when (e is SocketException or IOException or InvalidDataException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

// To the socket, not to the file: that has one owner, who closes it when the server has ended.
static void Type(Socket server, string name)
{
    for (string? line = name; line is not null; line = Console.ReadLine())
    {
        server.SendAll(Encoding.UTF8.GetBytes(line + "\n"));
    }

    server.Shutdown(SocketShutdown.Send);       // "I have said all"; the server ends its side in turn
}
