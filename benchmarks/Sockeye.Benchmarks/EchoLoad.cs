using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks;

/// <summary>Ping-pong of 64 bytes on many connections, against each server in turn, round after round.</summary>
internal static class EchoLoad
{
    private const int MessageBytes = 64;

    internal static int Run(int connections, int rounds, TimeSpan length)
    {
        Console.WriteLine($"echo of {MessageBytes} bytes, {connections} connections, {rounds} interleaved rounds of {length.TotalSeconds:0.#} s");
        Process.GetCurrentProcess().ProcessorAffinity = Environment.ProcessorCount > 1 ? 2 : 1;
        var costs = EchoServers.Names.ToDictionary(static name => name, static _ => new List<double>(), StringComparer.Ordinal);
        var rates = EchoServers.Names.ToDictionary(static name => name, static _ => new List<double>(), StringComparer.Ordinal);
        for (int round = 0; round < rounds; round++)
        {
            foreach (string name in EchoServers.Names)
            {
                (double cost, double rate) = Measure(name, connections, length);
                costs[name].Add(cost);
                rates[name].Add(rate);
            }
        }

        double reference = costs[EchoServers.Names[0]].Min();
        Console.WriteLine($"{"server",-14} {"µs/echo best",13} {"median",8} {"echo/s best",12} {"ratio of best",14}");
        foreach (string name in EchoServers.Names)
        {
            List<double> sorted = [.. costs[name].Order()];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-14} {sorted[0],13:0.00} {sorted[sorted.Count / 2],8:0.00} {rates[name].Max(),12:0} {reference / sorted[0],13:0.00}x"));
        }

        return 0;
    }

    private static (double MicrosecondsPerEcho, double EchoesPerSecond) Measure(string name, int connections, TimeSpan length)
    {
        using Process server = Start(name);
        int port = int.Parse(server.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
        using var loop = new EventLoop();
        (long echoes, TimeSpan cpu, TimeSpan elapsed) = loop.Run(() => DriveAsync(server, port, connections, length));
        server.StandardInput.Close();
        if (!server.WaitForExit(10_000))
        {
            server.Kill();
        }

        return (cpu.TotalMicroseconds / echoes, echoes / elapsed.TotalSeconds);
    }

    private static async Task<(long Echoes, TimeSpan Cpu, TimeSpan Elapsed)> DriveAsync(
        Process server, int port, int connections, TimeSpan length)
    {
        var load = new Counter();
        var clients = new List<Task>();
        for (int i = 0; i < connections; i++)
        {
            Socket client = await Socket.CreateConnectionAsync(new IPEndPoint(IPAddress.Loopback, port));
            clients.Add(PingPongAsync(client, load));
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

    private static async Task PingPongAsync(Socket client, Counter load)
    {
        using (client)
        {
            client.NoDelay = true;
            Memory<byte> message = GC.AllocateUninitializedArray<byte>(MessageBytes, pinned: true);
            while (!load.Stopping)
            {
                await client.SendAsync(message, SocketFlags.None);
                await client.ReceiveExactlyAsync(message);
                load.Echoes++;
            }
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
