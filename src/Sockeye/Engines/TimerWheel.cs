using System.Numerics;

namespace Sockeye.Engines;

/// <summary>Something that is due at a time, linked into a <see cref="TimerWheel"/> without an allocation.</summary>
internal abstract class TimerNode
{
    internal TimerNode? NextTimer;
    internal TimerNode? PreviousTimer;

    /// <summary>When it is due, in the wheel's milliseconds.</summary>
    internal long DueMs;

    /// <summary>Which list of the wheel holds it; −1 when none does. It never shows −1 while the wheel moves the node.</summary>
    internal int TimerSlot = -1;

    /// <summary>Distinguishes this use of the node from an earlier one, so that a late expiry cannot hit the next user.</summary>
    internal abstract short TimerVersion { get; }

    /// <summary>Runs on the engine's thread, outside the wheel's lock.</summary>
    /// <param name="version">What <see cref="TimerVersion"/> was when the time ran out.</param>
    internal abstract void Expire(short version);
}

/// <summary>
/// Timers in a hierarchical wheel of 1 ms: six levels of 64 slots, each level 64 times coarser. Adding and removing
/// cost the same for ten timers and a million.
/// </summary>
/// <remarks>
/// Contract.
/// - A timer never expires early; it may be late by the millisecond's rest and by what the thread is busy with.
/// - Timers expire in the order of their milliseconds, and within one in the order they were added, however late.
/// - Any thread adds and removes; one thread, the engine's, expires.
/// - <see cref="Remove"/> that returns true means that the timer will not expire. False: it has, or is about to;
///   the version tells the two uses of a recycled node apart.
/// - Times beyond the wheel's 2^36 ms (two years) wait on its rim and are sorted in when it comes round.
/// </remarks>
internal sealed class TimerWheel(TimeProvider time)
{
    private const int Levels = 6;
    private const int SlotBits = 6;
    private const int Slots = 1 << SlotBits;
    private const long RangeMs = 1L << (Levels * SlotBits);
    private const long CoarsestMs = RangeMs >> SlotBits;

    private readonly Lock _gate = new();
    private readonly TimerNode?[] _slots = new TimerNode?[Levels * Slots];
    private readonly TimerNode?[] _tails = new TimerNode?[Levels * Slots];
    private readonly ulong[] _occupied = new ulong[Levels];
    private readonly long _origin = time.GetTimestamp();
    private long _elapsedMs;

    /// <summary>The provider's time since the wheel was made, in whole milliseconds, rounded down.</summary>
    internal long NowMs => time.GetElapsedTime(_origin).Ticks / TimeSpan.TicksPerMillisecond;

    /// <summary>How many timers wait. For tests and diagnostics.</summary>
    internal int Count { get; private set; }

    /// <summary>The millisecond at which <paramref name="delay"/> from now has passed, rounded up.</summary>
    internal long DueAfter(TimeSpan delay)
    {
        // A delay without end, as TimeSpan.MaxValue, must not run over.
        long elapsed = time.GetElapsedTime(_origin).Ticks + TimeSpan.TicksPerMillisecond - 1;
        return (elapsed + Math.Min(delay.Ticks, long.MaxValue - elapsed)) / TimeSpan.TicksPerMillisecond;
    }

    /// <summary>Adds <paramref name="node"/>, due at <paramref name="dueMs"/>.</summary>
    /// <returns>True when no other timer is due earlier: the engine may be asleep for longer and must be woken.</returns>
    internal bool Add(TimerNode node, long dueMs)
    {
        lock (_gate)
        {
            long earliest = NextDueLocked();
            node.DueMs = Math.Max(dueMs, _elapsedMs + 1);
            Insert(node);
            Count++;
            return node.DueMs < earliest;
        }
    }

    /// <summary>Takes <paramref name="node"/> out.</summary>
    /// <returns>True when it was in, and so will not expire.</returns>
    internal bool Remove(TimerNode node)
    {
        if (Volatile.Read(ref node.TimerSlot) < 0)
        {
            return false;
        }

        lock (_gate)
        {
            if (node.TimerSlot < 0)
            {
                return false;
            }

            Unlink(node);
            Volatile.Write(ref node.TimerSlot, -1);
            Count--;
            return true;
        }
    }

    /// <summary>
    /// When the engine must look again, in the wheel's milliseconds; <see cref="long.MaxValue"/> when no timer waits.
    /// On the coarse levels this is when the slot is sorted into finer ones, which is not later than its first timer.
    /// </summary>
    internal long NextDue()
    {
        lock (_gate)
        {
            return NextDueLocked();
        }
    }

    /// <summary>Expires all that is due at <paramref name="nowMs"/>, in order of their milliseconds.</summary>
    internal void Advance(long nowMs)
    {
        TimerNode? expired;
        while ((expired = TakeExpired(nowMs, out short version)) is not null)
        {
            expired.Expire(version);
        }
    }

    private TimerNode? TakeExpired(long nowMs, out short version)
    {
        lock (_gate)
        {
            while (TryFindNext(out int level, out int slot, out long deadlineMs) && deadlineMs <= nowMs)
            {
                _elapsedMs = Math.Max(_elapsedMs, deadlineMs);
                ref TimerNode? head = ref _slots[(level * Slots) + slot];
                if (level == 0)
                {
                    TimerNode node = head!;
                    Unlink(node);
                    Count--;

                    // Before the slot says that no timer waits: whoever sees that may use the node for something new.
                    version = node.TimerVersion;
                    Volatile.Write(ref node.TimerSlot, -1);
                    return node;
                }

                // A coarse slot holds many milliseconds. All its timers go to finer slots now, the due ones too: one
                // left behind would come after the later ones, and be late.
                while (head is { } moved)
                {
                    Unlink(moved);
                    Insert(moved);
                }
            }

            // Never past a deadline that is still to come, or its slot would be taken for one of the next round.
            _elapsedMs = Math.Max(_elapsedMs, nowMs);
            version = 0;
            return null;
        }
    }

    private long NextDueLocked() => TryFindNext(out _, out _, out long deadlineMs) ? deadlineMs : long.MaxValue;

    // The finer a level, the sooner all its slots come: the first level that holds anything holds the next deadline.
    private bool TryFindNext(out int level, out int slot, out long deadlineMs)
    {
        for (level = 0; level < Levels; level++)
        {
            ulong occupied = _occupied[level];
            if (occupied == 0)
            {
                continue;
            }

            int shift = level * SlotBits;
            int current = (int)(_elapsedMs >> shift) & (Slots - 1);
            int ahead = BitOperations.TrailingZeroCount(BitOperations.RotateRight(occupied, current));
            slot = (current + ahead) & (Slots - 1);
            long slotMs = 1L << shift;
            long levelMs = slotMs << SlotBits;
            deadlineMs = (_elapsedMs & ~(levelMs - 1)) + (slot * slotMs);
            if (slot < current)
            {
                deadlineMs += levelMs;
            }

            return true;
        }

        slot = 0;
        deadlineMs = 0;
        return false;
    }

    private void Insert(TimerNode node)
    {
        // The rim is one slot short of a full revolution: in a revolution's last slot, which is the current one, the timer
        // would be due at once, and again, for ever.
        long dueMs = Math.Min(node.DueMs, _elapsedMs + RangeMs - CoarsestMs);
        ulong differing = (ulong)(_elapsedMs ^ dueMs) | (Slots - 1);
        int level = Math.Min((63 - BitOperations.LeadingZeroCount(differing)) / SlotBits, Levels - 1);
        int slot = (int)(dueMs >> (level * SlotBits)) & (Slots - 1);
        int index = (level * Slots) + slot;

        TimerNode? tail = _tails[index];
        node.PreviousTimer = tail;
        node.NextTimer = null;
        if (tail is null)
        {
            _slots[index] = node;
        }
        else
        {
            tail.NextTimer = node;
        }

        _tails[index] = node;
        node.TimerSlot = index;
        _occupied[level] |= 1UL << slot;
    }

    // Leaves TimerSlot alone: Remove reads it without the lock, and a node on its way to another slot is still in.
    private void Unlink(TimerNode node)
    {
        int index = node.TimerSlot;
        if (node.PreviousTimer is null)
        {
            _slots[index] = node.NextTimer;
            if (node.NextTimer is null)
            {
                _occupied[index / Slots] &= ~(1UL << (index % Slots));
            }
        }
        else
        {
            node.PreviousTimer.NextTimer = node.NextTimer;
        }

        if (node.NextTimer is null)
        {
            _tails[index] = node.PreviousTimer;
        }
        else
        {
            node.NextTimer.PreviousTimer = node.PreviousTimer;
        }

        node.NextTimer = null;
        node.PreviousTimer = null;
    }
}
