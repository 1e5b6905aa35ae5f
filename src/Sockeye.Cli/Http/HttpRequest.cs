using System.Text;

namespace Sockeye.Cli.Http;

/// <summary>The bytes of a GET request, as one would type them into a socket.</summary>
internal static class HttpRequest
{
    /// <summary>How many headers may be added.</summary>
    public const int HeadersMax = 100;

    // The response is read until the connection ends, and a GET has no body: these would make the server wait, or two
    // servers on the way disagree about where the request ends.
    private static readonly string[] Kept = ["Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive", "TE", "Upgrade", "Trailer"];

    /// <summary>Builds the request; a header of the same name takes the place of Host, User-Agent or Accept.</summary>
    /// <param name="url">What to ask for.</param>
    /// <param name="agent">Who asks: sockeye/0.1.0.</param>
    /// <param name="headers">More headers, read by <see cref="TryParseHeader"/>.</param>
    public static byte[] Build(HttpUrl url, string agent, params IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        var lines = new List<KeyValuePair<string, string>>
        {
            new("Host", url.Authority),
            new("User-Agent", agent),
            new("Accept", "*/*"),
        };
        lines.RemoveAll(line => headers.Any(header => IsNamed(header, line.Key) && !IsNamed(header, "Host")));
        if (headers.LastOrDefault(static header => IsNamed(header, "Host")) is { Key: not null } host)
        {
            lines[0] = host; // the first line after the request, where servers look for it
        }

        lines.AddRange(headers.Where(static header => !IsNamed(header, "Host")));
        lines.Add(new("Connection", "close"));

        var text = new StringBuilder().Append("GET ").Append(url.Target).Append(" HTTP/1.1\r\n");
        foreach ((string name, string value) in lines)
        {
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(text.Append("\r\n").ToString());
    }

    /// <summary>Reads NAME:VALUE; never throws.</summary>
    /// <param name="text">The header.</param>
    /// <param name="header">Name and value, without the spaces around the value.</param>
    /// <param name="problem">Why it is none.</param>
    public static bool TryParseHeader(string text, out KeyValuePair<string, string> header, out string problem)
    {
        header = default;
        problem = "";
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? "" : text[..colon];
        string value = colon < 0 ? "" : text[(colon + 1)..].Trim(' ', '\t');
        if (name.Length == 0 || !HttpHead.IsToken(name))
        {
            problem = $"{ByteText.Show(text)}: a header is a name, a colon and a value: 'Accept-Language: en'";
        }
        else if (value.AsSpan().IndexOfAnyInRange('\0', '\x08') >= 0 || value.AsSpan().IndexOfAnyInRange('\n', '\x1f') >= 0 || value.Contains('\x7f', StringComparison.Ordinal))
        {
            problem = $"{ByteText.Show(text)}: a header's value is one line, without control characters";
        }
        else if (Kept.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            problem = $"{name}: get asks for one response and no body, and says so itself; try sockeye connect for a request by hand";
        }
        else
        {
            header = new(name, value);
            return true;
        }

        return false;
    }

    private static bool IsNamed(KeyValuePair<string, string> header, string name) =>
        string.Equals(header.Key, name, StringComparison.OrdinalIgnoreCase);
}
