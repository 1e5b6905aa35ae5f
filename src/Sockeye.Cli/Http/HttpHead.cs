using System.Buffers;
using System.Text;

namespace Sockeye.Cli.Http;

/// <summary>How the end of a body is known: RFC 9112 section 6.3.</summary>
internal enum HttpFraming
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Content-Length says how many bytes it has.</summary>
    Length,

    /// <summary>It comes in chunks, and the last one is empty.</summary>
    Chunked,

    /// <summary>It ends with the connection.</summary>
    UntilClose,
}

/// <summary>The head of a response. Its text is the server's: show it with <see cref="ByteText"/>.</summary>
internal sealed class HttpHead
{
    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private readonly List<KeyValuePair<string, string>> _fields;

    internal HttpHead(string version, int status, string reason, List<KeyValuePair<string, string>> fields)
    {
        Version = version;
        Status = status;
        Reason = reason;
        _fields = fields;
    }

    /// <summary>HTTP/1.1, or HTTP/1.0.</summary>
    public string Version { get; }

    /// <summary>The status: 200.</summary>
    public int Status { get; }

    /// <summary>What the server calls it: OK. May be empty.</summary>
    public string Reason { get; }

    /// <summary>The header fields, in their order; a name may stand more than once.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Fields => _fields;

    /// <summary>How the body ends.</summary>
    public HttpFraming Framing { get; internal set; }

    /// <summary>How many bytes the body has, where the head says so.</summary>
    public long? Length { get; internal set; }

    /// <summary>What the server did against the rules, and how it was taken; null when it kept them.</summary>
    public string? Note { get; internal set; }

    /// <summary>The values of a field, in their order.</summary>
    /// <param name="name">Its name, in any case.</param>
    public IEnumerable<string> Values(string name) =>
        _fields.Where(field => string.Equals(field.Key, name, StringComparison.OrdinalIgnoreCase)).Select(static field => field.Value);

    /// <summary>Whether a text is a token (RFC 9110 section 5.6.2), as a field's name is.</summary>
    /// <param name="text">Anything.</param>
    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && text.IndexOfAnyExcept(TokenCharacters) < 0;

    /// <summary>Bytes of a head as text: UTF-8, or, where they are none, Latin-1, which every byte sequence is.</summary>
    /// <param name="bytes">A part of a line.</param>
    internal static string Text(ReadOnlySpan<byte> bytes)
    {
        string text = System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);

        // RFC 9110 section 5.5 and RFC 9112 section 2.2: these two are refused or taken for a space.
        return text.Replace('\r', ' ').Replace('\0', ' ').Trim(' ', '\t');
    }
}
