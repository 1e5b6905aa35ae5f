using System.Runtime.InteropServices;

namespace Sockeye.Interop;

// Structures of TCP's authentication option, RFC 5925, sorted by the kernel's names. Bits are the C bit fields in their order,
// the first the lowest.

/// <summary>struct tcp_ao_add, &lt;linux/tcp.h&gt;: holds a secret.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpAuthenticationAdd
{
    internal SocketAddressStorage Peer;
    internal TcpAuthenticationName Algorithm;
    internal int InterfaceIndex;
    internal uint Bits;
    internal ushort Reserved;
    internal byte PrefixLength;
    internal byte SendId;
    internal byte ReceiveId;
    internal byte CodeLength;
    internal byte KeyFlags;
    internal byte KeyLength;
    internal TcpSignatureBytes Key;
}

/// <summary>struct tcp_ao_del, &lt;linux/tcp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpAuthenticationDelete
{
    internal SocketAddressStorage Peer;
    internal int InterfaceIndex;
    internal uint Bits;
    internal ushort Reserved;
    internal byte PrefixLength;
    internal byte SendId;
    internal byte ReceiveId;
    internal byte CurrentKey;
    internal byte NextKey;
    internal byte KeyFlags;
}

/// <summary>struct tcp_ao_getsockopt, &lt;linux/tcp.h&gt;: holds a secret.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpAuthenticationEntry
{
    internal SocketAddressStorage Peer;
    internal TcpAuthenticationName Algorithm;
    internal TcpSignatureBytes Key;
    internal uint Keys;
    internal ushort Bits;
    internal byte SendId;
    internal byte ReceiveId;
    internal byte PrefixLength;
    internal byte CodeLength;
    internal byte KeyFlags;
    internal byte KeyLength;
    internal int InterfaceIndex;
    internal ulong Good;
    internal ulong Bad;
}

/// <summary>struct tcp_ao_info_opt, &lt;linux/tcp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpAuthenticationState
{
    internal uint Bits;
    internal ushort Reserved;
    internal byte CurrentKey;
    internal byte NextKey;
    internal ulong Good;
    internal ulong Bad;
    internal ulong KeyNotFound;
    internal ulong Unsigned;
    internal ulong DroppedIcmp;
}

/// <summary>struct tcp_ao_repair, &lt;linux/tcp.h&gt;. The first two are in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpAuthenticationRepairState
{
    internal uint SentSequence;
    internal uint ReceivedSequence;
    internal uint SendExtension;
    internal uint ReceiveExtension;
}

/// <summary>The name of an algorithm in struct tcp_ao_add, with its closing 0.</summary>
[System.Runtime.CompilerServices.InlineArray(64)]
internal struct TcpAuthenticationName
{
    private byte _first;
}
