using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Cli.Clients;

/// <summary>sockeye probe: what connect(2) returns, as Python's connect_ex gives it.</summary>
/// <param name="endpoint">Where to.</param>
/// <param name="limit">How long one try may take.</param>
/// <param name="until">How long to try again until it connects; null is one try.</param>
/// <param name="report">Where to report it.</param>
internal sealed class ProbeClient(SocketUri endpoint, TimeSpan limit, TimeSpan? until, Report report)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(1);

    /// <summary>Tries to connect, and reports the result.</summary>
    /// <param name="stop">The first signal.</param>
    /// <returns>0, the errno, or EX_NOHOST.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        await PrepareAsync(stop);
        long start = Stopwatch.GetTimestamp();
        TimeSpan pause = _firstPause;
        for (int tries = 1; ; tries++)
        {
            TimeSpan? left = until - Stopwatch.GetElapsedTime(start);
            TimeSpan time = left < limit ? left.Value : limit;
            var trace = new ConnectionTrace();
            SocketResult<Socket> result = await WithLimit(time).TryConnectAsync(trace, stop);
            if (result.TryGetValue(out Socket? socket))
            {
                socket.Dispose();
            }

            if (stop.IsCancellationRequested)
            {
                return ExitCode.Interrupted;
            }

            left = until - Stopwatch.GetElapsedTime(start) - pause;
            if (result.IsSuccess || left is not { } rest || rest <= TimeSpan.Zero)
            {
                return Print(result, trace, tries);
            }

            try
            {
                await Task.Delay(pause, stop);
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Interrupted;
            }

            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, _longestPause.Ticks));
        }
    }

    // A process's first connect has to be compiled, and its first wait starts a thread, which takes 10 ms or more that are not
    // the network's. So this warms up: it connects to a name that nobody has, and a datagram socket, which sends nothing, and
    // waits on that.
    private static async Task PrepareAsync(CancellationToken stop)
    {
        foreach (string first in new[] { "unix:@sockeye/probe/nobody?timeout=1s", "udp://127.0.0.1:9?timeout=1ms" })
        {
            if ((await SocketUri.Parse(first).TryConnectAsync(new ConnectionTrace(), stop)).TryGetValue(out Socket? socket))
            {
                await socket.TryReceiveAsync(new byte[1], SocketFlags.None, stop);
                socket.Dispose();
            }
        }
    }

    // Whole milliseconds, at least one: what the option takes.
    private SocketUri WithLimit(TimeSpan time) =>
        endpoint.WithOption("timeout", string.Create(CultureInfo.InvariantCulture, $"{Math.Max((long)time.TotalMilliseconds, 1)}ms"));

    private int Print(SocketResult<Socket> result, ConnectionTrace trace, int tries)
    {
        bool isTold = !endpoint.IsName || TryTellSteps(trace);
        int code = result.IsSuccess ? ExitCode.Ok : OptionTypes.IsLookup(result.Error) ? ClientExit.NoHost : result.Errno;
        string answer = result.IsSuccess ? "0 connected"
            : code == ClientExit.NoHost && OptionTypes.IsLookup(result.Error) ? $"- {result.ErrnoName} {result.ErrnoMessage}"
            : $"{result.Errno} {result.ErrnoName} {result.ErrnoMessage}";
        string line = string.Create(CultureInfo.InvariantCulture, $"{endpoint}: {answer} in {trace.Duration.TotalMilliseconds:0.0} ms");
        isTold &= report.TryTell(
            "result",
            result.IsSuccess ? report.Style.Good(line) : report.Style.Bad(line),
            ("endpoint", endpoint),
            ("errno", OptionTypes.IsLookup(result.Error) ? null : result.Errno),
            ("name", result.IsSuccess ? null : result.ErrnoName),
            ("message", result.IsSuccess ? "connected" : result.ErrnoMessage),
            ("seconds", trace.Duration),
            ("tries", tries));
        if (result.IsSuccess && endpoint.SocketType == SocketType.Dgram && endpoint.EndPoint is IPEndPoint or DnsEndPoint)
        {
            report.Warn("connecting a datagram socket asks nobody: 0 means that there is a route, not that anybody listens");
        }

        return isTold ? code
            : StandardStreams.IsReaderGone(report.WriteFailure) ? code
            : report.Fail($"cannot write to standard output: {report.WriteFailure?.Message}", code == ExitCode.Ok ? ExitCode.Failed : code);
    }

    private bool TryTellSteps(ConnectionTrace trace)
    {
        bool isTold = true;
        foreach (ConnectionLookup lookup in trace.Lookups)
        {
            isTold &= report.TryTell(
                "lookup",
                $"  {lookup}",
                ("family", lookup.AddressFamily),
                ("started", lookup.Started),
                ("seconds", lookup.Duration),
                ("outcome", lookup.Outcome),
                ("addresses", string.Join(' ', lookup.Addresses)));
        }

        foreach (ConnectionAttempt attempt in trace.Attempts)
        {
            isTold &= report.TryTell(
                "attempt",
                $"  {attempt}",
                ("endpoint", endpoint.WithEndPoint(attempt.EndPoint)),
                ("started", attempt.Started),
                ("seconds", attempt.Duration),
                ("outcome", attempt.Outcome),
                ("errno", attempt.Errno),
                ("name", attempt.Errno == 0 ? null : attempt.ErrnoName));
        }

        return isTold;
    }
}
