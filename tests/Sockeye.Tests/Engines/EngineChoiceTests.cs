using System.Diagnostics;
using System.Globalization;
using Sockeye.Engines;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>
/// Which engine a process gets, and what it says of that: in children whose io_uring a seccomp filter refuses, as
/// containers do. The child is this program again, with one of <see cref="EngineChildTests"/>.
/// </summary>
public sealed class EngineChoiceTests : SocketTest
{
    private const int ChildLimit = 90_000;

    // Installs the filter, if an errno is asked for, and becomes the program.
    private const string Filtered = """
        import ctypes, os, struct, sys
        errno = int(sys.argv[1])
        if errno:
            libc = ctypes.CDLL(None, use_errno=True)
            program = b"".join(struct.pack("HBBI", *line) for line in [
                (0x20, 0, 0, 0),                   # the system call's number
                (0x15, 0, 1, 425),                 # io_uring_setup?
                (0x06, 0, 0, 0x00050000 | errno),  # SECCOMP_RET_ERRNO
                (0x06, 0, 0, 0x7fff0000)])         # SECCOMP_RET_ALLOW
            memory = ctypes.create_string_buffer(program)
            filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(memory)))
            no_new_privileges, set_seccomp, mode_filter = 38, 22, 2
            if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_seccomp, mode_filter, filter, 0, 0):
                sys.exit(os.strerror(ctypes.get_errno()))
        os.execv(sys.argv[2], sys.argv[2:])
        """;

    [Theory(Timeout = ChildLimit)]
    [InlineData(Errno.EPERM, "a seccomp filter or security module forbids io_uring (io_uring_setup: EPERM), as containers often do")]
    [InlineData(Errno.ENOSYS, "this kernel has no io_uring (io_uring_setup: ENOSYS)")]
    public async Task Where_io_uring_is_refused_epoll_serves_and_says_why(int errno, string why)
    {
        string[] lines = await Child(nameof(EngineChildTests.The_engines_are_reported), errno, engine: null);
        Assert.Equal(
            [
                $"default: epoll, 1 thread, 0 sockets registered; {why}",
                "default echoes",
                $"loop: event loop (epoll, on an event loop, 0 sockets registered; {why})",
                "loop echoes",
                "epoll: epoll, 1 thread, 0 sockets registered",
                $"io_uring: NotSupportedException: The io_uring engine cannot be had: {why}. Use EngineKind.Epoll, or EngineKind.Default.",
            ],
            lines);
    }

    [Fact(Timeout = ChildLimit)]
    public async Task An_io_uring_that_was_asked_for_and_is_refused_is_an_error()
    {
        string[] lines = await Child(nameof(EngineChildTests.The_engines_are_reported), Errno.EPERM, "io_uring");
        const string Why = "NotSupportedException: SOCKEYE_ENGINE=io_uring, but a seccomp filter or security module forbids io_uring "
            + "(io_uring_setup: EPERM), as containers often do. Unset it, or set it to: epoll";
        Assert.Equal(["default: " + Why, "loop: " + Why], lines[..2]);
    }

    [Fact(Timeout = ChildLimit)]
    public async Task An_epoll_that_was_asked_for_needs_no_reason()
    {
        string[] lines = await Child(nameof(EngineChildTests.The_engines_are_reported), Errno.EPERM, "epoll");
        Assert.Equal("default: epoll, 1 thread, 0 sockets registered", lines[0]);
        Assert.Equal(["default echoes", "loop: event loop (epoll, on an event loop, 0 sockets registered)", "loop echoes"], lines[1..4]);
    }

    [Fact(Timeout = ChildLimit)]
    public async Task An_engine_that_nobody_knows_is_refused()
    {
        string[] lines = await Child(nameof(EngineChildTests.The_engines_are_reported), errno: 0, "kqueue");
        const string Why = "NotSupportedException: SOCKEYE_ENGINE=kqueue: there is no such engine. Unset it, or set it to: epoll, io_uring";
        Assert.Equal(["default: " + Why, "loop: " + Why], lines[..2]);
    }

    [Fact(Timeout = ChildLimit)]
    public async Task Io_uring_is_a_loops_default_where_it_is_to_be_had()
    {
        TestEngines.Require(EngineKind.IoUring);
        string[] lines = await Child(nameof(EngineChildTests.The_engines_are_reported), errno: 0, engine: null);
        Assert.Equal(
            [
                "default: epoll, 1 thread, 0 sockets registered",
                "default echoes",
                "loop: event loop (io_uring, on an event loop, 0 sockets registered)",
                "loop echoes",
                "epoll: epoll, 1 thread, 0 sockets registered",
                "io_uring: io_uring, 1 thread, 0 sockets registered",
            ],
            lines);
    }

    // Once this was remembered, and the process had no ring for as long as it lived.
    [Fact(Timeout = ChildLimit)]
    public async Task A_moment_without_a_descriptor_is_no_refusal_for_ever()
    {
        TestEngines.Require(EngineKind.IoUring);
        Assert.Equal(
            [
                "eventfd: EMFILE: Too many open files",
                "epoll, 1 thread, 0 sockets registered; io_uring_setup: EMFILE: Too many open files",
                "epoll, 1 thread, 0 sockets registered",
                "event loop (io_uring, on an event loop, 0 sockets registered)",
            ],
            await Child(nameof(EngineChildTests.Descriptors_are_short_for_a_moment), errno: 0, engine: null));
    }

    [Theory]
    [InlineData(Errno.ENOMEM, true)]
    [InlineData(Errno.EMFILE, true)]
    [InlineData(Errno.ENFILE, true)]
    [InlineData(Errno.EAGAIN, true)]
    [InlineData(Errno.ENOSYS, false)]
    [InlineData(Errno.EPERM, false)]
    [InlineData(Errno.EACCES, false)]
    [InlineData(Errno.EINVAL, false)]
    [InlineData(Errno.EOPNOTSUPP, false)]
    [InlineData(0, false)]
    public void What_passes_is_asked_again_and_what_lasts_is_not(int errno, bool passes) =>
        Assert.Equal(passes, EngineChoice.Passes(errno));

    [Fact]
    public void A_ring_that_lacks_what_is_needed_says_what()
    {
        byte[] needed =
        [
            RingConstants.IORING_OP_POLL_ADD, RingConstants.IORING_OP_ASYNC_CANCEL, RingConstants.IORING_OP_ACCEPT,
            RingConstants.IORING_OP_RECV, RingConstants.IORING_OP_SEND, RingConstants.IORING_OP_SENDMSG,
        ];
        Assert.Null(EngineChoice.Lack(RingConstants.IORING_SETUP_DEFER_TASKRUN, needed.Contains));
        foreach (byte operation in needed)
        {
            string? lack = EngineChoice.Lack(RingConstants.IORING_SETUP_DEFER_TASKRUN, other => other != operation);
            Assert.StartsWith("this kernel's io_uring lacks IORING_OP_", lack);
        }

        Assert.Equal(
            "this kernel's io_uring is older than Linux 6.1 (no IORING_SETUP_DEFER_TASKRUN)",
            EngineChoice.Lack(RingConstants.IORING_SETUP_COOP_TASKRUN, needed.Contains));
    }

    // Threads wait, rings are armed, memory is pinned: the end of the program is not theirs to hold up.
    [Theory(Timeout = ChildLimit)]
    [InlineData("epoll")]
    [InlineData("io_uring")]
    public async Task A_process_ends_with_everything_in_flight(string engine)
    {
        TestEngines.Require(engine == "epoll" ? EngineKind.Epoll : EngineKind.IoUring);
        Assert.Equal(["in flight"], await Child(nameof(EngineChildTests.Everything_is_left_in_flight), errno: 0, engine));
    }

    [Theory]
    [InlineData(Errno.EPERM, "1", "the sysctl kernel.io_uring_disabled is 1 (io_uring_setup: EPERM)")]
    [InlineData(Errno.EPERM, "2", "the sysctl kernel.io_uring_disabled is 2 (io_uring_setup: EPERM)")]
    [InlineData(Errno.EPERM, "0", "a seccomp filter or security module forbids io_uring (io_uring_setup: EPERM), as containers often do")]
    [InlineData(Errno.EPERM, null, "a seccomp filter or security module forbids io_uring (io_uring_setup: EPERM), as containers often do")]
    [InlineData(Errno.ENOMEM, "0", "io_uring got no memory (io_uring_setup: ENOMEM); before Linux 5.12 RLIMIT_MEMLOCK counts, see ulimit -l")]
    [InlineData(Errno.EOPNOTSUPP, "0", "this kernel's io_uring is too old (Linux 5.11 is the first with what is needed)")]
    [InlineData(Errno.EMFILE, "0", "io_uring_setup: EMFILE: Too many open files")]
    public void Each_refusal_has_its_sentence(int errno, string? disabled, string sentence) =>
        Assert.Equal(sentence, EngineChoice.Explain(errno, disabled));

    private static async Task<string[]> Child(string test, int errno, string? engine)
    {
        const string Python = "/usr/bin/python3";
        if (!File.Exists(Python))
        {
            Assert.Skip("python3 is not installed: apt-get install python3");
        }

        string report = Path.Combine(Path.GetTempPath(), "sockeye-" + Path.GetRandomFileName());
        string host = Environment.ProcessPath!;
        string program = typeof(EngineChoiceTests).Assembly.Location;
        string[] run = Path.GetFileName(host) == "dotnet" ? [host, "exec", program] : [host];
        var start = new ProcessStartInfo(
            Python,
            [
                "-c", Filtered, errno.ToString(CultureInfo.InvariantCulture), .. run,
                "-noColor", "-explicit", "only", "-method", $"{typeof(EngineChildTests).FullName}.{test}",
            ])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove(EngineChoice.EnvironmentVariable);
        if (engine is not null)
        {
            start.Environment[EngineChoice.EnvironmentVariable] = engine;
        }

        start.Environment[EngineChildTests.ReportVariable] = report;
        using Process child = Process.Start(start)!;
        try
        {
            Task<string> output = child.StandardOutput.ReadToEndAsync();
            Task<string> errors = child.StandardError.ReadToEndAsync();
            await child.WaitForExitAsync().WaitAsync(TimeSpan.FromMilliseconds(ChildLimit / 2));
            Assert.True(child.ExitCode == 0, $"exit {child.ExitCode}\n{await output}\n{await errors}");
            return await File.ReadAllLinesAsync(report);
        }
        finally
        {
            if (!child.HasExited)
            {
                child.Kill();
            }

            File.Delete(report);
        }
    }
}

/// <summary>What the children of <see cref="EngineChoiceTests"/> do; they run only when they are named.</summary>
public sealed class EngineChildTests : SocketTest
{
    internal const string ReportVariable = "SOCKEYE_TEST_REPORT";

    private static string Report => Environment.GetEnvironmentVariable(ReportVariable)
        ?? throw new InvalidOperationException("This is the child of another test.");

    [Fact(Explicit = true, Timeout = Limit)]
    public async Task The_engines_are_reported()
    {
        var lines = new List<string> { "default: " + Told(static () => SocketEngine.Default.ToString()) };
        if (!lines[0].Contains("Exception", StringComparison.Ordinal))
        {
            await Echo();
            lines.Add("default echoes");
        }

        lines.Add("loop: " + Told(static () =>
        {
            using var loop = new EventLoop();
            return loop.ToString();
        }));
        if (!lines[^1].Contains("Exception", StringComparison.Ordinal))
        {
            await Run(static () =>
            {
                using var loop = new EventLoop();
                loop.Run(Echo);
            });
            lines.Add("loop echoes");
        }

        lines.Add("epoll: " + Told(static () =>
        {
            using SocketEngine engine = SocketEngine.CreateEpoll();
            return engine.ToString();
        }));
        lines.Add("io_uring: " + Told(static () =>
        {
            using SocketEngine engine = SocketEngine.CreateIoUring();
            return engine.ToString();
        }));
        await File.WriteAllLinesAsync(Report, lines);

        static string Told(Func<string?> ask)
        {
            try
            {
                return ask() ?? "";
            }
            catch (NotSupportedException exception)
            {
                return $"{nameof(NotSupportedException)}: {exception.Message}";
            }
        }

        static async Task Echo()
        {
            using Pair pair = await Connected();
            byte[] buffer = new byte[1];
            ValueTask<int> receive = pair.Server.ReceiveAsync(buffer.AsMemory());
            Assert.False(receive.IsCompleted);
            await pair.Client.SendAsync(new byte[] { 7 }.AsMemory());
            Assert.Equal(1, await receive);
            Assert.Equal(7, buffer[0]);
        }
    }

    [Fact(Explicit = true, Timeout = Limit)]
    public async Task Descriptors_are_short_for_a_moment()
    {
        Assert.True(Libc.GetDescriptorLimit(out ulong soft, out ulong hard) >= 0);
        string none = Without(static () => Fails<System.Net.Sockets.SocketException>(static () => SocketEngine.Default.ToString()).Message);
        string without = Without(SocketEngine.Default.ToString!);
        using var loop = new EventLoop();
        await File.WriteAllLinesAsync(Report, [none, without, SocketEngine.Default.ToString()!, loop.ToString()]);

        string Without(Func<string> ask)
        {
            Assert.True(Libc.SetDescriptorLimit(3, hard) >= 0);
            try
            {
                return ask();
            }
            finally
            {
                Libc.SetDescriptorLimit(soft, hard);
            }
        }
    }

    [Fact(Explicit = true, Timeout = Limit)]
    public async Task Everything_is_left_in_flight()
    {
        Socket listener = Listener();
        _ = listener.AcceptAsync();
        for (int i = 0; i < 50; i++)
        {
            (Socket first, Socket second) = Socket.CreatePair();
            _ = first.ReceiveAsync(GC.AllocateArray<byte>(64 * 1024, pinned: true).AsMemory()).AsTask();
            _ = second.SendAsync(new byte[4 * 1024 * 1024].AsMemory()).AsTask();
        }

        using var running = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            var loop = new EventLoop();
            loop.Run(async () =>
            {
                (Socket first, _) = Socket.CreatePair();
                Task<int> never = first.ReceiveAsync(new byte[1].AsMemory()).AsTask();
                await loop.DelayAsync(TimeSpan.FromMilliseconds(1));
                running.Set();
                await never;
            });
        })
        {
            IsBackground = true,
        };
        thread.Start();
        Assert.True(running.Wait(Soon));
        await File.WriteAllTextAsync(Report, "in flight\n");
    }
}
