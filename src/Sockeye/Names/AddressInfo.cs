using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>What getaddrinfo(3) is to look for, AI_ of &lt;netdb.h&gt;.</summary>
[Flags]
public enum AddressInfoFlags
{
    /// <summary>Whatever is found, for a connect.</summary>
    None = 0,

    /// <summary>AI_PASSIVE: without a host, the addresses to bind and listen on, 0.0.0.0 and ::, not loopback.</summary>
    Passive = ResolverConstants.AI_PASSIVE,

    /// <summary>AI_CANONNAME: return the host's official name, in the first result.</summary>
    CanonicalName = ResolverConstants.AI_CANONNAME,

    /// <summary>AI_NUMERICHOST: the host is an address in text; look nothing up.</summary>
    NumericHost = ResolverConstants.AI_NUMERICHOST,

    /// <summary>AI_V4MAPPED: for IPv6, where there is no IPv6 address, IPv4 ones mapped into IPv6.</summary>
    V4Mapped = ResolverConstants.AI_V4MAPPED,

    /// <summary>AI_ALL: with <see cref="V4Mapped"/>, both the IPv6 and the mapped ones.</summary>
    All = ResolverConstants.AI_ALL,

    /// <summary>AI_ADDRCONFIG: only families in which this machine has an address, loopback excepted.</summary>
    AddressConfigured = ResolverConstants.AI_ADDRCONFIG,

    /// <summary>
    /// AI_IDN: let libc write the letters of an international name as a host name. Without it the library does
    /// (RFC 5891). glibc only, and it needs libidn2.
    /// </summary>
    InternationalName = ResolverConstants.AI_IDN,

    /// <summary>AI_CANONIDN: return an internationalized official name in Unicode. glibc only.</summary>
    InternationalCanonicalName = ResolverConstants.AI_CANONIDN,

    /// <summary>AI_NUMERICSERV: the service is a number in text; look nothing up.</summary>
    NumericService = ResolverConstants.AI_NUMERICSERV,
}

/// <summary>How getnameinfo(3) is to name an address, NI_ of &lt;netdb.h&gt;.</summary>
[Flags]
public enum NameInfoFlags
{
    /// <summary>Names where there are any, else numbers; TCP services.</summary>
    None = 0,

    /// <summary>NI_NUMERICHOST: the address as text; look nothing up.</summary>
    NumericHost = ResolverConstants.NI_NUMERICHOST,

    /// <summary>NI_NUMERICSERV: the port as text.</summary>
    NumericService = ResolverConstants.NI_NUMERICSERV,

    /// <summary>NI_NOFQDN: only the first part of the names of this machine's own domain.</summary>
    NoDomain = ResolverConstants.NI_NOFQDN,

    /// <summary>NI_NAMEREQD: fail with <see cref="ResolverError.NoName"/> when the host has no name.</summary>
    NameRequired = ResolverConstants.NI_NAMEREQD,

    /// <summary>NI_DGRAM: UDP services.</summary>
    Datagram = ResolverConstants.NI_DGRAM,

    /// <summary>NI_IDN: an internationalized name in Unicode. glibc only.</summary>
    InternationalName = ResolverConstants.NI_IDN,
}

/// <summary>One result of getaddrinfo(3): what to make a socket with, and where to connect it or bind it to.</summary>
/// <param name="EndPoint">The address and the port.</param>
/// <param name="AddressFamily">The socket's family.</param>
/// <param name="SocketType">The socket's type.</param>
/// <param name="ProtocolType">The socket's protocol.</param>
/// <param name="CanonicalName">The host's official name, in the first result if it was asked for; else null.</param>
public sealed record AddressInfo(
    EndPoint EndPoint, AddressFamily AddressFamily, SocketType SocketType, ProtocolType ProtocolType, string? CanonicalName)
{
    /// <summary>As <c>127.0.0.1:80 (Stream, Tcp)</c>.</summary>
    public override string ToString() =>
        $"{EndPoint} ({SocketType}, {ProtocolType}{(CanonicalName is null ? "" : ", " + CanonicalName)})";
}

/// <summary>What getnameinfo(3) calls an address.</summary>
/// <param name="Host">The host's name, or its address as text.</param>
/// <param name="Service">The service's name, or the port as text.</param>
public readonly record struct NameInfo(string Host, string Service);

/// <summary>A service of services(5).</summary>
/// <param name="Name">Its official name.</param>
/// <param name="Aliases">Its other names.</param>
/// <param name="Port">Its port.</param>
/// <param name="Protocol">The name of its protocol, as <c>tcp</c>.</param>
public sealed record ServiceEntry(string Name, IReadOnlyList<string> Aliases, int Port, string Protocol);

/// <summary>A protocol of protocols(5).</summary>
/// <param name="Name">Its official name.</param>
/// <param name="Aliases">Its other names.</param>
/// <param name="Number">Its number in the IP header; a <see cref="ProtocolType"/> in .NET.</param>
public sealed record ProtocolEntry(string Name, IReadOnlyList<string> Aliases, int Number);
