// Fetches a page in HTTP's own words: the head goes to standard error, the body to standard output. Run: dotnet run samples/http-get.cs [URL [ENDPOINT]]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Sockeye;
using Socket = Sockeye.Socket;

Uri url = new(args.FirstOrDefault("http://localhost:8000/"));
try
{
    using Socket socket = SocketUri.Parse(args.ElementAtOrDefault(1) ?? $"tcp://{url.Host}:{url.Port}?timeout=10s").Connect();
    using Stream server = url.Scheme == "https" ? Encrypt(socket.MakeFile()) : socket.MakeFile();
    server.Write(Encoding.ASCII.GetBytes($"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\nConnection: close\r\n\r\n"));
    server.Flush();

    Dictionary<string, string> head = new(StringComparer.OrdinalIgnoreCase);
    while (ReadLine(server) is { Length: > 0 } line)
    {
        Console.Error.WriteLine(string.Concat(line.Where(c => !char.IsControl(c))));    // nobody is to steer your terminal
        string[] field = line.Split(':', 2);
        head[field[0]] = field[^1].Trim();
        if (head.Count > 100)
        {
            throw new InvalidDataException("the head does not end");
        }
    }

    using Stream output = Console.OpenStandardOutput();
    if (head.GetValueOrDefault("Transfer-Encoding", "").EndsWith("chunked", StringComparison.OrdinalIgnoreCase))
    {
        // Each chunk has its size before it, in hexadecimal, and a line end behind it. The last is empty.
        while (uint.Parse(ReadLine(server).Split(';')[0].Trim(), NumberStyles.HexNumber) is > 0 and var size)
        {
            Copy(server, output, size);
            ReadLine(server);
        }
    }
    else if (head.TryGetValue("Content-Length", out string? length))
    {
        Copy(server, output, long.Parse(length, NumberStyles.None));
    }
    else
    {
        server.CopyTo(output);      // the end of the stream is the end of the page
    }

    return 0;
}
catch (Exception e) when (e is SocketException or IOException or InvalidDataException or AuthenticationException or FormatException or OverflowException)
{
    Console.Error.WriteLine($"{url}: {e.Message}");
    return 1;
}

SslStream Encrypt(Stream plain)
{
    SslStream encrypted = new(plain);
    encrypted.AuthenticateAsClient(url.IdnHost);    // checks the certificate
    return encrypted;
}

static string ReadLine(Stream server)
{
    StringBuilder line = new();
    for (int next; (next = server.ReadByte()) != '\n'; line.Append((char)next))
    {
        if (next < 0 || line.Length == 16 * 1024)
        {
            throw new InvalidDataException(next < 0 ? "the server ended too early" : "a line of the head does not end");
        }
    }

    return line.ToString().TrimEnd('\r');
}

static void Copy(Stream server, Stream output, long count)
{
    byte[] buffer = new byte[16 * 1024];
    for (int length; count > 0; count -= length)
    {
        length = server.Read(buffer, 0, (int)Math.Min(count, buffer.Length));
        if (length == 0)
        {
            throw new EndOfStreamException($"the server ended {count} bytes too early");
        }

        output.Write(buffer, 0, length);
    }
}
