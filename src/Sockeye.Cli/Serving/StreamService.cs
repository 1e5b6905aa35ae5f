using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;

namespace Sockeye.Cli.Serving;

/// <summary>Accepts connections and runs the program on each: all on one loop, or each on a thread of its own.</summary>
/// <param name="program">What is served.</param>
/// <param name="options">The bounds.</param>
/// <param name="events">Where events are reported.</param>
/// <param name="time">The clock of all waits but the sockets' own.</param>
internal sealed class StreamService(ServedProgram program, ServeOptions options, ServeEvents events, TimeProvider time)
{
    // A program needs little stack; a thousand threads with the usual 8 MB each would be a lot, if only of address space.
    private const int StackBytes = 256 << 10;
    private const int AcceptsPerTurn = 16;

    private readonly ConcurrentDictionary<long, StreamConnection> _connections = new();
    private long _lastConnection;

    /// <summary>Connections at this moment.</summary>
    public int Connections => _connections.Count;

    /// <summary>Accepts until the stop.</summary>
    /// <param name="listener">Where; the caller's.</param>
    /// <param name="where">Its name in the log.</param>
    /// <param name="fail">Is called, from any thread, when the program cannot go on.</param>
    /// <param name="stop">Ends it.</param>
    public async Task AcceptAsync(Socket listener, string where, Action fail, CancellationToken stop)
    {
        var pause = default(Pause);
        for (uint accepted = 1; !stop.IsCancellationRequested; accepted++)
        {
            SocketResult<Socket> result = await listener.TryAcceptAsync(stop);
            if (!result.IsSuccess)
            {
                switch (result.Error)
                {
                    case SocketError.OperationAborted:
                        return;
                    case SocketError.ConnectionAborted or SocketError.ConnectionReset:
                        continue; // that client is gone already; accept(2) used it up
                }

                // Out of descriptors or memory (EMFILE, ENFILE, ENOBUFS), until some connection ends. The new one stays in
                // the backlog, so without a pause this would spin.
                if (!pause.IsPausing)
                {
                    events.AcceptPaused(where, $"{result.ErrnoName}: {result.ErrnoMessage}");
                }

                await pause.WaitAsync(stop);
                continue;
            }

            if (pause.IsPausing)
            {
                pause = default;
                events.AcceptResumed(where);
            }

            Take(result.Value, fail);
            if (accepted % AcceptsPerTurn == 0)
            {
                await Task.Yield();
            }
        }
    }

    /// <summary>
    /// Ends all connections: answers that are due may be sent for up to <see cref="ServeOptions.Drain"/>; connections that are
    /// left then are closed. Nothing more is accepted.
    /// </summary>
    public async Task EndAsync()
    {
        StreamConnection[] connections = [.. _connections.Values];
        events.Stopping(connections.Length);
        foreach (StreamConnection connection in connections)
        {
            connection.Stop();
        }

        Task all = Task.WhenAll(connections.Select(static connection => connection.Served));
        try
        {
            await all.WaitAsync(options.Drain, time);
        }
        catch (TimeoutException)
        {
            foreach (StreamConnection connection in connections.Where(static connection => !connection.Served.IsCompleted))
            {
                connection.Abort();
            }

            await all;
        }

        int drained = connections.Count(static connection => connection.IsDrained);
        events.Stopped(drained, connections.Length - drained);
    }

    private void Take(Socket socket, Action fail)
    {
        long number = ++_lastConnection;
        string peer = PeerName.Of(socket, number);
        if (_connections.Count >= options.MaxConnections)
        {
            socket.Dispose();
            events.Refused(peer, string.Create(CultureInfo.InvariantCulture, $"there are {options.MaxConnections} connections; --max-connections allows no more"));
            return;
        }

        StreamConnection connection;
        try
        {
            connection = new StreamConnection(socket, peer, program, options, events, time);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            events.Refused(peer, e.Message);
            return;
        }

        _connections[number] = connection;
        events.Connected(peer, _connections.Count);
        if (!options.Threads)
        {
            connection.Served = ServeAsync(connection, number, fail);
            return;
        }

        var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Served = served.Task;
        var thread = new Thread(
            () =>
            {
                Task task = ServeAsync(connection, number, fail);
                System.Diagnostics.Debug.Assert(task.IsCompleted, "synchronous calls complete before they return");
                served.SetResult();
            },
            StackBytes)
        {
            IsBackground = true,
            Name = peer,
        };
        try
        {
            thread.Start();
        }
        catch (OutOfMemoryException)
        {
            // pthread_create(3): the user's or the machine's limit of threads.
            const string Reason = "no thread can be started for it; see ulimit -u";
            _connections.TryRemove(number, out _);
            connection.Dispose();
            events.Refused(peer, Reason);
            events.Disconnected(peer, Reason, bytesReceived: 0, bytesSent: 0, TimeSpan.Zero);
        }
    }

    private async Task ServeAsync(StreamConnection connection, long number, Action fail)
    {
        try
        {
            if (!await connection.RunAsync())
            {
                fail();
            }
        }
        catch (Exception e)
        {
            events.Failed(connection.Peer, e); // the outermost handler: a bug ends one connection, not the server
            connection.Dispose();
        }
        finally
        {
            _connections.TryRemove(number, out _);
        }
    }
}
