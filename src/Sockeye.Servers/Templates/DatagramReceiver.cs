using System.Net;
using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>One socket of a <see cref="DatagramServer"/>: receives in batches, has them handled, and sends the answers together.</summary>
/// <remarks>
/// The contract.
/// <list type="bullet">
/// <item>One batch at a time: the next is received when all of the last have been handled, and their answers sent.</item>
/// <item>An answer never waits, and no error ends the service; one that persists is waited out, 50 ms to 1 s.</item>
/// <item>A socket that is bound to all addresses answers from the one that was asked (IP_PKTINFO, IPV6_PKTINFO): the kernel
/// would choose by the route, and a connected peer hears nothing from another address.</item>
/// </list>
/// On a Unix socket, what one peer has not read counts against this socket's SO_SNDBUF (net/unix/af_unix.c, unix_dgram_sendmsg), so
/// a peer that never reads can use it up, and the others get no answers until it reads or is gone.
/// </remarks>
internal sealed class DatagramReceiver : IDisposable
{
    private const int ControlBytes = 256;
    private const int LastBatchesMost = 64; // what had come when the stop came

    // How often, at most, the kernel is asked what it dropped.
    private static readonly TimeSpan DropsPause = TimeSpan.FromSeconds(1);

    private readonly DatagramServer _server;
    private readonly DatagramServerOptions _options;
    private readonly MessageBatch _answers;
    private readonly byte[] _source = new byte[ControlBytes];
    private readonly bool _isConnected;
    private readonly bool _asksForDestination;
    private readonly Dictionary<EndPoint, DatagramSession> _sessions = [];
    private readonly Datagram[] _batch;
    private CancellationTokenSource _wake = new();
    private uint _dropsTold;
    private long _dropsAsked;
    private volatile bool _isSweepDue;
    private volatile bool _isDisposed;

    internal DatagramReceiver(DatagramServer server, Socket socket, EventLoop? loop, DatagramServerOptions options)
    {
        _server = server;
        _options = options;
        Socket = socket;
        Loop = loop;
        Received = new MessageBatch(options.BatchSize, options.MaxDatagramBytes, ControlBytes);
        _answers = new MessageBatch(options.BatchSize, options.MaxDatagramBytes, ControlBytes);
        _batch = new Datagram[options.BatchSize];
        _isConnected = socket.TryGetRemoteEndPoint().TryGetValue(out EndPoint? peer) && peer is not null;
        _asksForDestination = AsksForDestination(socket);
        _dropsAsked = options.Time.GetTimestamp();
    }

    internal Socket Socket { get; }

    internal EventLoop? Loop { get; }

    internal MessageBatch Received { get; }

    /// <summary>Serves until the stop, and what had come by then.</summary>
    internal async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await ReceiveAsync(stop);
        }
        catch (ObjectDisposedException) when (_isDisposed)
        {
            // The stop was cut short.
        }

        foreach (DatagramSession session in _sessions.Values.ToArray())
        {
            await EndAsync(session, ConnectionEndReason.Stopping);
        }
    }

    private async Task ReceiveAsync(CancellationToken stop)
    {
        using CancellationTokenRegistration registration = stop.UnsafeRegister(static receiver => ((DatagramReceiver)receiver!).Wake(), this);
        RetryPause pause = default;
        while (!stop.IsCancellationRequested)
        {
            SocketResult<int> result = await Socket.TryReceiveBatchAsync(Received, SocketFlags.None, Volatile.Read(ref _wake).Token);
            if (result.IsSuccess)
            {
                pause = default;
                await HandleAsync();
                await Task.Yield();
            }
            else if (result.Error != SocketError.OperationAborted)
            {
                // An earlier answer reached a closed port (ICMP), or the network is down. Most of these errors are told once
                // and then gone; one that persists must not make this spin.
                _server.ReceiveFailed(Socket, new SocketException((int)result.Error, $"receive: {result.ErrnoName}: {result.ErrnoMessage}"));
                await pause.WaitAsync(_options.Time, stop);
            }

            await SweepAsync();
        }

        for (int i = 0; i < LastBatchesMost && Socket.TryReceiveBatch(Received, SocketFlags.DontWait).IsSuccess; i++)
        {
            await HandleAsync();
        }

        NoteOverflow();
    }

    /// <summary>Ends what is idle, soon. Any thread.</summary>
    internal void Sweep()
    {
        _isSweepDue = true;
        Wake();
    }

    public void Dispose()
    {
        _isDisposed = true;
        Socket.Dispose();
        Received.Dispose();
        _answers.Dispose();
    }

    internal EndPoint? PeerOf(BatchMessage message)
    {
        EndPoint? peer = message.Peer;
        return peer is UnixEndPoint { IsUnnamed: true } ? null : peer;
    }

    internal bool Reply(BatchMessage message, ReadOnlySpan<byte> answer)
    {
        bool isAddressed = !_isConnected;
        if (isAddressed && !HasName(message))
        {
            _server.Dropped(Socket, 1, DatagramDropReason.NoSender);
            return false;
        }

        if (answer.Length > _answers.BufferSize)
        {
            _server.Dropped(Socket, 1, DatagramDropReason.NotSent);
            return false;
        }

        if (_answers.Count == _answers.Capacity)
        {
            SendAnswers();
        }

        BatchMessage place = _answers.Add(answer);
        if (isAddressed)
        {
            place.SetPeer(message.PeerAddress);
        }

        int control = Source(message, _source);
        if (control > 0)
        {
            place.SetControl(_source.AsSpan(0, control));
        }

        return true;
    }

    internal bool TrySend(ReadOnlyMemory<byte> bytes, byte[] address, byte[] control)
    {
        var peer = new SocketAddress(Socket.AddressFamily, Math.Max(address.Length, 16)) { Size = address.Length };
        address.CopyTo(peer.Buffer.Span);
        SocketResult<int> sent = Socket.TrySendMessage(
            new OutgoingMessage(bytes) { PeerAddress = _isConnected ? null : peer, Control = control }, SocketFlags.DontWait);
        if (sent.IsSuccess)
        {
            ServerMetrics.Transferred(0, sent.Value);
        }
        else
        {
            _server.Dropped(Socket, 1, DatagramDropReason.NotSent);
        }

        return sent.IsSuccess;
    }

    /// <summary>Gives a datagram to its sender's session, which it may begin.</summary>
    internal async ValueTask ToSessionAsync(Datagram datagram, Func<EndPoint, DatagramSession> create)
    {
        if (datagram.Peer is not { } peer)
        {
            _server.Dropped(Socket, 1, DatagramDropReason.NoSender);
            return;
        }

        if (_sessions.TryGetValue(peer, out DatagramSession? session) && session.EndReason != ConnectionEndReason.None)
        {
            // It has ended itself since its last datagram.
            await EndAsync(session, session.EndReason);
            session = null;
        }

        if (session is null)
        {
            (AddressCounter.Key Address, AddressCounter.Key Network) keys = AddressCounter.KeysOf(peer);
            if (_server.TryEnter(keys) is { } reason)
            {
                _server.Dropped(Socket, 1, reason);
                return;
            }

            try
            {
                session = create(peer);
                Begin(session, datagram, peer);
                session.Keys = keys;
            }
            catch (Exception)
            {
                _server.Leave(keys);
                throw;
            }

            _sessions.Add(peer, session);
        }

        session.LastActivity = _options.Time.GetTimestamp();
        try
        {
            await session.ReceivedAsync(datagram);
        }
        catch (Exception)
        {
            await EndAsync(session, ConnectionEndReason.Failed);
            throw;
        }

        if (session.EndReason != ConnectionEndReason.None)
        {
            await EndAsync(session, session.EndReason);
        }
    }

    private void Begin(DatagramSession session, Datagram datagram, EndPoint peer)
    {
        int control = Source(datagram.Place, _source);
        session.Begin(this, peer, datagram.Place.PeerAddress, _source.AsSpan(0, control));
    }

    private async Task HandleAsync()
    {
        int count = 0;
        long bytes = 0;
        for (int i = 0; i < Received.Count; i++)
        {
            BatchMessage message = Received[i];
            bytes += message.Length;
            if (message.BytesLost > 0)
            {
                _server.Dropped(Socket, 1, DatagramDropReason.TooLong);
            }
            else
            {
                _batch[count++] = new Datagram(this, i);
            }
        }

        ServerMetrics.Datagrams(Received.Count);
        ServerMetrics.Transferred(bytes, 0);
        if (count > 0)
        {
            await _server.HandleAllAsync(new ArraySegment<Datagram>(_batch, 0, count));
        }

        SendAnswers();
        NoteOverflow();
    }

    private void SendAnswers()
    {
        long bytes = 0;
        int failed = 0;
        for (int next = 0; next < _answers.Count;)
        {
            SocketResult<int> sent = Socket.TrySendBatch(_answers, next, SocketFlags.DontWait);
            if (!sent.TryGetValue(out int count))
            {
                count = 0;
                failed++;
                next++; // this one is lost; the others may have receivers that read
            }

            for (int end = next + count; next < end; next++)
            {
                bytes += _answers[next].Length;
            }
        }

        _answers.Count = 0;
        ServerMetrics.Transferred(0, bytes);
        if (failed > 0)
        {
            _server.Dropped(Socket, failed, DatagramDropReason.NotSent);
        }
    }

    private async Task SweepAsync()
    {
        if (!_isSweepDue)
        {
            return;
        }

        _isSweepDue = false;
        Volatile.Write(ref _wake, new CancellationTokenSource());
        long now = _options.Time.GetTimestamp();
        foreach (DatagramSession session in _sessions.Values.ToArray())
        {
            if (session.EndReason != ConnectionEndReason.None)
            {
                await EndAsync(session, session.EndReason);
            }
            else if (_options.Time.GetElapsedTime(session.LastActivity, now) >= _options.SessionIdleTimeout)
            {
                await EndAsync(session, ConnectionEndReason.IdleTimeout);
            }
        }

        if (_sessions.Count == 0)
        {
            _sessions.TrimExcess();
        }
    }

    private async ValueTask EndAsync(DatagramSession session, ConnectionEndReason reason)
    {
        session.EndReason = reason;
        _sessions.Remove(session.Peer);
        _server.Leave(session.Keys);
        try
        {
            await session.EndedAsync();
        }
        catch (Exception exception)
        {
            // The edge: a defect of one session ends no other.
            _server.Failed(exception);
        }
    }

    private void Wake() => _ = Volatile.Read(ref _wake).CancelAsync();

    private void NoteOverflow()
    {
        if (_options.Time.GetElapsedTime(_dropsAsked) < DropsPause)
        {
            return;
        }

        _dropsAsked = _options.Time.GetTimestamp();
        if (Socket.TryGetOption(SocketOptions.Memory).TryGetValue(out SocketMemory memory))
        {
            uint more = unchecked(memory.Drops - _dropsTold); // the kernel's counter has 32 bits, and wraps around
            _dropsTold = memory.Drops;
            if (more > 0)
            {
                _server.Dropped(Socket, (int)Math.Min(more, int.MaxValue), DatagramDropReason.Overflow);
            }
        }
    }

    // An unnamed Unix address is the family alone.
    private bool HasName(BatchMessage message) => message.PeerAddress.Length > (Socket.AddressFamily == AddressFamily.Unix ? 2 : 0);

    private static bool AsksForDestination(Socket socket)
    {
        if (!socket.TryGetLocalEndPoint().TryGetValue(out EndPoint? local) || local is not IPEndPoint ip)
        {
            return false;
        }

        return (ip.Address.Equals(IPAddress.Any) && socket.TrySetOption(IpOptions.ReceivePacketInformation, true).IsSuccess)
            || (ip.Address.Equals(IPAddress.IPv6Any) && socket.TrySetOption(Ipv6Options.ReceivePacketInformation, true).IsSuccess);
    }

    /// <summary>Writes the address to answer from.</summary>
    /// <returns>How many bytes; 0 leaves it to the kernel.</returns>
    private int Source(BatchMessage message, Span<byte> into)
    {
        if (!_asksForDestination)
        {
            return 0;
        }

        var writer = new ControlWriter(into);
        if (message.Control.TryGet(IpControl.PacketInformation, out Ipv4PacketInformation v4))
        {
            // LocalAddress is one of ours also when the destination was a group's or a broadcast's. The kernel notes it as
            // the datagram comes, so that one that came between bind and the option has none; there, nothing but the
            // destination is known.
            bool isNoted = !v4.LocalAddress.Equals(IPAddress.Any);
            writer.TryAdd(IpControl.PacketInformation, Ipv4PacketInformation.From(isNoted ? v4.LocalAddress : v4.DestinationAddress));
        }
        else if (message.Control.TryGet(Ipv6Control.PacketInformation, out Ipv6PacketInformation v6) && !v6.Address.IsIPv6Multicast)
        {
            writer.TryAdd(Ipv6Control.PacketInformation, v6);
        }

        return writer.Written;
    }
}
