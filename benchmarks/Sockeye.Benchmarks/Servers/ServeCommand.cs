using System.CommandLine;
using System.Globalization;

namespace Sockeye.Benchmarks.Servers;

/// <summary>What a server is asked to do. Peers of other languages take the same words, in lower case.</summary>
internal enum ServerMode
{
    /// <summary>Sends back what it receives; up to 4 KiB at a time.</summary>
    Echo,

    /// <summary>The same with 64 KiB at a time.</summary>
    Streams,

    /// <summary>The same with as little memory as there is a way to, while nothing comes.</summary>
    Idle,

    /// <summary>
    /// The first byte of a connection says what it is, S for the sender and M for a member, and is echoed. All other
    /// bytes of the sender go to every member; by pipes, where the server has them.
    /// </summary>
    Broadcast,

    /// <summary>Sends each datagram back as one of its own; many by one call, where the server has such a call.</summary>
    Udp,

    /// <summary>The same by UDP_GRO and UDP_SEGMENT, where the server has them.</summary>
    Trains,
}

/// <summary>bench serve: a .NET server in this process. Started by the benchmark; prints its port, serves until its input ends.</summary>
internal static class ServeCommand
{
    /// <summary>The names of the servers that this process can be.</summary>
    internal static readonly IReadOnlyDictionary<string, Action<ServerMode>> Servers = new Dictionary<string, Action<ServerMode>>(StringComparer.Ordinal)
    {
        ["sockeye-uring"] = static mode => SockeyeServer.RunOnLoop(new() { Engine = EngineKind.IoUring }, mode),
        ["sockeye-pipe"] = static mode => SockeyeServer.RunOnLoop(new() { Engine = EngineKind.IoUring }, mode, byPipes: true),
        ["sockeye-epoll"] = static mode => SockeyeServer.RunOnLoop(new() { Engine = EngineKind.Epoll }, mode),
        ["sockeye-spin"] = static mode => SockeyeServer.RunOnLoop(new() { Engine = EngineKind.IoUring, SpinLimit = SockeyeServer.SpinLimit }, mode),
        ["sockeye-pool"] = SockeyeServer.RunOnPool,
        ["system"] = SystemServer.Run,
        ["kestrel"] = KestrelServer.Run,
    };

    internal const int StreamBytes = 65_536;
    internal const int EchoBytes = 4_096;

    internal static Command Build()
    {
        var name = new Argument<string>("name");
        name.AcceptOnlyFromAmong([.. Servers.Keys]);
        var mode = new Argument<ServerMode>("mode");
        var command = new Command("serve", "One .NET server, until standard input ends") { name, mode };
        command.Hidden = true;
        command.SetAction(result => Servers[result.GetRequiredValue(name)](result.GetRequiredValue(mode)));
        return command;
    }

    /// <summary>Tells the benchmark where the server is.</summary>
    internal static void Announce(int port) => Console.WriteLine(port.ToString(CultureInfo.InvariantCulture));

    /// <summary>Returns when the benchmark has ended, or wants the server to. A line of input asks for a collection of garbage.</summary>
    internal static void WaitForEndOfInput()
    {
        while (Console.In.ReadLine() is not null)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            Console.WriteLine("collected");
        }
    }

    /// <summary>How long a server's receives are.</summary>
    internal static int BytesAtOnce(ServerMode mode) => mode == ServerMode.Streams ? StreamBytes : EchoBytes;

    /// <summary>Memory for one of them, that a receive need not pin.</summary>
    internal static Memory<byte> Buffer(ServerMode mode) => GC.AllocateUninitializedArray<byte>(BytesAtOnce(mode), pinned: true);
}
