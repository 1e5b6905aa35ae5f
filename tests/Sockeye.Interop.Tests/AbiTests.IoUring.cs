using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sockeye.Interop.Tests;

// The structures and numbers of io_uring.
public sealed partial class AbiTests
{
    private static readonly string[] RingStructureNames =
    [
        nameof(SubmissionEntry),
        nameof(CompletionEntry),
        nameof(SubmissionQueueOffsets),
        nameof(CompletionQueueOffsets),
        nameof(RingParameters),
        nameof(RingWait),
        nameof(ProvidedBuffer),
        nameof(BufferRingRegistration),
        nameof(ProbeHeader),
        nameof(ProbeOperation),
    ];

    // In small letters or private, and so not among the constants that are compared by themselves.
    [Theory]
    [MemberData(nameof(Tables))]
    public void Numbers_of_io_urings_calls_are_those_of_the_headers(string name)
    {
        IReadOnlyDictionary<string, long> table = AbiTable.Read(name);
        Assert.Equal(RingConstants.SYS_io_uring_setup, table["number SYS_io_uring_setup"]);
        Assert.Equal(RingConstants.SYS_io_uring_enter, table["number SYS_io_uring_enter"]);
        Assert.Equal(RingConstants.SYS_io_uring_register, table["number SYS_io_uring_register"]);
        foreach (string mapping in new[] { "PROT_READ_WRITE", "MAP_SHARED", "MAP_PRIVATE", "MAP_ANONYMOUS", "MAP_POPULATE" })
        {
            object? ours = typeof(Libc).GetField(mapping, BindingFlags.NonPublic | BindingFlags.Static)!.GetRawConstantValue();
            Assert.Equal(table[$"number {mapping}"], (int)ours!);
        }
    }

    private static void AddRingStructures(Dictionary<string, long> lines)
    {
        SubmissionEntry submissionEntry = default;
        lines["size io_uring_sqe"] = Unsafe.SizeOf<SubmissionEntry>();
        lines["offset io_uring_sqe.opcode"] = Offset(ref submissionEntry, ref submissionEntry.Operation);
        lines["offset io_uring_sqe.flags"] = Offset(ref submissionEntry, ref submissionEntry.Flags);
        lines["offset io_uring_sqe.ioprio"] = Offset(ref submissionEntry, ref submissionEntry.Priority);
        lines["offset io_uring_sqe.fd"] = Offset(ref submissionEntry, ref submissionEntry.Descriptor);
        lines["offset io_uring_sqe.off"] = Offset(ref submissionEntry, ref submissionEntry.Offset);
        lines["offset io_uring_sqe.addr"] = Offset(ref submissionEntry, ref submissionEntry.Address);
        lines["offset io_uring_sqe.len"] = Offset(ref submissionEntry, ref submissionEntry.Length);
        lines["offset io_uring_sqe.msg_flags"] = Offset(ref submissionEntry, ref submissionEntry.OperationFlags);
        lines["offset io_uring_sqe.poll32_events"] = Offset(ref submissionEntry, ref submissionEntry.OperationFlags);
        lines["offset io_uring_sqe.accept_flags"] = Offset(ref submissionEntry, ref submissionEntry.OperationFlags);
        lines["offset io_uring_sqe.cancel_flags"] = Offset(ref submissionEntry, ref submissionEntry.OperationFlags);
        lines["offset io_uring_sqe.user_data"] = Offset(ref submissionEntry, ref submissionEntry.UserData);
        lines["offset io_uring_sqe.buf_group"] = Offset(ref submissionEntry, ref submissionEntry.BufferGroup);
        lines["offset io_uring_sqe.personality"] = Offset(ref submissionEntry, ref submissionEntry.Personality);
        lines["offset io_uring_sqe.file_index"] = Offset(ref submissionEntry, ref submissionEntry.FileIndex);
        lines["offset io_uring_sqe.addr3"] = Offset(ref submissionEntry, ref submissionEntry.Address3);

        CompletionEntry completionEntry = default;
        lines["size io_uring_cqe"] = Unsafe.SizeOf<CompletionEntry>();
        lines["offset io_uring_cqe.user_data"] = Offset(ref completionEntry, ref completionEntry.UserData);
        lines["offset io_uring_cqe.res"] = Offset(ref completionEntry, ref completionEntry.Result);
        lines["offset io_uring_cqe.flags"] = Offset(ref completionEntry, ref completionEntry.Flags);

        SubmissionQueueOffsets submissionQueueOffsets = default;
        lines["size io_sqring_offsets"] = Unsafe.SizeOf<SubmissionQueueOffsets>();
        lines["offset io_sqring_offsets.head"] = Offset(ref submissionQueueOffsets, ref submissionQueueOffsets.Head);
        lines["offset io_sqring_offsets.tail"] = Offset(ref submissionQueueOffsets, ref submissionQueueOffsets.Tail);
        lines["offset io_sqring_offsets.ring_mask"] = Offset(ref submissionQueueOffsets, ref submissionQueueOffsets.Mask);
        lines["offset io_sqring_offsets.ring_entries"] = Offset(ref submissionQueueOffsets, ref submissionQueueOffsets.Entries);
        lines["offset io_sqring_offsets.flags"] = Offset(ref submissionQueueOffsets, ref submissionQueueOffsets.Flags);
        lines["offset io_sqring_offsets.dropped"] = Offset(ref submissionQueueOffsets, ref submissionQueueOffsets.Dropped);
        lines["offset io_sqring_offsets.array"] = Offset(ref submissionQueueOffsets, ref submissionQueueOffsets.Array);

        CompletionQueueOffsets completionQueueOffsets = default;
        lines["size io_cqring_offsets"] = Unsafe.SizeOf<CompletionQueueOffsets>();
        lines["offset io_cqring_offsets.head"] = Offset(ref completionQueueOffsets, ref completionQueueOffsets.Head);
        lines["offset io_cqring_offsets.tail"] = Offset(ref completionQueueOffsets, ref completionQueueOffsets.Tail);
        lines["offset io_cqring_offsets.ring_mask"] = Offset(ref completionQueueOffsets, ref completionQueueOffsets.Mask);
        lines["offset io_cqring_offsets.ring_entries"] = Offset(ref completionQueueOffsets, ref completionQueueOffsets.Entries);
        lines["offset io_cqring_offsets.overflow"] = Offset(ref completionQueueOffsets, ref completionQueueOffsets.Overflow);
        lines["offset io_cqring_offsets.cqes"] = Offset(ref completionQueueOffsets, ref completionQueueOffsets.Completions);
        lines["offset io_cqring_offsets.flags"] = Offset(ref completionQueueOffsets, ref completionQueueOffsets.Flags);

        RingParameters ringParameters = default;
        lines["size io_uring_params"] = Unsafe.SizeOf<RingParameters>();
        lines["offset io_uring_params.sq_entries"] = Offset(ref ringParameters, ref ringParameters.SubmissionEntries);
        lines["offset io_uring_params.cq_entries"] = Offset(ref ringParameters, ref ringParameters.CompletionEntries);
        lines["offset io_uring_params.flags"] = Offset(ref ringParameters, ref ringParameters.Flags);
        lines["offset io_uring_params.sq_thread_cpu"] = Offset(ref ringParameters, ref ringParameters.ThreadProcessor);
        lines["offset io_uring_params.sq_thread_idle"] = Offset(ref ringParameters, ref ringParameters.ThreadIdleMs);
        lines["offset io_uring_params.features"] = Offset(ref ringParameters, ref ringParameters.Features);
        lines["offset io_uring_params.wq_fd"] = Offset(ref ringParameters, ref ringParameters.WorkQueue);
        lines["offset io_uring_params.sq_off"] = Offset(ref ringParameters, ref ringParameters.Submission);
        lines["offset io_uring_params.cq_off"] = Offset(ref ringParameters, ref ringParameters.Completion);

        RingWait ringWait = default;
        lines["size io_uring_getevents_arg"] = Unsafe.SizeOf<RingWait>();
        lines["offset io_uring_getevents_arg.sigmask"] = Offset(ref ringWait, ref ringWait.SignalMask);
        lines["offset io_uring_getevents_arg.sigmask_sz"] = Offset(ref ringWait, ref ringWait.SignalMaskBytes);
        lines["offset io_uring_getevents_arg.min_wait_usec"] = Offset(ref ringWait, ref ringWait.MinimumWaitUs);
        lines["offset io_uring_getevents_arg.ts"] = Offset(ref ringWait, ref ringWait.Limit);

        ProvidedBuffer providedBuffer = default;
        lines["size io_uring_buf"] = Unsafe.SizeOf<ProvidedBuffer>();
        lines["offset io_uring_buf.addr"] = Offset(ref providedBuffer, ref providedBuffer.Address);
        lines["offset io_uring_buf.len"] = Offset(ref providedBuffer, ref providedBuffer.Length);
        lines["offset io_uring_buf.bid"] = Offset(ref providedBuffer, ref providedBuffer.Id);
        lines["offset io_uring_buf.resv"] = Offset(ref providedBuffer, ref providedBuffer.Reserved);

        // BufferRing writes the tail where the first buffer has its last field.
        lines["offset io_uring_buf_ring.tail"] = lines["offset io_uring_buf.resv"];

        BufferRingRegistration bufferRingRegistration = default;
        lines["size io_uring_buf_reg"] = Unsafe.SizeOf<BufferRingRegistration>();
        lines["offset io_uring_buf_reg.ring_addr"] = Offset(ref bufferRingRegistration, ref bufferRingRegistration.Address);
        lines["offset io_uring_buf_reg.ring_entries"] = Offset(ref bufferRingRegistration, ref bufferRingRegistration.Entries);
        lines["offset io_uring_buf_reg.bgid"] = Offset(ref bufferRingRegistration, ref bufferRingRegistration.Group);
        lines["offset io_uring_buf_reg.flags"] = Offset(ref bufferRingRegistration, ref bufferRingRegistration.Flags);

        ProbeHeader probeHeader = default;
        lines["size io_uring_probe"] = Unsafe.SizeOf<ProbeHeader>();
        lines["offset io_uring_probe.last_op"] = Offset(ref probeHeader, ref probeHeader.LastOperation);
        lines["offset io_uring_probe.ops_len"] = Offset(ref probeHeader, ref probeHeader.OperationCount);

        // The operations follow the header at once.
        lines["offset io_uring_probe.ops"] = lines["size io_uring_probe"];

        ProbeOperation probeOperation = default;
        lines["size io_uring_probe_op"] = Unsafe.SizeOf<ProbeOperation>();
        lines["offset io_uring_probe_op.op"] = Offset(ref probeOperation, ref probeOperation.Operation);
        lines["offset io_uring_probe_op.flags"] = Offset(ref probeOperation, ref probeOperation.Flags);
    }
}
