using Sockeye.Chat.Tests.Harness;
using Sockeye.Tests.Support;

namespace Sockeye.Servers.Tests;

/// <summary>Servers as programs of their own: the samples, beside the Python programs that they stand for.</summary>
public sealed class ProcessTests : ServerTest
{
    // socketserver and asyncio, as their documentation has them.
    private const string PythonThreads = """
        import socketserver, sys, time

        class TimeHandler(socketserver.BaseRequestHandler):
            def handle(self):
                while data := self.request.recv(1024):
                    self.request.sendall(f"[{time.ctime()}] ".encode() + data)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), TimeHandler) as server:
            print("listening at", "tcp://%s:%d" % server.server_address, flush=True)
            server.serve_forever()
        """;

    private const string PythonTasks = """
        import asyncio, sys, time

        async def handle(reader, writer):
            while data := await reader.read(1024):
                writer.write(f"[{time.ctime()}] ".encode() + data)
                await writer.drain()
            writer.close()

        async def main():
            server = await asyncio.start_server(handle, "127.0.0.1", 0)
            print("listening at", "tcp://%s:%d" % server.sockets[0].getsockname(), flush=True)
            await server.serve_forever()

        asyncio.run(main())
        """;

    // The chat of Twisted's own documentation, "Writing Servers"; it prints where it listens, besides.
    private const string TwistedChat = """
        from twisted.internet.protocol import Factory
        from twisted.protocols.basic import LineReceiver
        from twisted.internet import reactor

        class Chat(LineReceiver):
            def __init__(self, users):
                self.users = users
                self.name = None
                self.state = "GETNAME"

            def connectionMade(self):
                self.sendLine(b"What's your name?")

            def connectionLost(self, reason):
                if self.name in self.users:
                    del self.users[self.name]

            def lineReceived(self, line):
                if self.state == "GETNAME":
                    self.handle_GETNAME(line)
                else:
                    self.handle_CHAT(line)

            def handle_GETNAME(self, name):
                if name in self.users:
                    self.sendLine(b"Name taken, please choose another.")
                    return
                self.sendLine(f"Welcome, {name.decode('utf-8')}!".encode("utf-8"))
                self.name = name
                self.users[name] = self
                self.state = "CHAT"

            def handle_CHAT(self, message):
                message = f"<{self.name.decode('utf-8')}> {message.decode('utf-8')}".encode("utf-8")
                for name, protocol in self.users.items():
                    if protocol != self:
                        protocol.sendLine(message)

        class ChatFactory(Factory):
            def __init__(self):
                self.users = {}  # maps user names to Chat instances

            def buildProtocol(self, addr):
                return Chat(self.users)

        port = reactor.listenTCP(0, ChatFactory(), interface="127.0.0.1")
        print("listening at tcp://127.0.0.1:%d" % port.getHost().port, flush=True)
        reactor.run()
        """;

    // s = connected(ENDPOINT)
    private const string ConnectFunction = """
        def connected(endpoint):
            kind, rest = endpoint.split(":", 1)
            if kind == "unix":
                s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                s.settimeout(20)
                s.connect(rest)
                return s
            host, port = rest[2:].rsplit(":", 1)
            return socket.create_connection((host.strip("[]"), int(port)), 20)

        """;

    [Theory(Timeout = 60_000)]
    [InlineData("time-threads", "tcp://127.0.0.1:0", "INT")]
    [InlineData("time-threads", "tcp://[::1]:0", "TERM")]
    [InlineData("time-threads", "unix:", "TERM")]
    [InlineData("time-tasks", "tcp://127.0.0.1:0", "TERM")]
    [InlineData("time-tasks", "tcp://[::1]:0", "INT")]
    [InlineData("time-tasks", "unix:", "INT")]
    public async Task A_sample_answers_pythons_client_and_a_signal_ends_it_in_good_order(string sample, string endpoint, string signal)
    {
        string path = FreshPath();
        using var program = new Sample(sample, endpoint == "unix:" ? endpoint + path : endpoint);
        string where = await program.ListeningAtAsync();
        await AskAsync(where);
        using Socket idle = await SocketUri.Parse(where).ConnectAsync();
        await program.SignalAsync(signal);
        Assert.Equal("", await RestAsync(idle).WaitAsync(Soon));
        Assert.Equal((0, ""), (await program.EndAsync(), program.Errors));
        Assert.False(File.Exists(path));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("tcp://127.0.0.1:0")]
    [InlineData("tcp://[::1]:0")]
    [InlineData("unix:")]
    public async Task The_chat_protocol_talks_to_pythons_clients(string endpoint)
    {
        string path = FreshPath();
        using var program = new Sample("chat-protocol", endpoint == "unix:" ? endpoint + path : endpoint);
        string where = await program.ListeningAtAsync();
        await ChatAsync(where);
        using Socket idle = await SocketUri.Parse(where).ConnectAsync();
        await program.SignalAsync("TERM");
        Assert.Equal("What's your name?\n", await RestAsync(idle).WaitAsync(Soon));
        Assert.Equal((0, ""), (await program.EndAsync(), program.Errors));
        Assert.False(File.Exists(path));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_chat_protocol_is_no_longer_than_its_Twisted_original()
    {
        string ours = await File.ReadAllTextAsync(Path.Combine(Root(), "samples", "chat-protocol.cs"));
        Assert.InRange(CodeLines(ours), 5, CodeLines(TwistedChat));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_Twisted_original_answers_as_the_chat_protocol_does()
    {
        using var python = new PythonServer(TwistedChat);
        try
        {
            await ChatAsync(await python.ListeningAtAsync());
        }
        catch (Exception) when (python.Errors.Contains("No module named 'twisted'", StringComparison.Ordinal))
        {
            Assert.Skip("Twisted is not installed; in Debian it is in the package python3-twisted.");
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData("time-threads", PythonThreads)]
    [InlineData("time-tasks", PythonTasks)]
    public async Task A_sample_is_no_longer_than_its_Python_original_which_answers_the_same(string sample, string original)
    {
        string ours = await File.ReadAllTextAsync(Path.Combine(Root(), "samples", sample + ".cs"));
        Assert.InRange(CodeLines(ours), 5, CodeLines(original));
        using var python = new PythonServer(original);
        await AskAsync(await python.ListeningAtAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_descriptors_a_server_waits_and_goes_on()
    {
        const int Descriptors = 200;
        const int Reserve = Descriptors / 4; // of few descriptors a quarter, of more 64
        using var program = new Limited(Descriptors);
        string where = await program.ListeningAtAsync();

        // More than there are descriptors for, less the reserve: those that have one are answered, the others wait in the backlog.
        var clients = new List<Socket>();
        SocketUri endpoint = SocketUri.Parse(where);
        for (int i = 0; i < Descriptors; i++)
        {
            clients.Add(await endpoint.ConnectAsync());
            await clients[i].SendAsync("x"u8.ToArray().AsMemory());
        }

        await Eventually(() => clients[0].Available > 0);
        await Eventually(() => Open() >= Descriptors - Reserve, "It has taken too few.");
        await Task.Delay(Moment);
        Assert.InRange(Open(), Descriptors - Reserve, Descriptors - Reserve + 8); // timers and files of the runtime's come and go
        Assert.Contains(clients, static client => client.Available == 0);
        Assert.False(program.HasExited);
        while (clients.Count > 0)
        {
            await Eventually(() => clients.Any(static client => client.Available > 0));
            Socket answered = clients.First(static client => client.Available > 0);
            clients.Remove(answered);
            answered.Dispose();
        }

        await AskAsync(where);
        await program.SignalAsync("TERM");
        Assert.Equal((0, ""), (await program.EndAsync(), program.Errors));

        int Open() => Directory.GetFiles($"/proc/{program.Id}/fd").Length;
    }

    [Fact(Timeout = 60_000)]
    public async Task Sockets_that_systemd_passes_are_served_by_their_name()
    {
        // What systemd.socket(5) does with FileDescriptorName=, by the variables of sd_listen_fds(3).
        const string Parent = """
            import os, socket, sys
            names = ["other", "web", "web"]
            for n in range(3):
                s = socket.socket()
                s.bind(("127.0.0.1", 0))
                s.listen()
                os.dup2(s.fileno(), 100 + n)
                print("passed", names[n], s.getsockname()[1], flush=True)
            for n in range(3):
                os.dup2(100 + n, 3 + n)
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="3", LISTEN_FDNAMES=":".join(names))
            os.execvp(sys.argv[1], sys.argv[1:])
            """;
        using var program = new PythonServer(Parent, "dotnet", "exec", Sample.Dll, "time-tasks", "systemd:web");
        string where = await program.ListeningAtAsync();
        int[] ports = [.. program.Output.Split('\n').Where(static line => line.StartsWith("passed web", StringComparison.Ordinal)).Select(static line => int.Parse(line.Split(' ')[2]))];
        Assert.Equal(2, ports.Length);
        Assert.Equal($"tcp://127.0.0.1:{ports[0]}", where);
        foreach (int port in ports)
        {
            await AskAsync($"tcp://127.0.0.1:{port}");
        }

        await program.SignalAsync("TERM");
        Assert.Equal(0, await program.EndAsync());

        using var none = new PythonServer(Parent, "dotnet", "exec", Sample.Dll, "time-tasks", "systemd:mail");
        Assert.NotEqual(0, await none.EndAsync());
        Assert.Contains("no socket of that name was passed; there are other, web", none.Errors);
    }

    private static async Task AskAsync(string endpoint)
    {
        using PythonPeer peer = PythonPeer.Start(ConnectFunction + """
            s = connected(sys.argv[1])
            s.sendall(b"hello")
            s.shutdown(socket.SHUT_WR)
            data = b""
            while part := s.recv(1000):
                data += part
            assert data.startswith(b"[") and data.endswith(b"] hello"), data
            print("ok")
            """, endpoint);
        Assert.Equal("ok", await peer.Line());
        await peer.End();
    }

    // Two people talk, a third finds her name taken, and has it once the first has left.
    private static async Task ChatAsync(string endpoint)
    {
        using PythonPeer peer = PythonPeer.Start(ConnectFunction + """
            class Person:
                def __init__(self):
                    self.socket = connected(sys.argv[1])
                    self.lines = self.socket.makefile("r", newline="\n")
                    self.hears("What's your name?")

                def says(self, text):
                    self.socket.sendall(text.encode() + b"\r\n")

                def hears(self, text):
                    line = self.lines.readline()
                    assert line.rstrip("\r\n") == text, (line, text)

                def leaves(self):
                    self.socket.shutdown(socket.SHUT_WR)
                    assert self.lines.readline() == ""

            ann, bob, other = Person(), Person(), Person()
            ann.says("ann")
            ann.hears("Welcome, ann!")
            bob.says("bob")
            bob.hears("Welcome, bob!")
            other.says("ann")
            other.hears("Name taken, please choose another.")
            ann.says("hello, all")
            bob.hears("<ann> hello, all")
            bob.says("gr\u00fc\u00df dich")
            ann.hears("<bob> gr\u00fc\u00df dich")
            ann.leaves()
            other.says("ann")
            other.hears("Welcome, ann!")
            bob.says("again?")
            other.hears("<bob> again?")
            bob.leaves()
            other.leaves()
            print("ok")
            """, endpoint);
        Assert.Equal("ok", await peer.Line());
        await peer.End();
    }

    // Neither empty, nor a comment or a directive, nor braces alone.
    private static int CodeLines(string text) => text.Split('\n').Select(static line => line.Trim())
        .Count(static line => line.Length > 0 && line[0] != '#' && !line.StartsWith("//", StringComparison.Ordinal) && line.Any(static c => !"{}();".Contains(c, StringComparison.Ordinal)));

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Sockeye.slnx")))
        {
            folder = folder.Parent;
        }

        return folder!.FullName;
    }

    private sealed class Sample(string name, string endpoint) : ProgramProcess("dotnet", "exec", Dll, name, endpoint)
    {
        internal static string Dll => Path.Combine(AppContext.BaseDirectory, "Samples.dll");
    }

    private sealed class Limited(int descriptors) : ProgramProcess(
        "prlimit", $"--nofile={descriptors}:{descriptors}", "dotnet", "exec", Sample.Dll, "time-tasks", "tcp://127.0.0.1:0");

    private sealed class PythonServer(string script, params string[] arguments) : ProgramProcess("/usr/bin/python3", ["-c", script, .. arguments]);
}
