using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sockeye;

// The contract of an endpoint:
// - It is a value: parsed once, immutable, equal when its canonical text is equal. It opens nothing by itself.
// - SocketUri.cs is the text, SocketUri.Open.cs what is made of it. The grammar is in docs/endpoints.md; schemes stand
//   with their families, options in one table (SocketUriOption.cs).
// - What one prints it reads as the same.
// - A bad string is never half understood: it is an error with the position of the character.

/// <summary>What is taken for granted in a string that does not say it: <c>localhost</c>, where a chat is meant.</summary>
/// <param name="Scheme">The scheme of a string without one, by name: <c>tcp</c>.</param>
/// <param name="Port">The port of an address without one; null when it must have one.</param>
public sealed record SocketUriDefaults(string Scheme, int? Port = null);

/// <summary>
/// An endpoint string: where to listen or connect, and with which options:
/// <c>tcp://[::1]:8888?no_delay=1</c>, <c>udp://host:53</c>, <c>unix:/run/x.sock?mode=0660</c>, <c>fd:3</c>.
/// </summary>
/// <remarks>
/// <see cref="Listen"/>, <see cref="Bind"/> and <see cref="Connect"/> make the socket, with the options applied at
/// their time. The grammar, the schemes and the options stand in docs/endpoints.md.
/// </remarks>
public sealed partial class SocketUri : IEquatable<SocketUri>, ISpanParsable<SocketUri>
{
    private const int TextCharsMax = 4_096;

    private readonly SocketUriTarget _target;
    private readonly Setting[] _settings;
    private readonly string _text;

    private SocketUri(SocketUriScheme scheme, SocketUriTarget target, Setting[] settings)
    {
        Scheme = scheme;
        _target = target with { Options = null };
        _settings = settings;
        var text = new StringBuilder(scheme.Prefix).Append(scheme.Print(_target));
        char mark = '?';
        foreach (Setting setting in settings)
        {
            text.Append(mark).Append(setting.Option.Name).Append('=').Append(setting.Text);
            mark = '&';
        }

        _text = text.ToString();
        Options = [.. settings.Select(static setting => KeyValuePair.Create(setting.Option.Name, setting.Text))];
    }

    /// <summary>Every scheme, with an example each.</summary>
    public static IReadOnlyList<SocketUriScheme> Schemes => SocketUriSchemes.All;

    /// <summary>Every option that some scheme takes, sorted by name.</summary>
    public static IReadOnlyList<SocketUriOption> KnownOptions => SocketUriOption.All;

    /// <summary>The scheme, which says the socket's kind.</summary>
    public SocketUriScheme Scheme { get; }

    /// <summary>The address: a DnsEndPoint for a host's name; null for <c>fd:</c> and <c>systemd:</c>.</summary>
    public EndPoint? EndPoint => _target.EndPoint;

    /// <summary>The family of the address; Unspecified for a name that may have both, Unknown for <c>fd:</c> and <c>systemd:</c>.</summary>
    public AddressFamily AddressFamily => EndPoint?.AddressFamily ?? Scheme.AddressFamily;

    /// <summary>The socket's type; Unknown for <c>fd:</c> and <c>systemd:</c>.</summary>
    public SocketType SocketType => _target.SocketType ?? Scheme.SocketType;

    /// <summary>The socket's protocol; Unknown for <c>fd:</c> and <c>systemd:</c>.</summary>
    public ProtocolType ProtocolType => _target.ProtocolType ?? Scheme.ProtocolType;

    /// <summary>
    /// The descriptor of <c>fd:</c>; of <c>systemd:</c> the first of its name that was passed to this process, or -1; null for
    /// all others.
    /// </summary>
    public int? Descriptor => _target.Inherited is { } name
        ? InheritedSockets.Find(name, out _) is [var first, ..] ? first : -1
        : _target.Descriptor;

    /// <summary>The query's options in their order, with their values in canonical form.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Options { get; }

    /// <summary>The <c>timeout</c> option: the limit of each operation, and of connecting as a whole; null is none.</summary>
    public TimeSpan? Timeout => TryGet(SocketUriOption.Timeout, out TimeSpan timeout) ? timeout : null;

    /// <summary>Whether it is a host's name, which is looked up when a socket is made.</summary>
    public bool IsName => EndPoint is DnsEndPoint;

    /// <summary>Reads an endpoint string.</summary>
    /// <param name="text">The string.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="FormatException">The string is wrong; the message shows it, points at the character, says what is wrong, and shows a right one.</exception>
    public static SocketUri Parse(string text) => Parse(text, defaults: null);

    /// <summary>Reads an endpoint string that may leave out what <paramref name="defaults"/> say.</summary>
    /// <param name="text">The string.</param>
    /// <param name="defaults">The scheme and port of a string without them; null when it must have both.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="FormatException">As for <see cref="Parse(string)"/>.</exception>
    /// <exception cref="ArgumentException">The defaults name no scheme.</exception>
    public static SocketUri Parse(string text, SocketUriDefaults? defaults)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, defaults, out SocketUri? endpoint, out SocketUriError? error)
            ? endpoint
            : throw new FormatException(error.Message);
    }

    /// <summary>Reads an endpoint string.</summary>
    /// <param name="text">The string.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <returns>False when the string is wrong.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out SocketUri? endpoint) =>
        TryParse(text, defaults: null, out endpoint, out _);

    /// <summary>Reads an endpoint string, and says what is wrong with it.</summary>
    /// <param name="text">The string.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="error">What is wrong, where, and a right string.</param>
    /// <returns>False when the string is wrong.</returns>
    public static bool TryParse(
        [NotNullWhen(true)] string? text, [NotNullWhen(true)] out SocketUri? endpoint, [NotNullWhen(false)] out SocketUriError? error) =>
        TryParse(text, defaults: null, out endpoint, out error);

    /// <summary>Reads an endpoint string that may leave out what <paramref name="defaults"/> say.</summary>
    /// <param name="text">The string.</param>
    /// <param name="defaults">The scheme and port of a string without them; null when it must have both.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="error">What is wrong, where, and a right string.</param>
    /// <returns>False when the string is wrong.</returns>
    /// <exception cref="ArgumentException">The defaults name no scheme.</exception>
    public static bool TryParse(
        [NotNullWhen(true)] string? text,
        SocketUriDefaults? defaults,
        [NotNullWhen(true)] out SocketUri? endpoint,
        [NotNullWhen(false)] out SocketUriError? error)
    {
        endpoint = Read(text ?? "", defaults, out error);
        return endpoint is not null;
    }

    /// <inheritdoc/>
    static SocketUri IParsable<SocketUri>.Parse(string s, IFormatProvider? provider) => Parse(s);

    /// <inheritdoc/>
    static bool IParsable<SocketUri>.TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out SocketUri result) =>
        TryParse(s, out result);

    /// <inheritdoc/>
    static SocketUri ISpanParsable<SocketUri>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s.ToString());

    /// <inheritdoc/>
    static bool ISpanParsable<SocketUri>.TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [MaybeNullWhen(false)] out SocketUri result) =>
        TryParse(s.ToString(), out result);

    /// <summary>The endpoint string of an address, for what has the end point already.</summary>
    /// <param name="endPoint">The address, or a host's name.</param>
    /// <param name="socketType">Defaults to Stream.</param>
    /// <param name="protocolType">Defaults to the first scheme's that fits.</param>
    /// <returns>The endpoint, without options.</returns>
    /// <exception cref="ArgumentException">No scheme writes such an address for such a socket.</exception>
    public static SocketUri FromEndPoint(
        EndPoint endPoint, SocketType socketType = SocketType.Stream, ProtocolType protocolType = ProtocolType.Unspecified)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        foreach (SocketUriScheme scheme in SocketUriSchemes.All)
        {
            if (scheme.SocketType == socketType && scheme.Accepts(endPoint)
                && (protocolType == ProtocolType.Unspecified || scheme.TakesProtocol(protocolType)))
            {
                SocketUriTarget target = new(endPoint, protocolType == scheme.ProtocolType || protocolType == ProtocolType.Unspecified ? null : protocolType);
                return new SocketUri(scheme, scheme.Normal(target), []);
            }
        }

        throw new ArgumentException($"No scheme writes {endPoint} for a {socketType} socket.", nameof(endPoint));
    }

    /// <summary>The same scheme and options at another address: what a listener got whose port was 0.</summary>
    /// <param name="endPoint">The address.</param>
    /// <returns>The endpoint; without options that such an address cannot have, as <c>dual_stack</c> for IPv4.</returns>
    /// <exception cref="ArgumentException">The address is none of this scheme's.</exception>
    public SocketUri WithEndPoint(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Setting[] settings = Array.FindAll(_settings, setting => Refusal(setting.Option, endPoint) is null);
        return Scheme.Accepts(endPoint)
            ? new SocketUri(Scheme, Scheme.Normal(_target with { EndPoint = endPoint }), settings)
            : throw new ArgumentException($"{Scheme} has no address like {endPoint}.", nameof(endPoint));
    }

    /// <summary>The same endpoint with an option added, or changed where it has it already.</summary>
    /// <param name="name">The option: <c>backlog</c>.</param>
    /// <param name="value">Its value, as in a query: <c>512</c>.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="FormatException">The scheme has no such option, or the value is wrong.</exception>
    public SocketUri WithOption(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        string query = $"{name}={value}";
        var reader = new SocketUriReader(query);
        var added = new List<Setting>();
        if (query.Contains('&', StringComparison.Ordinal) || !TryOptions(reader, Scheme, _target, new(0, query.Length), added))
        {
            reader.Fail(0, "this is more than one option");
            throw new FormatException(new SocketUriError(query, reader.Position, reader.Problem, reader.Example ?? Scheme.Example).Message);
        }

        Setting setting = added[0];
        int at = setting.Option.IsRepeatable ? -1 : Array.FindIndex(_settings, old => old.Option == setting.Option);
        Setting[] settings = at < 0 ? [.. _settings, setting] : [.. _settings[..at], setting, .. _settings[(at + 1)..]];
        return new SocketUri(Scheme, _target, settings);
    }

    /// <summary>The same endpoint with an option added, unless it has it already: what a program takes for granted.</summary>
    /// <param name="name">The option: <c>mode</c>.</param>
    /// <param name="value">Its value, as in a query: <c>0600</c>.</param>
    /// <returns>The endpoint.</returns>
    /// <exception cref="FormatException">The scheme has no such option, or the value is wrong.</exception>
    public SocketUri WithDefaultOption(string name, string value) => HasOption(name) ? this : WithOption(name, value);

    /// <summary>Whether the string gives the option.</summary>
    /// <param name="name">The option's name.</param>
    /// <returns>True when it does.</returns>
    public bool HasOption(string name) => Array.Exists(_settings, setting => setting.Option.Name == name);

    /// <summary>True when both say the same: their canonical texts are equal, options and their order included.</summary>
    /// <param name="other">Another endpoint.</param>
    /// <returns>True when equal.</returns>
    public bool Equals(SocketUri? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SocketUri);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The canonical string, which <see cref="Parse(string)"/> reads as an equal endpoint.</summary>
    /// <returns>Scheme, address, options.</returns>
    public override string ToString() => _text;

    /// <summary>Whether two endpoints say the same.</summary>
    /// <param name="left">One endpoint.</param>
    /// <param name="right">Another.</param>
    public static bool operator ==(SocketUri? left, SocketUri? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether two endpoints say something different.</summary>
    /// <param name="left">One endpoint.</param>
    /// <param name="right">Another.</param>
    public static bool operator !=(SocketUri? left, SocketUri? right) => !(left == right);

    private bool TryGet<T>(SocketUriOption option, [MaybeNullWhen(false)] out T value)
    {
        foreach (Setting setting in _settings)
        {
            if (setting.Option == option)
            {
                value = (T)setting.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    // ── reading ──

    private static SocketUri? Read(string text, SocketUriDefaults? defaults, out SocketUriError? error)
    {
        SocketUri? endpoint = Read(text, defaults, out SocketUriReader reader);
        error = endpoint is not null ? null : new SocketUriError(
            text,
            reader.Position,
            reader.Problem,
            reader.Example
                ?? (text.Length > TextCharsMax ? null : SocketUriCorrection.Of(text, reader.Position, defaults))
                ?? (FindScheme(text) ?? (defaults is null ? null : SchemeNamed(defaults.Scheme)) ?? SocketUriSchemes.All[0]).Example);
        return endpoint;
    }

    /// <summary>Reads a string; of a wrong one the reader has the problem.</summary>
    internal static SocketUri? Read(string text, SocketUriDefaults? defaults, out SocketUriReader reader)
    {
        SocketUriScheme? scheme = FindScheme(text);
        int start = scheme?.Prefix.Length ?? 0;
        reader = new(text);
        if (scheme is not null && defaults?.Port is { } port && SchemeNamed(defaults.Scheme) is { } its && its.Traits.HasFlag(SocketUriTraits.Internet))
        {
            reader = new(text, port);
        }

        if (text.Length > TextCharsMax)
        {
            reader.Fail(TextCharsMax, $"an endpoint has at most {TextCharsMax} characters");
        }
        else if (scheme is null && CheckBare(reader, text, defaults))
        {
            scheme = SchemeNamed(defaults!.Scheme);
            reader = new(text, defaults.Port);
        }

        return scheme is not null && reader.Position < 0 && TryRead(reader, scheme, start, out SocketUri? endpoint) ? endpoint : null;
    }

    private static bool TryRead(SocketUriReader reader, SocketUriScheme scheme, int start, [NotNullWhen(true)] out SocketUri? endpoint)
    {
        endpoint = null;
        int mark = reader.Find(new(start, reader.Text.Length), '?');
        SocketUriPart address = new(start, mark < 0 ? reader.Text.Length : mark);
        var settings = new List<Setting>();
        if (!scheme.TryParse(reader, address, out SocketUriTarget target)
            || (mark >= 0 && !TryOptions(reader, scheme, target, new(mark + 1, reader.Text.Length), settings)))
        {
            return false;
        }

        if (target.Options is { } implied)
        {
            var also = new List<Setting>();
            TryOptions(new(implied), scheme, target, new(0, implied.Length), also);
            settings.InsertRange(0, also.Where(setting => !settings.Exists(given => given.Option == setting.Option)));
        }

        endpoint = new SocketUri(scheme, target, [.. settings]);
        return true;
    }

    private static bool TryOptions(SocketUriReader reader, SocketUriScheme scheme, in SocketUriTarget target, SocketUriPart query, List<Setting> settings)
    {
        for (int start = query.Start; ;)
        {
            int end = reader.Find(query with { Start = start }, '&') is >= 0 and var and ? and : query.End;
            var part = new SocketUriPart(start, end);
            int equals = reader.Find(part, '=');
            SocketUriPart name = part with { End = equals < 0 ? end : equals };
            if (name.IsEmpty)
            {
                return reader.Fail(start, $"an option is missing; {Takes(scheme)}");
            }

            SocketUriOption? option = SocketUriOption.Find(reader.Span(name));
            if (option is null || !option.AppliesTo(scheme))
            {
                string given = reader.Span(name).ToString();
                string? near = NearestName.Of(given, scheme.Options);
                return reader.Fail(start, $"{scheme} has no option {Shown(given)}{(near is null ? "" : $", did you mean {near}?")}; {Takes(scheme)}");
            }

            if (!option.IsRepeatable && settings.Exists(setting => setting.Option == option))
            {
                return reader.Fail(start, $"{option} is given twice");
            }

            if (Refusal(option, target.EndPoint) is { } refusal)
            {
                return reader.Fail(start, refusal);
            }

            if (equals < 0 && option.Value.WhenAlone is null)
            {
                return reader.Fail(end, $"{option} has no value; it is {option.ValueSummary}");
            }

            object? value;
            if (equals < 0)
            {
                string alone = option.Value.WhenAlone!;
                _ = option.Value.TryParse(new(alone), new(0, alone.Length), option.Name, scheme, out value);
            }
            else if (equals + 1 == end)
            {
                return reader.Fail(end, $"a value is missing; {option} is {option.ValueSummary}");
            }
            else if (!option.Value.TryParse(reader, new(equals + 1, end), option.Name, scheme, out value))
            {
                return false;
            }

            // In a value & would begin the next option.
            settings.Add(new(option, value, option.Value.Print(value, scheme).Replace("&", "%26", StringComparison.Ordinal)));
            if (end == query.End)
            {
                return true;
            }

            start = end + 1;
        }
    }

    /// <summary>Why an option that the scheme takes is nothing to this address; null when it is something.</summary>
    private static string? Refusal(SocketUriOption option, EndPoint? endPoint) => endPoint switch
    {
        { AddressFamily: AddressFamily.InterNetwork } when option == SocketUriOption.DualStack =>
            "dual_stack is for IPv6 addresses; tcp://*:PORT is every address of both kinds",
        UnixEndPoint { IsPath: false } when option == SocketUriOption.Mode || option == SocketUriOption.Unlink =>
            $"{option} is for a path; an abstract name is no file, and whoever is in this network namespace may connect to it",
        _ => null,
    };

    private static string Takes(SocketUriScheme scheme) => $"it takes {string.Join(", ", scheme.Options)}";

    // ── strings without a known scheme ──

    internal static SocketUriScheme? FindScheme(string text)
    {
        foreach (SocketUriScheme scheme in SocketUriSchemes.All)
        {
            if (text.StartsWith(scheme.Prefix, StringComparison.OrdinalIgnoreCase))
            {
                return scheme;
            }
        }

        return null;
    }

    internal static SocketUriScheme? SchemeNamed(string name) => Array.Find(SocketUriSchemes.All, scheme => scheme.Name == name);

    /// <summary>True when the default scheme may read it; else says what is missing.</summary>
    private static bool CheckBare(SocketUriReader reader, string text, SocketUriDefaults? defaults)
    {
        if (defaults is not null && SchemeNamed(defaults.Scheme) is null)
        {
            throw new ArgumentException($"There is no scheme {defaults.Scheme}.", nameof(defaults));
        }

        if (text.Length == 0)
        {
            return defaults is not null || reader.Fail(0, "an endpoint is missing");
        }

        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string before = colon < 0 ? "" : text[..colon].ToLowerInvariant();
        if (SchemeNamed(before) is { } known)
        {
            string rest = text[(colon + 1)..].TrimStart('/');
            return reader.Fail(colon + 1, $"after {known.Name}: comes //", Suggestion(known.Prefix + rest) ?? known.Example);
        }

        int slashes = text.IndexOf("://", StringComparison.Ordinal);
        if (slashes >= 0)
        {
            string? near = NearestName.Of(before, [.. SocketUriSchemes.All.Select(static scheme => scheme.Name)]);
            string? better = near is null ? null : SchemeNamed(near)!.Prefix + text[(slashes + 3)..];
            return reader.Fail(
                0,
                $"there is no scheme {Shown(text[..slashes])}{(near is null ? "" : $", did you mean {near}?")}; there are {string.Join(' ', (IEnumerable<SocketUriScheme>)SocketUriSchemes.All)}",
                Suggestion(better));
        }

        if (defaults is not null && text[0] is not ('/' or '@'))
        {
            return true;
        }

        // The likely meanings, the first that can be read.
        string? suggestion = text[0] is '/' or '@' || text.StartsWith("./", StringComparison.Ordinal) ? Suggestion("unix:" + text)
            : text.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0 ? Suggestion("tcp://localhost:" + text)
            : Suggestion("tcp://" + text) ?? Suggestion("tcp://[" + text + "]:8888") ?? Suggestion("tcp://" + text + ":8888");
        return reader.Fail(
            0,
            suggestion is null ? $"a scheme is missing; there are {string.Join(' ', (IEnumerable<SocketUriScheme>)SocketUriSchemes.All)}"
                : $"a scheme is missing; did you mean {suggestion}?",
            suggestion);
    }

    private static string? Suggestion(string? text) =>
        text is not null && FindScheme(text) is { } scheme && TryRead(new(text), scheme, scheme.Prefix.Length, out SocketUri? endpoint)
            ? endpoint.ToString()
            : null;

    // What a person gave, in a message of one line.
    private static string Shown(string given)
    {
        string shown = given.Length > 40 ? given[..40] + "…" : given;
        return $"\"{string.Concat(shown.Select(SocketUriError.Shown))}\"";
    }

    /// <summary>An option as it was given: the value read, and its canonical text.</summary>
    private readonly record struct Setting(SocketUriOption Option, object Value, string Text);
}
