namespace Sockeye.Cli.Commands;

/// <summary>sockeye chat: the group chat.</summary>
internal static class ChatCommand
{
    public static Command Build()
    {
        var command = new Command("chat", "A group chat: start one, or talk in one.")
        {
            ChatServeCommand.Build(),
            ChatJoinCommand.Build(),
        };
        command.WithExamples(new("sockeye chat serve"), new("sockeye chat join --name alice"));
        return command;
    }
}
