using System.CommandLine.Invocation;
using System.Text;
using Sockeye.Cli.Commands;

namespace Sockeye.Cli;

/// <summary>The tool: parses, finds the command, runs it. Every command is one file in Commands.</summary>
internal static class Tool
{
    private const string Name = "sockeye";

    // How the library's words about it begin.
    private const string EngineVariable = "SOCKEYE_ENGINE=";

    public static async Task<int> RunAsync(string[] args)
    {
        StandardStreams.KeepOffClosedErrors();
        if (!OperatingSystem.IsLinux())
        {
            Announcement.TryWrite(Console.Error, "sockeye: this runs on Linux only");
            return ExitCode.Failed;
        }

        ParseResult result = Build().Parse(Usual(args));
        string command = NameOf(result.CommandResult);
        string[] problems = [.. Problems(result)];
        if (problems.Length > 0)
        {
            foreach (string problem in problems)
            {
                Announcement.TryWrite(Console.Error, $"{command}: {problem}");
            }

            Announcement.TryWrite(Console.Error, $"help: {command} --help");
            return ExitCode.BadUsage;
        }

        // With fewer, the runtime fails in ways that explain nothing.
        if (Descriptors.Limit() < Descriptors.LeastOfAll)
        {
            Announcement.TryWrite(Console.Error, $"{command}: {Descriptors.TooFew}");
            return ExitCode.Failed;
        }

        // Commands handle signals and report failures themselves. What System.CommandLine prints (help, the version, completions)
        // goes through memory, since it cannot handle outputs that are full or closed.
        using var printed = new StringWriter();
        int code;
        try
        {
            code = await result.InvokeAsync(
                new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false, Output = printed });
        }
        catch (NotSupportedException e) when (e.Message.StartsWith(EngineVariable, StringComparison.Ordinal))
        {
            // The library reads the variable when a socket first waits, which is at a different place in every command.
            using Report report = CommonOptions.Report(result);
            return report.Fail(e.Message, ExitCode.BadUsage);
        }

        return TryPrint(printed.ToString(), command) ? code : ExitCode.Failed;
    }

    /// <summary>Translates what newcomers type into what the parser knows: nothing at all, help COMMAND, version.</summary>
    private static string[] Usual(string[] args) => args switch
    {
        [] => ["--help"],
        ["help", .. var command] => [.. command, "--help"],
        ["version"] => ["--version"],
        _ => args,
    };

    /// <summary>What is wrong with a command line, in the words of this tool; nothing when it is right.</summary>
    private static IEnumerable<string> Problems(ParseResult result)
    {
        // The parser takes an unknown option for an argument, and then the real argument for one too many. The errors that follow
        // from a misspelt word are not worth a line.
        string[] unknown = [.. UnknownOptions(result)];
        if (unknown.Length > 0)
        {
            return unknown.Select(option => $"there is no option {ByteText.Show(option)}{DidYouMean(option, Options(result.CommandResult))}");
        }

        string[] below = [.. result.CommandResult.Command.Subcommands.Where(static command => !command.Hidden).Select(static command => command.Name)];
        if (below.Length > 0 && result.UnmatchedTokens is [var word, ..])
        {
            string[] known = result.CommandResult.Parent is null ? [.. below, "help", "version"] : below;
            return [$"there is no command {ByteText.Show(word)}{DidYouMean(word, known)}; there are: {string.Join(", ", below)}"];
        }

        return result.Action is not ParseErrorAction ? []
            : below.Length > 0 ? [$"a command is required: {string.Join(", ", below)}"]
            : result.UnmatchedTokens is [var more, ..] ? [$"{ByteText.Show(more)} is one argument too many"]
            : result.Errors.Select(static error => error.SymbolResult is ArgumentResult { Tokens.Count: 0 } missing ? $"{missing.Argument.Name} is missing" : error.Message);
    }

    /// <summary>Words that look like options, are not an option's value, and are not known.</summary>
    private static IEnumerable<string> UnknownOptions(ParseResult result)
    {
        HashSet<Token> values = new(ReferenceEqualityComparer.Instance);
        for (SymbolResult? at = result.CommandResult; at is CommandResult command; at = at.Parent)
        {
            values.UnionWith(command.Children.OfType<OptionResult>().SelectMany(static option => option.Tokens));
        }

        return result.Tokens.TakeWhile(static token => token.Type != TokenType.DoubleDash)
            .Where(token => token.Type == TokenType.Argument && token.Value.Length > 1 && token.Value[0] == '-' && !values.Contains(token))
            .Select(static token => token.Value.Split('=')[0]);
    }

    private static IEnumerable<string> Options(CommandResult result) =>
        result.Command.Options.Where(static option => !option.Hidden).SelectMany(static option => option.Aliases.Prepend(option.Name));

    /// <summary>The end of a sentence that suggests the known word that was probably meant; empty if there is none.</summary>
    private static string DidYouMean(string given, IEnumerable<string> known)
    {
        string bare = given.TrimStart('-');
        string[] names = [.. known.Where(name => name.StartsWith('-') == given.StartsWith('-'))];
        string[] longer = [.. names.Where(name => bare.Length > 1 && name.TrimStart('-').StartsWith(bare, StringComparison.OrdinalIgnoreCase))];
        string? near = longer is [var only] ? only
            : NearestName.Of(bare, [.. names.Select(static name => name.TrimStart('-'))]) is { } found ? names.First(name => name.TrimStart('-') == found)
            : null;
        return near is null ? "" : $", did you mean {near}?";
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
                return true; // it has read enough
            }

            Announcement.TryWrite(Console.Error, $"{command}: cannot write to standard output: {e.Message.TrimEnd('.')}");
            return false;
        }
    }

    /// <summary>The whole command line.</summary>
    public static Command Build()
    {
        // Not a RootCommand, which would take its name from the file that was started.
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

    /// <summary>A command the way it is typed: <c>sockeye chat serve</c>.</summary>
    /// <param name="command">The parsed command.</param>
    public static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : Name;
}
