using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmsg(2) with control messages: one message, or what a stream has.</summary>
internal sealed class ReceiveMessageOperation(SocketCore socket) : SocketOperation<ReceivedMessage>(socket, OperationQueue.Read)
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
        Progress.PartRule = ReceiveAnswer.PartRule(Socket, Flags);
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

    protected override void Return() => Socket.Extras.ReceiveMessage.Put(this);
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

    // MSG_TRUNC is not needed here: the message's flags report what did not fit.
    private ReceiveAnswer _answer = new(flags & ~SocketConstants.MSG_TRUNC, tellsCut: true);
    private readonly int _total = buffers is null ? buffer.Length : BufferVector.Total(buffers);
    private MessageLengths _lengths;
    private int _room;
    private bool _isAnotherWriter;

    public int Call(SocketCore socket, in Progress progress)
    {
        _answer.Begin(socket, progress);
        _room = _total - _answer.Offset;
        if (_parts.ControlLength > 0 && _answer.Offset > 0 && socket.AddressFamily == AddressFamily.Unix && !IsSameWriter(socket, out int failure))
        {
            return failure;
        }

        int own = ReceiveAnswer.KernelFlags(socket, flags);
        Span<byte> address = peer is null ? default : peer.Buffer.Span;
        if (buffers is null)
        {
            return Libc.ReceiveMessage(socket.Handle, buffer.Span[_answer.Offset..], own, address, control.Span, out _lengths);
        }

        using var vector = new BufferVector(buffers, _answer.Offset);
        _room = vector.Length;
        return Libc.ReceiveMessage(socket.Handle, vector.Buffers, own, address, control.Span, out _lengths);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        if (_isAnotherWriter)
        {
            return progress.Done();
        }

        // The end behind a part says nothing of the part.
        if (answer > 0 || (answer == 0 && (progress.Count == 0 || _lengths.Control > 0)))
        {
            TakeParts();
        }

        StepResult result = _answer.Take(socket, answer, _room, _total, ref progress);

        // Descriptors belong to the bytes that they came with: MSG_WAITALL goes no further (the kernel's rule too:
        // net/unix/af_unix.c, unix_stream_read_generic).
        return result is StepResult.Again or StepResult.Wait && answer > 0 && _parts.Descriptors is { HandleCount: > 0 } ? progress.Done() : result;
    }

    private readonly void TakeParts()
    {
        // A peek sees the same descriptors again, as new ones.
        _parts.Descriptors?.Dispose();
        _parts.Flags = LinuxSocketFlags.FromLinux(_lengths.Flags);
        _parts.AddressLength = _lengths.Address;
        _parts.ControlLength = Math.Min(_lengths.Control, control.Length);
        _parts.Descriptors = _parts.ControlLength == 0 ? null : ReceivedDescriptors.Adopt(control.Span[.._parts.ControlLength]);
    }

    // Bytes of two writers are never joined where their credentials are received (unix(7), SO_PASSCRED); so the next ones are
    // looked at before they are taken. There is room for the credentials alone: no descriptor comes with a look.
    private bool IsSameWriter(SocketCore socket, out int failure)
    {
        failure = 0;
        if (!new ControlReader(control.Span[.._parts.ControlLength]).TryGet(SocketControl.Credentials, out PeerCredentials writer))
        {
            return true;
        }

        Span<byte> look = stackalloc byte[SocketControl.Credentials.Space()];
        int length = Libc.ReceiveMessage(socket.Handle, stackalloc byte[1], SocketConstants.MSG_PEEK, default, look, out MessageLengths lengths);
        if (length <= 0)
        {
            failure = length;
            return false;
        }

        _isAnotherWriter = !new ControlReader(look[..lengths.Control]).TryGet(SocketControl.Credentials, out PeerCredentials next) || next != writer;
        return !_isAnotherWriter;
    }
}
