using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Sockeye.Benchmarks;

/// <summary>--help with lines to copy.</summary>
internal static class Help
{
    /// <summary>Gives a command --help, with examples below the options.</summary>
    internal static void AddTo(Command command, params (string Line, string What)[] examples)
    {
        var help = new HelpOption("--help", "-h");
        help.Action = new WithExamples(new HelpAction(), examples);
        command.Options.Add(help);
    }

    private sealed class WithExamples(HelpAction action, (string Line, string What)[] examples) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = action.Invoke(parseResult);
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            int width = examples.Max(static example => example.Line.Length);
            foreach ((string line, string what) in examples)
            {
                output.WriteLine($"  {line.PadRight(width)}  {what}");
            }

            return code;
        }
    }
}
