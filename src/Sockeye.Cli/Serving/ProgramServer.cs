using System.Net.Sockets;

namespace Sockeye.Cli.Serving;

/// <summary>A program at one or more endpoints, of streams and of datagrams.</summary>
/// <remarks>
/// Plain asynchronous code that comes home to its context: on one event loop when <see cref="OpenAsync(SocketUri, CancellationToken)"/> and
/// <see cref="RunAsync"/> are called there. With <see cref="ServeOptions.Threads"/> the connections leave it for threads
/// of their own; accepting, and datagrams, which have no connection, stay.
/// </remarks>
internal sealed class ProgramServer : IDisposable
{
    private readonly ServedProgram _program;
    private readonly ServeOptions _options;
    private readonly ServeEvents _events;
    private readonly StreamService _streams;
    private readonly List<(Socket Socket, string Where)> _sockets = []; // ours, from OpenAsync until RunAsync ends
    private readonly List<SocketUri> _bound = [];
    private readonly Report _report;

    /// <param name="program">What is served.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="report">Where events are reported.</param>
    /// <param name="time">The clock.</param>
    public ProgramServer(ServedProgram program, ServeOptions options, Report report, TimeProvider time)
    {
        (_program, _options, _report) = (program, options, report);
        _events = new ServeEvents(report, program, time);
        _streams = new StreamService(program, options, _events, time);
    }

    /// <summary>Where it is served, with the ports that the kernel chose.</summary>
    public IReadOnlyList<SocketUri> Bound => _bound;

    /// <summary>Connections at this moment.</summary>
    public int Connections => _streams.Connections;

    /// <summary>
    /// Binds and listens at an endpoint; of a name, at all its addresses. Of several addresses one that this machine
    /// does not have, as when IPv6 is off, is only worth a warning.
    /// </summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="stop">Ends a look-up.</param>
    /// <exception cref="SocketException">Where and why.</exception>
    /// <exception cref="OperationCanceledException">The stop came first.</exception>
    public Task OpenAsync(SocketUri endpoint, CancellationToken stop = default) => OpenAsync([endpoint], stop);

    /// <summary>As above, at the addresses of one name.</summary>
    /// <param name="endpoints">The addresses.</param>
    /// <param name="stop">Ends a look-up.</param>
    public async Task OpenAsync(IEnumerable<SocketUri> endpoints, CancellationToken stop = default)
    {
        var addresses = new List<SocketUri>();
        foreach (SocketUri endpoint in endpoints)
        {
            addresses.AddRange(await endpoint.ResolveAsync(stop));
        }

        SocketException? missing = null;
        int opened = 0;
        foreach (SocketUri address in addresses)
        {
            try
            {
                Socket socket = ServerSocket.Open(address);
                SocketUri bound = Listening.At(address, socket.LocalEndPoint, socket.SocketType);
                _sockets.Add((socket, Listening.Address(bound)));
                _bound.Add(bound);
                opened++;
            }
            catch (SocketException e) when (addresses.Count > 1 && e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
            {
                missing ??= e;
                _report.Warn(e.Message);
            }
        }

        if (opened == 0 && missing is not null)
        {
            throw missing;
        }
    }

    /// <summary>Serves until the stop, then lets answers that are due be sent.</summary>
    /// <param name="stop">Shuts it down cleanly.</param>
    /// <returns>False if the program could not go on: its output is full or closed.</returns>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        int failed = 0;
        void Fail()
        {
            Volatile.Write(ref failed, 1);
            try
            {
                end.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // A connection failed while everything is already ending.
            }
        }

        await Task.WhenAll(_sockets.Select(open => ServeAsync(open.Socket, open.Where, Fail, end.Token)));
        Dispose();
        await _streams.EndAsync();
        return Volatile.Read(ref failed) == 0;
    }

    /// <summary>Stops listening. <see cref="RunAsync"/> does so itself; this is for a server that never ran.</summary>
    public void Dispose()
    {
        foreach ((Socket socket, _) in _sockets)
        {
            socket.Dispose();
        }

        _sockets.Clear();
    }

    private async Task ServeAsync(Socket socket, string where, Action fail, CancellationToken stop)
    {
        if (ServerSocket.IsListener(socket))
        {
            await _streams.AcceptAsync(socket, where, fail, stop);
        }
        else if (!await new DatagramService(socket, where, _program, _options, _events).RunAsync(stop))
        {
            fail();
        }
    }
}
