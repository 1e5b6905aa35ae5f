using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>How a control message's value lies in its data.</summary>
internal abstract class ControlLayout<T>
{
    /// <summary>The longest data; what a receiver makes room for.</summary>
    internal abstract int MaxBytes { get; }

    /// <summary>Reads a value.</summary>
    /// <returns>False when the data is too short.</returns>
    internal abstract bool TryRead(ReadOnlySpan<byte> data, out T value);

    /// <summary>How many bytes <see cref="Write"/> writes.</summary>
    internal virtual int Measure(T value) => MaxBytes;

    /// <summary>Writes a value into data of just the length that <see cref="Measure"/> gave.</summary>
    internal abstract void Write(T value, Span<byte> data);
}

/// <summary>The value's own bytes.</summary>
internal sealed class PlainControlLayout<T> : ControlLayout<T>
    where T : unmanaged
{
    internal static readonly PlainControlLayout<T> Instance = new();

    private static readonly int Size = MemoryMarshal.AsBytes(new Span<T>(new T[1])).Length;

    internal override int MaxBytes => Size;

    internal override bool TryRead(ReadOnlySpan<byte> data, out T value) => MemoryMarshal.TryRead(data, out value);

    internal override void Write(T value, Span<byte> data) => MemoryMarshal.Write(data, in value);
}

/// <summary>A value that is converted from and to the kernel's structure.</summary>
internal abstract class ConvertedControlLayout<T, TKernel> : ControlLayout<T>
    where TKernel : unmanaged
{
    internal sealed override int MaxBytes => PlainControlLayout<TKernel>.Instance.MaxBytes;

    internal sealed override bool TryRead(ReadOnlySpan<byte> data, out T value)
    {
        bool read = PlainControlLayout<TKernel>.Instance.TryRead(data, out TKernel kernel);
        value = read ? FromKernel(kernel) : default!;
        return read;
    }

    internal sealed override void Write(T value, Span<byte> data) => PlainControlLayout<TKernel>.Instance.Write(ToKernel(value), data);

    protected abstract T FromKernel(TKernel value);

    protected abstract TKernel ToKernel(T value);
}

/// <summary>IP_TOS: one byte when received, an int when sent; the kernel takes either.</summary>
internal sealed class NumberOrByteLayout : ControlLayout<int>
{
    internal static readonly NumberOrByteLayout Instance = new();

    internal override int MaxBytes => sizeof(int);

    internal override bool TryRead(ReadOnlySpan<byte> data, out int value)
    {
        if (data.Length is > 0 and < sizeof(int))
        {
            value = data[0];
            return true;
        }

        return MemoryMarshal.TryRead(data, out value);
    }

    internal override void Write(int value, Span<byte> data) => MemoryMarshal.Write(data, in value);
}

/// <summary>struct in_pktinfo.</summary>
internal sealed class Ipv4InformationLayout : ConvertedControlLayout<Ipv4PacketInformation, IpPacketInformation>
{
    internal static readonly Ipv4InformationLayout Instance = new();

    protected override Ipv4PacketInformation FromKernel(IpPacketInformation value) =>
        new(value.InterfaceIndex, new IPAddress(value.LocalAddress), new IPAddress(value.DestinationAddress));

    protected override IpPacketInformation ToKernel(Ipv4PacketInformation value) => new()
    {
        InterfaceIndex = value.InterfaceIndex,
        LocalAddress = Ipv4AddressLayout.Number(value.LocalAddress ?? IPAddress.Any),
        DestinationAddress = Ipv4AddressLayout.Number(value.DestinationAddress ?? IPAddress.Any),
    };
}

/// <summary>struct in6_pktinfo.</summary>
internal sealed class Ipv6InformationLayout : ConvertedControlLayout<Ipv6PacketInformation, Interop.Ipv6PacketInformation>
{
    internal static readonly Ipv6InformationLayout Instance = new();

    private const int AddressBytes = 16;

    protected override Ipv6PacketInformation FromKernel(Interop.Ipv6PacketInformation value)
    {
        Span<byte> address = stackalloc byte[AddressBytes];
        MemoryMarshal.Write(address, in value.Address);
        return new(new IPAddress(address), value.InterfaceIndex);
    }

    protected override Interop.Ipv6PacketInformation ToKernel(Ipv6PacketInformation value) => Ipv6InterfaceLayout.Instance.ToKernel(value);
}

/// <summary>struct timeval.</summary>
internal sealed class MicrosecondsLayout : ConvertedControlLayout<KernelTimestamp, TimeValue>
{
    internal static readonly MicrosecondsLayout Instance = new();

    private const int NanosecondsPerMicrosecond = 1000;

    protected override KernelTimestamp FromKernel(TimeValue value) =>
        new(value.Seconds, (int)value.Microseconds * NanosecondsPerMicrosecond);

    protected override TimeValue ToKernel(KernelTimestamp value) =>
        new() { Seconds = value.Seconds, Microseconds = value.Nanoseconds / NanosecondsPerMicrosecond };
}

/// <summary>struct timespec.</summary>
internal sealed class NanosecondsLayout : ConvertedControlLayout<KernelTimestamp, TimeSpecification>
{
    internal static readonly NanosecondsLayout Instance = new();

    internal static KernelTimestamp Convert(TimeSpecification value) => new(value.Seconds, (int)value.Nanoseconds);

    internal static TimeSpecification Convert(KernelTimestamp value) =>
        new() { Seconds = value.Seconds, Nanoseconds = value.Nanoseconds };

    protected override KernelTimestamp FromKernel(TimeSpecification value) => Convert(value);

    protected override TimeSpecification ToKernel(KernelTimestamp value) => Convert(value);
}

/// <summary>struct scm_timestamping: software, one that is no longer used, hardware.</summary>
internal sealed class TimestampingLayout : ControlLayout<PacketTimestamps>
{
    internal static readonly TimestampingLayout Instance = new();

    private const int TimeBytes = 16;

    internal override int MaxBytes => 3 * TimeBytes;

    internal override bool TryRead(ReadOnlySpan<byte> data, out PacketTimestamps value)
    {
        if (data.Length < MaxBytes)
        {
            value = default;
            return false;
        }

        value = new PacketTimestamps(
            NanosecondsLayout.Convert(MemoryMarshal.Read<TimeSpecification>(data)),
            NanosecondsLayout.Convert(MemoryMarshal.Read<TimeSpecification>(data[(2 * TimeBytes)..])));
        return true;
    }

    internal override void Write(PacketTimestamps value, Span<byte> data)
    {
        data.Clear();
        MemoryMarshal.Write(data, NanosecondsLayout.Convert(value.Software));
        MemoryMarshal.Write(data[(2 * TimeBytes)..], NanosecondsLayout.Convert(value.Hardware));
    }
}

/// <summary>struct tpacket_auxdata.</summary>
internal sealed class PacketAuxiliaryLayout : ConvertedControlLayout<PacketAuxiliaryData, PacketAuxiliary>
{
    internal static readonly PacketAuxiliaryLayout Instance = new();

    protected override PacketAuxiliaryData FromKernel(PacketAuxiliary value) => new(
        value.Status,
        (int)Math.Min(value.Length, int.MaxValue),
        (int)Math.Min(value.SnapshotLength, int.MaxValue),
        value.LinkOffset,
        value.NetworkOffset,
        value.VlanTag,
        value.VlanProtocol);

    protected override PacketAuxiliary ToKernel(PacketAuxiliaryData value) => new()
    {
        Status = value.Status,
        Length = checked((uint)value.Length),
        SnapshotLength = checked((uint)value.SnapshotLength),
        LinkOffset = value.LinkOffset,
        NetworkOffset = value.NetworkOffset,
        VlanTag = value.VlanTag,
        VlanProtocol = value.VlanProtocol,
    };
}

/// <summary>A sockaddr of whatever family.</summary>
internal sealed class AddressControlLayout : ControlLayout<EndPoint>
{
    internal static readonly AddressControlLayout Instance = new();

    internal override int MaxBytes => SocketConstants.AddressBytesMax;

    internal override bool TryRead(ReadOnlySpan<byte> data, out EndPoint value)
    {
        value = AddressCodecs.Decode(data, like: null)!;
        return value is not null;
    }

    internal override int Measure(EndPoint value) => AddressCodecs.Encode(value, stackalloc byte[SocketConstants.AddressBytesMax]);

    internal override void Write(EndPoint value, Span<byte> data)
    {
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        address[..AddressCodecs.Encode(value, address)].CopyTo(data);
    }
}

/// <summary>Bytes of any length up to a limit.</summary>
internal sealed class BytesControlLayout(int maxBytes) : ControlLayout<byte[]>
{
    internal override int MaxBytes => maxBytes;

    internal override bool TryRead(ReadOnlySpan<byte> data, out byte[] value)
    {
        value = data.ToArray();
        return true;
    }

    internal override int Measure(byte[] value) => value.Length;

    internal override void Write(byte[] value, Span<byte> data) => value.CopyTo(data);
}

/// <summary>UTF-8 with or without a closing 0.</summary>
internal sealed class TextControlLayout(int maxBytes) : ControlLayout<string>
{
    internal override int MaxBytes => maxBytes;

    internal override bool TryRead(ReadOnlySpan<byte> data, out string value)
    {
        int end = data.IndexOf((byte)0);
        value = Encoding.UTF8.GetString(end < 0 ? data : data[..end]);
        return true;
    }

    internal override int Measure(string value) => Encoding.UTF8.GetByteCount(value);

    internal override void Write(string value, Span<byte> data) => Encoding.UTF8.GetBytes(value, data);
}
