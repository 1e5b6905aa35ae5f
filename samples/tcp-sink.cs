// A TCP server that prints what arrives and from whom, and answers nothing. Run: dotnet run samples/tcp-sink.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Buffers;
using System.Net;
using System.Text;
using Sockeye;

Endpoint endpoint = Endpoint.Parse(args.FirstOrDefault("tcp://localhost:8079"));
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
        EndPoint? peer = client.TryGetRemoteEndPoint().TryGetValue(out EndPoint? known) ? known : null;
        byte[] buffer = new byte[16 * 1024];
        while ((await client.TryReceiveAsync(buffer)).TryGetValue(out int length) && length > 0)
        {
            Console.WriteLine($"{peer}: {Show(buffer.AsSpan(0, length))}");
        }
    }
}

// UTF-8 as text; bytes that are none, and characters that would steer the terminal, as \xff. The last line end is not shown.
static string Show(ReadOnlySpan<byte> bytes)
{
    StringBuilder text = new();
    for (bytes = bytes is [.. var line, (byte)'\n'] ? line : bytes; !bytes.IsEmpty;)
    {
        if (Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == OperationStatus.Done && !Rune.IsControl(rune))
        {
            text.Append(rune);
        }
        else
        {
            text.Append(rune.Value == '\n' ? @"\n" : string.Concat(bytes[..length].ToArray().Select(b => $@"\x{b:x2}")));
        }

        bytes = bytes[length..];
    }

    return text.ToString();
}
