using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Addresses as text, exactly as the C library reads and writes them: inet_pton(3), inet_ntop(3), inet_aton(3).</summary>
/// <remarks>
/// <see cref="IPAddress.Parse(string)"/> is for people: it takes short forms, brackets and scopes. What a C or Python
/// program takes for an address, and what it does not, is defined here.
/// </remarks>
public static class AddressText
{
    private const int AddressBytesMax = 16;

    /// <summary>inet_pton(3): <c>192.0.2.1</c> or <c>2001:db8::1</c> as bytes in network order.</summary>
    /// <param name="addressFamily">InterNetwork (4 bytes) or InterNetworkV6 (16).</param>
    /// <param name="text">Strict: all four numbers, decimal; no scope.</param>
    /// <returns>The bytes.</returns>
    /// <exception cref="FormatException">The text is no address of that family.</exception>
    /// <exception cref="SocketException">AddressFamilyNotSupported.</exception>
    public static byte[] Parse(AddressFamily addressFamily, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Check(addressFamily, "inet_pton");
        byte[] address = new byte[BytesOf(addressFamily)];
        return TryParse(addressFamily, text, address, out _)
            ? address
            : throw new FormatException($"inet_pton: \"{text}\" is no address of family {addressFamily}; one is {Example(addressFamily)}.");
    }

    /// <summary>inet_pton(3), with the failure as a value.</summary>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6.</param>
    /// <param name="text">As for <see cref="Parse"/>.</param>
    /// <param name="destination">Takes 4 or 16 bytes.</param>
    /// <param name="bytesWritten">How many it took; 0 on failure.</param>
    /// <returns>False when the text is no address of that family, the family no other, or the room too small.</returns>
    public static bool TryParse(AddressFamily addressFamily, string? text, Span<byte> destination, out int bytesWritten)
    {
        bytesWritten = 0;
        int bytes = BytesOf(addressFamily);
        Span<byte> address = stackalloc byte[AddressBytesMax];
        if (text is null || bytes == 0 || destination.Length < bytes || HasNul(text)
            || !FamilyNumbers.TryToLinux(addressFamily, out int family) || Libc.ParseAddress(family, text, address) != 1)
        {
            return false;
        }

        address[..bytes].CopyTo(destination);
        bytesWritten = bytes;
        return true;
    }

    /// <summary>inet_aton(3): an IPv4 address in any of C's old forms: <c>127.1</c>, <c>0x7f.1</c>, <c>017700000001</c>.</summary>
    /// <param name="text">One to four numbers, decimal, octal or hexadecimal. glibc takes anything after a space.</param>
    /// <returns>The address.</returns>
    /// <exception cref="FormatException">The text is no address.</exception>
    public static IPAddress ParseLoose(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParseLoose(text, out IPAddress? address)
            ? address
            : throw new FormatException($"inet_aton: \"{text}\" is no IPv4 address in any form.");
    }

    /// <summary>inet_aton(3), with the failure as a value.</summary>
    /// <param name="text">As for <see cref="ParseLoose"/>.</param>
    /// <param name="address">The address; null on failure.</param>
    /// <returns>False when the text is no address.</returns>
    public static bool TryParseLoose(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        Span<byte> bytes = stackalloc byte[4];
        if (text is not null && !HasNul(text) && Libc.ParseLooseAddress(text, bytes) == 1)
        {
            address = new IPAddress(bytes);
        }

        return address is not null;
    }

    /// <summary>inet_ntop(3) and inet_ntoa(3): an address's bytes as text.</summary>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6.</param>
    /// <param name="address">4 or 16 bytes in network order.</param>
    /// <returns>As <c>192.0.2.1</c> or <c>2001:db8::1</c>.</returns>
    /// <exception cref="ArgumentException">The count of bytes is not the family's.</exception>
    /// <exception cref="SocketException">AddressFamilyNotSupported.</exception>
    public static string Format(AddressFamily addressFamily, ReadOnlySpan<byte> address)
    {
        Check(addressFamily, "inet_ntop");
        return TryFormat(addressFamily, address, out string? text)
            ? text
            : throw new ArgumentException($"An address of family {addressFamily} has {BytesOf(addressFamily)} bytes, this one {address.Length}.", nameof(address));
    }

    /// <summary>inet_ntop(3), with the failure as a value.</summary>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6.</param>
    /// <param name="address">4 or 16 bytes in network order.</param>
    /// <param name="text">The text; null on failure.</param>
    /// <returns>False when the family is another, or the count of bytes is not the family's.</returns>
    public static bool TryFormat(
        AddressFamily addressFamily, ReadOnlySpan<byte> address, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? text)
    {
        text = FamilyNumbers.TryToLinux(addressFamily, out int family) && Libc.FormatAddress(family, address, out string written) == 0
            ? written
            : null;
        return text is not null;
    }

    private static void Check(AddressFamily addressFamily, string call)
    {
        if (BytesOf(addressFamily) == 0)
        {
            SocketErrors.Throw(call, endPoint: null, Errno.EAFNOSUPPORT, $"{addressFamily} has no addresses in text; InterNetwork and InterNetworkV6 have");
        }
    }

    // The library's text ends at a NUL: what follows one would not be seen.
    private static bool HasNul(string text) => text.Contains('\0', StringComparison.Ordinal);

    private static int BytesOf(AddressFamily addressFamily) => addressFamily switch
    {
        AddressFamily.InterNetwork => 4,
        AddressFamily.InterNetworkV6 => 16,
        _ => 0,
    };

    private static string Example(AddressFamily addressFamily) =>
        addressFamily == AddressFamily.InterNetwork ? "192.0.2.1" : "2001:db8::1";
}
