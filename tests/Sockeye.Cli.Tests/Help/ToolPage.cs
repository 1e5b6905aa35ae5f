using System.CommandLine;
using System.CommandLine.Help;
using System.Text;

namespace Sockeye.Cli.Tests.Help;

/// <summary>docs/tool.md and the README's table, made from the tables that --help prints.</summary>
internal static class ToolPage
{
    /// <summary>Every command that does something, as it is typed without the tool's name.</summary>
    public static IReadOnlyList<(string Name, Command Command)> Commands { get; } = [.. Leaves(Tool.Build(), "")];

    /// <summary>A row for each command.</summary>
    public static string Table()
    {
        var page = new StringBuilder("| Command | What it does | For example |\n|---|---|---|\n");
        foreach ((string name, Command command) in Commands)
        {
            page.Append($"| [`{name}`](docs/tool.md#sockeye-{name.Replace(' ', '-')}) | {Cell(command.Description!.Split(". ")[0].TrimEnd('.'))} ")
                .Append($"| `{Cell(CommandHelp.Of(command).Examples[0].Line.Replace("sockeye ", "./sockeye ", StringComparison.Ordinal))}` |\n");
        }

        return page.ToString();
    }

    /// <summary>Each command with its options, examples and exit codes.</summary>
    public static string Reference()
    {
        var page = new StringBuilder();
        foreach ((string name, Command command) in Commands)
        {
            page.Append($"## sockeye {name}\n\n{command.Description}\n\n");
            page.Append($"```\nsockeye {name}{Arguments(command)}{(Options(command).Any() ? " [options]" : "")}\n```\n\n");
            if (command.Arguments.Count + Options(command).Count() > 0)
            {
                page.Append("| Option | What it is |\n|---|---|\n");
                foreach (Argument argument in command.Arguments)
                {
                    page.Append($"| `{argument.Name}` | {Cell(argument.Description)} |\n");
                }

                foreach (Option option in Options(command))
                {
                    page.Append($"| `{option.Name}{(option.HelpName is null ? "" : $" {option.HelpName}")}` | {Cell(option.Description)}{Default(option)} |\n");
                }

                page.Append('\n');
            }

            CommandHelp help = CommandHelp.Of(command);
            page.Append("```sh\n");
            foreach (Example example in help.Examples)
            {
                page.Append($"{example.Line}{(example.What.Length == 0 ? "" : $"    # {example.What}")}\n");
            }

            page.Append("```\n\n");
            page.Append($"Ends with {string.Join("; ", help.ExitCodes.Select(static code => $"{code.Name}: {code.Meaning}"))}.\n\n");
        }

        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static IEnumerable<(string Name, Command Command)> Leaves(Command command, string name) =>
        command.Subcommands.Count == 0 || command.Action is not null
            ? [(name, command)]
            : command.Subcommands.Where(static sub => !sub.Hidden).SelectMany(sub => Leaves(sub, name.Length == 0 ? sub.Name : $"{name} {sub.Name}"));

    private static IEnumerable<Option> Options(Command command) => command.Options.Where(static option => option is not HelpOption && !option.Hidden);

    private static string Arguments(Command command) => string.Concat(command.Arguments.Select(static argument =>
        $" {(argument.Arity.MinimumNumberOfValues == 0 ? $"[{argument.Name}]" : argument.Name)}{(argument.Arity.MaximumNumberOfValues > 1 ? "…" : "")}"));

    private static string Default(Option option) =>
        option.HasDefaultValue && option.GetDefaultValue() is { } value and not false ? $" [default: {value}]" : "";

    private static string Cell(string? text) =>
        text!.Replace("|", "\\|", StringComparison.Ordinal).Replace(", see below", ", an [endpoint](endpoints.md)", StringComparison.Ordinal);
}
