// A TCP client that logs what it receives and sends it back, until it is told to quit. Run: dotnet run samples/echo-client.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Net.Sockets;
using System.Text;
using Sockeye;
using Socket = Sockeye.Socket;

try
{
    using Socket socket = Endpoint.Parse(args.FirstOrDefault("tcp://localhost:8079")).Connect();
    byte[] buffer = new byte[16 * 1024];
    int length;
    while ((length = socket.Receive(buffer)) > 0)
    {
        // A receive gives what is there: a part of a line or many lines. Each line is a message, and so is what is left over.
        for (int start = 0, end; start < length; start = end)
        {
            int lineEnd = buffer.AsSpan(start, length - start).IndexOf((byte)'\n');
            end = lineEnd < 0 ? length : start + lineEnd + 1;

            string text = Encoding.UTF8.GetString(buffer, start, end - start).TrimEnd('\r', '\n');
            Console.WriteLine($"{DateTime.Now:HH:mm:ss.fff} thread {Environment.CurrentManagedThreadId}: {text}");
            if (text == "quit")
            {
                return 0;
            }

            socket.SendAll(buffer.AsSpan(start, end - start));
        }
    }

    return 0;
}
catch (SocketException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
