using System.CommandLine;

namespace Sockeye.Benchmarks;

/// <summary>bench copy: what it takes to send a long input.</summary>
internal static class CopyCommand
{
    internal static Command Build()
    {
        var mebibytes = new Option<int>("--mebibytes") { Description = "How much is sent", DefaultValueFactory = static _ => 1_024 };
        var rounds = new Option<int>("--rounds") { Description = "How often each", DefaultValueFactory = static _ => 5 };
        foreach (Option<int> number in (Option<int>[])[mebibytes, rounds])
        {
            number.Validators.Add(result =>
            {
                if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() < 1)
                {
                    result.AddError($"{number.Name}: 1 at least");
                }
            });
        }

        var command = new Command("copy", "nc and sockeye connect in turns: what it takes to send a long input over loopback") { mebibytes, rounds };
        Help.AddTo(command, ("sockeye bench copy --mebibytes 4096", "4 GiB, five rounds each"));
        command.SetAction(result => CopyLoad.Run(result.GetValue(mebibytes), result.GetValue(rounds)));
        return command;
    }
}
