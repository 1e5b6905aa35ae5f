using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>Counts connections by their remote address, and by IPv6 /64. Under its owner's lock. What has none is not kept.</summary>
internal sealed class AddressCounter
{
    // Below this it is not worth giving memory back.
    private const int KeptMin = 256;

    private readonly Dictionary<Key, int> _counts = [];

    /// <summary>How many keys there are, for tests.</summary>
    internal int Size => _counts.Count;

    /// <summary>The two keys of an address; none for what has no IP address.</summary>
    internal static (Key Address, Key Network) KeysOf(EndPoint? peer)
    {
        if (peer is not IPEndPoint ip)
        {
            return default;
        }

        Span<byte> bytes = stackalloc byte[16];
        if (ip.AddressFamily == AddressFamily.InterNetwork || ip.Address.IsIPv4MappedToIPv6)
        {
            // All of IPv4 is one /64 of IPv6: no network is counted.
            (ip.AddressFamily == AddressFamily.InterNetwork ? ip.Address : ip.Address.MapToIPv4()).TryWriteBytes(bytes, out _);
            return (new Key(BinaryPrimitives.ReadUInt32BigEndian(bytes), 32), default);
        }

        ip.Address.TryWriteBytes(bytes, out _);
        UInt128 address = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return (new Key(address, 128), new Key(address >> 64, 64));
    }

    internal int Count(Key key) => key.Bits == 0 ? 0 : _counts.GetValueOrDefault(key);

    internal void Add(Key key)
    {
        if (key.Bits != 0)
        {
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
        }
    }

    internal void Remove(Key key)
    {
        if (key.Bits == 0)
        {
            return;
        }

        int left = _counts[key] - 1;
        if (left > 0)
        {
            _counts[key] = left;
            return;
        }

        _counts.Remove(key);
        if (_counts.Count == 0 && _counts.Capacity > KeptMin)
        {
            _counts.TrimExcess();
        }
    }

    /// <summary>An address or a network; 0 bits is none.</summary>
    internal readonly record struct Key(UInt128 Value, byte Bits);
}
