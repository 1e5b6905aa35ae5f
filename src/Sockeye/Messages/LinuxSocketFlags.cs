using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Linux's own MSG_ flags beside .NET's: <c>SocketFlags.WaitAll</c>, <c>SocketFlags.DontWait</c>, …</summary>
/// <remarks>
/// Three of Linux's flags have a number that means something else in .NET: MSG_WAITALL (Truncated), MSG_CONFIRM
/// (Multicast) and MSG_MORE (Partial). <c>WaitAll</c>, <c>Confirm</c> and <c>More</c> have bits of their own, which no
/// MSG_ flag uses; all the others are the kernel's numbers. So any of them may be combined and tested like .NET's:
/// <c>(flags &amp; SocketFlags.EndOfRecord) != 0</c>. A MSG_ number without a name here is passed on as it is. These are
/// properties, not constants: they cannot stand in a <c>case</c>.
/// </remarks>
public static class LinuxSocketFlags
{
    // Bits 21 to 23: unused by MSG_ flags up to Linux 6.18, the kernel's internal ones included.
    private const int WaitAllBit = 0x20_0000;
    private const int ConfirmBit = 0x40_0000;
    private const int MoreBit = 0x80_0000;

    // .NET's flags under numbers that are Linux's too. Broadcast is MSG_SYN and ControlDataTruncated MSG_FIN there, which
    // the kernel neither takes nor returns.
    private const SocketFlags Unsupported =
        SocketFlags.ControlDataTruncated | SocketFlags.Broadcast | SocketFlags.Multicast | SocketFlags.Partial;

    private const int Translated = SocketConstants.MSG_WAITALL | SocketConstants.MSG_CONFIRM | SocketConstants.MSG_MORE;

    private static readonly SocketFlags[] UnsupportedOnes =
        [SocketFlags.ControlDataTruncated, SocketFlags.Broadcast, SocketFlags.Multicast, SocketFlags.Partial];

    private static readonly (SocketFlags Flag, string Name)[] Returned =
    [
        (SocketFlags.OutOfBand, nameof(SocketFlags.OutOfBand)),
        (SocketFlags.Peek, nameof(SocketFlags.Peek)),
        (SocketFlags.DontRoute, nameof(SocketFlags.DontRoute)),
        (SocketFlags.Truncated, nameof(SocketFlags.Truncated)),
        (SocketFlags.ControlDataTruncated, nameof(SocketFlags.ControlDataTruncated)),
        (SocketFlags.EndOfRecord, "EndOfRecord"),
        (SocketFlags.ErrorQueue, "ErrorQueue"),
        (SocketFlags.Confirm, "Confirm"),
    ];

    extension(SocketFlags)
    {
        /// <summary>MSG_DONTWAIT: this call does not wait, whatever the socket's Timeout and Blocking say; recv(2), send(2).</summary>
        public static SocketFlags DontWait => (SocketFlags)SocketConstants.MSG_DONTWAIT;

        /// <summary>MSG_WAITALL: a receive on a stream waits until the buffer is full, the stream ends or fails; recv(2).</summary>
        public static SocketFlags WaitAll => (SocketFlags)WaitAllBit;

        /// <summary>MSG_MORE: more data follows; hold this back to fill a segment or datagram; send(2).</summary>
        public static SocketFlags More => (SocketFlags)MoreBit;

        /// <summary>MSG_NOSIGNAL: no SIGPIPE when the peer has closed; send(2). Every send of this library passes it.</summary>
        public static SocketFlags NoSignal => (SocketFlags)SocketConstants.MSG_NOSIGNAL;

        /// <summary>MSG_CONFIRM: tell the link layer that the peer is there; send(2).</summary>
        public static SocketFlags Confirm => (SocketFlags)ConfirmBit;

        /// <summary>MSG_EOR: ends a record, on socket types that have them; send(2).</summary>
        public static SocketFlags EndOfRecord => (SocketFlags)SocketConstants.MSG_EOR;

        /// <summary>MSG_ERRQUEUE: receive from the socket's error queue; recv(2), ip(7).</summary>
        public static SocketFlags ErrorQueue => (SocketFlags)SocketConstants.MSG_ERRQUEUE;

        /// <summary>
        /// MSG_ZEROCOPY: send without copying, where SO_ZEROCOPY is set; kernel's msg_zerocopy.rst. The memory must be
        /// pinned and stay as it is until <see cref="Socket.ReceiveError"/> reports that the send is done.
        /// </summary>
        public static SocketFlags ZeroCopy => (SocketFlags)SocketConstants.MSG_ZEROCOPY;

        /// <summary>MSG_FASTOPEN: connect and send at once; tcp(7).</summary>
        public static SocketFlags FastOpen => (SocketFlags)SocketConstants.MSG_FASTOPEN;
    }

    /// <summary>The kernel's flags for <paramref name="flags"/>.</summary>
    /// <param name="flags">.NET's flags, Linux's, or both.</param>
    /// <param name="linux">MSG_ numbers. MSG_TRUNC: the caller wants a cut message's true length, not an error.</param>
    /// <returns>False when Linux has no such flag for a call: EOPNOTSUPP.</returns>
    internal static bool TryToLinux(SocketFlags flags, out int linux)
    {
        linux = (int)flags;
        const int ToTranslate = WaitAllBit | ConfirmBit | MoreBit | (int)(SocketFlags.Truncated | Unsupported);
        if ((linux & ToTranslate) == 0)
        {
            return true;
        }

        bool isSupported = (flags & Unsupported) == 0;
        linux &= ~ToTranslate;
        linux |= ((flags & SocketFlags.Truncated) != 0 ? SocketConstants.MSG_TRUNC : 0)
            | (((int)flags & WaitAllBit) != 0 ? SocketConstants.MSG_WAITALL : 0)
            | (((int)flags & ConfirmBit) != 0 ? SocketConstants.MSG_CONFIRM : 0)
            | (((int)flags & MoreBit) != 0 ? SocketConstants.MSG_MORE : 0);
        return isSupported;
    }

    /// <summary>Which of <paramref name="flags"/> Linux lacks, and what to pass in its place; null when it lacks none.</summary>
    internal static string? Refusal(SocketFlags flags)
    {
        if ((flags & Unsupported) == 0)
        {
            return null;
        }

        string names = string.Join(
            " and no ", UnsupportedOnes.Where(one => (flags & one) != 0).Select(static one => $"{nameof(SocketFlags)}.{one}"));
        string advice = (flags & SocketFlags.Partial) != 0 ? $"; {nameof(SocketFlags)}.More holds data back for more of it" : "";
        return $"Linux has no {names} for a call to pass{advice}";
    }

    /// <summary>The flags that recvmsg(2) returned, as a caller sees them: the reverse of <see cref="TryToLinux"/>.</summary>
    internal static SocketFlags FromLinux(int flags)
    {
        // MSG_CMSG_CLOEXEC is our own, returned to us.
        const int NotPassedOn = SocketConstants.MSG_TRUNC | SocketConstants.MSG_CTRUNC | SocketConstants.MSG_CMSG_CLOEXEC
            | Translated | (int)Unsupported;
        var result = (SocketFlags)(flags & ~NotPassedOn);
        if ((flags & ~(int)result) == 0)
        {
            return result;
        }

        return result
            | ((flags & SocketConstants.MSG_TRUNC) != 0 ? SocketFlags.Truncated : 0)
            | ((flags & SocketConstants.MSG_CTRUNC) != 0 ? SocketFlags.ControlDataTruncated : 0)
            | ((flags & SocketConstants.MSG_WAITALL) != 0 ? SocketFlags.WaitAll : 0)
            | ((flags & SocketConstants.MSG_CONFIRM) != 0 ? SocketFlags.Confirm : 0)
            | ((flags & SocketConstants.MSG_MORE) != 0 ? SocketFlags.More : 0);
    }

    /// <summary>Returned flags by name, as <c>Truncated, EndOfRecord</c>; those without one as a MSG_ number.</summary>
    internal static string Describe(SocketFlags flags)
    {
        var names = new List<string>();
        foreach ((SocketFlags flag, string name) in Returned)
        {
            if ((flags & flag) != 0)
            {
                names.Add(name);
                flags &= ~flag;
            }
        }

        if (flags != SocketFlags.None)
        {
            TryToLinux(flags, out int rest);
            names.Add($"0x{rest:X}");
        }

        return string.Join(", ", names);
    }
}
