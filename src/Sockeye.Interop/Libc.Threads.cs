using System.Runtime.InteropServices;

namespace Sockeye.Interop;

// sched_setaffinity(2), sched_getaffinity(2): on which processors the calling thread may run.
internal static unsafe partial class Libc
{
    /// <summary>How many processors a cpu_set_t names: CPU_SETSIZE.</summary>
    internal const int ProcessorsMax = 1024;

    [LibraryImport(Library, SetLastError = true)]
    private static partial int sched_setaffinity(int thread, nuint length, byte* set);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int sched_getaffinity(int thread, nuint length, byte* set);

    /// <summary>The numbers of the processors that the calling thread may run on.</summary>
    /// <returns>0, or −errno.</returns>
    internal static int GetAffinity(out int[] processors)
    {
        // In bytes: the set's words are the machine's, which is little-endian wherever this runs.
        Span<byte> set = stackalloc byte[ProcessorsMax / 8];
        set.Clear();
        int result;
        fixed (byte* pointer = set)
        {
            result = Result(sched_getaffinity(0, (nuint)set.Length, pointer));
        }

        var found = new List<int>();
        for (int i = 0; i < ProcessorsMax && result >= 0; i++)
        {
            if ((set[i / 8] & (1 << (i % 8))) != 0)
            {
                found.Add(i);
            }
        }

        processors = [.. found];
        return Math.Min(result, 0);
    }

    /// <summary>Keeps the calling thread on one processor.</summary>
    /// <returns>0, or −errno: EINVAL when it is not among the allowed ones.</returns>
    internal static int SetAffinity(int processor)
    {
        Span<byte> set = stackalloc byte[ProcessorsMax / 8];
        set.Clear();
        set[processor / 8] = (byte)(1 << (processor % 8));
        fixed (byte* pointer = set)
        {
            return Result(sched_setaffinity(0, (nuint)set.Length, pointer));
        }
    }
}
