using System.Net;
using System.Text;
using System.Text.Json;
using Sockeye.Cli.Tests.Http;
using Sockeye.Cli.Tests.Samples;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>The rows of a program that is a client: a process for each, and a server that python3 or nc plays, well or badly.</summary>
public abstract class ClientRows(ProgramTable table, ProgramHost host)
{
    private static readonly byte[] _bytes = [.. Enumerable.Range(0, 512).Select(static n => (byte)n)];

    private readonly ProgramTable _table = table;
    private readonly ProgramHost _host = host;

    private PeerProcess Python => _host.Python;

    private protected Task RunAsync(string name, string what, Form form, Family family, HttpPeer? web = null)
    {
        TestedProgram program = ProgramRows.Named(name);
        return _table.RunAsync(name, what, form, family, () => (name, what) switch
        {
            ("connect (stream)", ProgramRows.Python) => ConnectAsync(program, form, family),
            ("connect (stream)", ProgramRows.Netcat) => NetcatConnectAsync(program, form, family),
            ("connect (stream)", _) => HostileAsync("serve_hostile", program, what, form, family, "from us\n"),
            ("connect (datagrams)", ProgramRows.Python) => ConnectDatagramsAsync(program, form, family),
            ("connect (datagrams)", ProgramRows.Netcat) => NetcatDatagramsAsync(program, form, family),
            ("connect (datagrams)", _) => HostileDatagramsAsync(program, what, form, family),
            ("connect --listen", ProgramRows.Python or ProgramRows.Netcat) => ListenAsync(program, what, form, family),
            ("connect --listen", _) => HostileListenAsync(program, what, form, family),
            ("probe", ProgramRows.Netcat) => NetcatProbeAsync(program, form, family),
            ("probe", _) => ProbeAsync(program, what, form, family),
            ("echo (stream)", ProgramRows.Python) => EchoAsync(program, form, family),
            ("echo (stream)", ProgramRows.Netcat) => NetcatEchoAsync(program, form, family),
            ("echo (stream)", _) => HostileAsync("hostile_to_echo", program, what, form, family, ""),
            ("echo (datagrams)", ProgramRows.Python) => EchoDatagramsAsync(program, form, family),
            ("echo (datagrams)", ProgramRows.Netcat) => NetcatEchoDatagramsAsync(program, form, family),
            ("echo (datagrams)", _) => HostileAsync("hostile_to_echo_datagrams", program, what, form, family, ""),
            ("chat join", ProgramRows.Python) => JoinAsync(program, form, family),
            ("chat join", ProgramRows.Netcat) => NetcatJoinAsync(program, form, family),
            ("chat join", _) => HostileAsync("serve_hostile", program, what, form, family, ""),
            (_, ProgramRows.Python or ProgramRows.Curl) => GetAsync(program, what, form, family, web!),
            (_, ProgramRows.Netcat) => NetcatGetAsync(program, form, family),
            (_, ProgramRows.WebServer) => WebServerAsync(program, form, family, web!),
            _ => HostileHttpAsync(program, what, form, family, web!),
        });
    }

    // ── how the two forms are started ──

    internal static BinaryProcess Start(TestedProgram program, Form form, string endpoint, params string[] more) => BinaryProcess.Start(
        "dotnet",
        "dotnet-sdk-10.0",
        form == Form.Tool
            ? [Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll"), .. program.Command, endpoint, .. more]
            : ["exec", Path.Combine(AppContext.BaseDirectory, "Samples.dll"), program.Sample, endpoint, .. more]);

    // A client of datagrams on a Unix socket needs a name of its own, and waits for a moment after its input's end; all
    // that is to come has come before that.
    // The sample's wait is the endpoint's time limit, which connecting has to keep too.
    internal static BinaryProcess StartDatagrams(TestedProgram program, Form form, string endpoint, string wait = "300ms")
    {
        string name = endpoint.StartsWith("unix", StringComparison.Ordinal) ? "autobind=1" : "";
        return form == Form.Tool
            ? Start(program, form, name.Length == 0 ? endpoint : $"{endpoint}?{name}", "--wait", wait)
            : Start(program, form, $"{endpoint}?timeout={wait}{(name.Length == 0 ? "" : "&" + name)}");
    }

    internal static BinaryProcess StartEcho(TestedProgram program, Form form, string endpoint, string text)
    {
        string named = endpoint.StartsWith("unix-dgram", StringComparison.Ordinal) ? endpoint + "?autobind=1" : endpoint;
        return form == Form.Tool ? Start(program, form, named, "--say", text) : Start(program, form, named, text);
    }

    internal static BinaryProcess StartJoin(TestedProgram program, Form form, string endpoint, string name) =>
        form == Form.Tool ? Start(program, form, endpoint, "--name", name) : Start(program, form, endpoint, name);

    internal static BinaryProcess StartGet(TestedProgram program, Form form, string url, string? endpoint, string? certificate)
    {
        if (form == Form.Tool)
        {
            string[] connect = endpoint is null ? [] : ["--connect", endpoint], trust = certificate is null ? [] : ["--ca", certificate];
            return Start(program, form, url, [.. connect, .. trust]);
        }

        string[] more = endpoint is null ? [] : [endpoint];
        return certificate is null
            ? Start(program, form, url, more)
            : BinaryProcess.Start(
                "env", "coreutils",
                [$"SSL_CERT_FILE={certificate}", "dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "Samples.dll"), program.Sample, url, .. more]);
    }

    private async Task<string> BeginAsync(string function, bool datagrams, Family family, params object?[] args)
    {
        await Python.BeginAsync(function, [_host.FreeEndpoint(datagrams, family), .. args]);
        return await Python.ListeningAtAsync();
    }

    // nc at a free port, which it prints on standard error.
    private async Task<(BinaryProcess Netcat, string SocketUri)> NetcatAsync(bool datagrams, Family family)
    {
        string path = _host.FreePath();
        BinaryProcess nc = BinaryProcess.Start("nc", "netcat-openbsd", [
            datagrams ? "-nlvu" : "-nlvN",
            .. family switch
            {
                Family.IPv4 => (string[])["-4", "127.0.0.1", "0"],
                Family.IPv6 => ["-6", "::1", "0"],
                _ => ["-U", path],
            }]);
        try
        {
            string at = await nc.ErrorAsync(datagrams ? "Bound on " : "Listening on ");
            string scheme = datagrams ? "udp" : "tcp";
            return (nc, family switch
            {
                Family.IPv4 => $"{scheme}://127.0.0.1:{at.Split(' ')[1]}",
                Family.IPv6 => $"{scheme}://[::1]:{at.Split(' ')[1]}",
                _ => $"unix{(datagrams ? "-dgram" : "")}:{path}",
            });
        }
        catch
        {
            nc.Dispose();
            throw;
        }
    }

    private static void Ended(int expected, (int Code, byte[] Output, string Errors) run)
    {
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("nhandled", run.Errors, StringComparison.Ordinal);
        Assert.True(expected == run.Code, $"{run.Code} instead of {expected}: {run.Errors}");
    }

    private static void Ended(string output, (int Code, byte[] Output, string Errors) run)
    {
        Ended(0, run);
        Assert.Equal((output, ""), (Encoding.UTF8.GetString(run.Output), run.Errors));
    }

    // ── connect ──

    private async Task ConnectAsync(TestedProgram program, Form form, Family family)
    {
        string endpoint = await BeginAsync("serve_connect", false, family);
        using BinaryProcess client = Start(program, form, endpoint);
        await client.WriteAsync("first\n");
        await client.ExpectAsync("gruß\n");
        Ended($"{new string('x', 100_000)}\nbye", await client.FinishAsync("last, without end"));
        await Python.EndedAsync();
    }

    private async Task NetcatConnectAsync(TestedProgram program, Form form, Family family)
    {
        (BinaryProcess server, string endpoint) = await NetcatAsync(false, family);
        using BinaryProcess nc = server;
        using BinaryProcess client = Start(program, form, endpoint);
        await client.WriteAsync("from us\n");
        await nc.ExpectAsync("from us\n");
        await nc.WriteAsync("from nc\n");
        await client.ExpectAsync("from nc\n");
        Task<(int Code, byte[] Output, string Errors)> ended = client.FinishAsync("the end\n");
        await nc.ExpectAsync("the end\n");
        Assert.Equal(0, (await nc.FinishAsync()).Code);     // the half that is left
        Ended("", await ended);
    }

    private async Task ConnectDatagramsAsync(TestedProgram program, Form form, Family family)
    {
        string endpoint = await BeginAsync("serve_connect_datagrams", true, family);
        using BinaryProcess client = StartDatagrams(program, form, endpoint);
        byte[] expected = [.. "one\ntwo\nthree"u8, 0xff, (byte)'\n'];
        await client.WriteAsync("grüße\n\n");
        Assert.Equal(expected, await client.ReadAsync(expected.Length));
        await Python.EndedAsync();
        Ended("", await client.FinishAsync());
    }

    private async Task NetcatDatagramsAsync(TestedProgram program, Form form, Family family)
    {
        (BinaryProcess server, string endpoint) = await NetcatAsync(true, family);
        using BinaryProcess nc = server;
        using BinaryProcess client = StartDatagrams(program, form, endpoint);
        await client.WriteAsync("from us\n");
        await nc.ExpectAsync("from us");
        await nc.WriteAsync("from nc\n");
        await client.ExpectAsync(form == Form.Tool ? "from nc\n" : "from nc\n\n");   // the sample ends every datagram's line
        Ended("", await client.FinishAsync());
    }

    private async Task HostileDatagramsAsync(TestedProgram program, string what, Form form, Family family)
    {
        string endpoint = await BeginAsync("hostile_datagrams", true, family, what);
        using BinaryProcess client = StartDatagrams(program, form, endpoint);
        await client.WriteAsync("hello\n");
        await Python.EndedAsync();
        if (what == ProgramRows.Reset)
        {
            // Nobody is there any more, which the next datagram hears.
            Ended(ExitCode.Failed, await client.FinishAsync("is anybody there\n"));
            return;
        }

        byte[] bad = what switch { ProgramRows.NoBytes => [], ProgramRows.Binary => _bytes, _ => Repeated(65_507) };
        byte[] expected = [.. bad, .. "\nstill here\n"u8];
        Assert.Equal(expected, await client.ReadAsync(expected.Length));
        Ended("", await client.FinishAsync());
    }

    // ── connect --listen ──

    private async Task<(BinaryProcess Program, string SocketUri)> StartListeningAsync(TestedProgram program, Form form, Family family)
    {
        BinaryProcess listener = Start(program, form, _host.FreeEndpoint(false, family));
        try
        {
            return (listener, await listener.ErrorAsync("listening at "));
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private async Task ListenAsync(TestedProgram program, string what, Form form, Family family)
    {
        (BinaryProcess started, string endpoint) = await StartListeningAsync(program, form, family);
        using BinaryProcess listener = started;
        if (what == ProgramRows.Python)
        {
            await Python.BeginAsync("join_listener", endpoint);
            (int Code, byte[] Output, string Errors) run = await listener.FinishAsync("from the input\n");
            Ended(0, run);
            Assert.Equal([.. "gruß\n"u8, .. _bytes], run.Output);
            await Python.EndedAsync();
        }
        else
        {
            SocketUri at = SocketUri.Parse(endpoint);
            string[] address = at.EndPoint is IPEndPoint ip ? [family == Family.IPv4 ? "-4" : "-6", $"{ip.Address}", $"{ip.Port}"] : ["-U", at.EndPoint!.ToString()!];
            using BinaryProcess nc = BinaryProcess.Start("nc", "netcat-openbsd", ["-N", .. address]);
            Task<(int Code, byte[] Output, string Errors)> ended = listener.FinishAsync("from us\n");
            Ended("from us\n", await nc.FinishAsync("from nc\n"));
            (int Code, byte[] Output, string Errors) run = await ended;
            Ended(0, run);
            Assert.Equal("from nc\n"u8, run.Output);
        }
    }

    private async Task HostileListenAsync(TestedProgram program, string what, Form form, Family family)
    {
        (BinaryProcess started, string endpoint) = await StartListeningAsync(program, form, family);
        using BinaryProcess listener = started;
        await Python.BeginAsync("hostile_to_listener", endpoint, what);
        (int Code, byte[] Output, string Errors) run = await listener.FinishAsync("from the input\n");
        Ended(what == ProgramRows.Reset ? ExitCode.ConnectionLost : ExitCode.Ok, run);
        switch (what)
        {
            case ProgramRows.NoBytes: Assert.Empty(run.Output); break;
            case ProgramRows.Binary: Assert.Equal(_bytes, run.Output); break;
            case ProgramRows.LongLine: Assert.Equal(Repeated(10_000_000), run.Output); break;
            case ProgramRows.Crowd: Assert.Equal("me\n"u8, run.Output); break;
        }

        await Python.EndedAsync();
    }

    // ── probe ──

    private async Task ProbeAsync(TestedProgram program, string what, Form form, Family family)
    {
        string endpoint = await BeginAsync("serve_probe", false, family, what);
        using BinaryProcess client = Start(program, form, endpoint);
        (int Code, byte[] Output, string Errors) run = await client.FinishAsync();
        if (what == ProgramRows.Reset && run.Code != 0)
        {
            Ended(104, run);    // the reset came while connect(2) was still being asked how it went
            await Python.EndedAsync();
            return;
        }

        Ended(0, run);
        Assert.Contains("connected", Encoding.UTF8.GetString(run.Output), StringComparison.Ordinal);
        await Python.EndedAsync();
        if (what == ProgramRows.Python)
        {
            // Python's end took its listener away: what connect_ex says of it there, the probe says here.
            int errno = (await Python.RunAsync("connect_ex", endpoint)).GetInt32();
            using BinaryProcess again = Start(program, form, endpoint);
            run = await again.FinishAsync();
            Ended(errno, run);
            Assert.Contains($"{errno} ECONNREFUSED", Encoding.UTF8.GetString(run.Output), StringComparison.Ordinal);
        }
    }

    private async Task NetcatProbeAsync(TestedProgram program, Form form, Family family)
    {
        (BinaryProcess server, string endpoint) = await NetcatAsync(false, family);
        using BinaryProcess nc = server;
        using BinaryProcess client = Start(program, form, endpoint);
        Ended(0, await client.FinishAsync());
    }

    // ── echo ──

    private async Task EchoAsync(TestedProgram program, Form form, Family family)
    {
        string endpoint = await BeginAsync("serve_echo", false, family);
        using BinaryProcess client = Start(program, form, endpoint);
        (int Code, byte[] Output, string Errors) run = await client.FinishAsync();
        Ended(0, run);
        string[] lines = Encoding.UTF8.GetString(run.Output).TrimEnd('\n').Split('\n');
        Assert.Matches(@"^\d\d:\d\d:\d\d\.\d{3} .*hello$", lines[0]);
        Assert.EndsWith("two", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("quit", lines[^1], StringComparison.Ordinal);
        await Python.EndedAsync();
    }

    private async Task NetcatEchoAsync(TestedProgram program, Form form, Family family)
    {
        (BinaryProcess server, string endpoint) = await NetcatAsync(false, family);
        using BinaryProcess nc = server;
        using BinaryProcess client = Start(program, form, endpoint);
        await nc.WriteAsync("from nc\n");
        await nc.ExpectAsync("from nc\n");
        await nc.WriteAsync("quit\n");
        await nc.ExpectAsync("quit\n");
        Ended(0, await client.FinishAsync());
    }

    private async Task EchoDatagramsAsync(TestedProgram program, Form form, Family family)
    {
        string endpoint = await BeginAsync("serve_echo_datagrams", true, family);
        using BinaryProcess client = StartEcho(program, form, endpoint, "grüß dich");
        (int Code, byte[] Output, string Errors) run = await client.FinishAsync();
        Ended(0, run);
        Assert.EndsWith("quit\n", Encoding.UTF8.GetString(run.Output), StringComparison.Ordinal);
        await Python.EndedAsync();
    }

    private async Task NetcatEchoDatagramsAsync(TestedProgram program, Form form, Family family)
    {
        (BinaryProcess server, string endpoint) = await NetcatAsync(true, family);
        using BinaryProcess nc = server;
        using BinaryProcess client = StartEcho(program, form, endpoint, "hello");
        await nc.ExpectAsync("hello");
        await nc.WriteAsync("from nc\n");
        await nc.ExpectAsync("from nc\n");
        await nc.WriteAsync("quit\n");
        await nc.ExpectAsync("quit\n");
        Ended(0, await client.FinishAsync());
    }

    // ── chat join ──

    private async Task JoinAsync(TestedProgram program, Form form, Family family)
    {
        string endpoint = await BeginAsync("serve_chat", false, family, $"{form}");
        using BinaryProcess client = StartJoin(program, form, endpoint, "ann");
        string expected = (form == Form.Tool ? "-- Welcome, ann.\n" : "* ann is here\n") + "bob: grüß dich\n";
        await client.ExpectAsync(expected);
        Ended("* the end\n", await client.FinishAsync("hello\nßß\n"));
        await Python.EndedAsync();
    }

    private async Task NetcatJoinAsync(TestedProgram program, Form form, Family family)
    {
        (BinaryProcess server, string endpoint) = await NetcatAsync(false, family);
        using BinaryProcess nc = server;
        using BinaryProcess client = StartJoin(program, form, endpoint, "ann");
        string first = form == Form.Tool ? "/name ann\n" : "ann\n";
        await nc.ExpectAsync(first);
        await nc.WriteAsync("-- Welcome, ann.\nbob: hello\n");
        await client.ExpectAsync("-- Welcome, ann.\nbob: hello\n");
        await client.WriteAsync("hello bob\n/quit\n");
        await nc.ExpectAsync("hello bob\n/quit\n");
        await nc.FinishAsync("-- Good-bye.\n");
        Ended("-- Good-bye.\n", await client.EndAsync());
    }

    // ── get ──

    // Where the URL leads by itself, no endpoint is named.
    private static (string Url, string? SocketUri) Url(TestedProgram program, Family family, string endpoint, string path = "/hello.txt")
    {
        string scheme = program.Name == "get https" ? "https" : "http";
        return family == Family.Unix ? ($"{scheme}://localhost{path}", endpoint) : ($"{scheme}{endpoint[endpoint.IndexOf(':')..]}{path}", null);
    }

    private static string? Pem(TestedProgram program, HttpPeer? web) => program.Name == "get https" ? $"{web!.Folder}/local.pem" : null;

    private static string? Trusted(TestedProgram program, HttpPeer? web) => program.Name == "get https" ? web!.CaFile : null;

    private static async Task<byte[]> CurlAsync(string url, string? endpoint, string? certificate)
    {
        string[] socket = endpoint is null ? [] : ["--unix-socket", endpoint["unix:".Length..]], trust = certificate is null ? [] : ["--cacert", certificate];
        using BinaryProcess curl = BinaryProcess.Start("curl", "curl", ["-sS", "--noproxy", "*", .. socket, .. trust, url]);
        (int code, byte[] output, string errors) = await curl.FinishAsync();
        Assert.Equal((0, ""), (code, errors));
        return output;
    }

    private async Task GetAsync(TestedProgram program, string what, Form form, Family family, HttpPeer web)
    {
        bool withCurl = what == ProgramRows.Curl;
        string at = await BeginAsync("serve_http", false, family, withCurl ? 2 : 1, Pem(program, web));
        (string url, string? endpoint) = Url(program, family, at);
        using BinaryProcess client = StartGet(program, form, url, endpoint, Trusted(program, web));
        (int Code, byte[] Output, string Errors) run = await client.FinishAsync();
        Ended(0, run);
        Assert.Equal(_bytes, run.Output);
        Assert.Equal("HTTP/1.1 200 OK\nContent-Length: 512", run.Errors.TrimEnd('\n'));
        if (withCurl)
        {
            Assert.Equal(await CurlAsync(url, endpoint, Trusted(program, web)), run.Output);
        }

        JsonElement requests = await Python.EndedAsync();
        string authority = new Uri(url).Authority;
        Assert.StartsWith($"GET /hello.txt HTTP/1.1\r\nHost: {authority}\r\n", requests[0].GetString(), StringComparison.Ordinal);
        Assert.EndsWith("Connection: close\r\n\r\n", requests[0].GetString(), StringComparison.Ordinal);
    }

    private async Task NetcatGetAsync(TestedProgram program, Form form, Family family)
    {
        (BinaryProcess server, string at) = await NetcatAsync(false, family);
        using BinaryProcess nc = server;
        (string url, string? endpoint) = Url(program, family, at);
        using BinaryProcess client = StartGet(program, form, url, endpoint, null);
        string request = $"GET /hello.txt HTTP/1.1\r\nHost: {new Uri(url).Authority}\r\n";
        await nc.ExpectAsync(request);
        await nc.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfrom nc\n");
        (int Code, byte[] Output, string Errors) run = await client.FinishAsync();
        Ended(0, run);
        Assert.Equal("from nc\n"u8, run.Output);
    }

    private static async Task WebServerAsync(TestedProgram program, Form form, Family family, HttpPeer web)
    {
        (string url, string? endpoint) = family switch
        {
            Family.IPv4 => ($"{web.WebFour}/big.bin", (string?)null),
            Family.IPv6 => ($"{web.WebSix}/big.bin", null),
            _ => ("http://localhost/big.bin", $"unix:{web.WebUnix}"),
        };
        using BinaryProcess client = StartGet(program, form, url, endpoint, null);
        (int Code, byte[] Output, string Errors) run = await client.FinishAsync();
        Ended(0, run);
        byte[] expected = await File.ReadAllBytesAsync($"{web.Folder}/www/big.bin");
        Assert.True(run.Output.AsSpan().SequenceEqual(expected), "another body");
        Assert.StartsWith("HTTP/1.0 200 OK\n", run.Errors, StringComparison.Ordinal);
    }

    private async Task HostileHttpAsync(TestedProgram program, string what, Form form, Family family, HttpPeer web)
    {
        string at = await BeginAsync("hostile_http", false, family, what, Pem(program, web));
        (string url, string? endpoint) = Url(program, family, at);
        using BinaryProcess client = StartGet(program, form, url, endpoint, Trusted(program, web));
        (int Code, byte[] Output, string Errors) run = await client.FinishAsync();
        int lost = form == Form.Tool ? ExitCode.ConnectionLost : 1;
        Ended(what is ProgramRows.NoBytes or ProgramRows.Reset ? lost : ExitCode.Failed, run);
        await Python.EndedAsync();
    }

    // ── what a stream client does with a server that is none ──

    private async Task HostileAsync(string function, TestedProgram program, string what, Form form, Family family, string input)
    {
        string endpoint = await BeginAsync(function, program.TakesDatagrams, family, what);
        bool joins = program.Peer == "chat";
        using BinaryProcess client = joins ? StartJoin(program, form, endpoint, "ann")
            : program.TakesDatagrams ? StartEcho(program, form, endpoint, "hello") : Start(program, form, endpoint);
        if (input.Length > 0)
        {
            await client.WriteAsync(input);
        }

        // Its input stays open: the server is what ends it.
        (int Code, byte[] Output, string Errors) run = await client.EndAsync();
        int lost = form == Form.Tool ? ExitCode.ConnectionLost : 1;
        int expected = what == ProgramRows.Reset ? (program.TakesDatagrams ? ExitCode.Failed : lost)
            : joins && form == Form.Tool ? ExitCode.ConnectionLost
            : joins && what == ProgramRows.LongLine ? 1 : 0;
        // The sample's last line may meet a server that has gone.
        Ended(joins && form == Form.Sample && what == ProgramRows.NoBytes && run.Code == 1 ? 1 : expected, run);
        if (program.Name == "connect (stream)" && what != ProgramRows.Reset)
        {
            Assert.True(run.Output.AsSpan().SequenceEqual(what switch { ProgramRows.NoBytes => [], ProgramRows.Binary => _bytes, _ => Repeated(10_000_000) }), "other bytes");
        }

        await Python.EndedAsync();
    }

    private static byte[] Repeated(int count)
    {
        byte[] bytes = new byte[count];
        Array.Fill(bytes, (byte)'x');
        return bytes;
    }
}
