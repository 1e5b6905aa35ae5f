namespace Sockeye.Cli.Commands;

/// <summary>sockeye completion: lets a shell complete what is typed.</summary>
internal static class CompletionCommand
{
    private static readonly string[] _shells = ["bash", "zsh", "fish"];

    public static Command Build()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish", HelpName = "SHELL" };
        shell.AcceptOnlyFromAmong(_shells);
        var command = new Command("completion", "Prints a script with which a shell completes commands, options and endpoints.") { shell, Words() };
        command.WithExamples(
            new("source <(sockeye completion bash)", "in ~/.bashrc"),
            new("source <(sockeye completion zsh)", "in ~/.zshrc, after compinit"),
            new("sockeye completion fish | source", "in ~/.config/fish/config.fish"));
        command.SetAction(result =>
        {
            result.InvocationConfiguration.Output.Write(Script(result.GetValue(shell)!));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>What the scripts call: prints the completions of the last word of a command line, one per line.</summary>
    private static Command Words()
    {
        var line = new Argument<string[]>("WORD") { Description = "The words typed so far, the last as far as it is there", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("words", "Prints what the last word of a command line may become.") { line };
        command.Hidden = true;
        command.WithExamples(new Example("sockeye completion words -- sockeye serve time tcp"));
        command.SetAction(result =>
        {
            foreach (string word in Complete(result.GetValue(line) ?? []))
            {
                result.InvocationConfiguration.Output.WriteLine(word);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The words that the last one may become.</summary>
    /// <param name="words">The command line; its first word is the tool's own name.</param>
    internal static IEnumerable<string> Complete(string[] words)
    {
        if (words.Length < 2)
        {
            return [];
        }

        string last = words[^1];

        // As a line, not as words: only then does the parser know that an empty last word is still to come.
        string line = string.Join(' ', words[1..].Select(static word => word.Any(char.IsWhiteSpace) ? $"\"{word}\"" : word));
        ParseResult result = Tool.Build().Parse(line);

        // Options are only offered once a hyphen is typed: there are many, and usually an argument is wanted.
        return result.GetCompletions(line.Length).Select(static item => item.InsertText ?? item.Label)
            .Where(word => word.StartsWith(last, StringComparison.OrdinalIgnoreCase) && (last.StartsWith('-') || !word.StartsWith('-')))
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
    }

    // bash breaks words at colons, which endpoints are full of, so it gets back only what follows the last one.
    private static string Script(string shell) => shell switch
    {
        "bash" =>
            """
            _sockeye() {
                local line=${COMP_LINE:0:COMP_POINT} word words
                read -ra words <<<"$line"
                [[ $line == *[[:space:]] ]] && words+=("")
                word=${words[${#words[@]} - 1]}
                local cut=${word%"${COMP_WORDS[COMP_CWORD]}"}
                COMPREPLY=()
                while IFS= read -r reply; do
                    COMPREPLY+=("${reply#"$cut"}")
                done < <("${words[0]}" completion words -- "${words[@]}" 2>/dev/null)
                [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:/=] ]] && compopt -o nospace
            }
            complete -o bashdefault -o default -F _sockeye sockeye ./sockeye

            """,
        "zsh" =>
            """
            _sockeye() {
                local -a replies
                replies=("${(@f)$("${words[1]}" completion words -- "${(@)words[1,CURRENT]}" 2>/dev/null)}")
                replies=(${replies:#})
                if (( ${#replies} )); then
                    compadd -S '' -- "${replies[@]}"
                else
                    _files
                fi
            }
            compdef _sockeye sockeye ./sockeye

            """,
        _ =>
            """
            function __sockeye_words
                set -l words (commandline -opc) (commandline -ct)
                $words[1] completion words -- $words 2>/dev/null
            end
            complete -c sockeye -a '(__sockeye_words)'

            """,
    };
}
