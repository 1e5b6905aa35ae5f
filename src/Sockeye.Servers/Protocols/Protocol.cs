using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using Sockeye.Servers.Framing;

namespace Sockeye.Servers.Protocols;

/// <summary>One connection's behaviour, as methods that are called when something happens on it: what Twisted calls a Protocol.</summary>
/// <remarks>
/// The contract:
/// <list type="bullet">
/// <item>The calls never overlap: each is awaited before the next is made. While one waits, nothing more is read, and the peer is
/// held back by its own send buffer.</item>
/// <item><see cref="ConnectionMadeAsync"/> comes first, then <see cref="DataReceivedAsync"/> as often as bytes come, then
/// <see cref="EndReceivedAsync"/> when the peer has sent its end, and <see cref="ConnectionLostAsync"/> last, once, whatever happened.
/// After <see cref="Close"/> or <see cref="Abort"/> no data comes any more.</item>
/// <item>A protocol serves one connection. What several share is handed to each by whoever makes them.</item>
/// <item>What is thrown ends the connection, and is given to ConnectionLostAsync.</item>
/// <item><see cref="TrySend(ReadOnlySpan{byte})"/>, <see cref="Close"/> and <see cref="Abort"/> may be called by any thread, other protocols' included.</item>
/// </list>
/// </remarks>
public abstract class Protocol
{
    private ITransport? _transport;
    private bool _isClosing;
    private int _hasRun;

    /// <summary>The connection. From <see cref="ConnectionMadeAsync"/> on.</summary>
    /// <exception cref="InvalidOperationException">There is none yet.</exception>
    public ITransport Transport => _transport ?? throw new InvalidOperationException("The protocol is not connected yet.");

    /// <summary>True from <see cref="ConnectionMadeAsync"/> until <see cref="ConnectionLostAsync"/>.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>True once this side has ended the connection: nothing more is received.</summary>
    protected bool IsClosing => Volatile.Read(ref _isClosing);

    /// <summary>
    /// How many bytes may be left untaken by <see cref="DataReceivedAsync"/>; with more the connection is closed with
    /// <see cref="FramingError.TooLong"/>. Defaults to 1 MiB.
    /// </summary>
    protected virtual long MaxUntakenBytes => 1024 * 1024;

    /// <summary>Copies bytes to what is to be sent, and never waits. Any thread may call.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>False when too much waits to be sent already: nothing is added. True also when the connection is ending, or over.</returns>
    public bool TrySend(ReadOnlySpan<byte> bytes)
    {
        ITransport transport = Transport;
        return !IsConnected || transport.TrySend(bytes);
    }

    /// <summary>Adds bytes that many get to what is to be sent, and never waits. Any thread may call.</summary>
    /// <param name="bytes">The bytes; dispose your own share when all have been given theirs.</param>
    /// <returns>As the other overload.</returns>
    public bool TrySend(SharedBytes bytes)
    {
        ITransport transport = Transport;
        return !IsConnected || transport.TrySend(bytes);
    }

    /// <summary>
    /// Ends the connection in good order, and does not wait: what was sent goes out, then the last words, then the end of the
    /// stream. Nothing more is received. Any thread may call.
    /// </summary>
    /// <param name="message">Why, for the log.</param>
    /// <param name="lastWords">What the peer hears last.</param>
    /// <param name="dropQueued">Whether the last words go out instead of what waits to be sent.</param>
    public void Close(string? message = null, ReadOnlyMemory<byte> lastWords = default, bool dropQueued = false)
    {
        ITransport transport = Transport;
        Volatile.Write(ref _isClosing, true);
        transport.Close(message, lastWords, dropQueued);
    }

    /// <summary>Resets the connection: what waits to be sent is dropped. Nothing more is received. Any thread may call.</summary>
    /// <param name="message">Why, for the log.</param>
    public void Abort(string? message = null)
    {
        ITransport transport = Transport;
        Volatile.Write(ref _isClosing, true);
        transport.Abort(message);
    }

    /// <summary>Serves a connection from its beginning to its end. Called by servers and clients, and by tests.</summary>
    /// <param name="transport">The connection; whoever has it closes it afterwards.</param>
    /// <returns>Complete when <see cref="ConnectionLostAsync"/> has ended.</returns>
    /// <exception cref="InvalidOperationException">The protocol has served a connection already.</exception>
    /// <remarks>What the protocol's methods throw is thrown. A peer that broke its framing is no exception.</remarks>
    public async Task RunAsync(ITransport transport)
    {
        ArgumentNullException.ThrowIfNull(transport);
        if (Interlocked.Exchange(ref _hasRun, 1) != 0)
        {
            throw new InvalidOperationException("A protocol serves one connection; make another one for the next.");
        }

        _transport = transport;
        IsConnected = true;
        Exception? reason = null;
        try
        {
            await ConnectionMadeAsync();
            await ReceiveAsync(transport.Input);
        }
        catch (FramingException exception)
        {
            reason = exception;
            Close(exception.Message);
        }
        catch (Exception exception)
        {
            // Thrown again below: whoever has the connection ends it, and says what went wrong.
            reason = exception;
        }

        IsConnected = false;
        await ConnectionLostAsync(reason);
        if (reason is not null and not FramingException)
        {
            ExceptionDispatchInfo.Throw(reason);
        }
    }

    /// <summary>The connection stands. Defaults to nothing.</summary>
    /// <returns>Complete when data may come.</returns>
    protected virtual ValueTask ConnectionMadeAsync() => default;

    /// <summary>Bytes have come.</summary>
    /// <param name="data">All that was not taken so far, in the memory where it arrived: it stands until the call has ended.</param>
    /// <returns>How far it was taken; the rest comes again, with what follows.</returns>
    protected abstract ValueTask<SequencePosition> DataReceivedAsync(ReadOnlySequence<byte> data);

    /// <summary>
    /// The peer has sent the end of its stream, and may still receive: what this sends goes out before our end does, which follows
    /// when the call has ended. Defaults to nothing.
    /// </summary>
    /// <param name="rest">What <see cref="DataReceivedAsync"/> has not taken.</param>
    /// <returns>Complete when the connection may be closed.</returns>
    protected virtual ValueTask EndReceivedAsync(ReadOnlySequence<byte> rest) => default;

    /// <summary>The connection is over, and nothing can be sent any more. Defaults to nothing.</summary>
    /// <param name="reason">Null when it ended in good order, by the peer or by this side; else what happened: a <see cref="SocketException"/>, a <see cref="FramingException"/>, what this protocol threw.</param>
    /// <returns>Complete when the protocol is done.</returns>
    protected virtual ValueTask ConnectionLostAsync(Exception? reason) => default;

    /// <summary>Sends bytes, and waits while too much waits to be sent.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>Complete when more may be sent.</returns>
    protected ValueTask SendAsync(ReadOnlySpan<byte> bytes)
    {
        ITransport transport = Transport;
        return !IsConnected || transport.TrySend(bytes) ? default : SendLaterAsync(transport, bytes.ToArray());
    }

    private static async ValueTask SendLaterAsync(ITransport transport, byte[] bytes)
    {
        // Once there is room the bytes are taken, however many they are, unless another sender was faster.
        do
        {
            await transport.WaitToSendAsync();
        }
        while (!transport.TrySend(bytes));
    }

    private async ValueTask ReceiveAsync(PipeReader input)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync();
            ReadOnlySequence<byte> data = read.Buffer;
            SequencePosition taken = data.Start;
            try
            {
                if (!data.IsEmpty && !IsClosing)
                {
                    taken = await DataReceivedAsync(data);
                }

                if (IsClosing)
                {
                    return;
                }

                if (read.IsCompleted)
                {
                    await EndReceivedAsync(data.Slice(taken));
                    taken = data.End;
                    return;
                }
            }
            finally
            {
                input.AdvanceTo(taken, data.End);
            }

            if (data.Slice(taken).Length > MaxUntakenBytes)
            {
                throw FramingException.TooLong(MaxUntakenBytes, canContinue: false);
            }
        }
    }
}
