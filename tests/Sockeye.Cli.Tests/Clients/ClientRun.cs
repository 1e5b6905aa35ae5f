using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using Sockeye.Chat.Tests.Harness;
using Sockeye.Cli.Clients;

namespace Sockeye.Cli.Tests.Clients;

/// <summary>Clients in this process, with streams of ours as input and output.</summary>
internal sealed class ClientRun : IDisposable
{
    private static readonly Style _plain = new(hasColours: false);
    private readonly StringWriter _errors = new();

    public ClientRun(bool json = false, Stream? output = null, LogLevel level = LogLevel.Warning)
    {
        Output = output ?? new SharedStream();
        Report = new Report("sockeye test", new ReportOptions(json, level, _plain, _plain), Output, TextWriter.Synchronized(_errors), TimeProvider.System);
    }

    public Report Report { get; }

    public Stream Output { get; }

    public CancellationTokenSource Stop { get; } = new();

    public string Errors => _errors.ToString().TrimEnd('\n');

    public byte[] Bytes => ((SharedStream)Output).ToArray();

    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Runs sockeye connect.</summary>
    public Task<int> ConnectAsync(string endpoint, Stream input, bool listens = false, bool bytes = false, bool shown = false, TimeSpan? wait = null)
    {
        var options = new ConnectOptions(listens, bytes, shown, wait);
        return new ConnectClient(SocketUri.Parse(endpoint), options, Report, input, Output).RunAsync(Stop.Token);
    }

    public Task<int> ConnectAsync(string endpoint, string input, bool bytes = false, bool shown = false, TimeSpan? wait = null) =>
        ConnectAsync(endpoint, new MemoryStream(Encoding.UTF8.GetBytes(input)), listens: false, bytes, shown, wait);

    /// <summary>Waits until the output holds so many bytes.</summary>
    public async Task OutputAsync(int bytes)
    {
        while (Bytes.Length < bytes)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until the errors hold the text, and gives what stands behind it in its line.</summary>
    public async Task<string> ErrorAsync(string text)
    {
        while (true)
        {
            string errors = _errors.ToString();
            int at = errors.IndexOf(text, StringComparison.Ordinal);
            int end = at < 0 ? -1 : errors.IndexOf('\n', at);
            if (end > 0)
            {
                return errors[(at + text.Length)..end];
            }

            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose()
    {
        Report.Dispose();
        Stop.Dispose();
    }
}

/// <summary>A memory stream that one thread writes and another looks at.</summary>
internal class SharedStream : MemoryStream
{
    private readonly Lock _gate = new();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        lock (_gate)
        {
            base.Write(buffer);
        }
    }

    public override byte[] ToArray()
    {
        lock (_gate)
        {
            return base.ToArray();
        }
    }
}

/// <summary>One whose writer waits until it is opened.</summary>
internal sealed class GatedStream : SharedStream
{
    private readonly ManualResetEventSlim _open = new();

    public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open() => _open.Set();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Reached.TrySetResult();
        _open.Wait();
        base.Write(buffer);
    }
}

/// <summary>An input of so many zeros, or without end; or, of none, one that gives nothing until it is disposed.</summary>
internal sealed class TestInput(long? bytes) : Stream
{
    private readonly ManualResetEventSlim _disposed = new();
    private long _given;

    public long Given => Interlocked.Read(ref _given);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (bytes == 0)
        {
            _disposed.Wait();
            return 0;
        }

        int count = (int)Math.Min(buffer.Length, (bytes ?? long.MaxValue) - Given);
        buffer[..count].Clear();
        Interlocked.Add(ref _given, count);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _disposed.Set();
        base.Dispose(disposing);
    }
}

/// <summary>A peer written in Python: prints its endpoint first, then whatever its script prints.</summary>
internal sealed class PythonPeer : IDisposable
{
    private const string Prelude = """
        import os, socket, struct, sys, tempfile, time
        kind = sys.argv[1]
        folder = None
        def at(type=socket.SOCK_STREAM, backlog=None):
            global folder
            dgram = type == socket.SOCK_DGRAM
            if kind == "UNIX":
                folder = tempfile.mkdtemp(prefix="sockeye-")
                s = socket.socket(socket.AF_UNIX, type)
                s.bind(folder + "/peer")
                name = {socket.SOCK_STREAM: "unix", socket.SOCK_DGRAM: "unix-dgram", socket.SOCK_SEQPACKET: "unix-seqpacket"}[type] + ":" + folder + "/peer"
            else:
                s = socket.socket(socket.AF_INET6 if kind == "IPv6" else socket.AF_INET, type)
                s.bind(("::1" if kind == "IPv6" else "127.0.0.1", 0))
                name = ("udp" if dgram else "tcp") + "://" + ("[::1]" if kind == "IPv6" else "127.0.0.1") + ":" + str(s.getsockname()[1])
            if not dgram:
                s.listen(128 if backlog is None else backlog)
            print(name, flush=True)
            return s
        def accept(**options):
            s = at(**options)
            c, _ = s.accept()
            return c
        def rest(c):
            parts = []
            while True:
                part = c.recv(65536)
                if not part: return b"".join(parts)
                parts.append(part)
        def reset(c):
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()

        """;

    private readonly Process _process;

    private PythonPeer(Process process, string endpoint)
    {
        _process = process;
        Endpoint = endpoint;
    }

    public static TheoryData<string> Families => ["IPv4", "IPv6", "UNIX"];

    public string Endpoint { get; }

    public int Id => _process.Id;

    public static async Task<PythonPeer> StartAsync(string family, string script)
    {
        Process process = Programs.Start("python3", "python3", "-c", Prelude + script, family);
        string? endpoint = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.NotNull(endpoint);
        return new PythonPeer(process, endpoint);
    }

    /// <summary>What it printed after its endpoint, when it has ended.</summary>
    public async Task<string> EndAsync()
    {
        string output = await _process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output.TrimEnd('\n');
    }

    /// <summary>A line that lets a script go on that waits in input().</summary>
    public void GoOn()
    {
        _process.StandardInput.Write("\n");
        _process.StandardInput.Flush();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
        string file = Endpoint[(Endpoint.IndexOf(':', StringComparison.Ordinal) + 1)..];
        if (file.StartsWith('/') && !file.StartsWith("//", StringComparison.Ordinal))
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }
}
