using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>svm_flags of a <see cref="VsockEndPoint"/>.</summary>
[Flags]
public enum VsockFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>VMADDR_FLAG_TO_HOST: send to the host always, for siblings it forwards between; Linux 5.11.</summary>
    ToHost = VsockConstants.VMADDR_FLAG_TO_HOST,
}

/// <summary>AF_VSOCK, struct sockaddr_vm, vsock(7): a port of a virtual machine or of its host.</summary>
/// <remarks>Text: <c>vsock://2:8080</c>, <c>vsock://*:8080</c> for any machine, and with flags <c>vsock://3:8080/1</c>.</remarks>
public sealed class VsockEndPoint : LinuxEndPoint<VsockEndPoint>, ISpanParsable<VsockEndPoint>
{
    /// <summary>VMADDR_CID_ANY: in bind, whichever address this machine has.</summary>
    public const uint Any = VsockConstants.VMADDR_CID_ANY;

    /// <summary>VMADDR_CID_HYPERVISOR.</summary>
    public const uint Hypervisor = VsockConstants.VMADDR_CID_HYPERVISOR;

    /// <summary>VMADDR_CID_LOCAL: this machine itself, where the loopback's module is loaded; Linux 5.6.</summary>
    public const uint Local = VsockConstants.VMADDR_CID_LOCAL;

    /// <summary>VMADDR_CID_HOST: the machine that runs this one.</summary>
    public const uint Host = VsockConstants.VMADDR_CID_HOST;

    /// <summary>VMADDR_PORT_ANY: in bind, a port of the kernel's choice.</summary>
    public const uint AnyPort = VsockConstants.VMADDR_PORT_ANY;

    // sizeof(struct sockaddr), to which sockaddr_vm is filled up with zeros.
    private const int AddressBytes = 16;
    private const string Prefix = "vsock://";

    /// <summary>A machine and a port.</summary>
    /// <param name="contextId">svm_cid: <see cref="Any"/>, <see cref="Local"/>, <see cref="Host"/>, or a guest's number from 3 on.</param>
    /// <param name="port">svm_port: 32 bits; below 1024 needs CAP_NET_BIND_SERVICE to bind. <see cref="AnyPort"/> lets the kernel choose.</param>
    /// <param name="flags">svm_flags. Defaults to none.</param>
    public VsockEndPoint(uint contextId, uint port, VsockFlags flags = VsockFlags.None)
    {
        ContextId = contextId;
        Port = port;
        Flags = flags;
    }

    /// <inheritdoc/>
    public override int Family => FamilyConstants.AF_VSOCK;

    /// <summary>svm_cid: which machine.</summary>
    public uint ContextId { get; }

    /// <summary>svm_port.</summary>
    public uint Port { get; }

    /// <summary>svm_flags.</summary>
    public VsockFlags Flags { get; }

    /// <summary>Reads what <see cref="ToString"/> wrote: <c>vsock://2:8080</c>; the prefix may be absent, <c>*</c> is any.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is not such an end point.</exception>
    public static VsockEndPoint Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        Read(s, Prefix, TryRead, right: "vsock://2:8080  vsock://*:8080");

    /// <summary>As <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>, without an exception.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [NotNullWhen(true)] out VsockEndPoint? result) =>
        TryRead(s, Prefix, TryRead, out result);

    /// <summary>As <c>vsock://2:8080</c>.</summary>
    /// <returns>Text that <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/> reads back.</returns>
    public override string ToString()
    {
        string machine = ContextId == Any ? "*" : ContextId.ToString(CultureInfo.InvariantCulture);
        string port = Port == AnyPort ? "*" : Port.ToString(CultureInfo.InvariantCulture);
        return Flags == VsockFlags.None ? $"{Prefix}{machine}:{port}" : $"{Prefix}{machine}:{port}/{(byte)Flags}";
    }

    internal static bool TryRead(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out VsockEndPoint? result)
    {
        result = null;
        int colon = reader.Find(part, ':');
        int slash = reader.Find(part, '/');
        if (colon < 0)
        {
            return part.IsEmpty ? reader.Fail(part.Start, "a context id is missing: a number, or * for any")
                : reader.Fail(part.End, "a port is missing: : and a number, or * for any");
        }

        long flags = 0;
        if (!TryNumber(reader, part with { End = colon }, "a context id", Any, out uint contextId)
            || !TryNumber(reader, new(colon + 1, slash < 0 ? part.End : slash), "a port", AnyPort, out uint port)
            || (slash >= 0 && !reader.TryNumber(part with { Start = slash + 1 }, "the flags", 0, byte.MaxValue, out flags)))
        {
            return false;
        }

        result = new VsockEndPoint(contextId, port, (VsockFlags)flags);
        return true;
    }

    internal static EndPoint? TryDecode(ReadOnlySpan<byte> address) => address.Length < AddressBytes
        ? null
        : new VsockEndPoint(BitConverter.ToUInt32(address[8..]), BitConverter.ToUInt32(address[4..]), (VsockFlags)address[12]);

    internal override int Encode(Span<byte> destination)
    {
        Span<byte> address = Begin(destination, AddressBytes);
        BitConverter.TryWriteBytes(address[4..], Port);
        BitConverter.TryWriteBytes(address[8..], ContextId);
        address[12] = (byte)Flags;
        return AddressBytes;
    }

    private static bool TryNumber(SocketUriReader reader, SocketUriPart part, string what, uint any, out uint value)
    {
        bool isAny = reader.Span(part) is "*";
        long number = any;
        bool read = isAny || reader.TryNumber(part, what, 0, uint.MaxValue, out number);
        value = (uint)number;
        return read;
    }
}

/// <summary>AF_VSOCK: struct sockaddr_vm, &lt;linux/vm_sockets.h&gt;, vsock(7). All in the machine's byte order.</summary>
internal sealed class VsockFamily : FamilyRow
{
    internal VsockFamily()
        : base(FamilyConstants.AF_VSOCK, "AF_VSOCK", "vsock", "vsock_loopback") => Schemes = VsockScheme.Schemes;

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like) => VsockEndPoint.TryDecode(address);

    internal override bool StaysConnecting => true;

    internal override bool IsUnbound(EndPoint local) => local is VsockEndPoint { Port: VsockEndPoint.AnyPort };

    internal override string? Cause(string call, int errno, EndPoint endPoint) => (call, errno) switch
    {
        // A refusal comes as a reset: virtio_transport_recv_connecting, net/vmw_vsock/virtio_transport_common.c.
        ("connect", Errno.ECONNRESET) => "nothing listens there",
        ("connect", Errno.ENODEV) => "this machine has no vsock transport to there; a guest needs its hypervisor's driver, a host vhost_vsock, and both vsock_loopback for themselves",
        ("connect", Errno.ETIMEDOUT) => "no answer within the time limit; the machine may be down, or without a vsock driver",
        ("bind", Errno.EADDRINUSE) => "another socket is bound there; see which with: ss --vsock -lnp",
        ("bind", Errno.EADDRNOTAVAIL) => "that is not this machine's context id; * is whichever it has",
        ("bind", Errno.EACCES) => "not permitted; ports below 1024 need CAP_NET_BIND_SERVICE",
        _ => null,
    };
}

/// <summary><c>vsock://CID:PORT</c>; * is any.</summary>
internal sealed class VsockScheme : SocketUriScheme
{
    private VsockScheme(string name, SocketType type, string summary)
        : base($"{name}://", type, ProtocolType.Unspecified, $"{name}://2:8080", summary)
    {
    }

    internal static VsockScheme[] Schemes { get; } =
    [
        new("vsock", SocketType.Stream, "between a virtual machine and its host (2): context and port; * is any"),
        new("vsock-seqpacket", SocketType.Seqpacket, "the same, of messages in order"),
        new("vsock-dgram", SocketType.Dgram, "the same, of datagrams, which few hypervisors carry"),
    ];

    internal override SocketUriTraits Traits => SocketUriTraits.HasSource | (SocketType == SocketType.Dgram ? 0 : SocketUriTraits.Listens);

    internal override AddressFamily AddressFamily => AddressFamily.Vsock;

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target)
    {
        bool read = VsockEndPoint.TryRead(reader, part, out VsockEndPoint? endPoint);
        target = new(endPoint);
        return read;
    }

    internal override string Print(in SocketUriTarget target) => target.EndPoint!.ToString()!["vsock://".Length..];

    internal override bool Accepts(EndPoint endPoint) => endPoint is VsockEndPoint;
}
