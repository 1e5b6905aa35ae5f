using System.Diagnostics.CodeAnalysis;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Any sockaddr of any family, by number and bytes: what lets every family be used, ours to know or not.</summary>
/// <remarks>
/// Sockets give it for families that no other type says, and for bytes that are no whole address of theirs. A socket
/// bound to one, or a call given one, gets its addresses as this type, whatever the family. Text:
/// <c>family:42/0100000002000000</c>, the kernel's number and the bytes behind it in hexadecimal.
/// </remarks>
public sealed class UnknownEndPoint : LinuxEndPoint<UnknownEndPoint>, ISpanParsable<UnknownEndPoint>
{
    /// <summary>The most bytes behind the family's number: those of sockaddr_storage.</summary>
    public const int DataBytesMax = SocketConstants.AddressBytesMax - sizeof(ushort);

    private const string Prefix = "family:";

    private readonly byte[] _data;

    /// <summary>A family's number and bytes.</summary>
    /// <param name="family">The kernel's AF_ number.</param>
    /// <param name="data">What stands behind the number in the sockaddr; at most 126 bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The family is not 0 to 65535.</exception>
    /// <exception cref="ArgumentException">There are too many bytes.</exception>
    public UnknownEndPoint(int family, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(family);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(family, ushort.MaxValue);
        if (data.Length > DataBytesMax)
        {
            throw new ArgumentException($"A socket address has at most {DataBytesMax} bytes behind its family, this one {data.Length}.", nameof(data));
        }

        Family = family;
        _data = data.ToArray();
    }

    /// <inheritdoc/>
    public override int Family { get; }

    /// <summary>The bytes behind the family's number.</summary>
    public ReadOnlyMemory<byte> Data => _data;

    /// <summary>Reads what <see cref="ToString"/> wrote: <c>family:42/0100000002000000</c>; the prefix may be absent.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is not such an end point.</exception>
    public static UnknownEndPoint Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        Read(s, Prefix, TryRead, right: "family:42/0100000002000000");

    /// <summary>As <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>, without an exception.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [NotNullWhen(true)] out UnknownEndPoint? result) =>
        TryRead(s, Prefix, TryRead, out result);

    /// <summary>As <c>family:42/0100000002000000</c>.</summary>
    /// <returns>Text that <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/> reads back.</returns>
    public override string ToString() => $"{Prefix}{Family}/{Convert.ToHexStringLower(_data)}";

    private static bool TryRead(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out UnknownEndPoint? result)
    {
        result = null;
        reader.Cut(ref part, '/', out SocketUriPart number);
        if (!reader.TryDecimal(number, ushort.MaxValue, "a family is a number, 0 to 65535", out ulong family)
            || !reader.TryHexBytes(part, separator: null, DataBytesMax, $"after / come at most {DataBytesMax} bytes, two hexadecimal digits each", out byte[] data))
        {
            return false;
        }

        result = new UnknownEndPoint((int)family, data);
        return true;
    }

    internal override int Encode(Span<byte> destination)
    {
        int length = sizeof(ushort) + _data.Length;
        _data.CopyTo(Begin(destination, length)[sizeof(ushort)..]);
        return length;
    }
}
