using System.Net;
using System.Net.Sockets;

namespace Sockeye;

/// <summary><c>systemd:web</c>: a socket that systemd has passed to this process, by the name that FileDescriptorName= gives it (systemd.socket(5)).</summary>
internal sealed class InheritedScheme() : SocketUriScheme(
    "systemd:", SocketType.Unknown, ProtocolType.Unknown, "systemd:web", "sockets that systemd passed, by their name; * is all")
{
    private const int NameCharsMax = 255; // sd_listen_fds(3), FDNAME_MAX

    internal static InheritedScheme Instance { get; } = new();

    internal override SocketUriTraits Traits => SocketUriTraits.Descriptor | SocketUriTraits.Listens;

    internal override AddressFamily AddressFamily => AddressFamily.Unknown;

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target)
    {
        target = default;
        ReadOnlySpan<char> name = reader.Span(part);
        if (name.IsEmpty)
        {
            return reader.Fail(part.Start, "a name is missing; * is every socket that was passed");
        }

        int wrong = name.IndexOfAnyExceptInRange('!', '~') is >= 0 and var outside ? outside : name.IndexOf(':');
        if (wrong >= 0)
        {
            return reader.Fail(part.Start + wrong, "a name has no spaces, no colons, and ASCII alone");
        }

        if (name.Length > NameCharsMax)
        {
            return reader.Fail(part.Start + NameCharsMax, $"a name has at most {NameCharsMax} characters");
        }

        target = new(EndPoint: null, Inherited: name.ToString());
        return true;
    }

    internal override string Print(in SocketUriTarget target) => target.Inherited!;

    internal override bool Accepts(EndPoint endPoint) => false;
}
