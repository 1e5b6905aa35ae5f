using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Cli.Clients;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye connect: input to a socket, and back.</summary>
internal static class ConnectCommand
{
    public static Command Build()
    {
        SocketType[] types = [SocketType.Stream, SocketType.Dgram, SocketType.Seqpacket, SocketType.Rdm];
        Argument<string?> port = OptionTypes.PortArgument();
        Argument<Endpoint> endpoint = OptionTypes.EndpointArgument(
            "Where to, see below; ?timeout=5s limits the connecting, or the wait for a peer, and nothing after it", "connect speaks over a connection or in datagrams", port, types);
        var listen = new Option<bool>("--listen") { Description = "Wait there for one peer instead; of datagrams, the first one's sender" };
        var bytes = new Option<bool>("--bytes") { Description = "Bytes as they are, at a terminal too; datagrams are what one read gave, and are written without line ends" };
        var lines = new Option<bool>("--lines") { Description = "Show control characters escaped between pipes too, as at a terminal" };
        Option<TimeSpan?> wait = OptionTypes.Time(
            "--wait", "How long to wait for the rest after the input's end [default: until the peer's end; for datagrams 1s since the last one]");
        var command = new Command(
            "connect",
            "Copies the input to a socket and what comes from it to the output. Bytes over a connection; a line is a datagram. At the input's end it ends its half and waits for the rest; when the peer ends, so does it.")
        {
            endpoint, port, listen, bytes, lines, wait,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(bytes) && result.GetValue(lines))
            {
                result.AddError("--bytes and --lines contradict each other");
            }
        });
        CommonOptions common = CommonOptions.AddTo(command, LogLevel.Warning);
        command.WithEndpoints(types).WithExamples(
            new("sockeye connect tcp://localhost:8888", "talk to a server"),
            new("sockeye connect localhost 8888", "the same, as nc has it"),
            new("echo hello | sockeye connect udp://localhost:9999", "one datagram, and the answers of a second"),
            new("sockeye connect 'tcp://example.org:80?timeout=5s' <request >answer", "bytes between files"),
            new("sockeye connect --listen 'tcp://*:8888' >file", "the other side: one peer, whose bytes become a file"),
            new("sockeye connect unix:/run/chat.sock --json", "what happens, for programs"));
        command.WithExitCodes(
        [
            new(ExitCode.Ok, "the peer ended, or the wait after the input's end is over"),
            new(ExitCode.Failed, "could not look the name up, connect, listen or write; nothing takes the datagrams, or one was too long"),
            .. ExitCode.Of(ExitCode.BadUsage), new(ExitCode.ConnectionLost, "the connection was lost, as by a reset"),
            new(ExitCode.NoAnswer, "no connection within the timeout"), .. ExitCode.Of(ExitCode.Interrupted, ExitCode.ReaderGone),
        ]);
        command.SetAction(async (result, _) =>
        {
            using Report report = common.Open(result);
            using var signals = new StopSignals();
            bool isShown = result.GetValue(lines) || (!Console.IsOutputRedirected && !result.GetValue(bytes));
            var options = new ConnectOptions(result.GetValue(listen), result.GetValue(bytes), isShown, result.GetValue(wait));
            var client = new ConnectClient(
                result.GetValue(endpoint)!, options, report, StandardStreams.OpenInput(), StandardStreams.OpenOutput());
            return await client.RunAsync(signals.Stop);
        });
        return command;
    }
}
