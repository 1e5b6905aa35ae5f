using System.Net;
using System.Net.Sockets;

namespace Sockeye.Cli.Clients;

/// <summary>Copies both ways in datagrams: a line of the input each, or what one read gives.</summary>
/// <param name="socket">Connected, or bound where <paramref name="peer"/> sends.</param>
/// <param name="report">Where a line that is too long is reported.</param>
/// <param name="input">The input.</param>
/// <param name="receiver">Where received datagrams go.</param>
/// <param name="isLines">A line of the input is a datagram; else what one read gave.</param>
/// <param name="peer">Whose datagrams are taken, and who is answered; null when the socket is connected.</param>
/// <param name="first">The datagram that the peer came with, where <paramref name="peer"/> is given.</param>
internal sealed class DatagramCopy(Socket socket, Report report, Stream input, IReceiver receiver, bool isLines, SocketAddress? peer, ReadOnlyMemory<byte> first)
    : Copy(socket, report, receiver)
{
    private const int MessageBytesMax = 262_144;
    private const int Emsgsize = 90;

    private readonly int _bytesMax = BytesMax(socket);

    /// <summary>Datagrams that were not sent, because they were too long.</summary>
    public int TooLong { get; private set; }

    protected override SocketResult<int> Send()
    {
        if (peer is { Size: <= sizeof(ushort) })
        {
            Report.Warn("the sender has no name, so that nobody can answer it; let it bind one, as sockeye connect and nc do");
            return default;
        }

        return isLines ? SendLines() : SendReads();
    }

    protected override SocketResult<int> Receive()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(MessageBytesMax, pinned: true);
        var sender = new SocketAddress(AddressFamily.Unspecified, 128);
        if (peer is not null)
        {
            AddReceived(first.Span);
        }

        while (true)
        {
            SocketResult<int> result = peer is null ? Socket.TryReceive(buffer) : Socket.TryReceiveFrom(buffer, sender);
            if (!result.IsSuccess && result.BytesLost == 0)
            {
                return result;
            }

            if (peer is not null && !sender.Equals(peer))
            {
                continue; // somebody else's
            }

            if (result.BytesLost > 0)
            {
                Report.Warn($"a datagram of {result.BytesTransferred + result.BytesLost} bytes was cut after {result.BytesTransferred}");
            }

            AddReceived(buffer.AsSpan(0, result.BytesTransferred));
        }
    }

    protected override long WaitStart(long inputEnded, long lastReceived) => Math.Max(inputEnded, lastReceived);

    protected override bool IsToldByReceiving(int errno) => false;

    // Datagrams have no end; the wait after the input's counts from the last one.
    protected override bool TryEndSending() => true;

    private SocketResult<int> SendLines()
    {
        var lines = new InputLines(input, _bytesMax);
        for (long number = 1; ; number++)
        {
            BeforeRead();
            if (!lines.TryRead(out ReadOnlyMemory<byte> line, out long length) || HasEnded)
            {
                return default;
            }

            BeforeSend();
            SocketResult<int> result = default;
            if (length > _bytesMax || (result = SendOne(line.Span)).Errno == Emsgsize)
            {
                TooLong++;
                Report.Fail($"line {number} has {length} bytes, {Limit(length)}; it was not sent");
            }
            else if (!result.IsSuccess)
            {
                return result;
            }
        }
    }

    private SocketResult<int> SendReads()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(_bytesMax, pinned: true);
        while (true)
        {
            BeforeRead();
            int read = InputLines.Read(input, buffer);
            if (read == 0 || HasEnded)
            {
                return default;
            }

            BeforeSend();
            SocketResult<int> result = SendOne(buffer.AsSpan(0, read));
            if (result.Errno == Emsgsize)
            {
                TooLong++;
                Report.Fail($"{read} bytes of input are {Limit(read)}; they were not sent");
            }
            else if (!result.IsSuccess)
            {
                return result;
            }
        }
    }

    private SocketResult<int> SendOne(ReadOnlySpan<byte> datagram)
    {
        SocketResult<int> result = peer is null ? Socket.TrySend(datagram) : Socket.TrySendTo(datagram, peer);
        if (result.IsSuccess)
        {
            AddSent(datagram.Length);
        }

        return result;
    }

    private string Limit(long length) =>
        length > _bytesMax ? $"a datagram here at most {_bytesMax}" : "which is too long for a datagram of this socket";

    private static int BytesMax(Socket socket) => socket.AddressFamily switch
    {
        AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 => 65_507, // 65,535 without IPv4's header and UDP's
        AddressFamily.Unix => Math.Clamp(socket.SendBufferSize - 32, 1, 1_048_576), // unix_dgram_sendmsg
        _ => 65_536,
    };
}
