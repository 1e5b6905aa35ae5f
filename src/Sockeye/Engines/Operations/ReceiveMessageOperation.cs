using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmsg(2) with control messages: one message, or what a stream has.</summary>
internal sealed class ReceiveMessageOperation(SocketCore socket) : SocketOperation<ReceivedMessage>(socket, OperationLane.Read)
{
    // Borrowed from the caller until the outcome is taken.
    private Memory<byte> _buffer;
    private IList<ArraySegment<byte>>? _buffers;
    private Memory<byte> _control;
    private SocketAddress? _peer;

    // Owns descriptors until it is taken.
    private MessageParts _parts;

    internal static ReceiveMessageOperation Rent(SocketCore socket) =>
        socket.Extras.ReceiveMessage.Take<ReceiveMessageOperation>() ?? new ReceiveMessageOperation(socket);

    internal override string Call => "receive message";

    internal ReceiveMessageOperation With(
        Memory<byte> buffer, IList<ArraySegment<byte>>? buffers, Memory<byte> control, SocketAddress? peer, SocketFlags flags)
    {
        _buffer = buffer;
        _buffers = buffers;
        _control = control;
        _peer = peer;
        SetFlags(flags);
        Progress.PartRule = ReceiveAnswer.PartRule(Socket, Flags, isExact: false);
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new ReceiveMessageStep(_buffer, _buffers, _control, _peer, Flags, ref _parts);
        return Complete(ref step);
    }

    protected override ReceivedMessage TakeValue() => _parts.ToMessage(Progress, _control, _peer);

    protected override void Reset()
    {
        _buffer = default;
        _buffers = null;
        _control = default;
        _peer = null;
        _parts = default;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.ReceiveMessage;
}

/// <summary>What came beside a message's bytes, with control data.</summary>
internal struct MessageParts
{
    internal SocketFlags Flags;
    internal int ControlLength;
    internal int AddressLength;

    /// <summary>Owned until the message is made of it.</summary>
    internal ReceivedDescriptors? Descriptors;

    /// <summary>The message as its receiver gets it.</summary>
    internal readonly ReceivedMessage ToMessage(in Progress progress, Memory<byte> control, SocketAddress? peer)
    {
        if (peer is not null)
        {
            peer.Size = AddressLength;
        }

        return new ReceivedMessage(progress.BytesTransferred, progress.BytesLost, Flags, control[..ControlLength], peer, Descriptors);
    }
}

/// <summary>recvmsg(2) with control messages. Descriptors are owned from the moment that they come.</summary>
internal ref struct ReceiveMessageStep(
    Memory<byte> buffer,
    IList<ArraySegment<byte>>? buffers,
    Memory<byte> control,
    SocketAddress? peer,
    int flags,
    ref MessageParts parts) : ICallStep
{
    private readonly ref MessageParts _parts = ref parts;
    private SocketState _before;
    private MessageLengths _lengths;
    private int _room;

    public int Call(SocketCore socket, in Progress progress)
    {
        _before = SocketState.Of(socket);
        int own = ReceiveAnswer.KernelFlags(socket, flags);
        int offset = ReceiveAnswer.Offset(progress, flags);
        Span<byte> address = peer is null ? default : peer.Buffer.Span;
        if (buffers is null)
        {
            _room = buffer.Length;
            return Libc.ReceiveMessage(socket.Handle, buffer.Span[offset..], own, address, control.Span, out _lengths);
        }

        using var vector = new BufferVector(buffers, offset);
        _room = socket.IsStream ? BufferVector.Total(buffers) : vector.Length;
        return Libc.ReceiveMessage(socket.Handle, vector.Buffers, own, address, control.Span, out _lengths);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        if (answer < 0)
        {
            return ReceiveAnswer.Take(socket, answer, _room, flags, isExact: false, _before, ref progress);
        }

        // A peek sees the same descriptors again, as new ones.
        _parts.Descriptors?.Dispose();
        _parts.Flags = LinuxSocketFlags.FromLinux(_lengths.Flags);
        _parts.AddressLength = _lengths.Address;
        _parts.ControlLength = Math.Min(_lengths.Control, control.Length);
        _parts.Descriptors = _parts.ControlLength == 0 ? null : ReceivedDescriptors.Adopt(control.Span[.._parts.ControlLength]);
        StepResult result = ReceiveAnswer.Take(
            socket, answer, _room, flags & ~SocketConstants.MSG_TRUNC, isExact: false, _before, ref progress, tellsCut: true);

        // Descriptors and credentials belong to the bytes that they came with: MSG_WAITALL goes no further (the kernel's rule
        // too: net/unix/af_unix.c, unix_stream_read_generic).
        return result == StepResult.Again && _parts.ControlLength > 0 && socket.AddressFamily == AddressFamily.Unix
            ? progress.Done()
            : result;
    }
}
