// An ordinary program of System.Net.Sockets. It is built twice, with the system's socket and with Sockeye's, and prints
// the same both times; only `--which` tells them apart.

using System.Net;
using System.Net.Sockets;
using System.Text;

if (args is ["--which"])
{
    Console.WriteLine(typeof(Socket).FullName);
    return 0;
}

await Streams();
Datagrams();
await UnixStreams();
await Cancellation();
Options();
Errors();
return 0;

// One echo server, three clients at once.
static async Task Streams()
{
    using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    listener.Listen(16);

    Task serving = Serve(listener, 3);
    string[] answers = await Task.WhenAll(Enumerable.Range(1, 3).Select(number => Ask(listener.LocalEndPoint!, $"client {number}")));
    await serving;
    foreach (string answer in answers)
    {
        Console.WriteLine(answer);
    }
}

static async Task Serve(Socket listener, int count)
{
    for (; count > 0; count--)
    {
        using Socket connection = await listener.AcceptAsync();
        connection.NoDelay = true;
        byte[] buffer = new byte[256];
        int length;
        while ((length = await connection.ReceiveAsync(buffer)) > 0)
        {
            await connection.SendAsync(buffer.AsMemory(0, length));
        }

        connection.Shutdown(SocketShutdown.Send);
    }
}

static async Task<string> Ask(EndPoint server, string question)
{
    using Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
    await socket.ConnectAsync(server);
    await socket.SendAsync(Encoding.UTF8.GetBytes(question));
    socket.Shutdown(SocketShutdown.Send);

    StringBuilder answer = new();
    byte[] buffer = new byte[256];
    for (int length; (length = await socket.ReceiveAsync(buffer)) > 0;)
    {
        answer.Append(Encoding.UTF8.GetString(buffer, 0, length));
    }

    return $"{question} heard {answer}, connected: {socket.Connected}";
}

static void Datagrams()
{
    using Socket receiver = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 5000 };
    receiver.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    using Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    sender.SendTo("datagram"u8.ToArray(), receiver.LocalEndPoint!);

    Console.WriteLine($"readable: {receiver.Poll(5_000_000, SelectMode.SelectRead)}, {receiver.Available} bytes");
    byte[] buffer = new byte[100];
    EndPoint peer = new IPEndPoint(IPAddress.Any, 0);
    int length = receiver.ReceiveFrom(buffer, ref peer);
    Console.WriteLine($"{Encoding.ASCII.GetString(buffer, 0, length)} from the sender: {((IPEndPoint)peer).Port == ((IPEndPoint)sender.LocalEndPoint!).Port}");
}

static async Task UnixStreams()
{
    string path = Path.Combine(Path.GetTempPath(), $"drop-in-{Environment.ProcessId}.sock");
    using Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    listener.Bind(new UnixDomainSocketEndPoint(path));
    listener.Listen();
    using Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
    using Socket server = await listener.AcceptAsync();

    await client.SendAsync("over a path"u8.ToArray());
    byte[] buffer = new byte[11];
    for (int got = 0; got < buffer.Length;)
    {
        got += await server.ReceiveAsync(buffer.AsMemory(got));
    }

    Console.WriteLine(Encoding.ASCII.GetString(buffer));
    listener.Dispose();
    Console.WriteLine($"the file is gone: {!File.Exists(path)}");
}

static async Task Cancellation()
{
    using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    using CancellationTokenSource stop = new();
    ValueTask<int> receiving = socket.ReceiveAsync(new byte[10], stop.Token);
    await stop.CancelAsync();
    try
    {
        await receiving;
    }
    catch (OperationCanceledException e)
    {
        Console.WriteLine($"cancelled with its token: {e.CancellationToken == stop.Token}");
    }
}

static void Options()
{
    using Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true, LingerState = new LingerOption(true, 0) };
    socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
    socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 77);
    Console.WriteLine($"{socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)} {socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime)}"
        + $" {socket.DualMode} {socket.LingerState?.Enabled} {socket.Ttl > 0}");
}

static void Errors()
{
    int free;
    using (Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
    {
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        free = ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    try
    {
        socket.Connect(IPAddress.Loopback, free);
    }
    catch (SocketException e)
    {
        Console.WriteLine($"{e.SocketErrorCode} {e.NativeErrorCode}");
    }

    socket.Blocking = false;
    socket.Dispose();
    try
    {
        socket.Receive(new byte[1]);
    }
    catch (ObjectDisposedException e)
    {
        Console.WriteLine($"disposed: {e.ObjectName.EndsWith("Socket", StringComparison.Ordinal)}");
    }
}
