using Microsoft.Extensions.Logging;

namespace Sockeye.Cli;

/// <summary>The options of every command that does something: --json, --log-level, --color.</summary>
internal sealed class CommonOptions
{
    private readonly Option<LogLevel> _level;
    private readonly Option<bool> _json = new("--json") { Description = "Tell what happens as JSON, an object a line, for programs" };
    private readonly Option<Style.When> _colour = new("--color")
    {
        Description = "Colours: auto (on a terminal, unless NO_COLOR is set), always, never",
        HelpName = "WHEN",
        DefaultValueFactory = static _ => Style.When.Auto,
    };

    private CommonOptions(LogLevel level) => _level = new("--log-level")
    {
        Description = "The least important thing to log: Trace, Debug, Information, Warning, Error, None",
        HelpName = "LEVEL",
        DefaultValueFactory = _ => level,
    };

    /// <summary>Adds them to a command, after its own.</summary>
    /// <param name="command">The command.</param>
    /// <param name="level">What is logged by default: Information of what serves, Warning of what is used between pipes.</param>
    public static CommonOptions AddTo(Command command, LogLevel level)
    {
        var common = new CommonOptions(level);
        command.Options.Add(common._json);
        command.Options.Add(common._level);
        command.Options.Add(common._colour);
        return common;
    }

    /// <summary>What the command says, as the options want it.</summary>
    /// <param name="result">The command line.</param>
    public Report Open(ParseResult result)
    {
        Style.When when = result.GetValue(_colour);
        return new Report(
            Tool.NameOf(result.CommandResult),
            new ReportOptions(
                result.GetValue(_json), result.GetValue(_level), Style.Of(when, !Console.IsOutputRedirected), Style.Of(when, !Console.IsErrorRedirected)));
    }
}
