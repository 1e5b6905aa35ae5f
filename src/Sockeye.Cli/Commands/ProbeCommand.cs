using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Cli.Clients;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye probe: does anything answer there?</summary>
internal static class ProbeCommand
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(10);

    public static Command Build()
    {
        SocketType[] types = [SocketType.Stream, SocketType.Dgram, SocketType.Seqpacket, SocketType.Rdm];
        Argument<string?> port = OptionTypes.PortArgument();
        Argument<SocketUri> endpoint = OptionTypes.EndpointArgument("Where to connect, see below", "probe connects", port, types);
        endpoint.Validators.Add(static result =>
        {
            if (result.Tokens.Count == 1 && result.Tokens[0].Value.Split(':')[0].ToLowerInvariant() is "fd" or "systemd")
            {
                result.AddError($"ENDPOINT: {result.Tokens[0].Value.Split(':')[0].ToLowerInvariant()}: is a socket that is open already; there is nothing to connect");
            }
        });
        Option<TimeSpan?> timeout = OptionTypes.Time("--timeout", "How long one try may take, with the look-up and all addresses", _limit);
        Option<TimeSpan?> until = OptionTypes.Time("--until", "Keep trying for up to this long, with pauses of 25ms to 1s");
        var command = new Command(
            "probe",
            "Connects, and prints what the kernel answered: 0, or the errno with its name and meaning; for a host name, every look-up and attempt as well. The exit code is the errno.")
        {
            endpoint, port, timeout, until,
        };
        CommonOptions common = CommonOptions.AddTo(command, LogLevel.Warning);
        command.WithEndpoints(types).WithExamples(
            new("sockeye probe tcp://localhost:8888", "does it answer, and if not, why not"),
            new("sockeye probe tcp://localhost:8888 --until 30s && ./client", "wait for a server"),
            new("sockeye probe unix:/run/chat.sock; [ $? -eq 2 ] && echo 'no such file'", "the exit code is the errno"));
        command.WithExitCodes(
            new(ExitCode.Ok, "connected"),
            new(1, "what connect(2) returned: 111 refused, 110 no answer in time, 113 no route, 13 not permitted, 2 no such socket file (bad usage is 2 as well, with nothing on standard output)") { Name = "errno" },
            new(ClientExit.NoHost, "the name was not found"),
            new(ExitCode.Interrupted, "interrupted"));
        command.SetAction(async (result, _) =>
        {
            using Report report = common.Open(result);
            using var signals = new StopSignals();
            SocketUri given = result.GetValue(endpoint)!;
            TimeSpan limit = result.GetValue(timeout) ?? given.Timeout ?? _limit;
            return await new ProbeClient(given, limit, result.GetValue(until), report).RunAsync(signals.Stop);
        });
        return command;
    }
}
