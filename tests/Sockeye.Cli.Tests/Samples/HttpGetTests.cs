using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Sockeye.Cli.Tests.Samples;

/// <summary>samples/http-get.cs against servers that misbehave, beyond what the matrix of programs and peers asks of it.</summary>
public sealed class HttpGetTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sockeye-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Task<(int Code, string Output, string Errors)> GetAsync(params string[] args) => SampleProcess.RunAsync("", "http-get", args);

    // A server that reads the head of a request and then runs the script, with `s` the connection.
    private static PythonProcess Serve(string script, string endpoint = "tcp://127.0.0.1:0") => PythonProcess.Start(
        "s = accept(listen())\nrequest = b''\nwhile not request.endswith(b'\\r\\n\\r\\n'): request += s.recv(1)\n" + script, endpoint);

    private static async Task<string> UrlAsync(PythonProcess server) => "http" + (await server.ListeningAtAsync())["tcp".Length..] + "/";

    [Fact(Timeout = 60_000)]
    public async Task A_page_that_is_not_there_is_shown_all_the_same()
    {
        using PythonProcess server = PythonProcess.StartModule("http.server", "0", "--bind", "127.0.0.1", "--directory", _folder);
        string line = await server.WaitForOutputAsync("Serving HTTP on");
        (int code, string output, string errors) = await GetAsync($"http://127.0.0.1:{line.Split(" port ")[1].Split(' ')[0]}/missing");
        Assert.StartsWith("HTTP/1.0 404", errors, StringComparison.Ordinal);
        Assert.Contains("File not found", output, StringComparison.Ordinal);
        Assert.Equal(0, code);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more that is not of it", "hello")]
    [InlineData("HTTP/1.1 200 OK\ncontent-length:5\n\nhello", "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0A;x=y\r\n, chunked!\r\n0\r\nTrailer: x\r\n\r\n", "hello, chunked!")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nto the end", "to the end")]
    [InlineData("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", "")]
    public async Task Every_kind_of_body_is_read_whole_and_in_bytes(string answer, string expected)
    {
        foreach (string sending in new[] { "s.sendall(data)", "for n in range(len(data)): s.send(data[n:n+1])" })
        {
            using PythonProcess server = Serve($"data = bytes.fromhex('{Convert.ToHexString(Encoding.Latin1.GetBytes(answer))}')\n{sending}\ns.close()");
            (int code, string output, string errors) = await GetAsync(await UrlAsync(server));
            Assert.Equal((0, expected), (code, output));
            Assert.Equal(answer.ReplaceLineEndings("\n").Split("\n\n")[0], errors.TrimEnd('\n'));
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task The_request_is_the_raw_one_and_goes_to_any_endpoint()
    {
        string path = Path.Combine(_folder, "http.sock");
        using PythonProcess server = Serve("print(request); s.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\nhello')", $"unix:{path}");
        (int code, string output, _) = await GetAsync("http://example.org/a?b=ü#c", await server.ListeningAtAsync());
        Assert.Equal((0, "hello"), (code, output));
        await server.EndAsync();
        Assert.EndsWith(@"b'GET /a?b=%C3%BC HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n'", server.Output, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("s.close()", "the server ended too early")]
    [InlineData("reset(s)", "ECONNRESET")]
    [InlineData("s.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 10\\r\\n\\r\\nhello'); s.close()", "the server ended 5 bytes too early")]
    [InlineData("s.sendall(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n5\\r\\nhello\\r\\n'); s.close()", "the server ended too early")]
    [InlineData("s.sendall(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nfish\\r\\n'); s.close()", "'fish' was not in a correct format")]
    [InlineData("s.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: -1\\r\\n\\r\\nx'); s.close()", "'-1' was not in a correct format")]
    [InlineData("s.sendall(b'HTTP/1.1 200 OK\\r\\n' + b'x' * 100000); s.recv(1)", "a line of the head does not end")]
    [InlineData("s.sendall(b'HTTP/1.1 200 OK\\r\\n' + b''.join(b'x%d: y\\r\\n' % n for n in range(10000))); s.recv(1)", "the head does not end")]
    public async Task A_server_that_dies_or_talks_nonsense_has_its_own_error(string script, string expected)
    {
        using PythonProcess server = Serve(script);
        string url = await UrlAsync(server);
        (int code, _, string errors) = await GetAsync(url);
        Assert.Equal(1, code);
        string last = errors.Split('\n')[^1];
        Assert.StartsWith($"{url}: ", last, StringComparison.Ordinal);
        Assert.Contains(expected, last, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_silent_server_a_closed_port_and_a_wrong_name_have_theirs()
    {
        using PythonProcess server = Serve("sys.stdin.read()");
        string at = await server.ListeningAtAsync();
        (int code, _, string errors) = await GetAsync("http://localhost/", at + "?timeout=200ms");
        Assert.Equal(1, code);
        Assert.Contains("ETIMEDOUT: the time limit passed", errors, StringComparison.Ordinal);

        (code, _, errors) = await GetAsync("http://127.0.0.1:1/");
        Assert.Equal((1, "http://127.0.0.1:1/: connect 127.0.0.1:1: ECONNREFUSED: nothing listens there"), (code, errors));

        (code, _, errors) = await GetAsync("http://nobody.invalid/");
        Assert.Equal(1, code);
        Assert.Contains("nobody.invalid", errors.Split("http://nobody.invalid/: ")[1], StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Https_asks_for_a_certificate_that_is_trusted()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset day = DateTimeOffset.Parse("2020-01-01", CultureInfo.InvariantCulture);
        using X509Certificate2 certificate = request.CreateSelfSigned(day, day.AddYears(100));
        string pem = Path.Combine(_folder, "certificate.pem");
        await File.WriteAllTextAsync(pem, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");

        const string Script = """
            import ssl
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[2])
            s = accept(listen())
            try:
                s = context.wrap_socket(s, server_side=True)
                while not s.recv(1000).endswith(b"\r\n\r\n"): pass
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50000)
            except (ssl.SSLError, ConnectionError) as e:
                print(e)
            """;
        using PythonProcess trusted = PythonProcess.Start(Script, "tcp://127.0.0.1:0", pem);
        string url = "https" + (await trusted.ListeningAtAsync())["tcp".Length..] + "/";
        using SampleProcess get = SampleProcess.StartWith($"SSL_CERT_FILE={pem}", "http-get", url);
        (int code, string output, string errors) = await get.FinishAsync();
        Assert.True(code == 0, errors);
        Assert.Equal(new string('x', 50_000), output);

        using PythonProcess stranger = PythonProcess.Start(Script, "tcp://127.0.0.1:0", pem);
        url = "https" + (await stranger.ListeningAtAsync())["tcp".Length..] + "/";
        (code, _, errors) = await GetAsync(url);
        Assert.Equal(1, code);
        Assert.StartsWith($"{url}: The remote certificate is invalid", errors, StringComparison.Ordinal);
    }
}
