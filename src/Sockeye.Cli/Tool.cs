using System.CommandLine.Invocation;
using System.Text;
using Sockeye.Cli.Commands;

namespace Sockeye.Cli;

/// <summary>The tool: parses, finds the command, runs it. Every command is one file in Commands.</summary>
internal static class Tool
{
    private const string Name = "sockeye";

    public static async Task<int> RunAsync(string[] args)
    {
        StandardStreams.KeepOffClosedErrors();
        if (!OperatingSystem.IsLinux())
        {
            Announcement.TryWrite(Console.Error, "sockeye: this runs on Linux only");
            return ExitCode.Failed;
        }

        ParseResult result = Build().Parse(args);
        string command = NameOf(result.CommandResult);
        if (result.Action is ParseErrorAction)
        {
            foreach (string problem in Problems(result))
            {
                Announcement.TryWrite(Console.Error, $"{command}: {problem}");
            }

            Announcement.TryWrite(Console.Error, $"help: {command} --help");
            return ExitCode.BadUsage;
        }

        // With fewer the runtime fails in ways that explain nothing.
        if (Descriptors.Limit() < Descriptors.LeastOfAll)
        {
            Announcement.TryWrite(Console.Error, $"{command}: {Descriptors.TooFew}");
            return ExitCode.Failed;
        }

        // Commands hear signals themselves, and say themselves what went wrong. What only prints (help, the version,
        // completion) does so into memory: it knows nothing of outputs that are full or closed.
        using var printed = new StringWriter();
        int code = await result.InvokeAsync(
            new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false, Output = printed });
        return TryPrint(printed.ToString(), command) ? code : ExitCode.Failed;
    }

    /// <summary>What is wrong with a command line. Where a command has others below it, the parser says only that one is missing.</summary>
    private static IEnumerable<string> Problems(ParseResult result)
    {
        string[] below = [.. result.CommandResult.Command.Subcommands.Where(static command => !command.Hidden).Select(static command => command.Name)];
        return below.Length == 0 ? result.Errors.Select(static error => error.Message)
            : result.UnmatchedTokens is [var unknown, ..] ? [$"there is no command {ByteText.Show(unknown)}; there are: {string.Join(", ", below)}"]
            : [$"a command is required: {string.Join(", ", below)}"];
    }

    private static bool TryPrint(string text, string command)
    {
        if (text.Length == 0)
        {
            return true;
        }

        try
        {
            using Stream output = StandardStreams.OpenOutput();
            output.Write(Encoding.UTF8.GetBytes(text));
            return true;
        }
        catch (Exception e) when (StandardStreams.IsFileProblem(e))
        {
            if (StandardStreams.IsReaderGone(e))
            {
                return true; // it had enough
            }

            Announcement.TryWrite(Console.Error, $"{command}: cannot write to standard output: {e.Message.TrimEnd('.')}");
            return false;
        }
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
