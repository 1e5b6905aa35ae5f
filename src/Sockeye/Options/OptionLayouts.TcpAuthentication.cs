using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>What the structures of TCP's authentication option have in common.</summary>
internal static class TcpAuthenticationLayouts
{
    /// <summary>The first bit fields of most of them.</summary>
    internal const uint Current = 1;
    internal const uint Next = 2;

    internal const byte InterfaceFlag = 1; // TCP_AO_KEYF_IFINDEX
    internal const byte ExcludeFlag = 2; // TCP_AO_KEYF_EXCLUDE_OPT

    private const byte Ipv4Bits = 32;
    private const byte Ipv6Bits = 128;

    internal static uint Bit(bool on, uint bit) => on ? bit : 0;

    // The kernel takes the prefix as it is: 0 is every address, and goes with none but 0.0.0.0 or ::.
    internal static byte Prefix(IPAddress peer, byte? prefixLength) =>
        prefixLength
        ?? (peer.Equals(IPAddress.Any) || peer.Equals(IPAddress.IPv6Any) ? (byte)0
            : peer.AddressFamily == AddressFamily.InterNetworkV6 ? Ipv6Bits : Ipv4Bits);
}

/// <summary>struct tcp_ao_add; the copy of the secret is cleared after the call.</summary>
internal sealed class TcpAuthenticationKeyLayout : OptionLayout<TcpAuthenticationKey>
{
    internal static readonly TcpAuthenticationKeyLayout Instance = new();

    private const int NameBytesMax = 64;

    internal override int Get(SocketHandle socket, int level, int name, out TcpAuthenticationKey value) => throw new NotSupportedException();

    internal override int Set(SocketHandle socket, int level, int name, TcpAuthenticationKey value)
    {
        ArgumentNullException.ThrowIfNull(value);
        TcpAuthenticationAdd key = ToKernel(value);
        try
        {
            return Libc.SetOption(socket, level, name, MemoryMarshal.AsBytes(new ReadOnlySpan<TcpAuthenticationAdd>(in key)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<TcpAuthenticationAdd>(ref key)));
        }
    }

    internal static TcpAuthenticationAdd ToKernel(TcpAuthenticationKey value)
    {
        if (Encoding.UTF8.GetByteCount(value.Algorithm) >= NameBytesMax || value.Algorithm.Contains('\0'))
        {
            throw new ArgumentException($"An algorithm's name has at most {NameBytesMax - 1} bytes, none of them 0.", nameof(value));
        }

        var key = new TcpAuthenticationAdd
        {
            Peer = MulticastStructures.Storage(value.Peer),
            InterfaceIndex = value.InterfaceIndex ?? 0,
            Bits = TcpAuthenticationLayouts.Bit(value.SetCurrent, TcpAuthenticationLayouts.Current)
                | TcpAuthenticationLayouts.Bit(value.SetNext, TcpAuthenticationLayouts.Next),
            PrefixLength = value.Prefix,
            SendId = value.SendId,
            ReceiveId = value.ReceiveId,
            CodeLength = value.CodeLength,
            KeyFlags = (byte)(TcpAuthenticationLayouts.Bit(value.InterfaceIndex is not null, TcpAuthenticationLayouts.InterfaceFlag)
                | TcpAuthenticationLayouts.Bit(value.ExcludeOptions, TcpAuthenticationLayouts.ExcludeFlag)),
            KeyLength = (byte)value.Secret.Length,
        };
        Encoding.UTF8.GetBytes(value.Algorithm, key.Algorithm);
        value.Secret.CopyTo(key.Key);
        return key;
    }
}

/// <summary>struct tcp_ao_del.</summary>
internal sealed class TcpAuthenticationRemovalLayout : ConvertedLayout<TcpAuthenticationKeyRemoval, TcpAuthenticationDelete>
{
    internal static readonly TcpAuthenticationRemovalLayout Instance = new();

    private const uint Asynchronous = 4;

    internal override TcpAuthenticationDelete ToKernel(TcpAuthenticationKeyRemoval value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new TcpAuthenticationDelete
        {
            Peer = MulticastStructures.Storage(value.Peer),
            InterfaceIndex = value.InterfaceIndex ?? 0,
            Bits = TcpAuthenticationLayouts.Bit(value.CurrentKey is not null, TcpAuthenticationLayouts.Current)
                | TcpAuthenticationLayouts.Bit(value.NextKey is not null, TcpAuthenticationLayouts.Next)
                | TcpAuthenticationLayouts.Bit(value.Asynchronous, Asynchronous),
            PrefixLength = value.Prefix,
            SendId = value.SendId,
            ReceiveId = value.ReceiveId,
            CurrentKey = value.CurrentKey ?? 0,
            NextKey = value.NextKey ?? 0,
            KeyFlags = (byte)TcpAuthenticationLayouts.Bit(value.InterfaceIndex is not null, TcpAuthenticationLayouts.InterfaceFlag),
        };
    }

    internal override TcpAuthenticationKeyRemoval FromKernel(TcpAuthenticationDelete value) => throw new NotSupportedException();
}

/// <summary>struct tcp_ao_info_opt.</summary>
internal sealed class TcpAuthenticationLayout : ConvertedLayout<TcpAuthentication, TcpAuthenticationState>
{
    internal static readonly TcpAuthenticationLayout Instance = new();

    private const uint Required = 4;
    private const uint Counters = 8;
    private const uint Icmp = 16;

    internal override TcpAuthenticationState ToKernel(TcpAuthentication value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new TcpAuthenticationState
        {
            Bits = TcpAuthenticationLayouts.Bit(value.CurrentKey is not null, TcpAuthenticationLayouts.Current)
                | TcpAuthenticationLayouts.Bit(value.NextKey is not null, TcpAuthenticationLayouts.Next)
                | TcpAuthenticationLayouts.Bit(value.IsRequired, Required)
                | TcpAuthenticationLayouts.Bit(value.SetCounters, Counters)
                | TcpAuthenticationLayouts.Bit(value.AcceptIcmp, Icmp),
            CurrentKey = value.CurrentKey ?? 0,
            NextKey = value.NextKey ?? 0,
            Good = value.Verified,
            Bad = value.Failed,
            KeyNotFound = value.KeyNotFound,
            Unsigned = value.Unsigned,
            DroppedIcmp = value.DroppedIcmp,
        };
    }

    internal override TcpAuthentication FromKernel(TcpAuthenticationState value) => new()
    {
        CurrentKey = (value.Bits & TcpAuthenticationLayouts.Current) != 0 ? value.CurrentKey : null,
        NextKey = (value.Bits & TcpAuthenticationLayouts.Next) != 0 ? value.NextKey : null,
        IsRequired = (value.Bits & Required) != 0,
        SetCounters = (value.Bits & Counters) != 0,
        AcceptIcmp = (value.Bits & Icmp) != 0,
        Verified = value.Good,
        Failed = value.Bad,
        KeyNotFound = value.KeyNotFound,
        Unsigned = value.Unsigned,
        DroppedIcmp = value.DroppedIcmp,
    };
}

/// <summary>struct tcp_ao_getsockopt for each key; the secrets in them are cleared, not returned.</summary>
internal sealed class TcpAuthenticationKeysLayout : OptionLayout<TcpAuthenticationKeyState[]>
{
    internal static readonly TcpAuthenticationKeysLayout Instance = new();

    private const int FirstRoom = 8;
    private const int TriesMax = 8;
    private const ushort All = 4;

    internal override int Get(SocketHandle socket, int level, int name, out TcpAuthenticationKeyState[] value)
    {
        value = [];
        int room = FirstRoom;
        for (int i = 0; i < TriesMax; i++)
        {
            var entries = new TcpAuthenticationEntry[room];
            entries[0].Bits = All;
            try
            {
                int result = Libc.GetAuthenticationKeys(socket, level, name, entries);
                if (result < 0)
                {
                    return result;
                }

                int count = (int)entries[0].Keys;
                if (count <= room)
                {
                    value = Array.ConvertAll(entries[..count], FromKernel);
                    return 0;
                }

                room = count;
            }
            finally
            {
                CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(entries.AsSpan()));
            }
        }

        return -Errno.ENOBUFS;
    }

    internal override int Set(SocketHandle socket, int level, int name, TcpAuthenticationKeyState[] value) => throw new NotSupportedException();

    internal static TcpAuthenticationKeyState FromKernel(TcpAuthenticationEntry value)
    {
        ReadOnlySpan<byte> algorithm = value.Algorithm;
        int end = algorithm.IndexOf((byte)0);
        return new TcpAuthenticationKeyState(
            MulticastStructures.Address(value.Peer),
            value.PrefixLength,
            value.SendId,
            value.ReceiveId,
            Encoding.UTF8.GetString(end < 0 ? algorithm : algorithm[..end]),
            value.CodeLength,
            (value.KeyFlags & TcpAuthenticationLayouts.InterfaceFlag) != 0 ? value.InterfaceIndex : null,
            (value.KeyFlags & TcpAuthenticationLayouts.ExcludeFlag) != 0,
            (value.Bits & TcpAuthenticationLayouts.Current) != 0,
            (value.Bits & TcpAuthenticationLayouts.Next) != 0,
            value.Good,
            value.Bad);
    }
}

/// <summary>struct tcp_ao_repair.</summary>
internal sealed class TcpAuthenticationRepairLayout : ConvertedLayout<TcpAuthenticationRepair, TcpAuthenticationRepairState>
{
    internal static readonly TcpAuthenticationRepairLayout Instance = new();

    internal override TcpAuthenticationRepairState ToKernel(TcpAuthenticationRepair value) => new()
    {
        SentSequence = BinaryPrimitives.ReverseEndianness(value.SentSequence),
        ReceivedSequence = BinaryPrimitives.ReverseEndianness(value.ReceivedSequence),
        SendExtension = value.SendExtension,
        ReceiveExtension = value.ReceiveExtension,
    };

    internal override TcpAuthenticationRepair FromKernel(TcpAuthenticationRepairState value) =>
        new(
            BinaryPrimitives.ReverseEndianness(value.SentSequence),
            BinaryPrimitives.ReverseEndianness(value.ReceivedSequence),
            value.SendExtension,
            value.ReceiveExtension);
}
