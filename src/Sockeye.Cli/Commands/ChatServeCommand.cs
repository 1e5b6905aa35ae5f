using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Sockeye.Chat;
using Sockeye.Chat.Connections;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye chat serve: a chat on this machine.</summary>
internal static class ChatServeCommand
{
    public static Command Build()
    {
        var bounds = new ChatOptions();
        var listen = new Option<Endpoint[]>("--listen")
        {
            Description = "Where to listen, see below; may be given more than once. Default: 127.0.0.1:6667 and [::1]:6667",
            HelpName = "ENDPOINT",
            CustomParser = ParseMany,
        };
        Option<int> connections = OptionTypes.Number("--max-connections", "Connections at one time", bounds.MaxConnections, 1);
        Option<int> lineBytes = OptionTypes.Number("--max-line-bytes", "Bytes of one line", bounds.MaxLineBytes, 64);
        Option<int> queuedBytes = OptionTypes.Number(
            "--max-queued-bytes", "Bytes that may wait for a slow reader before it is dropped", bounds.MaxQueuedBytes, 1_024);
        Option<int> rooms = OptionTypes.Number("--max-rooms", "Rooms at one time", bounds.MaxRooms, 1);
        Option<int> members = OptionTypes.Number("--max-members", "People in one room", bounds.MaxMembers, 1);
        Option<TimeSpan?> firstBytes = OptionTypes.Time(
            "--first-bytes-wait", "How long to wait for a client to speak before asking for its name", bounds.FirstBytesWait);
        Option<TimeSpan?> nameWait = OptionTypes.Time("--name-wait", "How long one may take to choose a name", bounds.NameWait);
        var level = new Option<LogLevel>("--log-level")
        {
            Description = "The least important thing to log: Trace, Debug, Information, Warning, Error, None",
            HelpName = "LEVEL",
            DefaultValueFactory = _ => LogLevel.Information,
        };
        var json = new Option<bool>("--json") { Description = "Log as JSON, a line each, for programs" };

        var command = new Command("serve", "Starts a chat. What anybody says goes to everyone in the same room.")
        {
            listen, connections, lineBytes, queuedBytes, rooms, members, firstBytes, nameWait, level, json,
        };
        EndpointCompletion.AddTo(listen.CompletionSources, SocketType.Stream);
        command.WithEndpoints(SocketType.Stream).WithExamples(
            new("sockeye chat serve", "on this machine, port 6667"),
            new("sockeye chat serve --listen 127.0.0.1:0", "a free port, which it prints"),
            new("sockeye chat serve --listen 'unix:/tmp/chat.sock?mode=0660'", "for this machine's users, by file permission"),
            new("sockeye chat serve --json --log-level Warning 2>log", "a log for programs"));
        command.WithExitCodes(ExitCode.Of(ExitCode.Ok, ExitCode.Failed, ExitCode.BadUsage, ExitCode.Interrupted));
        command.SetAction(result =>
        {
            int lines = result.GetValue(lineBytes);
            var options = new ChatOptions
            {
                MaxConnections = result.GetValue(connections),
                MaxLineBytes = lines,
                MaxTextBytes = lines,
                MaxQueuedBytes = result.GetValue(queuedBytes),
                MaxRooms = result.GetValue(rooms),
                MaxMembers = result.GetValue(members),
                FirstBytesWait = result.GetValue(firstBytes) ?? bounds.FirstBytesWait,
                NameWait = result.GetValue(nameWait) ?? bounds.NameWait,
            };
            return Run(options, result.GetValue(listen), result.GetValue(level), result.GetValue(json));
        });
        return command;
    }

    private static Endpoint[]? ParseMany(ArgumentResult result)
    {
        var endpoints = new List<Endpoint>();
        foreach (Token token in result.Tokens)
        {
            if (OptionTypes.ParseChatEndpoint(token.Value, out string problem) is not { } endpoint)
            {
                result.AddError($"--listen: {problem}");
                return null;
            }

            endpoints.Add(endpoint);
        }

        return [.. endpoints];
    }

    private static int Run(ChatOptions options, Endpoint[]? listen, LogLevel level, bool json)
    {
        try
        {
            options.Validate();
        }
        catch (ArgumentOutOfRangeException e)
        {
            Announcement.TryWrite(Console.Error, $"sockeye chat serve: {e.Message}");
            return ExitCode.BadUsage;
        }

        // Before anything else is made: with fewer, the runtime fails in ways that explain nothing.
        if (Descriptors.Limit() < Descriptors.Least)
        {
            return TooFewDescriptors();
        }

        return RunOnLoop(options, listen, level, json);
    }

    private static int TooFewDescriptors()
    {
        Announcement.TryWrite(
            Console.Error,
            $"sockeye chat serve: cannot start: {Descriptors.Limit()} open files are too few, the runtime alone needs most of {Descriptors.Least}; raise the limit with: ulimit -n 1024");
        return ExitCode.Failed;
    }

    // Not inlined: to compile it takes more files than there may be.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int RunOnLoop(ChatOptions options, Endpoint[]? listen, LogLevel level, bool json)
    {
        // The whole chat lives on this thread: no lock of the hub is ever contended, and what one turn of the loop
        // queues for a connection goes out in one send.
        using var loop = new EventLoop();
        return loop.Run(() => ServeAsync(options, listen, level, json));
    }

    /// <summary>Promises no more connections than there are descriptors for; null when there is none for even one.</summary>
    internal static string? FitDescriptors(ChatOptions options, int limit, int open)
    {
        int most = limit - open - Descriptors.Reserve;
        if (most >= options.MaxConnections)
        {
            return "";
        }

        if (most < 1)
        {
            return null;
        }

        options.MaxConnections = most;
        return $"{limit} open files allow {most} connections; raise the limit with: ulimit -n";
    }

    private static async Task<int> ServeAsync(ChatOptions options, Endpoint[]? listen, LogLevel level, bool json)
    {
        using ILoggerFactory loggers = LoggerFactory.Create(logging => Configure(logging, level, json));
        using var signals = new StopSignals();
        using var server = new ChatServer(options, TimeProvider.System, loggers.CreateLogger("chat"));
        try
        {
            List<EndPoint> bound = listen is { Length: > 0 } ? await ListenAsync(server, listen) : ListenAtLoopback(endPoint => server.Listen(endPoint), Console.Error);
            string? fit = FitDescriptors(options, Descriptors.Limit(), Descriptors.Open());
            if (fit is null)
            {
                return TooFewDescriptors();
            }

            if (fit.Length > 0)
            {
                Announcement.TryWrite(Console.Error, $"sockeye chat serve: warning: {fit}");
            }

            Announce(bound);
        }
        catch (ListenException e)
        {
            Announcement.TryWrite(Console.Error, $"sockeye chat serve: {e.Message}");
            return ExitCode.Failed;
        }
        catch (SocketException e)
        {
            Announcement.TryWrite(Console.Error, $"sockeye chat serve: {OptionTypes.LookupProblem(e)}");
            return ExitCode.Failed;
        }

        await server.RunAsync(signals.Stop);
        return ExitCode.Ok;
    }

    private static async Task<List<EndPoint>> ListenAsync(ChatServer server, Endpoint[] listen)
    {
        var bound = new List<EndPoint>();
        foreach (Endpoint given in listen)
        {
            foreach (Endpoint endpoint in await given.ResolveAsync())
            {
                bound.Add(server.Listen(endpoint));
            }
        }

        return bound;
    }

    /// <summary>Both loopback addresses; one of them may be missing on this machine, and that is only worth a warning.</summary>
    internal static List<EndPoint> ListenAtLoopback(Func<EndPoint, EndPoint> listen, TextWriter warnings)
    {
        var bound = new List<EndPoint>();
        ListenException? missing = null;
        foreach (IPAddress address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            try
            {
                bound.Add(listen(new IPEndPoint(address, OptionTypes.ChatPort)));
            }
            catch (ListenException e) when (e.IsAddressMissing)
            {
                missing = e;
                Announcement.TryWrite(warnings, $"sockeye chat serve: warning: {e.Message}");
            }
        }

        return bound.Count > 0 ? bound : throw missing!;
    }

    private static void Announce(List<EndPoint> bound)
    {
        foreach (EndPoint endPoint in bound)
        {
            Announcement.TryWrite(Console.Out, $"listening at {Show(endPoint)}");
            if (endPoint is IPEndPoint ip && !IPAddress.IsLoopback(ip.Address))
            {
                Announcement.TryWrite(
                    Console.Error,
                    $"sockeye chat serve: warning: {ip} can be reached from other machines; nothing is encrypted, and anybody may take any free name");
            }
        }

        EndPoint near = Near(bound[0]);
        if (near is IPEndPoint first)
        {
            Announcement.TryWrite(Console.Out, $"try: nc {first.Address} {first.Port}");
        }
        else if (Show(near) is var shown && shown.StartsWith("unix:", StringComparison.Ordinal) && !shown.StartsWith("unix:@", StringComparison.Ordinal))
        {
            Announcement.TryWrite(Console.Out, $"try: nc -U {near}");
        }

        bool isDefault = bound.Any(static endPoint => endPoint is IPEndPoint ip && IPAddress.IsLoopback(ip.Address)
            && ip.Port == OptionTypes.ChatPort);
        Announcement.TryWrite(Console.Out, $"try: ./sockeye chat join{(isDefault ? "" : $" {Show(near)}")}");
    }

    private static string Show(EndPoint endPoint) =>
        endPoint is IPEndPoint ? endPoint.ToString()! : Endpoint.FromEndPoint(endPoint).ToString();

    /// <summary>Where this machine reaches it: an address that means "all of mine" is no destination.</summary>
    private static EndPoint Near(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint ip when ip.Address.Equals(IPAddress.Any) => new IPEndPoint(IPAddress.Loopback, ip.Port),
        IPEndPoint ip when ip.Address.Equals(IPAddress.IPv6Any) => new IPEndPoint(IPAddress.IPv6Loopback, ip.Port),
        _ => endPoint,
    };

    private static void Configure(ILoggingBuilder logging, LogLevel level, bool json)
    {
        logging.SetMinimumLevel(level);
        if (json)
        {
            logging.AddJsonConsole(static format =>
            {
                format.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                format.UseUtcTimestamp = true;
            });
        }
        else
        {
            logging.AddSimpleConsole(static format =>
            {
                format.SingleLine = true;
                format.TimestampFormat = "HH:mm:ss ";
            });
        }

        logging.AddConsole(static console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite; // a stuck terminal must not stop the chat
        });
    }
}
