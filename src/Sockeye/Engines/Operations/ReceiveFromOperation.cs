using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmsg(2) with the sender's address, for all members whose name holds ReceiveFrom or ReceiveMessageFrom.</summary>
internal sealed class ReceiveFromOperation(SocketCore socket)
    : SocketOperation<SocketReceiveFromResult>(socket, OperationQueue.Read),
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
    private bool _wantsInformation;
    private MessageOutcome _outcome;

    internal static ReceiveFromOperation Rent(SocketCore socket) =>
        socket.Extras.ReceiveFrom.Take<ReceiveFromOperation>() ?? new ReceiveFromOperation(socket);

    internal override string Call => _wantsInformation ? "receive message from" : "receive from";

    internal ReceiveFromOperation With(Memory<byte> buffer, SocketFlags flags, EndPoint like)
    {
        _buffer = buffer;
        _like = like;
        Describe(flags);
        return this;
    }

    internal ReceiveFromOperation With(Memory<byte> buffer, SocketFlags flags, SocketAddress callersAddress)
    {
        _buffer = buffer;
        _callersAddress = callersAddress;
        Describe(flags);
        return this;
    }

    internal ReceiveFromOperation WithInformation(Memory<byte> buffer, SocketFlags flags, EndPoint like)
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

    /// <summary>Starts the operation for the face that returns flags and packet information.</summary>
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
        var step = new ReceiveFromStep(_buffer.Span, Flags, _address, _wantsInformation, ref _outcome);
        return Complete(ref step);
    }

    /// <summary>The sender into the caller's memory; nothing, as the kernel has it, of a sender without a name.</summary>
    internal static void CopyPeer(ReadOnlySpan<byte> address, SocketAddress destination)
    {
        address.CopyTo(destination.Buffer.Span);
        destination.Size = address.Length;
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

    protected override SocketReceiveFromResult TakeValue() => new()
    {
        ReceivedBytes = BytesTransferred,
        RemoteEndPoint = Socket.SenderOrUnnamed(_address.AsSpan(0, _outcome.AddressLength), _like!),
    };

    protected override void Reset()
    {
        _buffer = default;
        _callersAddress = null;
        _like = null;
        _wantsInformation = false;
        _outcome = default;
    }

    protected override void Return() => Socket.Extras.ReceiveFrom.Put(this);

    private void Describe(SocketFlags flags)
    {
        SetFlags(flags);
        Progress.PartRule = ReceiveAnswer.PartRule(Socket, Flags);
    }

    private SocketResult<TValue> TakeResult<TValue>(Func<ReceiveFromOperation, TValue> take)
    {
        Socket.NoteFailure(Errno);

        if (Progress.BytesLost > 0 && _callersAddress is not null)
        {
            // A cut message has a sender too.
            TakeCount();
        }

        SocketResult<TValue> result = Errno == 0
            ? SocketResult<TValue>.Success(take(this), BytesTransferred)
            : SocketResult<TValue>.Failure(Errno, BytesTransferred, Progress.BytesLost);
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
        RemoteEndPoint = Socket.SenderOrUnnamed(_address.AsSpan(0, _outcome.AddressLength), _like!),
    };
}

/// <summary>What came beside a message's bytes.</summary>
internal struct MessageOutcome
{
    internal int AddressLength;
    internal SocketFlags Flags;
    internal IPPacketInformation Information;
}

/// <summary>recvfrom(2); recvmsg(2) where flags and packet information are wanted, where a flag reports a truncated message.</summary>
internal ref struct ReceiveFromStep(Span<byte> buffer, int flags, Span<byte> address, bool wantsInformation, ref MessageOutcome outcome) : ICallStep
{
    private readonly Span<byte> _buffer = buffer;
    private readonly Span<byte> _address = address;
    private readonly ref MessageOutcome _outcome = ref outcome;
    private ReceiveAnswer _answer = new(flags, tellsCut: wantsInformation);

    public int Call(SocketCore socket, in Progress progress)
    {
        _answer.Begin(socket, progress);
        return wantsInformation ? ReceiveMessage(socket, progress) : ReceiveFrom(socket, progress);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        _answer.Take(socket, answer, _buffer.Length - _answer.Offset, _buffer.Length, ref progress);

    private readonly int ReceiveFrom(SocketCore socket, in Progress progress)
    {
        // As in .NET a receive of no bytes waits for a message and leaves it.
        int length = _answer.IsForNothing(socket, _buffer.Length)
            ? Math.Min(Libc.ReceiveFrom(socket.Handle, stackalloc byte[1], flags | SocketConstants.MSG_PEEK, _address, out int addressLength), 0)
            : Libc.ReceiveFrom(socket.Handle, _buffer[_answer.Offset..], ReceiveAnswer.KernelFlags(socket, flags), _address, out addressLength);
        if (HasSender(length, progress))
        {
            _outcome.AddressLength = addressLength;
        }

        return length;
    }

    private readonly int ReceiveMessage(SocketCore socket, in Progress progress)
    {
        Span<byte> control = stackalloc byte[PacketInformation.ControlBytes];
        control = control[..PacketInformation.Room(socket.AddressFamily)];
        int length = Libc.ReceiveMessage(
            socket.Handle, _buffer[_answer.Offset..], ReceiveAnswer.KernelFlags(socket, flags), _address, control, out MessageLengths lengths);
        if (HasSender(length, progress))
        {
            _outcome.AddressLength = lengths.Address;
            _outcome.Flags = LinuxSocketFlags.FromLinux(lengths.Flags);
            _outcome.Information = PacketInformation.Read(control[..lengths.Control]);
        }

        return length;
    }

    // The end behind a part has no sender.
    private static bool HasSender(int length, in Progress progress) => length > 0 || (length == 0 && progress.Count == 0);
}
