namespace Sockeye.Cli.Tests.Samples;

/// <summary>samples/starvation.cs: a blocked pool silences System.Net.Sockets' await, and no loop. dotnet/runtime#72153.</summary>
public sealed class StarvationTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("tcp://127.0.0.1:0", "epoll")]
    [InlineData("tcp://127.0.0.1:0", "io_uring")]
    [InlineData("tcp://[::1]:0", "")]
    [InlineData("unix", "")]
    public async Task With_every_thread_blocked_only_the_loop_answers(string endpoint, string engine)
    {
        string path = Path.Combine(Path.GetTempPath(), "sockeye-" + Path.GetRandomFileName());
        using SampleProcess sample = SampleProcess.StartWith(
            "SOCKEYE_ENGINE=" + engine, "starvation", endpoint == "unix" ? "unix:" + path : endpoint);
        (int code, string output, string errors) = await sample.FinishAsync();
        Assert.Equal((0, ""), (code, errors));
        Assert.Matches(
            """
            ^the pool is free:         System\.Net\.Sockets \d+\.\d{3} ms, on an event loop \d+\.\d{3} ms
            every thread is blocked:  System\.Net\.Sockets no answer in 1 s, on an event loop \d+\.\d{3} ms$
            """,
            output);
    }
}
