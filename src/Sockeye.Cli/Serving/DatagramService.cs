using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Cli.Serving;

/// <summary>Receives datagrams at one socket and sends each one's answer back to where it came from.</summary>
/// <remarks>
/// An answer never waits: one that the kernel does not take at once, for instance because the receiver of a Unix socket is
/// full, is dropped and reported. No error ends the service. On a Unix socket, what one peer has not read counts against
/// this socket's SO_SNDBUF (unix(7) does not say so; net/unix/af_unix.c, unix_dgram_sendmsg), so a peer that never reads can
/// use it up, and the others get no answers until it reads or is gone.
/// </remarks>
internal sealed class DatagramService
{
    private const int MessagesPerTurn = 16;
    private const int ControlBytes = 256;

    // How often, at most, the kernel is asked what it dropped, and the log gets a line about it.
    private const int DropsPauseMs = 1_000;

    private readonly ServedProgram _program;
    private readonly ServeEvents _events;
    private readonly Socket _socket;
    private readonly string _where;
    private readonly bool _isConnected;
    private readonly byte[] _buffer;
    private readonly byte[] _control;
    private readonly byte[] _source = new byte[ControlBytes];
    private readonly SocketAddress _peer;
    private readonly QueueDrops _drops;
    private ArrayBufferWriter<byte> _answer = new();

    /// <param name="socket">Bound; the caller's.</param>
    /// <param name="where">Its name in the log.</param>
    /// <param name="program">What is served.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="events">Where events are reported.</param>
    public DatagramService(Socket socket, string where, ServedProgram program, ServeOptions options, ServeEvents events)
    {
        (_socket, _where, _program, _events) = (socket, where, program, events);
        _buffer = GC.AllocateUninitializedArray<byte>(options.BufferBytes ?? ServeOptions.DatagramBufferBytes);
        _drops = new QueueDrops(socket);
        _peer = new SocketAddress(socket.AddressFamily, 128); // sockaddr_storage: any family's address fits
        _isConnected = socket.TryGetRemoteEndPoint().TryGetValue(out EndPoint? peer) && peer is not null;
        _control = AsksForDestination(socket) ? new byte[ControlBytes] : [];
    }

    /// <summary>Serves until the stop.</summary>
    /// <param name="stop">Ends it.</param>
    /// <returns>False if the program cannot go on.</returns>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        var pause = default(Pause);
        long asked = Environment.TickCount64;
        for (uint messages = 1; !stop.IsCancellationRequested; messages++)
        {
            SocketResult<ReceivedMessage> result = await _socket.TryReceiveMessageAsync(_buffer, _control, _peer, SocketFlags.None, stop);
            if (result.IsSuccess)
            {
                pause = default;
                if (!Take(result.Value))
                {
                    return false;
                }
            }
            else if (result.Error == SocketError.OperationAborted)
            {
                break;
            }
            else
            {
                // An earlier answer reached a closed port (ICMP), or the network is down. Most of these errors are
                // reported once and then gone; one that persists must not make this spin.
                _events.ReceiveFailed(_where, $"{result.ErrnoName}: {result.ErrnoMessage}");
                await pause.WaitAsync(stop);
            }

            if (Environment.TickCount64 - asked >= DropsPauseMs)
            {
                _events.Overflowed(_where, _drops.Take());
                asked = Environment.TickCount64;
            }

            if (messages % MessagesPerTurn == 0)
            {
                await Task.Yield();
            }
        }

        _events.Overflowed(_where, _drops.Take());
        return true;
    }

    private bool Take(in ReceivedMessage message)
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, message.Length);
        string? name = PeerName.Of(message.Peer);
        string peer = name ?? (_socket.AddressFamily == AddressFamily.Unix ? "unix" : "unknown");
        if (!_events.Received(peer, bytes, message.BytesLost))
        {
            return false;
        }

        if (!_program.Answers)
        {
            return true;
        }

        _answer.ResetWrittenCount();
        _program.AnswerDatagram(bytes, _answer);
        if (name is null && !_isConnected)
        {
            _events.Dropped(peer, _answer.WrittenCount, "its sender has no name, and so cannot be answered");
        }
        else
        {
            Send(message, peer, name is not null && !_isConnected);
        }

        if (_answer.Capacity > 2 * _buffer.Length)
        {
            _answer = new();
        }

        return true;
    }

    private void Send(in ReceivedMessage message, string peer, bool isAddressed)
    {
        var answer = new OutgoingMessage(_answer.WrittenMemory)
        {
            PeerAddress = isAddressed ? message.PeerAddress : null,
            Control = _source.AsMemory(0, Source(message)),
        };
        SocketResult<int> sent = _socket.TrySendMessage(answer, SocketFlags.DontWait);
        if (sent.IsSuccess)
        {
            _events.Sent(peer, _answer.WrittenCount);
            return;
        }

        _events.Dropped(peer, _answer.WrittenCount, sent.Error switch
        {
            SocketError.MessageSize => "it is longer than a datagram may be",
            SocketError.WouldBlock => "its receiver is full, or another one that does not read holds all that may be unread",
            _ => $"{sent.ErrnoName}: {sent.ErrnoMessage}",
        });
    }

    /// <summary>
    /// A socket that is bound to all addresses must answer from the one that was asked: the kernel would choose by the route,
    /// and a connected peer hears nothing from another address.
    /// </summary>
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
    private int Source(in ReceivedMessage message)
    {
        if (_control.Length == 0)
        {
            return 0;
        }

        var writer = new ControlWriter(_source);
        if (message.Control.TryGet(IpControl.PacketInformation, out Ipv4PacketInformation v4))
        {
            // LocalAddress is one of ours also when the destination was a group's or a broadcast's. The kernel notes it as
            // the datagram comes, so that one that came between bind and the option has none; there, nothing but the
            // destination is known.
            bool isNoted = !v4.LocalAddress.Equals(IPAddress.Any);
            writer.Add(IpControl.PacketInformation, Ipv4PacketInformation.From(isNoted ? v4.LocalAddress : v4.DestinationAddress));
        }
        else if (message.Control.TryGet(Ipv6Control.PacketInformation, out Ipv6PacketInformation v6) && !v6.Address.IsIPv6Multicast)
        {
            writer.Add(Ipv6Control.PacketInformation, v6);
        }

        return writer.Written;
    }
}
