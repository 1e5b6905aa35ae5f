using System.Runtime.InteropServices;
using System.Text;

namespace Sockeye.Interop;

// What the address families need beside the socket calls: the file of a UNIX socket.
internal static unsafe partial class Libc
{
    // ── fchmod(2), open(2), statx(2), chmod(2), getcwd(3) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int fchmod(SocketHandle socket, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int open(byte* path, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int statx(int directory, byte* path, int flags, uint mask, byte* status);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int chmod(byte* path, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    private static partial byte* getcwd(byte* buffer, nuint size);

    /// <summary>The mode of the socket itself, which bind(2) gives a UNIX socket's file, less the umask.</summary>
    internal static int ChangeMode(SocketHandle socket, uint mode) => Result(fchmod(socket, mode));

    /// <summary>Gives the socket's file at <paramref name="path"/>, bytes that end with 0, the bits of <paramref name="mode"/> it lacks.</summary>
    /// <returns>0; or −errno. −ENOTSOCK: something else is there now, and was left alone.</returns>
    /// <remarks>The file is held by a descriptor between looking and changing: a link put in its place is not followed.</remarks>
    internal static int WidenSocketFile(ReadOnlySpan<byte> path, uint mode)
    {
        if (path.IsEmpty || path[^1] != 0)
        {
            return -Errno.EINVAL;
        }

        int file;
        fixed (byte* pointer = path)
        {
            file = Result(open(pointer, FamilyConstants.O_PATH | FamilyConstants.O_NOFOLLOW | SocketConstants.SOCK_CLOEXEC));
        }

        if (file < 0)
        {
            return file;
        }

        byte* status = stackalloc byte[FamilyConstants.StatxBytes];
        byte* name = stackalloc byte[32];
        *name = 0;
        int result = Result(statx(file, name, FamilyConstants.AT_EMPTY_PATH, FamilyConstants.STATX_TYPE | FamilyConstants.STATX_MODE, status));
        if (result >= 0)
        {
            uint has = *(ushort*)(status + FamilyConstants.StatxModeOffset);
            if ((has & FamilyConstants.S_IFMT) != FamilyConstants.S_IFSOCK)
            {
                result = -Errno.ENOTSOCK;
            }
            else if ((mode & ~has) != 0)
            {
                // An O_PATH descriptor takes no fchmod; its entry in /proc leads to the same file.
                int count = Encoding.ASCII.GetBytes($"/proc/self/fd/{file}", new Span<byte>(name, 31));
                name[count] = 0;
                result = Result(chmod(name, mode));
            }
        }

        _ = close(file);
        return result;
    }

    /// <summary>The working directory's path, without a NUL.</summary>
    /// <returns>Null when it was removed, or is longer than PATH_MAX.</returns>
    internal static byte[]? CurrentDirectory()
    {
        byte[] buffer = new byte[FamilyConstants.PATH_MAX];
        fixed (byte* pointer = buffer)
        {
            return getcwd(pointer, (nuint)buffer.Length) == null ? null : buffer[..Array.IndexOf(buffer, (byte)0)];
        }
    }
}
