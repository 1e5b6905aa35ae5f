// A TCP server that greets, all connections on one thread, an event loop. Run: dotnet run samples/greet-loop.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using Sockeye;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("tcp://127.0.0.1:9999"));
using EventLoop loop = new();
loop.Run(async () =>
{
    using Socket listener = endpoint.Listen();      // made on the loop, it belongs to the loop, as do its clients
    Console.WriteLine($"listening at {endpoint.WithEndPoint(listener.LocalEndPoint!)}");

    while (true)
    {
        if ((await listener.TryAcceptAsync()).TryGetValue(out Socket? client))
        {
            _ = ServeAsync(client);
        }
        else
        {
            await loop.DelayAsync(TimeSpan.FromMilliseconds(100));      // no descriptor is left (ulimit -n)
        }
    }
});

// Each await leaves the thread to the others until the peer is ready: no locks, since no two of them run at once.
static async Task ServeAsync(Socket client)
{
    using (client)
    {
        await client.TrySendAllAsync("Welcome!"u8.ToArray());
        byte[] buffer = new byte[16 * 1024];
        bool isOver = false;
        while (!isOver && (await client.TryReceiveAsync(buffer)).TryGetValue(out int length) && length > 0)
        {
            byte[] answer = Greet(buffer.AsSpan(0, length), out isOver);
            isOver |= !(await client.TrySendAllAsync(answer)).IsSuccess;
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
