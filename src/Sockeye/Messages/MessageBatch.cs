using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Storage for many datagrams, each with a buffer, a peer and control data; allocated and pinned once, used again and
/// again by <see cref="Socket.ReceiveBatch"/> and <see cref="Socket.SendBatch"/>.
/// </summary>
/// <remarks>
/// A batch that was received can be sent as it is: every message goes back to whoever sent it. One call at a time may
/// use a batch. Descriptors that came are owned by the batch until they are taken, the slot is used again, or Dispose.
/// </remarks>
public sealed class MessageBatch : IDisposable
{
    /// <summary>UIO_MAXIOV: one call takes no more messages (recvmmsg(2)).</summary>
    public const int CapacityMax = 1024;

    // What a message needs beside its buffers, with their alignment: headers and the peer's address.
    private const int SlotBytes = 64 + 16 + SocketConstants.AddressBytesMax + (2 * 15) + MessageVector.Skew;

    private readonly SlotState[] _slots;

    // The slots before this one may have been changed since a receive laid them out; the others need not be laid out again.
    private int _touched;

    /// <summary>Allocates the storage: capacity × (bufferSize + controlSize + 208) bytes, and up to 94 more for each message's place.</summary>
    /// <param name="capacity">How many messages, 1 to <see cref="CapacityMax"/>.</param>
    /// <param name="bufferSize">The longest message in bytes. One that is longer is cut, and says so.</param>
    /// <param name="controlSize">Room for each message's control data: the sum of the kinds' <see cref="ControlMessage{T}.Space"/>. Defaults to 0: none.</param>
    public MessageBatch(int capacity, int bufferSize, int controlSize = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, CapacityMax);
        ArgumentOutOfRangeException.ThrowIfNegative(bufferSize);
        ArgumentOutOfRangeException.ThrowIfNegative(controlSize);
        if (capacity * ((long)bufferSize + controlSize + SlotBytes) > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(bufferSize), $"{capacity} messages of {bufferSize} and {controlSize} bytes do not fit one block of {Array.MaxLength} bytes.");
        }

        Vector = new MessageVector(capacity, bufferSize, controlSize);
        _slots = new SlotState[capacity];
        _touched = capacity;
    }

    /// <summary>How many messages fit.</summary>
    public int Capacity => Vector.Capacity;

    /// <summary>How many bytes of each fit.</summary>
    public int BufferSize => Vector.BufferBytes;

    /// <summary>How many messages there are: set by a receive, by <see cref="Add"/>, or by the caller.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative or more than fit.</exception>
    public int Count
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Capacity);
            field = value;
        }
    }

    /// <summary>One message.</summary>
    /// <param name="index">0 to <see cref="Capacity"/> − 1.</param>
    public BatchMessage this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Capacity);
            return new BatchMessage(this, index);
        }
    }

    internal MessageVector Vector { get; }

    /// <summary>Appends a message to be sent; a copy of <paramref name="data"/>.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="peer">Where to; null on a connected socket.</param>
    /// <returns>The message, for control data.</returns>
    /// <exception cref="InvalidOperationException">The batch is full.</exception>
    /// <exception cref="ArgumentException">The data is longer than <see cref="BufferSize"/>.</exception>
    public BatchMessage Add(ReadOnlySpan<byte> data, EndPoint? peer = null)
    {
        if (Count == Capacity)
        {
            throw new InvalidOperationException($"The batch is full: it holds {Capacity} messages.");
        }

        if (data.Length > BufferSize)
        {
            throw new ArgumentException($"The message has {data.Length} bytes, a message of this batch at most {BufferSize}.", nameof(data));
        }

        BatchMessage message = this[Count];
        message.Clear();
        data.CopyTo(message.Buffer.Span);
        message.Length = data.Length;
        message.SetPeer(peer);
        Count++;
        return message;
    }

    /// <summary>Forgets the messages, and closes descriptors that were not taken.</summary>
    public void Clear()
    {
        for (int i = 0; i < Capacity; i++)
        {
            ClearSlot(i);
        }

        Count = 0;
    }

    /// <summary>Closes descriptors that were not taken. The memory is the garbage collector's.</summary>
    public void Dispose() => Clear();

    /// <summary>The peer to name when the message at <paramref name="index"/> could not be sent.</summary>
    internal EndPoint? PeerForErrors(int index) => index < Count ? this[index].Peer : null;

    internal ref SlotState StateOf(int index)
    {
        Touch(index + 1);
        return ref _slots[index];
    }

    internal void ClearSlot(int index)
    {
        _slots[index].Descriptors?.Dispose();
        _slots[index] = default;
    }

    /// <summary>Offers all slots to the next receive.</summary>
    internal void PrepareToReceive()
    {
        for (int i = 0; i < _touched; i++)
        {
            ClearSlot(i);
            Vector.Prepare(i, BufferSize, SocketConstants.AddressBytesMax, Vector.ControlBytes);
        }

        _touched = 0;
        Count = 0;
    }

    /// <summary>Takes over what a receive wrote into the first <paramref name="count"/> slots.</summary>
    internal void TakeReceived(int count)
    {
        Touch(count);
        for (int i = 0; i < count; i++)
        {
            (int bytes, MessageLengths lengths) = Vector.Result(i);
            int kept = Math.Min(bytes, BufferSize);
            _slots[i] = new SlotState
            {
                Length = kept,
                BytesLost = bytes - kept,
                AddressLength = lengths.Address,
                ControlLength = lengths.Control,
                Flags = LinuxSocketFlags.FromLinux(lengths.Flags),
                Descriptors = lengths.Control == 0 ? null : ReceivedDescriptors.Adopt(Vector.Control(i).Span[..lengths.Control]),
            };
        }

        Count = count;
    }

    /// <summary>Lays the messages from <paramref name="first"/> on out for sending.</summary>
    internal void PrepareToSend(int first)
    {
        Touch(Count);
        for (int i = first; i < Count; i++)
        {
            ref SlotState slot = ref _slots[i];

            // Control data that came with a received message is no good for sending.
            Vector.Prepare(i, slot.Length, slot.AddressLength, slot.ControlIsOurs ? slot.ControlLength : 0);
        }
    }

    private void Touch(int count) => _touched = Math.Max(_touched, count);

    internal struct SlotState
    {
        internal int Length;
        internal int BytesLost;
        internal int AddressLength;
        internal int ControlLength;
        internal SocketFlags Flags;

        // True: written by the caller, for sending.
        internal bool ControlIsOurs;

        // Owned: disposed when the slot is cleared.
        internal ReceivedDescriptors? Descriptors;
    }
}

/// <summary>One message of a <see cref="MessageBatch"/>: a place in it, not a copy.</summary>
public readonly struct BatchMessage : IEquatable<BatchMessage>
{
    private readonly MessageBatch _batch;
    private readonly int _index;

    internal BatchMessage(MessageBatch batch, int index)
    {
        _batch = batch;
        _index = index;
    }

    /// <summary>The whole buffer, <see cref="MessageBatch.BufferSize"/> bytes.</summary>
    public Memory<byte> Buffer => _batch.Vector.Buffer(_index);

    /// <summary>The message: the first <see cref="Length"/> bytes of the buffer.</summary>
    public Memory<byte> Data => Buffer[..Length];

    /// <summary>How long the message is, in bytes: of what was received, or of what is to be sent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, or longer than the buffer.</exception>
    public int Length
    {
        get => State.Length;

        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, _batch.BufferSize);
            State.Length = value;
        }
    }

    /// <summary>How many bytes of a received message did not fit and are gone.</summary>
    public int BytesLost => State.BytesLost;

    /// <summary>What the kernel said of a received message; see <see cref="ReceivedMessage.Flags"/>.</summary>
    public SocketFlags Flags => State.Flags;

    /// <summary>The control messages: received, or written for sending.</summary>
    public ControlReader Control => new(_batch.Vector.Control(_index).Span[..State.ControlLength]);

    /// <summary>SCM_RIGHTS: how many descriptors came and have not been taken.</summary>
    public int HandleCount => State.Descriptors?.HandleCount ?? 0;

    /// <summary>The sender, or the destination; null on a connected socket. Decoded again at each call.</summary>
    public EndPoint? Peer => AddressCodecs.Decode(PeerAddress, like: null);

    /// <summary>The peer in the kernel's form: a struct sockaddr. Empty when there is none.</summary>
    public ReadOnlySpan<byte> PeerAddress => _batch.Vector.Address(_index)[..State.AddressLength];

    private ref MessageBatch.SlotState State => ref _batch.StateOf(_index);

    /// <summary>The same place.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(BatchMessage left, BatchMessage right) => left.Equals(right);

    /// <summary>Another place.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(BatchMessage left, BatchMessage right) => !left.Equals(right);

    /// <summary>Says where to send.</summary>
    /// <param name="peer">The end point; null for a connected socket.</param>
    public void SetPeer(EndPoint? peer) =>
        State.AddressLength = peer is null ? 0 : AddressCodecs.Encode(peer, _batch.Vector.Address(_index), nameof(peer));

    /// <summary>Says where to send, in the kernel's form.</summary>
    /// <param name="peer">A struct sockaddr, as <see cref="PeerAddress"/> of another message.</param>
    /// <exception cref="ArgumentException">Longer than 128 bytes.</exception>
    public void SetPeer(ReadOnlySpan<byte> peer)
    {
        peer.CopyTo(_batch.Vector.Address(_index));
        State.AddressLength = peer.Length;
    }

    /// <summary>Says what control messages to send; replaces those that are there.</summary>
    /// <param name="control">As a <see cref="ControlWriter"/> wrote them.</param>
    /// <exception cref="ArgumentException">Longer than the batch's room for control data.</exception>
    public void SetControl(ReadOnlySpan<byte> control)
    {
        control.CopyTo(_batch.Vector.Control(_index).Span);
        State.ControlLength = control.Length;
        State.ControlIsOurs = true;
    }

    /// <summary>SCM_RIGHTS: takes the descriptors that came; the caller owns them.</summary>
    public SocketHandle[] TakeHandles() => State.Descriptors?.TakeHandles() ?? [];

    /// <summary>SCM_PIDFD: takes the sender's process; the caller owns it. Null when none came.</summary>
    public ProcessDescriptor? TakeProcessHandle() => State.Descriptors?.TakeProcessHandle();

    /// <inheritdoc/>
    public bool Equals(BatchMessage other) => ReferenceEquals(_batch, other._batch) && _index == other._index;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is BatchMessage other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_batch, _index);

    /// <summary>As <c>12 bytes from 127.0.0.1:5000</c>.</summary>
    public override string ToString() => PeerAddress.IsEmpty ? $"{Length} bytes" : $"{Length} bytes, peer {Peer}";

    internal void Clear() => _batch.ClearSlot(_index);
}
