using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>sendto(2): one message to a named peer.</summary>
internal sealed class SendToOperation(SocketCore socket) : SocketOperation<int>(socket, OperationQueue.Write)
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;

    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private EndPoint? _peer;

    internal static SendToOperation Rent(SocketCore socket) => socket.Extras.SendTo.Take<SendToOperation>() ?? new SendToOperation(socket);

    internal override string Call => "send to";

    internal SendToOperation With(ReadOnlyMemory<byte> data, SocketFlags flags, EndPoint peer)
    {
        _addressLength = AddressCodecs.Encode(peer, _address);
        _peer = peer;
        _data = data;
        SetFlags(flags);
        Progress.PartRule = SendStep.PartRule(isAll: false);
        return this;
    }

    internal SendToOperation With(ReadOnlyMemory<byte> data, SocketFlags flags, SocketAddress peer)
    {
        _addressLength = AddressCodecs.Encode(peer, _address);
        _data = data;
        SetFlags(flags);
        Progress.PartRule = SendStep.PartRule(isAll: false);
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new SendToStep(_data.Span, Flags, _address.AsSpan(0, _addressLength));
        return Complete(ref step);
    }

    protected override int TakeValue() => BytesTransferred;

    protected override EndPoint? Subject => _peer ?? AddressCodecs.Decode(_address.AsSpan(0, _addressLength), like: null);

    protected override void Reset()
    {
        _data = default;
        _peer = null;
    }

    protected override void Return() => Socket.Extras.SendTo.Put(this);
}

/// <summary>sendto(2), without SIGPIPE: on a stream until all is sent, else one message to a named peer.</summary>
internal readonly ref struct SendToStep(ReadOnlySpan<byte> data, int flags, ReadOnlySpan<byte> address) : ICallStep
{
    private readonly ReadOnlySpan<byte> _data = data;
    private readonly ReadOnlySpan<byte> _address = address;

    public int Call(SocketCore socket, in Progress progress)
    {
        socket.NoteSendTo(flags, _address);
        return Libc.SendTo(socket.Handle, _data[(int)progress.Count..], flags | SocketConstants.MSG_NOSIGNAL, _address);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        SendStep.TakeSent(socket, answer, _data.Length, isAddressed: _address.Length > 0, ref progress);
}
