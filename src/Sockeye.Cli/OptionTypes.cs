using System.Globalization;
using System.Net.Sockets;

namespace Sockeye.Cli;

/// <summary>Kinds of options that more than one command has.</summary>
internal static class OptionTypes
{
    public const int ChatPort = 6667;

    /// <summary>A number with a least value.</summary>
    public static Option<int> Number(string name, string what, int byDefault, int least)
    {
        var option = new Option<int>(name) { Description = what, HelpName = "N", DefaultValueFactory = _ => byDefault };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out int value)
                && value < least)
            {
                result.AddError($"{name} {value}: at least {least}");
            }
        });
        return option;
    }

    /// <summary>A time: 500ms, 60s, 2m.</summary>
    // System.CommandLine would print the default as 00:00:00.5000000, so it stands in the description, and the command applies it.
    public static Option<TimeSpan?> Time(string name, string what, TimeSpan byDefault) =>
        Time(name, $"{what} [default: {(byDefault < TimeSpan.FromSeconds(1) ? $"{byDefault.TotalMilliseconds}ms" : $"{byDefault.TotalSeconds}s")}]");

    /// <summary>A time without a default, or with one that its description gives.</summary>
    public static Option<TimeSpan?> Time(string name, string what)
    {
        return new Option<TimeSpan?>(name)
        {
            Description = what,
            HelpName = "TIME",
            CustomParser = result =>
            {
                string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                if (TryParseTime(text, out TimeSpan time))
                {
                    return time;
                }

                result.AddError($"{name} {text}: a time is a number and ms, s, m or h: 500ms, 60s");
                return null;
            },
        };
    }

    /// <summary>Refuses a time of zero, with which every wait would end before it began.</summary>
    /// <param name="option">A time.</param>
    public static Option<TimeSpan?> Positive(Option<TimeSpan?> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && TryParseTime(result.Tokens[0].Value, out TimeSpan time) && time < TimeSpan.FromMilliseconds(1))
            {
                result.AddError($"{option.Name} {result.Tokens[0].Value}: at least 1ms");
            }
        });
        return option;
    }

    /// <summary>Reads where a chat is: a stream endpoint, whose scheme and port may be left out.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="problem">What is wrong with it: where, why, and a right one.</param>
    public static SocketUri? ParseChatEndpoint(string text, out string problem) =>
        ParseEndpoint(text, new SocketUriDefaults("tcp", ChatPort), "a chat is a stream of bytes", [SocketType.Stream], out problem);

    /// <summary>An endpoint of some kinds of sockets. A scheme that is left out is tcp.</summary>
    /// <param name="what">What it is for.</param>
    /// <param name="why">Why it takes these kinds only: <c>a chat is a stream of bytes</c>.</param>
    /// <param name="port">Where the port may stand on its own, as nc has it: see <see cref="PortArgument"/>.</param>
    /// <param name="types">The kinds.</param>
    public static Argument<SocketUri> EndpointArgument(string what, string why, Argument<string?> port, params SocketType[] types)
    {
        var argument = new Argument<SocketUri>("ENDPOINT")
        {
            Description = what,
            CustomParser = result =>
            {
                string text = WithPort(result.Tokens[0].Value, result.GetResult(port));
                SocketUri? endpoint = ParseEndpoint(text, new SocketUriDefaults("tcp"), why, types, out string problem);
                if (endpoint is null)
                {
                    result.AddError($"ENDPOINT: {problem}");
                }

                return endpoint!;
            },
        };
        EndpointCompletion.AddTo(argument, types);
        return argument;
    }

    /// <summary>The port behind a host, for people who are used to nc: <c>localhost 80</c>.</summary>
    public static Argument<string?> PortArgument() => new("PORT")
    {
        Description = "The port, if ENDPOINT is only a host; the way nc takes them: localhost 80",
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <summary>A host and a port that stands on its own, as one endpoint; an IPv6 address gets its brackets.</summary>
    /// <param name="text">What stands at ENDPOINT's place.</param>
    /// <param name="port">What stands at PORT's.</param>
    public static string WithPort(string text, ArgumentResult? port)
    {
        if (port is not { Tokens: [var given] })
        {
            return text;
        }

        int mark = text.IndexOf('?', StringComparison.Ordinal);
        string host = mark < 0 ? text : text[..mark];
        string query = mark < 0 ? "" : text[mark..];
        return System.Net.IPAddress.TryParse(host, out System.Net.IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6 && !host.StartsWith('[')
            ? $"[{host}]:{given.Value}{query}"
            : $"{host}:{given.Value}{query}";
    }

    /// <summary>Reads an endpoint.</summary>
    /// <param name="text">What was given.</param>
    /// <param name="defaults">What may be left out.</param>
    /// <param name="why">Why it must be one of these kinds.</param>
    /// <param name="types">The kinds of sockets.</param>
    /// <param name="problem">What is wrong with it: where, why, and a right one.</param>
    public static SocketUri? ParseEndpoint(string text, SocketUriDefaults defaults, string why, SocketType[] types, out string problem)
    {
        problem = "";
        if (!SocketUri.TryParse(text, defaults, out SocketUri? endpoint, out SocketUriError? error))
        {
            problem = error.Message;
            return null;
        }

        if (endpoint.SocketType != SocketType.Unknown && !types.Contains(endpoint.SocketType))
        {
            string right = string.Join(' ', SocketUri.Schemes.Where(scheme => types.Contains(scheme.SocketType)));
            string address = endpoint.EndPoint is System.Net.IPEndPoint or System.Net.DnsEndPoint
                ? $"{defaults.Scheme}://{Listening.Address(endpoint)[endpoint.Scheme.Prefix.Length..]}"
                : $"{defaults.Scheme}://127.0.0.1:{defaults.Port ?? 8888}";
            problem = new SocketUriError(text, 0, $"{why}, which {endpoint.Scheme} is not; {right} are", address).Message;
            return null;
        }

        return endpoint;
    }

    /// <summary>Whether it was a look-up that failed. Such a failure has no errno, and .NET's numbers for them are not errnos.</summary>
    /// <param name="error">What failed.</param>
    public static bool IsLookup(SocketError error) =>
        error is SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoRecovery or SocketError.NoData;

    /// <summary>Why the look-up of an endpoint's name failed.</summary>
    /// <param name="e">What the look-up threw.</param>
    public static string LookupProblem(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.NoData => "the name was not found",
        SocketError.TryAgain or SocketError.NoRecovery or SocketError.TimedOut => "the name servers do not answer; try again later, or give an address",
        _ => e.Message,
    };

    public static bool TryParseTime(string text, out TimeSpan time)
    {
        time = default;
        int unit = 0;
        while (unit < text.Length && (char.IsAsciiDigit(text[unit]) || text[unit] == '.'))
        {
            unit++;
        }

        if (!double.TryParse(text.AsSpan(0, unit), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
        {
            return false;
        }

        double milliseconds = text[unit..] switch
        {
            "ms" => value,
            "s" => value * 1_000,
            "m" => value * 60_000,
            "h" => value * 3_600_000,
            _ => double.NaN,
        };
        if (!(milliseconds <= TimeSpan.FromDays(24).TotalMilliseconds)) // what a timer takes
        {
            return false;
        }

        time = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }
}
