using System.Diagnostics;

namespace Sockeye.Engines.IoUring;

/// <summary>What other threads ask of a ring, which its own thread alone may touch. Taken whole, once a turn.</summary>
/// <remarks>
/// Contract. <see cref="TryAdd"/> is for any thread, all else for the ring's. The caller wakes the ring's thread.
/// Between <see cref="Close"/> and <see cref="Open"/> no thread has the ring, and nothing is taken.
/// </remarks>
internal sealed class CommandQueue
{
    private readonly Lock _gate = new();

    // Under the gate; swapped out whole each turn.
    private List<RingCommand> _commands = [];
    private List<RingCommand> _spare = [];
    private int _count;
    private bool _isOpen;

    // What this ring's thread waits for, on another ring's.
    private Fence? _awaited;

    /// <summary>True when there is a command to take. Any thread.</summary>
    internal bool HasCommands => Volatile.Read(ref _count) != 0;

    /// <summary>Commands are taken from now on.</summary>
    internal void Open()
    {
        lock (_gate)
        {
            _isOpen = true;
        }
    }

    /// <summary>Commands are taken no longer.</summary>
    /// <returns>Those that were left.</returns>
    internal List<RingCommand> Close()
    {
        lock (_gate)
        {
            _isOpen = false;
            List<RingCommand> left = _commands;
            _commands = [];
            _count = 0;
            return left;
        }
    }

    /// <summary>Leaves a command.</summary>
    /// <returns>False when no thread has the ring: then nothing is armed, and nothing need be.</returns>
    internal bool TryAdd(RingCommand command)
    {
        lock (_gate)
        {
            if (!_isOpen)
            {
                return false;
            }

            _commands.Add(command);
            Volatile.Write(ref _count, _commands.Count);
            _awaited?.Nudge();
            return true;
        }
    }

    /// <summary>Takes all commands. The list is the queue's again at the next call.</summary>
    internal List<RingCommand> Take()
    {
        lock (_gate)
        {
            List<RingCommand> taken = _commands;
            (_commands, _spare) = (_spare, _commands);
            Volatile.Write(ref _count, 0);
            return taken;
        }
    }

    /// <summary>The ring's thread waits for a fence of another ring: commands that come meanwhile nudge it. Null: no longer.</summary>
    internal void Await(Fence? fence)
    {
        lock (_gate)
        {
            _awaited = fence;
        }
    }
}

/// <summary>A socket to be watched, or no longer; or, without a socket, a fence to be passed when all before it is done.</summary>
internal readonly record struct RingCommand(Registration? Registration, bool Arm, Fence? Fence);

/// <summary>A thread that waits until a ring holds no closed socket's file any longer.</summary>
/// <remarks>
/// It may be another ring's own thread, and the first may be waiting for that: two loops that dispose each other's
/// listeners. So it runs its own ring's commands meanwhile; that runs no user code. The limit is for a handler that
/// blocks its loop.
/// </remarks>
internal sealed class Fence
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly object _gate = new();
    private bool _isPassed;
    private bool _isNudged;

    /// <summary>All before it is done.</summary>
    internal void Pass()
    {
        lock (_gate)
        {
            _isPassed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Has the thread that waits look at its own ring's commands.</summary>
    internal void Nudge()
    {
        lock (_gate)
        {
            _isNudged = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <param name="own">The ring whose thread calls; null on any other.</param>
    internal void Wait(RingPoller? own)
    {
        long start = Stopwatch.GetTimestamp();
        own?.Commands.Await(this);
        while (true)
        {
            own?.RunCommands();
            lock (_gate)
            {
                TimeSpan left = Limit - Stopwatch.GetElapsedTime(start);
                if (_isPassed || left <= TimeSpan.Zero)
                {
                    break;
                }

                // A command that came since the look is noted here.
                if (!_isNudged)
                {
                    Monitor.Wait(_gate, left);
                }

                _isNudged = false;
            }
        }

        own?.Commands.Await(fence: null);
    }
}
