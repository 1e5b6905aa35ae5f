using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Sockeye.Benchmarks;

/// <summary>What it takes to send a long input over loopback: nc and sockeye connect in turns, to one reader.</summary>
internal static class CopyLoad
{
    private static readonly (string Name, string Command)[] _rows =
    [
        ("nc", "nc -N 127.0.0.1 \"$1\""),
        ("sockeye connect", "dotnet \"$2\" connect \"tcp://127.0.0.1:$1\""),
    ];

    /// <summary>Runs the rounds and prints a line for each program: the best and, in brackets, the median.</summary>
    /// <param name="mebibytes">How much is sent.</param>
    /// <param name="rounds">How often each.</param>
    public static int Run(int mebibytes, int rounds)
    {
        List<(double Seconds, double Cpu)>[] results = [.. _rows.Select(static _ => new List<(double, double)>())];
        for (int round = 0; round < rounds; round++)
        {
            for (int row = 0; row < _rows.Length; row++)
            {
                results[row].Add(Send(_rows[row].Command, mebibytes));
            }
        }

        Console.WriteLine($"{mebibytes} MiB of /dev/zero over loopback; best of {rounds} rounds (median); CPU is the program's own, with its start");
        for (int row = 0; row < _rows.Length; row++)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{_rows[row].Name,-16} {Show(results[row].Select(static result => result.Seconds))} s   {Show(results[row].Select(static result => result.Cpu))} s of CPU"));
        }

        return 0;
    }

    private static string Show(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return string.Create(CultureInfo.InvariantCulture, $"{sorted[0]:0.00} ({sorted[sorted.Length / 2]:0.00})");
    }

    private static (double Seconds, double Cpu) Send(string command, int mebibytes)
    {
        using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        string line = $"head -c {mebibytes}M /dev/zero | {{ TIMEFORMAT='%U %S'; time {command} >/dev/null; }}";
        var start = new ProcessStartInfo("bash", ["-c", line, "bash", $"{port}", Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll")])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        using (Socket peer = listener.Accept())
        {
            Drain(peer, mebibytes);
        }

        string times = process.StandardError.ReadToEnd();
        process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        string[] cpu = times.Trim().Split('\n')[^1].Split(' ');
        return process.ExitCode == 0 && cpu.Length == 2
            ? (seconds, cpu.Sum(static time => double.Parse(time, CultureInfo.InvariantCulture)))
            : throw new InvalidOperationException($"{command} ended with {process.ExitCode}: {times}");
    }

    private static void Drain(Socket peer, int mebibytes)
    {
        byte[] buffer = new byte[1 << 20];
        long left = (long)mebibytes << 20;
        for (int length; (length = peer.Receive(buffer)) > 0;)
        {
            left -= length;
        }

        if (left != 0)
        {
            throw new InvalidOperationException($"{left} bytes are missing");
        }
    }
}
