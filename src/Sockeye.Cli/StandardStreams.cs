using Microsoft.Win32.SafeHandles;

namespace Sockeye.Cli;

/// <summary>Standard input and output as bytes, with what .NET's console hides: a reader who went away.</summary>
internal static class StandardStreams
{
    private const int BrokenPipe = 32; // EPIPE

    /// <summary>
    /// Where standard error was closed, its number is a file of the runtime's, which words about a command must not get
    /// into. To be called before anything is said.
    /// </summary>
    public static void KeepOffClosedErrors()
    {
        if (!IsInherited(2))
        {
            Console.SetError(TextWriter.Null);
        }
    }

    /// <summary>Standard input; one that is closed has ended.</summary>
    public static Stream OpenInput()
    {
        // At a terminal the console would edit lines itself, in .NET's way; read(2) leaves that to the terminal.
        try
        {
            return !IsInherited(0) ? Stream.Null
                : Console.IsInputRedirected ? Console.OpenStandardInput() : Open(0, FileAccess.Read);
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
            if (!IsInherited(1))
            {
                return new ClosedStream();
            }

            if (Console.IsOutputRedirected && Open(1, FileAccess.Write) is { CanSeek: false } pipe)
            {
                return pipe;
            }
        }
        catch (Exception e) when (IsFileProblem(e) || e is ArgumentException)
        {
            // Closed, or no file at all: the console's stream says so at the first write.
        }

        return Console.OpenStandardOutput();
    }

    /// <summary>Whether this is how a file says no.</summary>
    /// <param name="e">What was thrown.</param>
    public static bool IsFileProblem(Exception e) =>
        e is IOException or UnauthorizedAccessException or ObjectDisposedException; // the second is .NET's name for EBADF

    /// <summary>EPIPE: whoever read the output has gone, as head does when it has enough.</summary>
    /// <param name="e">What a write threw.</param>
    public static bool IsReaderGone(Exception? e) => e is IOException && e.HResult == BrokenPipe;

    /// <summary>
    /// Whether this process was started with a descriptor. Where it was not, the number is one that the runtime has given
    /// to a file of its own, which is close-on-exec as no inherited one can be: nothing that we may touch.
    /// </summary>
    private static bool IsInherited(int descriptor)
    {
        const int CloseOnExec = 0x80000; // O_CLOEXEC, as proc_pid_fdinfo(5) shows FD_CLOEXEC
        try
        {
            // As "flags:", a tab, "0100000".
            string? flags = File.ReadLines($"/proc/self/fdinfo/{descriptor}").FirstOrDefault(static line => line.StartsWith("flags:", StringComparison.Ordinal));
            return flags is not null && (Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & CloseOnExec) == 0;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (IsFileProblem(e)) // no /proc: then as it was
        {
            return true;
        }
    }

    private static FileStream Open(int descriptor, FileAccess access) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);

    /// <summary>An output that was closed when the process started.</summary>
    private sealed class ClosedStream : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("it is closed");

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
