using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>How far a bound TIPC service is visible.</summary>
public enum TipcScope
{
    /// <summary>0: the kernel's default, the cluster.</summary>
    Default = 0,

    /// <summary>TIPC_ZONE_SCOPE: the zone, which is the cluster since Linux 4.17.</summary>
    Zone = TipcConstants.TIPC_ZONE_SCOPE,

    /// <summary>TIPC_CLUSTER_SCOPE: all nodes of the cluster.</summary>
    Cluster = TipcConstants.TIPC_CLUSTER_SCOPE,

    /// <summary>TIPC_NODE_SCOPE: this node alone.</summary>
    Node = TipcConstants.TIPC_NODE_SCOPE,
}

/// <summary>What a <see cref="TipcEndPoint"/> names: its addrtype.</summary>
public enum TipcAddressKind
{
    /// <summary>TIPC_SERVICE_ADDR: one instance of a service; where a message or connection goes.</summary>
    Service,

    /// <summary>TIPC_SERVICE_RANGE: all instances from one to another; what is bound, and where multicast goes.</summary>
    Range,

    /// <summary>TIPC_SOCKET_ADDR: one socket of one node; what accept and getpeername give.</summary>
    Port,
}

/// <summary>AF_TIPC, struct sockaddr_tipc, tipc(7): a service, a range of its instances, or one socket.</summary>
/// <remarks>
/// Text: <c>tipc://1000:1</c> a service's instance, <c>tipc://1000:1@1001001</c> looked up on one node (in
/// hexadecimal), <c>tipc://1000:1-5</c> a range, <c>tipc://@1001001:77</c> socket 77 of a node. The scope follows
/// where it is not the default: <c>/zone</c>, <c>/cluster</c>, <c>/node</c>, and <c>/-node</c> to unbind.
/// </remarks>
public sealed class TipcEndPoint : LinuxEndPoint<TipcEndPoint>, ISpanParsable<TipcEndPoint>
{
    private const int AddressBytes = 16;
    private const string Prefix = "tipc://";

    // The union's three numbers: type, instance, domain; type, lower, upper; ref, node, 0.
    private readonly uint _first;
    private readonly uint _second;
    private readonly uint _third;

    private TipcEndPoint(TipcAddressKind kind, TipcScope scope, uint first, uint second, uint third)
    {
        Kind = kind;
        Scope = scope;
        _first = first;
        _second = second;
        _third = third;
    }

    // The kernel's addrtype for each kind.
    private static ReadOnlySpan<byte> KernelKinds => [TipcConstants.TIPC_ADDR_NAME, TipcConstants.TIPC_ADDR_NAMESEQ, TipcConstants.TIPC_ADDR_ID];

    /// <inheritdoc/>
    public override int Family => FamilyConstants.AF_TIPC;

    /// <summary>What the address names.</summary>
    public TipcAddressKind Kind { get; }

    /// <summary>How far a bound name is visible; −128 to 127. A negative one, in bind, withdraws the name.</summary>
    public TipcScope Scope { get; }

    /// <summary>The service's type; 0 for a port. Those below 64 are reserved for TIPC.</summary>
    public uint Type => Kind == TipcAddressKind.Port ? 0 : _first;

    /// <summary>The instance, the first of a range; 0 for a port.</summary>
    public uint Lower => Kind == TipcAddressKind.Port ? 0 : _second;

    /// <summary>The range's last instance, otherwise <see cref="Lower"/>.</summary>
    public uint Upper => Kind == TipcAddressKind.Range ? _third : Lower;

    /// <summary>The node: a port's own, or for a service where to look, 0 for the whole cluster.</summary>
    public uint NodeAddress => Kind switch
    {
        TipcAddressKind.Port => _second,
        TipcAddressKind.Service => _third,
        _ => 0,
    };

    /// <summary>A port's number on its node; 0 for a service.</summary>
    public uint Reference => Kind == TipcAddressKind.Port ? _first : 0;

    /// <summary>One instance of a service.</summary>
    /// <param name="type">The service; from 64 on.</param>
    /// <param name="instance">Which of it.</param>
    /// <param name="node">The node to look on; 0, the default, is the whole cluster.</param>
    /// <param name="scope">For bind. Defaults to the cluster.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The scope is not −128 to 127.</exception>
    public static TipcEndPoint Service(uint type, uint instance, uint node = 0, TipcScope scope = TipcScope.Default) =>
        new(TipcAddressKind.Service, Checked(scope), type, instance, node);

    /// <summary>A range of a service's instances.</summary>
    /// <param name="type">The service; from 64 on.</param>
    /// <param name="lower">The first instance.</param>
    /// <param name="upper">The last one; the kernel refuses one below <paramref name="lower"/>.</param>
    /// <param name="scope">For bind. Defaults to the cluster.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The scope is not −128 to 127.</exception>
    public static TipcEndPoint Range(uint type, uint lower, uint upper, TipcScope scope = TipcScope.Default) =>
        new(TipcAddressKind.Range, Checked(scope), type, lower, upper);

    /// <summary>One socket of one node.</summary>
    /// <param name="reference">The socket's number.</param>
    /// <param name="node">The node.</param>
    /// <returns>The end point.</returns>
    public static TipcEndPoint Port(uint reference, uint node) => new(TipcAddressKind.Port, TipcScope.Default, reference, node, 0);

    /// <summary>The same address with its scope negated: binding it withdraws the name.</summary>
    /// <returns>The end point; the default scope becomes the cluster's.</returns>
    public TipcEndPoint ToUnbind()
    {
        int scope = Scope == TipcScope.Default ? TipcConstants.TIPC_CLUSTER_SCOPE : (int)Scope;
        return new TipcEndPoint(Kind, (TipcScope)Math.Max(-Math.Abs(scope), sbyte.MinValue), _first, _second, _third);
    }

    /// <summary>Reads what <see cref="ToString"/> wrote: <c>tipc://1000:1</c>, <c>tipc://1000:1-5</c>, …; the prefix may be absent.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is not such an end point.</exception>
    public static TipcEndPoint Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        Read(s, Prefix, TryRead, right: "tipc://1000:1  tipc://1000:1-5  tipc://1000:1-5/node");

    /// <summary>As <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>, without an exception.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [NotNullWhen(true)] out TipcEndPoint? result) =>
        TryRead(s, Prefix, TryRead, out result);

    /// <summary>As <c>tipc://1000:1</c>; see the type's remarks.</summary>
    /// <returns>Text that <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/> reads back.</returns>
    public override string ToString()
    {
        string address = Kind switch
        {
            TipcAddressKind.Range => $"{_first}:{_second}-{_third}",
            TipcAddressKind.Port => $"@{_second:x}:{_first}",
            _ => _third == 0 ? $"{_first}:{_second}" : $"{_first}:{_second}@{_third:x}",
        };
        string scope = Scope switch
        {
            TipcScope.Default => "",
            TipcScope.Zone => "/zone",
            TipcScope.Cluster => "/cluster",
            TipcScope.Node => "/node",
            (TipcScope)(-TipcConstants.TIPC_ZONE_SCOPE) => "/-zone",
            (TipcScope)(-TipcConstants.TIPC_CLUSTER_SCOPE) => "/-cluster",
            (TipcScope)(-TipcConstants.TIPC_NODE_SCOPE) => "/-node",
            _ => "/" + ((int)Scope).ToString(CultureInfo.InvariantCulture),
        };
        return Prefix + address + scope;
    }

    internal static bool TryRead(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out TipcEndPoint? result)
    {
        const string Form = "this is no type:instance, type:lower-upper or @node:socket, a scope behind it: 1000:1/cluster";
        result = null;
        if (part.IsEmpty)
        {
            return reader.Fail(part.Start, "a service is missing: its type, : and its instance");
        }

        SocketUriPart scopeName = part;
        bool hasScope = reader.Cut(ref scopeName, '/', out SocketUriPart name);
        if (!reader.Cut(ref name, ':', out SocketUriPart before))
        {
            return reader.Fail(before.End, "after the type comes : and the instance");
        }

        ulong third = 0;
        TipcAddressKind kind;
        ulong first;
        ulong second;
        if (reader.Span(before) is ['@', ..])
        {
            kind = TipcAddressKind.Port;
            if (!reader.TryHex(before with { Start = before.Start + 1 }, uint.MaxValue, Form, out second)
                || !reader.TryDecimal(name, uint.MaxValue, Form, out first))
            {
                return false;
            }
        }
        else
        {
            bool isRange = reader.Find(name, '-') >= 0;
            kind = isRange ? TipcAddressKind.Range : TipcAddressKind.Service;
            bool hasThird = reader.Cut(ref name, isRange ? '-' : '@', out SocketUriPart lower);
            if (!reader.TryDecimal(before, uint.MaxValue, Form, out first) || !reader.TryDecimal(lower, uint.MaxValue, Form, out second)
                || (hasThird && !(isRange ? reader.TryDecimal(name, uint.MaxValue, Form, out third) : reader.TryHex(name, uint.MaxValue, Form, out third))))
            {
                return false;
            }
        }

        var scope = TipcScope.Default;
        if (hasScope && !TryScope(reader.Span(scopeName), out scope))
        {
            return reader.Fail(scopeName.Start, "a scope is zone, cluster or node, - before it to unbind, or −128 to 127");
        }

        result = new TipcEndPoint(kind, scope, (uint)first, (uint)second, (uint)third);
        return true;
    }

    internal static EndPoint? TryDecode(ReadOnlySpan<byte> address)
    {
        int at = address.Length < AddressBytes ? -1 : KernelKinds.IndexOf(address[2]);
        if (at < 0)
        {
            return null;
        }

        var kind = (TipcAddressKind)at;
        return new TipcEndPoint(
            kind,
            (TipcScope)(sbyte)address[3],
            BitConverter.ToUInt32(address[4..]),
            BitConverter.ToUInt32(address[8..]),
            kind == TipcAddressKind.Port ? 0 : BitConverter.ToUInt32(address[12..]));
    }

    internal override int Encode(Span<byte> destination)
    {
        Span<byte> address = Begin(destination, AddressBytes);
        address[2] = KernelKinds[(int)Kind];
        address[3] = (byte)(sbyte)Scope;
        BitConverter.TryWriteBytes(address[4..], _first);
        BitConverter.TryWriteBytes(address[8..], _second);
        BitConverter.TryWriteBytes(address[12..], _third);
        return AddressBytes;
    }

    private static bool TryScope(ReadOnlySpan<char> text, out TipcScope scope)
    {
        bool negative = text.StartsWith('-');
        scope = (negative ? text[1..] : text) switch
        {
            "zone" => TipcScope.Zone,
            "cluster" => TipcScope.Cluster,
            "node" => TipcScope.Node,
            _ => TipcScope.Default,
        };
        if (scope != TipcScope.Default)
        {
            scope = negative ? (TipcScope)(-(int)scope) : scope;
            return true;
        }

        bool read = sbyte.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out sbyte number);
        scope = (TipcScope)number;
        return read;
    }

    private static TipcScope Checked(TipcScope scope)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan((int)scope, sbyte.MinValue, nameof(scope));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((int)scope, sbyte.MaxValue, nameof(scope));
        return scope;
    }
}

/// <summary>AF_TIPC: struct sockaddr_tipc, &lt;linux/tipc.h&gt;, tipc(7). All in the machine's byte order.</summary>
internal sealed class TipcFamily : FamilyRow
{
    internal TipcFamily()
        : base(FamilyConstants.AF_TIPC, "AF_TIPC", "tipc") => Schemes = TipcScheme.Schemes;

    // There is no half-close, and close sends the peer TIPC_ERR_NO_PORT, as for a socket that never existed: net/tipc/socket.c, tipc_release.
    internal override bool ClosesByReset => true;

    // net/tipc/socket.c, tipc_connect.
    internal override (int Level, int Name)? ConnectTimeout => (TipcConstants.SOL_TIPC, TipcConstants.TIPC_CONN_TIMEOUT);

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like) => TipcEndPoint.TryDecode(address);

    internal override string? Cause(string call, int errno, EndPoint endPoint) => (call, errno) switch
    {
        ("connect" or "send to", Errno.EHOSTUNREACH) => endPoint is TipcEndPoint { Kind: TipcAddressKind.Port }
            ? "there is no such node, or it has no such socket"
            : "no socket has bound that service name; is the server running?",
        ("connect", Errno.ETIMEDOUT) => "the peer did not accept within the time limit",
        ("bind", Errno.EACCES) => "not permitted; service types below 64 are TIPC's own",
        _ => null,
    };
}

/// <summary><c>tipc://TYPE:INSTANCE</c> and the other forms of <see cref="TipcEndPoint"/>.</summary>
internal sealed class TipcScheme : SocketUriScheme
{
    private TipcScheme(string name, SocketType type, string summary)
        : base($"{name}://", type, ProtocolType.Unspecified, $"{name}://1000:1", summary)
    {
    }

    internal static TipcScheme[] Schemes { get; } =
    [
        new("tipc", SocketType.Stream, "TIPC, a stream: a service's type and instance; 1000:1-5 is a range"),
        new("tipc-seqpacket", SocketType.Seqpacket, "TIPC, messages in order"),
        new("tipc-rdm", SocketType.Rdm, "TIPC, reliable datagrams"),
        new("tipc-dgram", SocketType.Dgram, "TIPC, datagrams"),
    ];

    internal override SocketUriTraits Traits =>
        SocketUriTraits.HasSource | (SocketType is SocketType.Stream or SocketType.Seqpacket ? SocketUriTraits.Listens : 0);

    internal override AddressFamily AddressFamily => AddressFamily.Tipc;

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target)
    {
        bool read = TipcEndPoint.TryRead(reader, part, out TipcEndPoint? endPoint);
        target = new(endPoint);
        return read;
    }

    internal override string Print(in SocketUriTarget target) => target.EndPoint!.ToString()!["tipc://".Length..];

    internal override bool Accepts(EndPoint endPoint) => endPoint is TipcEndPoint;
}
