using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>The file of a bound UNIX socket. Duplicates share it; the last one to be disposed removes it.</summary>
internal sealed class BoundFile
{
    private int _sockets = 1;

    private BoundFile(byte[] path) => Path = path;

    /// <summary>From the root, and with a final NUL.</summary>
    internal byte[] Path { get; }

    /// <summary>The file that bind(2) made for this address.</summary>
    /// <returns>Null for an address that is no path.</returns>
    internal static BoundFile? At(ReadOnlySpan<byte> address)
    {
        ReadOnlySpan<byte> path = UnixEndPoint.NameIn(address);
        if (path is [] or [0, ..])
        {
            return null;
        }

        // The working directory may be another when the file is to be removed.
        return new BoundFile(path[0] == '/' || Libc.CurrentDirectory() is not { } directory
            ? [.. path, 0]
            : [.. directory, (byte)'/', .. path, 0]);
    }

    internal BoundFile Share()
    {
        Interlocked.Increment(ref _sockets);
        return this;
    }

    internal bool Release() => Interlocked.Decrement(ref _sockets) == 0;
}
