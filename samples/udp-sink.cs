// A UDP server that prints each datagram as far as its buffer holds, and how much was cut. Run: dotnet run samples/udp-sink.cs [ENDPOINT [BUFFER]]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Buffers;
using System.Net;
using System.Text;
using Sockeye;

Endpoint endpoint = Endpoint.Parse(args.FirstOrDefault("udp://localhost:8079"));
using Socket socket = endpoint.Bind();
Console.WriteLine($"listening at {endpoint.WithEndPoint(socket.LocalEndPoint!)}");

byte[] buffer = new byte[int.Parse(args.ElementAtOrDefault(1) ?? "4")];
SocketAddress sender = new(socket.AddressFamily);

while (true)
{
    // A datagram comes whole or is cut, never in two parts: what does not fit the buffer is gone.
    if (socket.TryReceiveMessage(buffer, peer: sender).TryGetValue(out ReceivedMessage message))
    {
        string cut = message.IsTruncated ? $" ({message.BytesLost} bytes cut)" : "";
        Console.WriteLine($"{message.Peer}: {Show(buffer.AsSpan(0, message.Length))}{cut}");
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
