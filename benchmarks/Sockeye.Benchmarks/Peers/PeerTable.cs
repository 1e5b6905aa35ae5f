using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks.Peers;

/// <summary>All servers, in the order of the tables.</summary>
internal static class PeerTable
{
    /// <summary>What the others are compared with: how many times less.</summary>
    internal const string Reference = "system";

    /// <summary>What the others are compared with: how many times as much.</summary>
    internal const string Bar = "c-uring";

    private static readonly ServerMode[] _streamsOnly = [ServerMode.Echo, ServerMode.Streams, ServerMode.Idle, ServerMode.Broadcast];

    internal static IReadOnlyList<Peer> All { get; } =
    [
        new DotnetPeer("sockeye-uring", "Sockeye on an EventLoop, io_uring", "sockeye-uring")
        {
            Check = SockeyeServer.IoUringRefusal,
        },
        new DotnetPeer("sockeye-pipe", "the same, a SocketPipe for each connection; broadcasts are by pipes in all rows of ours", "sockeye-pipe")
        {
            Check = SockeyeServer.IoUringRefusal,
            Modes = [ServerMode.Echo, ServerMode.Streams, ServerMode.Idle],
        },
        new DotnetPeer("sockeye-spin", "the same, looking for 50 µs before it sleeps: for one connection", "sockeye-spin")
        {
            Check = SockeyeServer.IoUringRefusal,
            Modes = [ServerMode.Echo],
            ConnectionsMax = 4, // with more it never sleeps
        },
        new DotnetPeer("sockeye-epoll", "Sockeye on an EventLoop, epoll", "sockeye-epoll"),
        new DotnetPeer("sockeye-pool", "Sockeye from the thread pool, no loop", "sockeye-pool"),
        new DotnetPeer("system", "System.Net.Sockets", "system"),
        new DotnetPeer("system-inline", "System.Net.Sockets with DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1", "system")
        {
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1" },
        },
        new DotnetPeer("kestrel", "Kestrel's raw connections", "kestrel") { Modes = _streamsOnly },
        new CPeer("c-uring", "a tight C server on io_uring, no library", "uring.c"),
        new CPeer("c-epoll", "a tight C server on epoll", "epoll.c"),
        new GoPeer(),
        new PythonPeer("uvloop", "Python's asyncio.Protocol on uvloop", ["asyncio_server.py", "uvloop"], "uvloop", "python3-uvloop"),
        new PythonPeer("asyncio", "Python's asyncio.Protocol", ["asyncio_server.py", "asyncio"], "asyncio", "python3"),
        new PythonPeer("twisted", "Twisted, epoll reactor", ["twisted_server.py"], "twisted", "python3-twisted"),
        new PythonPeer("socketserver", "Python's socketserver, a thread for each connection", ["socketserver_server.py"], "socketserver", "python3")
        {
            ConnectionsMax = 1_000, // each is a thread
        },
    ];
}
