// A client that logs what it receives and sends it back, until it is told to quit. Run: dotnet run samples/echo-client.cs [ENDPOINT [TEXT]]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Net.Sockets;
using System.Text;
using Sockeye;
using Socket = Sockeye.Socket;

try
{
    using Socket socket = SocketUri.Parse(args.FirstOrDefault("tcp://localhost:8079")).Connect();
    bool isStream = socket.SocketType == SocketType.Stream;
    if (args.ElementAtOrDefault(1) is { } greeting)
    {
        socket.Send(Encoding.UTF8.GetBytes(greeting));      // a UDP server knows nobody who has not spoken
    }

    byte[] buffer = new byte[64 * 1024];
    while (true)
    {
        int length = socket.Receive(buffer);
        if (length == 0 && isStream)
        {
            return 0;       // the end of the stream; an empty datagram is a message as any other
        }

        // A datagram is a message. A stream has none, only bytes: here each line is one, and so is what is left over.
        int start = 0;
        do
        {
            int lineEnd = isStream ? buffer.AsSpan(start, length - start).IndexOf((byte)'\n') : -1;
            int end = lineEnd < 0 ? length : start + lineEnd + 1;

            // Shown without line ends, and without what would steer the terminal.
            string text = string.Concat(Encoding.UTF8.GetString(buffer, start, end - start).Where(c => !char.IsControl(c)));
            Console.WriteLine($"{DateTime.Now:HH:mm:ss.fff} [thread {Environment.CurrentManagedThreadId}] {text}");
            if (text == "quit")
            {
                socket.TrySend(buffer.AsSpan(start, end - start));      // whoever says quit may be gone already
                return 0;
            }

            socket.Send(buffer.AsSpan(start, end - start));
            start = end;
        }
        while (start < length);
    }
}
catch (SocketException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
