using System.IO.Pipelines;
using System.Net;

namespace Sockeye.Servers;

/// <summary>What a <see cref="Protocols.Protocol"/> speaks over: a connection of a server's or a client's, or one that a test made up.</summary>
public interface ITransport
{
    /// <summary>What the peer sends, until its end or the end that this side has put to it. The protocol's driver reads it.</summary>
    PipeReader Input { get; }

    /// <summary>The peer's address; null when it is not known.</summary>
    EndPoint? RemoteEndPoint { get; }

    /// <summary>What to call the peer in a log.</summary>
    string PeerName { get; }

    /// <summary>Copies bytes to what is to be sent, and never waits. Any thread may call.</summary>
    /// <param name="bytes">The bytes: all of them are sent, in one piece with no others between, or none.</param>
    /// <returns>
    /// False when too much waits to be sent already: nothing is added. When no more than half of what may wait does, bytes are
    /// taken however many they are. True also when the connection is ending, or lost: the bytes are dropped with it.
    /// </returns>
    bool TrySend(ReadOnlySpan<byte> bytes);

    /// <summary>Adds bytes that many get to what is to be sent, and never waits. Any thread may call.</summary>
    /// <param name="bytes">The bytes; dispose your own share when all have been given theirs.</param>
    /// <returns>As the other overload.</returns>
    bool TrySend(SharedBytes bytes);

    /// <summary>Waits until at most half of what may wait to be sent does, or nothing can be sent any more.</summary>
    /// <returns>Complete when it does.</returns>
    ValueTask WaitToSendAsync();

    /// <summary>Ends the connection in good order, and does not wait: what was sent goes out, then the last words, then the end of the stream.</summary>
    /// <param name="message">Why, for the log.</param>
    /// <param name="lastWords">What the peer hears last.</param>
    /// <param name="dropQueued">Whether the last words go out instead of what waits to be sent.</param>
    void Close(string? message = null, ReadOnlyMemory<byte> lastWords = default, bool dropQueued = false);

    /// <summary>Resets the connection: what waits to be sent is dropped.</summary>
    /// <param name="message">Why, for the log.</param>
    void Abort(string? message = null);
}
