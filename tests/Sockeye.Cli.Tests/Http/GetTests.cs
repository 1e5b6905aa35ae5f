using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Sockeye.Chat.Tests.Harness;
using Sockeye.Cli.Commands;
using Sockeye.Cli.Http;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests.Http;

/// <summary>sockeye get against python3's sockets and its http.server, well and badly behaved, and against what curl gets.</summary>
public sealed class GetTests(HttpPeer peer) : IClassFixture<HttpPeer>
{
    // A label has 63 bytes at most: found to be no name without asking a name server.
    private const string NoHost = "http://xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.invalid/";

    // ── what it sends and gets, over each family ──

    public static TheoryData<string> Families => ["ipv4", "ipv6", "unix"];

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_request_is_the_tutorials_byte_for_byte(string family)
    {
        (string url, string? connect) = Peer(family);
        Got got = await GetAsync($"{url}/echo?a=b c", connect);
        Assert.Equal(
            $"GET /echo?a=b%20c HTTP/1.1\r\nHost: {url["http://".Length..]}\r\nUser-Agent: sockeye/t\r\nAccept: */*\r\nConnection: close\r\n\r\n", got.Text);
        Assert.Equal(ExitCode.Ok, got.Code);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task Head_and_body_come_apart(string family)
    {
        (string url, string? connect) = Peer(family);
        Got got = await GetAsync($"{url}/sized?n=100000", connect);
        Assert.Equal((ExitCode.Ok, "HTTP/1.1 200 OK\nContent-Length: 100000\n\n"), (got.Code, got.Errors));
        Assert.Equal(Big(100_000), got.Body);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task Pythons_web_server_gives_what_curl_gets(string family)
    {
        (string url, string? connect, string[] curl) = family switch
        {
            "ipv4" => (peer.WebFour, (string?)null, Array.Empty<string>()),
            "ipv6" => (peer.WebSix, null, []),
            _ => ("http://unix", $"unix:{peer.WebUnix}", ["--unix-socket", peer.WebUnix]),
        };
        foreach ((string path, int code) in new[] { ("/big.bin", ExitCode.Ok), ("/hello.txt", ExitCode.Ok), ("/empty", ExitCode.Ok), ("/", ExitCode.Ok), ("/missing", ExitCode.BadAnswer) })
        {
            Got got = await GetAsync(url + path, connect);
            Assert.Equal(code, got.Code);
            Assert.Equal(await CurlAsync([.. curl, url + path]), got.Body);
        }
    }

    // ── bodies ──

    [Theory(Timeout = 60_000)]
    [InlineData("/close?n=70000", 70_000)]
    [InlineData("/close?n=0", 0)]
    [InlineData("/sized?n=0", 0)]
    [InlineData("/none", 0)]
    [InlineData("/chunked?n=0", 0)]
    [InlineData("/chunked?n=3000&size=7", 3_000)]
    [InlineData("/chunked?n=300000&size=70000", 300_000)]
    [InlineData("/chunked?n=200&size=1&piece=1", 200)]
    [InlineData("/chunked?n=200&size=11&piece=2", 200)]
    [InlineData("/chunked?n=200&size=11&piece=3", 200)]
    [InlineData("/chunked?n=2000&size=16&piece=17", 2_000)]
    [InlineData("/chunked?n=200000&size=1", 200_000)]
    public async Task Bodies_come_whole_and_as_curl_has_them(string path, int bytes)
    {
        Got got = await GetAsync(peer.FourUrl + path);
        Assert.Equal(ExitCode.Ok, got.Code);
        Assert.Equal(Big(bytes), got.Body);
        Assert.Equal(await CurlAsync(peer.FourUrl + path), got.Body);
        Assert.Equal(path.StartsWith("/chunked", StringComparison.Ordinal), got.Errors.EndsWith("\n\nTrailing: yes\n", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task Interim_responses_are_passed_over()
    {
        Got got = await GetAsync($"{peer.FourUrl}/interim");
        Assert.Equal((ExitCode.Ok, "real", "HTTP/1.1 200 OK\nContent-Length: 4\n\n"), (got.Code, got.Text, got.Errors));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_compressed_body_is_written_as_it_came_and_that_is_reported()
    {
        Got got = await GetAsync($"{peer.FourUrl}/coded");
        Assert.Equal((ExitCode.Ok, "body"), (got.Code, got.Text));
        Assert.Contains("/coded: the body is compressed (gzip) and was written as it came; | gunzip makes it readable", got.Errors, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(200, ExitCode.Ok)]
    [InlineData(399, ExitCode.Ok)]
    [InlineData(400, ExitCode.BadAnswer)]
    [InlineData(503, ExitCode.BadAnswer)]
    [InlineData(999, ExitCode.BadAnswer)]
    public async Task The_status_is_in_the_exit_code(int status, int code)
    {
        Got got = await GetAsync($"{peer.FourUrl}/status?n={status}");
        Assert.Equal((code, "body", $"HTTP/1.1 {status} Told\nContent-Length: 4\n\n"), (got.Code, got.Text, got.Errors));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("/next", "try: ./sockeye get URL/next\n")]
    [InlineData("https://other.example/?a%26b'c", "try: ./sockeye get 'https://other.example/?a&b'\\''c'\n")]
    [InlineData("ftp://other/", "it leads to ftp://other/, which get does not know\n")]
    public async Task A_redirect_is_reported_and_not_followed(string to, string told)
    {
        Got got = await GetAsync($"{peer.FourUrl}/redirect?to={to.Replace("?", "%3F", StringComparison.Ordinal)}");
        Assert.Equal((ExitCode.Ok, ""), (got.Code, got.Text));
        Assert.EndsWith(told.Replace("URL", peer.FourUrl, StringComparison.Ordinal), got.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_response_steers_no_terminal()
    {
        Got got = await GetAsync($"{peer.FourUrl}/terminal");
        Assert.DoesNotContain(got.Errors, static c => char.IsControl(c) && c != '\n');
        Assert.StartsWith("HTTP/1.1 200 OK\nX: \\x1b[2J\\x07", got.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_length_beside_chunks_is_not_believed_and_reported()
    {
        Got got = await GetAsync($"{peer.FourUrl}/both");
        Assert.Equal((ExitCode.Ok, "hello"), (got.Code, got.Text));
        Assert.Contains("sockeye get: warning: ", got.Errors, StringComparison.Ordinal);
        Assert.Contains("both Transfer-Encoding and Content-Length", got.Errors, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Two_at_once_do_not_meet()
    {
        Got[] all = await Task.WhenAll(Enumerable.Range(1, 20).Select(n => GetAsync($"{peer.FourUrl}/sized?n={n * 10_000}")));
        Assert.All(all, static (got, i) => Assert.Equal(Big((i + 1) * 10_000), got.Body));
    }

    // ── what goes wrong ──

    [Theory(Timeout = 60_000)]
    [InlineData("/nothing", "the server closed the connection before a byte of the response had come")]
    [InlineData("/in-head", "the server closed the connection within the head, after 28 bytes")]
    [InlineData("/in-body", "the server closed the connection within the body, after 10 of 100 bytes", "0123456789")]
    [InlineData("/in-chunk", "the server closed the connection within the body, after 10 bytes of it and before its last chunk", "0123456789")]
    [InlineData("/reset-at-once", "the server reset the connection before a byte of the response had come")]
    public async Task A_dying_server_is_code_3_and_says_how_far_it_came(string path, string problem, string body = "")
    {
        foreach (string family in (string[])["ipv4", "ipv6", .. path.Contains("reset", StringComparison.Ordinal) ? Array.Empty<string>() : ["unix"]])
        {
            (string url, string? connect) = Peer(family);
            Got got = await GetAsync(url + path, connect);
            Assert.Equal((ExitCode.ConnectionLost, body), (got.Code, got.Text));
            Assert.Equal($"sockeye get: {url}{path}: {problem}", got.LastError);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_reset_within_the_body_keeps_what_came()
    {
        string flag = Guid.NewGuid().ToString("N");
        using var output = new SignalStream();
        Task<int> run = RunAsync(Options($"{peer.FourUrl}/reset-in-body?flag={flag}"), output, out StringWriter errors);
        await output.Written.WaitAsync(TimeSpan.FromSeconds(20));
        await File.WriteAllTextAsync($"{peer.Folder}/{flag}", "");
        Assert.Equal(ExitCode.ConnectionLost, await run);
        Assert.Equal("0123456789", Encoding.ASCII.GetString(output.ToArray()));
        Assert.EndsWith("the server reset the connection within the body, after 10 of 100 bytes\n", errors.ToString());
    }

    [Theory(Timeout = 60_000)]
    [InlineData("/silent", "the server fell silent before a byte of the response had come, nothing for 0.3s; --timeout 1.2s waits longer")]
    [InlineData("/stall", "the server fell silent within the body, after 10 of 100 bytes, nothing for 0.3s; --timeout 1.2s waits longer", "0123456789")]
    public async Task A_silent_server_is_code_5(string path, string problem, string body = "")
    {
        foreach (string family in Families.Select(static row => row.Data))
        {
            (string url, string? connect) = Peer(family);
            Got got = await GetAsync(url + path, connect, timeout: TimeSpan.FromMilliseconds(300));
            Assert.Equal((ExitCode.NoAnswer, body), (got.Code, got.Text));
            Assert.Equal($"sockeye get: {url}{path}: {problem}", got.LastError);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task The_limit_of_the_endpoint_goes_before_the_default()
    {
        Got got = await GetAsync("http://h/silent", $"{peer.UnixEndpoint}?timeout=200ms");
        Assert.Equal(ExitCode.NoAnswer, got.Code);
        Assert.EndsWith("nothing for 0.2s; --timeout 0.8s waits longer", got.LastError);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(true, ExitCode.BadAnswer, "big")]
    [InlineData(false, ExitCode.ConnectionLost, "")]
    public async Task A_server_that_closes_before_it_has_read_the_request_is_still_heard(bool answers, int code, string body)
    {
        using BclSocket listener = NewSocket();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        HttpFetchOptions options = Options($"http://{listener.LocalEndPoint}/") with { Request = new byte[50_000_000] };
        using var output = new MemoryStream();
        Task<int> run = RunAsync(options, output, out StringWriter errors);
        using (BclSocket socket = await listener.AcceptAsync())
        {
            await socket.ReceiveAsync(new byte[10]);
            await socket.SendAsync(answers ? Encoding.ASCII.GetBytes("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig") : Array.Empty<byte>());
        }

        Assert.Equal((code, body), (await run, Encoding.ASCII.GetString(output.ToArray())));
        Assert.True(answers || errors.ToString().Contains("before a byte of the response had come", StringComparison.Ordinal), errors.ToString());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_that_takes_no_request_is_code_5()
    {
        using BclSocket listener = NewSocket();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        HttpFetchOptions options = Options($"http://{listener.LocalEndPoint}/", timeout: TimeSpan.FromSeconds(0.3)) with { Request = new byte[50_000_000] };
        using var output = new MemoryStream();
        Assert.Equal(ExitCode.NoAnswer, await RunAsync(options, output, out StringWriter errors));
        Assert.EndsWith("the server does not take the request, nothing for 0.3s; --timeout 1.2s waits longer\n", errors.ToString());
    }

    [Theory(Timeout = 60_000)]
    [InlineData("/ssh", "the response is not HTTP: it begins with \"SSH-2.0-OpenSSH_9.2p1 Debian\\r\\n\"")]
    [InlineData("/tls", "this is TLS, try https://")]
    [InlineData("/line", "a line is longer than 65536 bytes")]
    [InlineData("/head", "there are more than 1000 header fields")]
    [InlineData("/wide", "the head is longer than 262144 bytes")]
    [InlineData("/interims", "there are more than 16 interim responses (1xx)")]
    [InlineData("/huge", "a chunk's size is too large")]
    public async Task What_is_no_response_is_code_1(string path, string problem)
    {
        Got got = await GetAsync(peer.FourUrl + path);
        Assert.Equal((ExitCode.Failed, ""), (got.Code, got.Text));
        Assert.Contains(problem, got.LastError, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_refused_port_a_wrong_host_and_a_missing_socket_differ()
    {
        using var taken = NewSocket();
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // and does not listen
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        Got refused = await GetAsync($"http://127.0.0.1:{port}/");
        Got unknown = await GetAsync(NoHost);
        Got missing = await GetAsync("http://h/", $"unix:{peer.Folder}/nothing.sock");
        Assert.Equal((ExitCode.Failed, ExitCode.Failed, ExitCode.Failed), (refused.Code, unknown.Code, missing.Code));
        Assert.EndsWith($"nothing listens there; is the server running, and at port {port}?", refused.LastError);
        Assert.EndsWith("the name was not found; is it spelled right?", unknown.LastError);
        Assert.EndsWith("no such socket file; is the server running?", missing.LastError);
        Assert.All([refused, unknown, missing], static got => Assert.Single(got.Errors.TrimEnd('\n').Split('\n')));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_server_that_accepts_nobody_is_code_5()
    {
        using var full = NewSocket();
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var waiting = new List<BclSocket>();
        for (int i = 0; i < 3; i++) // its queue takes one or two; the rest of SYNs are dropped
        {
            waiting.Add(NewSocket());
            waiting[^1].Blocking = false;
            try
            {
                waiting[^1].Connect(full.LocalEndPoint!);
            }
            catch (System.Net.Sockets.SocketException)
            {
                // under way
            }
        }

        Got got = await GetAsync($"http://{full.LocalEndPoint}/", timeout: TimeSpan.FromMilliseconds(300));
        waiting.ForEach(static socket => socket.Dispose());
        Assert.True(got.Code == ExitCode.NoAnswer, got.Errors);
        Assert.Contains("no answer within the time limit", got.LastError, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_interruption_is_code_130_and_keeps_what_came()
    {
        using var stop = new CancellationTokenSource();
        using var output = new SignalStream();
        Task<int> run = RunAsync(Options($"{peer.FourUrl}/stall"), output, out StringWriter errors, stop: stop.Token);
        await output.Written.WaitAsync(TimeSpan.FromSeconds(20));
        await stop.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await run);
        Assert.Equal("0123456789", Encoding.ASCII.GetString(output.ToArray()));
        Assert.EndsWith("/stall: interrupted within the body, after 10 of 100 bytes\n", errors.ToString());
    }

    [Fact(Timeout = 60_000)]
    public async Task What_came_with_the_head_is_kept_however_early_the_interruption()
    {
        using var stop = new CancellationTokenSource();
        using var output = new MemoryStream();
        using var errors = new StoppingWriter(stop);
        using var report = new Report(
            "sockeye get", new ReportOptions(false, LogLevel.Warning, new Style(false), new Style(false)), output, errors, TimeProvider.System);
        Assert.Equal(ExitCode.Interrupted, await GetCommand.RunAsync(Options($"{peer.FourUrl}/stall"), path: null, report, errors, () => output, stop.Token));
        Assert.Equal("0123456789", Encoding.ASCII.GetString(output.ToArray()));
    }

    // ── files ──

    [Fact(Timeout = 60_000)]
    public async Task A_long_body_into_a_file_has_a_live_line_that_is_gone_at_the_end()
    {
        string file = Path.GetTempFileName();
        try
        {
            using var terminal = new StringWriter();
            using var report = new Report(
                "sockeye get", new ReportOptions(false, LogLevel.Warning, new Style(false), new Style(false)), Stream.Null, TextWriter.Null, TimeProvider.System);
            int code = await GetCommand.RunAsync(
                Options($"{peer.FourUrl}/sized?n=3000000"),
                file,
                report,
                TextWriter.Null,
                () => Stream.Null,
                TestContext.Current.CancellationToken,
                progress: new ProgressLine(terminal, new HurryingTime()));
            Assert.Equal(ExitCode.Ok, code);
            Assert.Contains(" of 2.9 MiB, ", terminal.ToString());
            Assert.EndsWith("\r\e[K", terminal.ToString());
            Assert.Equal(Big(3_000_000), await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_file_takes_the_body_and_keeps_a_part_of_it()
    {
        string path = $"{peer.Folder}/out-{Guid.NewGuid():N}";
        Got whole = await GetAsync($"{peer.FourUrl}/sized?n=100000", path: path);
        Assert.Equal((ExitCode.Ok, ""), (whole.Code, whole.Text));
        Assert.Equal(Big(100_000), await File.ReadAllBytesAsync(path));
        Got part = await GetAsync($"{peer.FourUrl}/in-body", path: path);
        Assert.Equal(ExitCode.ConnectionLost, part.Code);
        Assert.EndsWith($"after 10 of 100 bytes; the 10 bytes that came are in {path}", part.LastError);
        Assert.Equal("0123456789", await File.ReadAllTextAsync(path));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_file_is_not_touched_before_there_is_an_response()
    {
        string path = $"{peer.Folder}/out-{Guid.NewGuid():N}";
        await File.WriteAllTextAsync(path, "old");
        await GetAsync($"{peer.FourUrl}/nothing", path: path);
        Assert.Equal("old", await File.ReadAllTextAsync(path));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pipe_that_nobody_reads_is_waited_for_until_the_stop()
    {
        string path = $"{peer.Folder}/pipe-{Guid.NewGuid():N}";
        using Process made = Programs.Start("mkfifo", "coreutils", path);
        await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        using var output = new MemoryStream();
        using var stop = new CancellationTokenSource();
        Task<int> run = RunAsync(Options($"{peer.FourUrl}/sized?n=10"), output, out StringWriter errors, path, stop: stop.Token);
        stop.CancelAfter(TimeSpan.FromMilliseconds(500));
        Assert.Equal(ExitCode.Interrupted, await run.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Contains("interrupted", errors.ToString(), StringComparison.Ordinal);
        await using FileStream late = File.OpenRead(path); // lets the thread go
    }

    [Theory(Timeout = 60_000)]
    [InlineData("/dev/full", "cannot write the body to /dev/full: No space left on device")]
    [InlineData("/nosuchfolder/file", "cannot write the body to /nosuchfolder/file: ")]
    [InlineData("/", "cannot write the body to /: ")]
    public async Task A_file_that_cannot_be_written_is_code_1(string path, string problem)
    {
        Got got = await GetAsync($"{peer.FourUrl}/endless", path: path);
        Assert.Equal(ExitCode.Failed, got.Code);
        Assert.Contains(problem, got.LastError, StringComparison.Ordinal);
    }

    // ── https ──

    [Theory(Timeout = 60_000)]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public async Task A_certificate_of_a_trusted_authority_and_the_right_name_will_do(string host)
    {
        string url = $"https://{host}:{peer.TlsPort}";
        Got got = await GetAsync($"{url}/sized?n=300000", ca: peer.CaFile);
        Assert.Equal((ExitCode.Ok, "HTTP/1.1 200 OK\nContent-Length: 300000\n\n"), (got.Code, got.Errors));
        Assert.Equal(Big(300_000), got.Body);
        Assert.Equal(await CurlAsync("--cacert", peer.CaFile, $"{url}/sized?n=300000"), got.Body);
        Assert.Equal(Big(3_000), (await GetAsync($"{url}/chunked?n=3000", ca: peer.CaFile)).Body);
        Assert.Equal((ExitCode.Ok, 500), (await GetAsync($"{url}/close?n=500", ca: peer.CaFile)) is var close ? (close.Code, close.Body.Length) : default);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_not_to_be_trusted_is_code_1_and_says_why()
    {
        Got untrusted = await GetAsync($"https://localhost:{peer.TlsPort}/sized?n=5");
        Got otherAuthority = await GetAsync($"https://localhost:{peer.TlsPort}/sized?n=5", ca: peer.OtherCaFile);
        Got wrongName = await GetAsync($"https://localhost:{peer.OtherTlsPort}/sized?n=5", ca: peer.CaFile);
        Got old = await GetAsync($"https://localhost:{peer.OldTlsPort}/sized?n=5", ca: peer.CaFile);
        Assert.All([untrusted, otherAuthority, wrongName, old], static got => Assert.Equal((ExitCode.Failed, ""), (got.Code, got.Text)));
        Assert.EndsWith("this machine does not trust who signed the certificate, CN=Sockeye test ca; --ca FILE trusts its authority, --insecure accepts any certificate", untrusted.LastError);
        Assert.EndsWith("neither this machine nor --ca trusts who signed the certificate, CN=Sockeye test ca; --insecure accepts any certificate", otherAuthority.LastError);
        Assert.EndsWith("the certificate is not for localhost but for other.example; is the host right? --insecure accepts any certificate", wrongName.LastError);
        Assert.EndsWith("the certificate was good until 2026-01-02; its owner must renew it", old.LastError);
    }

    [Fact(Timeout = 60_000)]
    public async Task Insecure_takes_any_certificate_and_says_so()
    {
        foreach (int port in new[] { peer.TlsPort, peer.OtherTlsPort, peer.OldTlsPort })
        {
            Got got = await GetAsync($"https://localhost:{port}/sized?n=5", insecure: true);
            Assert.Equal((ExitCode.Ok, 5), (got.Code, got.Body.Length));
            Assert.StartsWith("sockeye get: warning: ", got.Errors);
            Assert.Contains("the certificate is not checked", got.Errors, StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task The_name_is_the_urls_wherever_the_connection_goes()
    {
        Got got = await GetAsync("https://other.example/echo", $"127.0.0.1:{peer.OtherTlsPort}", ca: peer.CaFile);
        Assert.Equal(ExitCode.Ok, got.Code);
        Assert.Contains("\r\nHost: other.example\r\n", got.Text, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("/in-head", ExitCode.ConnectionLost, "the server closed the connection within the head, after 28 bytes")]
    [InlineData("/in-body", ExitCode.ConnectionLost, "the server closed the connection within the body, after 10 of 100 bytes")]
    [InlineData("/close?n=500&unclean", ExitCode.ConnectionLost, "without TLS's close_notify and without a length: it may be cut short")]
    [InlineData("/stall", ExitCode.NoAnswer, "the server fell silent within the body, after 10 of 100 bytes, nothing for 0.5s; --timeout 2s waits longer")]
    public async Task Over_TLS_too_a_server_dies_or_falls_silent(string path, int code, string problem)
    {
        Got got = await GetAsync($"https://localhost:{peer.TlsPort}{path}", ca: peer.CaFile, timeout: TimeSpan.FromSeconds(0.5));
        Assert.Equal(code, got.Code);
        Assert.EndsWith(problem, got.LastError);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_port_without_TLS_is_reported()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string url = $"https://{listener.LocalEndpoint}/";
        Got plain = await AnswerAsync("HTTP/1.1 400 Bad Request\r\n\r\n");
        Assert.Equal(ExitCode.Failed, plain.Code);
        Assert.EndsWith("the server speaks plain HTTP on that port, its first bytes were \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\"; try http://", plain.LastError);
        Got ssh = await AnswerAsync("SSH-2.0-x\r\n");
        Assert.Equal(ExitCode.Failed, ssh.Code);
        Assert.Contains("does not speak TLS on that port, its first bytes were \"SSH-2.0-x\\r\\n\"", ssh.LastError, StringComparison.Ordinal);
        Got closed = await AnswerAsync("");
        Assert.Equal(ExitCode.ConnectionLost, closed.Code);
        Assert.Contains("within TLS's handshake; if it speaks plain HTTP", closed.LastError, StringComparison.Ordinal);
        Got silent = await AnswerAsync(null);
        Assert.Equal(ExitCode.NoAnswer, silent.Code);
        Assert.Contains("does not answer TLS's first message", silent.LastError, StringComparison.Ordinal);

        async Task<Got> AnswerAsync(string? response)
        {
            Task<Got> get = GetAsync(url, timeout: TimeSpan.FromSeconds(response is null ? 0.3 : 20));
            using BclSocket socket = await listener.AcceptSocketAsync();
            if (response is not null)
            {
                await socket.ReceiveAsync(new byte[4096]);
                await socket.SendAsync(Encoding.ASCII.GetBytes(response));
                socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            }

            return await get;
        }
    }

    // ── for programs ──

    [Fact(Timeout = 60_000)]
    public async Task As_JSON_it_reports_head_body_and_end()
    {
        Got got = await GetAsync($"https://localhost:{peer.TlsPort}/chunked?n=0&size=7", ca: peer.CaFile, json: true);
        JsonElement[] events = got.Events;
        Assert.Equal((ExitCode.Ok, ""), (got.Code, got.Errors));
        Assert.Equal(["head", "end"], events.Select(static e => e.GetProperty("event").GetString()));
        Assert.Equal(200, events[0].GetProperty("status").GetInt32());
        Assert.Equal("OK", events[0].GetProperty("reason").GetString());
        Assert.Equal($"127.0.0.1:{peer.TlsPort}", events[0].GetProperty("peer").GetString());
        Assert.Equal("[[\"Transfer-Encoding\",\"chunked\"]]", events[0].GetProperty("headers").GetRawText());
        Assert.True(events[1].GetProperty("whole").GetBoolean());
        Assert.Equal("[[\"Trailing\",\"yes\"]]", events[1].GetProperty("trailers").GetRawText());
        double[] times = [.. new[] { "lookUp", "connect", "tls", "firstByte", "total" }.Select(name => events[1].GetProperty(name).GetDouble())];
        Assert.Equal(times.Order(), times);
    }

    [Fact(Timeout = 60_000)]
    public async Task As_JSON_the_body_is_events_and_a_failure_is_one()
    {
        Got got = await GetAsync($"{peer.FourUrl}/in-body", json: true);
        Assert.Equal(["head", "body", "end", "error"], got.Events.Select(static e => e.GetProperty("event").GetString()));
        Assert.Equal("0123456789", got.Events[1].GetProperty("text").GetString());
        Assert.False(got.Events[2].GetProperty("whole").GetBoolean());
        Assert.Equal(10, got.Events[2].GetProperty("bytes").GetInt64());
        Assert.Equal(ExitCode.ConnectionLost, got.Events[3].GetProperty("exitCode").GetInt32());
    }

    // ── the tool itself ──

    [Fact(Timeout = 60_000)]
    public async Task The_tool_gets_with_headers_of_ones_own()
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", "get", $"{peer.FourUrl}/echo", "--header", "X-A: 1", "--header", "accept:text/plain");
        Assert.Equal((ExitCode.Ok, true), (code, errors.StartsWith("HTTP/1.1 200 OK\nContent-Length: ", StringComparison.Ordinal)));
        Assert.Matches($"^GET /echo HTTP/1.1\r?\nHost: {peer.FourUrl["http://".Length..]}\r?\nUser-Agent: sockeye/[0-9.]+\r?\nX-A: 1\r?\naccept: text/plain\r?\nConnection: close\r?\n", output + "\n");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("did you mean http://localhost:8000", "localhost:8000")]
    [InlineData("http:// and https:// only", "gopher://h/")]
    [InlineData("a header is a name", "http://h/", "--header", "bad")]
    [InlineData("one line", "http://h/", "--header", "X: a\r\nEvil: 1")]
    [InlineData("HTTP is a stream of bytes", "http://h/", "--connect", "udp://127.0.0.1:1")]
    [InlineData("at least 1ms", "http://h/", "--timeout", "0s")]
    [InlineData("--output: '' is no file's name", "http://h/", "--output", "")]
    [InlineData("--output: '/tmp' is a directory; name a file in it", "http://h/", "--output", "/tmp")]
    [InlineData("--ca: cannot read certificates", "http://h/", "--ca", "/nosuchfile.pem")]
    [InlineData("holds no certificate", "http://h/", "--ca", "/dev/null")]
    public async Task Bad_usage_is_code_2(string problem, params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", ["get", .. args]);
        Assert.Equal((ExitCode.BadUsage, ""), (code, output));
        Assert.Contains(problem, errors, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task At_a_terminal_a_body_is_shown_and_not_obeyed()
    {
        const string Program = """
            import os, pty, socket, sys
            s = socket.create_server(("127.0.0.1", 0))
            pid, tty = pty.fork()
            if pid == 0:
                os.execvp("dotnet", ["dotnet", sys.argv[1], "get", f"http://127.0.0.1:{s.getsockname()[1]}/"])
            c, _ = s.accept()
            c.recv(65536)
            c.sendall(b"HTTP/1.1 200 OK\r\n\r\n\x1b[2Jclear\xff\tand \xc3\xa9\ncut: \xc3")
            c.close()
            seen = b""
            try:
                while more := os.read(tty, 65536): seen += more
            except OSError: pass # EIO: the other end has gone
            assert b"\\x1b[2Jclear\\xff\tand \xc3\xa9\r\ncut: \\xc3" in seen and b"\x1b[2J" not in seen, seen
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """;
        using Process python = Programs.Start("python3", "python3", "-c", Program, Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll"));
        Assert.Equal("0\n", await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_this_machine_trusts_is_trusted_without_an_option()
    {
        (int code, string output, _) = await ToolProcess.ShellAsync(
            $"SSL_CERT_FILE={peer.CaFile} exec \"$@\"", "get", $"https://localhost:{peer.TlsPort}/status?n=200");
        Assert.Equal((ExitCode.Ok, "body"), (code, output));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("exec \"$@\" >/dev/full", "cannot write the body to standard output: No space left on device")]
    [InlineData("exec \"$@\" >&-", "cannot write the body to standard output: it is closed")]
    public async Task A_standard_output_that_takes_no_more_ends_an_endless_response(string line, string problem)
    {
        (int code, string output, string errors) = await ToolProcess.ShellAsync(line, "get", $"{peer.FourUrl}/endless");
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.Contains(problem, errors.Split('\n')[^1], StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("get")]
    [InlineData("get", "--json")]
    public async Task A_reader_who_has_enough_ends_an_endless_response_quietly(params string[] command)
    {
        (_, _, string errors) = await ToolProcess.ShellAsync("{ \"$@\" 2>/dev/null; echo $? >&2; } | head -c 5 >/dev/null", [.. command, $"{peer.FourUrl}/endless"]);
        Assert.Equal($"{ExitCode.ReaderGone}", errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_comes_behind_it_in_the_same_file_stays()
    {
        string path = $"{peer.Folder}/group-{Guid.NewGuid():N}";
        (int code, _, _) = await ToolProcess.ShellAsync($"{{ echo before; \"$@\"; echo after; }} > {path}", "get", $"{peer.WebFour}/hello.txt");
        Assert.Equal((0, "before\nhello\nafter\n"), (code, await File.ReadAllTextAsync(path)));
    }

    [Fact(Timeout = 60_000)]
    public async Task Ctrl_C_is_code_130()
    {
        using ToolProcess tool = ToolProcess.Start("get", $"{peer.FourUrl}/stall-line");
        await tool.WaitForOutputAsync("012345678");
        await tool.SignalAsync("INT");
        Assert.Equal(ExitCode.Interrupted, await tool.EndAsync());
        Assert.EndsWith("/stall-line: interrupted within the body, after 10 of 100 bytes", tool.Errors);
    }

    // ── helpers ──

    private (string Url, string? Connect) Peer(string family) => family switch
    {
        "ipv4" => (peer.FourUrl, null),
        "ipv6" => (peer.SixUrl, null),
        _ => ("http://docker", peer.UnixEndpoint),
    };

    private static BclSocket NewSocket() =>
        new(System.Net.Sockets.AddressFamily.InterNetwork, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);

    private static byte[] Big(int bytes) => [.. Enumerable.Range(0, bytes).Select(static i => (byte)(i % 251))];

    private static async Task<byte[]> CurlAsync(params string[] args)
    {
        using Process curl = Programs.Start("curl", "curl", ["--silent", "--globoff", "--noproxy", "*", "--http1.1", "--max-time", "30", .. args]);
        using var body = new MemoryStream();
        await curl.StandardOutput.BaseStream.CopyToAsync(body);
        await curl.WaitForExitAsync();
        Assert.Equal(0, curl.ExitCode);
        return body.ToArray();
    }

    private static HttpFetchOptions Options(string url, string? connect = null, TimeSpan? timeout = null, string? ca = null, bool insecure = false)
    {
        Assert.True(HttpUrl.TryParse(url, out HttpUrl? parsed, out string problem), problem);
        SocketUri? endpoint = connect is null ? null : SocketUri.Parse(connect, new SocketUriDefaults("tcp"));
        var trust = new HttpTrust([], insecure);
        if (ca is not null)
        {
            Assert.True(HttpTls.TryReadAuthorities(ca, out var authorities, out problem), problem);
            trust = trust with { Authorities = authorities };
        }

        return new HttpFetchOptions(parsed, HttpRequest.Build(parsed, "sockeye/t"), endpoint, trust, timeout ?? TimeSpan.FromSeconds(30));
    }

    private static async Task<Got> GetAsync(
        string url, string? connect = null, TimeSpan? timeout = null, string? ca = null, bool insecure = false, string? path = null, bool json = false)
    {
        using var output = new MemoryStream();
        int code = await RunAsync(Options(url, connect, timeout, ca, insecure), output, out StringWriter errors, path, json);
        return new Got(code, output.ToArray(), errors.ToString());
    }

    private static Task<int> RunAsync(
        HttpFetchOptions options, Stream output, out StringWriter errors, string? path = null, bool json = false, CancellationToken stop = default)
    {
        var written = new StringWriter();
        errors = written;
        return RunCoreAsync();

        async Task<int> RunCoreAsync()
        {
            using var report = new Report(
                "sockeye get", new ReportOptions(json, LogLevel.Warning, new Style(false), new Style(false)), output, written, TimeProvider.System);
            return await GetCommand.RunAsync(options, path, report, written, () => output, stop);
        }
    }

    private sealed record Got(int Code, byte[] Body, string Errors)
    {
        public string Text => Encoding.Latin1.GetString(Body);

        public string LastError => Errors.TrimEnd('\n').Split('\n')[^1];

        public JsonElement[] Events => [.. Text.TrimEnd('\n').Split('\n').Select(static line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>Asks to stop when the first line, the head's, is written.</summary>
    private sealed class StoppingWriter(CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            stop.Cancel();
        }
    }

    /// <summary>Memory that tells when something was written to it, and keeps it when it is disposed.</summary>
    private sealed class SignalStream : MemoryStream
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Written => _written.Task;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await base.WriteAsync(buffer, cancellationToken);
            _written.TrySetResult();
        }
    }

    // Half a second for each look at it.
    private sealed class HurryingTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 2;

        public override long GetTimestamp() => ++_now;
    }
}
