namespace Sockeye.Cli.Commands;

/// <summary>sockeye serve: small servers, of a stream and of datagrams.</summary>
internal static class ServeCommand
{
    public static Command Build()
    {
        var command = new Command("serve", "Starts a small server, at one or more endpoints, for many clients at once.")
        {
            ServeTimeCommand.Build(),
            ServeSinkCommand.Build(),
            ServeReplyCommand.Build(),
            ServeGreetCommand.Build(),
        };
        command.WithExamples(
            new("sockeye serve time tcp://[::1]:8888", "sends everything back with the time in front"),
            new("sockeye serve sink udp://localhost:8079", "prints what arrives"),
            new("sockeye serve reply --text \"I am OK\"", "answers everything with this"),
            new("sockeye serve greet --threads", "greets by name, on a thread for each client"));
        return command;
    }
}
