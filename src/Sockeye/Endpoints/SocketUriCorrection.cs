namespace Sockeye;

/// <summary>
/// What somebody who wrote a wrong endpoint string may have meant: their own string with the least change that makes it
/// right. Every change is only a guess, and it is offered only if the result can be read.
/// </summary>
internal static class SocketUriCorrection
{
    // A string may be wrong in more than one place: ::1 lacks its brackets and its port.
    private const int ChangesMax = 3;

    /// <summary>The corrected string in its canonical form; null when no guess can be read.</summary>
    /// <param name="text">The string as it was given.</param>
    /// <param name="position">Where it is wrong.</param>
    /// <param name="defaults">What may be left out.</param>
    internal static string? Of(string text, int position, SocketUriDefaults? defaults) => Of(text, position, defaults, ChangesMax);

    private static string? Of(string text, int position, SocketUriDefaults? defaults, int changes)
    {
        SocketUriScheme? scheme = SocketUri.FindScheme(text) ?? (defaults is null ? null : SocketUri.SchemeNamed(defaults.Scheme));
        if (scheme is null)
        {
            return null;
        }

        int start = text.StartsWith(scheme.Prefix, StringComparison.OrdinalIgnoreCase) ? scheme.Prefix.Length : 0;
        int mark = text.IndexOf('?', start);
        int end = mark < 0 ? text.Length : mark;
        IEnumerable<string> guesses = position > end ? Options(text, position, end, scheme)
            : scheme.Traits.HasFlag(SocketUriTraits.Internet) ? Addresses(text[start..end], scheme, defaults).Select(address => text[..start] + address + text[end..])
            : [];
        List<string> tried = [.. guesses.Where(guess => guess != text)];
        foreach (string guess in tried)
        {
            if (SocketUri.Read(guess, defaults, out _) is { } right)
            {
                return right.ToString();
            }
        }

        if (changes > 1)
        {
            foreach (string guess in tried)
            {
                SocketUri.Read(guess, defaults, out SocketUriReader reader);
                if (Of(guess, reader.Position, defaults, changes - 1) is { } right)
                {
                    return right;
                }
            }
        }

        return null;
    }

    /// <summary>Addresses near a wrong one, the likeliest first.</summary>
    private static IEnumerable<string> Addresses(string address, SocketUriScheme scheme, SocketUriDefaults? defaults)
    {
        string port = scheme.Example[(scheme.Example.LastIndexOf(':') + 1)..];
        if (defaults?.Port is { } number)
        {
            port = $"{number}";
        }

        if (address.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash)
        {
            yield return address[..slash]; // a path, as a URL has it
            yield break;
        }

        int colon = address.LastIndexOf(':');
        int close = address.IndexOf(']', StringComparison.Ordinal);
        if (address.StartsWith('['))
        {
            if (close < 0)
            {
                if (colon > 0)
                {
                    yield return $"{address[..colon]}]{address[colon..]}";
                }

                yield return $"{address}]:{port}";
            }
            else
            {
                yield return $"{address[..(close + 1)]}:{address[(close + 1)..].TrimStart(':')}";
            }
        }
        else if (address.AsSpan().Count(':') > 1)
        {
            yield return $"[{address[..colon]}]{address[colon..]}";
            yield return $"[{address}]:{port}";
        }

        if (address.Length > 0 && address.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0)
        {
            yield return $"localhost:{address}"; // a port alone
        }

        bool hasPort = colon > close;
        string host = hasPort ? address[..colon] : address;
        if (host.Length == 0)
        {
            host = "localhost";
        }

        if (hasPort)
        {
            string given = address[(colon + 1)..];
            int digits = given.AsSpan().IndexOfAnyExceptInRange('0', '9');
            yield return $"{host}:{(digits < 0 ? given : given[..digits])}";
        }

        yield return $"{host}:{port}";
    }

    /// <summary>Strings near one whose option is wrong: with the name that is meant, a unit, a value, or without the option.</summary>
    private static IEnumerable<string> Options(string text, int position, int mark, SocketUriScheme scheme)
    {
        int from = text.LastIndexOfAny(['?', '&'], Math.Min(position, text.Length) - 1, position - mark) + 1;
        int to = text.IndexOf('&', from) is >= 0 and var and ? and : text.Length;
        string option = text[from..to];
        int equals = option.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? option : option[..equals];
        string value = equals < 0 ? "" : option[equals..];
        if (!scheme.Options.Contains(name, StringComparer.Ordinal) && NearestName.Of(name, scheme.Options) is { } near)
        {
            yield return text[..from] + near + value + text[to..];
        }
        else if (scheme.Options.Contains(name, StringComparer.Ordinal))
        {
            yield return $"{text[..from]}{option}s{text[to..]}";
            yield return $"{text[..from]}{name}{text[to..]}";
        }

        // The sign before it goes with it, or the one behind it.
        yield return to < text.Length ? text[..from] + text[(to + 1)..] : text[..(from - 1)];
    }
}
