using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Sockeye.Chat.Connections;

/// <summary>One listening socket: hands on what it accepts until it is stopped, and then what still waits in the backlog.</summary>
/// <remarks>
/// What accept(2) may return instead of a connection:
/// <list type="bullet">
/// <item>That the connection was lost before it was accepted, which Linux reports with the error of the connection: the
/// next one is accepted.</item>
/// <item>That descriptors or memory are lacking, which lasts until somebody leaves. The connection stays in the backlog,
/// so accepting pauses; the log says so once, and once more when it works again.</item>
/// <item>That the socket does not listen any more, as another process may bring about that shares it. Nothing mends that:
/// the log says so, and those who are in the chat stay.</item>
/// </list>
/// </remarks>
internal sealed class Acceptor(Socket listener, TimeProvider time, ILogger logger) : IDisposable
{
    private const int AcceptsPerTurn = 16;
    private const SocketError ProtocolError = (SocketError)71; // EPROTO
    private const SocketError NoNetwork = (SocketError)64; // ENONET

    private readonly string _where = listener.LocalEndPoint!.ToString()!;
    private readonly RetryPause _pause = new(time);

    private enum Answer
    {
        Connection,
        Nothing,
        Lost,
        Short,
        Broken,
    }

    /// <summary>Hands on each connection until <paramref name="stop"/>.</summary>
    public async Task RunAsync(Action<Socket> take, CancellationToken stop)
    {
        for (uint accepted = 0; !stop.IsCancellationRequested;)
        {
            SocketResult<Socket> result = await listener.TryAcceptAsync(stop);
            switch (Judge(result))
            {
                case Answer.Connection:
                    take(result.Value);
                    break;
                case Answer.Short when !stop.IsCancellationRequested:
                    await _pause.WaitAsync(stop);
                    break;
                case Answer.Broken when !stop.IsCancellationRequested:
                    logger.ListeningEnded(_where, $"{result.ErrnoName}: {result.ErrnoMessage}");
                    return;
            }

            if (++accepted % AcceptsPerTurn == 0)
            {
                await Task.Yield();
            }
        }
    }

    /// <summary>
    /// Hands on what waits in the backlog: they have connected, and closing the listener would reset them without a word.
    /// At most so many, and no longer than until <paramref name="enough"/>, as others may go on connecting meanwhile.
    /// </summary>
    /// <returns>How many they were.</returns>
    public async Task<int> DrainAsync(Func<Socket, ValueTask> take, int most, CancellationToken enough)
    {
        int taken = 0;
        listener.Blocking = false; // accept(2) says EAGAIN when nobody waits
        for (uint accepted = 0; taken < most && !enough.IsCancellationRequested;)
        {
            SocketResult<Socket> result = listener.TryAccept();
            switch (Judge(result))
            {
                case Answer.Connection:
                    taken++;
                    await take(result.Value);
                    break;
                case Answer.Short:
                    await _pause.WaitAsync(enough);
                    break;
                case Answer.Nothing or Answer.Broken:
                    return taken;
            }

            if (++accepted % AcceptsPerTurn == 0)
            {
                await Task.Yield();
            }
        }

        return taken;
    }

    public void Dispose() => listener.Dispose();

    private Answer Judge(SocketResult<Socket> result)
    {
        if (result.IsSuccess)
        {
            if (_pause.Waits > 0)
            {
                _pause.Reset();
                logger.AcceptResumed(_where);
            }

            return Answer.Connection;
        }

        switch (result.Error)
        {
            case SocketError.WouldBlock:
                return Answer.Nothing;
            case SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.NetworkDown
                or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.HostUnreachable
                or SocketError.ProtocolOption or SocketError.OperationNotSupported or SocketError.TimedOut
                or SocketError.AccessDenied or ProtocolError or NoNetwork:
                return Answer.Lost; // accept(2) used it up
            case SocketError.InvalidArgument or SocketError.NotSocket or SocketError.OperationAborted:
                return Answer.Broken;
            default:
                // EMFILE, ENFILE, ENOBUFS, ENOMEM; and anything unforeseen, which must not spin.
                if (_pause.Waits == 0)
                {
                    logger.AcceptPaused(_where, $"{result.ErrnoName}: {result.ErrnoMessage}");
                }

                return Answer.Short;
        }
    }
}
