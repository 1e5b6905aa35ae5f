using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Cli;

/// <summary>An end point as a person writes it: <c>127.0.0.1:6667</c>, <c>[::1]:6667</c>, <c>host</c>, <c>unix:/path</c>.</summary>
internal sealed class EndPointText
{
    private const int UnixPathBytesMax = 107; // sun_path, and its NUL

    private EndPointText(string text, EndPoint endPoint)
    {
        Text = text;
        EndPoint = endPoint;
    }

    public string Text { get; }

    /// <summary>An IP, a DNS or a Unix end point.</summary>
    public EndPoint EndPoint { get; }

    public override string ToString() => Text;

    /// <summary>
    /// Reads an end point. <paramref name="problem"/> says what is wrong, points at the character, and shows a right one.
    /// </summary>
    public static bool TryParse(string text, int defaultPort, out EndPointText? endPoint, out string problem)
    {
        endPoint = null;
        if (Parse(text, defaultPort, out EndPoint? parsed) is { } wrong)
        {
            problem = $"{wrong.What}\n    {text}\n    {new string(' ', wrong.At)}^\n  right: 127.0.0.1:6667  [::1]:6667  example.org:6667  unix:/tmp/chat.sock";
            return false;
        }

        endPoint = new EndPointText(text, parsed!);
        problem = "";
        return true;
    }

    /// <summary>The end points to try: a host's addresses, in the resolver's order.</summary>
    public async Task<IReadOnlyList<EndPoint>> ResolveAsync() => EndPoint is DnsEndPoint dns
        ? [.. (await Dns.GetHostAddressesAsync(dns.Host)).Select(address => new IPEndPoint(address, dns.Port))]
        : [EndPoint];

    private static Wrong? Parse(string text, int defaultPort, out EndPoint? endPoint)
    {
        endPoint = null;
        int start = 0;
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            return ParseUnix(text, out endPoint);
        }

        if (text.StartsWith("tcp://", StringComparison.Ordinal))
        {
            start = "tcp://".Length;
        }
        else if (text.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme)
        {
            return new(0, $"\"{text[..scheme]}\" is not spoken here; tcp:// and unix: are");
        }

        if (start == text.Length)
        {
            return new(start, "an address is missing");
        }

        return text[start] == '['
            ? ParseBracketed(text, start, defaultPort, out endPoint)
            : ParseHost(text, start, defaultPort, out endPoint);
    }

    private static Wrong? ParseUnix(string text, out EndPoint? endPoint)
    {
        const int Start = 5;
        endPoint = null;
        string path = text[Start..];
        if (path.Length == 0)
        {
            return new(Start, "a path is missing");
        }

        if (path.Contains('\0', StringComparison.Ordinal))
        {
            return new(text.IndexOf('\0', StringComparison.Ordinal), "a path holds no NUL");
        }

        if (System.Text.Encoding.UTF8.GetByteCount(path) > UnixPathBytesMax)
        {
            return new(Start, $"a Unix socket's path has at most {UnixPathBytesMax} bytes");
        }

        endPoint = new UnixDomainSocketEndPoint(path);
        return null;
    }

    private static Wrong? ParseBracketed(string text, int start, int defaultPort, out EndPoint? endPoint)
    {
        endPoint = null;
        int close = text.IndexOf(']', start);
        if (close < 0)
        {
            return new(text.Length, "the closing ] is missing");
        }

        if (!IPAddress.TryParse(text[(start + 1)..close], out IPAddress? address)
            || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return new(start + 1, "between [ and ] stands an IPv6 address");
        }

        if (close + 1 < text.Length && text[close + 1] != ':')
        {
            return new(close + 1, "after ] comes : and the port");
        }

        if (ParsePort(text, close + 1, defaultPort, out int port) is { } wrong)
        {
            return wrong;
        }

        endPoint = new IPEndPoint(address, port);
        return null;
    }

    private static Wrong? ParseHost(string text, int start, int defaultPort, out EndPoint? endPoint)
    {
        endPoint = null;
        int colon = text.IndexOf(':', start);
        int end = colon < 0 ? text.Length : colon;
        if (colon >= 0 && text.IndexOf(':', colon + 1) >= 0)
        {
            return new(start, "an IPv6 address stands in brackets");
        }

        string host = text[start..end];
        if (host.Length == 0)
        {
            return new(start, "an address is missing before the port");
        }

        for (int i = start; i < end; i++)
        {
            if (!char.IsLetterOrDigit(text[i]) && text[i] is not ('.' or '-' or '_'))
            {
                return new(i, "this character stands in no host name");
            }
        }

        if (ParsePort(text, end, defaultPort, out int port) is { } wrong)
        {
            return wrong;
        }

        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            // inet_aton's short forms ("1" is 0.0.0.1) surprise more than they help.
            if (host.Count(static c => c == '.') != 3)
            {
                return new(start, "an IPv4 address has four parts; is the address missing before the port?");
            }

            endPoint = new IPEndPoint(address, port);
            return null;
        }

        if (host.All(static c => char.IsAsciiDigit(c) || c == '.'))
        {
            return new(start, "this is no IPv4 address");
        }

        endPoint = new DnsEndPoint(host, port);
        return null;
    }

    /// <summary>The port after a colon at <paramref name="colon"/>, or the default at the end of the text.</summary>
    private static Wrong? ParsePort(string text, int colon, int defaultPort, out int port)
    {
        port = defaultPort;
        if (colon == text.Length)
        {
            return null;
        }

        int start = colon + 1;
        if (start == text.Length)
        {
            return new(start, "a port is missing after :");
        }

        for (int i = start; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit(text[i]))
            {
                return new(i, "a port is a number");
            }
        }

        return int.TryParse(text.AsSpan(start), NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port <= IPEndPoint.MaxPort
            ? null
            : new(start, "a port is at most 65535");
    }

    private sealed record Wrong(int At, string What);
}
