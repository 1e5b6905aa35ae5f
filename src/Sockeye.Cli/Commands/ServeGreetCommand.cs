using Sockeye.Cli.Serving;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye serve greet: greets by name.</summary>
internal static class ServeGreetCommand
{
    private const int Port = 9999;

    public static Command Build()
    {
        var command = new Command(
            "greet",
            "Says Welcome!, then answers each message with Hello, NAME!; exit ends the connection. A line is a message, and so is a chunk without a line end: a name that was split over two sends may be greeted twice. A datagram is one message, and exit in one ends nothing.");
        ServeCommandLine.Complete(command, Port, static _ => new GreetProgram());
        return command.WithExamples(
            new("sockeye serve greet tcp://127.0.0.1:9999", "one loop serves all"),
            new("sockeye serve greet tcp://127.0.0.1:9999 --threads", "a thread serves each"),
            new("sockeye serve greet udp://127.0.0.1:9999", "a greeting for each datagram"));
    }
}
