using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Cli.Http;

/// <summary>A URL of http or https (RFC 3986, RFC 9110 section 4.2), read as a request needs it.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>What a URL may not hold is percent-encoded: spaces, control characters, anything that is not ASCII. A line end
/// cannot get into the request.</item>
/// <item>The path is sent as it was written: <c>/a/../b</c> stays, since servers may be asked about just that.</item>
/// <item>The fragment is for the reader, and dropped. User information is refused: it would stand in shell histories.</item>
/// </list>
/// </remarks>
internal sealed class HttpUrl
{
    /// <summary>The longest URL that is read; no server takes a longer one.</summary>
    public const int LengthMax = 65_536;

    private const int NameLengthMax = 253; // RFC 1035, without the last point
    private const string NoName = "a host is a name of letters, digits, hyphens and points, at most 253 characters long, or an address";

    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");
    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    private HttpUrl(bool isSecure, string host, IPAddress? address, int port, string target)
    {
        IsSecure = isSecure;
        Host = host;
        Address = address;
        Port = port;
        Target = target;
    }

    /// <summary>Whether it is https.</summary>
    public bool IsSecure { get; }

    /// <summary>The name in ASCII (punycode where it was not), or the address without brackets and scope.</summary>
    public string Host { get; }

    /// <summary>The address, where the host is one.</summary>
    public IPAddress? Address { get; }

    /// <summary>The port: 80 and 443 where none is given.</summary>
    public int Port { get; }

    /// <summary>Path and query, as they stand in the request.</summary>
    public string Target { get; }

    /// <summary>Host and port as the Host header has them: no port where it goes without saying.</summary>
    public string Authority
    {
        get
        {
            string host = Address?.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Host}]" : Host;
            return Port == DefaultPort(IsSecure) ? host : $"{host}:{Port}";
        }
    }

    /// <summary>Where to connect to. An IPv4 address in IPv6's dress is an IPv4 address, which an IPv6 socket does not reach.</summary>
    public SocketUri Endpoint => SocketUri.FromEndPoint(Address switch
    {
        null => new DnsEndPoint(Host, Port),
        { IsIPv4MappedToIPv6: true } mapped => new IPEndPoint(mapped.MapToIPv4(), Port),
        _ => new IPEndPoint(Address, Port),
    });

    /// <summary>Reads a URL; never throws.</summary>
    /// <param name="text">The URL.</param>
    /// <param name="url">What it says.</param>
    /// <param name="problem">What is wrong with it, and what may have been meant.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out HttpUrl? url, out string problem)
    {
        url = null;
        problem = "";
        if (text.Length > LengthMax)
        {
            problem = $"a URL has at most {LengthMax} characters, and this one {text.Length}";
            return false;
        }

        if (!TryScheme(text, out bool isSecure, out string rest, out problem))
        {
            return false;
        }

        // A backslash ends no host here, as it does for browsers; it is refused with the other signs that no host has.
        int end = rest.AsSpan().IndexOfAny('/', '?', '#');
        string authority = end < 0 ? rest : rest[..end];
        string tail = end < 0 ? "" : rest[end..];
        int fragment = tail.IndexOf('#', StringComparison.Ordinal);
        tail = fragment < 0 ? tail : tail[..fragment];
        if (!TryAuthority(authority, out string host, out IPAddress? address, out int? port, out problem))
        {
            problem = $"{ByteText.Show(text)}: {problem}";
            return false;
        }

        url = new HttpUrl(isSecure, host, address, port ?? DefaultPort(isSecure), Encode(tail.StartsWith('/') ? tail : "/" + tail));
        return true;
    }

    /// <summary>What a Location header leads to: a whole URL, or one that starts from this; false when it is none that can be asked for.</summary>
    /// <param name="reference">The header's value.</param>
    /// <param name="url">The URL.</param>
    public bool TryResolve(string reference, [NotNullWhen(true)] out HttpUrl? url)
    {
        int query = Target.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? Target : Target[..query];
        string whole = reference switch
        {
            _ when HasScheme(reference) => reference,
            ['/', '/', ..] => $"{Scheme}:{reference}",
            ['/', ..] => $"{Scheme}://{Authority}{reference}",
            ['?', ..] => $"{Scheme}://{Authority}{path}{reference}",
            "" or ['#', ..] => ToString(),
            _ => $"{Scheme}://{Authority}{path[..(path.LastIndexOf('/') + 1)]}{reference}",
        };
        return TryParse(whole, out url, out _);
    }

    /// <summary>The URL as it is asked for.</summary>
    public override string ToString() => $"{Scheme}://{Authority}{Target}";

    private string Scheme => IsSecure ? "https" : "http";

    private static int DefaultPort(bool isSecure) => isSecure ? 443 : 80;

    private static bool TryScheme(string text, out bool isSecure, out string rest, out string problem)
    {
        isSecure = text.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
        bool isHttp = isSecure || text.StartsWith("http:", StringComparison.OrdinalIgnoreCase);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        rest = isHttp ? text[(colon + 1)..] : text;
        problem = "";
        if (isHttp && rest.StartsWith("//", StringComparison.Ordinal))
        {
            rest = rest[2..];
            return true;
        }

        string shown = ByteText.Show(text);
        if (isHttp)
        {
            problem = $"{shown}: after {text[..(colon + 1)]} come two slashes; did you mean {text[..(colon + 1)]}//{ByteText.Show(rest.TrimStart('/'))}?";
            return false;
        }

        SocketUriScheme? endpoint = SocketUri.Schemes.FirstOrDefault(scheme => text.StartsWith(scheme.Prefix, StringComparison.OrdinalIgnoreCase));
        if (endpoint?.SocketType == SocketType.Stream)
        {
            problem = $"{shown}: this is an endpoint; try: sockeye get http://localhost/ --connect {shown}";
        }
        else if (text.Contains("://", StringComparison.Ordinal))
        {
            problem = $"{shown}: get knows http:// and https:// only; bytes of any other protocol: sockeye connect --help";
        }
        else
        {
            problem = text.Length == 0 ? "a URL is missing; as http://localhost:8000/" : $"{shown}: a URL begins with its scheme; did you mean http://{shown}?";
        }

        return false;
    }

    private static bool HasScheme(string reference)
    {
        int colon = reference.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && char.IsAsciiLetter(reference[0])
            && reference.AsSpan(0, colon).IndexOfAnyExcept(SchemeCharacters) < 0;
    }

    private static bool TryAuthority(string text, out string host, out IPAddress? address, out int? port, out string problem)
    {
        host = "";
        address = null;
        port = null;
        if (text.Contains('@', StringComparison.Ordinal))
        {
            problem = "a name and password in a URL stay in histories and logs; try: --header 'Authorization: Basic …'";
            return false;
        }

        int close = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        int colon = text.StartsWith('[') && close < 0 ? -1 : text.IndexOf(':', Math.Max(close, 0));
        string name = colon < 0 ? text : text[..colon];
        if (colon >= 0 && !TryPort(text[(colon + 1)..], close < 0, out port, out problem))
        {
            return false;
        }

        return text.StartsWith('[')
            ? TryIPv6(name, out host, out address, out problem)
            : TryName(name, out host, out address, out problem);
    }

    private static bool TryPort(string digits, bool mayBeIPv6, out int? port, out string problem)
    {
        problem = "";
        port = null;
        if (digits.Length == 0) // RFC 3986 section 3.2.3: the default
        {
            return true;
        }

        if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= 65_535)
        {
            port = number;
            return true;
        }

        problem = mayBeIPv6 && digits.Contains(':', StringComparison.Ordinal)
            ? "an IPv6 address stands in brackets: http://[::1]:8000/"
            : "a port is a number from 1 to 65535";
        return false;
    }

    private static bool TryIPv6(string text, out string host, out IPAddress? address, out string problem)
    {
        host = "";
        problem = "";
        address = null;
        if (text is ['[', .. var inner, ']'])
        {
            // What follows % is the endpoint's to read: an interface, whose % RFC 6874 writes as %25.
            int scope = inner.IndexOf('%', StringComparison.Ordinal);
            string digits = scope < 0 ? inner : inner[..scope];
            if (digits.AsSpan().IndexOfAnyExcept(IPv6Characters) < 0
                && IPAddress.TryParse(digits, out IPAddress? unscoped)
                && SocketUri.TryParse($"tcp://[{inner}]:1", out SocketUri? endpoint) && endpoint.EndPoint is IPEndPoint { Address: var scoped })
            {
                // The scope means something on this machine only, and stays here (RFC 6874 section 4).
                host = unscoped.ToString();
                address = scoped;
                return true;
            }
        }

        problem = "this is no IPv6 address, or its interface is not there; as http://[::1]:8000/, or http://[fe80::1%eth0]/";
        return false;
    }

    private static bool TryName(string text, out string host, out IPAddress? address, out string problem)
    {
        problem = "";
        address = null;
        host = text;
        if (text.Length == 0)
        {
            problem = "the host is missing; as http://localhost:8000/";
            return false;
        }

        if (!Ascii.IsValid(text))
        {
            try
            {
                host = new IdnMapping().GetAscii(text.Normalize(NormalizationForm.FormKC).ToLowerInvariant());
            }
            catch (ArgumentException) // what GetAscii and Normalize say of text that can be no name
            {
                problem = "the host can be no name, not even an international one";
                return false;
            }
        }

        host = host.ToLowerInvariant();
        string labels = host.EndsWith('.') ? host[..^1] : host;
        if (labels.Length is 0 or > NameLengthMax || labels.Split('.').Any(static label => label.Length == 0)
            || labels.AsSpan().IndexOfAnyExcept(NameCharacters) >= 0)
        {
            problem = NoName;
            return false;
        }

        // A name whose last part is a number is an address or a mistake, as 127.1 and 1.2.3.
        if (char.IsAsciiDigit(labels[labels.LastIndexOf('.') + 1]) && labels.AsSpan(labels.LastIndexOf('.') + 1).IndexOfAnyExceptInRange('0', '9') < 0)
        {
            byte[] four = new byte[4];
            if (!AddressText.TryParse(AddressFamily.InterNetwork, labels, four, out _))
            {
                problem = "an IPv4 address is four decimal numbers from 0 to 255, without leading zeros";
                return false;
            }

            address = new IPAddress(four);
            host = labels;
            return true;
        }

        problem = SocketUri.TryParse($"tcp://{host}:1", out _) ? "" : NoName; // as with a hyphen at its beginning
        return problem.Length == 0;
    }

    private static string Encode(string text)
    {
        var encoded = new StringBuilder(text.Length);
        Span<byte> utf8 = stackalloc byte[4];
        for (int i = 0; i < text.Length;)
        {
            char c = text[i];
            bool isEscape = c == '%' && i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]);
            if (isEscape || char.IsAsciiLetterOrDigit(c) || "-._~!$&'()*+,;=:@/?".Contains(c, StringComparison.Ordinal))
            {
                encoded.Append(c);
                i++;
                continue;
            }

            Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int length); // half a character becomes U+FFFD
            foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
            {
                encoded.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
            }

            i += length;
        }

        return encoded.ToString();
    }
}
