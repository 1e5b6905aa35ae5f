using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks;

/// <summary>Echoes of 64 bytes from each server in turn, round after round.</summary>
internal static class EchoLoad
{
    private const int MessageBytes = 64;

    /// <summary>Ping-pong on many connections.</summary>
    internal static int RunStreams(int connections, int rounds, TimeSpan length)
    {
        Console.WriteLine($"echo of {MessageBytes} bytes, {connections} connections, {rounds} interleaved rounds of {length.TotalSeconds:0.#} s");
        return Run(EchoServers.Names, connections, PingPongAsync, rounds, length);
    }

    /// <summary>Trains of datagrams: as many as are in flight go out in one call, and the next train goes when all are back.</summary>
    internal static int RunDatagrams(int inFlight, int rounds, TimeSpan length)
    {
        Console.WriteLine($"echo of {MessageBytes}-byte datagrams, {inFlight} in flight, {rounds} interleaved rounds of {length.TotalSeconds:0.#} s");
        return Run(EchoServers.DatagramNames, clients: 1, (port, load) => TrainAsync(port, inFlight, load), rounds, length);
    }

    private static int Run(string[] names, int clients, Func<int, Counter, Task> client, int rounds, TimeSpan length)
    {
        Process.GetCurrentProcess().ProcessorAffinity = Environment.ProcessorCount > 1 ? 2 : 1;
        var costs = names.ToDictionary(static name => name, static _ => new List<double>(), StringComparer.Ordinal);
        var rates = names.ToDictionary(static name => name, static _ => new List<double>(), StringComparer.Ordinal);
        for (int round = 0; round < rounds; round++)
        {
            foreach (string name in names)
            {
                (double cost, double rate) = Measure(name, clients, client, length);
                costs[name].Add(cost);
                rates[name].Add(rate);
            }
        }

        double reference = costs[names[0]].Min();
        Console.WriteLine($"{"server",-14} {"µs/echo best",13} {"median",8} {"echo/s best",12} {"ratio of best",14}");
        foreach (string name in names)
        {
            List<double> sorted = [.. costs[name].Order()];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-14} {sorted[0],13:0.00} {sorted[sorted.Count / 2],8:0.00} {rates[name].Max(),12:0} {reference / sorted[0],13:0.00}x"));
        }

        return 0;
    }

    private static (double MicrosecondsPerEcho, double EchoesPerSecond) Measure(
        string name, int clients, Func<int, Counter, Task> client, TimeSpan length)
    {
        using Process server = Start(name);
        int port = int.Parse(server.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        using var loop = new EventLoop();
        (long echoes, TimeSpan cpu, TimeSpan elapsed) = loop.Run(() => DriveAsync(server, port, clients, client, length));
        server.StandardInput.Close();
        if (!server.WaitForExit(10_000))
        {
            server.Kill();
        }

        return (cpu.TotalMicroseconds / echoes, echoes / elapsed.TotalSeconds);
    }

    private static async Task<(long Echoes, TimeSpan Cpu, TimeSpan Elapsed)> DriveAsync(
        Process server, int port, int count, Func<int, Counter, Task> client, TimeSpan length)
    {
        var load = new Counter();
        var clients = new List<Task>();
        for (int i = 0; i < count; i++)
        {
            clients.Add(client(port, load));
        }

        // Warm up for as long as the runtime needs to compile its hottest methods for the second time.
        EventLoop loop = EventLoop.Current!;
        await loop.DelayAsync(TimeSpan.FromSeconds(1.5));
        (long echoes, TimeSpan cpu, long start) = (load.Echoes, Cpu(server), Stopwatch.GetTimestamp());
        await loop.DelayAsync(length);
        (long echoesDone, TimeSpan cpuSpent, TimeSpan elapsed) =
            (load.Echoes - echoes, Cpu(server) - cpu, Stopwatch.GetElapsedTime(start));
        load.Stopping = true;
        await Task.WhenAll(clients);
        return (echoesDone, cpuSpent, elapsed);
    }

    private static async Task PingPongAsync(int port, Counter load)
    {
        using Socket client = await Socket.CreateConnectionAsync(new IPEndPoint(IPAddress.Loopback, port));
        client.NoDelay = true;
        Memory<byte> message = GC.AllocateUninitializedArray<byte>(MessageBytes, pinned: true);
        while (!load.Stopping)
        {
            await client.SendAsync(message, SocketFlags.None);
            await client.ReceiveExactlyAsync(message);
            load.Echoes++;
        }
    }

    private static async Task TrainAsync(int port, int inFlight, Counter load)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.Connect(new IPEndPoint(IPAddress.Loopback, port));
        using var train = new MessageBatch(inFlight, MessageBytes);
        using var answers = new MessageBatch(inFlight, MessageBytes);
        for (int i = 0; i < inFlight; i++)
        {
            train.Add(new byte[MessageBytes]);
        }

        while (!load.Stopping)
        {
            for (int sent = 0; sent < inFlight;)
            {
                sent += await client.SendBatchAsync(train, sent);
            }

            for (int back = 0; back < inFlight;)
            {
                back += await client.ReceiveBatchAsync(answers);
            }

            load.Echoes += inFlight;
        }
    }

    private static TimeSpan Cpu(Process server)
    {
        server.Refresh();
        return server.TotalProcessorTime;
    }

    private static Process Start(string name)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(EchoLoad).Assembly.Location, "serve", name])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        Process server = Process.Start(start)!;
        server.ProcessorAffinity = 1;
        return server;
    }

    private sealed class Counter
    {
        internal long Echoes;
        internal bool Stopping;
    }
}
