using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests;

/// <summary>sockeye chat serve, as a process.</summary>
public sealed class ChatServeTests
{
    [Fact(Timeout = 60_000)]
    public async Task It_says_where_it_listens_and_how_to_try_and_ends_well_at_ctrl_c()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        (ToolProcess tool, IPEndPoint endPoint) = await ToolProcess.ServeAsync("--listen", $"unix:{path}", "--listen", "[::1]:0");
        using ToolProcess owner = tool;
        string[] lines = tool.Output.Split('\n');
        Assert.Equal($"listening at {endPoint}", lines[0]);
        Assert.NotEqual(0, endPoint.Port);
        Assert.Equal($"listening at unix:{path}", lines[1]);
        Assert.Matches(@"^listening at \[::1\]:\d+$", lines[2]);
        Assert.Equal($"try: nc 127.0.0.1 {endPoint.Port}", lines[3]);
        Assert.Equal($"try: ./sockeye chat join {endPoint}", lines[4]);

        using var client = new System.Net.Sockets.Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await client.SendAsync("alice\n"u8.ToArray());
        using var reader = new StreamReader(new NetworkStream(client));
        Assert.StartsWith("-- Welcome, alice.", await reader.ReadLineAsync());

        await tool.SignalAsync("INT");
        Assert.EndsWith("-- The chat is closing. Good-bye.\n", await reader.ReadToEndAsync());
        client.Dispose();
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        Assert.False(File.Exists(path));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_second_ctrl_c_does_not_wait()
    {
        (ToolProcess tool, IPEndPoint endPoint) = await ToolProcess.ServeAsync("--max-queued-bytes", "1000000");
        using ToolProcess owner = tool;
        using var deaf = new System.Net.Sockets.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.ReceiveBufferSize = 4_096;
        await deaf.ConnectAsync(endPoint);
        using var talker = new TcpClient();
        await talker.ConnectAsync(endPoint);
        await deaf.SendAsync("deaf\n"u8.ToArray());
        using var reader = new StreamReader(talker.GetStream());
        await talker.GetStream().WriteAsync("alice\n"u8.ToArray());
        string text = new('x', 4_000);
        for (int i = 0; i < 200; i++)
        {
            await talker.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{i} {text}\n"));
            string? line;
            do
            {
                line = await reader.ReadLineAsync();
            }
            while (line is not null && !line.Contains($"alice: {i} "));
            Assert.NotNull(line);
        }

        // The deaf one is owed hundreds of kilobytes, so draining takes its 5 s; the second signal ends that.
        await tool.SignalAsync("INT");
        while (await reader.ReadLineAsync() is not null)
        {
        }

        await tool.SignalAsync("INT");
        Assert.Equal(ExitCode.Interrupted, await tool.EndAsync(4_000));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_port_in_use_is_said_with_what_to_try()
    {
        using var taken = new System.Net.Sockets.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        (int code, string output, string errors) = await ToolProcess.RunAsync("", "chat", "serve", "--listen", $"{taken.LocalEndPoint}");
        Assert.Equal(ExitCode.Failed, code);
        Assert.Equal("", output);
        Assert.Contains($"sockeye chat serve: cannot listen at {taken.LocalEndPoint}: another program listens there", errors);
        Assert.Contains("Try another port", errors);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("a port is at most 65535", "chat", "serve", "--listen", "127.0.0.1:70000")]
    [InlineData("--max-rooms 0: at least 1", "chat", "serve", "--max-rooms", "0")]
    [InlineData("--name-wait soon: a time is a number", "chat", "serve", "--name-wait", "soon")]
    [InlineData("--nonsense", "chat", "serve", "--nonsense")]
    [InlineData("MaxQueuedBytes", "chat", "serve", "--max-queued-bytes", "1024")]
    [InlineData("in brackets", "chat", "join", "::1:6667")]
    [InlineData("required", "chat")]
    public async Task Bad_usage_is_code_2_and_points_at_it(string expected, params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", args);
        Assert.Equal((ExitCode.BadUsage, ""), (code, output));
        Assert.Contains(expected, errors, StringComparison.OrdinalIgnoreCase);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("--help")]
    [InlineData("chat", "--help")]
    [InlineData("chat", "serve", "--help")]
    [InlineData("chat", "join", "--help")]
    public async Task Every_help_has_examples_and_the_exit_codes(params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", args);
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        Assert.Contains("Examples:\n  sockeye chat", output);
        Assert.Contains($"Exit codes: {ExitCode.Help}", output);
        Assert.Contains("Usage:\n  sockeye ", output);
    }

    [Fact(Timeout = 60_000)]
    public async Task Version_is_a_number()
    {
        (int code, string output, _) = await ToolProcess.RunAsync("", "--version");
        Assert.Equal(ExitCode.Ok, code);
        Assert.Matches(@"^\d+\.\d+\.\d+$", output);
    }

    [Fact(Timeout = 60_000)]
    public async Task Json_logs_are_a_line_each_for_programs()
    {
        (ToolProcess tool, IPEndPoint endPoint) = await ToolProcess.ServeAsync("--json");
        using ToolProcess owner = tool;
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        string[] lines = tool.Errors.Split('\n');
        using JsonDocument first = JsonDocument.Parse(lines[0]);
        Assert.Equal($"{endPoint}", first.RootElement.GetProperty("State").GetProperty("EndPoint").GetString());
        Assert.Equal("Information", first.RootElement.GetProperty("LogLevel").GetString());
        Assert.All(lines, static line => JsonDocument.Parse(line).Dispose());
    }
}
