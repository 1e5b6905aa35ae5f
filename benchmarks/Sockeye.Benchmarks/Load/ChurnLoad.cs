using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks.Load;

/// <summary>Connections that live for one echo: connect, send, receive, close, and again.</summary>
/// <param name="clients">How many at a time.</param>
internal sealed class ChurnLoad(int clients) : Load
{
    private IPEndPoint _server = new(IPAddress.Loopback, 0);
    private int _sources;

    public override Task ConnectAsync(IPEndPoint server)
    {
        _server = server;
        return Task.CompletedTask;
    }

    public override Task RunAsync() => Task.WhenAll(Enumerable.Range(0, clients).Select(_ => ChurnAsync()));

    private async Task ChurnAsync()
    {
        Memory<byte> message = Message(EchoLoad.MessageBytes);
        Memory<byte> answer = Message(EchoLoad.MessageBytes);
        while (!IsStopping)
        {
            answer.Span.Clear();
            long began = Stopwatch.GetTimestamp();
            using (var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
            {
                client.SetOption(IpOptions.BindAddressNoPort, true);
                client.Bind(new IPEndPoint(NextSource(), 0));
                await client.ConnectAsync(_server, CancellationToken.None);
                await client.SendAsync(message, SocketFlags.None);
                await ReceiveAllAsync(client, answer);
            }

            Complete(1, Stopwatch.GetTimestamp() - began);
            Compare(message, answer);
        }
    }

    // Whoever closes first keeps the pair of ports for a minute (TIME_WAIT). One address would run out of ports in a
    // second; loopback has 2^24.
    private IPAddress NextSource()
    {
        int number = _sources++;
        return new IPAddress([127, 1, (byte)(number >> 8), (byte)number]);
    }
}
