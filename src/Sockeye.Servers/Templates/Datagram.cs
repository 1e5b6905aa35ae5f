using System.Net;

namespace Sockeye.Servers;

/// <summary>One datagram that a <see cref="DatagramServer"/> received. Valid until its handler has ended.</summary>
public readonly struct Datagram
{
    private readonly DatagramReceiver _receiver;
    private readonly int _index;

    internal Datagram(DatagramReceiver receiver, int index)
    {
        _receiver = receiver;
        _index = index;
    }

    /// <summary>What came; it may be empty.</summary>
    public ReadOnlyMemory<byte> Data => Message.Data;

    /// <summary>Who sent it; null where the sender has no name, as most on Unix sockets. Decoded anew at each call.</summary>
    public EndPoint? Peer => _receiver.PeerOf(Message);

    /// <summary>The socket, for its options and addresses.</summary>
    public Socket Socket => _receiver.Socket;

    private BatchMessage Message => _receiver.Received[_index];

    internal DatagramReceiver Receiver => _receiver;

    internal BatchMessage Place => Message;

    /// <summary>
    /// Answers, from the address that was asked. Answers go out together when the batch has been handled, and never wait: one
    /// that the kernel does not take at once is dropped, as datagrams may be.
    /// </summary>
    /// <param name="answer">The bytes; copied.</param>
    /// <returns>False when it cannot be answered: the sender has no name, or the answer is longer than MaxDatagramBytes. It counts as dropped.</returns>
    public bool Reply(ReadOnlySpan<byte> answer) => _receiver.Reply(Message, answer);
}
