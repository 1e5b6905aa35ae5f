using Sockeye.Benchmarks.Measuring;

namespace Sockeye.Benchmarks.Tests;

/// <summary>A report with every kind of row, from fixed figures.</summary>
internal static class Fixed
{
    public static ScenarioResult Echo { get; } = new(
        "echo-64", "echo of 64 bytes, ping-pong, 64 connections", "echo", IsMemory: false, Seconds: 1,
        [
            new ServerResult("sockeye-epoll", [new Sample(5, 200_000, 300, 400), new Sample(5.5, 190_000, 310, 420), new Sample(4, 210_000, 290, 380)]),
            new ServerResult("system", [new Sample(10, 90_000, 700, 1_200), new Sample(12, 80_000, 720, 1_300, Lost: 3)]),
            new ServerResult("c-uring", [new Sample(3.2, 250_000, 200, 250)]),
            new ServerResult("go", [], "absent: no go here (package golang-go)"),
            new ServerResult("twisted", [], "failed: <it> & \"that\""),
        ]);

    public static ScenarioResult Idle { get; } = new(
        "idle-10000", "memory of 10,000 idle connections, a receive pending on each", "connection", IsMemory: true, Seconds: 1,
        [new ServerResult("sockeye-epoll", [new Sample(412.4, KernelBytes: 4_100, KeptBytes: 380)]), new ServerResult("c-epoll", [new Sample(0)])]);

    public static Report Report { get; } = new(
        "./sockeye bench peers --rounds 3",
        new DateOnly(2026, 11, 21),
        new MachineNote(
            "Some Processor", 2, "6.18.0", "cubic", "server on core 0, clients on core 1", "meltdown (PTI)", "a system call costs 1,160 ns", 1160, 1160, "in C on io_uring"),
        [
            new PeerNote("sockeye-epoll", "Sockeye on an EventLoop, epoll", ".NET 10.0.1", null),
            new PeerNote("go", "Go's net", "", "no go here (package golang-go)"),
        ],
        [Echo, Idle]);
}
