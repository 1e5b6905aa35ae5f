using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests.Samples;

/// <summary>A python3 as the peer: its own socket module, and exact bytes.</summary>
internal sealed class PythonProcess : ProgramProcess
{
    private const string Program = "/usr/bin/python3";

    // What the scripts begin with. An endpoint string is sys.argv[1]; whatever waits, waits 20 s at most.
    private const string Beginning = """
        import os, re, socket, struct, sys, threading, time

        def address(text):
            kind, rest = text.split(":", 1)
            if kind.startswith("unix"):
                return socket.AF_UNIX, rest
            host, port = rest[2:].rsplit(":", 1)
            return socket.AF_INET6 if "[" in host else socket.AF_INET, (host.strip("[]"), int(port))

        def connect():
            family, where = address(sys.argv[1])
            s = socket.socket(family, socket.SOCK_STREAM)
            s.settimeout(20)
            s.connect(where)
            return s

        # Listens where the endpoint says, and tells it.
        def listen(kind=socket.SOCK_STREAM):
            family, where = address(sys.argv[1])
            s = socket.socket(family, kind)
            s.settimeout(20)
            s.bind(where)
            if kind == socket.SOCK_STREAM:
                s.listen()
            name = s.getsockname()
            scheme = sys.argv[1].split(":")[0]
            print("listening at", f"{scheme}:{name}" if family == socket.AF_UNIX else
                  f"{scheme}://[{name[0]}]:{name[1]}" if family == socket.AF_INET6 else f"{scheme}://{name[0]}:{name[1]}", flush=True)
            return s

        def accept(listener):
            s, _ = listener.accept()
            s.settimeout(20)
            return s

        def read(s, count):
            data = b""
            while len(data) < count:
                part = s.recv(count - len(data))
                assert part, "the stream ended after %r" % data
                data += part
            return data

        def rest(s):
            data = b""
            while part := s.recv(65536):
                data += part
            return data

        def reset(s):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()

        def equal(expected, got):
            assert expected == got, "expected %r, got %r" % (expected, got)

        """;

    private PythonProcess(IEnumerable<string> args)
        : base(Program, args)
    {
        if (!File.Exists(Program))
        {
            Assert.Skip("python3 is missing: apt install python3");
        }
    }

    /// <summary>Starts a script, which finds the arguments in sys.argv[1:].</summary>
    public static PythonProcess Start(string script, params IEnumerable<string> args) => new(["-c", Beginning + script, .. args]);

    /// <summary>Starts python3 -m MODULE.</summary>
    public static PythonProcess StartModule(string module, params IEnumerable<string> args) => new(["-u", "-m", module, .. args]);

    /// <summary>Runs a script to its end; it fails by an exception of its own, which the test shows.</summary>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(string script, params string[] args)
    {
        using PythonProcess python = Start(script, args);
        (int code, string output, string errors) = await python.FinishAsync();
        Assert.True(code == 0, $"{output}\n{errors}");
        return output;
    }
}
