using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;
using Sockeye.Families;

namespace Sockeye;

/// <summary>What <see cref="Socket.SendMessage"/> sends: data, and beside it a peer, control messages and descriptors; sendmsg(2).</summary>
/// <remarks>
/// Owns nothing. Data and control are the kernel's until the call, or its task, has completed; the handles are
/// referenced until then, so that disposing one meanwhile does no harm.
/// </remarks>
public readonly struct OutgoingMessage
{
    /// <summary>A message of <paramref name="data"/> alone; the rest by initializer.</summary>
    /// <param name="data">The bytes.</param>
    public OutgoingMessage(ReadOnlyMemory<byte> data) => Data = data;

    /// <summary>The bytes; before those of <see cref="Buffers"/> where both are given.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>More bytes, in any number of pieces: gathered by the kernel, not copied. A datagram takes 1,023 pieces (EMSGSIZE).</summary>
    public ReadOnlySequence<byte> Buffers { get; init; }

    /// <summary>Control messages as a <see cref="ControlWriter"/> wrote them.</summary>
    public ReadOnlyMemory<byte> Control { get; init; }

    /// <summary>Where to; null on a connected socket.</summary>
    public EndPoint? Peer { get; init; }

    /// <summary>Where to, in the kernel's form, with nothing to encode; instead of <see cref="Peer"/>.</summary>
    public SocketAddress? PeerAddress { get; init; }

    /// <summary>
    /// SCM_RIGHTS: descriptors that the receiver gets a copy of, on UNIX sockets; sockets (<see cref="Socket.SafeHandle"/>),
    /// files, pipes, anything. At most 253. On a stream at least one byte must go with them. Other families refuse
    /// them (ArgumentException, or what the kernel says).
    /// </summary>
    public IReadOnlyList<SafeHandle>? Handles { get; init; }

    /// <summary>The peer for messages, in whichever form it was given.</summary>
    internal EndPoint? NamedPeer =>
        Peer ?? (PeerAddress is { } address ? AddressCodecs.Decode(address.Buffer.Span[..address.Size], like: null) : null);
}
