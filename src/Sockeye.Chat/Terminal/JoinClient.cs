using System.Net;
using System.Net.Sockets;

namespace Sockeye.Chat.Terminal;

/// <summary>How to join, and what to say first.</summary>
public sealed class JoinOptions
{
    /// <summary>The name to take; null means that the user is asked. Defaults to null.</summary>
    public string? Name { get; set; }

    /// <summary>The room to enter; null is the server's first. Defaults to null.</summary>
    public string? Room { get; set; }

    /// <summary>How long connecting to one address may take. Defaults to 10 s.</summary>
    public TimeSpan ConnectWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What to say, when it does not come from a terminal. Defaults to null: the console's standard input.</summary>
    public Stream? Input { get; set; }

    /// <summary>
    /// Where what is received goes, when that is not a terminal. Defaults to null: the console's standard output, which does
    /// not report that its reader has gone.
    /// </summary>
    public Stream? Output { get; set; }

    /// <summary>
    /// Takes each line received, without its end, in place of a terminal or <see cref="Output"/>. An IOException that
    /// it throws means that they are no longer wanted. Defaults to null.
    /// </summary>
    public Action<string>? Heard { get; set; }

    /// <summary>Whether a terminal gets colours. Defaults to null: unless NO_COLOR or TERM=dumb says otherwise.</summary>
    public bool? Colours { get; set; }
}

/// <summary>How joining ended.</summary>
public enum JoinEnd
{
    /// <summary>We left.</summary>
    Left,

    /// <summary>Nothing listens there, or the chat did not take the name.</summary>
    NotJoined,

    /// <summary>The other end, or the network, ended it.</summary>
    ConnectionLost,

    /// <summary>A signal ended it.</summary>
    Interrupted,

    /// <summary>What the chat says could not be written: the output is full or closed.</summary>
    NotWritten,

    /// <summary>Whoever read the output has gone, as head does when it has enough.</summary>
    ReaderGone,
}

/// <summary>How joining ended, and a sentence for the person, empty when there is nothing to say.</summary>
public readonly record struct JoinResult(JoinEnd End, string Message);

/// <summary>The client of the line protocol, at this process's terminal or between its pipes.</summary>
public static class JoinClient
{
    /// <summary>Connects to the first of the addresses that answers, and talks until it ends.</summary>
    public static async Task<JoinResult> RunAsync(IReadOnlyList<SocketUri> endpoints, JoinOptions options, CancellationToken stop)
    {
        foreach (string? said in new[] { options.Name, options.Room })
        {
            if (said is not null && (said.Length == 0 || said.Any(char.IsControl)))
            {
                return new(JoinEnd.NotJoined, "a name and a room are one word");
            }
        }

        try
        {
            (Socket? socket, string problem) = await ConnectAsync(endpoints, options.ConnectWait, stop);
            if (socket is null)
            {
                return new(JoinEnd.NotJoined, problem);
            }

            using (socket)
            {
                bool atTerminal = options.Heard is null && !Console.IsInputRedirected && !Console.IsOutputRedirected
                    && !string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);
                return atTerminal
                    ? await new TerminalSession(socket, options).RunAsync(stop)
                    : await new PipeSession(socket, options).RunAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return new(JoinEnd.Interrupted, "");
        }
    }

    internal static JoinResult Lost(SocketException e) => new(JoinEnd.ConnectionLost, $"the connection was lost: {e.Message}");

    /// <summary>The first lines, sent before the server asks.</summary>
    internal static string Greeting(JoinOptions options) =>
        (options.Room is null ? "" : $"/join {options.Room}\n") + (options.Name is null ? "" : $"/name {options.Name}\n");

    private static async Task<(Socket? Socket, string Problem)> ConnectAsync(
        IReadOnlyList<SocketUri> endpoints, TimeSpan wait, CancellationToken stop)
    {
        var problems = new List<string>();
        var refused = new List<object>();
        foreach (SocketUri endpoint in endpoints)
        {
            object endPoint = (object?)endpoint.EndPoint ?? endpoint;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(wait);
            try
            {
                Socket socket = await endpoint.ConnectAsync(limit.Token);
                socket.Timeout = null; // a time limit in the endpoint is one for connecting
                return (socket, "");
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                refused.Add(endPoint);
            }
            catch (SocketException e)
            {
                problems.Add(Explain(endPoint, e));
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                problems.Add($"no answer from {endPoint} within {wait.TotalSeconds:0} s");
            }
        }

        if (refused.Count > 0 && refused.Count == endpoints.Count)
        {
            return (null, $"nothing listens at {string.Join(" or ", refused)}; start one with: sockeye chat serve");
        }

        problems.AddRange(refused.Select(static endPoint => $"nothing listens at {endPoint}"));
        return (null, problems.Count == 0 ? "the name has no address" : string.Join("; ", problems));
    }

    private static string Explain(object endPoint, SocketException e) => e.SocketErrorCode switch
    {
        SocketError.AddressNotAvailable when endPoint is EndPoint { AddressFamily: AddressFamily.Unix } => $"there is no socket {endPoint}",
        _ => $"cannot connect to {endPoint}: {e.Message}",
    };
}
