using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Net.Sockets;

namespace Sockeye.Cli;

/// <summary>One line to copy.</summary>
/// <param name="Line">The command.</param>
/// <param name="What">What it does, in a few words; empty when the line says it.</param>
internal sealed record Example(string Line, string What = "");

/// <summary>What --help shows below the options. docs/tool.md and the README's table are generated from the same data.</summary>
internal sealed class CommandHelp
{
    private readonly List<SocketType> _endpoints = [];

    /// <summary>The kinds of sockets whose endpoints the command takes; empty when it takes none.</summary>
    public IReadOnlyList<SocketType> Endpoints => _endpoints;

    /// <summary>Commands to copy.</summary>
    public IReadOnlyList<Example> Examples { get; private set; } = [];

    /// <summary>The exit codes.</summary>
    public IReadOnlyList<ExitMeaning> ExitCodes { get; private set; } = ExitCode.All;

    /// <summary>The schemes of the endpoints that the command takes.</summary>
    public IEnumerable<SocketUriScheme> Schemes => _endpoints.Count == 0 ? [] : SchemesOf(_endpoints);

    /// <summary>The schemes of these socket types; packet sockets have no peer, and no command uses them.</summary>
    /// <param name="types">The kinds of sockets.</param>
    public static IEnumerable<SocketUriScheme> SchemesOf(IReadOnlyCollection<SocketType> types) => SocketUri.Schemes.Where(
        scheme => (types.Contains(scheme.SocketType) || scheme.SocketType == SocketType.Unknown) && !scheme.Name.StartsWith("packet", StringComparison.Ordinal));

    /// <summary>The help of a command.</summary>
    /// <param name="command">The command; help is added when it has none.</param>
    public static CommandHelp Of(Command command)
    {
        HelpOption? help = command.Options.OfType<HelpOption>().FirstOrDefault();
        if (help is null)
        {
            help = new HelpOption("--help", "-h") { Recursive = false }; // each command has its own examples
            command.Options.Add(help);
        }

        if (help.Action is not HelpWithExamples action)
        {
            help.Action = action = new HelpWithExamples(new HelpAction());
        }

        return action.Help;
    }

    public void Take(params SocketType[] endpoints) => _endpoints.AddRange(endpoints);

    public void Show(params Example[] examples) => Examples = examples;

    public void EndWith(params ExitMeaning[] codes) => ExitCodes = codes;

    private void Write(TextWriter output)
    {
        if (_endpoints.Count > 0)
        {
            output.WriteLine("Endpoints:");
            int longest = Schemes.Max(static scheme => scheme.Example.Length);
            foreach (SocketUriScheme scheme in Schemes)
            {
                output.WriteLine($"  {scheme.Example.PadRight(longest)}  {scheme.Summary}");
            }

            output.WriteLine("  docs/endpoints.md has the grammar and every option: tcp://*:80?reuse_port=1");
            output.WriteLine();
        }

        output.WriteLine("Examples:");
        int width = Examples.Max(static example => example.What.Length == 0 ? 0 : example.Line.Length);
        foreach (Example example in Examples)
        {
            output.WriteLine(example.What.Length == 0 ? $"  {example.Line}" : $"  {example.Line.PadRight(width)}  {example.What}");
        }

        output.WriteLine();
        output.WriteLine("Exit codes:");
        foreach (ExitMeaning code in ExitCodes)
        {
            output.WriteLine($"  {code.Name,-5}  {code.Meaning}");
        }
    }

    private sealed class HelpWithExamples(HelpAction action) : SynchronousCommandLineAction
    {
        public CommandHelp Help { get; } = new();

        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = action.Invoke(parseResult);
            Help.Write(parseResult.InvocationConfiguration.Output);
            return code;
        }
    }
}

/// <summary>For a command's file to say what its help shows.</summary>
internal static class CommandHelpExtensions
{
    extension(Command command)
    {
        /// <summary>Makes --help list the endpoints of these socket types.</summary>
        /// <param name="types">The sockets it works on.</param>
        public Command WithEndpoints(params SocketType[] types)
        {
            CommandHelp.Of(command).Take(types);
            return command;
        }

        /// <summary>Makes --help show commands to copy.</summary>
        /// <param name="examples">The lines.</param>
        public Command WithExamples(params Example[] examples)
        {
            CommandHelp.Of(command).Show(examples);
            return command;
        }

        /// <summary>Makes --help list the exit codes.</summary>
        /// <param name="codes">The codes; see <see cref="ExitCode.Of"/>.</param>
        public Command WithExitCodes(params ExitMeaning[] codes)
        {
            CommandHelp.Of(command).EndWith(codes);
            return command;
        }
    }
}
