using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>Which engine waits: the environment decides, or else the kernel, which is probed with a real ring until the result is one that lasts.</summary>
internal static class EngineChoice
{
    /// <summary>The environment variable that chooses the engine: <c>epoll</c> or <c>io_uring</c>.</summary>
    internal const string EnvironmentVariable = "SOCKEYE_ENGINE";

    // What the engine asks of the kernel. A kernel that has DEFER_TASKRUN, 6.1, has them all, and multishot polls (5.13),
    // accepts (5.19) and receives (6.0), which cannot be probed. Something that plays the kernel may not, and gets epoll whole:
    // an engine that lacks an operation here and there would be one more to test.
    private static readonly (byte Operation, string Name)[] NeededOperations =
    [
        (RingConstants.IORING_OP_POLL_ADD, nameof(RingConstants.IORING_OP_POLL_ADD)),
        (RingConstants.IORING_OP_ASYNC_CANCEL, nameof(RingConstants.IORING_OP_ASYNC_CANCEL)),
        (RingConstants.IORING_OP_ACCEPT, nameof(RingConstants.IORING_OP_ACCEPT)),
        (RingConstants.IORING_OP_RECV, nameof(RingConstants.IORING_OP_RECV)),
        (RingConstants.IORING_OP_SEND, nameof(RingConstants.IORING_OP_SEND)),
        (RingConstants.IORING_OP_SENDMSG, nameof(RingConstants.IORING_OP_SENDMSG)),
    ];

    private static readonly Lock Gate = new();
    private static bool s_isKnown;
    private static string? s_refusal;

    /// <summary>True when the environment chose.</summary>
    internal static bool IsForced => Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 };

    /// <summary>Why io_uring is not to be had, as a sentence; null when it is.</summary>
    internal static string? IoUringRefusal
    {
        get
        {
            if (Volatile.Read(ref s_isKnown))
            {
                return s_refusal;
            }

            lock (Gate)
            {
                if (s_isKnown)
                {
                    return s_refusal;
                }

                int errno = Probe(out string? refusal);
                s_refusal = refusal;
                Volatile.Write(ref s_isKnown, !Passes(errno));
                return refusal;
            }
        }
    }

    /// <summary>What <see cref="EngineKind.Default"/> stands for here, and why it is no better.</summary>
    /// <exception cref="EngineNotSupportedException">The variable names an engine that is not here.</exception>
    internal static (EngineKind Kind, string? Reason) Resolve(EngineKind kind)
    {
        if (kind == EngineKind.IoUring)
        {
            RequireIoUring();
        }

        if (kind != EngineKind.Default)
        {
            return (kind, null);
        }

        string? choice = Environment.GetEnvironmentVariable(EnvironmentVariable);
        switch (choice)
        {
            case null or "":
                return IoUringRefusal is { } refusal ? (EngineKind.Epoll, refusal) : (EngineKind.IoUring, null);
            case "epoll":
                return (EngineKind.Epoll, null);
            case "io_uring":
                return IoUringRefusal is { } reason
                    ? throw new EngineNotSupportedException($"{EnvironmentVariable}={choice}, but {reason}. Unset it, or set it to: epoll")
                    : (EngineKind.IoUring, null);
            default:
                throw new EngineNotSupportedException(
                    $"{EnvironmentVariable}={choice}: there is no such engine. Unset it, or set it to: epoll, io_uring");
        }
    }

    /// <exception cref="EngineNotSupportedException">With the reason.</exception>
    internal static void RequireIoUring()
    {
        if (IoUringRefusal is { } refusal)
        {
            throw new EngineNotSupportedException($"The io_uring engine cannot be had: {refusal}. Use EngineKind.Epoll, or EngineKind.Default.");
        }
    }

    /// <summary>True for what says nothing of io_uring: the process or the machine is short of something now, and may not be later.</summary>
    internal static bool Passes(int errno) => errno is Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE or Errno.EAGAIN or Errno.EINTR;

    // 0, or the errno of io_uring_setup.
    private static int Probe(out string? refusal)
    {
        int errno = Ring.TryCreate(entries: 8, completions: 16, out Ring? ring);
        if (errno != 0)
        {
            refusal = Explain(errno, ReadSysctl());
            return errno;
        }

        using (ring)
        {
            refusal = Lack(ring!.Flags, ring.Supports);
            return 0;
        }
    }

    /// <summary>What a ring lacks that was made, as a sentence; null when it serves.</summary>
    internal static string? Lack(uint flags, Func<byte, bool> supports)
    {
        foreach ((byte operation, string name) in NeededOperations)
        {
            if (!supports(operation))
            {
                return $"this kernel's io_uring lacks {name}";
            }
        }

        return (flags & RingConstants.IORING_SETUP_DEFER_TASKRUN) == 0
            ? "this kernel's io_uring is older than Linux 6.1 (no IORING_SETUP_DEFER_TASKRUN)"
            : null;
    }

    /// <summary>What io_uring_setup's errno means, and what can be done about it.</summary>
    /// <param name="errno">The errno.</param>
    /// <param name="disabled">The sysctl kernel.io_uring_disabled; null where there is none.</param>
    internal static string Explain(int errno, string? disabled) => errno switch
    {
        Errno.ENOSYS => "this kernel has no io_uring (io_uring_setup: ENOSYS)",
        Errno.EPERM when disabled is not (null or "0") =>
            $"the sysctl kernel.io_uring_disabled is {disabled} (io_uring_setup: EPERM)",
        Errno.EPERM => "a seccomp filter or security module forbids io_uring (io_uring_setup: EPERM), as containers often do",
        Errno.ENOMEM => "io_uring got no memory (io_uring_setup: ENOMEM); before Linux 5.12 RLIMIT_MEMLOCK counts, see ulimit -l",
        Errno.EOPNOTSUPP => "this kernel's io_uring is too old (Linux 5.11 is the first with what is needed)",
        _ => $"io_uring_setup: {Errno.Name(errno)}: {Errno.Text(errno)}",
    };

    private static string? ReadSysctl()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/io_uring_disabled").Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // No /proc, or a kernel before 6.6: then it is not the sysctl.
            return null;
        }
    }
}
