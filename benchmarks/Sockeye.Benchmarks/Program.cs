// ./sockeye bench: measures. What counts is the server's processor time per operation: it holds on noisy machines,
// where operations per second do not. Each command is a file beside this one; docs/benchmarks.md has the figures.
using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Sockeye.Benchmarks;
using Sockeye.Benchmarks.Servers;

ParseResult result = Bench.Build().Parse(args);
if (result.Action is ParseErrorAction)
{
    string command = result.CommandResult.Command.Name is var name and not "bench" ? $"sockeye bench {name}" : "sockeye bench";
    foreach (ParseError error in result.Errors)
    {
        Console.Error.WriteLine($"{command}: {error.Message}");
    }

    Console.Error.WriteLine($"help: {command} --help");
    return 2;
}

return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });

/// <summary>The whole command line.</summary>
internal static class Bench
{
    internal static Command Build()
    {
        var bench = new Command("bench", "Measures Sockeye beside others, over loopback.")
        {
            PeersCommand.Build(), CopyCommand.Build(), ServeCommand.Build(),
        };
        Help.AddTo(
            bench,
            ("sockeye bench peers --help", "servers beside each other"),
            ("sockeye bench copy", "nc and sockeye connect beside each other"));
        return bench;
    }
}
