using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>&lt;linux/io_uring.h&gt;.</summary>
internal static class RingConstants
{
    // The numbers of the system calls, the same on every machine: <asm-generic/unistd.h>.
    internal const int SYS_io_uring_setup = 425;
    internal const int SYS_io_uring_enter = 426;
    internal const int SYS_io_uring_register = 427;

    internal const uint IORING_SETUP_CQSIZE = 1u << 3;
    internal const uint IORING_SETUP_CLAMP = 1u << 4;
    internal const uint IORING_SETUP_R_DISABLED = 1u << 6;
    internal const uint IORING_SETUP_SUBMIT_ALL = 1u << 7;
    internal const uint IORING_SETUP_COOP_TASKRUN = 1u << 8;
    internal const uint IORING_SETUP_SINGLE_ISSUER = 1u << 12;
    internal const uint IORING_SETUP_DEFER_TASKRUN = 1u << 13;
    internal const uint IORING_SETUP_NO_SQARRAY = 1u << 16;

    internal const uint IORING_FEAT_SINGLE_MMAP = 1u << 0;
    internal const uint IORING_FEAT_NODROP = 1u << 1;
    internal const uint IORING_FEAT_SUBMIT_STABLE = 1u << 2;
    internal const uint IORING_FEAT_EXT_ARG = 1u << 8;
    internal const uint IORING_FEAT_CQE_SKIP = 1u << 11;

    internal const uint IORING_SQ_CQ_OVERFLOW = 1u << 1;

    internal const uint IORING_ENTER_GETEVENTS = 1u << 0;
    internal const uint IORING_ENTER_EXT_ARG = 1u << 3;

    internal const long IORING_OFF_SQ_RING = 0;
    internal const long IORING_OFF_SQES = 0x1000_0000;

    internal const byte IORING_OP_NOP = 0;
    internal const byte IORING_OP_POLL_ADD = 6;
    internal const byte IORING_OP_SENDMSG = 9;
    internal const byte IORING_OP_ACCEPT = 13;
    internal const byte IORING_OP_ASYNC_CANCEL = 14;
    internal const byte IORING_OP_CLOSE = 19;
    internal const byte IORING_OP_SEND = 26;
    internal const byte IORING_OP_RECV = 27;

    internal const byte IOSQE_BUFFER_SELECT = 1 << 5;
    internal const byte IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

    internal const uint IORING_POLL_ADD_MULTI = 1u << 0;

    internal const uint IORING_ASYNC_CANCEL_ALL = 1u << 0;
    internal const uint IORING_ASYNC_CANCEL_ANY = 1u << 2;

    internal const ushort IORING_RECV_MULTISHOT = 1 << 1;
    internal const ushort IORING_ACCEPT_MULTISHOT = 1 << 0;

    internal const uint IORING_CQE_F_BUFFER = 1u << 0;
    internal const uint IORING_CQE_F_MORE = 1u << 1;
    internal const uint IORING_CQE_F_BUF_MORE = 1u << 4;
    internal const int IORING_CQE_BUFFER_SHIFT = 16;

    internal const uint IORING_REGISTER_PROBE = 8;
    internal const uint IORING_REGISTER_ENABLE_RINGS = 12;
    internal const uint IORING_REGISTER_PBUF_RING = 22;
    internal const uint IORING_UNREGISTER_PBUF_RING = 23;
    internal const ushort IOU_PBUF_RING_INC = 2;
    internal const ushort IO_URING_OP_SUPPORTED = 1 << 0;
}

/// <summary>struct io_uring_sqe: one request to the kernel. The names in brackets are the kernel's for the operations used here.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SubmissionEntry
{
    internal byte Operation;
    internal byte Flags;
    internal ushort Priority;
    internal int Descriptor;
    internal ulong Offset;
    internal ulong Address;
    internal uint Length;

    /// <summary>msg_flags, poll32_events, accept_flags, cancel_flags.</summary>
    internal uint OperationFlags;
    internal ulong UserData;
    internal ushort BufferGroup;
    internal ushort Personality;
    internal int FileIndex;
    internal ulong Address3;
    internal ulong Padding;
}

/// <summary>struct io_uring_cqe: one completion.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CompletionEntry
{
    internal ulong UserData;
    internal int Result;
    internal uint Flags;
}

/// <summary>struct io_sqring_offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SubmissionQueueOffsets
{
    internal uint Head;
    internal uint Tail;
    internal uint Mask;
    internal uint Entries;
    internal uint Flags;
    internal uint Dropped;
    internal uint Array;
    internal uint Reserved;
    internal ulong UserAddress;
}

/// <summary>struct io_cqring_offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CompletionQueueOffsets
{
    internal uint Head;
    internal uint Tail;
    internal uint Mask;
    internal uint Entries;
    internal uint Overflow;
    internal uint Completions;
    internal uint Flags;
    internal uint Reserved;
    internal ulong UserAddress;
}

/// <summary>struct io_uring_params.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RingParameters
{
    internal uint SubmissionEntries;
    internal uint CompletionEntries;
    internal uint Flags;
    internal uint ThreadProcessor;
    internal uint ThreadIdleMs;
    internal uint Features;
    internal uint WorkQueue;
    internal uint Reserved0;
    internal uint Reserved1;
    internal uint Reserved2;
    internal SubmissionQueueOffsets Submission;
    internal CompletionQueueOffsets Completion;
}

/// <summary>struct io_uring_getevents_arg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RingWait
{
    internal ulong SignalMask;
    internal uint SignalMaskBytes;
    internal uint MinimumWaitUs;
    internal ulong Limit;
}

/// <summary>struct io_uring_buf: a buffer given to the kernel. The first one's Reserved is the buffer ring's tail.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ProvidedBuffer
{
    internal ulong Address;
    internal uint Length;
    internal ushort Id;
    internal ushort Reserved;
}

/// <summary>struct io_uring_buf_reg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BufferRingRegistration
{
    internal ulong Address;
    internal uint Entries;
    internal ushort Group;
    internal ushort Flags;
    internal ulong Reserved0;
    internal ulong Reserved1;
    internal ulong Reserved2;
}

/// <summary>struct io_uring_probe, without its operations.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ProbeHeader
{
    internal byte LastOperation;
    internal byte OperationCount;
    internal ushort Reserved;
    internal uint Reserved0;
    internal uint Reserved1;
    internal uint Reserved2;
}

/// <summary>struct io_uring_probe_op.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ProbeOperation
{
    internal byte Operation;
    internal byte Reserved;
    internal ushort Flags;
    internal uint Reserved0;
}
