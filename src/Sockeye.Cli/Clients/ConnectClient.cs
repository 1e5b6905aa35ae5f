using System.Diagnostics;
using System.Net.Sockets;

namespace Sockeye.Cli.Clients;

/// <summary>How sockeye connect copies.</summary>
/// <param name="IsListening">Waits for one peer instead of going to it.</param>
/// <param name="IsBytes">What one read gives is a datagram, and datagrams are written without line ends.</param>
/// <param name="IsShown">Control characters of what comes are escaped.</param>
/// <param name="Wait">How long to go on after the input's end; null is the default of the kind of socket.</param>
internal sealed record ConnectOptions(bool IsListening, bool IsBytes, bool IsShown, TimeSpan? Wait);

/// <summary>sockeye connect: input to the socket, socket to the output.</summary>
internal sealed class ConnectClient(SocketUri endpoint, ConnectOptions options, Report report, Stream input, Stream output)
{
    // Datagrams have no end: one that has heard nothing for so long has heard it all.
    private static readonly TimeSpan _datagramWait = TimeSpan.FromSeconds(1);

    /// <summary>Connects or listens, copies, and says how it ended.</summary>
    /// <param name="stop">The first signal.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        (Connection? opened, int code) = options.IsListening
            ? await Connection.ListenAsync(endpoint, report, stop)
            : await Connection.OpenAsync(endpoint, report, stop);
        using Connection? connection = opened;
        return connection is null ? code : await CopyAsync(connection, start, stop);
    }

    private async Task<int> CopyAsync(Connection connection, long start, CancellationToken stop)
    {
        IReceiver receiver = Receiver(connection.IsDatagram);
        QueueDrops? drops = connection.IsDatagram ? new(connection.Socket) : null;
        DatagramCopy? datagrams = connection.IsDatagram
            ? new DatagramCopy(connection.Socket, report, input, receiver, !options.IsBytes, connection.Peer, connection.First)
            : null;
        Copy copy = datagrams ?? (Copy)new StreamCopy(connection.Socket, report, input, receiver);
        CopyEnd end = await copy.RunAsync(options.Wait ?? (connection.IsDatagram ? _datagramWait : null), stop);
        int code = Print(end, copy);
        long dropped = drops?.Take() ?? 0;
        if (dropped > 0)
        {
            report.Warn(QueueDrops.Text(dropped));
        }

        bool isTold = report.TryTell(
            "ended",
            line: null,
            ("bytesSent", copy.BytesSent),
            ("bytesReceived", copy.BytesReceived),
            ("dropped", dropped),
            ("seconds", Stopwatch.GetElapsedTime(start)));
        Connection.Say(report, $"{Connection.Bytes(copy.BytesSent)} sent, {Connection.Bytes(copy.BytesReceived)} received");
        return code != ExitCode.Ok ? code
            : !isTold ? Connection.NotWritten(report, report.WriteFailure)
            : datagrams is { TooLong: > 0 } ? ExitCode.Failed
            : ExitCode.Ok;
    }

    private IReceiver Receiver(bool isDatagram) =>
        report.IsJson ? new EventReceiver(report)
        : isDatagram && !options.IsBytes ? new DatagramLineReceiver(output, options.IsShown)
        : options.IsShown ? new TextReceiver(output)
        : new BytesReceiver(output);

    private int Print(CopyEnd end, Copy copy)
    {
        string soFar = $"{Connection.Bytes(copy.BytesReceived)} had come, {Connection.Bytes(copy.BytesSent)} were sent";
        switch (end.Outcome)
        {
            case CopyOutcome.PeerEnded or CopyOutcome.WaitEnded:
                return ExitCode.Ok;
            case CopyOutcome.Stopped:
                return ExitCode.Interrupted;
            case CopyOutcome.NotWritten:
                return Connection.NotWritten(report, end.Failure);
            case CopyOutcome.NotTaken:
                return report.Fail($"{endpoint}: the peer ended its half and takes no more of the input; {soFar}", ExitCode.ConnectionLost);
        }

        if (end.Result.Error == SocketError.ConnectionRefused)
        {
            return report.Fail($"{endpoint}: ECONNREFUSED: nothing listens there; is the server running? this machine's are listed by: ss -ltnup");
        }

        string what = end.Result.Error == SocketError.ConnectionReset ? "the peer reset the connection"
            : $"{(end.Outcome == CopyOutcome.NotSent ? "cannot send" : "cannot receive")}: {end.Result.ErrnoName}: {end.Result.ErrnoMessage}";
        return report.Fail($"{endpoint}: {what}; {soFar}", copy is StreamCopy ? ExitCode.ConnectionLost : ExitCode.Failed);
    }
}
