using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>sendmsg(2) with control messages and descriptors: on a stream until all is sent, else one message.</summary>
internal sealed class SendMessageOperation(SocketCore socket) : SocketOperation<int>(socket, OperationQueue.Write)
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;

    // Borrowed from the caller until the operation has completed; the handles in it are referenced. Not until the
    // outcome is taken: nobody may ever do that.
    private OutgoingControl _control;

    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private ReadOnlySequence<byte> _buffers;
    private EndPoint? _peer;
    private int _total;

    internal static SendMessageOperation Rent(SocketCore socket) => socket.Extras.SendMessage.Take<SendMessageOperation>() ?? new SendMessageOperation(socket);

    internal override string Call => "send message";

    internal SendMessageOperation With(in OutgoingMessage message, EndPoint? peer, SocketFlags flags)
    {
        _addressLength = EncodePeer(message, peer, _address);
        _peer = peer;
        _total = Total(message);
        _data = message.Data;
        _buffers = message.Buffers;
        SetFlags(flags);
        Progress.PartRule = SendStep.PartRule(isAll: false);
        _control.Prepare(message, Socket.AddressFamily, Socket.IsStream);
        return this;
    }

    /// <summary>How many bytes of data a message has.</summary>
    /// <exception cref="ArgumentException">More than an int can count.</exception>
    internal static int Total(in OutgoingMessage message)
    {
        long total = message.Data.Length + message.Buffers.Length;
        return total <= int.MaxValue
            ? (int)total
            : throw new ArgumentException($"The message has {total} bytes; a call moves and counts at most {int.MaxValue}.", nameof(message));
    }

    internal override bool TryComplete()
    {
        var step = new SendMessageStep(_data, _buffers, _total, Flags, _address.AsSpan(0, _addressLength), _control.Bytes);
        if (!Complete(ref step))
        {
            return false;
        }

        _control.Release();
        return true;
    }

    // Also of one that ended without a last try: the descriptors it was to pass may be closed, which takes a call.
    protected override void ShowOutcome()
    {
        _control.Release();
        base.ShowOutcome();
    }

    /// <summary>The peer as a sockaddr; nothing when none is given.</summary>
    internal static int EncodePeer(in OutgoingMessage message, EndPoint? peer, Span<byte> destination) =>
        peer is not null ? AddressCodecs.Encode(peer, destination)
        : message.PeerAddress is { } address ? AddressCodecs.Encode(address, destination)
        : 0;

    protected override int TakeValue() => BytesTransferred;

    protected override EndPoint? Subject =>
        _peer ?? AddressCodecs.Decode(_address.AsSpan(0, _addressLength), like: null) ?? base.Subject;

    protected override void Reset()
    {
        _control.Release();
        _data = default;
        _buffers = default;
        _peer = null;
    }

    protected override void Return() => Socket.Extras.SendMessage.Put(this);
}

/// <summary>sendmsg(2) with control data, without SIGPIPE: on a stream until all is sent, the control data with the first byte; else one message.</summary>
internal readonly ref struct SendMessageStep(
    ReadOnlyMemory<byte> data, ReadOnlySequence<byte> buffers, int total, int flags, ReadOnlySpan<byte> address, ReadOnlySpan<byte> control) : ICallStep
{
    private readonly ReadOnlySpan<byte> _address = address;
    private readonly ReadOnlySpan<byte> _control = control;

    public int Call(SocketCore socket, in Progress progress)
    {
        int own = flags | SocketConstants.MSG_NOSIGNAL;
        int skip = (int)progress.Count;
        ReadOnlySpan<byte> first = skip == 0 ? _control : default;
        socket.NoteSendTo(flags, _address);
        if (buffers.IsEmpty)
        {
            return Libc.SendMessage(socket.Handle, data.Span[skip..], own, _address, first);
        }

        using var vector = new BufferVector(data, buffers, skip);

        // A message goes in one call or not at all: the kernel's own error for too many buffers.
        return vector.IsPartial && !socket.IsStream
            ? -Errno.EMSGSIZE
            : Libc.SendMessage(socket.Handle, vector.Buffers, own, _address, first);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        SendStep.TakeSent(socket, answer, total, isAddressed: _address.Length > 0, ref progress);
}
