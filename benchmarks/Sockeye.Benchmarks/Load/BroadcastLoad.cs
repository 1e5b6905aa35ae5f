using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks.Load;

/// <summary>
/// One sender, many members: the sender writes its messages in one go, and the next ones when every member has all of
/// them. An operation is one message delivered to one member.
/// </summary>
/// <param name="members">How many receive.</param>
/// <param name="inFlight">How many messages go in one.</param>
internal sealed class BroadcastLoad(int members, int inFlight) : Load
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket[] _clients = [];
    private Memory<byte> _messages;
    private long _target;
    private long _bytes;
    private int _missing;
    private long _began;

    private Socket Sender => _clients[^1];

    public override async Task ConnectAsync(IPEndPoint server)
    {
        _clients = await OpenStreamsAsync(server, members + 1);
        Memory<byte> word = new byte[1];
        foreach (Socket client in _clients)
        {
            word.Span[0] = (byte)(ReferenceEquals(client, Sender) ? 'S' : 'M');
            await client.SendAsync(word, SocketFlags.None);
            await ReceiveAllAsync(client, word);
        }
    }

    public override async Task RunAsync()
    {
        _messages = Message(EchoLoad.MessageBytes * inFlight);
        Task[] receiving = [.. _clients[..members].Select(ListenAsync)];
        await SendAsync();
        await Task.WhenAny(_done.Task, Task.WhenAny(receiving).Unwrap());
        if (!_done.Task.IsCompleted)
        {
            throw new IOException("the server closed a member's connection");
        }

        Dispose();
        await Task.WhenAll(receiving);
    }

    private async Task SendAsync()
    {
        _target += _messages.Length;
        _missing = members;
        _began = Stopwatch.GetTimestamp();
        await Sender.SendAsync(_messages, SocketFlags.None);
    }

    private async Task ListenAsync(Socket member)
    {
        Memory<byte> buffer = Message(Math.Max(EchoLoad.MessageBytes * inFlight, 4_096));
        long got = 0;
        try
        {
            int count;
            while ((count = await member.ReceiveAsync(buffer, SocketFlags.None)) > 0)
            {
                got += count;

                // Counted as they come: a round of many members is long, and the clock stops in the middle of one.
                _bytes += count;
                Operations = _bytes / EchoLoad.MessageBytes;
                if (got == _target && --_missing == 0)
                {
                    await RoundEndedAsync();
                }
            }
        }
        catch (Exception e) when (_done.Task.IsCompleted && e is SocketException or ObjectDisposedException)
        {
            // The load has ended and closed the socket.
        }
    }

    private async ValueTask RoundEndedAsync()
    {
        Latencies.Add(Stopwatch.GetTimestamp() - _began);
        if (IsStopping)
        {
            _done.SetResult();
            return;
        }

        await SendAsync();
    }
}
