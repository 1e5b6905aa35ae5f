using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>How an option's value passes between caller and kernel.</summary>
/// <remarks>
/// The layout makes the system call itself, so that one which needs more than a span fits too: memory the kernel
/// only borrows, a descriptor it hands over, a buffer that grows until the value fits.
/// </remarks>
internal abstract class OptionLayout<T>
{
    /// <summary>getsockopt(2): 0 or −errno.</summary>
    internal abstract int Get(SocketHandle socket, int level, int name, out T value);

    /// <summary>setsockopt(2): 0 or −errno.</summary>
    internal abstract int Set(SocketHandle socket, int level, int name, T value);
}

/// <summary>The value's own bytes.</summary>
internal sealed class PlainLayout<T> : OptionLayout<T>
    where T : unmanaged
{
    internal static readonly PlainLayout<T> Instance = new();

    internal override int Get(SocketHandle socket, int level, int name, out T value) => Get(socket, level, name, out value, out _);

    /// <summary>As <see cref="Get(SocketHandle, int, int, out T)"/>, with the length that the kernel filled.</summary>
    /// <remarks>
    /// A kernel that knows a shorter structure writes fewer bytes; the rest stay 0. One that writes none has not given a
    /// value, and 0 is not to be taken for it: ENODATA.
    /// </remarks>
    internal int Get(SocketHandle socket, int level, int name, out T value, out int length)
    {
        T read = default;
        int result = Libc.GetOption(socket, level, name, MemoryMarshal.AsBytes(new Span<T>(ref read)), out length);
        value = read;
        return result >= 0 && length == 0 ? -Errno.ENODATA : result;
    }

    internal override int Set(SocketHandle socket, int level, int name, T value) =>
        Libc.SetOption(socket, level, name, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
}

/// <summary>A value that is converted from and to what the kernel keeps.</summary>
internal abstract class ConvertedLayout<T, TKernel> : OptionLayout<T>
    where TKernel : unmanaged
{
    internal sealed override int Get(SocketHandle socket, int level, int name, out T value)
    {
        int result = PlainLayout<TKernel>.Instance.Get(socket, level, name, out TKernel read, out int length);
        value = result < 0 ? default! : FromKernel(read, length);
        return result;
    }

    internal sealed override int Set(SocketHandle socket, int level, int name, T value) =>
        PlainLayout<TKernel>.Instance.Set(socket, level, name, ToKernel(value));

    internal abstract TKernel ToKernel(T value);

    internal abstract T FromKernel(TKernel value);

    /// <summary>As <see cref="FromKernel(TKernel)"/>, for a value that distinguishes a part that is 0 from one the kernel did not fill.</summary>
    /// <param name="value">What the kernel wrote, and zeros.</param>
    /// <param name="length">How many bytes it wrote.</param>
    internal virtual T FromKernel(TKernel value, int length) => FromKernel(value);
}

internal sealed class FlagLayout : ConvertedLayout<bool, int>
{
    internal static readonly FlagLayout Instance = new();

    internal override int ToKernel(bool value) => value ? 1 : 0;

    internal override bool FromKernel(int value) => value != 0;
}

/// <summary>A time as an int of some unit.</summary>
internal sealed class UnitLayout(long unitTicks) : ConvertedLayout<TimeSpan, int>
{
    internal static readonly UnitLayout Seconds = new(TimeSpan.TicksPerSecond);
    internal static readonly UnitLayout Milliseconds = new(TimeSpan.TicksPerMillisecond);
    internal static readonly UnitLayout Microseconds = new(TimeSpan.TicksPerMicrosecond);

    internal override int ToKernel(TimeSpan value)
    {
        long units = RoundUp(value, unitTicks);
        return units <= int.MaxValue
            ? (int)units
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"At most {FromKernel(int.MaxValue)}.");
    }

    internal override TimeSpan FromKernel(int value) => new(value * unitTicks);

    /// <summary>Whole units, rounded up: a short limit must not become 0, which often means none.</summary>
    internal static long RoundUp(TimeSpan value, long unitTicks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
        (long units, long rest) = Math.DivRem(value.Ticks, unitTicks);
        return rest == 0 ? units : units + 1;
    }
}

/// <summary>A time as struct timeval.</summary>
internal sealed class TimeLayout : ConvertedLayout<TimeSpan, TimeValue>
{
    internal static readonly TimeLayout Instance = new();

    private const long MicrosecondsPerSecond = 1_000_000;

    internal override TimeValue ToKernel(TimeSpan value)
    {
        long microseconds = UnitLayout.RoundUp(value, TimeSpan.TicksPerMicrosecond);
        return new TimeValue
        {
            Seconds = microseconds / MicrosecondsPerSecond,
            Microseconds = microseconds % MicrosecondsPerSecond,
        };
    }

    // The kernel can keep more seconds than a TimeSpan.
    internal override TimeSpan FromKernel(TimeValue value) =>
        value.Seconds >= TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerSecond
            ? TimeSpan.MaxValue
            : new TimeSpan((value.Seconds * TimeSpan.TicksPerSecond) + (value.Microseconds * TimeSpan.TicksPerMicrosecond));
}

/// <summary>struct linger: null is off, a time is on with that many seconds.</summary>
internal sealed class LingerLayout : ConvertedLayout<TimeSpan?, Linger>
{
    internal static readonly LingerLayout Instance = new();

    internal override Linger ToKernel(TimeSpan? value) => value is { } time
        ? new Linger { OnOff = 1, Seconds = UnitLayout.Seconds.ToKernel(time) }
        : default;

    internal override TimeSpan? FromKernel(Linger value) =>
        value.OnOff == 0 ? null : UnitLayout.Seconds.FromKernel(value.Seconds);
}

/// <summary>struct in_addr: one of this machine's IPv4 addresses.</summary>
internal sealed class Ipv4AddressLayout : ConvertedLayout<IPAddress, uint>
{
    internal static readonly Ipv4AddressLayout Instance = new();

    internal override uint ToKernel(IPAddress value) => Number(value);

    internal override IPAddress FromKernel(uint value) => new(value);

    /// <summary>The address's four bytes in their own order, as the kernel wants them.</summary>
    internal static uint Number(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        return address.AddressFamily == AddressFamily.InterNetwork && address.TryWriteBytes(bytes, out _)
            ? MemoryMarshal.Read<uint>(bytes)
            : throw new ArgumentException($"{address} is no IPv4 address.", nameof(address));
    }
}

/// <summary>struct ip_mreqn of which only the interface's index counts.</summary>
internal sealed class Ipv4InterfaceLayout : ConvertedLayout<int, IpMembership>
{
    internal static readonly Ipv4InterfaceLayout Instance = new();

    internal override IpMembership ToKernel(int value) => new() { InterfaceIndex = value };

    internal override int FromKernel(IpMembership value) => value.InterfaceIndex;
}

/// <summary>struct ip_mreqn: group, local address, interface index.</summary>
internal sealed class Ipv4MembershipLayout : ConvertedLayout<MulticastOption, IpMembership>
{
    internal static readonly Ipv4MembershipLayout Instance = new();

    internal override IpMembership ToKernel(MulticastOption value) => new()
    {
        Group = Ipv4AddressLayout.Number(value.Group),
        LocalAddress = Ipv4AddressLayout.Number(value.LocalAddress ?? IPAddress.Any),
        InterfaceIndex = value.InterfaceIndex,
    };

    internal override MulticastOption FromKernel(IpMembership value) =>
        new(new IPAddress(value.Group), new IPAddress(value.LocalAddress)) { InterfaceIndex = value.InterfaceIndex };
}

/// <summary>struct ipv6_mreq: group, interface index.</summary>
internal sealed class Ipv6MembershipLayout : ConvertedLayout<IPv6MulticastOption, Ipv6Membership>
{
    internal static readonly Ipv6MembershipLayout Instance = new();

    private const int AddressBytes = 16;

    internal override Ipv6Membership ToKernel(IPv6MulticastOption value)
    {
        Span<byte> group = stackalloc byte[AddressBytes];
        return value.Group.AddressFamily == AddressFamily.InterNetworkV6 && value.Group.TryWriteBytes(group, out _)
            ? new Ipv6Membership
            {
                Group = MemoryMarshal.Read<Ipv6Address>(group),
                InterfaceIndex = unchecked((int)value.InterfaceIndex),
            }
            : throw new ArgumentException($"{value.Group} is no IPv6 address.", nameof(value));
    }

    internal override IPv6MulticastOption FromKernel(Ipv6Membership value)
    {
        Span<byte> group = stackalloc byte[AddressBytes];
        MemoryMarshal.Write(group, value.Group);
        return new IPv6MulticastOption(new IPAddress(group), unchecked((uint)value.InterfaceIndex));
    }
}

/// <summary>Bytes of any length up to a limit.</summary>
internal sealed class BytesLayout(int maxBytes) : OptionLayout<byte[]>
{
    internal override int Get(SocketHandle socket, int level, int name, out byte[] value)
    {
        byte[] buffer = new byte[maxBytes];
        int result = Libc.GetOption(socket, level, name, buffer, out int length);
        if (result >= 0 && length > buffer.Length)
        {
            // Some options fill what there is room for, and say how much they have.
            buffer = new byte[length];
            result = Libc.GetOption(socket, level, name, buffer, out length);
        }

        value = result < 0 ? [] : buffer[..Math.Min(length, buffer.Length)];
        return result >= 0 && length > buffer.Length ? -Errno.ERANGE : result;
    }

    internal override int Set(SocketHandle socket, int level, int name, byte[] value) =>
        Libc.SetOption(socket, level, name, value);
}

/// <summary>UTF-8 with or without a closing 0.</summary>
internal sealed class TextLayout(int maxBytes) : OptionLayout<string>
{
    private const int StackBytes = 256;

    internal override int Get(SocketHandle socket, int level, int name, out string value)
    {
        Span<byte> buffer = maxBytes <= StackBytes ? stackalloc byte[StackBytes] : new byte[maxBytes];
        buffer = buffer[..maxBytes];
        int result = Libc.GetOption(socket, level, name, buffer, out int length);
        ReadOnlySpan<byte> text = buffer[..(result < 0 ? 0 : Math.Min(length, maxBytes))];
        int end = text.IndexOf((byte)0);
        value = Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
        return result;
    }

    internal override int Set(SocketHandle socket, int level, int name, string value)
    {
        // The kernel would cut a longer text or one with a 0 inside, and name another interface than was meant.
        int length = Encoding.UTF8.GetByteCount(value);
        if (length >= maxBytes || value.Contains('\0'))
        {
            throw new ArgumentException($"At most {maxBytes - 1} bytes, none of them 0.", nameof(value));
        }

        Span<byte> buffer = maxBytes <= StackBytes ? stackalloc byte[StackBytes] : new byte[maxBytes];
        Encoding.UTF8.GetBytes(value, buffer);
        return Libc.SetOption(socket, level, name, buffer[..length]);
    }
}
