using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sockeye;

/// <summary>
/// <c>fd:3</c>: a socket that whoever started this process opened, as systemd's socket activation
/// (sd_listen_fds(3): from 3 on) and inetd (0) do.
/// </summary>
internal sealed class DescriptorScheme() : SocketUriScheme(
    "fd:", SocketType.Unknown, ProtocolType.Unknown, "fd:3", "a socket this process was started with, by its descriptor")
{
    internal static DescriptorScheme Instance { get; } = new();

    internal override SocketUriTraits Traits => SocketUriTraits.Descriptor | SocketUriTraits.Listens;

    internal override AddressFamily AddressFamily => AddressFamily.Unknown;

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target)
    {
        bool read = reader.TryNumber(part, "a descriptor", 0, int.MaxValue, out long number);
        target = new(EndPoint: null, Descriptor: (int)number);
        return read;
    }

    internal override string Print(in SocketUriTarget target) => target.Descriptor!.Value.ToString(CultureInfo.InvariantCulture);

    internal override bool Accepts(EndPoint endPoint) => false;
}
