using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Chat.Terminal;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye chat join: talk in a chat.</summary>
internal static class ChatJoinCommand
{
    public static Command Build()
    {
        Argument<string?> port = OptionTypes.PortArgument();
        var endPoint = new Argument<SocketUri?>("ENDPOINT")
        {
            Description = "Where the chat is, see below. Default: 127.0.0.1:6667, then [::1]:6667",
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = result =>
            {
                SocketUri? endpoint = OptionTypes.ParseChatEndpoint(OptionTypes.WithPort(result.Tokens[0].Value, result.GetResult(port)), out string problem);
                if (endpoint is null)
                {
                    result.AddError($"ENDPOINT: {problem}");
                }

                return endpoint;
            },
        };
        var name = new Option<string?>("--name") { Description = "Your name; otherwise the chat asks for it", HelpName = "NAME" };
        var room = new Option<string?>("--room") { Description = "The room to enter first", HelpName = "ROOM" };
        var command = new Command(
            "join",
            "Joins a chat. At a terminal you can edit lines (arrows, history; Ctrl-C quits); otherwise it copies lines both ways until its input ends.")
        {
            endPoint, port, name, room,
        };
        CommonOptions common = CommonOptions.AddTo(command, LogLevel.Warning);
        EndpointCompletion.AddTo(endPoint, SocketType.Stream);
        command.WithEndpoints(SocketType.Stream).WithExamples(
            new("sockeye chat join", "the chat on this machine"),
            new("sockeye chat join 127.0.0.1:7000 --name alice --room garden"),
            new("echo \"the build is green\" | sockeye chat join --name ci", "say one thing and go"));
        command.WithExitCodes(
        [
            .. ExitCode.Of(ExitCode.Ok, ExitCode.Failed, ExitCode.BadUsage, ExitCode.ConnectionLost, ExitCode.Interrupted, ExitCode.ReaderGone),
        ]);
        command.SetAction(async (result, _) =>
        {
            using Report report = common.Open(result);
            var options = new JoinOptions
            {
                Name = result.GetValue(name),
                Room = result.GetValue(room),
                Input = StandardStreams.OpenInput(),
                Output = StandardStreams.OpenOutput(),
                Heard = report.IsJson ? line => Print(report, line) : null,
                Colours = report.Style.HasColours,
            };
            return await RunAsync(result.GetValue(endPoint), options, report);
        });
        return command;
    }

    private static void Print(Report report, string line)
    {
        if (!report.TryTell("line", line: null, ("text", line)))
        {
            throw report.WriteFailure!;
        }
    }

    private static async Task<int> RunAsync(SocketUri? endpoint, JoinOptions options, Report report)
    {
        IReadOnlyList<SocketUri> endpoints;
        try
        {
            endpoints = endpoint is null
                ? [.. new[] { IPAddress.Loopback, IPAddress.IPv6Loopback }.Select(static address => SocketUri.FromEndPoint(new IPEndPoint(address, OptionTypes.ChatPort)))]
                : await endpoint.ResolveAsync();
        }
        catch (SocketException e)
        {
            return report.Fail($"{endpoint}: {OptionTypes.LookupProblem(e)}");
        }

        using var signals = new StopSignals();
        JoinResult joined = await JoinClient.RunAsync(endpoints, options, signals.Stop);
        int code = joined.End switch
        {
            JoinEnd.Left => ExitCode.Ok,
            JoinEnd.NotJoined or JoinEnd.NotWritten => ExitCode.Failed,
            JoinEnd.ConnectionLost => ExitCode.ConnectionLost,
            JoinEnd.ReaderGone => ExitCode.ReaderGone,
            _ => ExitCode.Interrupted,
        };
        return joined.Message.Length > 0 ? report.Fail(joined.Message, code) : code;
    }
}
