using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;

namespace Sockeye.Benchmarks.Load;

/// <summary>Single datagrams, many under way: for each that comes back, one goes out.</summary>
/// <param name="inFlight">How many are under way.</param>
internal sealed class DatagramLoad(int inFlight) : Load
{
    private Socket? _client;

    public override Task ConnectAsync(IPEndPoint server)
    {
        _client = OpenDatagrams(server);
        return Task.CompletedTask;
    }

    public override async Task RunAsync()
    {
        Socket client = _client!;
        using var questions = new MessageBatch(inFlight, EchoLoad.MessageBytes);
        using var answers = new MessageBatch(inFlight, EchoLoad.MessageBytes);
        for (int i = 0; i < inFlight; i++)
        {
            questions.Add(Message(EchoLoad.MessageBytes).Span);
        }

        int underWay = 0;
        await SendAsync(inFlight);
        Task watch = WatchAsync(() =>
        {
            // Not sent on the way of answers, which may never come again: this one asks the socket alone.
            Lost += underWay;
            underWay = inFlight;
            Stamp(inFlight);
            _ = client.TrySendBatch(questions);
        });
        while (!IsStopping)
        {
            int count = await client.ReceiveBatchAsync(answers);
            long now = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
            {
                Complete(1, now - BinaryPrimitives.ReadInt64LittleEndian(answers[i].Data.Span));
            }

            // What was given up and came after all is not answered again, or ever more would be under way.
            underWay = Math.Max(0, underWay - count);
            await SendAsync(Math.Min(count, inFlight - underWay));
        }

        await watch;

        void Stamp(int count)
        {
            questions.Count = count;
            long now = Stopwatch.GetTimestamp();
            for (int i = 0; i < count; i++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(questions[i].Data.Span, now);
            }
        }

        async ValueTask SendAsync(int count)
        {
            Stamp(count);
            for (int sent = 0; sent < count;)
            {
                sent += await client.SendBatchAsync(questions, sent);
            }

            underWay += count;
        }
    }
}
