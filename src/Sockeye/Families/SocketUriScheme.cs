using System.Net;
using System.Net.Sockets;

namespace Sockeye;

// The contract of a scheme:
// - It is a prefix and how what follows is read: a class in its family's file, and an instance in the family's row.
//   Nothing else in the library or the tool asks which scheme an endpoint has.
// - Parsing asks the machine nothing that may wait and never throws; the reader keeps what is wrong, with the position
//   of the character.
// - It reads back what it prints, as an equal end point: the canonical form.

/// <summary>What an address was read as.</summary>
/// <param name="EndPoint">The end point; null for a descriptor.</param>
/// <param name="ProtocolType">The protocol the address names; null when it is the scheme's.</param>
/// <param name="Descriptor">A descriptor that is open already.</param>
/// <param name="Options">Options that the address implies, as a query would say them.</param>
/// <param name="SocketType">The type the address needs; null when it is the scheme's.</param>
/// <param name="Inherited">The name of sockets that were passed to this process.</param>
internal readonly record struct SocketUriTarget(
    EndPoint? EndPoint, ProtocolType? ProtocolType = null, int? Descriptor = null, string? Options = null, SocketType? SocketType = null,
    string? Inherited = null);

/// <summary>A kind of endpoint string: its prefix, and what follows it. <c>SocketUri.Schemes</c> lists them.</summary>
public abstract class SocketUriScheme
{
    private protected SocketUriScheme(string prefix, SocketType socketType, ProtocolType protocolType, string example, string summary)
    {
        Prefix = prefix;
        SocketType = socketType;
        ProtocolType = protocolType;
        Example = example;
        Summary = summary;
    }

    /// <summary>The name before the colon: <c>tcp</c>.</summary>
    public string Name => Prefix[..Prefix.IndexOf(':', StringComparison.Ordinal)];

    /// <summary>How the string begins: <c>tcp://</c>, <c>unix:</c>.</summary>
    public string Prefix { get; }

    /// <summary>A right string.</summary>
    public string Example { get; }

    /// <summary>What it means, in a few words.</summary>
    public string Summary { get; }

    /// <summary>The type of the socket; Unknown for <c>fd:</c> and <c>systemd:</c>, whose sockets are open already.</summary>
    public SocketType SocketType { get; }

    /// <summary>The protocol of the socket, where the address does not name another.</summary>
    public ProtocolType ProtocolType { get; }

    /// <summary>Which kind of socket this is, for the options that depend on it.</summary>
    internal abstract SocketUriTraits Traits { get; }

    /// <summary>The family, where the end point does not say it: of a name, or a descriptor.</summary>
    internal virtual AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <summary>Reads what is between the prefix and the query.</summary>
    internal abstract bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target);

    /// <summary>Reads the value of <c>source</c>: as the address, but a port may be left out.</summary>
    internal virtual bool TryParseSource(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target) =>
        TryParse(reader, part, out target);

    /// <summary>The address as <see cref="TryParse"/> reads it.</summary>
    internal abstract string Print(in SocketUriTarget target);

    /// <summary>Whether an end point of this scheme can be <paramref name="endPoint"/>.</summary>
    internal abstract bool Accepts(EndPoint endPoint);

    /// <summary>Whether its sockets can have the protocol; mostly they have one.</summary>
    internal virtual bool TakesProtocol(ProtocolType protocol) => protocol == ProtocolType;

    /// <summary>An end point that <see cref="Accepts"/> took, in the type that <see cref="TryParse"/> gives.</summary>
    internal virtual SocketUriTarget Normal(in SocketUriTarget target) => target;

    /// <summary>As <see cref="Prefix"/>.</summary>
    public override string ToString() => Prefix;
}

/// <summary>What an option can depend on: what a scheme's sockets are, and can do.</summary>
[Flags]
internal enum SocketUriTraits
{
    None = 0,
    Internet = 1,
    Tcp = 2,
    Udp = 4,
    Unix = 8,
    Netlink = 16,
    Descriptor = 32,

    /// <summary>It listens and accepts.</summary>
    Listens = 64,

    /// <summary>It can bind a local address before it connects.</summary>
    HasSource = 128,

    /// <summary>IPv6 is possible.</summary>
    Six = 256,
    Mptcp = 512,
    Sctp = 1024,
}
