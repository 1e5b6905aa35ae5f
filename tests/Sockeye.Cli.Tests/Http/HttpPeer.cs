using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests.Http;

/// <summary>
/// Python's own sockets as the server: what a path names is what it does, well or badly. One process for all tests, which
/// listens on IPv4, IPv6, a Unix socket, and with TLS.
/// </summary>
public sealed class HttpPeer : IAsyncLifetime
{
    private const string Script = """
        import http.server, os, socket, ssl, struct, sys, threading, time
        from urllib.parse import urlsplit, parse_qs
        folder = sys.argv[1]
        OK = b"HTTP/1.1 200 OK\r\n"

        def big(n):
            return bytes(range(251)) * (n // 251 + 1)

        def serve(s):
            try:
                data = b""
                while b"\r\n\r\n" not in data:
                    more = s.recv(65536)
                    if not more: return
                    data += more
                split = urlsplit(data.split(b" ")[1].decode())
                q = {k: v[0] for k, v in parse_qs(split.query).items()}
                n = int(q.get("n", 0))
                def reset(): s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                def wait(): s.recv(1)
                def sized(body, head=b""):
                    s.sendall(OK + head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
                match split.path:
                    case "/echo": sized(data)
                    case "/sized": sized(big(n)[:n])
                    case "/close": s.sendall(OK + b"\r\n" + big(n)[:n])
                    case "/chunked":
                        out = [OK + b"Transfer-Encoding: chunked\r\n\r\n"]
                        body, size = big(n)[:n], int(q.get("size", 7))
                        for i in range(0, n, size):
                            c = body[i:i+size]
                            out.append(b"%x;ext=1\r\n" % len(c) + c + b"\r\n")
                        out = b"".join(out) + b"0\r\nTrailing: yes\r\n\r\n"
                        piece = int(q.get("piece", len(out)))
                        for i in range(0, len(out), piece): s.sendall(out[i:i+piece])
                    case "/coded": s.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbody")
                    case "/status": s.sendall(b"HTTP/1.1 %d Told\r\nContent-Length: 4\r\n\r\nbody" % n)
                    case "/none": s.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                    case "/interim": s.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"); sized(b"real")
                    case "/redirect": s.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + q["to"].encode() + b"\r\nContent-Length: 0\r\n\r\n")
                    case "/terminal": sized(b"body", b"X: \x1b[2J\x07\xc2\x9b31m\xe2\x80\xae\xff\r\n")
                    case "/both": s.sendall(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
                    case "/silent": wait()
                    case "/stall": s.sendall(OK + b"Content-Length: 100\r\n\r\n0123456789"); wait()
                    case "/stall-line": s.sendall(OK + b"Content-Length: 100\r\n\r\n012345678\n"); wait()
                    case "/nothing": pass
                    case "/in-head": s.sendall(OK + b"Server: x\r\n")
                    case "/in-body": s.sendall(OK + b"Content-Length: 100\r\n\r\n0123456789")
                    case "/in-chunk": s.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n64\r\n0123456789")
                    case "/reset-at-once": reset()
                    case "/reset-in-body":
                        s.sendall(OK + b"Content-Length: 100\r\n\r\n0123456789")
                        wait_for_gone(q, folder); reset()
                    case "/ssh": s.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"); wait()
                    case "/tls": s.sendall(b"\x15\x03\x01\x00\x02\x02\x46"); wait()
                    case "/line": s.sendall(OK + b"X: " + b"a" * 10_000_000 + b"\r\n\r\n")
                    case "/head":
                        s.sendall(OK)
                        while True: s.sendall(b"X: 1\r\n" * 100)
                    case "/wide":
                        s.sendall(OK)
                        while True: s.sendall(b"X: " + b"a" * 10_000 + b"\r\n")
                    case "/interims":
                        while True: s.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                    case "/huge": s.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n")
                    case "/endless":
                        s.sendall(OK + b"\r\n")
                        while True: s.sendall(b"0" * 65536)
                    case _: s.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass # the client is gone
            finally:
                try:
                    if isinstance(s, ssl.SSLSocket) and "unclean" not in str(data): s.unwrap()
                except (OSError, ValueError): pass
                s.close()

        # Until the client has said, by a file, that it has the bytes: a reset would take them away.
        def wait_for_gone(q, folder):
            while not os.path.exists(os.path.join(folder, q["flag"])): time.sleep(0.005)

        def listen(s, wrap=None):
            s.listen(100)
            def accept():
                while True:
                    c, _ = s.accept()
                    def run(c=c):
                        try:
                            if wrap: c = wrap.wrap_socket(c, server_side=True)
                        except OSError: return c.close()
                        serve(c)
                    threading.Thread(target=run, daemon=True).start()
            threading.Thread(target=accept, daemon=True).start()
            return s.getsockname()

        def tcp(family, host):
            s = socket.socket(family, socket.SOCK_STREAM)
            s.bind((host, 0))
            return s

        def tls(name):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(os.path.join(folder, name + ".pem"))
            context.set_alpn_protocols(["h2", "http/1.1"])
            return context

        four = listen(tcp(socket.AF_INET, "127.0.0.1"))[1]
        six = listen(tcp(socket.AF_INET6, "::1"))[1]
        u = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); u.bind(os.path.join(folder, "peer.sock")); listen(u)
        ports = [listen(tcp(socket.AF_INET, "127.0.0.1"), tls(name))[1] for name in ("local", "other", "old")]

        # Python's own web server, over each family.
        os.chdir(os.path.join(folder, "www"))
        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *a): pass
            def address_string(self): return "unix"
        class Six(http.server.ThreadingHTTPServer): address_family = socket.AF_INET6
        class Unix(http.server.ThreadingHTTPServer):
            address_family = socket.AF_UNIX
            def server_bind(self): self.socket.bind(self.server_address); self.server_name = "unix"; self.server_port = 0
            def get_request(self): return self.socket.accept()[0], ("unix", 0)
        webs = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler), Six(("::1", 0), Handler), Unix(os.path.join(folder, "web.sock"), Handler)]
        for web in webs: threading.Thread(target=web.serve_forever, daemon=True).start()
        print(four, six, *ports, webs[0].server_port, webs[1].server_port, flush=True)
        sys.stdin.read()
        """;

    private readonly X509Certificate2Collection _made = [];
    private Process? _python;
    private int[] _ports = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("sockeye-get-").FullName;

    public string FourUrl => $"http://127.0.0.1:{_ports[0]}";

    public string SixUrl => $"http://[::1]:{_ports[1]}";

    public string UnixEndpoint => $"unix:{Folder}/peer.sock";

    /// <summary>A certificate for localhost and 127.0.0.1, of an authority whose certificate is in ca.pem.</summary>
    public int TlsPort => _ports[2];

    /// <summary>One for other.example.</summary>
    public int OtherTlsPort => _ports[3];

    /// <summary>One that is no longer good.</summary>
    public int OldTlsPort => _ports[4];

    /// <summary>python3's http.server, in the folder www: IPv4, IPv6, and a Unix socket.</summary>
    public string WebFour => $"http://127.0.0.1:{_ports[5]}";

    public string WebSix => $"http://[::1]:{_ports[6]}";

    public string WebUnix => $"{Folder}/web.sock";

    public string CaFile => $"{Folder}/ca.pem";

    /// <summary>Another authority, which has signed nothing here.</summary>
    public string OtherCaFile => $"{Folder}/otherca.pem";

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory($"{Folder}/www");
        var random = new Random(1);
        byte[] bytes = new byte[3_000_000];
        random.NextBytes(bytes);
        await File.WriteAllBytesAsync($"{Folder}/www/big.bin", bytes);
        await File.WriteAllTextAsync($"{Folder}/www/hello.txt", "hello\n");
        await File.WriteAllBytesAsync($"{Folder}/www/empty", []);
        X509Certificate2 ca = Authority("ca");
        Authority("otherca");
        Certificate("local", ca, DateTimeOffset.UtcNow.AddDays(30), "localhost", "127.0.0.1", "::1");
        Certificate("other", ca, DateTimeOffset.UtcNow.AddDays(30), "other.example");
        Certificate("old", ca, new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero), "localhost");
        _python = Programs.Start("python3", "python3", "-c", Script, Folder);
        string line = await _python.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20)) ?? throw new InvalidOperationException("python3 did not start");
        _ports = [.. line.Split(' ').Select(int.Parse)];
    }

    public async ValueTask DisposeAsync()
    {
        _python?.Kill();
        _python?.Dispose();
        foreach (X509Certificate2 certificate in _made)
        {
            certificate.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
        await ValueTask.CompletedTask;
    }

    private X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=Sockeye test {name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        X509Certificate2 certificate = request.CreateSelfSigned(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero), DateTimeOffset.UtcNow.AddYears(10));
        _made.Add(certificate);
        File.WriteAllText($"{Folder}/{name}.pem", certificate.ExportCertificatePem() + "\n");
        return certificate;
    }

    private void Certificate(string file, X509Certificate2 ca, DateTimeOffset until, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using X509Certificate2 certificate = request.Create(ca, new DateTimeOffset(2025, 6, 1, 0, 0, 0, TimeSpan.Zero), until, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText($"{Folder}/{file}.pem", $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
    }
}
