using System.Net;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>What the kernel knows about a multipath TCP connection as a whole: struct mptcp_info, <see cref="MultipathTcpOptions.Information"/>.</summary>
/// <remarks>
/// The structure grows from kernel to kernel, and an older one fills less of it: a member that it does not know reads
/// as 0. <see cref="Length"/> is how many bytes it filled.
/// </remarks>
public readonly struct MultipathTcpInformation
{
    private const uint FallbackFlag = 1;
    private const uint RemoteKeyFlag = 2;

    private readonly MptcpInfo _info;

    internal MultipathTcpInformation(MptcpInfo info, int length)
    {
        _info = info;
        Length = length;
    }

    /// <summary>How many bytes of struct mptcp_info the kernel filled, of those that are read here: 96 from Linux 6.10 on.</summary>
    public int Length { get; }

    /// <summary>mptcpi_subflows: how many subflows there are beside the first.</summary>
    public int Subflows => _info.Subflows;

    /// <summary>mptcpi_add_addr_signal: how many addresses of this machine were announced to the peer.</summary>
    public int AddressesSignalled => _info.AddressesSignalled;

    /// <summary>mptcpi_add_addr_accepted: how many addresses the peer announced and this end accepted.</summary>
    public int AddressesAccepted => _info.AddressesAccepted;

    /// <summary>mptcpi_subflows_max: how many further subflows there may be.</summary>
    public int SubflowsMax => _info.SubflowsMax;

    /// <summary>mptcpi_add_addr_signal_max: how many addresses may be announced to the peer.</summary>
    public int AddressesSignalledMax => _info.AddressesSignalledMax;

    /// <summary>mptcpi_add_addr_accepted_max: how many addresses of the peer may be taken.</summary>
    public int AddressesAcceptedMax => _info.AddressesAcceptedMax;

    /// <summary>mptcpi_flags: MPTCP_INFO_FLAG_FALLBACK: the peer does not speak multipath TCP; the connection is plain TCP.</summary>
    public bool FellBack => (_info.Flags & FallbackFlag) != 0;

    /// <summary>mptcpi_flags: MPTCP_INFO_FLAG_REMOTE_KEY_RECEIVED: the peer speaks multipath TCP.</summary>
    public bool RemoteKeyReceived => (_info.Flags & RemoteKeyFlag) != 0;

    /// <summary>mptcpi_token: the connection's number on this machine.</summary>
    public long Token => _info.Token;

    /// <summary>mptcpi_write_seq: the sequence number of the next byte to send.</summary>
    public ulong WriteSequence => _info.WriteSequence;

    /// <summary>mptcpi_snd_una: the sequence number of the first byte that the peer has not acknowledged.</summary>
    public ulong SendUnacknowledged => _info.SendUnacknowledged;

    /// <summary>mptcpi_rcv_nxt: the sequence number of the next byte to come.</summary>
    public ulong ReceiveNext => _info.ReceiveNext;

    /// <summary>mptcpi_local_addr_used: how many of this machine's addresses subflows were made from. Linux 5.12.</summary>
    public int LocalAddressesUsed => _info.LocalAddressesUsed;

    /// <summary>mptcpi_local_addr_max: how many of them there may be. Linux 5.12.</summary>
    public int LocalAddressesMax => _info.LocalAddressesMax;

    /// <summary>mptcpi_csum_enabled: data carries checksums. Linux 5.14.</summary>
    public bool ChecksumEnabled => _info.ChecksumEnabled != 0;

    /// <summary>mptcpi_retransmits: how often data was sent again on another subflow. Linux 6.5.</summary>
    public long Retransmits => _info.Retransmits;

    /// <summary>mptcpi_bytes_retrans: how many bytes those were. Linux 6.5.</summary>
    public ulong BytesRetransmitted => _info.BytesRetransmitted;

    /// <summary>mptcpi_bytes_sent: how many bytes were sent. Linux 6.5.</summary>
    public ulong BytesSent => _info.BytesSent;

    /// <summary>mptcpi_bytes_received: how many bytes came. Linux 6.5.</summary>
    public ulong BytesReceived => _info.BytesReceived;

    /// <summary>mptcpi_bytes_acked: how many bytes the peer acknowledged. Linux 6.5.</summary>
    public ulong BytesAcknowledged => _info.BytesAcknowledged;

    /// <summary>mptcpi_subflows_total: how many subflows there are, the first included. Linux 6.8.</summary>
    public int SubflowsTotal => _info.SubflowsTotal;

    /// <summary>mptcpi_last_data_sent: how long ago data was sent. Linux 6.10.</summary>
    public TimeSpan LastDataSent => TimeSpan.FromMilliseconds(_info.LastDataSent);

    /// <summary>mptcpi_last_data_recv: how long ago data came. Linux 6.10.</summary>
    public TimeSpan LastDataReceived => TimeSpan.FromMilliseconds(_info.LastDataReceived);

    /// <summary>mptcpi_last_ack_recv: how long ago an acknowledgement came. Linux 6.10.</summary>
    public TimeSpan LastAcknowledgementReceived => TimeSpan.FromMilliseconds(_info.LastAcknowledgementReceived);

    /// <summary>The subflows and the bytes, for logs.</summary>
    public override string ToString() =>
        $"{SubflowsTotal} subflows{(FellBack ? ", fallen back to TCP" : "")}, {BytesSent} bytes sent, {BytesReceived} received";
}

/// <summary>Where a subflow runs: struct mptcp_subflow_addrs.</summary>
/// <param name="Local">This end; null where the kernel gives none.</param>
/// <param name="Remote">The peer's; null where the kernel gives none, as on a listener.</param>
public readonly record struct MultipathTcpAddresses(EndPoint? Local, EndPoint? Remote);

/// <summary>One TCP connection of a multipath TCP connection: struct mptcp_subflow_info and struct tcp_info.</summary>
/// <param name="Id">The subflow's number within its connection, from 1 on.</param>
/// <param name="Addresses">Where it runs.</param>
/// <param name="Information">What the kernel knows about it.</param>
public readonly record struct MultipathTcpSubflow(long Id, MultipathTcpAddresses Addresses, TcpInformation Information);

/// <summary>A multipath TCP connection with all of its subflows, at one moment: struct mptcp_full_info, <see cref="MultipathTcpOptions.Details"/>.</summary>
public sealed class MultipathTcpDetails
{
    internal MultipathTcpDetails(MultipathTcpInformation information, IReadOnlyList<MultipathTcpSubflow> subflows)
    {
        Information = information;
        Subflows = subflows;
    }

    /// <summary>The connection as a whole.</summary>
    public MultipathTcpInformation Information { get; }

    /// <summary>Its subflows.</summary>
    public IReadOnlyList<MultipathTcpSubflow> Subflows { get; }
}
