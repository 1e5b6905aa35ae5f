using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Sockeye.Chat;
using Sockeye.Chat.Connections;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye chat serve: a chat on this machine.</summary>
internal static class ChatServeCommand
{
    public static Command Build()
    {
        var bounds = new ChatOptions();
        var listen = new Option<SocketUri[]>("--listen")
        {
            Description = "Where to listen, see below; may be given more than once. Default: 127.0.0.1:6667 and [::1]:6667",
            HelpName = "ENDPOINT",
            CustomParser = ParseMany,
        };
        Option<int> connections = OptionTypes.Number("--max-connections", "How many connections at a time", bounds.MaxConnections, 1);
        Option<int> lineBytes = OptionTypes.Number("--max-line-bytes", "How long a line may be, in bytes", bounds.MaxLineBytes, 64);
        Option<int> queuedBytes = OptionTypes.Number(
            "--max-queued-bytes", "How many bytes may wait for a slow reader before it is dropped", bounds.MaxQueuedBytes, 1_024);
        Option<int> rooms = OptionTypes.Number("--max-rooms", "How many rooms at a time", bounds.MaxRooms, 1);
        Option<int> members = OptionTypes.Number("--max-members", "How many people in one room", bounds.MaxMembers, 1);
        Option<TimeSpan?> firstBytes = OptionTypes.Time(
            "--first-bytes-wait", "How long to wait for a client to speak before asking for its name", bounds.FirstBytesWait);
        Option<TimeSpan?> nameWait = OptionTypes.Time("--name-wait", "How long a client may take to choose a name", bounds.NameWait);

        var command = new Command("serve", "Starts a chat. Everyone in a room sees what anyone there says.")
        {
            listen, connections, lineBytes, queuedBytes, rooms, members, firstBytes, nameWait,
        };
        var common = CommonOptions.AddTo(command, LogLevel.Information);
        EndpointCompletion.AddTo(listen, SocketType.Stream);
        command.WithEndpoints(SocketType.Stream).WithExamples(
            new("sockeye chat serve", "on this machine, port 6667"),
            new("sockeye chat serve --listen 127.0.0.1:0", "a free port, which it prints"),
            new("sockeye chat serve --listen 'unix:/tmp/chat.sock?mode=0660'", "for this machine's users, by file permission"),
            new("sockeye chat serve --json --log-level Warning 2>log", "a log for programs"));
        command.WithExitCodes([Serving.ServeCommandLine.StoppedMeaning, .. ExitCode.Of(ExitCode.Failed, ExitCode.BadUsage, ExitCode.Interrupted)]);
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
            using Report report = common.Open(result);
            return Run(options, result.GetValue(listen), report);
        });
        return command;
    }

    private static SocketUri[]? ParseMany(ArgumentResult result)
    {
        var endpoints = new List<SocketUri>();
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

    private static int Run(ChatOptions options, SocketUri[]? listen, Report report)
    {
        try
        {
            options.Validate();
        }
        catch (ArgumentOutOfRangeException e)
        {
            return report.Fail(e.Message, ExitCode.BadUsage);
        }

        // Before anything else: with fewer, the runtime fails in ways that explain nothing.
        if (Descriptors.Limit() < Descriptors.Least)
        {
            return TooFewDescriptors(report);
        }

        return RunOnLoop(options, listen, report);
    }

    private static int TooFewDescriptors(Report report) => report.Fail(Descriptors.TooFew);

    // Not inlined: to compile it takes more files than there may be.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int RunOnLoop(ChatOptions options, SocketUri[]? listen, Report report)
    {
        // The whole chat lives on this thread: no lock of the hub is ever contended, and what one turn of the loop
        // queues for a connection goes out in one send.
        using var loop = new EventLoop();
        return loop.Run(() => ServeAsync(options, listen, report));
    }

    private static async Task<int> ServeAsync(ChatOptions options, SocketUri[]? listen, Report report)
    {
        Descriptors.LoadAssemblies();
        using var signals = new StopSignals();
        using var server = new ChatServer(options, TimeProvider.System, report.Logger);
        try
        {
            List<SocketUri> bound = listen is { Length: > 0 }
                ? await ListenAsync(server, listen, signals.Stop)
                : ListenAtLoopback(endPoint => server.Listen(endPoint), report.Warn);
            int limit = Descriptors.Limit();
            int most = Descriptors.Fit(options.MaxConnections, limit, Descriptors.Open());
            if (most == 0)
            {
                return TooFewDescriptors(report);
            }

            if (most < options.MaxConnections)
            {
                options.MaxConnections = most;
                report.Warn(Descriptors.Fewer(limit, most));
            }

            Listening.TryTell(report, bound, "chat join", bound.Exists(IsDefault));
        }
        catch (ListenException e)
        {
            return report.Fail(e.Message);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted; // while a name was looked up
        }

        await server.RunAsync(signals.Stop);
        return ExitCode.Ok;
    }

    private static async Task<List<SocketUri>> ListenAsync(ChatServer server, SocketUri[] listen, CancellationToken stop)
    {
        var bound = new List<SocketUri>();
        foreach (SocketUri given in listen)
        {
            IReadOnlyList<SocketUri> addresses;
            try
            {
                addresses = await given.ResolveAsync(stop);
            }
            catch (SocketException e)
            {
                throw new ListenException($"cannot listen at {given}: {OptionTypes.LookupProblem(e)}", e.SocketErrorCode, e);
            }

            bound.AddRange(addresses.Select(endpoint => Listening.At(endpoint, server.Listen(endpoint))));
        }

        return bound;
    }

    /// <summary>Both loopback addresses; one of them may be missing on this machine, and that is only worth a warning.</summary>
    internal static List<SocketUri> ListenAtLoopback(Func<EndPoint, EndPoint> listen, Action<string> warn)
    {
        var bound = new List<SocketUri>();
        ListenException? missing = null;
        foreach (IPAddress address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            try
            {
                bound.Add(SocketUri.FromEndPoint(listen(new IPEndPoint(address, OptionTypes.ChatPort))));
            }
            catch (ListenException e) when (e.IsAddressMissing)
            {
                missing = e;
                warn(e.Message);
            }
        }

        return bound.Count > 0 ? bound : throw missing!;
    }

    /// <summary>Whether chat join goes there by itself.</summary>
    private static bool IsDefault(SocketUri endpoint) =>
        endpoint.EndPoint is IPEndPoint { Port: OptionTypes.ChatPort } ip && IPAddress.IsLoopback(ip.Address);
}
