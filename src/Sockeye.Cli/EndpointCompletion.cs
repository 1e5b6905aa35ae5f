using System.CommandLine.Completions;
using System.Net.Sockets;

namespace Sockeye.Cli;

/// <summary>How an endpoint may go on, for a shell: its scheme, then its options and their names.</summary>
internal static class EndpointCompletion
{
    /// <summary>Words that the beginning may become.</summary>
    /// <param name="begun">What is typed already.</param>
    /// <param name="types">The kinds of sockets that are wanted.</param>
    public static IEnumerable<string> Of(string begun, IReadOnlyCollection<SocketType> types)
    {
        int mark = begun.IndexOf('?', StringComparison.Ordinal);
        if (mark < 0)
        {
            return Endpoint.Schemes.Where(scheme => IsWanted(scheme, types)).Select(static scheme => scheme.Prefix)
                .Where(prefix => prefix.StartsWith(begun, StringComparison.OrdinalIgnoreCase));
        }

        EndpointScheme? its = Endpoint.Schemes.FirstOrDefault(scheme => begun.StartsWith(scheme.Prefix, StringComparison.OrdinalIgnoreCase));
        int start = begun.LastIndexOfAny(['?', '&']) + 1;
        string kept = begun[..start];
        string[] given = [.. begun[(mark + 1)..start].Split('&').Select(static option => option.Split('=')[0])];
        return (its?.Options ?? []).Where(name => name.StartsWith(begun.AsSpan(start), StringComparison.Ordinal) && !given.Contains(name))
            .Select(name => $"{kept}{name}=");
    }

    /// <summary>Lets a shell complete an argument or option that is an endpoint.</summary>
    /// <param name="sources">Its sources.</param>
    /// <param name="types">The kinds of sockets that are wanted.</param>
    public static void AddTo(ICollection<Func<CompletionContext, IEnumerable<CompletionItem>>> sources, params SocketType[] types) =>
        sources.Add(context => Of(context.WordToComplete, types).Select(static word => new CompletionItem(word)));

    private static bool IsWanted(EndpointScheme scheme, IReadOnlyCollection<SocketType> types) =>
        scheme.SocketType == SocketType.Unknown || types.Contains(scheme.SocketType);
}
