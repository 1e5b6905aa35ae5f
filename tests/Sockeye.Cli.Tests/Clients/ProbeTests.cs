using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sockeye.Chat.Tests.Harness;
using Sockeye.Cli.Clients;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests.Clients;

/// <summary>sockeye probe: what connect(2) answers, each answer made by the kernel.</summary>
public sealed class ProbeTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(10);

    public static TheoryData<string> Families => PythonPeer.Families;

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task Zero_is_connected(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, "accept()");
        using var run = new ClientRun();
        Assert.Equal(0, await ProbeAsync(run, peer.Endpoint));
        AssertLine($"{peer.Endpoint}: 0 connected", run.Text);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("tcp://127.0.0.1:{0}")]
    [InlineData("tcp://[::1]:{0}")]
    [InlineData("unix:@sockeye-nobody-{0}")]
    public async Task Nobody_listening_is_111(string endpoint)
    {
        endpoint = endpoint.Replace("{0}", $"{ConnectStreamTests.FreePort()}", StringComparison.Ordinal);
        using var run = new ClientRun();
        Assert.Equal(111, await ProbeAsync(run, endpoint));
        AssertLine($"{endpoint}: 111 ECONNREFUSED Connection refused", run.Text);
    }

    [Fact(Timeout = 60_000)]
    public async Task Socket_files_have_errors_of_their_own()
    {
        string folder = Directory.CreateTempSubdirectory("sockeye-").FullName;
        try
        {
            string path = $"{folder}/socket";
            await AssertProbeAsync(2, $"unix:{path}", "ENOENT No such file or directory");
            using (Socket datagrams = SocketUri.Parse($"unix-dgram:{path}").Bind())
            {
                await AssertProbeAsync(91, $"unix:{path}", "EPROTOTYPE Protocol wrong type for socket");
                await AssertProbeAsync(0, $"unix-dgram:{path}", "connected");
                datagrams.Detach().Dispose(); // closed, and its file stays
            }

            await AssertProbeAsync(111, $"unix-dgram:{path}", "ECONNREFUSED Connection refused");
            await AssertProbeAsync(111, $"unix:{path}", "ECONNREFUSED Connection refused");
            await AssertProbeAsync(20, $"unix:{path}/inner", "ENOTDIR Not a directory");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_socket_file_without_permission_is_13()
    {
        string path = $"/tmp/sockeye-{Guid.NewGuid()}";
        using Socket listener = SocketUri.Parse($"unix:{path}?mode=0000").Listen();

        // In a user namespace of its own even root has no power over files.
        (int code, string output, string errors) = await ToolProcess.ShellAsync("exec unshare -U \"$@\"", "probe", $"unix:{path}");
        if (code == 1 && errors.Contains("unshare", StringComparison.Ordinal))
        {
            Assert.Skip($"no user namespaces: {errors}");
        }

        Assert.Equal(13, code);
        AssertLine($"unix:{path}: 13 EACCES Permission denied", output + "\n");
    }

    [Fact(Timeout = 60_000)]
    public async Task No_answer_is_110_within_the_limit()
    {
        using var full = new FullBacklog();
        using var run = new ClientRun();
        Assert.Equal(110, await ProbeAsync(run, $"tcp://{full.EndPoint}", TimeSpan.FromMilliseconds(200)));
        Match line = AssertLine($"tcp://{full.EndPoint}: 110 ETIMEDOUT Connection timed out", run.Text);
        Assert.InRange(double.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture), 200, 5_000);
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_a_name_each_step_is_reported_and_a_result_for_programs()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "s = at(); s.accept(); s.accept()");
        string name = peer.Endpoint.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        using var people = new ClientRun();
        using var programs = new ClientRun(json: true);
        Assert.Equal((0, 0), (await ProbeAsync(people, name), await ProbeAsync(programs, name)));
        string[] lines = people.Text.TrimEnd('\n').Split('\n');
        Assert.StartsWith("  lookup of addresses at ", lines[0]);
        Assert.Contains(lines, line => line.StartsWith($"  {peer.Endpoint["tcp://".Length..]} at ", StringComparison.Ordinal) && line.Contains(": connected (after ", StringComparison.Ordinal));
        AssertLine($"{name}: 0 connected", lines[^1] + "\n");
        JsonElement[] events = [.. programs.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal("lookup", events[0].GetProperty("event").GetString());
        Assert.Contains(events, one => one.GetProperty("event").GetString() == "attempt" && one.GetProperty("endpoint").GetString() == peer.Endpoint);
        Assert.Equal(("result", 0), (events[^1].GetProperty("event").GetString(), events[^1].GetProperty("errno").GetInt32()));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_name_that_is_not_there_has_no_errno()
    {
        // A label has 63 bytes at most: found to be no name without asking a name server.
        string endpoint = $"tcp://{new string('x', 64)}.invalid:80";
        using var run = new ClientRun(json: true);
        Assert.Equal(ClientExit.NoHost, await ProbeAsync(run, endpoint));
        JsonElement result = JsonDocument.Parse(run.Text.TrimEnd('\n').Split('\n')[^1]).RootElement;
        Assert.Equal((JsonValueKind.Null, "HostNotFound"), (result.GetProperty("errno").ValueKind, result.GetProperty("name").GetString()));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("[::1]", "127.0.0.1")]
    [InlineData("127.0.0.1", "[::1]")]
    public async Task Of_two_addresses_one_refuses_and_the_other_answers(string refuses, string answers)
    {
        using var listener = new BclSocket(answers == "[::1]" ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse(answers), 0));
        listener.Listen();
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        string hosts = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(
                hosts, $"{refuses.Trim('[', ']')} both.test\n{answers.Trim('[', ']')} both.test\n", TestContext.Current.CancellationToken);

            // /etc/hosts of its own, in a mount namespace of its own.
            (int code, string output, string errors) = await ToolProcess.ShellAsync(
                $"exec unshare -rm sh -c 'mount --bind {hosts} /etc/hosts && exec \"$@\"' sh \"$@\"", "probe", $"tcp://both.test:{port}");
            if (code == 1 && errors.Contains("unshare", StringComparison.Ordinal))
            {
                Assert.Skip($"no user namespaces: {errors}");
            }

            Assert.Equal((0, ""), (code, errors));
            Assert.Contains($"  {answers}:{port} at ", output);
            AssertLine($"tcp://both.test:{port}: 0 connected", output.Split('\n')[^1] + "\n");
        }
        finally
        {
            File.Delete(hosts);
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData("udp://127.0.0.1:1", true)]
    [InlineData("unix-dgram:@sockeye-probe-{0}", false)]
    public async Task Connecting_a_datagram_socket_asks_nobody_but_on_this_machine(string endpoint, bool warns)
    {
        endpoint = endpoint.Replace("{0}", $"{Guid.NewGuid()}", StringComparison.Ordinal);
        using Socket? peer = warns ? null : SocketUri.Parse(endpoint).Bind();
        using var run = new ClientRun();
        Assert.Equal(0, await ProbeAsync(run, endpoint));
        Assert.Equal(warns, run.Errors.Contains("asks nobody", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task Until_waits_for_the_server_and_no_longer_than_it_may()
    {
        string path = $"/tmp/sockeye-{Guid.NewGuid()}";
        using var run = new ClientRun();
        Task<int> probing = ProbeAsync(run, $"unix:{path}", until: TimeSpan.FromSeconds(30));
        await Task.Delay(200, TestContext.Current.CancellationToken); // time for a try that fails
        Assert.False(probing.IsCompleted);
        using (SocketUri.Parse($"unix:{path}").Listen())
        {
            Assert.Equal(0, await probing);
        }

        using var second = new ClientRun(json: true);
        Assert.Equal(2, await ProbeAsync(second, $"unix:{path}", until: TimeSpan.FromMilliseconds(300)));
        JsonElement result = JsonDocument.Parse(second.Text).RootElement;
        Assert.InRange(result.GetProperty("tries").GetInt32(), 2, 6); // pauses of 25, 50, 100, … ms
    }

    [Fact(Timeout = 60_000)]
    public async Task A_signal_is_130()
    {
        using var full = new FullBacklog();
        using var run = new ClientRun();
        Task<int> probing = ProbeAsync(run, $"tcp://{full.EndPoint}");
        await run.Stop.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await probing);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_command_ends_with_the_errno_and_bad_usage_is_distinguished_from_it()
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", "probe", "unix:/nowhere/at/all");
        Assert.Equal((2, ""), (code, errors));
        AssertLine("unix:/nowhere/at/all: 2 ENOENT No such file or directory", output + "\n");
        (code, output, errors) = await ToolProcess.RunAsync("", "probe", "fd:3");
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("sockeye probe: ENDPOINT: fd: is a socket that is open already", errors);
    }

    private static Task<int> ProbeAsync(ClientRun run, string endpoint, TimeSpan? limit = null, TimeSpan? until = null) =>
        new ProbeClient(SocketUri.Parse(endpoint), limit ?? _limit, until, run.Report).RunAsync(run.Stop.Token);

    private static async Task AssertProbeAsync(int expected, string endpoint, string answer)
    {
        using var run = new ClientRun();
        Assert.Equal(expected, await ProbeAsync(run, endpoint));
        AssertLine($"{endpoint}: {expected} {answer}", run.Text);
    }

    private static Match AssertLine(string expected, string text)
    {
        Match match = Regex.Match(text, @$"^{Regex.Escape(expected)} in (\d+\.\d) ms\n$");
        Assert.True(match.Success, text);
        return match;
    }
}
