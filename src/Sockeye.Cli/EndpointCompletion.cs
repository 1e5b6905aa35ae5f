using System.CommandLine.Completions;
using System.Net.Sockets;

namespace Sockeye.Cli;

/// <summary>Completes endpoints in a shell: the scheme, then the names of options.</summary>
internal static class EndpointCompletion
{
    /// <summary>The possible completions of a word.</summary>
    /// <param name="begun">What has been typed so far.</param>
    /// <param name="types">The kinds of sockets that are wanted.</param>
    public static IEnumerable<string> Of(string begun, IReadOnlyCollection<SocketType> types)
    {
        int mark = begun.IndexOf('?', StringComparison.Ordinal);
        if (mark < 0)
        {
            return CommandHelp.SchemesOf(types).Select(static scheme => scheme.Prefix)
                .Where(prefix => prefix.StartsWith(begun, StringComparison.OrdinalIgnoreCase));
        }

        SocketUriScheme? its = SocketUri.Schemes.FirstOrDefault(scheme => begun.StartsWith(scheme.Prefix, StringComparison.OrdinalIgnoreCase));
        int start = begun.LastIndexOfAny(['?', '&']) + 1;
        string kept = begun[..start];
        string[] given = [.. begun[(mark + 1)..start].Split('&').Select(static option => option.Split('=')[0])];
        return (its?.Options ?? []).Where(name => name.StartsWith(begun.AsSpan(start), StringComparison.Ordinal) && !given.Contains(name))
            .Select(name => $"{kept}{name}=");
    }

    /// <summary>Lets a shell complete an argument that is an endpoint.</summary>
    /// <param name="argument">The argument, which keeps its name in the help; else that would list all the schemes there.</param>
    /// <param name="types">The kinds of sockets that are wanted.</param>
    public static void AddTo(Argument argument, params SocketType[] types)
    {
        argument.HelpName = argument.Name;
        argument.CompletionSources.Add(Source(types));
    }

    /// <summary>Lets a shell complete an option that is an endpoint.</summary>
    /// <param name="option">The option.</param>
    /// <param name="types">The kinds of sockets that are wanted.</param>
    public static void AddTo(Option option, params SocketType[] types) => option.CompletionSources.Add(Source(types));

    private static Func<CompletionContext, IEnumerable<CompletionItem>> Source(SocketType[] types) =>
        context => Of(context.WordToComplete, types).Select(static word => new CompletionItem(word));
}
