using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Net.Sockets;
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
            ChatCommand.Build(),
        };
        root.Options.Add(new VersionOption());
        root.WithExamples(
            "sockeye chat serve        start a group chat on this machine",
            "sockeye chat join         talk in it; nc 127.0.0.1 6667 does as well");
        return root;
    }

    /// <summary>Lets --help show how endpoints are written.</summary>
    /// <param name="command">The command.</param>
    /// <param name="type">The sockets it works on.</param>
    public static Command WithEndpoints(this Command command, SocketType type)
    {
        Help(command).Endpoints = type;
        return command;
    }

    /// <summary>Lets --help end with examples and the exit codes.</summary>
    public static void WithExamples(this Command command, params string[] examples)
    {
        Help(command).Examples = examples;
    }

    private static HelpWithExamples Help(Command command)
    {
        HelpOption? help = command.Options.OfType<HelpOption>().FirstOrDefault();
        if (help is null)
        {
            help = new HelpOption { Recursive = false }; // each command has its own examples
            command.Options.Add(help);
        }

        if (help.Action is not HelpWithExamples action)
        {
            help.Action = action = new HelpWithExamples(new HelpAction());
        }

        return action;
    }

    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : Name;

    private sealed class HelpWithExamples(HelpAction help) : SynchronousCommandLineAction
    {
        public SocketType? Endpoints { get; set; }

        public string[] Examples { get; set; } = [];

        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = help.Invoke(parseResult);
            TextWriter output = parseResult.InvocationConfiguration.Output;
            if (Endpoints is { } type)
            {
                output.WriteLine("Endpoints:");
                foreach (EndpointScheme scheme in Endpoint.Schemes.Where(scheme => scheme.SocketType == type || scheme.SocketType == SocketType.Unknown))
                {
                    output.WriteLine($"  {scheme.Example,-24}{scheme.Summary}");
                }

                output.WriteLine();
            }

            output.WriteLine("Examples:");
            foreach (string example in Examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
            output.WriteLine($"Exit codes: {ExitCode.Help}");
            return code;
        }
    }
}
