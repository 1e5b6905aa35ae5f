// A TCP server that prints what arrives and from whom, and answers nothing. Run: dotnet run samples/tcp-sink.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Buffers;
using System.Text;
using Sockeye;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("tcp://localhost:8079"));
using Socket listener = endpoint.Listen();
Console.WriteLine($"listening at {endpoint.WithEndPoint(listener.LocalEndPoint!)}");

while (true)
{
    SocketResult<Socket> accepted = await listener.TryAcceptAsync();
    if (accepted.TryGetValue(out Socket? client))
    {
        _ = PrintAsync(client);
    }
    else
    {
        await Task.Delay(100);      // no descriptor is left (ulimit -n); one is when a client goes
    }
}

static async Task PrintAsync(Socket client)
{
    using (client)
    {
        string peer = client.TryGetRemoteEndPoint().ToString() is { Length: > 0 } name ? name : "unix";   // callers have no name there
        byte[] buffer = new byte[16 * 1024];
        while ((await client.TryReceiveAsync(buffer)).TryGetValue(out int length) && length > 0)
        {
            Console.WriteLine($"{peer} {Show(buffer.AsSpan(0, length))}");
        }
    }
}

// UTF-8 as text without its last line end; what is no text, or would steer the terminal, as \xff.
static string Show(ReadOnlySpan<byte> bytes)
{
    bytes = bytes switch { [.. var line, (byte)'\r', (byte)'\n'] => line, [.. var line, (byte)'\n'] => line, _ => bytes };
    StringBuilder text = new();
    while (!bytes.IsEmpty)
    {
        bool isText = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == OperationStatus.Done;
        text.Append(rune.Value switch
        {
            '\n' => @"\n",
            '\r' => @"\r",
            '\t' => @"\t",
            '\\' => @"\\",
            _ when isText && !Rune.IsControl(rune) => rune.ToString(),
            _ => string.Concat(bytes[..length].ToArray().Select(value => $@"\x{value:x2}")),
        });
        bytes = bytes[length..];
    }

    return text.ToString();
}
