using Sockeye.Cli.Serving;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye serve reply: the same answer to everything.</summary>
internal static class ServeReplyCommand
{
    private const int Port = 8079;

    public static Command Build()
    {
        var text = new Option<string>("--text")
        {
            Description = "The answer; it gets the line end that the chunk had",
            HelpName = "TEXT",
            DefaultValueFactory = static _ => ReplyProgram.TextByDefault,
        };
        var command = new Command("reply", "Answers each chunk or datagram with the same text.") { text };
        ServeCommandLine.Complete(command, Port, result => new ReplyProgram(result.GetValue(text)!));
        return command.WithExamples(
            new("sockeye serve reply", "on this machine, port 8079"),
            new("sockeye serve reply tcp://localhost:8079 --text \"I am OK, are u OK\""),
            new("sockeye serve reply udp://127.0.0.1:9999 --text pong"));
    }
}
