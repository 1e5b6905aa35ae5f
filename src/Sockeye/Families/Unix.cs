using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Unicode;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>AF_UNIX, struct sockaddr_un, unix(7): a path or an abstract name, of any bytes, or no name at all.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>A path is 1 to 108 bytes without NUL. It need not be UTF-8.</item>
/// <item>An abstract name is 0 to 107 bytes, NULs included. It is not a file, and ends with its socket.</item>
/// <item>No name: what an unbound socket has; and to bind it, autobind, lets the kernel choose an abstract name.</item>
/// </list>
/// Sockets give .NET's <see cref="UnixDomainSocketEndPoint"/> where that can express the address, and this type where it
/// cannot, or where the socket was bound to, or the call was given, an end point of this type. The two types are
/// never equal; conversions lead from one to the other.
/// <para>
/// Unlike its siblings this type prints no prefix: <c>/run/x</c>, <c>@name</c>, and nothing for no name, as .NET's
/// type does. The prefix of an endpoint string (<c>unix:</c>, <c>unix-dgram:</c>) says the type of the socket, which
/// is no part of the address.
/// </para>
/// </remarks>
public sealed class UnixEndPoint : LinuxEndPoint<UnixEndPoint>, ISpanParsable<UnixEndPoint>
{
    /// <summary>sizeof(sun_path): the longest path in bytes. An abstract name has one byte less, for the NUL before it.</summary>
    public const int PathBytesMax = 108;

    private const string Prefix = "unix:";

    // sun_path as far as it is used, without a path's final NUL; an abstract name begins with NUL.
    private readonly ReadOnlyMemory<byte> _name;

    /// <summary>A path.</summary>
    /// <param name="path">Written in UTF-8, at most 108 bytes; at its face value: no % or @ means anything here.</param>
    /// <exception cref="ArgumentException">Empty, too long, with a NUL, or with half of a surrogate pair.</exception>
    public UnixEndPoint(string path)
        : this(PathOf(path).AsMemory())
    {
    }

    /// <summary>A path of any bytes.</summary>
    /// <param name="path">1 to 108 bytes, none of them NUL.</param>
    /// <exception cref="ArgumentException">Empty, too long, or with a NUL.</exception>
    public UnixEndPoint(ReadOnlySpan<byte> path)
        : this(path.ToArray().AsMemory())
    {
        if (path.IsEmpty || path.Length > PathBytesMax || path.Contains((byte)0))
        {
            throw new ArgumentException($"A path has 1 to {PathBytesMax} bytes, none of them NUL; this one has {path.Length}.", nameof(path));
        }
    }

    private UnixEndPoint(ReadOnlyMemory<byte> name) => _name = name;

    /// <summary>No name. Binding it lets the kernel choose an abstract name: <c>LocalEndPoint</c> then has it.</summary>
    public static UnixEndPoint Autobind => Unnamed;

    /// <summary>No name: what an unbound socket has. The same value as <see cref="Autobind"/>.</summary>
    public static UnixEndPoint Unnamed { get; } = new(ReadOnlyMemory<byte>.Empty);

    /// <inheritdoc/>
    public override int Family => SocketConstants.AF_UNIX;

    /// <summary>True for an abstract name.</summary>
    public bool IsAbstract => _name.Span is [0, ..];

    /// <summary>True for no name.</summary>
    public bool IsUnnamed => _name.IsEmpty;

    /// <summary>True for a path.</summary>
    public bool IsPath => _name.Span is [not 0, ..];

    /// <summary>The path's bytes, without a final NUL; empty when this is not a path.</summary>
    public ReadOnlyMemory<byte> PathBytes() => IsPath ? _name : default;

    /// <summary>The abstract name's bytes, without the NUL before them; empty when this is not an abstract name.</summary>
    public ReadOnlyMemory<byte> AbstractName() => IsAbstract ? _name[1..] : default;

    /// <summary>An abstract name.</summary>
    /// <param name="name">0 to 107 bytes; any, NUL included. Without the NUL or @ that stands before it elsewhere.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="ArgumentException">Too long.</exception>
    public static UnixEndPoint Abstract(ReadOnlySpan<byte> name) => name.Length < PathBytesMax
        ? new UnixEndPoint(new ReadOnlyMemory<byte>([0, .. name]))
        : throw new ArgumentException($"An abstract name has at most {PathBytesMax - 1} bytes, this one {name.Length}.", nameof(name));

    /// <summary>An abstract name.</summary>
    /// <param name="name">Written in UTF-8, at most 107 bytes.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="ArgumentException">Too long, or with half of a surrogate pair.</exception>
    public static UnixEndPoint Abstract(string name) => Abstract(BytesOf(name, nameof(name)).AsSpan());

    /// <summary>Reads what <see cref="ToString"/> wrote: a path, <c>@</c> and an abstract name, or nothing; <c>unix:</c> may come before it.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is not such an end point.</exception>
    public static UnixEndPoint Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        Read(s, Prefix, TryRead, right: "/run/server.sock  @name  unix:/run/server.sock");

    /// <summary>As <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>, without an exception.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [NotNullWhen(true)] out UnixEndPoint? result) =>
        TryRead(s, Prefix, TryRead, out result);

    /// <summary>The same address in .NET's type.</summary>
    /// <param name="endPoint">A path or an abstract name.</param>
    public static implicit operator UnixEndPoint(UnixDomainSocketEndPoint endPoint) => FromUnixDomainSocketEndPoint(endPoint);

    /// <summary>The same address in .NET's type.</summary>
    /// <param name="endPoint">A path or an abstract name.</param>
    /// <returns>An end point with the same bytes.</returns>
    public static UnixEndPoint FromUnixDomainSocketEndPoint(UnixDomainSocketEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        SocketAddress address = endPoint.Serialize();
        return FromBytes(address.Buffer.Span[..address.Size]);
    }

    /// <summary>The same address as .NET's type, which knows UTF-8 only.</summary>
    /// <param name="endPoint">.NET's end point with the same bytes; null when there is none.</param>
    /// <returns>False for bytes that are no UTF-8, for no name, and for an abstract name without a byte.</returns>
    public bool TryToUnixDomainSocketEndPoint([NotNullWhen(true)] out UnixDomainSocketEndPoint? endPoint)
    {
        endPoint = _name.Span is not ([] or [0]) && Utf8.IsValid(_name.Span) ? new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(_name.Span)) : null;
        return endPoint is not null;
    }

    /// <summary>The path; <c>@</c> and the abstract name; nothing for no name. Without a prefix, see the type's remarks.</summary>
    /// <returns>Text that <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/> reads back.</returns>
    public override string ToString()
    {
        if (IsAbstract)
        {
            return "@" + EndPointText.Escape(_name.Span[1..]);
        }

        string path = EndPointText.Escape(_name.Span);

        // A relative path that would be read as a name or lose a prefix.
        return path.StartsWith('@') ? "%40" + path[1..]
            : path.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? $"%{(int)path[0]:X2}{path[1..]}"
            : path;
    }

    /// <summary>Reads a path, an abstract name after @, or no name.</summary>
    internal static bool TryRead(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out UnixEndPoint? result)
    {
        result = null;
        bool isAbstract = reader.Span(part) is ['@', ..];
        SocketUriPart name = isAbstract ? part with { Start = part.Start + 1 } : part;
        if (!reader.TryUnescape(name, out byte[] bytes))
        {
            return false;
        }

        if (!isAbstract && bytes.Contains((byte)0))
        {
            int nul = reader.Find(part, '\0');
            return reader.Fail(nul >= 0 ? nul : part.Start + reader.Span(part).IndexOf("%00", StringComparison.Ordinal), "a path holds no NUL");
        }

        int bytesMax = isAbstract ? PathBytesMax - 1 : PathBytesMax;
        if (bytes.Length > bytesMax)
        {
            return reader.Fail(name.Start, $"a Unix socket's {(isAbstract ? "name" : "path")} has at most {bytesMax} bytes, this one {bytes.Length}");
        }

        result = isAbstract ? Abstract(bytes.AsSpan()) : bytes.Length == 0 ? Unnamed : new UnixEndPoint(bytes.AsMemory());
        return true;
    }

    internal static UnixEndPoint FromBytes(ReadOnlySpan<byte> address)
    {
        ReadOnlySpan<byte> name = NameIn(address);
        return name.IsEmpty ? Unnamed : new UnixEndPoint(name.ToArray().AsMemory());
    }

    /// <summary>sun_path as far as it is used: of a path, what stands before its NUL.</summary>
    internal static ReadOnlySpan<byte> NameIn(ReadOnlySpan<byte> address)
    {
        // A path that fills sun_path has no NUL, and the kernel counts the one it would have had (unix(7), BUGS).
        ReadOnlySpan<byte> name = address[sizeof(ushort)..Math.Min(address.Length, sizeof(ushort) + PathBytesMax)];
        int end = name is [not 0, ..] ? name.IndexOf((byte)0) : -1;
        return end < 0 ? name : name[..end];
    }

    internal override int Encode(Span<byte> destination)
    {
        // A path's NUL is counted where there is room for it, as .NET and most programs do.
        int length = sizeof(ushort) + _name.Length + (IsPath && _name.Length < PathBytesMax ? 1 : 0);
        _name.Span.CopyTo(Begin(destination, length)[sizeof(ushort)..]);
        return length;
    }

    private static byte[] PathOf(string path)
    {
        byte[] bytes = BytesOf(path, nameof(path));
        return bytes.Length is > 0 and <= PathBytesMax && !bytes.Contains((byte)0)
            ? bytes
            : throw new ArgumentException($"A path has 1 to {PathBytesMax} bytes, none of them NUL; this one has {bytes.Length}.", nameof(path));
    }

    private static byte[] BytesOf(string text, string name)
    {
        ArgumentNullException.ThrowIfNull(text, name);
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetBytes(text);
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException("Half of a surrogate pair is no character.", name, exception);
        }
    }
}

/// <summary>
/// AF_UNIX: struct sockaddr_un, &lt;linux/un.h&gt;, unix(7). Decodes to .NET's end point where that says the address
/// exactly, an unnamed socket as an empty path; to ours otherwise, and where ours is asked for.
/// </summary>
internal sealed class UnixFamily : FamilyRow
{
    private static readonly UnixDomainSocketEndPoint Template = new("/");

    internal UnixFamily()
        : base(SocketConstants.AF_UNIX, "AF_UNIX", "unix") => Schemes = UnixScheme.Schemes;

    internal override int Encode(EndPoint endPoint, Span<byte> destination) => AddressCodecs.Encode(endPoint.Serialize(), destination);

    internal override string? Cause(string call, int errno, EndPoint endPoint) => (call, errno) switch
    {
        ("connect" or "send to", Errno.ENOENT) => "no such socket file; is the server running?",
        ("connect" or "send to", Errno.EPROTOTYPE) => "the socket there is of another type (stream, datagram, seqpacket)",
        ("connect" or "send to", Errno.EACCES) => "not permitted; the socket file needs write permission, and each folder above it search permission",
        ("connect", Errno.EAGAIN) => "as many connections as the listener's backlog holds wait there, and the socket does not wait",
        ("connect", Errno.ETIMEDOUT) => "the listener's backlog stayed full for the whole time limit",
        ("bind", Errno.EADDRINUSE) => endPoint is UnixEndPoint { IsAbstract: true }
            ? "another socket has that abstract name; see which with: ss -xlp"
            : "a file of that name exists; if no server uses it, remove it",
        ("bind", Errno.EACCES) => "not permitted; the folder needs write permission",
        ("bind", Errno.ENOENT) => "the directory does not exist",
        _ => null,
    };

    internal override EndPoint Decode(ReadOnlySpan<byte> address, EndPoint? like)
    {
        ReadOnlySpan<byte> name = UnixEndPoint.NameIn(address);
        if (like is UnixEndPoint || name is [0] || !Utf8.IsValid(name))
        {
            return UnixEndPoint.FromBytes(address);
        }

        // With a path's NUL, if it had one: .NET's type keeps it, and writes it again.
        int length = Math.Min(sizeof(ushort) + name.Length + (name is [not 0, ..] ? 1 : 0), Math.Min(address.Length, sizeof(ushort) + UnixEndPoint.PathBytesMax));
        var bytes = new SocketAddress(AddressFamily.Unix, length);
        address[..length].CopyTo(bytes.Buffer.Span);
        return Template.Create(bytes);
    }
}

/// <summary><c>unix:PATH</c> and <c>unix:@NAME</c>, with %XX for any byte.</summary>
internal sealed class UnixScheme : SocketUriScheme
{
    private UnixScheme(string name, SocketType type, string example, string summary)
        : base($"{name}:", type, ProtocolType.Unspecified, example, summary)
    {
    }

    internal static UnixScheme[] Schemes { get; } =
    [
        new("unix", SocketType.Stream, "unix:/run/chat.sock", "a Unix stream socket: a path, or an abstract name after @"),
        new("unix-dgram", SocketType.Dgram, "unix-dgram:/run/log.sock", "a Unix datagram socket"),
        new("unix-seqpacket", SocketType.Seqpacket, "unix-seqpacket:@bus", "a Unix socket of messages in order, over a connection"),
    ];

    internal override SocketUriTraits Traits => SocketUriTraits.Unix | SocketUriTraits.HasSource | (SocketType == SocketType.Dgram ? 0 : SocketUriTraits.Listens);

    internal override AddressFamily AddressFamily => AddressFamily.Unix;

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target)
    {
        target = default;
        if (part.IsEmpty)
        {
            return reader.Fail(part.Start, "a path is missing");
        }

        bool read = UnixEndPoint.TryRead(reader, part, out UnixEndPoint? endPoint);
        target = new(endPoint);
        return read;
    }

    internal override string Print(in SocketUriTarget target) => target.EndPoint!.ToString()!;

    internal override bool Accepts(EndPoint endPoint) => endPoint is UnixDomainSocketEndPoint or UnixEndPoint { IsUnnamed: false };

    internal override SocketUriTarget Normal(in SocketUriTarget target) => target with
    {
        EndPoint = target.EndPoint is UnixDomainSocketEndPoint system ? UnixEndPoint.FromUnixDomainSocketEndPoint(system) : target.EndPoint,
    };
}
