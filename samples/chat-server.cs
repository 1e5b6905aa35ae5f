// A group chat: the first line is your name, then everyone hears everyone. Run: dotnet run samples/chat-server.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Text;
using System.Threading.Channels;
using Sockeye;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("tcp://localhost:6667"));
List<Channel<byte[]>> members = [];     // what each is still to be told
using EventLoop loop = new();           // all of it runs on this one thread: the list needs no lock
loop.Run(async () =>
{
    using Socket listener = endpoint.Listen();
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

async Task ServeAsync(Socket client)
{
    using (client)
    using (SocketTextFile lines = client.MakeTextFile(FileAccess.Read, maxLineBytes: 1000))
    {
        try
        {
            if (await lines.ReadLineAsync() is { Length: > 0 } name)
            {
                await ChatAsync(client, lines, name);
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            Console.WriteLine(e.Message);       // a reset, or a line that does not end: it ends this connection alone
        }
    }
}

async Task ChatAsync(Socket client, SocketTextFile lines, string name)
{
    // Whoever reads too slowly misses the oldest lines. Nobody waits for them, and the memory has a bound.
    Channel<byte[]> news = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(100) { FullMode = BoundedChannelFullMode.DropOldest });
    Task telling = TellAsync(client, news.Reader);
    members.Add(news);
    try
    {
        Say($"* {name} is here");
        await foreach (string line in lines)
        {
            Say($"{name}: {line}");
            await Task.Yield();     // the listeners' turn: a burst alone is no reason to miss a line
        }
    }
    finally
    {
        members.Remove(news);
        Say($"* {name} has left");
        news.Writer.Complete();
        await Task.WhenAny(telling, loop.DelayAsync(TimeSpan.FromSeconds(1)));      // for what is still to be told
    }
}

static async Task TellAsync(Socket client, ChannelReader<byte[]> news)
{
    // Not ReadAllAsync, which would wait on another thread, and take its time.
    while (await news.WaitToReadAsync())
    {
        if (news.TryRead(out byte[]? line) && !(await client.TrySendAllAsync(line)).IsSuccess)
        {
            return;
        }
    }
}

void Say(string text)
{
    // Characters that would steer the listeners' terminals are left out.
    byte[] line = Encoding.UTF8.GetBytes(string.Concat(text.Where(c => !char.IsControl(c))) + "\n");
    members.ForEach(member => member.Writer.TryWrite(line));
}
