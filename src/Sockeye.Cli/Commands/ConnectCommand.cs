using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Cli.Clients;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye connect: standard input to a socket, and back.</summary>
internal static class ConnectCommand
{
    public static Command Build()
    {
        SocketType[] types = [SocketType.Stream, SocketType.Dgram, SocketType.Seqpacket, SocketType.Rdm];
        Argument<string?> port = OptionTypes.PortArgument();
        Argument<SocketUri> endpoint = OptionTypes.EndpointArgument(
            "Where to connect, see below; ?timeout=5s limits connecting, or the wait for a peer, but nothing after that", "connect speaks over a connection or in datagrams", port, types);
        var listen = new Option<bool>("--listen") { Description = "Wait there for one peer instead; for datagrams, that is the sender of the first" };
        var bytes = new Option<bool>("--bytes") { Description = "Write bytes as they are, even to a terminal; a datagram is then what one read of the input gives, and no line ends are added" };
        var lines = new Option<bool>("--lines") { Description = "Escape control characters even when the output is not a terminal" };
        Option<TimeSpan?> wait = OptionTypes.Time(
            "--wait", "How long to wait for the rest after the input ends [default: until the peer ends; for datagrams, 1s after the last one]");
        var command = new Command(
            "connect",
            "Copies standard input to a socket, and what arrives to standard output: bytes over a connection, or a datagram per line. At the end of its input it shuts down its sending side and waits for the rest; it ends when the peer does.")
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
            new("sockeye connect localhost 8888", "the same, the way nc takes it"),
            new("echo hello | sockeye connect udp://localhost:9999", "one datagram, and the answers that come within a second"),
            new("sockeye connect 'tcp://example.org:80?timeout=5s' <request >answer", "bytes between files"),
            new("sockeye connect --listen 'tcp://*:8888' >file", "the other side: what one peer sends becomes a file"),
            new("sockeye connect unix:/run/chat.sock --json", "events, for programs"));
        command.WithExitCodes(
        [
            new(ExitCode.Ok, "the peer ended, or the wait after the end of the input is over"),
            new(ExitCode.Failed, "could not look up the name, connect, listen or write; nobody receives the datagrams, or one was too long"),
            .. ExitCode.Of(ExitCode.BadUsage), new(ExitCode.ConnectionLost, "the connection was lost, for example by a reset"),
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
