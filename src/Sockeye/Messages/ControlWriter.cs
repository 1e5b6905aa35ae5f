using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Appends control messages to the caller's buffer, for <see cref="OutgoingMessage.Control"/>; cmsg(3).</summary>
/// <remarks>Allocates nothing. Descriptors go with <see cref="OutgoingMessage.Handles"/>, which keeps them open meanwhile.</remarks>
public ref struct ControlWriter
{
    private readonly Span<byte> _buffer;

    /// <summary>Writes from the start of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">Room: the sum of the kinds' <see cref="ControlMessage{T}.Space"/>.</param>
    public ControlWriter(Span<byte> buffer) => _buffer = buffer;

    /// <summary>How many bytes were written: the length of <see cref="OutgoingMessage.Control"/>.</summary>
    public int Written { get; private set; }

    /// <summary>Appends one message.</summary>
    /// <inheritdoc cref="Add{T}" path="/*[self::param or self::typeparam]"/>
    /// <returns>False when there is no room; nothing was written then.</returns>
    /// <exception cref="ArgumentException">The value does not fit the kind, as an IPv6 address for IP_PKTINFO.</exception>
    public bool TryAdd<T>(ControlMessage<T> kind, T value)
    {
        ArgumentNullException.ThrowIfNull(kind);
        if (value is null)
        {
            throw new ArgumentNullException(nameof(value));
        }

        int bytes = kind.Measure(value);
        if (!HasRoom(bytes))
        {
            return false;
        }

        // Counted when it is whole: a value that throws leaves no message behind.
        kind.Write(value, Begin(kind.Level, kind.Type, bytes));
        Written += ControlMessage.Space(bytes);
        return true;
    }

    /// <summary>Appends one message of any level and type.</summary>
    /// <param name="level">The level's number.</param>
    /// <param name="type">The message's number.</param>
    /// <param name="data">Its data, in the kernel's layout.</param>
    /// <returns>False when there is no room; nothing was written then.</returns>
    public bool TryAdd(int level, int type, scoped ReadOnlySpan<byte> data)
    {
        if (!HasRoom(data.Length))
        {
            return false;
        }

        data.CopyTo(Begin(level, type, data.Length));
        Written += ControlMessage.Space(data.Length);
        return true;
    }

    /// <summary>Appends one message.</summary>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="kind">The key.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">There is no room; the message says how much is needed.</exception>
    public void Add<T>(ControlMessage<T> kind, T value)
    {
        if (!TryAdd(kind, value))
        {
            throw new ArgumentException(
                $"{kind} needs {ControlMessage.Space(kind.Measure(value))} bytes, and {_buffer.Length - Written} are left of the buffer's {_buffer.Length}.",
                nameof(kind));
        }
    }

    private readonly bool HasRoom(int bytes) => ControlMessage.Space(bytes) <= _buffer.Length - Written;

    // Header and padding; the caller fills the data, and counts it.
    private readonly Span<byte> Begin(int level, int type, int bytes)
    {
        Span<byte> room = _buffer.Slice(Written, ControlMessage.Space(bytes));
        room.Clear();
        MemoryMarshal.Write(room, new ControlMessageHeader { Length = (nuint)ControlMessage.Length(bytes), Level = level, Type = type });
        return room.Slice(ControlMessage.HeaderBytes, bytes);
    }
}
