using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Linux's own MSG_ flags beside .NET's: <c>SocketFlags.WaitAll</c>, <c>SocketFlags.DontWait</c>, …
/// </summary>
/// <remarks>
/// .NET's named bits keep .NET's meaning, and some of their numbers are other MSG_ flags in Linux. A value with bit
/// 31 set carries Linux MSG_ numbers in its other bits. OutOfBand, Peek and DontRoute are the same in both and may
/// be combined with either kind. These are properties, not constants: they cannot stand in a <c>case</c>.
/// </remarks>
public static class LinuxSocketFlags
{
    private const int Tag = unchecked((int)0x8000_0000);
    private const int Common = SocketConstants.MSG_OOB | SocketConstants.MSG_PEEK | SocketConstants.MSG_DONTROUTE;

    // MSG_FIN and MSG_SYN, which no caller may pass: under the tag these bits can only be .NET's flags, mixed in.
    private const int NeverLinux = (int)(SocketFlags.ControlDataTruncated | SocketFlags.Broadcast);

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
        public static SocketFlags DontWait => (SocketFlags)(Tag | SocketConstants.MSG_DONTWAIT);

        /// <summary>MSG_WAITALL: a receive on a stream waits until the buffer is full, the stream ends or fails; recv(2).</summary>
        public static SocketFlags WaitAll => (SocketFlags)(Tag | SocketConstants.MSG_WAITALL);

        /// <summary>MSG_MORE: more data follows; hold this back to fill a segment or datagram; send(2).</summary>
        public static SocketFlags More => (SocketFlags)(Tag | SocketConstants.MSG_MORE);

        /// <summary>MSG_NOSIGNAL: no SIGPIPE when the peer has closed; send(2). Every send of this library passes it.</summary>
        public static SocketFlags NoSignal => (SocketFlags)(Tag | SocketConstants.MSG_NOSIGNAL);

        /// <summary>MSG_CONFIRM: tell the link layer that the peer is there; send(2).</summary>
        public static SocketFlags Confirm => (SocketFlags)(Tag | SocketConstants.MSG_CONFIRM);

        /// <summary>MSG_EOR: ends a record, on socket types that have them; send(2).</summary>
        public static SocketFlags EndOfRecord => (SocketFlags)(Tag | SocketConstants.MSG_EOR);

        /// <summary>MSG_ERRQUEUE: receive from the socket's error queue; recv(2), ip(7).</summary>
        public static SocketFlags ErrorQueue => (SocketFlags)(Tag | SocketConstants.MSG_ERRQUEUE);

        /// <summary>
        /// MSG_ZEROCOPY: send without copying, where SO_ZEROCOPY is set; kernel's msg_zerocopy.rst. The memory must be
        /// pinned and stay as it is until <see cref="Socket.ReceiveError"/> tells that the send is done.
        /// </summary>
        public static SocketFlags ZeroCopy => (SocketFlags)(Tag | SocketConstants.MSG_ZEROCOPY);

        /// <summary>MSG_FASTOPEN: connect and send at once; tcp(7).</summary>
        public static SocketFlags FastOpen => (SocketFlags)(Tag | SocketConstants.MSG_FASTOPEN);
    }

    /// <summary>The kernel's flags for <paramref name="flags"/>.</summary>
    /// <param name="flags">.NET's flags, or tagged ones.</param>
    /// <param name="linux">MSG_ numbers. MSG_TRUNC: the caller wants a cut message's true length, not an error.</param>
    /// <returns>False when Linux has no such flag for a call: EOPNOTSUPP.</returns>
    /// <exception cref="ArgumentException">.NET's flags are mixed with Linux's.</exception>
    internal static bool TryToLinux(SocketFlags flags, out int linux)
    {
        int bits = (int)flags;
        if (bits >= 0)
        {
            linux = bits & Common;
            if ((flags & SocketFlags.Truncated) != 0)
            {
                linux |= SocketConstants.MSG_TRUNC;
            }

            return (bits & ~(Common | (int)SocketFlags.Truncated)) == 0;
        }

        linux = bits & ~Tag;
        return (linux & NeverLinux) == 0
            ? true
            : throw new ArgumentException(
                $"SocketFlags 0x{bits:X8} mixes Linux's flags with .NET's; only OutOfBand, Peek and DontRoute go with both.",
                nameof(flags));
    }

    /// <summary>
    /// .NET's flags for those recvmsg(2) returned. Those that .NET has no bit for keep Linux's number, and bit 31 says
    /// so; its Truncated and ControlDataTruncated stand beside them, since no MSG_WAITALL or MSG_FIN is ever returned.
    /// </summary>
    internal static SocketFlags FromLinux(int flags)
    {
        var result = (SocketFlags)(flags & Common);
        if ((flags & SocketConstants.MSG_TRUNC) != 0)
        {
            result |= SocketFlags.Truncated;
        }

        if ((flags & SocketConstants.MSG_CTRUNC) != 0)
        {
            result |= SocketFlags.ControlDataTruncated;
        }

        // MSG_CMSG_CLOEXEC is our own, told back.
        int others = flags & ~(Common | SocketConstants.MSG_TRUNC | SocketConstants.MSG_CTRUNC | SocketConstants.MSG_CMSG_CLOEXEC
            | (int)(SocketFlags.Truncated | SocketFlags.ControlDataTruncated));
        return others == 0 ? result : result | (SocketFlags)(Tag | others);
    }

    /// <summary>Returned flags by name, as <c>Truncated, EndOfRecord</c>.</summary>
    internal static string Describe(SocketFlags flags)
    {
        int rest = (int)flags & ~Tag;
        var names = new List<string>();
        foreach ((SocketFlags flag, string name) in Returned)
        {
            int bits = (int)flag & ~Tag;
            if (flags.HasFlag(flag) && (rest & bits) != 0)
            {
                names.Add(name);
                rest &= ~bits;
            }
        }

        return string.Join(", ", rest == 0 ? names : [.. names, $"0x{rest:X}"]);
    }
}
