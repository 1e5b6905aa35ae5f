namespace Sockeye.Engines.IoUring;

/// <summary>Sockets that were read empty, and wait without having been tried once more.</summary>
/// <remarks>
/// A poll's completion carries what its first wake-up said, not what the socket says: so it hides an urgent byte in the
/// midst, or a reset behind the last bytes. Those are found by a try that is made when nothing has been heard of the socket
/// for a while. Most have had their next event by then, and are not tried. The ring's thread alone.
/// </remarks>
internal sealed class SkippedTries
{
    // How late what an event has hidden may be found; twice as late, at most.
    private const int DelayMs = 50;

    // One for each socket, in the order of their times.
    private readonly Queue<(Registration Registration, int Sequence, long DueMs)> _skipped = new();

    /// <summary>Has <paramref name="registration"/> tried before long.</summary>
    internal void Add(Registration registration)
    {
        if (!registration.HasSkippedTry)
        {
            registration.HasSkippedTry = true;
            _skipped.Enqueue((registration, registration.Sequence, Environment.TickCount64 + DelayMs));
        }
    }

    /// <summary>Makes the tries whose time has come.</summary>
    /// <param name="timeoutMs">How long the thread would wait; less where it is to come back for the next try.</param>
    /// <returns>True when there was one.</returns>
    internal bool MakeDue(ref int timeoutMs)
    {
        if (_skipped.Count == 0)
        {
            return false;
        }

        long nowMs = Environment.TickCount64;
        bool tried = false;
        while (_skipped.TryPeek(out (Registration Registration, int Sequence, long DueMs) next))
        {
            if (next.DueMs > nowMs)
            {
                int leftMs = (int)(next.DueMs - nowMs);
                timeoutMs = timeoutMs < 0 ? leftMs : Math.Min(timeoutMs, leftMs);
                break;
            }

            _skipped.Dequeue();
            next.Registration.HasSkippedTry = false;
            if (next.Registration.Sequence == next.Sequence)
            {
                next.Registration.MakeSkippedTry();
                tried = true;
            }
            else if (next.Registration.IsEmptied)
            {
                // Heard of since, and emptied again.
                Add(next.Registration);
            }
        }

        return tried;
    }

    /// <summary>Drops them: all that waits will be tried anyway.</summary>
    internal void Clear()
    {
        while (_skipped.TryDequeue(out (Registration Registration, int Sequence, long DueMs) skipped))
        {
            skipped.Registration.HasSkippedTry = false;
        }
    }
}
