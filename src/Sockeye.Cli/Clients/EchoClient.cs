using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Cli.Clients;

/// <summary>sockeye echo: prints what it receives and sends it back, until quit.</summary>
/// <remarks>It receives again only after the answer is sent: a peer that does not read is not read from either, so nothing piles up.</remarks>
/// <param name="endpoint">Where to.</param>
/// <param name="say">What to send first; null is nothing.</param>
/// <param name="report">Where to report it.</param>
/// <param name="time">The clock.</param>
internal sealed class EchoClient(SocketUri endpoint, string? say, Report report, TimeProvider time)
{
    private const int ChunkBytes = 16_384;
    private const int MessageBytesMax = 262_144;

    private long _bytesSent;
    private long _bytesReceived;

    /// <summary>Connects, and echoes to the end.</summary>
    /// <param name="stop">The first signal.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        (Connection? opened, int code) = await Connection.OpenAsync(endpoint, report, stop);
        using Connection? connection = opened;
        if (connection is null)
        {
            return code;
        }

        code = await EchoAsync(connection, stop);
        bool isTold = report.TryTell(
            "ended", line: null, ("bytesSent", _bytesSent), ("bytesReceived", _bytesReceived), ("seconds", Stopwatch.GetElapsedTime(start)));
        Connection.Say(report, $"{Connection.Bytes(_bytesSent)} sent, {Connection.Bytes(_bytesReceived)} received");
        return code == ExitCode.Ok && !isTold ? Connection.NotWritten(report, report.WriteFailure) : code;
    }

    private async Task<int> EchoAsync(Connection connection, CancellationToken stop)
    {
        Socket socket = connection.Socket;
        var messages = new EchoMessages(socket.SocketType == SocketType.Stream);
        byte[] buffer = new byte[socket.SocketType == SocketType.Stream ? ChunkBytes : MessageBytesMax];
        SocketResult<int> result = default;
        if (say is not null)
        {
            result = await SendAsync(socket, Encoding.UTF8.GetBytes(say), stop);
        }

        while (result.IsSuccess)
        {
            result = await socket.TryReceiveAsync(buffer, SocketFlags.None, stop);
            if (!result.TryGetValue(out int received))
            {
                break;
            }

            if (received == 0 && !connection.IsDatagram)
            {
                return ExitCode.Ok;
            }

            _bytesReceived += received;
            if (!TryTell(messages, buffer.AsSpan(0, received), out int answered, out bool isQuit))
            {
                return Connection.NotWritten(report, report.WriteFailure);
            }

            result = await SendAsync(socket, buffer.AsMemory(0, answered), stop);
            if (isQuit && !stop.IsCancellationRequested)
            {
                // The peer may have gone right after it said quit, so failing to send it back is no error.
                socket.TryShutdown(SocketShutdown.Send);
                return ExitCode.Ok;
            }
        }

        return stop.IsCancellationRequested ? ExitCode.Interrupted : Fail(result, connection.IsDatagram);
    }

    /// <summary>Prints each message of a chunk, up to and including quit.</summary>
    /// <returns>False when it could not be written.</returns>
    private bool TryTell(EchoMessages messages, ReadOnlySpan<byte> chunk, out int answered, out bool isQuit)
    {
        answered = 0;
        isQuit = false;
        string clock = TimeZoneInfo.ConvertTime(time.GetUtcNow(), time.LocalTimeZone).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        int thread = Environment.CurrentManagedThreadId;
        do
        {
            isQuit = messages.Next(chunk[answered..], out int length);
            ReadOnlySpan<byte> message = chunk.Slice(answered, length);
            string line = $"{report.Style.Dim($"{clock} [thread {thread}]")} {ByteText.Show(ByteText.WithoutLineEnd(message))}";
            if (!report.TryTell("received", line, ("bytes", length), Report.Data(message), ("thread", thread)))
            {
                return false;
            }

            answered += length;
        }
        while (!isQuit && answered < chunk.Length);
        return true;
    }

    private async ValueTask<SocketResult<int>> SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        SocketResult<int> result = await socket.TrySendAllAsync(bytes, SocketFlags.None, stop);
        _bytesSent += result.BytesTransferred;
        if (result.IsSuccess)
        {
            report.TryTell("sent", line: null, ("bytes", bytes.Length));
        }

        return result;
    }

    private int Fail(SocketResult<int> result, bool isDatagram)
    {
        if (result.Error == SocketError.ConnectionRefused)
        {
            return report.Fail($"{endpoint}: ECONNREFUSED: nothing listens there; is the server running?");
        }

        string what = result.Error switch
        {
            SocketError.ConnectionReset => "the peer reset the connection",
            SocketError.Shutdown => "the peer ended the connection before it took the answer",
            SocketError.MessageSize when result.BytesLost > 0 => $"a message of {result.BytesTransferred + result.BytesLost} bytes is too long",
            _ => $"{result.ErrnoName}: {result.ErrnoMessage}",
        };
        return report.Fail(
            $"{endpoint}: {what}; {Connection.Bytes(_bytesReceived)} had come, {Connection.Bytes(_bytesSent)} were sent",
            isDatagram ? ExitCode.Failed : ExitCode.ConnectionLost);
    }
}
