using System.Net.Sockets;

namespace Sockeye.Cli.Clients;

/// <summary>Copies both ways over a stream, or over a connection of sequenced messages.</summary>
internal class StreamCopy(Socket socket, Report report, Stream input, IReceiver receiver) : Copy(socket, report, receiver)
{
    // The capacity of a pipe (pipe(7)), so that no read of one gives more. Neither a message of a seqpacket socket nor an
    // event is longer than this.
    private const int BufferBytes = 65_536;

    // The longest message of a Unix socket is about its peer's SO_SNDBUF, 208 KiB by default.
    private const int MessageBytesMax = 262_144;

    protected override SocketResult<int> Send()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
        while (true)
        {
            BeforeRead();
            int read = InputLines.Read(input, buffer);
            if (read == 0 || HasEnded)
            {
                return default;
            }

            BeforeSend();
            SocketResult<int> result = Socket.TrySendAll(buffer.AsSpan(0, read));
            if (!result.IsSuccess)
            {
                return result;
            }

            AddSent(read);
        }
    }

    protected override SocketResult<int> Receive()
    {
        bool isMessages = Socket.SocketType == SocketType.Seqpacket;
        byte[] buffer = GC.AllocateUninitializedArray<byte>(isMessages ? MessageBytesMax : BufferBytes, pinned: true);
        while (true)
        {
            SocketResult<int> result = Socket.TryReceive(buffer);
            if (result.BytesLost > 0)
            {
                Report.Warn($"a message of {result.BytesTransferred + result.BytesLost} bytes was cut after {result.BytesTransferred}");
                AddReceived(buffer.AsSpan(0, result.BytesTransferred));
                continue;
            }

            if (!result.TryGetValue(out int received) || received == 0)
            {
                return result;
            }

            AddReceived(buffer.AsSpan(0, received));
        }
    }

    protected override long WaitStart(long inputEnded, long lastReceived) => inputEnded;

    protected override bool IsToldByReceiving(int errno) => errno is Epipe or Econnreset;

    // TIPC has no half-close (EINVAL); other families may lack it, too.
    protected override bool TryEndSending() => Socket.TryShutdown(SocketShutdown.Send).IsSuccess;
}
