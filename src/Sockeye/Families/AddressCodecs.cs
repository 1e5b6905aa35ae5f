using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Families;

/// <summary>End points as the kernel's sockaddr, and back. What is specific to a family is in its row.</summary>
internal static class AddressCodecs
{
    /// <summary>Gives a socket that was just opened what .NET expects of its family.</summary>
    internal static void Opened(int family, SocketHandle socket) => FamilyTable.Find(family)?.Opened(socket);

    /// <summary>Writes <paramref name="endPoint"/> as the kernel's sockaddr.</summary>
    /// <remarks>A type that is neither .NET's nor ours writes itself by <see cref="EndPoint.Serialize"/>.</remarks>
    /// <param name="endPoint">The end point.</param>
    /// <param name="destination">Room for it.</param>
    /// <param name="parameter">The caller's name for it, in exceptions.</param>
    /// <returns>The address's length in bytes.</returns>
    internal static int Encode(EndPoint endPoint, Span<byte> destination, string parameter = "remoteEP")
    {
        switch (endPoint)
        {
            case LinuxEndPoint own:
                return own.Encode(destination);
            case IPEndPoint or UnixDomainSocketEndPoint:
                return FamilyTable.Of(endPoint)!.Encode(endPoint, destination);
            case DnsEndPoint:
                throw new ArgumentException("A host name is no address; resolve it first.", parameter);
        }

        SocketAddress address = endPoint.Serialize();
        return Encode(address, destination, parameter);
    }

    /// <summary>Copies a <see cref="SocketAddress"/>, whose bytes are the kernel's already.</summary>
    internal static int Encode(SocketAddress address, Span<byte> destination, string parameter = "socketAddress")
    {
        ReadOnlySpan<byte> bytes = address.Buffer.Span[..address.Size];
        if (bytes.Length > destination.Length)
        {
            throw new ArgumentException($"A socket address has at most {destination.Length} bytes, this one {bytes.Length}.", parameter);
        }

        bytes.CopyTo(destination);
        return bytes.Length;
    }

    /// <summary>Reads a sockaddr.</summary>
    /// <param name="address">The kernel's bytes; empty when the peer has no name.</param>
    /// <param name="like">
    /// An end point of the type that is wanted: a caller's own type reads its addresses itself, and an
    /// <see cref="UnknownEndPoint"/> takes any as they are.
    /// </param>
    /// <returns>The end point, an <see cref="UnknownEndPoint"/> where no other type says the address; null when there are no bytes.</returns>
    internal static EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like)
    {
        if (address.Length < sizeof(ushort))
        {
            return null;
        }

        int family = BitConverter.ToUInt16(address);
        if (like is not null and not IPEndPoint and not LinuxEndPoint and not UnixDomainSocketEndPoint and not DnsEndPoint)
        {
            return like.Create(ToSocketAddress(address));
        }

        EndPoint? known = like is UnknownEndPoint ? null : FamilyTable.Find(family)?.Decode(address, like);
        return known ?? Unknown(family, address);
    }

    private static UnknownEndPoint Unknown(int family, ReadOnlySpan<byte> address) =>
        new(family, address[sizeof(ushort)..Math.Min(address.Length, SocketConstants.AddressBytesMax)]);

    /// <summary>The bytes as a <see cref="SocketAddress"/>, whatever the family.</summary>
    /// <remarks>
    /// The constructor refuses families .NET does not know on this platform; Unspecified passes, and the true number
    /// is then written into the buffer.
    /// </remarks>
    internal static SocketAddress ToSocketAddress(ReadOnlySpan<byte> address)
    {
        var result = new SocketAddress(AddressFamily.Unspecified, Math.Max(address.Length, 2));
        address.CopyTo(result.Buffer.Span);
        result.Size = address.Length;
        return result;
    }
}

/// <summary>Family numbers: .NET's on the outside, the kernel's within.</summary>
internal static class FamilyNumbers
{
    /// <summary>Marks a value whose other bits are a Linux AF_ number; clear of all that .NET names.</summary>
    internal const int Tag = 0x0100_0000;

    /// <summary>The kernel's number for .NET's family.</summary>
    /// <returns>False for a family that has no meaning on Linux under .NET's number.</returns>
    internal static bool TryToLinux(AddressFamily family, out int number)
    {
        number = family switch
        {
            AddressFamily.Unspecified => SocketConstants.AF_UNSPEC,
            AddressFamily.Unix => SocketConstants.AF_UNIX,
            AddressFamily.InterNetwork => SocketConstants.AF_INET,
            AddressFamily.InterNetworkV6 => SocketConstants.AF_INET6,
            AddressFamily.Packet => SocketConstants.AF_PACKET,
            AddressFamily.ControllerAreaNetwork => SocketConstants.AF_CAN,
            _ when ((int)family & ~0xFFFF) == Tag => (int)family & 0xFFFF,
            _ => -1,
        };
        return number >= 0;
    }

    /// <summary>.NET's family for the kernel's number, tagged where .NET has no name.</summary>
    internal static AddressFamily FromLinux(int number) => number switch
    {
        SocketConstants.AF_UNSPEC => AddressFamily.Unspecified,
        SocketConstants.AF_UNIX => AddressFamily.Unix,
        SocketConstants.AF_INET => AddressFamily.InterNetwork,
        SocketConstants.AF_INET6 => AddressFamily.InterNetworkV6,
        SocketConstants.AF_PACKET => AddressFamily.Packet,
        SocketConstants.AF_CAN => AddressFamily.ControllerAreaNetwork,
        _ => (AddressFamily)(Tag + number),
    };

    /// <summary>What is wrong with a family <see cref="TryToLinux"/> refused, and how to say it.</summary>
    internal static string Refusal(AddressFamily family) =>
        $"{family} ({(int)family}) names no address family on Linux. "
        + $"For the kernel's family number N, pass (AddressFamily)(0x{Tag:X8} + N).";
}
