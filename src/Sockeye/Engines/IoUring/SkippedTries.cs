namespace Sockeye.Engines.IoUring;

/// <summary>Sockets that were read empty, and wait without having been tried once more.</summary>
/// <remarks>
/// A poll's completion carries what its first wake-up said, not what the socket says: so it hides an urgent byte in the
/// midst, or a reset behind the last bytes. Those are found by a try before the thread sleeps, or after so many turns, when
/// it is not paid for by every message. The ring's thread alone.
/// </remarks>
internal sealed class SkippedTries
{
    private const int TurnsMax = 64;

    private readonly List<Registration> _registrations = [];
    private int _turns;

    /// <summary>Has <paramref name="registration"/> tried before long.</summary>
    internal void Add(Registration registration)
    {
        if (!registration.HasSkippedTry)
        {
            registration.HasSkippedTry = true;
            _registrations.Add(registration);
        }
    }

    /// <summary>Makes the tries, if the thread is about to sleep or has put them off for long.</summary>
    /// <returns>True when they were made.</returns>
    internal bool MakeDue(bool sleeps)
    {
        if (_registrations.Count == 0 || (!sleeps && ++_turns < TurnsMax))
        {
            return false;
        }

        _turns = 0;

        // By index: a try may bring a continuation's socket in, though not on this thread's stack.
        for (int i = 0; i < _registrations.Count; i++)
        {
            _registrations[i].MakeSkippedTry();
        }

        _registrations.Clear();
        return true;
    }

    /// <summary>Drops them: all that waits will be tried anyway.</summary>
    internal void Clear()
    {
        foreach (Registration registration in _registrations)
        {
            registration.HasSkippedTry = false;
        }

        _registrations.Clear();
    }
}
