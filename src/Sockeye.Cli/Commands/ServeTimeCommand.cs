using Sockeye.Cli.Serving;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye serve time: everything comes back with the time before it.</summary>
internal static class ServeTimeCommand
{
    private const int Port = 8888;

    public static Command Build()
    {
        var command = new Command("time", "Sends each chunk or datagram back with the local time in front of it: [Fri Nov 20 10:00:00 2026] chunk.");
        ServeCommandLine.Complete(command, Port, static _ => new TimeProgram(TimeProvider.System));
        return command.WithExamples(
            new("sockeye serve time", "on this machine, port 8888"),
            new("sockeye serve time tcp://[::1]:8888 udp://[::1]:9999", "streams and datagrams at once"),
            new("sockeye serve time tcp://127.0.0.1:0 --json", "a free port, which it prints, for programs"),
            new("sockeye serve time unix:/tmp/time.sock", "a Unix socket for its owner only; 'unix:/tmp/time.sock?mode=0660' for a group"));
    }
}
