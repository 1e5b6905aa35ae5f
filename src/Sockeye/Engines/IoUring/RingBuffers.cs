using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>The receive buffers of a loop's ring, shared by all its pipes: who holds which, and when each goes back to the kernel.</summary>
/// <remarks>
/// Contract. The loop's thread alone. A buffer goes back when the kernel is done with it (an answer without
/// IORING_CQE_F_BUF_MORE) and no segment holds it. When three quarters are held, <see cref="IsShort"/> has newcomers copied:
/// so the last quarter always comes back at once, and no reader, however slow, keeps another from receiving.
/// </remarks>
internal sealed class RingBuffers
{
    private readonly BufferRing _ring;

    // By buffer: how many segments hold it, how far the kernel has filled it, whether the kernel is done with it.
    private readonly int[] _holds;
    private readonly int[] _filled;
    private readonly bool[] _isDone;
    private readonly List<RingPipeDriver> _waiting = [];
    private readonly int _heldMax;

    // How many the kernel is done with, and has not got back.
    private int _held;
    private int _segments;
    private bool _isEnded;

    internal RingBuffers(EventLoop loop, BufferRing ring)
    {
        Loop = loop;
        _ring = ring;
        _holds = new int[ring.Count];
        _filled = new int[ring.Count];
        _isDone = new bool[ring.Count];
        _heldMax = ring.Count * 3 / 4;
    }

    internal EventLoop Loop { get; }

    /// <summary>The number by which requests name them.</summary>
    internal ushort Group => _ring.Group;

    /// <summary>True when what comes must be copied, because readers hold too many.</summary>
    internal bool IsShort => _held >= _heldMax;

    /// <summary>How many times a receive found no buffer. For tests and diagnostics.</summary>
    internal int Shortages { get; private set; }

    /// <summary>How many the kernel has not got back. For tests and diagnostics.</summary>
    internal int HeldCount => _held;

    /// <summary>An answer names a buffer.</summary>
    /// <returns>Where in it the answer's bytes begin.</returns>
    internal int Take(int buffer, int length, bool kernelGoesOn)
    {
        int start = _filled[buffer];
        _filled[buffer] = start + length;
        if (!kernelGoesOn)
        {
            Debug.Assert(!_isDone[buffer], "the kernel ends with a buffer once");
            _isDone[buffer] = true;
            _held++;
        }

        return start;
    }

    /// <summary>The answer was dealt with: the buffer goes back if nobody holds it.</summary>
    internal void Settle(int buffer)
    {
        if (_holds[buffer] == 0 && _isDone[buffer])
        {
            GiveBack(buffer);
        }
    }

    /// <summary>A segment refers to the buffer.</summary>
    internal void Hold(int buffer)
    {
        _holds[buffer]++;
        _segments++;
    }

    /// <summary>A segment refers to it no longer.</summary>
    internal void Release(int buffer)
    {
        _segments--;
        _holds[buffer]--;
        if (!_isEnded)
        {
            Settle(buffer);
        }
        else if (_segments == 0)
        {
            _ring.Free();
        }
    }

    internal Memory<byte> Memory(int buffer, int start, int length) => _ring.Memory(buffer, start, length);

    internal ReadOnlySpan<byte> Bytes(int buffer, int start, int length) => _ring.Bytes(buffer, start, length);

    /// <summary>A receive found no buffer.</summary>
    /// <returns>True when there is one by now; else the driver is started once there is.</returns>
    internal bool TryWait(RingPipeDriver driver)
    {
        Shortages++;
        if (_held < _ring.Count)
        {
            return true;
        }

        _waiting.Add(driver);
        return false;
    }

    /// <summary>The ring goes with a receive that never said that it is over: nobody may ever have the memory again.</summary>
    internal void Strand() => _segments++;

    /// <summary>The ring has ended. The memory stays for those who read it.</summary>
    internal void End()
    {
        _isEnded = true;
        if (_segments == 0)
        {
            _ring.Free();
        }

        foreach (RingPipeDriver driver in _waiting)
        {
            driver.StartReceive();
        }
    }

    private void GiveBack(int buffer)
    {
        _isDone[buffer] = false;
        _filled[buffer] = 0;
        _held--;
        _ring.Give(buffer);
        if (_waiting.Count != 0)
        {
            foreach (RingPipeDriver driver in _waiting)
            {
                driver.StartReceive();
            }

            _waiting.Clear();
        }
    }
}
