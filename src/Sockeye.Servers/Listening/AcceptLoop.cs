using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>
/// One listening socket, and the one state machine that accepts at it: on its loop, or on the thread pool.
/// </summary>
/// <remarks>
/// The contract. The states are the places in <see cref="AcceptAsync"/> and <see cref="DrainAsync"/> where it waits:
/// <list type="bullet">
/// <item>Accepting: it waits for a connection. What comes is handed to the listener, which serves, parks or refuses it; 16 in a
/// row, then those that are there already get their turn.</item>
/// <item>Full: there is no room and the listener parks. It waits for somebody to leave, and accepts nothing: of what others
/// took in the meantime, one connection at most is held for that long.</item>
/// <item>Pausing: no descriptor or memory is left, or only as many descriptors as the process needs itself. The connection stays in the backlog; told once, tried again after a pause,
/// and told once more when it works.</item>
/// <item>Draining: the stop has come. What waits in the backlog is taken, served or refused; no more than the backlog holds.</item>
/// <item>Ended: the socket is closed, by the stop; or it does not listen any more (Broken), and is closed by the stop too.</item>
/// </list>
/// A connection that died before it was taken changes nothing in any of them.
/// </remarks>
#pragma warning disable CA1001 // The token source has no timer, and its Cancel may come at any time: nobody disposes it.
internal sealed class AcceptLoop(Listener listener, Socket socket, EventLoop? loop, SocketUri endpoint)
#pragma warning restore CA1001
{
    private const int AcceptsPerTurn = 16;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private RetryPause _pause;
    private volatile bool _isAborted;

    internal SocketUri Endpoint => endpoint;

    /// <summary>How it is called in the metrics: without the options.</summary>
    internal string Name { get; } = endpoint.ToString().Split('?')[0];

    /// <summary>Whether the loops share the listening, each with a socket of its own; else this one deals connections out.</summary>
    internal bool IsShared { get; init; }

    internal EventLoop? Loop => loop;

    /// <summary>Complete when the socket is closed.</summary>
    internal Task Ended => _ended.Task;

    internal void Start()
    {
        // Not in the context of whoever happened to start it.
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            if (loop is not null)
            {
                loop.Post(static state => _ = ((AcceptLoop)state!).RunAsync(), this);
            }
            else
            {
                ThreadPool.UnsafeQueueUserWorkItem(static accept => _ = accept.RunAsync(), this, preferLocal: false);
            }
        }
    }

    /// <summary>Accepts no more, save what waits in the backlog. Any thread.</summary>
    internal void Stop() => _ = _stop.CancelAsync();

    /// <summary>Closes the socket, whatever its loop does. Any thread.</summary>
    internal void Abort()
    {
        _isAborted = true;
        try
        {
            // A ring's request holds the socket's file open until its loop goes on; it must not listen meanwhile.
            socket.TryShutdown(SocketShutdown.Both);
        }
        catch (ObjectDisposedException)
        {
            // It has come to its end by itself.
        }

        socket.Dispose();
        _ended.TrySetResult();
    }

    private async Task RunAsync()
    {
        RetryPause pause = default;
        for (bool hasEnded = false; !hasEnded;)
        {
            try
            {
                await AcceptAsync();
                await DrainAsync();
                hasEnded = true;
            }
            catch (ObjectDisposedException) when (_isAborted)
            {
                hasEnded = true;
            }
            catch (Exception exception)
            {
                // The edge: the user's own step of accepting. A defect that persists must not spin.
                listener.Failed(endpoint, exception);
                await pause.WaitAsync(listener.Time, listener.Aborting);
                hasEnded = _isAborted;
            }
        }

        socket.Dispose();
        _ended.TrySetResult();
    }

    private async Task AcceptAsync()
    {
        for (uint accepted = 1; !_stop.IsCancellationRequested; accepted++)
        {
            if (!listener.HasRoom && listener.Parks)
            {
                await listener.WaitForRoomAsync(_stop.Token);
                continue;
            }

            SocketResult<Socket> result = await listener.AcceptStep(socket, _stop.Token);
            switch (Judge(result))
            {
                case AcceptAnswer.Connection:
                    bool isLast = listener.IsInReserve((int)result.Value.Handle);
                    await TakeAsync(result.Value);
                    if (isLast)
                    {
                        await WaitForDescriptorsAsync();
                    }

                    break;
                case AcceptAnswer.Short when !_stop.IsCancellationRequested:
                    await _pause.WaitAsync(listener.Time, _stop.Token);
                    break;
                case AcceptAnswer.Broken when !_stop.IsCancellationRequested:
                    listener.Events?.AcceptEnded(endpoint, Error(result));
                    await Waits.DelayAsync(listener.Time, Timeout.InfiniteTimeSpan, _stop.Token);
                    return;
            }

            if (accepted % AcceptsPerTurn == 0)
            {
                await Task.Yield();
            }
        }
    }

    // They have connected, and closing the listening socket would reset them without a word. Whoever connects between the last
    // look and the close is reset all the same: Linux knows no way to refuse newcomers first.
    private async Task DrainAsync()
    {
        socket.Blocking = false; // accept(2) says EAGAIN when nobody waits
        int most = listener.Backlog + 1;
        for (int taken = 0; taken < most && !listener.IsAborting;)
        {
            SocketResult<Socket> result = socket.TryAccept();
            AcceptAnswer answer = Judge(result);
            if (answer == AcceptAnswer.Connection)
            {
                taken++;
                await TakeLastAsync(result.Value);
            }
            else if (answer == AcceptAnswer.Short)
            {
                await _pause.WaitAsync(listener.Time, listener.Aborting);
            }
            else if (answer != AcceptAnswer.Dead)
            {
                return;
            }

            if (taken % AcceptsPerTurn == 0)
            {
                await Task.Yield();
            }
        }
    }

    // The pause that EMFILE would bring, before it comes.
    private async Task WaitForDescriptorsAsync()
    {
        ServerMetrics.Paused(Name);
        listener.Events?.AcceptPaused(endpoint, new SocketException((int)SocketError.TooManyOpenSockets, "accept: so few descriptors are left that the process needs them itself; raise ulimit -n"));
        RetryPause pause = default;
        do
        {
            await pause.WaitAsync(listener.Time, _stop.Token);
            if (_stop.IsCancellationRequested)
            {
                return;
            }
        }
        while (listener.IsInReserve(Descriptors.LowestFree()));

        listener.Events?.AcceptResumed(endpoint);
    }

    // Parked, when the last place was taken by another loop meanwhile.
    private async Task TakeAsync(Socket accepted)
    {
        try
        {
            while (!listener.TryTake(this, accepted))
            {
                await listener.WaitForRoomAsync(_stop.Token);
                if (_stop.IsCancellationRequested)
                {
                    await TakeLastAsync(accepted);
                    return;
                }
            }
        }
        catch (Exception exception)
        {
            Failed(accepted, exception);
        }
    }

    private async Task TakeLastAsync(Socket accepted)
    {
        try
        {
            await listener.TakeLastAsync(this, accepted);
        }
        catch (Exception exception)
        {
            Failed(accepted, exception);
        }
    }

    // The edge: a callback of the user's is a defect of one connection, which is gone with it. So nothing spins, and whoever
    // can bring the defect about makes nobody else wait.
    private void Failed(Socket accepted, Exception exception)
    {
        accepted.Dispose();
        listener.Failed(endpoint, exception);
    }

    private AcceptAnswer Judge(in SocketResult<Socket> result)
    {
        AcceptAnswer answer = AcceptAnswers.Of(result);
        if (answer == AcceptAnswer.Connection && _pause.IsPausing)
        {
            _pause = default;
            listener.Events?.AcceptResumed(endpoint);
        }
        else if (answer == AcceptAnswer.Short && !_pause.IsPausing)
        {
            ServerMetrics.Paused(Name);
            listener.Events?.AcceptPaused(endpoint, Error(result));
        }

        return answer;
    }

    private static SocketException Error(in SocketResult<Socket> result) =>
        new((int)result.Error, $"accept: {result.ErrnoName}: {result.ErrnoMessage}");
}
