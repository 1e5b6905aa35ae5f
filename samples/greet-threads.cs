// A TCP server that greets, with a thread for each connection. Run: dotnet run samples/greet-threads.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using Sockeye;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("tcp://127.0.0.1:9999"));
using Socket listener = endpoint.Listen();
Console.WriteLine($"listening at {endpoint.WithEndPoint(listener.LocalEndPoint!)}");

while (true)
{
    if (listener.TryAccept().TryGetValue(out Socket? client))
    {
        try
        {
            new Thread(() => Serve(client)) { IsBackground = true }.Start();
        }
        catch (OutOfMemoryException)
        {
            client.Dispose();   // .NET's word for no thread to be had
        }
    }
    else
    {
        Thread.Sleep(100);      // no descriptor is left (ulimit -n); one is when a client goes
    }
}

// Each call waits for its peer, and this thread with it: the code reads from top to bottom.
static void Serve(Socket client)
{
    using (client)
    {
        client.TrySendAll("Welcome!"u8);
        byte[] buffer = new byte[16 * 1024];
        bool isOver = false;
        while (!isOver && client.TryReceive(buffer).TryGetValue(out int length) && length > 0)
        {
            byte[] answer = Greet(buffer.AsSpan(0, length), out isOver);
            isOver |= !client.TrySendAll(answer).IsSuccess;
        }
    }
}

// Answers each line of a chunk, and what is left without a line end; "exit" ends it.
static byte[] Greet(ReadOnlySpan<byte> chunk, out bool isOver)
{
    List<byte> answer = [];
    for (isOver = false; !chunk.IsEmpty && !isOver;)
    {
        int length = chunk.IndexOf((byte)'\n') is >= 0 and var end ? end + 1 : chunk.Length;
        ReadOnlySpan<byte> line = chunk[..length];
        chunk = chunk[length..];

        int lineEnd = line switch { [.., (byte)'\r', (byte)'\n'] => 2, [.., (byte)'\n'] => 1, _ => 0 };
        ReadOnlySpan<byte> name = line[..^lineEnd];
        isOver = name.SequenceEqual("exit"u8);
        if (!isOver)
        {
            answer.AddRange([.. "Hello, "u8, .. name, (byte)'!', .. line[^lineEnd..]]);
        }
    }

    return [.. answer];
}
