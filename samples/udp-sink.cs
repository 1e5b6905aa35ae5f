// A UDP server that prints each datagram as far as its buffer holds, and how much was cut. Run: dotnet run samples/udp-sink.cs [ENDPOINT [BUFFER]]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Buffers;
using System.Net;
using System.Text;
using Sockeye;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("udp://localhost:8079"));
using Socket socket = endpoint.Bind();
Console.WriteLine($"listening at {endpoint.WithEndPoint(socket.LocalEndPoint!)}");

byte[] buffer = new byte[int.Parse(args.ElementAtOrDefault(1) ?? "4")];
SocketAddress sender = new(socket.AddressFamily);

while (true)
{
    // A datagram comes whole or is cut, never in two parts: what does not fit the buffer is gone.
    if (socket.TryReceiveMessage(buffer, peer: sender).TryGetValue(out ReceivedMessage message))
    {
        string cut = message.BytesLost switch { 0 => "", 1 => " (1 more byte was cut)", var more => $" ({more} more bytes were cut)" };
        Console.WriteLine($"{message.Peer?.ToString() ?? "unix"} {Show(buffer.AsSpan(0, message.Length))}{cut}");
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
