using System.Net;
using System.Runtime.InteropServices;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

// The layouts of values in OptionValues.cs and TcpInformation.cs.

/// <summary>An int in network order.</summary>
internal sealed class NetworkOrderLayout : ConvertedLayout<int, int>
{
    internal static readonly NetworkOrderLayout Instance = new();

    internal override int ToKernel(int value) => IPAddress.HostToNetworkOrder(value);

    internal override int FromKernel(int value) => IPAddress.NetworkToHostOrder(value);
}

/// <summary>Two ports in one number, the lower one in the lower half.</summary>
internal sealed class PortRangeLayout : ConvertedLayout<PortRange, uint>
{
    internal static readonly PortRangeLayout Instance = new();

    internal override uint ToKernel(PortRange value) => value.First | ((uint)value.Last << 16);

    internal override PortRange FromKernel(uint value) => new((ushort)value, (ushort)(value >> 16));
}

/// <summary>struct ucred.</summary>
internal sealed class CredentialsLayout : ConvertedLayout<PeerCredentials, UserCredentials>
{
    internal static readonly CredentialsLayout Instance = new();

    internal override UserCredentials ToKernel(PeerCredentials value) =>
        new() { ProcessId = value.ProcessId, UserId = value.UserId, GroupId = value.GroupId };

    internal override PeerCredentials FromKernel(UserCredentials value) => new(value.ProcessId, value.UserId, value.GroupId);
}

/// <summary>struct so_timestamping.</summary>
internal sealed class TimestampingOptionLayout : ConvertedLayout<Timestamping, TimestampingSettings>
{
    internal static readonly TimestampingOptionLayout Instance = new();

    internal override TimestampingSettings ToKernel(Timestamping value) =>
        new() { Flags = (int)value.Flags, HardwareClock = value.HardwareClock };

    internal override Timestamping FromKernel(TimestampingSettings value) =>
        new((TimestampingFlags)value.Flags, value.HardwareClock);
}

/// <summary>struct sock_txtime.</summary>
internal sealed class TransmitTimeLayout : ConvertedLayout<TransmitTime, TransmitTimeSettings>
{
    internal static readonly TransmitTimeLayout Instance = new();

    private const uint DeadlineMode = 1;
    private const uint ReportErrors = 2;

    internal override TransmitTimeSettings ToKernel(TransmitTime value) => new()
    {
        Clock = (int)value.Clock,
        Flags = (value.Deadline ? DeadlineMode : 0) | (value.ReportErrors ? ReportErrors : 0),
    };

    internal override TransmitTime FromKernel(TransmitTimeSettings value) =>
        new((TransmitClock)value.Clock, (value.Flags & DeadlineMode) != 0, (value.Flags & ReportErrors) != 0);
}

/// <summary>The size in struct ip6_mtuinfo; getsockopt leaves its address empty.</summary>
internal sealed class PathMtuLayout : ConvertedLayout<int, Ipv6PathMtu>
{
    internal static readonly PathMtuLayout Instance = new();

    internal override Ipv6PathMtu ToKernel(int value) => throw new NotSupportedException();

    internal override int FromKernel(Ipv6PathMtu value) => (int)Math.Min(value.Mtu, int.MaxValue);
}

/// <summary>struct in6_pktinfo, which getsockopt does not give back.</summary>
internal sealed class Ipv6InterfaceLayout : ConvertedLayout<Ipv6PacketInformation, Interop.Ipv6PacketInformation>
{
    internal static readonly Ipv6InterfaceLayout Instance = new();

    internal override Interop.Ipv6PacketInformation ToKernel(Ipv6PacketInformation value) => Ipv6InformationLayout.Structure(value);

    internal override Ipv6PacketInformation FromKernel(Interop.Ipv6PacketInformation value) => throw new NotSupportedException();
}

/// <summary>struct tcp_info, as much of it as the kernel knows.</summary>
internal sealed class TcpInformationLayout : OptionLayout<TcpInformation>
{
    internal static readonly TcpInformationLayout Instance = new();

    internal override int Get(SocketHandle socket, int level, int name, out TcpInformation value)
    {
        TcpInfo read = default;
        int result = Libc.GetOption(socket, level, name, MemoryMarshal.AsBytes(new Span<TcpInfo>(ref read)), out int length);
        value = result < 0 ? default : new TcpInformation(read, length);
        return result;
    }

    internal override int Set(SocketHandle socket, int level, int name, TcpInformation value) => throw new NotSupportedException();
}

/// <summary>struct tcp_repair_window.</summary>
internal sealed class TcpRepairWindowLayout : ConvertedLayout<TcpRepairWindow, TcpRepairWindowState>
{
    internal static readonly TcpRepairWindowLayout Instance = new();

    internal override TcpRepairWindowState ToKernel(TcpRepairWindow value) => new()
    {
        SendUpdate = value.SendUpdate,
        SendWindow = value.SendWindow,
        MaxWindow = value.MaxWindow,
        ReceiveWindow = value.ReceiveWindow,
        ReceiveUpdate = value.ReceiveUpdate,
    };

    internal override TcpRepairWindow FromKernel(TcpRepairWindowState value) =>
        new(value.SendUpdate, value.SendWindow, value.MaxWindow, value.ReceiveWindow, value.ReceiveUpdate);
}

/// <summary>An array of structures, set only.</summary>
internal abstract class ListLayout<T, TKernel> : OptionLayout<T[]>
    where TKernel : unmanaged
{
    internal sealed override int Get(SocketHandle socket, int level, int name, out T[] value) => throw new NotSupportedException();

    internal sealed override int Set(SocketHandle socket, int level, int name, T[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Libc.SetOption(socket, level, name, MemoryMarshal.AsBytes(Array.ConvertAll(value, ToKernel).AsSpan()));
    }

    internal abstract TKernel ToKernel(T value);
}

/// <summary>An array of struct tcp_repair_opt.</summary>
internal sealed class TcpRepairOptionsLayout : ListLayout<TcpRepairOption, TcpRepairOptionEntry>
{
    internal static readonly TcpRepairOptionsLayout Instance = new();

    internal override TcpRepairOptionEntry ToKernel(TcpRepairOption value) => new() { Code = value.Code, Value = value.Value };
}

/// <summary>struct tcp_md5sig; the copy of the secret is cleared after the call.</summary>
internal sealed class TcpSignatureLayout : OptionLayout<TcpSignatureKey>
{
    internal static readonly TcpSignatureLayout Instance = new();

    private const byte PrefixFlag = 1;
    private const byte InterfaceFlag = 2;

    internal override int Get(SocketHandle socket, int level, int name, out TcpSignatureKey value) => throw new NotSupportedException();

    internal override int Set(SocketHandle socket, int level, int name, TcpSignatureKey value)
    {
        ArgumentNullException.ThrowIfNull(value);
        TcpSignature signature = ToKernel(value);
        try
        {
            return Libc.SetOption(socket, level, name, MemoryMarshal.AsBytes(new ReadOnlySpan<TcpSignature>(in signature)));
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<TcpSignature>(ref signature)));
        }
    }

    internal static TcpSignature ToKernel(TcpSignatureKey value)
    {
        var signature = new TcpSignature
        {
            Peer = MulticastStructures.Storage(value.Peer),
            Flags = (byte)((value.PrefixLength is null ? 0 : PrefixFlag) | (value.InterfaceIndex == 0 ? 0 : InterfaceFlag)),
            PrefixLength = (byte)(value.PrefixLength ?? 0),
            KeyLength = (ushort)value.Secret.Length,
            InterfaceIndex = value.InterfaceIndex,
        };
        value.Secret.CopyTo(signature.Key);
        return signature;
    }
}

/// <summary>A pidfd, owned from the first moment.</summary>
internal sealed class ProcessDescriptorLayout : OptionLayout<ProcessDescriptor>
{
    internal static readonly ProcessDescriptorLayout Instance = new();

    internal override int Get(SocketHandle socket, int level, int name, out ProcessDescriptor value)
    {
        value = new ProcessDescriptor();
        return Libc.GetDescriptor(socket, level, name, value);
    }

    internal override int Set(SocketHandle socket, int level, int name, ProcessDescriptor value) => throw new NotSupportedException();
}

/// <summary>As many numbers as there are; ERANGE says how much room they need.</summary>
internal sealed class IdsLayout : OptionLayout<uint[]>
{
    internal static readonly IdsLayout Instance = new();

    private const int FirstRoom = 64;
    private const int TriesMax = 8;

    internal override int Get(SocketHandle socket, int level, int name, out uint[] value)
    {
        int result = -Errno.ERANGE;
        int room = FirstRoom;

        // A process has at most 65,536 groups (NGROUPS_MAX), and those of a peer do not change: the second try fits.
        for (int i = 0; i < TriesMax && result == -Errno.ERANGE; i++)
        {
            uint[] ids = new uint[room];
            result = Libc.GetOption(socket, level, name, MemoryMarshal.AsBytes(ids.AsSpan()), out int length);
            int count = length / sizeof(uint);
            if (result >= 0)
            {
                value = ids[..Math.Min(count, room)];
                return 0;
            }

            room = Math.Max(count, room * 2);
        }

        value = [];
        return result;
    }

    internal override int Set(SocketHandle socket, int level, int name, uint[] value) => throw new NotSupportedException();
}

/// <summary>A bit map of netlink groups as their numbers: bit 0 is group 1.</summary>
internal sealed class NetlinkGroupsLayout : OptionLayout<int[]>
{
    internal static readonly NetlinkGroupsLayout Instance = new();

    private const int FirstRoom = 16;
    private const int BitsPerWord = 32;

    internal override int Get(SocketHandle socket, int level, int name, out int[] value)
    {
        value = [];
        uint[] words = new uint[FirstRoom];
        while (true)
        {
            // The kernel fills what there is room for, and always says how much it has.
            int result = Libc.GetOption(socket, level, name, MemoryMarshal.AsBytes(words.AsSpan()), out int length);
            if (result < 0)
            {
                return result;
            }

            int count = length / sizeof(uint);
            if (count <= words.Length)
            {
                value = [.. Groups(words.AsMemory(0, count))];
                return 0;
            }

            words = new uint[count];
        }
    }

    internal override int Set(SocketHandle socket, int level, int name, int[] value) => throw new NotSupportedException();

    private static IEnumerable<int> Groups(ReadOnlyMemory<uint> words)
    {
        for (int bit = 0; bit < words.Length * BitsPerWord; bit++)
        {
            if ((words.Span[bit / BitsPerWord] & (1u << (bit % BitsPerWord))) != 0)
            {
                yield return bit + 1;
            }
        }
    }
}

/// <summary>struct sock_fprog: the kernel borrows the instructions, and copies them within the call.</summary>
internal sealed class FilterLayout : OptionLayout<BpfInstruction[]>
{
    internal static readonly FilterLayout Instance = new();

    /// <summary>BPF_MAXINSNS.</summary>
    private const int InstructionsMax = 4096;

    internal override int Get(SocketHandle socket, int level, int name, out BpfInstruction[] value)
    {
        value = [];
        int result = Libc.GetFilter(socket, level, name, default, out int count);
        if (result < 0 || count == 0)
        {
            return result;
        }

        FilterInstruction[] read = new FilterInstruction[Math.Min(count, InstructionsMax)];
        result = Libc.GetFilter(socket, level, name, read, out count);
        if (result >= 0)
        {
            value = Array.ConvertAll(
                read[..Math.Min(count, read.Length)],
                static one => new BpfInstruction(one.Code, one.JumpTrue, one.JumpFalse, one.Value));
        }

        return result;
    }

    internal override int Set(SocketHandle socket, int level, int name, BpfInstruction[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Length is 0 or > InstructionsMax)
        {
            throw new ArgumentException($"A program has 1 to {InstructionsMax} instructions.", nameof(value));
        }

        return Libc.SetFilter(socket, level, name, Array.ConvertAll(value, static one => new FilterInstruction
        {
            Code = one.Code,
            JumpTrue = one.JumpTrue,
            JumpFalse = one.JumpFalse,
            Value = one.Value,
        }));
    }
}

/// <summary>What the structures of RFC 3678 share.</summary>
internal static class MulticastStructures
{
    internal static SocketAddressStorage Storage(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        SocketAddressStorage storage = default;
        AddressCodecs.Encode(new IPEndPoint(address, 0), MemoryMarshal.AsBytes(new Span<SocketAddressStorage>(ref storage)));
        return storage;
    }

    internal static IPAddress Address(SocketAddressStorage storage) =>
        ((IPEndPoint)AddressCodecs.Decode(MemoryMarshal.AsBytes(new ReadOnlySpan<SocketAddressStorage>(in storage)), like: null)!).Address;
}

/// <summary>struct group_req.</summary>
internal sealed class GroupLayout : ConvertedLayout<GroupMembership, GroupRequest>
{
    internal static readonly GroupLayout Instance = new();

    internal override GroupRequest ToKernel(GroupMembership value) =>
        new() { InterfaceIndex = (uint)value.InterfaceIndex, Group = MulticastStructures.Storage(value.Group) };

    internal override GroupMembership FromKernel(GroupRequest value) => throw new NotSupportedException();
}

/// <summary>struct group_source_req.</summary>
internal sealed class SourceLayout : ConvertedLayout<SourceMembership, GroupSourceRequest>
{
    internal static readonly SourceLayout Instance = new();

    internal override GroupSourceRequest ToKernel(SourceMembership value) => new()
    {
        InterfaceIndex = (uint)value.InterfaceIndex,
        Group = MulticastStructures.Storage(value.Group),
        Source = MulticastStructures.Storage(value.Source),
    };

    internal override SourceMembership FromKernel(GroupSourceRequest value) => throw new NotSupportedException();
}

/// <summary>struct ip_mreq_source.</summary>
internal sealed class Ipv4SourceLayout : ConvertedLayout<Ipv4SourceMembership, IpSourceMembership>
{
    internal static readonly Ipv4SourceLayout Instance = new();

    internal override IpSourceMembership ToKernel(Ipv4SourceMembership value) => new()
    {
        Group = Ipv4AddressLayout.Number(value.Group),
        LocalAddress = Ipv4AddressLayout.Number(value.LocalAddress ?? IPAddress.Any),
        Source = Ipv4AddressLayout.Number(value.Source),
    };

    internal override Ipv4SourceMembership FromKernel(IpSourceMembership value) => throw new NotSupportedException();
}

/// <summary>struct group_filter: a header and as many addresses as it says.</summary>
internal sealed class SourceFilterLayout : OptionLayout<SourceFilter>
{
    internal static readonly SourceFilterLayout Instance = new();

    private const int FirstRoom = 16;
    private const int TriesMax = 8;
    private static readonly int HeaderBytes = MemoryMarshal.AsBytes<GroupFilterHeader>(new GroupFilterHeader[1]).Length;

    internal override int Get(SocketHandle socket, int level, int name, out SourceFilter value) => throw new NotSupportedException();

    internal override int Set(SocketHandle socket, int level, int name, SourceFilter value)
    {
        ArgumentNullException.ThrowIfNull(value);
        byte[] bytes = Request(value.Group, value.InterfaceIndex, value.Mode, value.Sources.Count);
        Span<SocketAddressStorage> sources = MemoryMarshal.Cast<byte, SocketAddressStorage>(bytes.AsSpan(HeaderBytes));
        for (int i = 0; i < value.Sources.Count; i++)
        {
            sources[i] = MulticastStructures.Storage(value.Sources[i]);
        }

        return Libc.SetOption(socket, level, name, bytes);
    }

    /// <summary>getsourcefilter(3): the request names group and interface, so that a key alone cannot ask.</summary>
    internal static int Get(SocketHandle socket, int level, int name, IPAddress group, int interfaceIndex, out SourceFilter? value)
    {
        value = null;
        int room = FirstRoom;
        int result = 0;
        for (int i = 0; i < TriesMax; i++)
        {
            byte[] bytes = Request(group, interfaceIndex, SourceFilterMode.Exclude, room);
            result = Libc.GetOption(socket, level, name, bytes, out _);
            if (result < 0)
            {
                return result;
            }

            var header = MemoryMarshal.Read<GroupFilterHeader>(bytes);
            int count = (int)header.SourceCount;
            if (count <= room)
            {
                ReadOnlySpan<SocketAddressStorage> sources = MemoryMarshal.Cast<byte, SocketAddressStorage>(bytes.AsSpan(HeaderBytes));
                var addresses = new IPAddress[count];
                for (int source = 0; source < count; source++)
                {
                    addresses[source] = MulticastStructures.Address(sources[source]);
                }

                value = new SourceFilter(group, interfaceIndex, (SourceFilterMode)header.Mode, addresses);
                return 0;
            }

            room = count;
        }

        return -Errno.ENOBUFS;
    }

    private static byte[] Request(IPAddress group, int interfaceIndex, SourceFilterMode mode, int sources)
    {
        byte[] bytes = new byte[HeaderBytes + (sources * SocketConstants.AddressBytesMax)];
        MemoryMarshal.Write(bytes, new GroupFilterHeader
        {
            InterfaceIndex = (uint)interfaceIndex,
            Group = MulticastStructures.Storage(group),
            Mode = (uint)mode,
            SourceCount = (uint)sources,
        });
        return bytes;
    }
}

/// <summary>struct packet_mreq.</summary>
internal sealed class PacketMembershipLayout : ConvertedLayout<PacketMembership, PacketMembershipRequest>
{
    internal static readonly PacketMembershipLayout Instance = new();

    internal override PacketMembershipRequest ToKernel(PacketMembership value)
    {
        ArgumentNullException.ThrowIfNull(value);
        Span<byte> address = stackalloc byte[sizeof(ulong)];
        address.Clear();
        ReadOnlySpan<byte> hardware = value.Address is null ? default : value.Address.GetAddressBytes();
        if (!hardware.TryCopyTo(address))
        {
            throw new ArgumentException($"A hardware address here has at most {address.Length} bytes.", nameof(value));
        }

        return new PacketMembershipRequest
        {
            InterfaceIndex = value.InterfaceIndex,
            Type = (int)value.Kind is >= 0 and <= ushort.MaxValue
                ? (ushort)value.Kind
                : throw new ArgumentOutOfRangeException(nameof(value), value.Kind, $"A kind is 0 to {ushort.MaxValue}."),
            AddressLength = (ushort)hardware.Length,
            Address = MemoryMarshal.Read<ulong>(address),
        };
    }

    internal override PacketMembership FromKernel(PacketMembershipRequest value) => throw new NotSupportedException();
}

/// <summary>struct fanout_args; read, it is the first number of it alone.</summary>
internal sealed class PacketFanoutLayout : ConvertedLayout<PacketFanout, PacketFanoutArguments>
{
    internal static readonly PacketFanoutLayout Instance = new();

    private const int ModeMask = 0xFF;
    private const int FlagsMask = 0xFF00;

    internal override PacketFanoutArguments ToKernel(PacketFanout value) => new()
    {
        Id = value.Id,
        TypeAndFlags = (int)value.Mode is >= 0 and <= ModeMask && ((int)value.Flags & ~FlagsMask) == 0
            ? (ushort)((int)value.Mode | (int)value.Flags)
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"A mode is 0 to {ModeMask}, and flags are bits 8 to 15."),
        MembersMax = value.MembersMax is null or >= 0
            ? (uint)(value.MembersMax ?? 0)
            : throw new ArgumentOutOfRangeException(nameof(value), value, "The number of members is not negative."),
    };

    internal override PacketFanout FromKernel(PacketFanoutArguments value) => new(
        value.Id,
        (PacketFanoutMode)(value.TypeAndFlags & ModeMask),
        (PacketFanoutFlags)(value.TypeAndFlags & ~ModeMask));
}

/// <summary>PACKET_HDRLEN, which is asked with a version in the value's place: that which the socket has.</summary>
internal sealed class PacketHeaderLayout : OptionLayout<int>
{
    internal static readonly PacketHeaderLayout Instance = new();

    private const int Version = 10; // PACKET_VERSION

    internal override int Get(SocketHandle socket, int level, int name, out int value)
    {
        int result = Libc.GetOption(socket, level, Version, out value);
        return result < 0 ? result : Libc.GetOption(socket, level, name, MemoryMarshal.AsBytes(new Span<int>(ref value)), out _);
    }

    internal override int Set(SocketHandle socket, int level, int name, int value) => throw new NotSupportedException();
}

/// <summary>struct tpacket_req.</summary>
internal sealed class PacketRingLayout : ConvertedLayout<PacketRing, PacketRingRequest>
{
    internal static readonly PacketRingLayout Instance = new();

    internal override PacketRingRequest ToKernel(PacketRing value) => new()
    {
        BlockBytes = value.BlockBytes,
        Blocks = value.Blocks,
        FrameBytes = value.FrameBytes,
        Frames = value.Frames,
    };

    internal override PacketRing FromKernel(PacketRingRequest value) => throw new NotSupportedException();
}

/// <summary>struct tpacket_rollover_stats.</summary>
internal sealed class PacketRolloverLayout : ConvertedLayout<PacketRolloverStatistics, PacketRolloverCounts>
{
    internal static readonly PacketRolloverLayout Instance = new();

    internal override PacketRolloverCounts ToKernel(PacketRolloverStatistics value) => throw new NotSupportedException();

    internal override PacketRolloverStatistics FromKernel(PacketRolloverCounts value) => new(value.All, value.Huge, value.Failed);
}

/// <summary>struct tpacket_stats_v3, of which older layouts of a ring fill the first two numbers.</summary>
internal sealed class PacketStatisticsLayout : ConvertedLayout<PacketStatistics, PacketCounts>
{
    internal static readonly PacketStatisticsLayout Instance = new();

    internal override PacketCounts ToKernel(PacketStatistics value) => throw new NotSupportedException();

    internal override PacketStatistics FromKernel(PacketCounts value) => new(value.Packets, value.Drops, value.Freezes);

    internal override PacketStatistics FromKernel(PacketCounts value, int length) =>
        new(value.Packets, value.Drops, length < 3 * sizeof(uint) ? null : value.Freezes);
}

/// <summary>struct tipc_group_req.</summary>
internal sealed class TipcGroupLayout : ConvertedLayout<TipcGroup, TipcGroupRequest>
{
    internal static readonly TipcGroupLayout Instance = new();

    internal override TipcGroupRequest ToKernel(TipcGroup value) =>
        new() { Type = value.Type, Instance = value.Instance, Scope = value.Scope, Flags = (uint)value.Flags };

    internal override TipcGroup FromKernel(TipcGroupRequest value) => throw new NotSupportedException();
}

/// <summary>An array of struct can_filter.</summary>
internal sealed class CanFilterLayout : OptionLayout<CanFilter[]>
{
    internal static readonly CanFilterLayout Instance = new();

    /// <summary>CAN_RAW_FILTER_MAX.</summary>
    private const int FiltersMax = 512;

    internal override int Get(SocketHandle socket, int level, int name, out CanFilter[] value)
    {
        CanFilterEntry[] read = new CanFilterEntry[FiltersMax];
        Span<byte> bytes = MemoryMarshal.AsBytes(read.AsSpan());
        int result = Libc.GetOption(socket, level, name, bytes, out int length);
        int count = result < 0 ? 0 : Math.Min(length, bytes.Length) * FiltersMax / bytes.Length;
        value = Array.ConvertAll(read[..count], static one => new CanFilter(one.Id, one.Mask));
        return result;
    }

    internal override int Set(SocketHandle socket, int level, int name, CanFilter[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Libc.SetOption(
            socket,
            level,
            name,
            MemoryMarshal.AsBytes(Array.ConvertAll(value, static one => new CanFilterEntry { Id = one.Id, Mask = one.Mask }).AsSpan()));
    }
}

/// <summary>struct can_isotp_fc_options.</summary>
internal sealed class CanIsoTpFlowLayout : ConvertedLayout<CanIsoTpFlow, CanIsotpFlow>
{
    internal static readonly CanIsoTpFlowLayout Instance = new();

    internal override CanIsotpFlow ToKernel(CanIsoTpFlow value) =>
        new() { BlockSize = value.BlockSize, SeparationTime = value.SeparationTime, WaitFramesMax = value.WaitFramesMax };

    internal override CanIsoTpFlow FromKernel(CanIsotpFlow value) => new(value.BlockSize, value.SeparationTime, value.WaitFramesMax);
}

/// <summary>struct can_isotp_ll_options.</summary>
internal sealed class CanIsoTpLinkLayout : ConvertedLayout<CanIsoTpLink, CanIsotpLink>
{
    internal static readonly CanIsoTpLinkLayout Instance = new();

    internal override CanIsotpLink ToKernel(CanIsoTpLink value) =>
        new() { Mtu = value.Mtu, DataLength = value.DataLength, Flags = value.Flags };

    internal override CanIsoTpLink FromKernel(CanIsotpLink value) => new(value.Mtu, value.DataLength, value.Flags);
}

/// <summary>struct can_isotp_options.</summary>
internal sealed class CanIsoTpSettingsLayout : ConvertedLayout<CanIsoTpSettings, CanIsotpSettings>
{
    internal static readonly CanIsoTpSettingsLayout Instance = new();

    internal override CanIsotpSettings ToKernel(CanIsoTpSettings value) => new()
    {
        Flags = value.Flags,
        FrameNanoseconds = value.FrameNanoseconds,
        ExtendedAddress = value.ExtendedAddress,
        SendPadding = value.SendPadding,
        ReceivePadding = value.ReceivePadding,
        ReceiveExtendedAddress = value.ReceiveExtendedAddress,
    };

    internal override CanIsoTpSettings FromKernel(CanIsotpSettings value) => new(
        value.Flags,
        value.FrameNanoseconds,
        value.ExtendedAddress,
        value.SendPadding,
        value.ReceivePadding,
        value.ReceiveExtendedAddress);
}
