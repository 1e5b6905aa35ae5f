using System.Net;

namespace Sockeye.Benchmarks.Load;

/// <summary>Who the clients are.</summary>
internal enum ClientKind
{
    /// <summary>Those in C, where there is a compiler and a kernel for them; else those on the best engine.</summary>
    Default,

    /// <summary>A program in C on io_uring.</summary>
    C,

    /// <summary>This program, on an event loop with io_uring.</summary>
    IoUring,

    /// <summary>This program, on an event loop with epoll.</summary>
    Epoll,
}

/// <summary>What the clients have done since they were asked the last time.</summary>
/// <param name="Operations">How many operations have been completed.</param>
/// <param name="Lost">How many datagrams were given up.</param>
/// <param name="P50">Half of the operations took no longer, in microseconds; null when there were none.</param>
/// <param name="P99">All but one of a hundred took no longer.</param>
/// <param name="Elapsed">How long they worked.</param>
internal readonly record struct ClientFigures(long Operations, long Lost, double? P50, double? P99, TimeSpan Elapsed);

/// <summary>The clients of a scenario. They connect, work until they are stopped, and close when disposed.</summary>
internal interface IClients : IDisposable
{
    Task ConnectAsync(IPEndPoint server);

    /// <summary>Works until <see cref="Stop"/> or a failure.</summary>
    Task RunAsync();

    /// <summary>Tells what has been done since the last time.</summary>
    /// <param name="meanwhile">Called while the clients stand still: reads the clock of the server's processor.</param>
    Task<ClientFigures> MarkAsync(Action meanwhile);

    /// <summary>What is under way is finished, and nothing more begun.</summary>
    void Stop();
}
