using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>The requests of a ring that are in flight and are more than a poll: who gets which completion.</summary>
/// <remarks>
/// Contract. The ring's thread alone. A request has a slot from <see cref="Add"/> to its last completion; the generation in
/// the user data keeps a completion of a slot's last owner from its next one.
/// </remarks>
internal sealed class RequestTable
{
    // Of rings that have ended without a last completion for them: what memory they name the kernel may still read and write.
    private static readonly List<IRingRequest> Orphans = [];

    private IRingRequest?[] _requests = new IRingRequest?[16];
    private readonly Stack<int> _free = new();
    private int _used;
    private uint _generation;

    /// <summary>True when none is in flight.</summary>
    internal bool IsEmpty => _free.Count == _used;

    /// <summary>Gives a request its place.</summary>
    /// <returns>The user data that brings completions to it.</returns>
    internal ulong Add(IRingRequest request)
    {
        if (!_free.TryPop(out int slot))
        {
            if (_used == _requests.Length)
            {
                Array.Resize(ref _requests, _requests.Length * 2);
            }

            slot = _used++;
        }

        _generation = (_generation + 1) & RingUserData.GenerationMask;
        request.RingToken = RingUserData.Request | ((ulong)_generation << 32) | (uint)slot;
        _requests[slot] = request;
        return request.RingToken;
    }

    /// <summary>Has the processor fetch the request that a completion is about to be brought to.</summary>
    internal void Fetch(ulong userData)
    {
        uint slot = (uint)userData;
        if (userData >> RingUserData.KindShift == RingUserData.Request >> RingUserData.KindShift && slot < (uint)_requests.Length)
        {
            CacheLines.Fetch(_requests[slot]);
        }
    }

    /// <summary>Brings a completion to its request.</summary>
    internal void Complete(in CompletionEntry completion)
    {
        int slot = (int)(completion.UserData & uint.MaxValue);
        if (_requests[slot] is not { } request || request.RingToken != completion.UserData)
        {
            Debug.Assert(false, "a completion of a request that is over");
            return;
        }

        bool more = (completion.Flags & RingConstants.IORING_CQE_F_MORE) != 0;
        if (!more)
        {
            // Free before the request hears of it: it may be made again from there.
            _requests[slot] = null;
            _free.Push(slot);
        }

        request.Complete(completion.Result, completion.Flags, more);
    }

    /// <summary>Calls <paramref name="action"/> with each request in flight.</summary>
    internal void ForEach(Action<IRingRequest> action)
    {
        foreach (IRingRequest? request in _requests)
        {
            if (request is not null)
            {
                action(request);
            }
        }
    }

    /// <summary>
    /// The ring goes. Closing it has the kernel cancel what is in flight, but in its own time. Until then, which nobody can
    /// tell, it may write into buffers and read what it sends: memory that is used anew would be damaged, or sent. So the
    /// requests are kept for ever, and their memory with them.
    /// </summary>
    /// <param name="errno">What they end with.</param>
    internal void Orphan(int errno)
    {
        IRingRequest?[] requests = [.. _requests];
        Array.Clear(_requests);
        _free.Clear();
        _used = 0;
        foreach (IRingRequest? request in requests)
        {
            if (request is not null)
            {
                lock (Orphans)
                {
                    Orphans.Add(request);
                }

                request.Orphan(errno);
            }
        }
    }
}

/// <summary>What the upper four bits of a ring's user data mean. A registration's token has none of them set.</summary>
internal static class RingUserData
{
    internal const int KindShift = 60;
    internal const uint GenerationMask = 0x0FFF_FFFF;
    internal const ulong Wake = 1UL << KindShift;
    internal const ulong Discarded = 2UL << KindShift;
    internal const ulong Request = 3UL << KindShift;
    internal const ulong Disarm = 4UL << KindShift;
    internal const ulong Try = 5UL << KindShift;
}
