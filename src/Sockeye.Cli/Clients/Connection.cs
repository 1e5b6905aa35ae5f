using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Sockeye.Cli.Clients;

/// <summary>A client's connection to its peer.</summary>
/// <param name="Socket">Connected to it; or, where it sent the first datagram to a bound socket, bound.</param>
/// <param name="Peer">Who it is, where the socket is bound only.</param>
/// <param name="First">Its first datagram, where that came with it.</param>
internal sealed record Connection(Socket Socket, SocketAddress? Peer = null, ReadOnlyMemory<byte> First = default) : IDisposable
{
    /// <summary>128 bytes hold every address of Linux (sockaddr_storage).</summary>
    private const int AddressBytesMax = 128;

    /// <summary>Whether it carries datagrams, which have no end of stream.</summary>
    public bool IsDatagram => Socket.SocketType is not (SocketType.Stream or SocketType.Seqpacket);

    /// <summary>Connects, and reports the result.</summary>
    /// <param name="endpoint">Where to; its timeout limits the connecting alone.</param>
    /// <param name="report">Where to report it.</param>
    /// <param name="stop">Cancels it.</param>
    /// <returns>The connection, or null and the exit code; a failure has been reported.</returns>
    public static async Task<(Connection? Connection, int Code)> OpenAsync(SocketUri endpoint, Report report, CancellationToken stop)
    {
        var trace = new ConnectionTrace();
        try
        {
            Socket socket = await Answerable(endpoint).ConnectAsync(trace, stop);
            socket.Timeout = null;
            string local = Show(endpoint, socket.TryGetLocalEndPoint());
            string peer = Show(endpoint, socket.TryGetRemoteEndPoint());
            if (!report.TryTell(
                "connected", line: null, ("peer", peer), ("local", local), ("attempts", Math.Max(trace.Attempts.Count, 1)), ("seconds", trace.Duration)))
            {
                socket.Dispose();
                return (null, NotWritten(report, report.WriteFailure));
            }

            Say(report, $"connected to {peer}");
            return (new Connection(socket), ExitCode.Ok);
        }
        catch (OperationCanceledException)
        {
            return (null, ExitCode.Interrupted);
        }
        catch (SocketException e)
        {
            return (null, report.Fail(Problem(endpoint, e), e.SocketErrorCode == SocketError.TimedOut ? ExitCode.NoAnswer : ExitCode.Failed));
        }
    }

    /// <summary>Listens until one peer has come: a connection, or the first datagram.</summary>
    /// <param name="endpoint">Where; its timeout limits the waiting alone.</param>
    /// <param name="report">Where to report it.</param>
    /// <param name="stop">Cancels it.</param>
    /// <returns>As <see cref="OpenAsync"/>.</returns>
    public static async Task<(Connection? Connection, int Code)> ListenAsync(SocketUri endpoint, Report report, CancellationToken stop)
    {
        Socket? own = null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            own = await ServerSocket.OpenAsync(endpoint, stop);
            bool isDatagram = !ServerSocket.IsListener(own);
            if (!Listening.TryTell(report, [Listening.At(endpoint, own.LocalEndPoint, own.SocketType)], isAside: true) && report.IsJson)
            {
                return (null, NotWritten(report, report.WriteFailure));
            }

            limit.CancelAfter(endpoint.Timeout ?? Timeout.InfiniteTimeSpan);
            Connection connection;
            string peer;
            if (isDatagram)
            {
                connection = await FirstDatagramAsync(own, limit.Token);
                own = null;
                peer = connection.Peer!.Size <= sizeof(ushort) ? "a socket without a name" : ShowPeer(endpoint, connection);
            }
            else
            {
                // One peer only: the listener is closed, so later ones are refused.
                connection = new Connection(await own.AcceptAsync(limit.Token));
                peer = Show(endpoint, connection.Socket.TryGetRemoteEndPoint());
            }

            if (!report.TryTell("connected", line: null, ("peer", peer), ("local", Show(endpoint, connection.Socket.TryGetLocalEndPoint()))))
            {
                connection.Dispose();
                return (null, NotWritten(report, report.WriteFailure));
            }

            Say(report, $"connected: {peer}");
            return (connection, ExitCode.Ok);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (null, report.Fail($"{endpoint}: nobody came within the time limit", ExitCode.NoAnswer));
        }
        catch (OperationCanceledException)
        {
            return (null, ExitCode.Interrupted);
        }
        catch (SocketException e)
        {
            return (null, report.Fail(endpoint.IsName ? $"{endpoint}: {OptionTypes.LookupProblem(e)}" : e.Message));
        }
        finally
        {
            own?.Dispose();
        }
    }

    /// <summary>Reports that the output could not be written; nothing if its reader has exited.</summary>
    /// <param name="report">Where to report it.</param>
    /// <param name="failure">What the write threw.</param>
    /// <returns>The exit code.</returns>
    public static int NotWritten(Report report, Exception? failure) => StandardStreams.IsReaderGone(failure)
        ? ExitCode.ReaderGone
        : report.Fail($"cannot write to standard output: {failure?.Message.TrimEnd('.') ?? "it is closed"}");

    /// <summary>A message on standard error: with --log-level Information, and at a terminal.</summary>
    public static void Say(Report report, string words)
    {
        if (report.Logs(LogLevel.Information))
        {
            report.Logger.LogInformation("{Words}", words);
        }
        else if (report.Logs(LogLevel.Warning) && !report.IsJson && !Console.IsErrorRedirected)
        {
            report.TrySay(words);
        }
    }

    /// <summary>A count of bytes in words: <c>1 byte</c>, <c>12 bytes</c>.</summary>
    public static string Bytes(long count) => count == 1 ? "1 byte" : $"{count} bytes";

    public void Dispose() => Socket.Dispose();

    private static async Task<Connection> FirstDatagramAsync(Socket socket, CancellationToken stop)
    {
        byte[] buffer = new byte[262_144];
        var sender = new SocketAddress(AddressFamily.Unspecified, AddressBytesMax);
        int received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, sender, stop);
        return new Connection(socket, sender, buffer.AsMemory(0, received));
    }

    // A Unix datagram socket without a name cannot be answered.
    private static SocketUri Answerable(SocketUri endpoint) =>
        endpoint.SocketType == SocketType.Dgram && endpoint.EndPoint is UnixEndPoint && !endpoint.HasOption("source")
            ? endpoint.WithDefaultOption("autobind", "1")
            : endpoint;

    /// <summary>What failed, the cause, and what to try, in one line.</summary>
    private static string Problem(SocketUri endpoint, SocketException e)
    {
        if (endpoint.IsName && OptionTypes.IsLookup(e.SocketErrorCode))
        {
            return $"{endpoint}: {OptionTypes.LookupProblem(e)}";
        }

        string advice = e.SocketErrorCode switch
        {
            SocketError.ConnectionRefused when endpoint.EndPoint is UnixEndPoint => "; is the server running? this machine's are listed by: ss -xlp",
            SocketError.ConnectionRefused => "; is the server running? this machine's are listed by: ss -ltnup",
            SocketError.TimedOut when endpoint.Timeout is null => "; to give up sooner: ?timeout=5s",
            _ => "",
        };
        return $"{e.Message.ReplaceLineEndings("; ")}{advice}";
    }

    private static string ShowPeer(SocketUri endpoint, Connection connection)
    {
        try
        {
            return Show(endpoint, connection.Socket.LocalEndPoint!.Create(connection.Peer!));
        }
        catch (ArgumentException) // a family whose end points are made elsewhere
        {
            return connection.Peer!.ToString();
        }
    }

    private static string Show(SocketUri endpoint, SocketResult<EndPoint?> end) =>
        end.TryGetValue(out EndPoint? endPoint) && endPoint is not null ? Show(endpoint, endPoint) : "a socket without a name";

    private static string Show(SocketUri endpoint, EndPoint endPoint) => endPoint is UnixEndPoint { IsUnnamed: true }
        ? "a socket without a name"
        : endpoint.Descriptor is null ? Listening.Address(endpoint.WithEndPoint(endPoint)) : endPoint.ToString()!;
}

/// <summary>The exit code of clients that <see cref="ExitCode"/> does not have.</summary>
internal static class ClientExit
{
    /// <summary>EX_NOHOST of sysexits.h: a name's look-up has no errno.</summary>
    public const int NoHost = 68;
}
