using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Reads the control messages that came with a message: by key, or one after the other; cmsg(3).</summary>
/// <remarks>Allocates nothing by itself. A malformed buffer ends at the first header that does not fit; nothing is thrown.</remarks>
public readonly ref struct ControlReader
{
    private readonly ReadOnlySpan<byte> _buffer;

    /// <summary>Reads <paramref name="buffer"/>, which holds struct cmsghdr and data, as recvmsg(2) wrote them.</summary>
    /// <param name="buffer">As much as the kernel wrote.</param>
    public ControlReader(ReadOnlySpan<byte> buffer) => _buffer = buffer;

    /// <summary>True when no control message came.</summary>
    public bool IsEmpty => !GetEnumerator().MoveNext();

    /// <summary>The first message of a kind.</summary>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="kind">The key.</param>
    /// <param name="value">The value; <see langword="default"/> when there is none.</param>
    /// <returns>False when no message of that kind came whole.</returns>
    public bool TryGet<T>(ControlMessage<T> kind, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value)
    {
        ArgumentNullException.ThrowIfNull(kind);
        foreach (RawControlMessage message in this)
        {
            if (message.TryGet(kind, out value))
            {
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Goes through all messages in their order: known and unknown ones, repeated ones too.</summary>
    public Enumerator GetEnumerator() => new(_buffer);

    /// <summary>Goes through the control messages.</summary>
    public ref struct Enumerator
    {
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> buffer) => _rest = buffer;

        /// <summary>The message that the last <see cref="MoveNext"/> found.</summary>
        public RawControlMessage Current { get; private set; }

        /// <summary>CMSG_NXTHDR(3): finds the next message.</summary>
        /// <returns>False at the end.</returns>
        public bool MoveNext()
        {
            if (!MemoryMarshal.TryRead(_rest, out ControlMessageHeader header)
                || header.Length < ControlMessage.HeaderBytes
                || header.Length > (nuint)_rest.Length)
            {
                _rest = default;
                return false;
            }

            int length = (int)header.Length;
            Current = new RawControlMessage(header.Level, header.Type, _rest[ControlMessage.HeaderBytes..length]);
            _rest = _rest[Math.Min(ControlMessage.Align(length), _rest.Length)..];
            return true;
        }
    }
}

/// <summary>One control message as it lies in the buffer.</summary>
public readonly ref struct RawControlMessage
{
    internal RawControlMessage(int level, int type, ReadOnlySpan<byte> data)
    {
        Level = level;
        Type = type;
        Data = data;
    }

    /// <summary>The level's number: SOL_SOCKET is 1, else the protocol.</summary>
    public int Level { get; }

    /// <summary>The message's number within its level.</summary>
    public int Type { get; }

    /// <summary>Its data, in the kernel's layout. In an SCM_RIGHTS the numbers read −1: the handles have them.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>True when the message is of that kind.</summary>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="kind">The key.</param>
    public bool Is<T>(ControlMessage<T> kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return kind.Level == Level && kind.Type == Type;
    }

    /// <summary>The value, if the message is of that kind and whole.</summary>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="kind">The key.</param>
    /// <param name="value">The value; <see langword="default"/> when the message is another.</param>
    public bool TryGet<T>(ControlMessage<T> kind, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value)
    {
        if (Is(kind))
        {
            return kind.TryRead(Data, out value);
        }

        value = default;
        return false;
    }

    /// <summary>As <c>level 0 type 2, 4 bytes</c>.</summary>
    public override string ToString() => $"level {Level} type {Type}, {Data.Length} bytes";
}
