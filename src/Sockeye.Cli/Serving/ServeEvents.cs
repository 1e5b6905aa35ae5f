using System.Globalization;
using Microsoft.Extensions.Logging;
using Sockeye.Servers;

namespace Sockeye.Cli.Serving;

/// <summary>A server's output: events for programs, a log for people, and the lines that the program itself prints.</summary>
/// <param name="report">Where to.</param>
/// <param name="program">What is served.</param>
/// <param name="time">The clock of the limits.</param>
internal sealed class ServeEvents(Report report, ServedProgram program, TimeProvider time)
{
    // How much of a message a log line shows.
    private const int ShownBytesMax = 200;

    private readonly LogLimit _refusals = new(time);
    private readonly LogLimit _drops = new(time);
    private readonly LogLimit _failures = new(time);
    private string _lastRefused = "";
    private string _lastReason = "";

    private ILogger Log => report.Logger;

    public void Connected(string peer, int connections)
    {
        Log.Connected(peer, connections);
        report.TryTell("connected", line: null, ("peer", peer), ("connections", connections));
    }

    /// <summary>Something came.</summary>
    /// <returns>False when the program cannot go on: its output is full or closed.</returns>
    public bool Received(string peer, ReadOnlySpan<byte> bytes, int cut)
    {
        if (Log.IsEnabled(LogLevel.Debug))
        {
            Log.Received(bytes.Length + cut, peer, Shown(bytes));
        }

        bool isTold = report.IsJson
            ? report.TryTell("received", line: null, ("peer", peer), ("bytes", bytes.Length), ("cut", cut), Report.Data(bytes))
            : program.Line(peer, bytes, cut, report.Style) is not { } line || report.TryTell("received", line);
        return isTold || !program.NeedsOutput;
    }

    public void Sent(string peer, int bytes)
    {
        Log.Sent(bytes, peer);
        if (report.IsJson)
        {
            report.TryTell("sent", line: null, ("peer", peer), ("bytes", bytes));
        }
    }

    /// <summary>An answer that cannot be sent is dropped.</summary>
    public void Dropped(string peer, int bytes, string reason)
    {
        int count = _drops.Take();
        if (count == 0)
        {
            return;
        }

        Log.Dropped(bytes, peer, reason, More(count));
        report.TryTell("dropped", line: null, ("peer", peer), ("bytes", bytes), ("reason", reason), ("count", count));
    }

    /// <summary>The kernel dropped datagrams for want of room.</summary>
    public void Overflowed(string where, long count)
    {
        if (count > 0)
        {
            Log.Overflowed(where, QueueDrops.Text(count));
            report.TryTell("overflow", line: null, ("endpoint", where), ("count", count));
        }
    }

    public void Disconnected(string peer, string reason, long bytesReceived, long bytesSent, TimeSpan time)
    {
        Log.Disconnected(peer, reason, bytesReceived, bytesSent);
        report.TryTell(
            "disconnected",
            line: null,
            ("peer", peer),
            ("reason", reason),
            ("bytesReceived", bytesReceived),
            ("bytesSent", bytesSent),
            ("seconds", time));
    }

    /// <summary>A connection that is closed at once. Called by one thread.</summary>
    public void Refused(string peer, string reason)
    {
        (_lastRefused, _lastReason) = (peer, reason);
        TellRefused(_refusals.Take());
    }

    public void AcceptPaused(string where, string error) => Log.AcceptPaused(where, error);

    public void AcceptResumed(string where) => Log.AcceptResumed(where);

    /// <summary>A receive on a datagram socket failed, which does not end it.</summary>
    public void ReceiveFailed(string where, string error)
    {
        int count = _failures.Take();
        if (count > 0)
        {
            Log.ReceiveFailed(where, error, More(count));
        }
    }

    public void Stopping(int connections)
    {
        TellRefused(_refusals.Flush());
        Log.Stopping(connections);
        report.TryTell("stopping", line: null, ("connections", connections));
    }

    public void Stopped(int drained, int aborted)
    {
        Log.Stopped(drained, aborted);
        report.TryTell("stopped", line: null, ("drained", drained), ("aborted", aborted));
    }

    /// <summary>A bug, which ends one connection but not the server.</summary>
    public void Failed(string peer, Exception error) => Log.Failed(error, peer);

    private void TellRefused(int count)
    {
        if (count > 0)
        {
            Log.Refused(_lastRefused, _lastReason, More(count));
            report.TryTell("refused", line: null, ("peer", _lastRefused), ("reason", _lastReason), ("count", count));
        }
    }

    private static string More(int count) => count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" (and {count - 1} more since the last such line)");

    private static string Shown(ReadOnlySpan<byte> bytes) =>
        bytes.Length <= ShownBytesMax ? ByteText.Show(bytes) : $"{ByteText.Show(bytes[..ShownBytesMax])} …";
}

/// <summary>The lines of the log.</summary>
internal static partial class ServeLog
{
    [LoggerMessage(1, LogLevel.Information, "{Peer} connected; connections: {Connections}")]
    public static partial void Connected(this ILogger logger, string peer, int connections);

    [LoggerMessage(2, LogLevel.Debug, "{Bytes} bytes from {Peer}: {Text}")]
    public static partial void Received(this ILogger logger, int bytes, string peer, string text);

    [LoggerMessage(3, LogLevel.Debug, "{Bytes} bytes to {Peer}")]
    public static partial void Sent(this ILogger logger, int bytes, string peer);

    [LoggerMessage(4, LogLevel.Warning, "an answer of {Bytes} bytes to {Peer} is dropped: {Reason}{More}")]
    public static partial void Dropped(this ILogger logger, int bytes, string peer, string reason, string more);

    [LoggerMessage(5, LogLevel.Information, "{Peer} disconnected: {Reason}; {BytesReceived} bytes received, {BytesSent} sent")]
    public static partial void Disconnected(this ILogger logger, string peer, string reason, long bytesReceived, long bytesSent);

    [LoggerMessage(6, LogLevel.Warning, "connection from {Peer} refused: {Reason}{More}")]
    public static partial void Refused(this ILogger logger, string peer, string reason, string more);

    [LoggerMessage(7, LogLevel.Warning, "cannot accept at {Where}: {Error}; trying again until it works")]
    public static partial void AcceptPaused(this ILogger logger, string where, string error);

    [LoggerMessage(8, LogLevel.Information, "accepting again at {Where}")]
    public static partial void AcceptResumed(this ILogger logger, string where);

    [LoggerMessage(9, LogLevel.Warning, "receiving at {Where}: {Error}; going on{More}")]
    public static partial void ReceiveFailed(this ILogger logger, string where, string error, string more);

    [LoggerMessage(10, LogLevel.Information, "stopping; connections: {Connections}")]
    public static partial void Stopping(this ILogger logger, int connections);

    [LoggerMessage(11, LogLevel.Information, "stopped: {Drained} connections drained, {Aborted} aborted")]
    public static partial void Stopped(this ILogger logger, int drained, int aborted);

    [LoggerMessage(13, LogLevel.Warning, "at {Where}: {Problem}")]
    public static partial void Overflowed(this ILogger logger, string where, string problem);

    [LoggerMessage(12, LogLevel.Error, "the connection of {Peer} failed; this is a bug")]
    public static partial void Failed(this ILogger logger, Exception error, string peer);
}
