using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>One listening socket on one loop.</summary>
/// <remarks>
/// Contract.
/// - All its members but <see cref="Abort"/> belong to the loop's thread.
/// - <see cref="Accept"/> is called when something more may be accepted; it may be called again while it is at it.
/// - What was accepted when there is no room is parked, and served first when there is. While something is parked, nothing
///   is accepted: so no more is parked than the kernel had under way.
/// - No descriptor or memory left is a state, not an error: the connection stays in the backlog, and after a pause, by the
///   loop's own timer, it is tried again. Connections that died before they were accepted are not reported.
/// </remarks>
internal abstract class LoopAcceptor
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(1);

    private readonly Queue<Socket> _parked = new();
    private readonly bool _isRoundRobin;
    private readonly int _backlog;
    private TimeSpan _pause;
    private bool _pausing;
    private bool _stopping;
    private volatile bool _aborted;
    private int _ended;
    private IDisposable? _timer;

    private protected LoopAcceptor(EventLoopListener listener, EventLoopGroup.Member member, Socket socket, bool isRoundRobin, int backlog)
    {
        Listener = listener;
        Member = member;
        Socket = socket;
        _isRoundRobin = isRoundRobin;
        _backlog = backlog;
    }

    internal EventLoop Loop => Member.Loop;

    /// <summary>True when the socket is closed.</summary>
    internal bool HasEnded => Volatile.Read(ref _ended) != 0;

    private protected EventLoopListener Listener { get; }

    private protected EventLoopGroup.Member Member { get; }

    /// <summary>The listening socket. Owned: closed when the acceptor has stopped.</summary>
    private protected Socket Socket { get; }

    private protected bool MayAccept => !_stopping && !_aborted && !_pausing && _parked.Count == 0 && Listener.HasRoom;

    /// <summary>For a loop of this kind.</summary>
    /// <param name="listener">Whose connections they are.</param>
    /// <param name="member">The loop.</param>
    /// <param name="socket">Listens, and belongs to the loop.</param>
    /// <param name="isRoundRobin">Hands connections to all loops in turn.</param>
    /// <param name="backlog">How many may wait; no more are taken at the stop.</param>
    internal static LoopAcceptor Create(EventLoopListener listener, EventLoopGroup.Member member, Socket socket, bool isRoundRobin, int backlog) =>
        socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
        && member.Loop.Engine.Poller.Ring is { } poller
            ? new RingAcceptor(listener, member, socket, isRoundRobin, backlog, poller)
            : new PlainAcceptor(listener, member, socket, isRoundRobin, backlog);

    /// <summary>Begins, or goes on after there was no room or a pause.</summary>
    internal void Resume()
    {
        while (!_stopping && _parked.Count != 0)
        {
            if (!Listener.TryEnter())
            {
                Listener.WaitForRoom(this);
                return;
            }

            Serve(_parked.Dequeue());
        }

        if (MayAccept)
        {
            Accept();
        }
        else if (!_stopping && !_aborted && !_pausing)
        {
            Listener.WaitForRoom(this);
        }
    }

    /// <summary>Accepts no more: takes what waits in the backlog, as far as there is room, and closes the socket.</summary>
    internal void Stop()
    {
        if (!_stopping)
        {
            _stopping = true;
            _timer?.Dispose();
            EndAccept();
        }
    }

    /// <summary>Closes the socket, whatever its loop does. Any thread.</summary>
    internal void Abort()
    {
        _aborted = true;
        try
        {
            // A ring's request holds the socket's file open until its loop goes on; listening it must not be meanwhile.
            Socket.TryShutdown(System.Net.Sockets.SocketShutdown.Both);
        }
        catch (ObjectDisposedException)
        {
            // It has come to its end by itself.
        }

        Socket.Dispose();
        End();
    }

    /// <summary>Accepts, as long as <see cref="MayAccept"/>.</summary>
    private protected abstract void Accept();

    /// <summary>Ends what <see cref="Accept"/> began; afterwards <see cref="Close"/> is called, once.</summary>
    private protected abstract void EndAccept();

    /// <summary>A connection has come.</summary>
    private protected void Take(Socket accepted)
    {
        _pause = TimeSpan.Zero;
        if (Listener.TryEnter())
        {
            Serve(accepted);
        }
        else if (_stopping)
        {
            accepted.Dispose();
        }
        else
        {
            _parked.Enqueue(accepted);
            Listener.WaitForRoom(this);
        }
    }

    /// <summary>Accept has failed.</summary>
    private protected void Failed(int errno)
    {
        if (_stopping || _pausing || errno is Errno.ECANCELED or Errno.EBADF)
        {
            return;
        }

        if (_pause == TimeSpan.Zero)
        {
            Listener.Report(socket: null, SocketErrors.Create("accept", Listener.LocalEndPoint, errno), Loop);
            _pause = PauseMin;
        }
        else
        {
            _pause = TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, PauseMax.Ticks));
        }

        _pausing = true;
        _timer = Loop.Schedule(_pause, () =>
        {
            _pausing = false;
            Resume();
        });
    }

    /// <summary>The connection died before it was taken: the next one may live. accept(2), "Error handling".</summary>
    private protected static bool IsDeadConnection(int errno) => errno is Errno.EINTR or Errno.ECONNABORTED or Errno.EPROTO;

    /// <summary>Nothing of the kernel's is under way any more.</summary>
    private protected void Close()
    {
        // A ring may have accepted for us what we had not asked for yet.
        Socket.Core.HasAccepted(PollConstants.POLLIN);

        // No more than the backlog holds: who comes while it is emptied need not be served as well.
        for (int i = 0; i <= _backlog && Listener.TryEnter(); i++)
        {
            if (_parked.TryDequeue(out Socket? parked))
            {
                Serve(parked);
            }
            else if (TryAcceptOne() is { } accepted)
            {
                Serve(accepted);
            }
            else
            {
                Listener.Leave();
                break;
            }
        }

        foreach (Socket parked in _parked)
        {
            parked.Dispose();
        }

        _parked.Clear();
        Socket.Dispose();
        End();
    }

    private void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            Listener.AcceptorEnded();
        }
    }

    private Socket? TryAcceptOne()
    {
        try
        {
            SocketCore? accepted = null;
            var progress = default(Progress);
            var step = new AcceptStep(into: null, ref accepted);
            return CallSteps.Try(Socket.Core, ref step, ref progress) == StepResult.Done && progress.Errno == 0 ? new Socket(accepted!) : null;
        }
        catch (ObjectDisposedException)
        {
            // Aborted meanwhile.
            return null;
        }
    }

    private void Serve(Socket accepted)
    {
        EventLoopGroup.Member member = Member;
        if (_isRoundRobin)
        {
            member = member.Group.NextMember();
            accepted.Core.MoveTo(member.Loop.Engine);
        }

        Listener.Serve(member, accepted);
    }
}

/// <summary>accept4(2), in bursts.</summary>
#pragma warning disable CA1001 // Ended disposes the token source, and every acceptor comes to its end.
internal class PlainAcceptor(EventLoopListener listener, EventLoopGroup.Member member, Socket socket, bool isRoundRobin, int backlog)
#pragma warning restore CA1001
    : LoopAcceptor(listener, member, socket, isRoundRobin, backlog)
{
    // Then the connections that are there already get their turn.
    private const int AcceptsPerTurn = 16;

    private readonly CancellationTokenSource _end = new();
    private bool _accepting;

    private protected override void Accept()
    {
        if (!_accepting)
        {
            _accepting = true;
            _ = AcceptAsync();
        }
    }

    private protected override void EndAccept()
    {
        _end.Cancel();
        if (!_accepting)
        {
            Ended();
        }
    }

    private async Task AcceptAsync()
    {
        for (uint accepted = 1; MayAccept; accepted++)
        {
            SocketResult<Socket> result = await Socket.TryAcceptAsync(_end.Token).StayOnLoop();
            if (result.IsSuccess)
            {
                Take(result.Value);
            }
            else
            {
                Failed(result.Errno);
                if (result.Errno is Errno.ECANCELED or Errno.EBADF)
                {
                    break;
                }
            }

            if (accepted % AcceptsPerTurn == 0)
            {
                await Task.Yield();
            }
        }

        _accepting = false;
        if (_end.IsCancellationRequested)
        {
            Ended();
        }
        else
        {
            Resume();
        }
    }

    private void Ended()
    {
        _end.Dispose();
        Close();
    }
}
