using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmsg(2) with the sender's address, for all members whose name holds ReceiveFrom or ReceiveMessageFrom.</summary>
internal sealed class ReceiveFromOperation(SocketCore socket)
    : SocketOperation<SocketReceiveFromResult>(socket, OperationLane.Read),
        IValueTaskSource<int>,
        IValueTaskSource<SocketResult<int>>,
        IValueTaskSource<SocketReceiveMessageFromResult>,
        IValueTaskSource<SocketResult<SocketReceiveMessageFromResult>>
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);

    // Borrowed from the caller until the outcome is taken.
    private Memory<byte> _buffer;
    private SocketAddress? _callersAddress;
    private EndPoint? _like;
    private int _flags;
    private bool _wantsInformation;
    private MessageOutcome _outcome;

    internal static ReceiveFromOperation Rent(SocketCore socket) => socket.Extras.ReceiveFrom.Take<ReceiveFromOperation>() ?? new ReceiveFromOperation(socket);

    internal override string Call => "receive from";

    protected override int BytesLost => _outcome.BytesLost;

    internal ReceiveFromOperation With(Memory<byte> buffer, int flags, EndPoint like)
    {
        _buffer = buffer;
        _flags = flags;
        _like = like;
        return this;
    }

    internal ReceiveFromOperation With(Memory<byte> buffer, int flags, SocketAddress callersAddress)
    {
        _buffer = buffer;
        _flags = flags;
        _callersAddress = callersAddress;
        return this;
    }

    internal ReceiveFromOperation WithInformation(Memory<byte> buffer, int flags, EndPoint like)
    {
        _wantsInformation = true;
        return With(buffer, flags, like);
    }

    /// <summary>Starts the operation for the face that fills the caller's <see cref="SocketAddress"/>.</summary>
    internal ValueTask<int> RunForCount(CancellationToken token)
    {
        if (Begin(token))
        {
            if (Errno == 0)
            {
                int count = TakeCount();
                Recycle();
                return new ValueTask<int>(count);
            }

            ShowOutcome();
        }

        return new ValueTask<int>(this, Version);
    }

    /// <summary>Starts the operation for the face that tells flags and packet information.</summary>
    internal ValueTask<SocketReceiveMessageFromResult> RunForMessage(CancellationToken token)
    {
        if (Begin(token))
        {
            if (Errno == 0)
            {
                SocketReceiveMessageFromResult result = TakeMessage();
                Recycle();
                return new ValueTask<SocketReceiveMessageFromResult>(result);
            }

            ShowOutcome();
        }

        return new ValueTask<SocketReceiveMessageFromResult>(this, Version);
    }

    /// <summary>The Try twin of <see cref="RunForCount"/>.</summary>
    internal ValueTask<SocketResult<int>> TryRunForCount(CancellationToken token) => Begin(token)
        ? new ValueTask<SocketResult<int>>(TakeResult(static operation => operation.TakeCount()))
        : new ValueTask<SocketResult<int>>(this, Version);

    /// <summary>The Try twin of <see cref="RunForMessage"/>.</summary>
    internal ValueTask<SocketResult<SocketReceiveMessageFromResult>> TryRunForMessage(CancellationToken token) => Begin(token)
        ? new ValueTask<SocketResult<SocketReceiveMessageFromResult>>(TakeResult(static operation => operation.TakeMessage()))
        : new ValueTask<SocketResult<SocketReceiveMessageFromResult>>(this, Version);

    internal override bool TryComplete()
    {
        int result = Receive(Socket, _buffer.Span, _flags, _address, _wantsInformation, out _outcome);
        if (result == -Interop.Errno.EAGAIN)
        {
            return false;
        }

        Errno = result < 0 ? -result : 0;
        BytesTransferred = result == -Interop.Errno.EMSGSIZE ? _buffer.Length : Math.Max(result, 0);
        return true;
    }

    /// <summary>recvmsg(2) or recvfrom(2) without waiting.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="buffer">Where the message goes.</param>
    /// <param name="flags">MSG_ flags.</param>
    /// <param name="address">Room for the sender's address.</param>
    /// <param name="wantsInformation">Reads flags and control messages too; then a cut message is told by a flag, not by an errno.</param>
    /// <param name="outcome">What came beside the bytes.</param>
    internal static int Receive(
        SocketCore socket, Span<byte> buffer, int flags, Span<byte> address, bool wantsInformation, out MessageOutcome outcome)
    {
        outcome = default;
        int own = ReceiveOperation.KernelFlags(socket, flags);
        int length;
        if (!wantsInformation)
        {
            int addressLength;
            if (buffer.IsEmpty && (flags & SocketConstants.MSG_TRUNC) == 0)
            {
                // As in .NET a receive of no bytes waits for a message and leaves it.
                length = Libc.ReceiveFrom(socket.Handle, stackalloc byte[1], flags | SocketConstants.MSG_PEEK, address, out addressLength);
                outcome.AddressLength = length < 0 ? 0 : addressLength;
                return Math.Min(length, 0);
            }

            do
            {
                length = Libc.ReceiveFrom(socket.Handle, buffer, own, address, out addressLength);
            }
            while (length == -Interop.Errno.EINTR);
            outcome.AddressLength = addressLength;
            if (!socket.IsStream)
            {
                length = ReceiveOperation.Cut(length, buffer.Length, flags, out outcome.BytesLost);
            }

            return length;
        }

        Span<byte> control = stackalloc byte[PacketInformation.ControlBytes];
        control = control[..PacketInformation.Room(socket.AddressFamily)];
        MessageLengths lengths;
        do
        {
            length = Libc.ReceiveMessage(socket.Handle, buffer, own, address, control, out lengths);
        }
        while (length == -Interop.Errno.EINTR);
        if (length >= 0)
        {
            outcome.AddressLength = lengths.Address;
            outcome.Flags = LinuxSocketFlags.FromLinux(lengths.Flags);
            outcome.Information = PacketInformation.Read(control[..lengths.Control]);
            length = Math.Min(length, buffer.Length);
        }

        return length;
    }

    internal static void CopyPeer(ReadOnlySpan<byte> address, SocketAddress destination)
    {
        destination.Size = Math.Min(address.Length, destination.Buffer.Length);
        address[..destination.Size].CopyTo(destination.Buffer.Span);
    }

    int IValueTaskSource<int>.GetResult(short token)
    {
        CheckOutcome(token);
        int count = TakeCount();
        Recycle();
        return count;
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => StatusOf(token, isTry: false);

    SocketResult<int> IValueTaskSource<SocketResult<int>>.GetResult(short token)
    {
        CheckTaken(token);
        return TakeResult(static operation => operation.TakeCount());
    }

    ValueTaskSourceStatus IValueTaskSource<SocketResult<int>>.GetStatus(short token) => StatusOf(token, isTry: true);

    SocketResult<SocketReceiveMessageFromResult> IValueTaskSource<SocketResult<SocketReceiveMessageFromResult>>.GetResult(short token)
    {
        CheckTaken(token);
        return TakeResult(static operation => operation.TakeMessage());
    }

    ValueTaskSourceStatus IValueTaskSource<SocketResult<SocketReceiveMessageFromResult>>.GetStatus(short token) =>
        StatusOf(token, isTry: true);

    SocketReceiveMessageFromResult IValueTaskSource<SocketReceiveMessageFromResult>.GetResult(short token)
    {
        CheckOutcome(token);
        SocketReceiveMessageFromResult result = TakeMessage();
        Recycle();
        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<SocketReceiveMessageFromResult>.GetStatus(short token) => StatusOf(token, isTry: false);

    protected override bool Waits => (_flags & SocketConstants.MSG_DONTWAIT) == 0;

    protected override SocketReceiveFromResult TakeValue() => new()
    {
        ReceivedBytes = BytesTransferred,
        RemoteEndPoint = Socket.DecodePeer(_address.AsSpan(0, _outcome.AddressLength), _like!),
    };

    protected override void Reset()
    {
        _buffer = default;
        _callersAddress = null;
        _like = null;
        _wantsInformation = false;
        _outcome = default;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.ReceiveFrom;

    private SocketResult<TValue> TakeResult<TValue>(Func<ReceiveFromOperation, TValue> take)
    {
        Socket.NoteFailure(Errno);

        if (BytesLost > 0 && _callersAddress is not null)
        {
            // A cut message has a sender too.
            TakeCount();
        }

        SocketResult<TValue> result = Errno == 0
            ? SocketResult<TValue>.Success(take(this), BytesTransferred)
            : SocketResult<TValue>.Failure(Errno, BytesTransferred, BytesLost);
        Recycle();
        return result;
    }

    private int TakeCount()
    {
        CopyPeer(_address.AsSpan(0, _outcome.AddressLength), _callersAddress!);
        return BytesTransferred;
    }

    private SocketReceiveMessageFromResult TakeMessage() => new()
    {
        ReceivedBytes = BytesTransferred,
        SocketFlags = _outcome.Flags,
        PacketInformation = _outcome.Information,
        RemoteEndPoint = Socket.DecodePeer(_address.AsSpan(0, _outcome.AddressLength), _like!),
    };
}

/// <summary>What came beside a message's bytes.</summary>
internal struct MessageOutcome
{
    internal int AddressLength;
    internal int BytesLost;
    internal SocketFlags Flags;
    internal IPPacketInformation Information;
}
