namespace Sockeye.Cli;

/// <summary>
/// Datagrams that a socket's receive buffer had no room for. The kernel drops them without a word to anybody, and counts
/// them from the socket's beginning: SK_MEMINFO_DROPS of SO_MEMINFO.
/// </summary>
/// <param name="socket">A socket of datagrams; the caller's.</param>
internal sealed class QueueDrops(Socket socket)
{
    private uint _told;

    /// <summary>How many were dropped since the last call; 0 where the kernel does not say.</summary>
    public long Take()
    {
        uint count = socket.TryGetOption(SocketOptions.Memory).TryGetValue(out SocketMemory memory) ? memory.Drops : _told;
        uint more = unchecked(count - _told); // the kernel's counter has 32 bits, and wraps around
        _told = count;
        return more;
    }

    /// <summary>What to say of them, and what to do about it.</summary>
    /// <param name="dropped">How many.</param>
    public static string Text(long dropped) =>
        $"{dropped} {(dropped == 1 ? "datagram" : "datagrams")} came faster than they were read, and the kernel dropped them; ?receive_buffer=4m holds more, up to the sysctl net.core.rmem_max";
}
