using System.Runtime.InteropServices;

namespace Sockeye.Interop;

// Structures of the options of multipath TCP, sorted by the kernel's names.

/// <summary>struct mptcp_full_info, &lt;linux/mptcp.h&gt;: two addresses to which the kernel writes during the call.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MptcpFullInfo
{
    internal uint TcpKernelBytes;
    internal uint TcpUserBytes;
    internal uint SubflowKernelBytes;
    internal uint SubflowUserBytes;
    internal uint Subflows;
    internal uint Room;
    internal ulong SubflowPointer;
    internal ulong TcpPointer;
    internal MptcpInfo Information;
}

/// <summary>struct mptcp_info, &lt;linux/mptcp.h&gt;. It grows: an older kernel writes fewer bytes. These are the fields of Linux 6.10.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MptcpInfo
{
    internal byte Subflows;
    internal byte AddressesSignalled;
    internal byte AddressesAccepted;
    internal byte SubflowsMax;
    internal byte AddressesSignalledMax;
    internal byte AddressesAcceptedMax;
    internal uint Flags;
    internal uint Token;
    internal ulong WriteSequence;
    internal ulong SendUnacknowledged;
    internal ulong ReceiveNext;
    internal byte LocalAddressesUsed;
    internal byte LocalAddressesMax;
    internal byte ChecksumEnabled;
    internal uint Retransmits;
    internal ulong BytesRetransmitted;
    internal ulong BytesSent;
    internal ulong BytesReceived;
    internal ulong BytesAcknowledged;
    internal byte SubflowsTotal;
    internal byte Reserved1;
    internal byte Reserved2;
    internal byte Reserved3;
    internal uint LastDataSent;
    internal uint LastDataReceived;
    internal uint LastAcknowledgementReceived;
}

/// <summary>struct mptcp_subflow_addrs, &lt;linux/mptcp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MptcpSubflowAddresses
{
    internal SocketAddressStorage Local;
    internal SocketAddressStorage Remote;
}

/// <summary>struct mptcp_subflow_data, &lt;linux/mptcp.h&gt;, before the entries.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MptcpSubflowData
{
    internal uint HeaderBytes;
    internal uint Subflows;
    internal uint KernelBytes;
    internal uint UserBytes;
}

/// <summary>struct mptcp_subflow_info, &lt;linux/mptcp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MptcpSubflowInfo
{
    internal uint Id;
    internal MptcpSubflowAddresses Addresses;
}
