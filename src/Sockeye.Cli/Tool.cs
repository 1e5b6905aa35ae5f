using System.CommandLine.Invocation;
using Sockeye.Cli.Commands;

namespace Sockeye.Cli;

/// <summary>The tool: parses, finds the command, runs it. Every command is one file in Commands.</summary>
internal static class Tool
{
    private const string Name = "sockeye";

    public static async Task<int> RunAsync(string[] args)
    {
        if (!OperatingSystem.IsLinux())
        {
            await Console.Error.WriteLineAsync("sockeye: this runs on Linux only");
            return ExitCode.Failed;
        }

        ParseResult result = Build().Parse(args);
        if (result.Action is ParseErrorAction)
        {
            string command = NameOf(result.CommandResult);
            foreach (ParseError error in result.Errors)
            {
                await Console.Error.WriteLineAsync($"{command}: {error.Message}");
            }

            await Console.Error.WriteLineAsync($"help: {command} --help");
            return ExitCode.BadUsage;
        }

        // Commands hear signals themselves, and say themselves what went wrong.
        return await result.InvokeAsync(
            new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    /// <summary>The whole command line.</summary>
    public static Command Build()
    {
        // Not a RootCommand: that calls itself after the file that was started, which is dotnet's business.
        var root = new Command(Name, "Sockets, and a group chat on them.")
        {
            ServeCommand.Build(),
            ConnectCommand.Build(),
            ProbeCommand.Build(),
            EchoCommand.Build(),
            GetCommand.Build(),
            ChatCommand.Build(),
            CompletionCommand.Build(),
        };
        root.Options.Add(new VersionOption());
        root.WithExamples(
            new("sockeye serve time tcp://[::1]:8888", "a server to try a client on"),
            new("sockeye connect tcp://[::1]:8888", "a client to try a server with"),
            new("sockeye probe tcp://localhost:8888", "is anybody there? every address and its answer"),
            new("sockeye get http://localhost:8000/", "HTTP by hand"),
            new("sockeye chat serve", "start a group chat on this machine"),
            new("sockeye chat join", "talk in it; nc 127.0.0.1 6667 does as well"));
        return root;
    }

    /// <summary>A command as it is typed: <c>sockeye chat serve</c>.</summary>
    /// <param name="command">The parsed command.</param>
    public static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : Name;
}
