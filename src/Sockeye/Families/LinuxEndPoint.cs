using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// An address of a family for which .NET has no end point: <see cref="UnixEndPoint"/>, <see cref="NetlinkEndPoint"/>,
/// <see cref="VsockEndPoint"/>, <see cref="TipcEndPoint"/>, <see cref="PacketEndPoint"/>, <see cref="CanEndPoint"/>,
/// and <see cref="UnknownEndPoint"/> for all others.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>Immutable, and equal when the kernel's bytes are equal.</item>
/// <item>Bytes and text convert both ways: <see cref="Serialize"/> and <see cref="Create"/>, ToString and Parse.</item>
/// <item>ToString is the endpoint string that names the address, without a query; Parse takes it with its prefix or
/// without. What is not printable UTF-8, and <c>%</c>, <c>?</c> and <c>#</c>, is written as <c>%</c> and two hexadecimal digits.</item>
/// <item>System.Net.Sockets takes these end points too, on families it opens.</item>
/// </list>
/// </remarks>
public abstract class LinuxEndPoint : EndPoint, IEquatable<LinuxEndPoint>
{
    private protected LinuxEndPoint()
    {
    }

    /// <summary>The kernel's AF_ number, which is not .NET's.</summary>
    public abstract int Family { get; }

    /// <summary>The family as .NET numbers it, tagged where .NET has no name; see <see cref="LinuxAddressFamilies"/>.</summary>
    public sealed override AddressFamily AddressFamily => Families.FamilyNumbers.FromLinux(Family);

    /// <summary>The address as the kernel's sockaddr.</summary>
    /// <returns>A fresh copy, with the kernel's family number in its first two bytes.</returns>
    public sealed override SocketAddress Serialize()
    {
        Span<byte> bytes = stackalloc byte[SocketConstants.AddressBytesMax];
        return Families.AddressCodecs.ToSocketAddress(bytes[..Encode(bytes)]);
    }

    /// <summary>Reads a sockaddr of this family.</summary>
    /// <param name="socketAddress">The kernel's bytes.</param>
    /// <returns>An end point of this type; an <see cref="UnknownEndPoint"/> when the bytes are no whole address of the family.</returns>
    /// <exception cref="ArgumentException">The bytes are of another family.</exception>
    public sealed override EndPoint Create(SocketAddress socketAddress)
    {
        ReadOnlySpan<byte> bytes = BytesOf(socketAddress);
        return this is UnknownEndPoint || BitConverter.ToUInt16(bytes) == Family
            ? Families.AddressCodecs.Decode(bytes, this)!
            : throw new ArgumentException($"These bytes are no address of family {Families.FamilyTable.Name(Family)}.", nameof(socketAddress));
    }

    /// <summary>Reads a sockaddr of any family.</summary>
    /// <param name="socketAddress">The kernel's bytes, as <c>Socket.ReceiveFrom</c> leaves them.</param>
    /// <returns>
    /// What a socket would report as its address: .NET's type where that says the address exactly, otherwise one of ours,
    /// an <see cref="UnknownEndPoint"/> for a family without a type and for bytes that are not a whole address.
    /// </returns>
    /// <exception cref="ArgumentException">There are fewer than the two bytes of a family's number.</exception>
    public static EndPoint Decode(SocketAddress socketAddress) => Families.AddressCodecs.Decode(BytesOf(socketAddress), like: null)!;

    /// <summary>True when <paramref name="obj"/> is of the same type and has the same bytes.</summary>
    /// <param name="obj">Another end point.</param>
    /// <returns>True for the same address.</returns>
    public sealed override bool Equals(object? obj)
    {
        if (ReferenceEquals(this, obj))
        {
            return true;
        }

        if (obj is not LinuxEndPoint other || other.GetType() != GetType())
        {
            return false;
        }

        Span<byte> ours = stackalloc byte[SocketConstants.AddressBytesMax];
        Span<byte> theirs = stackalloc byte[SocketConstants.AddressBytesMax];
        return ours[..Encode(ours)].SequenceEqual(theirs[..other.Encode(theirs)]);
    }

    /// <inheritdoc cref="Equals(object?)"/>
    /// <param name="other">Another end point.</param>
    public bool Equals(LinuxEndPoint? other) => Equals((object?)other);

    /// <summary>True for the same address; see <see cref="Equals(object?)"/>.</summary>
    /// <param name="left">One end point, or null.</param>
    /// <param name="right">Another, or null.</param>
    public static bool operator ==(LinuxEndPoint? left, LinuxEndPoint? right) => Equals(left, right);

    /// <summary>True for different addresses.</summary>
    /// <param name="left">One end point, or null.</param>
    /// <param name="right">Another, or null.</param>
    public static bool operator !=(LinuxEndPoint? left, LinuxEndPoint? right) => !Equals(left, right);

    /// <summary>A hash of the kernel's bytes.</summary>
    /// <returns>The same for equal addresses, within this process.</returns>
    public sealed override int GetHashCode()
    {
        Span<byte> bytes = stackalloc byte[SocketConstants.AddressBytesMax];
        var hash = default(HashCode);
        hash.AddBytes(bytes[..Encode(bytes)]);
        return hash.ToHashCode();
    }

    /// <summary>The endpoint string.</summary>
    /// <returns>Text that the type's Parse reads back.</returns>
    public abstract override string ToString();

    /// <summary>Writes the sockaddr.</summary>
    /// <param name="destination">Room for the longest sockaddr, 128 bytes.</param>
    /// <returns>How many bytes.</returns>
    internal abstract int Encode(Span<byte> destination);

    private static ReadOnlySpan<byte> BytesOf(SocketAddress socketAddress)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        return socketAddress.Size >= sizeof(ushort)
            ? socketAddress.Buffer.Span[..socketAddress.Size]
            : throw new ArgumentException("A socket address has a family at least.", nameof(socketAddress));
    }

    /// <summary>Zeros the sockaddr and writes its family.</summary>
    private protected Span<byte> Begin(Span<byte> destination, int length)
    {
        Span<byte> address = destination[..length];
        address.Clear();
        BitConverter.TryWriteBytes(address, (ushort)Family);
        return address;
    }
}

/// <summary>What the text of every <see cref="LinuxEndPoint"/> has in common: Parse and TryParse of a string.</summary>
/// <typeparam name="TSelf">The type itself.</typeparam>
#pragma warning disable CA1000 // Called through the type itself, as VsockEndPoint.Parse.
public abstract class LinuxEndPoint<TSelf> : LinuxEndPoint
    where TSelf : LinuxEndPoint<TSelf>, ISpanParsable<TSelf>
{
    private protected LinuxEndPoint()
    {
    }

    /// <summary>Reads an address: all of the part, without the prefix.</summary>
    private protected delegate bool PartReader(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out TSelf? result);

    /// <summary>Reads what ToString wrote; the prefix may be absent.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is no such end point; the message says why, and shows a right one.</exception>
    public static TSelf Parse(string text) => TSelf.Parse((text ?? throw new ArgumentNullException(nameof(text))).AsSpan(), provider: null);

    /// <inheritdoc cref="Parse(string)"/>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    public static TSelf Parse(string s, IFormatProvider? provider) => Parse(s);

    /// <summary>As <see cref="Parse(string)"/>, without an exception.</summary>
    /// <param name="text">The text.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out TSelf? result) => TryParse(text, provider: null, out result);

    /// <inheritdoc cref="TryParse(string?, out TSelf?)"/>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [NotNullWhen(true)] out TSelf? result)
    {
        result = null;
        return s is not null && TSelf.TryParse(s.AsSpan(), provider, out result);
    }

    /// <summary>What each type's TryParse is: the prefix, if it is there, and the family's parser for the rest.</summary>
    private protected static bool TryRead(ReadOnlySpan<char> text, string prefix, PartReader read, [NotNullWhen(true)] out TSelf? result) =>
        TryRead(new SocketUriReader(text.ToString()), prefix, read, out result);

    /// <summary>What each type's Parse is.</summary>
    private protected static TSelf Read(ReadOnlySpan<char> text, string prefix, PartReader read, string right)
    {
        var reader = new SocketUriReader(text.ToString());
        return TryRead(reader, prefix, read, out TSelf? result)
            ? result
            : throw new FormatException($"\"{text}\" is no such end point: {reader.Problem}; right: {right}");
    }

    private static bool TryRead(SocketUriReader reader, string prefix, PartReader read, [NotNullWhen(true)] out TSelf? result)
    {
        string text = reader.Text;
        int start = text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? prefix.Length : 0;
        return read(reader, new(start, text.Length), out result);
    }
}
#pragma warning restore CA1000
