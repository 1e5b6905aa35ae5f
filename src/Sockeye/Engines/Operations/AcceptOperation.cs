using System.Runtime.CompilerServices;
using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>accept4(2): one connection from the listener's queue.</summary>
/// <typeparam name="T">The face that the accepted connection is given.</typeparam>
internal abstract class AcceptOperation<T>(SocketCore listener) : SocketOperation<T>(listener, OperationQueue.Read)
{
    private SocketCore? _into;
    private SocketCore? _accepted;

    internal override string Call => "accept";

    /// <summary>Sets the socket that was made for the connection; null makes one.</summary>
    protected void SetInto(SocketCore? into) => _into = into;

    internal override bool TryComplete()
    {
        var step = new AcceptStep(_into, ref _accepted);
        if (Complete(ref step))
        {
            return true;
        }

        AcceptRequest.Await(Socket);
        return false;
    }

    // A request in the ring may wait in the poll's place.
    internal override WatchedEvents Watches =>
        Socket.ExtrasIfAny?.AcceptRequest is { IsArmedHere: true } ? WatchedEvents.None : WatchedEvents.Read;

    /// <summary>The accepted connection's face.</summary>
    protected abstract T Wrap(SocketCore accepted);

    protected override T TakeValue() => Wrap(_accepted!);

    protected override void Reset()
    {
        _into = null;
        _accepted = null;
    }

    protected override void Return() => Socket.Extras.Accept.Put(this);
}

/// <summary>accept4(2), or what a ring has accepted already.</summary>
/// <param name="into">A socket that was made for the connection; null makes one.</param>
/// <param name="accepted">Gets the connection.</param>
internal ref struct AcceptStep(SocketCore? into, ref SocketCore? accepted) : ICallStep
{
    private readonly ref SocketCore? _accepted = ref accepted;
    private SocketHandle? _handle;
    private bool _isPeerLate;
    private AddressBuffer _peer;
    private int _peerLength;

    public int Call(SocketCore socket, in Progress progress)
    {
        if (socket.ExtrasIfAny is { } extras)
        {
            _isPeerLate = extras.Accepted is { } accepted && accepted.TryTake(out _handle);
            if (_isPeerLate)
            {
                return 0;
            }

            if (extras.AcceptRequest is { } request && request.TryAnswer(out int errno))
            {
                return -errno;
            }
        }

        return NewDescriptors.Accept(socket.Handle, socket.Family is { AcceptsUnlistened: true } ? [] : _peer, out _peerLength, out _handle);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        // The connection in front had died before we took it; the next may live. accept(2), "Error handling".
        if (answer is -Errno.ECONNABORTED or -Errno.EPROTO)
        {
            return StepResult.Again;
        }

        if (answer < 0)
        {
            return progress.TakeError(answer);
        }

        ReadOnlySpan<byte> peer = _peer[..Math.Min(_peerLength, SocketConstants.AddressBytesMax)];
        if (into is null)
        {
            _accepted = _isPeerLate ? SocketCore.AcceptedUnasked(socket, _handle!) : SocketCore.Accepted(socket, _handle!, peer);
            return progress.Done();
        }

        bool isOpen = into.TryTakeOver(socket, _handle!, peer, _isPeerLate);
        _accepted = isOpen ? into : null;
        return progress.Done(isOpen ? 0 : Errno.EBADF);
    }

    [InlineArray(SocketConstants.AddressBytesMax)]
    private struct AddressBuffer
    {
        private byte _first;
    }
}
