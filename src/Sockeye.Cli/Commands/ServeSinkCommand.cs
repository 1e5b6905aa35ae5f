using Sockeye.Cli.Serving;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye serve sink: prints what comes.</summary>
internal static class ServeSinkCommand
{
    private const int Port = 8079;

    public static Command Build()
    {
        var command = new Command(
            "sink", "Prints each chunk, or datagram, with who sent it, in a line. What is no text is shown as \\xff, what steers a terminal as \\x1b. Answers nothing.");
        ServeCommandLine.Complete(command, Port, static _ => new SinkProgram());
        command.WithExitCodes(
        [
            ServeCommandLine.StoppedMeaning, .. ExitCode.Of(ExitCode.Failed, ExitCode.BadUsage, ExitCode.Interrupted, ExitCode.ReaderGone),
        ]);
        return command.WithExamples(
            new("sockeye serve sink tcp://localhost:8079", "at every address that localhost has"),
            new("sockeye serve sink udp://localhost:8079 --buffer 4", "four bytes of each datagram, and how many were cut"),
            new("sockeye serve sink unix-dgram:/tmp/log.sock --log-level Warning", "nothing but what comes"));
    }
}
