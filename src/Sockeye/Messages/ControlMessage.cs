namespace Sockeye;

// The contract of a control message key, the sibling of an option key:
// - It is level, type and layout; it owns nothing, knows no socket, and is made once, as a static field of its level's
//   class. A new one is a doc line and a field.
// - Reading checks the length: a message that was cut, or is shorter than its type, reads as absent.
// - Descriptors are no values: they go with OutgoingMessage.Handles and come with ReceivedMessage.TakeHandles.

/// <summary>A typed key of ancillary data: level, type, and how the value lies in memory; cmsg(3).</summary>
/// <typeparam name="T">The value's type.</typeparam>
/// <remarks>
/// Used with <see cref="ControlWriter"/> and <see cref="ControlReader"/>. The kernel's messages stand in
/// <see cref="SocketControl"/>, <see cref="IpControl"/>, <see cref="Ipv6Control"/>, <see cref="UdpControl"/>,
/// <see cref="TcpControl"/>, <see cref="PacketControl"/>, <see cref="NetlinkControl"/> and <see cref="TipcControl"/>;
/// <see cref="ControlMessage"/> makes keys for any other.
/// </remarks>
public sealed class ControlMessage<T>
{
    private readonly ControlLayout<T> _layout;
    private readonly string? _kernelName;

    internal ControlMessage(ControlLayout<T> layout, int level, int type, string? kernelName)
    {
        _layout = layout;
        Level = level;
        Type = type;
        _kernelName = kernelName;
    }

    /// <summary>The level's number: SOL_SOCKET is 1, else the protocol, as IPPROTO_IPV6, 41.</summary>
    public int Level { get; }

    /// <summary>The message's number within its level.</summary>
    public int Type { get; }

    /// <summary>CMSG_SPACE(3): the room that messages of this kind need in a control buffer.</summary>
    /// <param name="count">How many of them. Defaults to one.</param>
    /// <returns>Bytes, header and padding included; for values of varying length, the longest.</returns>
    public int Space(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return checked(ControlMessage.Space(_layout.MaxBytes) * count);
    }

    /// <summary>The kernel's name, as <c>IP_PKTINFO</c>; level and type where none was given.</summary>
    public override string ToString() => _kernelName ?? $"level {Level} type {Type}";

    internal bool TryRead(ReadOnlySpan<byte> data, out T value) => _layout.TryRead(data, out value);

    internal int Measure(T value) => _layout.Measure(value);

    internal void Write(T value, Span<byte> data) => _layout.Write(value, data);
}

/// <summary>Makes control message keys, one factory per layout, and measures control buffers; cmsg(3).</summary>
/// <remarks>Each factory takes the numbers of the kernel's headers, and the kernel's name for messages.</remarks>
public static class ControlMessage
{
    // sizeof(struct cmsghdr) on 64-bit machines, a multiple of the alignment already.
    internal const int HeaderBytes = sizeof(ulong) + sizeof(int) + sizeof(int);

    // CMSG_ALIGN: to the size of a long.
    private const int Alignment = sizeof(ulong);

    /// <summary>CMSG_SPACE(3): the room that one message needs in a control buffer.</summary>
    /// <param name="dataBytes">How long its data is.</param>
    /// <returns>Bytes, header and padding included.</returns>
    public static int Space(int dataBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dataBytes);
        return checked(HeaderBytes + Align(dataBytes));
    }

    /// <summary>CMSG_LEN(3): the length of one message without padding, as it stands in its header.</summary>
    /// <param name="dataBytes">How long its data is.</param>
    /// <returns>Bytes, header included.</returns>
    public static int Length(int dataBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dataBytes);
        return checked(HeaderBytes + dataBytes);
    }

    /// <summary>An int.</summary>
    /// <param name="level">The level's number.</param>
    /// <param name="type">The message's number.</param>
    /// <param name="kernelName">The kernel's name, for messages.</param>
    public static ControlMessage<int> Number(int level, int type, string? kernelName = null) => Struct<int>(level, type, kernelName);

    /// <summary>A structure or a number, laid out as the kernel has it.</summary>
    /// <typeparam name="T">The structure.</typeparam>
    /// <inheritdoc cref="Number" path="/param"/>
    public static ControlMessage<T> Struct<T>(int level, int type, string? kernelName = null)
        where T : unmanaged =>
        new(PlainControlLayout<T>.Instance, level, type, kernelName);

    /// <summary>A text in UTF-8, which ends at its first 0 byte.</summary>
    /// <param name="level">The level's number.</param>
    /// <param name="type">The message's number.</param>
    /// <param name="maxBytes">The longest text in bytes.</param>
    /// <param name="kernelName">The kernel's name, for messages.</param>
    public static ControlMessage<string> Text(int level, int type, int maxBytes, string? kernelName = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        return new(new TextControlLayout(maxBytes), level, type, kernelName);
    }

    /// <summary>Bytes as the kernel gives them: what no other layout fits.</summary>
    /// <param name="level">The level's number.</param>
    /// <param name="type">The message's number.</param>
    /// <param name="maxBytes">The longest that is expected; <see cref="ControlMessage{T}.Space"/> makes room for it.</param>
    /// <param name="kernelName">The kernel's name, for messages.</param>
    public static ControlMessage<byte[]> Bytes(int level, int type, int maxBytes, string? kernelName = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        return new(new BytesControlLayout(maxBytes), level, type, kernelName);
    }

    internal static int Align(int bytes) => checked(bytes + Alignment - 1) & ~(Alignment - 1);
}
