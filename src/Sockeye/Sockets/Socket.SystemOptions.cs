using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye;

// Options by System.Net.Sockets' names, in .NET's meaning on Linux. Where a name is one option of the kernel,
// SystemNames.cs has it; the names that mean more are handled here, and nowhere else.
public partial class Socket
{
    // ── properties ──

    /// <summary>
    /// Whether IPv4 packets may not be fragmented: IP_MTU_DISCOVER, IP_PMTUDISC_DO or _DONT. Defaults to false.
    /// <see cref="IpOptions.MtuDiscovery"/> has the kernel's other choices.
    /// </summary>
    /// <exception cref="NotSupportedException">The socket is not of <see cref="AddressFamily.InterNetwork"/>.</exception>
    public bool DontFragment
    {
        get
        {
            // In System.Net.Sockets' order: no IP at all, disposed, IPv6.
            _ = IpLevel();
            ThrowIfDisposed();
            RequireFamily(AddressFamily.InterNetwork);
            return GetNumber(SocketOptionLevel.IP, SocketOptionName.DontFragment) != 0;
        }

        set
        {
            _ = IpLevel();
            ThrowIfDisposed();
            RequireFamily(AddressFamily.InterNetwork);
            SetSocketOption(SocketOptionLevel.IP, SocketOptionName.DontFragment, value);
        }
    }

    /// <summary>
    /// Whether an IPv6 socket speaks IPv4 too: the opposite of IPV6_V6ONLY. Defaults to false, to true on sockets made
    /// without naming a family; always false on other families. Can be set until the socket is bound.
    /// </summary>
    /// <exception cref="NotSupportedException">Setting it on another family than <see cref="AddressFamily.InterNetworkV6"/>.</exception>
    public bool DualMode
    {
        get => AddressFamily == AddressFamily.InterNetworkV6
            && GetNumber(SocketOptionLevel.IPv6, SocketOptionName.IPv6Only) == 0;
        set
        {
            RequireFamily(AddressFamily.InterNetworkV6);
            SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.IPv6Only, !value);
        }
    }

    /// <summary>SO_BROADCAST: datagrams may go to a broadcast address. Defaults to false, and on streams is always false.</summary>
    public bool EnableBroadcast
    {
        get => SocketType != SocketType.Stream
            && GetNumber(SocketOptionLevel.Socket, SocketOptionName.Broadcast) != 0;
        set => SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Broadcast, value);
    }

    /// <summary>
    /// Whether nobody else may bind to the same address: false sets SO_REUSEPORT and SO_REUSEADDR, true clears both.
    /// Defaults to true. The kernel's options by themselves: <see cref="SocketOptions.ReuseAddress"/>,
    /// <see cref="SocketOptions.ReusePort"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">Setting it on a socket that is bound.</exception>
    public bool ExclusiveAddressUse
    {
        get => GetNumber(SocketOptionLevel.Socket, SocketOptionName.ExclusiveAddressUse) != 0;
        set
        {
            if (IsBound)
            {
                throw new InvalidOperationException("The socket must not be bound or connected.");
            }

            SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ExclusiveAddressUse, value);
        }
    }

    /// <summary>
    /// SO_LINGER: what closing does with unsent data. Defaults to disabled: the kernel goes on sending. Enabled with 0
    /// seconds: the data is dropped and the peer sees a reset; with more, closing waits for the peer's acknowledgement.
    /// </summary>
    /// <exception cref="ArgumentException">A time below 0 or above 65,535 seconds.</exception>
    [DisallowNull]
    public LingerOption? LingerState
    {
        get => GetLinger();
        set => SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, (object)value!);
    }

    /// <summary>
    /// Whether what is sent to a multicast group comes to this machine's own members too: IP_MULTICAST_LOOP or
    /// IPV6_MULTICAST_LOOP. Defaults to true.
    /// </summary>
    /// <exception cref="NotSupportedException">The socket is neither IPv4 nor IPv6.</exception>
    public bool MulticastLoopback
    {
        get => GetNumber(IpLevel(), SocketOptionName.MulticastLoopback) != 0;
        set => SetSocketOption(IpLevel(), SocketOptionName.MulticastLoopback, value);
    }

    /// <summary>TCP_NODELAY: send small segments at once. Defaults to false.</summary>
    public bool NoDelay
    {
        get => GetNumber(SocketOptionLevel.Tcp, SocketOptionName.NoDelay) != 0;
        set => SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, value);
    }

    /// <summary>
    /// SO_RCVBUF: the receive buffer in bytes. The kernel doubles what is set and gives the double back; see
    /// <see cref="SocketOptions.ReceiveBuffer"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A negative number.</exception>
    public int ReceiveBufferSize
    {
        get => GetNumber(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer, value);
        }
    }

    /// <summary>
    /// How many milliseconds a synchronous receive may wait; 0 (the default) is no limit, and −1 sets 0. Accept does not heed
    /// it, as in .NET. <see cref="Timeout"/> bounds every call, asynchronous ones too; the smaller one counts.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A number below −1.</exception>
    public int ReceiveTimeout
    {
        get => GetNumber(SocketOptionLevel.Socket, SocketOptionName.ReceiveTimeout);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, -1);
            SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveTimeout, Math.Max(value, 0));
        }
    }

    /// <summary>
    /// SO_SNDBUF: the send buffer in bytes. The kernel doubles what is set and gives the double back; see
    /// <see cref="SocketOptions.SendBuffer"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A negative number.</exception>
    public int SendBufferSize
    {
        get => GetNumber(SocketOptionLevel.Socket, SocketOptionName.SendBuffer);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.SendBuffer, value);
        }
    }

    /// <summary>
    /// How many milliseconds a synchronous send may wait; 0 (the default) is no limit, and −1 sets 0. Connect does not heed
    /// it, as in .NET. <see cref="Timeout"/> bounds every call, asynchronous ones too; the smaller one counts.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A number below −1.</exception>
    public int SendTimeout
    {
        get => GetNumber(SocketOptionLevel.Socket, SocketOptionName.SendTimeout);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, -1);
            SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.SendTimeout, Math.Max(value, 0));
        }
    }

    /// <summary>How many hops outgoing packets may go: IP_TTL or IPV6_UNICAST_HOPS. Defaults to the kernel's, mostly 64.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number below 0 or above 255.</exception>
    /// <exception cref="NotSupportedException">The socket is neither IPv4 nor IPv6.</exception>
    public short Ttl
    {
        get => (short)GetNumber(IpLevel(), SocketOptionName.IpTimeToLive);
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, byte.MaxValue);
            SetSocketOption(IpLevel(), SocketOptionName.IpTimeToLive, (int)value);
        }
    }

    /// <summary>Has no effect, and is always false: there for source code that names it.</summary>
    [Obsolete("This property has no effect in .NET 5+ and .NET Core.")]
    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool UseOnlyOverlappedIO
    {
        get => false;
        set => _ = value;
    }

    // ── levels and names ──

    /// <summary>Reads an option by .NET's names: getsockopt(2).</summary>
    /// <param name="optionLevel">The level.</param>
    /// <param name="optionName">The option.</param>
    /// <returns>An <see cref="int"/>; for <see cref="SocketOptionName.Linger"/> a <see cref="LingerOption"/>.</returns>
    /// <exception cref="SocketException">The kernel refused, or System.Net.Sockets has no such option on Linux (EOPNOTSUPP).</exception>
    public object? GetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName) =>
        (optionLevel, optionName) switch
        {
            (SocketOptionLevel.Socket, SocketOptionName.Linger) => GetLinger(),

            // The kernel cannot list memberships; whatever it returns for this option is passed on.
            (SocketOptionLevel.IPv6, SocketOptionName.AddMembership) => GetMembership(Ipv6Options.JoinGroup),
            (SocketOptionLevel.IPv6, SocketOptionName.DropMembership) => GetMembership(Ipv6Options.LeaveGroup),
            _ => GetNumber(optionLevel, optionName),
        };

    /// <summary>Reads an option by .NET's names into <paramref name="optionValue"/>: getsockopt(2).</summary>
    /// <param name="optionLevel">The level.</param>
    /// <param name="optionName">The option.</param>
    /// <param name="optionValue">Room for the value, as the kernel lays it out.</param>
    /// <exception cref="SocketException">The kernel refused, or System.Net.Sockets has no such option on Linux (EOPNOTSUPP).</exception>
    public void GetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, byte[] optionValue) =>
        GetBytes(optionLevel, optionName, optionValue);

    /// <summary>Reads an option by .NET's names: getsockopt(2).</summary>
    /// <param name="optionLevel">The level.</param>
    /// <param name="optionName">The option.</param>
    /// <param name="optionLength">How many bytes to make room for.</param>
    /// <returns>What the kernel wrote, as it lays it out.</returns>
    /// <exception cref="SocketException">The kernel refused, or System.Net.Sockets has no such option on Linux (EOPNOTSUPP).</exception>
    public byte[] GetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, int optionLength)
    {
        ThrowIfDisposed();
        byte[] value = new byte[optionLength];
        int length = GetBytes(optionLevel, optionName, value);
        return length == optionLength ? value : value[..length];
    }

    /// <summary>Sets an option by .NET's names: setsockopt(2).</summary>
    /// <param name="optionLevel">The level.</param>
    /// <param name="optionName">The option. ReuseAddress sets SO_REUSEPORT and SO_REUSEADDR, as System.Net.Sockets does.</param>
    /// <param name="optionValue">The value.</param>
    /// <exception cref="SocketException">The kernel refused, or System.Net.Sockets has no such option on Linux (EOPNOTSUPP).</exception>
    public void SetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, bool optionValue) =>
        SetSocketOption(optionLevel, optionName, optionValue ? 1 : 0);

    /// <inheritdoc cref="SetSocketOption(SocketOptionLevel, SocketOptionName, bool)"/>
    public void SetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, int optionValue)
    {
        ThrowIfDisposed();
        int result = (optionLevel, optionName) switch
        {
            (SocketOptionLevel.Socket, SocketOptionName.ReceiveTimeout) => SetTimeoutMs(ref Core.Extras.ReceiveTimeoutMs, optionValue),
            (SocketOptionLevel.Socket, SocketOptionName.SendTimeout) => SetTimeoutMs(ref Core.Extras.SendTimeoutMs, optionValue),

            // An address in 0.0.0.0/8 is an interface's index, in network order, as in Windows.
            (SocketOptionLevel.IP, SocketOptionName.MulticastInterface)
                when IPAddress.NetworkToHostOrder(optionValue) is >= 0 and <= 0xFF_FFFF and int index =>
                IpOptions.MulticastInterfaceIndex.Set(Descriptor, index),
            _ => SetBytes(optionLevel, optionName, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in optionValue))),
        };
        ThrowIfSetFailed(optionLevel, optionName, result);
        if (optionName == SocketOptionName.PacketInformation && optionValue == 0)
        {
            // ReceiveMessageFrom must ask for it again.
            Core.Extras.HasPacketInformation = false;
        }
    }

    /// <summary>Sets an option by .NET's names: setsockopt(2).</summary>
    /// <param name="optionLevel">The level.</param>
    /// <param name="optionName">The option.</param>
    /// <param name="optionValue">The value as the kernel lays it out. It is not changed.</param>
    /// <exception cref="SocketException">
    /// The kernel refused, or System.Net.Sockets has no such option on Linux (EOPNOTSUPP), or the array is null or empty (EFAULT).
    /// </exception>
    public void SetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, byte[] optionValue)
    {
        ThrowIfDisposed();
        int result = optionValue is null or [] ? -Errno.EFAULT : SetBytes(optionLevel, optionName, optionValue);
        ThrowIfSetFailed(optionLevel, optionName, result);
    }

    /// <summary>Sets an option that is no number by .NET's names: setsockopt(2).</summary>
    /// <param name="optionLevel">The level.</param>
    /// <param name="optionName">Linger, AddMembership or DropMembership.</param>
    /// <param name="optionValue">A <see cref="LingerOption"/>, <see cref="MulticastOption"/> or <see cref="IPv6MulticastOption"/>.</param>
    /// <exception cref="ArgumentException">The value is not of the type that the option wants, or the option wants none of these.</exception>
    /// <exception cref="SocketException">The kernel refused: see <see cref="IpOptions.AddMembership"/>.</exception>
    public void SetSocketOption(SocketOptionLevel optionLevel, SocketOptionName optionName, object optionValue)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(optionValue);
        int result = (optionLevel, optionName) switch
        {
            (SocketOptionLevel.Socket, SocketOptionName.Linger) => SetLinger(Require<LingerOption>(optionValue)),
            (SocketOptionLevel.IP, SocketOptionName.AddMembership) =>
                IpOptions.AddMembership.Set(Descriptor, Require<MulticastOption>(optionValue)),
            (SocketOptionLevel.IP, SocketOptionName.DropMembership) =>
                IpOptions.DropMembership.Set(Descriptor, Require<MulticastOption>(optionValue)),
            (SocketOptionLevel.IPv6, SocketOptionName.AddMembership) =>
                Ipv6Options.JoinGroup.Set(Descriptor, Require<IPv6MulticastOption>(optionValue)),
            (SocketOptionLevel.IPv6, SocketOptionName.DropMembership) =>
                Ipv6Options.LeaveGroup.Set(Descriptor, Require<IPv6MulticastOption>(optionValue)),
            _ => throw new ArgumentException("The option wants a number or bytes.", nameof(optionValue)),
        };
        ThrowIfSetFailed(optionLevel, optionName, result);
    }

    /// <summary>Not supported on Linux, as in System.Net.Sockets: there for source code that names it.</summary>
    /// <param name="level">The level.</param>
    /// <exception cref="PlatformNotSupportedException">Always, on IPv4 and IPv6 sockets.</exception>
    /// <exception cref="ArgumentException"><paramref name="level"/> is Unspecified.</exception>
    /// <exception cref="NotSupportedException">The socket is neither IPv4 nor IPv6.</exception>
    [EditorBrowsable(EditorBrowsableState.Never)]
    public void SetIPProtectionLevel(IPProtectionLevel level)
    {
        if (level == IPProtectionLevel.Unspecified)
        {
            throw new ArgumentException("Unspecified cannot be set.", nameof(level));
        }

        _ = IpLevel();
        throw new PlatformNotSupportedException("Linux has no IP protection level.");
    }

    // ── how ──

    private int GetNumber(SocketOptionLevel level, SocketOptionName name)
    {
        ThrowIfDisposed();
        int value = 0;
        int result = 0;
        switch (level, name)
        {
            case (SocketOptionLevel.Socket, SocketOptionName.ReceiveTimeout):
                value = ReceiveTimeoutMs;
                break;
            case (SocketOptionLevel.Socket, SocketOptionName.SendTimeout):
                value = SendTimeoutMs;
                break;
            case (_, SocketOptionName.Error):
                result = SocketOptions.Error.Get(Descriptor, out int errno);
                value = (int)Errno.ToSocketError(errno);
                break;
            default:
                result = GetBytes(level, name, MemoryMarshal.AsBytes(new Span<int>(ref value)), out _);
                break;
        }

        if (result < 0)
        {
            ThrowOptionFailed("getsockopt", SystemNames.Describe(level, name), -result);
        }

        return value;
    }

    private T GetMembership<T>(SocketOption<T> option)
    {
        ThrowIfDisposed();
        int result = option.Get(Descriptor, out T value);
        if (result < 0)
        {
            ThrowOptionFailed("getsockopt", option.ToString(), -result);
        }

        return value;
    }

    private LingerOption GetLinger()
    {
        ThrowIfDisposed();
        int result = PlainLayout<Linger>.Instance.Get(
            Descriptor, SocketConstants.SOL_SOCKET, SocketConstants.SO_LINGER, out Linger linger);
        if (result < 0)
        {
            ThrowOptionFailed("getsockopt", SocketOptions.Linger.ToString(), -result);
        }

        // The kernel remembers a time that is switched off, and .NET shows it.
        return new LingerOption(linger.OnOff != 0, linger.Seconds);
    }

    private int SetLinger(LingerOption optionValue)
    {
        if (optionValue.LingerTime is < 0 or > ushort.MaxValue)
        {
            throw new ArgumentException("LingerTime must be between 0 and 65,535 seconds.", nameof(optionValue));
        }

        Core.Lingers |= optionValue is { Enabled: true, LingerTime: > 0 };
        return PlainLayout<Linger>.Instance.Set(
            Descriptor,
            SocketConstants.SOL_SOCKET,
            SocketConstants.SO_LINGER,
            new Linger { OnOff = optionValue.Enabled ? 1 : 0, Seconds = optionValue.LingerTime });
    }

    private static int SetTimeoutMs(ref int field, int milliseconds)
    {
        if (milliseconds < 0)
        {
            return -Errno.EINVAL;
        }

        field = milliseconds;
        return 0;
    }

    private int GetBytes(SocketOptionLevel level, SocketOptionName name, byte[]? value)
    {
        ThrowIfDisposed();
        if (name == SocketOptionName.Error && value?.Length >= sizeof(int))
        {
            BinaryPrimitives.WriteInt32LittleEndian(value, GetNumber(level, name));
            return sizeof(int);
        }

        int result = GetBytes(level, name, value, out int length);
        if (result < 0)
        {
            ThrowOptionFailed("getsockopt", SystemNames.Describe(level, name), -result);
        }

        return length;
    }

    // getsockopt with .NET's meaning of a name; 0 or −errno.
    private int GetBytes(SocketOptionLevel level, SocketOptionName name, Span<byte> value, out int length)
    {
        length = 0;
        if (level == SocketOptionLevel.Socket && name is SocketOptionName.ReuseAddress or SocketOptionName.ExclusiveAddressUse)
        {
            return GetReuse(value, name == SocketOptionName.ExclusiveAddressUse, out length);
        }

        if (!SystemNames.TryFind(level, name, out KernelOption option))
        {
            return -Errno.EOPNOTSUPP;
        }

        int result = Libc.GetOption(Descriptor, option.Level, option.Name, value, out length);
        if (result < 0)
        {
            return result;
        }

        if (level == SocketOptionLevel.IP && name == SocketOptionName.DontFragment && length > 0)
        {
            value[0] = value[0] == IpConstants.IP_PMTUDISC_DO ? (byte)1 : (byte)0;
        }

        // A part of a type's number would be another type.
        bool partOfType = level == SocketOptionLevel.Socket && name == SocketOptionName.Type && length != sizeof(int);
        return partOfType ? -Errno.EOPNOTSUPP : result;
    }

    private int GetReuse(Span<byte> value, bool exclusive, out int length)
    {
        length = sizeof(int);
        if (value.Length != sizeof(int))
        {
            return -Errno.EINVAL;
        }

        int result = Libc.GetOption(Descriptor, SocketConstants.SOL_SOCKET, SocketConstants.SO_REUSEPORT, out int reuse);
        BinaryPrimitives.WriteInt32LittleEndian(value, (reuse != 0) != exclusive ? 1 : 0);
        return result;
    }

    // setsockopt with .NET's meaning of a name; 0 or −errno.
    private int SetBytes(SocketOptionLevel level, SocketOptionName name, ReadOnlySpan<byte> value)
    {
        if (level == SocketOptionLevel.Socket && name is SocketOptionName.ReuseAddress or SocketOptionName.ExclusiveAddressUse)
        {
            return SetReuse(value, name == SocketOptionName.ExclusiveAddressUse);
        }

        if (!SystemNames.TryFind(level, name, out KernelOption option))
        {
            return -Errno.EOPNOTSUPP;
        }

        if (level == SocketOptionLevel.IP && name == SocketOptionName.DontFragment)
        {
            // The kernel takes a byte where there is no room for an int.
            bool yes = value.Length < sizeof(int) ? value[0] != 0 : BinaryPrimitives.ReadInt32LittleEndian(value) != 0;
            return Libc.SetOption(
                Descriptor, option.Level, option.Name, yes ? IpConstants.IP_PMTUDISC_DO : IpConstants.IP_PMTUDISC_DONT);
        }

        return Libc.SetOption(Descriptor, option.Level, option.Name, value);
    }

    // Windows knows exclusive, shared, and undecided; here both of .NET's names steer SO_REUSEPORT and SO_REUSEADDR
    // together, so that the address is shared with whoever sets either.
    private int SetReuse(ReadOnlySpan<byte> value, bool exclusive)
    {
        if (value.Length != sizeof(int))
        {
            return -Errno.EINVAL;
        }

        int reuse = BinaryPrimitives.ReadInt32LittleEndian(value);
        if (exclusive)
        {
            if (reuse is not (0 or 1))
            {
                return -Errno.EINVAL;
            }

            reuse = 1 - reuse;
        }

        int result = Libc.SetOption(Descriptor, SocketConstants.SOL_SOCKET, SocketConstants.SO_REUSEPORT, reuse);
        return result < 0
            ? result
            : Libc.SetOption(Descriptor, SocketConstants.SOL_SOCKET, SocketConstants.SO_REUSEADDR, reuse);
    }

    private SocketOptionLevel IpLevel() => AddressFamily switch
    {
        AddressFamily.InterNetwork => SocketOptionLevel.IP,
        AddressFamily.InterNetworkV6 => SocketOptionLevel.IPv6,
        _ => throw NoSuchOption(),
    };

    private void RequireFamily(AddressFamily family)
    {
        if (AddressFamily != family)
        {
            throw NoSuchOption();
        }
    }

    private NotSupportedException NoSuchOption() => new($"A socket of family {AddressFamily} has no such option.");

    private static T Require<T>(object optionValue)
        where T : class =>
        optionValue as T ?? throw new ArgumentException($"The option wants a {typeof(T).Name}.", nameof(optionValue));

    private static void ThrowIfSetFailed(SocketOptionLevel level, SocketOptionName name, int result)
    {
        if (result < 0)
        {
            ThrowOptionFailed("setsockopt", SystemNames.Describe(level, name), -result);
        }
    }
}
