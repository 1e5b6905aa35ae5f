using Microsoft.Win32.SafeHandles;

namespace Sockeye.Cli;

/// <summary>
/// Standard input and output as bytes. Reports what .NET's console hides, that the reader has gone, and waits where .NET
/// reports an end: on a pipe that another program has made non-blocking.
/// </summary>
internal static class StandardStreams
{
    private const int BrokenPipe = 32; // EPIPE
    private const int Again = 11; // EAGAIN
    private const int NonBlocking = 0x800; // O_NONBLOCK
    private const int CloseOnExec = 0x80000; // O_CLOEXEC, as proc_pid_fdinfo(5) shows FD_CLOEXEC

    /// <summary>
    /// If standard error was closed, its number belongs to a file of the runtime's, into which no messages may be written. To be
    /// called before anything is written.
    /// </summary>
    public static void KeepOffClosedErrors()
    {
        if (!IsInherited(2, out _))
        {
            Console.SetError(TextWriter.Null);
        }
    }

    /// <summary>Standard input; if it was closed, an empty one.</summary>
    public static Stream OpenInput()
    {
        // At a terminal the console would edit lines itself, in .NET's way; read(2) leaves that to the terminal.
        try
        {
            return !IsInherited(0, out _) ? Stream.Null
                : new StandardStream(Console.IsInputRedirected ? Console.OpenStandardInput() : Open(0, FileAccess.Read));
        }
        catch (Exception e) when (IsFileProblem(e) || e is ArgumentException)
        {
            return Stream.Null;
        }
    }

    /// <summary>
    /// Standard output. The console's stream takes EPIPE for success (dotnet/runtime, UnixConsoleStream), so that
    /// <c>sockeye … | head -1</c> would never end; a file's does not. A file that can seek keeps the console's, which
    /// moves the offset that this process shares with whoever writes after it: <c>(sockeye …; date) >file</c>.
    /// </summary>
    public static Stream OpenOutput()
    {
        try
        {
            if (!IsInherited(1, out int flags))
            {
                return new StandardStream(null);
            }

            // A file's stream does not wait for a non-blocking pipe. Opened again, a pipe is one of our own, and blocks.
            if (Console.IsOutputRedirected && Open(1, FileAccess.Write) is { CanSeek: false } pipe)
            {
                return (flags & NonBlocking) == 0 ? pipe
                    : new FileStream("/proc/self/fd/1", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            }
        }
        catch (Exception e) when (IsFileProblem(e) || e is ArgumentException)
        {
            // Closed, or no file at all: the console's stream says so at the first write. It waits for a socket, too,
            // which cannot be opened again.
        }

        return Console.OpenStandardOutput();
    }

    /// <summary>Whether a file operation throws this.</summary>
    /// <param name="e">What was thrown.</param>
    public static bool IsFileProblem(Exception e) =>
        e is IOException or UnauthorizedAccessException or ObjectDisposedException; // the second is .NET's name for EBADF

    /// <summary>EPIPE: whatever read the output has exited, as head does when it has enough.</summary>
    /// <param name="e">What a write threw.</param>
    public static bool IsReaderGone(Exception? e) => e is IOException && e.HResult == BrokenPipe;

    /// <summary>
    /// Whether this process was started with a descriptor. Where it was not, the number is one that the runtime has given
    /// to a file of its own, which is close-on-exec as no inherited one can be: nothing that we may touch.
    /// </summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="flags">Its flags, as open(2) has them.</param>
    private static bool IsInherited(int descriptor, out int flags)
    {
        flags = 0;
        try
        {
            // As "flags:", a tab, "0100000".
            string? line = File.ReadLines($"/proc/self/fdinfo/{descriptor}").FirstOrDefault(static line => line.StartsWith("flags:", StringComparison.Ordinal));
            flags = line is null ? CloseOnExec : Convert.ToInt32(line["flags:".Length..].Trim(), 8);
            return (flags & CloseOnExec) == 0;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (IsFileProblem(e)) // no /proc: then as any other
        {
            return true;
        }
    }

    private static FileStream Open(int descriptor, FileAccess access) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);

    /// <summary>
    /// Standard input once more, as a description of its own that blocks: the flag belongs to the old one. A pipe or a
    /// terminal is opened by its name; a socket has none, and the library waits for it.
    /// </summary>
    private static Stream ReopenInput()
    {
        try
        {
            return new FileStream("/proc/self/fd/0", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        }
        catch (IOException)
        {
            return SocketUri.Parse("fd:0").CreateSocket().MakeFile(FileAccess.Read, bufferSize: 0); // ENXIO
        }
    }

    /// <summary>An input that waits, non-blocking or not; or, of null, an output that was closed when the process started.</summary>
    private sealed class StandardStream(Stream? input) : Stream
    {
        private Stream? _input = input;

        public override bool CanRead => _input is not null;

        public override bool CanSeek => false;

        public override bool CanWrite => _input is null;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            try
            {
                return _input?.Read(buffer) ?? throw new NotSupportedException();
            }
            catch (IOException e) when (e.HResult == Again)
            {
                _input = ReopenInput();
                return _input.Read(buffer);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("it is closed");

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
