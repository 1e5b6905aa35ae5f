using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>The receive buffers of a loop's ring, shared by all its pipes: who holds which, and when each goes back to the kernel.</summary>
/// <remarks>
/// Contract. The loop's thread alone. A buffer goes back when the kernel is done with it (a completion without
/// IORING_CQE_F_BUF_MORE) and no reader holds it. When three quarters are held, <see cref="IsShort"/> has newcomers copied:
/// so the last quarter always comes back at once, and no reader, however slow, keeps another from receiving.
/// The kernel takes buffers in the order in which it was given them. With all of them given, each receive would go to where
/// none has been for longest, out of the processor's cache. So it is given a few ahead, and the one that came back last
/// first; more when a receive found none, and fewer again when that is long ago.
/// </remarks>
internal sealed class RingBuffers : ReceiveBuffers
{
    // How many buffers the kernel is given ahead at least, where one serves many receives.
    private const int AheadMin = 2;

    // After so many times as many buffers as are given ahead have been filled without a shortage, half as many will do.
    private const int AheadDecay = 256;

    private readonly BufferRing _ring;

    // By buffer: how many readers hold it, how far the kernel has filled it, whether the kernel is done with it.
    private readonly int[] _holds;
    private readonly int[] _filled;
    private readonly bool[] _isDone;
    private readonly List<IBufferWaiter> _waiting = [];
    private readonly Stack<int> _spare;
    private readonly int _heldMax;
    private readonly int _aheadMin;

    // How many the kernel is done with, and has not got back.
    private int _held;
    private int _readers;

    // How many are the kernel's now, and how many are to be.
    private int _given;
    private int _ahead;
    private int _doneSinceShortage;
    private bool _isEnded;

    internal RingBuffers(RunQueue home, BufferRing ring)
        : base(home)
    {
        _ring = ring;
        _holds = new int[ring.Count];
        _filled = new int[ring.Count];
        _isDone = new bool[ring.Count];
        _heldMax = ring.Count * 3 / 4;

        // Where each receive takes a whole buffer, a turn takes many.
        _aheadMin = ring.IsIncremental ? Math.Min(AheadMin, ring.Count) : ring.Count;
        _ahead = _aheadMin;
        _spare = new Stack<int>(ring.Count);
        for (int i = ring.Count - 1; i >= 0; i--)
        {
            _spare.Push(i);
        }

        GiveAhead();
    }

    /// <summary>The number by which requests name them.</summary>
    internal ushort Group => _ring.Group;

    internal override bool IsShort => _held >= _heldMax;

    /// <summary>How many times a receive found no buffer. For tests and diagnostics.</summary>
    internal int Shortages { get; private set; }

    /// <summary>How many the kernel has not got back. For tests and diagnostics.</summary>
    internal int HeldCount => _held;

    /// <summary>A completion names a buffer.</summary>
    /// <returns>Where in it the completion's bytes begin.</returns>
    internal int Take(int buffer, int length, bool kernelGoesOn)
    {
        int start = _filled[buffer];
        _filled[buffer] = start + length;
        if (!kernelGoesOn)
        {
            Debug.Assert(!_isDone[buffer], "the kernel ends with a buffer once");
            _isDone[buffer] = true;
            _held++;
            _given--;
            if (++_doneSinceShortage > AheadDecay * _ahead)
            {
                _doneSinceShortage = 0;
                _ahead = Math.Max(_ahead / 2, _aheadMin);
            }
        }

        return start;
    }

    /// <summary>The completion was dealt with: the buffer goes back if nobody holds it.</summary>
    internal void Settle(int buffer)
    {
        if (!_isDone[buffer])
        {
            return;
        }

        if (_holds[buffer] == 0)
        {
            _isDone[buffer] = false;
            _filled[buffer] = 0;
            _held--;
            _spare.Push(buffer);
        }

        if (_given < _ahead)
        {
            GiveAhead();
        }
    }

    internal override void Hold(int buffer)
    {
        _holds[buffer]++;
        _readers++;
    }

    internal override void Release(int buffer)
    {
        _readers--;
        _holds[buffer]--;
        if (!_isEnded)
        {
            Settle(buffer);
        }
        else if (_readers == 0)
        {
            _ring.Free();
        }
    }

    internal override Memory<byte> Memory(int buffer, int start, int length) => _ring.Memory(buffer, start, length);

    internal override ReadOnlySpan<byte> Bytes(int buffer, int start, int length) => _ring.Bytes(buffer, start, length);

    internal override NativeBuffer Native(int buffer, int start, int length) => _ring.Native(buffer, start, length);

    /// <summary>A receive found no buffer.</summary>
    /// <returns>True when there is one by now; else the waiter hears of it once there is.</returns>
    internal bool TryWait(IBufferWaiter waiter)
    {
        Shortages++;

        // Once for all receives that found none at the same time.
        if (_doneSinceShortage != 0)
        {
            _doneSinceShortage = 0;
            _ahead = Math.Min(_ahead * 2, _ring.Count);
        }

        GiveAhead();
        if (_given != 0)
        {
            return true;
        }

        _waiting.Add(waiter);
        return false;
    }

    /// <summary>The ring goes with a receive that never said that it is over: nobody may ever have the memory again.</summary>
    internal void Orphan() => _readers++;

    /// <summary>The ring has ended. The memory stays for those who read it.</summary>
    internal void End()
    {
        _isEnded = true;
        if (_readers == 0)
        {
            _ring.Free();
        }

        foreach (IBufferWaiter waiter in _waiting)
        {
            waiter.BuffersMayBeFree();
        }
    }

    private void GiveAhead()
    {
        bool any = false;
        while (_given < _ahead && _spare.TryPop(out int buffer))
        {
            _ring.Give(buffer);
            _given++;
            any = true;
        }

        if (any && _waiting.Count != 0)
        {
            foreach (IBufferWaiter waiter in _waiting)
            {
                waiter.BuffersMayBeFree();
            }

            _waiting.Clear();
        }
    }
}

/// <summary>Somebody whose receive found no buffer.</summary>
internal interface IBufferWaiter
{
    /// <summary>A buffer came back, or the ring has ended. On the ring's thread.</summary>
    void BuffersMayBeFree();
}
