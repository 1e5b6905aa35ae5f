using Sockeye.Interop;

namespace Sockeye;

/// <summary>The states of a TCP connection: TCP_ESTABLISHED and its like, &lt;netinet/tcp.h&gt;.</summary>
public enum TcpState
{
    /// <summary>No state.</summary>
    None = 0,

    /// <summary>TCP_ESTABLISHED: data flows both ways.</summary>
    Established = 1,

    /// <summary>TCP_SYN_SENT: connecting.</summary>
    SynSent = 2,

    /// <summary>TCP_SYN_RECV: being connected to.</summary>
    SynReceived = 3,

    /// <summary>TCP_FIN_WAIT1: shut down here, not acknowledged yet.</summary>
    FinWait1 = 4,

    /// <summary>TCP_FIN_WAIT2: shut down here, open there.</summary>
    FinWait2 = 5,

    /// <summary>TCP_TIME_WAIT: over, waiting for what may still be under way.</summary>
    TimeWait = 6,

    /// <summary>TCP_CLOSE: not connected.</summary>
    Close = 7,

    /// <summary>TCP_CLOSE_WAIT: shut down there, open here.</summary>
    CloseWait = 8,

    /// <summary>TCP_LAST_ACK: shut down there and here, not acknowledged yet.</summary>
    LastAck = 9,

    /// <summary>TCP_LISTEN: listening.</summary>
    Listen = 10,

    /// <summary>TCP_CLOSING: both ends shut down at once.</summary>
    Closing = 11,

    /// <summary>TCP_NEW_SYN_RECV: of the kernel's own use.</summary>
    NewSynReceived = 12,
}

/// <summary>How a sender sees the way: TCP_CA_Open and its like.</summary>
public enum TcpCongestionState
{
    /// <summary>TCP_CA_Open: nothing bad of late.</summary>
    Open = 0,

    /// <summary>TCP_CA_Disorder: segments were acknowledged out of order.</summary>
    Disorder = 1,

    /// <summary>TCP_CA_CWR: the window was cut, for a mark of congestion or a drop on this machine.</summary>
    WindowReduced = 2,

    /// <summary>TCP_CA_Recovery: lost segments are being sent again.</summary>
    Recovery = 3,

    /// <summary>TCP_CA_Loss: a timeout came.</summary>
    Loss = 4,
}

/// <summary>What both ends agreed on: TCPI_OPT_.</summary>
[Flags]
public enum TcpConnectionOptions
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>TCPI_OPT_TIMESTAMPS: segments carry timestamps.</summary>
    Timestamps = 1,

    /// <summary>TCPI_OPT_SACK: selective acknowledgements.</summary>
    SelectiveAcknowledgement = 2,

    /// <summary>TCPI_OPT_WSCALE: windows are scaled.</summary>
    WindowScale = 4,

    /// <summary>TCPI_OPT_ECN: explicit congestion notification.</summary>
    CongestionNotification = 8,

    /// <summary>TCPI_OPT_ECN_SEEN: a segment came that could be marked.</summary>
    CongestionNotificationSeen = 16,

    /// <summary>TCPI_OPT_SYN_DATA: data travelled with the first segment and was taken (TCP Fast Open).</summary>
    SynData = 32,

    /// <summary>TCPI_OPT_USEC_TS: timestamps count microseconds. Linux 6.7.</summary>
    MicrosecondTimestamps = 64,

    /// <summary>TCPI_OPT_TFO_CHILD: the connection was accepted by TCP Fast Open. Linux 6.13.</summary>
    FastOpenChild = 128,
}

/// <summary>Why TCP Fast Open did not serve a client: TFO_STATUS_UNSPEC and its like.</summary>
public enum TcpFastOpenFailure
{
    /// <summary>TFO_STATUS_UNSPEC: it did, or was not asked for, or the reason is not known.</summary>
    None = 0,

    /// <summary>TFO_COOKIE_UNAVAILABLE: there was no cookie for the server yet.</summary>
    CookieUnavailable = 1,

    /// <summary>TFO_DATA_NOT_ACKED: the server did not take the data.</summary>
    DataNotAcknowledged = 2,

    /// <summary>TFO_SYN_RETRANSMITTED: the first segment had to be sent again.</summary>
    SynRetransmitted = 3,
}

/// <summary>What the kernel knows about a TCP connection: struct tcp_info, <see cref="TcpOptions.Information"/>.</summary>
/// <remarks>
/// The structure grows from kernel to kernel, and an older one fills less of it: a member that it does not know reads
/// as 0. <see cref="Length"/> is how many bytes it filled.
/// </remarks>
public readonly struct TcpInformation
{
    // Bit fields of struct tcp_info: two scales in one byte, then a flag and a reason of two bits.
    private const int ScaleMask = 0xF;
    private const int ScaleBits = 4;
    private const int FastOpenShift = 1;
    private const int FastOpenMask = 3;

    private readonly TcpInfo _info;

    internal TcpInformation(TcpInfo info, int length)
    {
        _info = info;
        Length = length;
    }

    /// <summary>How many bytes of struct tcp_info the kernel filled, of those that are read here: 232 on Linux 5.4, 248 from 6.7 on.</summary>
    public int Length { get; }

    /// <summary>tcpi_state: the connection's state.</summary>
    public TcpState State => (TcpState)_info.State;

    /// <summary>tcpi_ca_state: how the sender sees the way.</summary>
    public TcpCongestionState CongestionState => (TcpCongestionState)_info.CongestionState;

    /// <summary>tcpi_retransmits: how many timeouts there were in a row.</summary>
    public int Retransmits => _info.Retransmits;

    /// <summary>tcpi_probes: how many probes in a row got no reply.</summary>
    public int Probes => _info.Probes;

    /// <summary>tcpi_backoff: how often the time until the next try was doubled.</summary>
    public int Backoff => _info.Backoff;

    /// <summary>tcpi_options: what both ends agreed on.</summary>
    public TcpConnectionOptions Options => (TcpConnectionOptions)_info.Options;

    /// <summary>tcpi_snd_wscale: the peer's window counts units of 2 to this power.</summary>
    public int SendWindowScale => _info.WindowScales & ScaleMask;

    /// <summary>tcpi_rcv_wscale: this end's window counts units of 2 to this power.</summary>
    public int ReceiveWindowScale => _info.WindowScales >> ScaleBits;

    /// <summary>tcpi_delivery_rate_app_limited: <see cref="DeliveryRate"/> was measured while there was too little to send.</summary>
    public bool DeliveryRateIsLimitedByUser => (_info.Flags & 1) != 0;

    /// <summary>tcpi_fastopen_client_fail: why TCP Fast Open did not serve. Linux 5.4.</summary>
    public TcpFastOpenFailure FastOpenFailure => (TcpFastOpenFailure)((_info.Flags >> FastOpenShift) & FastOpenMask);

    /// <summary>tcpi_rto: after how long unacknowledged data is sent again.</summary>
    public TimeSpan RetransmissionTimeout => TimeSpan.FromMicroseconds(_info.RetransmissionTimeout);

    /// <summary>tcpi_ato: how long an acknowledgement is held back at most.</summary>
    public TimeSpan AcknowledgementTimeout => TimeSpan.FromMicroseconds(_info.AcknowledgementTimeout);

    /// <summary>tcpi_snd_mss: the largest segment sent, in bytes.</summary>
    public long SendSegment => _info.SendSegment;

    /// <summary>tcpi_rcv_mss: the largest segment that is thought to arrive, in bytes.</summary>
    public long ReceiveSegment => _info.ReceiveSegment;

    /// <summary>tcpi_unacked: how many segments are sent and not acknowledged; on a listener, how many connections wait for accept.</summary>
    public long Unacknowledged => _info.Unacknowledged;

    /// <summary>tcpi_sacked: how many segments were acknowledged out of order; on a listener, the backlog's limit.</summary>
    public long SelectivelyAcknowledged => _info.SelectivelyAcknowledged;

    /// <summary>tcpi_lost: how many segments are thought to be lost.</summary>
    public long Lost => _info.Lost;

    /// <summary>tcpi_retrans: how many segments sent again are not acknowledged yet.</summary>
    public long Retransmitted => _info.Retransmitted;

    /// <summary>tcpi_fackets: always 0 since Linux 4.15.</summary>
    public long ForwardAcknowledged => _info.ForwardAcknowledged;

    /// <summary>tcpi_last_data_sent: how long ago data was sent.</summary>
    public TimeSpan LastDataSent => TimeSpan.FromMilliseconds(_info.LastDataSent);

    /// <summary>tcpi_last_ack_sent: always zero; the kernel does not keep it.</summary>
    public TimeSpan LastAcknowledgementSent => TimeSpan.FromMilliseconds(_info.LastAcknowledgementSent);

    /// <summary>tcpi_last_data_recv: how long ago data came.</summary>
    public TimeSpan LastDataReceived => TimeSpan.FromMilliseconds(_info.LastDataReceived);

    /// <summary>tcpi_last_ack_recv: how long ago an acknowledgement came.</summary>
    public TimeSpan LastAcknowledgementReceived => TimeSpan.FromMilliseconds(_info.LastAcknowledgementReceived);

    /// <summary>tcpi_pmtu: the largest packet on the way, in bytes.</summary>
    public long PathMtu => _info.PathMtu;

    /// <summary>tcpi_rcv_ssthresh: how far the receive window may grow now, in bytes.</summary>
    public long ReceiveThreshold => _info.ReceiveThreshold;

    /// <summary>tcpi_rtt: the smoothed round-trip time.</summary>
    public TimeSpan RoundTrip => TimeSpan.FromMicroseconds(_info.RoundTrip);

    /// <summary>tcpi_rttvar: how much the round-trip time varies.</summary>
    public TimeSpan RoundTripVariation => TimeSpan.FromMicroseconds(_info.RoundTripVariation);

    /// <summary>tcpi_snd_ssthresh: where slow start ends, in segments.</summary>
    public long SendThreshold => _info.SendThreshold;

    /// <summary>tcpi_snd_cwnd: how many segments may be on their way.</summary>
    public long CongestionWindow => _info.CongestionWindow;

    /// <summary>tcpi_advmss: the largest segment that was announced to the peer, in bytes.</summary>
    public long AdvertisedSegment => _info.AdvertisedSegment;

    /// <summary>tcpi_reordering: how many places a segment may arrive late before it counts as lost.</summary>
    public long Reordering => _info.Reordering;

    /// <summary>tcpi_rcv_rtt: the round-trip time as the receiver sees it.</summary>
    public TimeSpan ReceiveRoundTrip => TimeSpan.FromMicroseconds(_info.ReceiveRoundTrip);

    /// <summary>tcpi_rcv_space: how much the reader takes in a round trip, in bytes.</summary>
    public long ReceiveSpace => _info.ReceiveSpace;

    /// <summary>tcpi_total_retrans: how many segments were sent again in all.</summary>
    public long TotalRetransmitted => _info.TotalRetransmitted;

    /// <summary>tcpi_pacing_rate: bytes per second; the largest number is no limit.</summary>
    public ulong PacingRate => _info.PacingRate;

    /// <summary>tcpi_max_pacing_rate: the limit of SO_MAX_PACING_RATE.</summary>
    public ulong MaxPacingRate => _info.MaxPacingRate;

    /// <summary>tcpi_bytes_acked: how many bytes the peer acknowledged.</summary>
    public ulong BytesAcknowledged => _info.BytesAcknowledged;

    /// <summary>tcpi_bytes_received: how many bytes came.</summary>
    public ulong BytesReceived => _info.BytesReceived;

    /// <summary>tcpi_segs_out: how many segments were sent.</summary>
    public long SegmentsOut => _info.SegmentsOut;

    /// <summary>tcpi_segs_in: how many segments came.</summary>
    public long SegmentsIn => _info.SegmentsIn;

    /// <summary>tcpi_notsent_bytes: how many bytes wait in the send buffer.</summary>
    public long NotSentBytes => _info.NotSentBytes;

    /// <summary>tcpi_min_rtt: the shortest round-trip time seen; about 71 minutes before any was.</summary>
    public TimeSpan MinimumRoundTrip => TimeSpan.FromMicroseconds(_info.MinimumRoundTrip);

    /// <summary>tcpi_data_segs_in: how many segments with data came.</summary>
    public long DataSegmentsIn => _info.DataSegmentsIn;

    /// <summary>tcpi_data_segs_out: how many segments with data were sent.</summary>
    public long DataSegmentsOut => _info.DataSegmentsOut;

    /// <summary>tcpi_delivery_rate: bytes per second, as last measured. Linux 4.9.</summary>
    public ulong DeliveryRate => _info.DeliveryRate;

    /// <summary>tcpi_busy_time: how long there was data to send or to be acknowledged. Linux 4.9.</summary>
    public TimeSpan BusyTime => TimeSpan.FromMicroseconds((long)_info.BusyTime);

    /// <summary>tcpi_rwnd_limited: how long the peer's window held it up. Linux 4.9.</summary>
    public TimeSpan ReceiveWindowLimited => TimeSpan.FromMicroseconds((long)_info.ReceiveWindowLimited);

    /// <summary>tcpi_sndbuf_limited: how long the send buffer held it up. Linux 4.9.</summary>
    public TimeSpan SendBufferLimited => TimeSpan.FromMicroseconds((long)_info.SendBufferLimited);

    /// <summary>tcpi_delivered: how many segments arrived, counted as often as sent. Linux 4.18.</summary>
    public long Delivered => _info.Delivered;

    /// <summary>tcpi_delivered_ce: how many of them were marked for congestion. Linux 4.18.</summary>
    public long DeliveredMarked => _info.DeliveredMarked;

    /// <summary>tcpi_bytes_sent: how many bytes were sent, again included. Linux 4.19.</summary>
    public ulong BytesSent => _info.BytesSent;

    /// <summary>tcpi_bytes_retrans: how many bytes were sent again. Linux 4.19.</summary>
    public ulong BytesRetransmitted => _info.BytesRetransmitted;

    /// <summary>tcpi_dsack_dups: how many segments the peer got twice. Linux 4.19.</summary>
    public long DuplicatesReported => _info.DuplicatesReported;

    /// <summary>tcpi_reord_seen: how often segments overtook each other. Linux 4.19.</summary>
    public long ReorderingSeen => _info.ReorderingSeen;

    /// <summary>tcpi_rcv_ooopack: how many segments came out of order. Linux 5.4.</summary>
    public long OutOfOrderReceived => _info.OutOfOrderReceived;

    /// <summary>tcpi_snd_wnd: the peer's receive window in bytes. Linux 5.4.</summary>
    public long SendWindow => _info.SendWindow;

    /// <summary>tcpi_rcv_wnd: the receive window that was announced to the peer, in bytes. Linux 6.2.</summary>
    public long ReceiveWindow => _info.ReceiveWindow;

    /// <summary>tcpi_rehash: how often another way through the network was tried. Linux 6.2.</summary>
    public long Rehashes => _info.Rehashes;

    /// <summary>tcpi_total_rto: how often a timeout made the kernel send again. Linux 6.7.</summary>
    public long TimeoutCount => _info.TimeoutCount;

    /// <summary>tcpi_total_rto_recoveries: how often the connection came back from that. Linux 6.7.</summary>
    public long TimeoutRecoveries => _info.TimeoutRecoveries;

    /// <summary>tcpi_total_rto_time: how long that took in all. Linux 6.7.</summary>
    public TimeSpan TimeoutTime => TimeSpan.FromMilliseconds(_info.TimeoutTime);

    /// <summary>The state, the round-trip time and the windows, for logs.</summary>
    public override string ToString() =>
        $"{State}, round trip {RoundTrip.TotalMilliseconds:0.###} ms, window {CongestionWindow} × {SendSegment} bytes, {TotalRetransmitted} sent again";
}
