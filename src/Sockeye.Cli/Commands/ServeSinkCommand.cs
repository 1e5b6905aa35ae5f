using Sockeye.Cli.Serving;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye serve sink: prints what arrives.</summary>
internal static class ServeSinkCommand
{
    private const int Port = 8079;

    public static Command Build()
    {
        var command = new Command(
            "sink", "Prints each chunk or datagram on a line, with its sender. Bytes that are not text are shown as \\xff, control characters as \\x1b. Sends no answer.");
        ServeCommandLine.Complete(command, Port, static _ => new SinkProgram());
        command.WithExitCodes(
        [
            ServeCommandLine.StoppedMeaning, .. ExitCode.Of(ExitCode.Failed, ExitCode.BadUsage, ExitCode.Interrupted, ExitCode.ReaderGone),
        ]);
        return command.WithExamples(
            new("sockeye serve sink tcp://localhost:8079", "at every address of localhost"),
            new("sockeye serve sink udp://localhost:8079 --buffer 4", "the first four bytes of each datagram, and how many were cut"),
            new("sockeye serve sink unix-dgram:/tmp/log.sock --log-level Warning", "nothing but what arrives"));
    }
}
