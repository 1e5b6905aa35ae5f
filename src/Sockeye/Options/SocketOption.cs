namespace Sockeye;

// The contract of an option key:
// - A key is level, name and layout; it owns nothing, knows no socket, and is made once, as a static field of its
//   level's class. A new option is a doc line, a field, and a row in the test that walks them all.
// - The kernel decides: a key never hides an errno, and gives the kernel's plain meaning under the kernel's name
//   (System.Net.Sockets' meaning stays with SetSocketOption and the properties of Socket).
// - Values are converted, never boxed. A time that is no whole number of the option's units is rounded up, so that
//   no limit turns into "none"; a negative one is refused.

/// <summary>What can be done with an option.</summary>
[Flags]
public enum SocketOptionAccess
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>getsockopt(2) reads it.</summary>
    Get = 1,

    /// <summary>setsockopt(2) changes it.</summary>
    Set = 2,

    /// <summary>It can be read and changed.</summary>
    Both = Get | Set,
}

/// <summary>A typed key of getsockopt(2) and setsockopt(2): level, name, and how the value lies in memory.</summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <remarks>
/// Used with <see cref="Socket.GetOption{T}"/> and <see cref="Socket.SetOption{T}"/>. The kernel's options stand in
/// <see cref="SocketOptions"/>, then one class for each level: <see cref="IpOptions"/>, <see cref="Ipv6Options"/>,
/// <see cref="TcpOptions"/>, <see cref="UdpOptions"/>, <see cref="NetlinkOptions"/>, <see cref="PacketOptions"/> and the
/// like; <see cref="SocketOption"/> makes keys for any other.
/// </remarks>
public sealed class SocketOption<T>
{
    private readonly OptionLayout<T> _layout;
    private readonly string? _kernelName;

    internal SocketOption(OptionLayout<T> layout, int level, int name, string? kernelName, SocketOptionAccess access)
    {
        _layout = layout;
        Level = level;
        Name = name;
        Access = access;
        _kernelName = kernelName;
    }

    /// <summary>The level's number: SOL_SOCKET is 1, else the protocol, as IPPROTO_TCP, 6.</summary>
    public int Level { get; }

    /// <summary>The option's number within its level.</summary>
    public int Name { get; }

    /// <summary>Whether the option can be read, changed, or both.</summary>
    public SocketOptionAccess Access { get; }

    /// <summary>The kernel's name, as <c>SO_REUSEADDR</c>; level and number where none was given.</summary>
    public override string ToString() => _kernelName ?? $"level {Level} option {Name}";

    /// <summary>getsockopt(2): 0 or −errno.</summary>
    internal int Get(SocketHandle socket, out T value) => _layout.Get(socket, Level, Name, out value);

    /// <summary>setsockopt(2): 0 or −errno.</summary>
    internal int Set(SocketHandle socket, T value) => _layout.Set(socket, Level, Name, value);
}

/// <summary>Makes option keys, one factory per layout. Keep what they return in a static field.</summary>
/// <remarks>
/// Each takes the numbers of the kernel's headers, the kernel's name for messages, and what may be done with the
/// option. A factory calls nothing; a wrong number or layout shows as an errno (ENOPROTOOPT, EINVAL) when the key is used.
/// </remarks>
public static class SocketOption
{
    /// <summary>A yes or no, which the kernel keeps as an int.</summary>
    /// <param name="level">The level's number.</param>
    /// <param name="name">The option's number.</param>
    /// <param name="kernelName">The kernel's name, for messages.</param>
    /// <param name="access">What can be done with it. Defaults to both.</param>
    public static SocketOption<bool> Flag(
        int level, int name, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both) =>
        new(FlagLayout.Instance, level, name, kernelName, access);

    /// <summary>An int.</summary>
    /// <inheritdoc cref="Flag" path="/param"/>
    public static SocketOption<int> Number(
        int level, int name, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both) =>
        Struct<int>(level, name, kernelName, access);

    /// <summary>A 64-bit number.</summary>
    /// <inheritdoc cref="Flag" path="/param"/>
    public static SocketOption<long> Number64(
        int level, int name, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both) =>
        Struct<long>(level, name, kernelName, access);

    /// <summary>A time that the kernel keeps as an int of seconds. Rounded up; negative is refused.</summary>
    /// <inheritdoc cref="Flag" path="/param"/>
    public static SocketOption<TimeSpan> Seconds(
        int level, int name, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both) =>
        new(UnitLayout.Seconds, level, name, kernelName, access);

    /// <summary>A time that the kernel keeps as an int of milliseconds. Rounded up; negative is refused.</summary>
    /// <inheritdoc cref="Flag" path="/param"/>
    public static SocketOption<TimeSpan> Milliseconds(
        int level, int name, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both) =>
        new(UnitLayout.Milliseconds, level, name, kernelName, access);

    /// <summary>A time that the kernel keeps as an int of microseconds. Rounded up; negative is refused.</summary>
    /// <inheritdoc cref="Flag" path="/param"/>
    public static SocketOption<TimeSpan> Microseconds(
        int level, int name, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both) =>
        new(UnitLayout.Microseconds, level, name, kernelName, access);

    /// <summary>A time that the kernel keeps as a struct timeval. Rounded up to microseconds; negative is refused.</summary>
    /// <inheritdoc cref="Flag" path="/param"/>
    public static SocketOption<TimeSpan> Time(
        int level, int name, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both) =>
        new(TimeLayout.Instance, level, name, kernelName, access);

    /// <summary>A text in UTF-8, which ends at its first 0 byte.</summary>
    /// <param name="level">The level's number.</param>
    /// <param name="name">The option's number.</param>
    /// <param name="maxBytes">The longest text in bytes, the kernel's closing 0 included: 16 for an interface's name.</param>
    /// <param name="kernelName">The kernel's name, for messages.</param>
    /// <param name="access">What can be done with it. Defaults to both.</param>
    public static SocketOption<string> Text(
        int level, int name, int maxBytes, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        return new(new TextLayout(maxBytes), level, name, kernelName, access);
    }

    /// <summary>Bytes as the kernel gives them: what no other layout fits.</summary>
    /// <param name="level">The level's number.</param>
    /// <param name="name">The option's number.</param>
    /// <param name="maxBytes">How many bytes a read makes room for; the array returned is as long as what the kernel gave.</param>
    /// <param name="kernelName">The kernel's name, for messages.</param>
    /// <param name="access">What can be done with it. Defaults to both.</param>
    public static SocketOption<byte[]> Bytes(
        int level, int name, int maxBytes, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        return new(new BytesLayout(maxBytes), level, name, kernelName, access);
    }

    /// <summary>A structure or an enumeration, laid out as the kernel has it.</summary>
    /// <typeparam name="T">The structure. Where the kernel's own is shorter, as an older one's may be, the rest reads as 0.</typeparam>
    /// <inheritdoc cref="Flag" path="/param"/>
    public static SocketOption<T> Struct<T>(
        int level, int name, string? kernelName = null, SocketOptionAccess access = SocketOptionAccess.Both)
        where T : unmanaged =>
        new(PlainLayout<T>.Instance, level, name, kernelName, access);
}
