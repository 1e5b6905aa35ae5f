using System.Diagnostics;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests.Samples;

/// <summary>The clients of samples/, beyond what the matrix of programs and peers asks of each.</summary>
public sealed class ClientTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sockeye-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string StreamAt(Family family) => family switch
    {
        Family.IPv4 => "tcp://127.0.0.1:0",
        Family.IPv6 => "tcp://[::1]:0",
        _ => $"unix:{Path.Combine(_folder, "sock")}",
    };

    private static void Succeeded(ProgramProcess process, int code) => Assert.True(code == 0, $"{process.Output}\n{process.Errors}");

    // The server's end is the client's, though its input goes on.
    [Theory(Timeout = 60_000)]
    [InlineData("s.close()", 0, "")]
    [InlineData("read(s, 1); s.close()", 1, "ECONNRESET")]
    public async Task The_tcp_client_ends_with_its_server(string ending, int expected, string error)
    {
        using PythonProcess python = PythonProcess.Start($"s = accept(listen()); s.sendall(b'all there is\\n'); {ending}", StreamAt(Family.IPv4));
        using SampleProcess client = SampleProcess.Start("tcp-client", await python.ListeningAtAsync());
        await client.WaitForOutputAsync("all there is");
        if (expected != 0)
        {
            await client.Input.WriteAsync("more than it reads");
            await client.Input.FlushAsync();
        }

        Assert.Equal(expected, await client.EndAsync());
        Assert.Contains(error, client.Errors, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_tcp_client_says_in_one_line_that_nobody_is_there()
    {
        (int code, string output, string errors) = await SampleProcess.RunAsync("", "tcp-client", "tcp://127.0.0.1:1");
        Assert.Equal((1, ""), (code, output));
        Assert.Equal("connect 127.0.0.1:1: ECONNREFUSED: nothing listens there", errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_udp_client_says_that_nobody_is_there()
    {
        (int code, string output, string errors) = await SampleProcess.RunAsync("one\ntwo\n", "udp-client", "udp://127.0.0.1:1");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("udp://127.0.0.1:1: ECONNREFUSED (ConnectionRefused)", errors, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_echo_client_ends_when_its_server_does()
    {
        using PythonProcess python = PythonProcess.Start("s = accept(listen()); s.sendall(b'x'); read(s, 1); s.close()", StreamAt(Family.IPv6));
        (int code, string output, string errors) = await SampleProcess.RunAsync("", "echo-client", await python.ListeningAtAsync());
        Assert.Equal((0, ""), (code, errors));
        Assert.EndsWith("] x", output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_chat_client_shows_nothing_that_steers_a_terminal()
    {
        using PythonProcess python = PythonProcess.Start("""
            s = accept(listen())
            equal(b"ann\n", read(s, 4))
            s.sendall("* ann is here\nbob: grüß \x1b[2Jdich\r\n".encode())
            equal("hello\nßß\n".encode(), rest(s))
            s.sendall(b"* the end\n")
            """, StreamAt(Family.IPv4));
        using SampleProcess client = SampleProcess.Start("chat-client", await python.ListeningAtAsync(), "ann");
        await client.WaitForOutputAsync("bob:");
        (int code, string output, string errors) = await client.FinishAsync("hello\nßß");
        Assert.Equal((0, "* ann is here\nbob: grüß [2Jdich\n* the end", ""), (code, output, errors));
        Succeeded(python, await python.EndAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task Client_and_server_of_the_chat_understand_each_other_and_nc()
    {
        using ServerProgram server = await ServerProgram.StartAsync("chat-server", Form.Sample, Family.IPv4);
        using SampleProcess ann = SampleProcess.Start("chat-client", server.Endpoint, "ann");
        await ann.WaitForOutputAsync("* ann is here");
        SocketUri endpoint = SocketUri.Parse(server.Endpoint);
        using Process nc = Programs.Start("nc", "netcat-openbsd", "-N", "127.0.0.1", ((System.Net.IPEndPoint)endpoint.EndPoint!).Port.ToString());
        await nc.StandardInput.WriteAsync("bob\nhello\n");
        await nc.StandardInput.FlushAsync();
        await ann.WaitForOutputAsync("bob: hello");
        await ann.Input.WriteAsync("good morning\n");
        await ann.Input.FlushAsync();
        Assert.Equal("* bob is here", await nc.StandardOutput.ReadLineAsync());
        Assert.Equal("bob: hello", await nc.StandardOutput.ReadLineAsync());
        Assert.Equal("ann: good morning", await nc.StandardOutput.ReadLineAsync());
        nc.StandardInput.Close();
        await nc.WaitForExitAsync();
        await ann.WaitForOutputAsync("* bob has left");
        (int code, _, string errors) = await ann.FinishAsync();
        Assert.Equal((0, ""), (code, errors));
    }
}
