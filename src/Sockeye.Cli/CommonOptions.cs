using Microsoft.Extensions.Logging;

namespace Sockeye.Cli;

/// <summary>The options of every command that does something: --json, --log-level, --color.</summary>
internal sealed class CommonOptions
{
    private const string JsonName = "--json";
    private const string LevelName = "--log-level";
    private const string ColourName = "--color";

    private readonly Option<LogLevel> _level;
    private readonly Option<bool> _json = new(JsonName) { Description = "Report what happens as JSON, one object per line, for programs" };
    private readonly Option<Style.When> _colour = new(ColourName)
    {
        Description = "When to use colours: auto (on a terminal, unless NO_COLOR is set), always, never",
        HelpName = "WHEN",
        DefaultValueFactory = static _ => Style.When.Auto,
    };

    private CommonOptions(LogLevel level) => _level = new(LevelName)
    {
        Description = "The lowest level to log: Trace, Debug, Information, Warning, Error, None",
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
    public Report Open(ParseResult result) => Open(result, result.GetValue(_json), result.GetValue(_level), result.GetValue(_colour));

    /// <summary>The same where only the command line is known, of a command that has these options.</summary>
    /// <param name="result">The command line.</param>
    public static Report Report(ParseResult result) =>
        Open(result, result.GetValue<bool>(JsonName), result.GetValue<LogLevel>(LevelName), result.GetValue<Style.When>(ColourName));

    private static Report Open(ParseResult result, bool json, LogLevel level, Style.When colour) => new(
        Tool.NameOf(result.CommandResult),
        new ReportOptions(json, level, Style.Of(colour, !Console.IsOutputRedirected), Style.Of(colour, !Console.IsErrorRedirected)));
}
