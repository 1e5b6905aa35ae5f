using System.CommandLine;

namespace Sockeye.Benchmarks;

/// <summary>bench copy: what it takes to send a long input.</summary>
internal static class CopyCommand
{
    internal static Command Build()
    {
        Option<int> mebibytes = BoundedOption.Of("--mebibytes", "How much is sent", 1_024, 1, 1 << 20);
        Option<int> rounds = BoundedOption.Of("--rounds", "How often each", 5, 1, 1_000);
        var command = new Command("copy", "nc and sockeye connect in turns: what it takes to send a long input over loopback") { mebibytes, rounds };
        Help.AddTo(command, ("sockeye bench copy --mebibytes 4096", "4 GiB, five rounds each"));
        command.SetAction(result => CopyLoad.Run(result.GetValue(mebibytes), result.GetValue(rounds)));
        return command;
    }
}
