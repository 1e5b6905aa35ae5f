using System.Net;

namespace Sockeye;

/// <summary>A key for TCP's authentication option (RFC 5925), a master key tuple: struct tcp_ao_add, <see cref="TcpOptions.AddAuthenticationKey"/>.</summary>
/// <remarks>The secret is never printed.</remarks>
public sealed class TcpAuthenticationKey
{
    private const int SecretBytesMax = 80; // TCP_AO_MAXKEYLEN

    private readonly byte[] _secret;

    /// <param name="peer">The peer's address, or the first of a prefix of addresses; any port.</param>
    /// <param name="sendId">SendID: the key's number in segments sent.</param>
    /// <param name="receiveId">RecvID: the key's number in segments that come.</param>
    /// <param name="secret">At most 80 bytes.</param>
    /// <exception cref="ArgumentException">The secret is longer than 80 bytes.</exception>
    public TcpAuthenticationKey(IPAddress peer, byte sendId, byte receiveId, ReadOnlySpan<byte> secret)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (secret.Length > SecretBytesMax)
        {
            throw new ArgumentException($"At most {SecretBytesMax} bytes.", nameof(secret));
        }

        Peer = peer;
        SendId = sendId;
        ReceiveId = receiveId;
        _secret = secret.ToArray();
    }

    /// <summary>addr: the peer's address.</summary>
    public IPAddress Peer { get; }

    /// <summary>sndid: the key's number in segments sent.</summary>
    public byte SendId { get; }

    /// <summary>rcvid: the key's number in segments that come.</summary>
    public byte ReceiveId { get; }

    /// <summary>alg_name: the kernel's name of the algorithm, at most 63 bytes. Defaults to hmac(sha1), which RFC 5926 asks of everyone; cmac(aes128) is its other.</summary>
    public string Algorithm { get; init; } = "hmac(sha1)";

    /// <summary>prefix: for how many leading bits of the address; null, the default, is all, and none for 0.0.0.0 and ::.</summary>
    public byte? PrefixLength { get; init; }

    /// <summary>maclen: the authentication code's length in bytes. Defaults to 0: 12.</summary>
    public byte CodeLength { get; init; }

    /// <summary>ifindex: the index of a routing domain's interface; null, the default, is any.</summary>
    public int? InterfaceIndex { get; init; }

    /// <summary>TCP_AO_KEYF_EXCLUDE_OPT: other TCP options are not signed. Defaults to false.</summary>
    public bool ExcludeOptions { get; init; }

    /// <summary>set_current: the key signs from now on. Defaults to false.</summary>
    public bool SetCurrent { get; init; }

    /// <summary>set_rnext: the peer is asked to sign with it from now on. Defaults to false.</summary>
    public bool SetNext { get; init; }

    internal ReadOnlySpan<byte> Secret => _secret;

    internal byte Prefix => TcpAuthenticationLayouts.Prefix(Peer, PrefixLength);

    /// <summary>The peer and the key's numbers, without the secret.</summary>
    public override string ToString() => $"{Peer}, {Algorithm}, sent as {SendId}, received as {ReceiveId}, a secret of {_secret.Length} bytes";
}

/// <summary>Takes a key away: struct tcp_ao_del, <see cref="TcpOptions.DeleteAuthenticationKey"/>.</summary>
/// <param name="Peer">addr: the address that the key was added for.</param>
/// <param name="SendId">sndid: the key's number in segments sent.</param>
/// <param name="ReceiveId">rcvid: the key's number in segments that come.</param>
public sealed record TcpAuthenticationKeyRemoval(IPAddress Peer, byte SendId, byte ReceiveId)
{
    /// <summary>prefix: as the key was added; null, the default, is the whole address, and none for 0.0.0.0 and ::.</summary>
    public byte? PrefixLength { get; init; }

    /// <summary>ifindex: as the key was added; null is any.</summary>
    public int? InterfaceIndex { get; init; }

    /// <summary>current_key: the SendID of the key that signs from now on; null, the default, leaves that.</summary>
    public byte? CurrentKey { get; init; }

    /// <summary>rnext: the RecvID of the key that the peer is asked for from now on; null, the default, leaves that.</summary>
    public byte? NextKey { get; init; }

    /// <summary>del_async: on listeners, the kernel does not wait until the key is out of use. Defaults to false.</summary>
    public bool Asynchronous { get; init; }

    internal byte Prefix => TcpAuthenticationLayouts.Prefix(Peer, PrefixLength);
}

/// <summary>What a socket does with signed segments: struct tcp_ao_info_opt, <see cref="TcpOptions.Authentication"/>.</summary>
public sealed record TcpAuthentication
{
    /// <summary>current_key: the SendID of the key that signs; null: none is set, or, set, is left.</summary>
    public byte? CurrentKey { get; init; }

    /// <summary>rnext: the RecvID of the key that the peer is asked for; null: none is set, or, set, is left.</summary>
    public byte? NextKey { get; init; }

    /// <summary>ao_required: connections that are not signed are refused. Defaults to false.</summary>
    public bool IsRequired { get; init; }

    /// <summary>accept_icmps: ICMP errors end a connection, although they are not signed. Defaults to false.</summary>
    public bool AcceptIcmp { get; init; }

    /// <summary>set_counters: setting the option sets the counters as well. Defaults to false; reads as false.</summary>
    public bool SetCounters { get; init; }

    /// <summary>pkt_good: how many segments were verified.</summary>
    public ulong Verified { get; init; }

    /// <summary>pkt_bad: how many were not.</summary>
    public ulong Failed { get; init; }

    /// <summary>pkt_key_not_found: how many came with a key that is not known.</summary>
    public ulong KeyNotFound { get; init; }

    /// <summary>pkt_ao_required: how many came without a signature.</summary>
    public ulong Unsigned { get; init; }

    /// <summary>pkt_dropped_icmp: how many errors by ICMP were passed over.</summary>
    public ulong DroppedIcmp { get; init; }
}

/// <summary>A key that a socket has, without its secret: struct tcp_ao_getsockopt, <see cref="TcpOptions.AuthenticationKeys"/>.</summary>
/// <param name="Peer">addr: the peer's address.</param>
/// <param name="PrefixLength">prefix: for how many leading bits of it.</param>
/// <param name="SendId">sndid: the key's number in segments sent.</param>
/// <param name="ReceiveId">rcvid: the key's number in segments that come.</param>
/// <param name="Algorithm">alg_name: the kernel's name of the algorithm.</param>
/// <param name="CodeLength">maclen: the authentication code's length in bytes.</param>
/// <param name="InterfaceIndex">ifindex: the routing domain's interface; null is any.</param>
/// <param name="ExcludeOptions">TCP_AO_KEYF_EXCLUDE_OPT: other TCP options are not signed.</param>
/// <param name="IsCurrent">is_current: this key signs.</param>
/// <param name="IsNext">is_rnext: the peer is asked for this key.</param>
/// <param name="Verified">pkt_good: how many segments it verified.</param>
/// <param name="Failed">pkt_bad: how many it did not.</param>
public sealed record TcpAuthenticationKeyState(
    IPAddress Peer,
    byte PrefixLength,
    byte SendId,
    byte ReceiveId,
    string Algorithm,
    byte CodeLength,
    int? InterfaceIndex,
    bool ExcludeOptions,
    bool IsCurrent,
    bool IsNext,
    ulong Verified,
    ulong Failed);

/// <summary>What a signed connection under repair counts from: struct tcp_ao_repair, <see cref="TcpOptions.AuthenticationRepair"/>.</summary>
/// <param name="SentSequence">snt_isn: the initial sequence number sent.</param>
/// <param name="ReceivedSequence">rcv_isn: the initial sequence number that came.</param>
/// <param name="SendExtension">snd_sne: how often the numbers sent have wrapped.</param>
/// <param name="ReceiveExtension">rcv_sne: how often the numbers that come did.</param>
public readonly record struct TcpAuthenticationRepair(
    uint SentSequence, uint ReceivedSequence, uint SendExtension, uint ReceiveExtension);
