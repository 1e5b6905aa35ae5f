using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

// Options in the kernel's plain meaning: typed keys, raw numbers, ioctl(2). .NET's names and their meaning are in
// Socket.SystemOptions.cs.
public partial class Socket
{
    // ── typed keys ──

    /// <summary>Reads an option: getsockopt(2).</summary>
    /// <typeparam name="T">The option's type.</typeparam>
    /// <param name="option">The key, as <see cref="TcpOptions.NoDelay"/>.</param>
    /// <returns>The value as the kernel has it, which may differ from what was set: buffers are doubled, times rounded.</returns>
    /// <exception cref="SocketException">The kernel refused; ENOPROTOOPT or EOPNOTSUPP: this kind of socket has no such option.</exception>
    /// <exception cref="ArgumentException">The option can only be set.</exception>
    public T GetOption<T>(SocketOption<T> option)
    {
        int result = GetOptionCore(option, out T value);
        if (result < 0)
        {
            ThrowOptionFailed("getsockopt", option.ToString(), -result);
        }

        return value;
    }

    /// <summary>Changes an option: setsockopt(2).</summary>
    /// <typeparam name="T">The option's type.</typeparam>
    /// <param name="option">The key, as <see cref="TcpOptions.NoDelay"/>.</param>
    /// <param name="value">The value. A time is rounded up to the option's units.</param>
    /// <exception cref="SocketException">The kernel refused; its errno says why, and the key's text what it means there.</exception>
    /// <exception cref="ArgumentException">The option can only be read, or the value does not fit its layout.</exception>
    public void SetOption<T>(SocketOption<T> option, T value)
    {
        int result = SetOptionCore(option, value);
        if (result < 0)
        {
            ThrowOptionFailed("setsockopt", option.ToString(), -result);
        }
    }

    /// <summary>Reads an option: getsockopt(2). Failure is a value; <see cref="GetOption{T}"/> is the same code, throwing.</summary>
    /// <typeparam name="T">The option's type.</typeparam>
    /// <param name="option">The key.</param>
    /// <returns>The value, or the errno.</returns>
    /// <exception cref="ArgumentException">The option can only be set.</exception>
    public SocketResult<T> TryGetOption<T>(SocketOption<T> option)
    {
        int result = GetOptionCore(option, out T value);
        return result < 0 ? SocketResult<T>.Failure(-result) : SocketResult<T>.Success(value);
    }

    /// <summary>Changes an option: setsockopt(2). Failure is a value; <see cref="SetOption{T}"/> is the same code, throwing.</summary>
    /// <typeparam name="T">The option's type.</typeparam>
    /// <param name="option">The key.</param>
    /// <param name="value">The value. A time is rounded up to the option's units.</param>
    /// <returns>Success, or the errno.</returns>
    /// <exception cref="ArgumentException">The option can only be read, or the value does not fit its layout.</exception>
    public SocketResult TrySetOption<T>(SocketOption<T> option, T value) =>
        SocketResult.From(Math.Max(0, -SetOptionCore(option, value)));

    // ── raw numbers, ioctl(2) ──

    /// <summary>
    /// SIOCOUTQ: how many sent bytes the kernel still keeps; on TCP those that the peer has not acknowledged, on
    /// datagram sockets with the kernel's own bookkeeping.
    /// </summary>
    /// <exception cref="SocketException">EINVAL: the socket listens.</exception>
    public int UnsentBytes
    {
        get
        {
            SocketResult<int> result = TryGetUnsentBytes();
            return result.IsSuccess ? result.Value : throw SocketErrors.Create("ioctl SIOCOUTQ", Core.EndPointForErrors(), result.Errno);
        }
    }

    /// <summary>SIOCOUTQ, as <see cref="UnsentBytes"/>, with the failure as a value.</summary>
    /// <returns>How many bytes, or the errno.</returns>
    public SocketResult<int> TryGetUnsentBytes() => TryIoctl(IoctlConstants.SIOCOUTQ);

    /// <summary>FIONREAD, as <see cref="Available"/>, with the failure as a value.</summary>
    /// <returns>How many bytes, or the errno.</returns>
    public SocketResult<int> TryGetAvailable() => TryIoctl(IoctlConstants.FIONREAD);

    /// <summary>Reads an option by the kernel's numbers: getsockopt(2).</summary>
    /// <param name="optionLevel">The kernel's number of the level.</param>
    /// <param name="optionName">The kernel's number of the option.</param>
    /// <param name="optionValue">Room for the value.</param>
    /// <returns>How many bytes the kernel wrote.</returns>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public int GetRawSocketOption(int optionLevel, int optionName, Span<byte> optionValue)
    {
        SocketResult<int> result = TryGetRawSocketOption(optionLevel, optionName, optionValue);
        if (!result.IsSuccess)
        {
            ThrowOptionFailed("getsockopt", $"level {optionLevel} option {optionName}", result.Errno);
        }

        return result.Value;
    }

    /// <summary>Reads an option by the kernel's numbers, with the failure as a value.</summary>
    /// <inheritdoc cref="GetRawSocketOption" path="/param"/>
    /// <returns>How many bytes the kernel wrote, or the errno.</returns>
    public SocketResult<int> TryGetRawSocketOption(int optionLevel, int optionName, Span<byte> optionValue)
    {
        ThrowIfDisposed();
        int result = Libc.GetOption(Descriptor, optionLevel, optionName, optionValue, out int length);
        return result < 0 ? SocketResult<int>.Failure(-result) : SocketResult<int>.Success(length);
    }

    /// <summary>Sets an option by the kernel's numbers: setsockopt(2).</summary>
    /// <param name="optionLevel">The kernel's number of the level.</param>
    /// <param name="optionName">The kernel's number of the option.</param>
    /// <param name="optionValue">The value as the kernel lays it out. Empty is passed on as such, for options that it clears.</param>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public void SetRawSocketOption(int optionLevel, int optionName, ReadOnlySpan<byte> optionValue)
    {
        SocketResult result = TrySetRawSocketOption(optionLevel, optionName, optionValue);
        if (!result.IsSuccess)
        {
            ThrowOptionFailed("setsockopt", $"level {optionLevel} option {optionName}", result.Errno);
        }
    }

    /// <summary>Sets an option by the kernel's numbers, with the failure as a value.</summary>
    /// <param name="optionLevel">The kernel's number of the level.</param>
    /// <param name="optionName">The kernel's number of the option.</param>
    /// <param name="optionValue">The value as the kernel lays it out.</param>
    /// <returns>Success, or the errno.</returns>
    public SocketResult TrySetRawSocketOption(int optionLevel, int optionName, ReadOnlySpan<byte> optionValue)
    {
        ThrowIfDisposed();
        NoteOption(optionLevel, optionName);
        return SocketResult.From(Math.Max(0, -Libc.SetOption(Descriptor, optionLevel, optionName, optionValue)));
    }

    /// <summary>ioctl(2), by .NET's names.</summary>
    /// <param name="ioControlCode">DataToRead (FIONREAD) or OobDataRead (SIOCATMARK).</param>
    /// <param name="optionInValue">Not used by these.</param>
    /// <param name="optionOutValue">Takes the answer, an int.</param>
    /// <returns>How many bytes of <paramref name="optionOutValue"/> were written.</returns>
    /// <exception cref="InvalidOperationException">NonBlockingIO: use <see cref="Blocking"/>.</exception>
    /// <exception cref="PlatformNotSupportedException">Linux has no such request.</exception>
    /// <exception cref="SocketException">EFAULT: <paramref name="optionOutValue"/> is shorter than an int.</exception>
    public int IOControl(IOControlCode ioControlCode, byte[]? optionInValue, byte[]? optionOutValue) =>
        IOControl(unchecked((int)ioControlCode), optionInValue, optionOutValue);

    /// <summary>ioctl(2). Numbers of <see cref="IOControlCode"/> mean what they mean there; any other is a Linux request.</summary>
    /// <param name="ioControlCode">The request's number, as SIOCGIFMTU, 0x8921 (netdevice(7), &lt;linux/sockios.h&gt;).</param>
    /// <param name="optionInValue">What the request reads, as the kernel lays it out.</param>
    /// <param name="optionOutValue">Takes what the request wrote over it, as far as there is room.</param>
    /// <returns>How many bytes of <paramref name="optionOutValue"/> were written.</returns>
    /// <remarks>
    /// A request whose structure holds a pointer, as SIOCGIFCONF, makes the kernel read or write at that address: an
    /// address that is not the caller's own pinned memory corrupts the process.
    /// </remarks>
    /// <exception cref="InvalidOperationException">NonBlockingIO or FIONBIO: use <see cref="Blocking"/>.</exception>
    /// <exception cref="PlatformNotSupportedException">A request of Windows that Linux does not have.</exception>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public int IOControl(int ioControlCode, byte[]? optionInValue, byte[]? optionOutValue)
    {
        SocketResult<int> result = TryIOControl(ioControlCode, optionInValue, optionOutValue);
        return result.IsSuccess
            ? result.Value
            : throw SocketErrors.Create($"ioctl 0x{ioControlCode:X}", Core.EndPointForErrors(), result.Errno);
    }

    /// <summary>ioctl(2), with the kernel's refusal as a value.</summary>
    /// <param name="ioControlCode">As for <see cref="IOControl(int, byte[], byte[])"/>.</param>
    /// <param name="optionInValue">What the request reads.</param>
    /// <param name="optionOutValue">Takes what the request wrote.</param>
    /// <returns>How many bytes of <paramref name="optionOutValue"/> were written, or the errno.</returns>
    /// <exception cref="InvalidOperationException">NonBlockingIO or FIONBIO: use <see cref="Blocking"/>.</exception>
    /// <exception cref="PlatformNotSupportedException">A request of Windows that Linux does not have.</exception>
    public SocketResult<int> TryIOControl(int ioControlCode, byte[]? optionInValue, byte[]? optionOutValue)
    {
        ThrowIfDisposed();
        uint code = unchecked((uint)ioControlCode);
        uint? request = (IOControlCode)code switch
        {
            IOControlCode.DataToRead => IoctlConstants.FIONREAD,
            IOControlCode.OobDataRead => IoctlConstants.SIOCATMARK,
            IOControlCode.NonBlockingIO or (IOControlCode)IoctlConstants.FIONBIO =>
                throw new InvalidOperationException("Use the Blocking property to change the status of the Socket."),
            var other when Enum.IsDefined(other) =>
                throw new PlatformNotSupportedException($"{other} is a request of Windows; Linux does not have it."),
            _ => null,
        };
        if (request is { } answersInt)
        {
            return GetInt(answersInt, optionOutValue);
        }

        int result = Ioctl(code, optionInValue, optionOutValue);
        return result < 0 ? SocketResult<int>.Failure(-result) : SocketResult<int>.Success(optionOutValue?.Length ?? 0);
    }

    // ── how ──

    private int GetOptionCore<T>(SocketOption<T> option, out T value)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(option);
        return (option.Access & SocketOptionAccess.Get) != 0
            ? option.Get(Descriptor, out value)
            : throw new ArgumentException($"{option} can be set, not read.", nameof(option));
    }

    private int SetOptionCore<T>(SocketOption<T> option, T value)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(option);
        NoteOption(option.Level, option.Name);
        return (option.Access & SocketOptionAccess.Set) != 0
            ? option.Set(Descriptor, value)
            : throw new ArgumentException($"{option} can be read, not set.", nameof(option));
    }

    // Before it is set: a read on another thread must not take a record's end for an empty socket, nor Dispose return too soon.
    private void NoteOption(int level, int name)
    {
        if (level == TcpOptions.UpperLayerProtocol.Level && name == TcpOptions.UpperLayerProtocol.Name)
        {
            Core.IsPlainTcp = false;
        }
        else if (level == SocketOptions.Linger.Level && name == SocketOptions.Linger.Name)
        {
            Core.Lingers = true;
        }
    }

    private SocketResult<int> TryIoctl(uint request)
    {
        ThrowIfDisposed();
        int result = Libc.Ioctl(Descriptor, request, out int value);
        return result < 0 ? SocketResult<int>.Failure(-result) : SocketResult<int>.Success(value);
    }

    private SocketResult<int> GetInt(uint request, byte[]? answer)
    {
        if (answer is null || answer.Length < sizeof(int))
        {
            return SocketResult<int>.Failure(Errno.EFAULT);
        }

        SocketResult<int> result = TryIoctl(request);
        if (!result.TryGetValue(out int value))
        {
            return result;
        }

        BinaryPrimitives.WriteInt32LittleEndian(answer, value);
        return SocketResult<int>.Success(sizeof(int));
    }

    // A request's length is known to its code in the kernel alone (the number's size bits are missing in old ones),
    // so it works on a copy with room for more than any socket request's structure: a short array is not overrun.
    private int Ioctl(uint request, ReadOnlySpan<byte> input, Span<byte> output)
    {
        const int RoomBytes = 512;
        const int SizeMask = (1 << 14) - 1; // _IOC_SIZEBITS, <asm-generic/ioctl.h>
        int sizeBytes = (int)(request >> 16) & SizeMask;
        int bytes = Math.Max(RoomBytes, Math.Max(sizeBytes, Math.Max(input.Length, output.Length)));
        Span<byte> argument = bytes <= RoomBytes ? stackalloc byte[RoomBytes] : new byte[bytes];
        argument.Clear();
        input.CopyTo(argument);
        int result = Libc.Ioctl(Descriptor, request, argument);
        if (result >= 0)
        {
            argument[..output.Length].CopyTo(output);
        }

        return result;
    }

    [DoesNotReturn]
    private static void ThrowOptionFailed(string call, string option, int errno)
    {
        string? advice = errno switch
        {
            Errno.EPERM => "not permitted; such options need a capability, mostly CAP_NET_ADMIN or CAP_NET_RAW",
            Errno.ENOPROTOOPT or Errno.EOPNOTSUPP => "this kind of socket, or this kernel, has no such option",
            Errno.EINVAL => "the value is out of range or of the wrong length, or the option cannot change any more",
            Errno.ENODEV => "no such network interface",
            Errno.EADDRINUSE => "a member of that group already",
            Errno.EADDRNOTAVAIL => "not a member of that group, or no interface has that address",
            _ => null,
        };
        SocketErrors.Throw($"{call} {option}", endPoint: null, errno, advice);
    }
}
