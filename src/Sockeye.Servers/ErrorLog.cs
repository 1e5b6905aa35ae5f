namespace Sockeye.Servers;

/// <summary>Writes what somebody's code threw to standard error, once a second at most. Any thread may call.</summary>
internal sealed class ErrorLog(TimeProvider time)
{
    private readonly LogLimit _limit = new(time);

    /// <summary>Writes it, or counts it.</summary>
    /// <param name="thrower">As <c>the handler of a datagram</c>.</param>
    /// <param name="error">What it threw.</param>
    internal void Write(string thrower, Exception error)
    {
        int count = _limit.Take();
        if (count > 0)
        {
            Console.Error.WriteLine($"{thrower} threw{(count == 1 ? "" : $" (and {count - 1} more since)")}: {error}");
        }
    }

    /// <summary>Calls what the user may have overridden to hear of an error; when it throws as well, that is written.</summary>
    internal void Tell(Action<Exception> onError, Exception error)
    {
        try
        {
            onError(error);
        }
        catch (Exception exception)
        {
            // The edge: there is nobody else to tell.
            Write("OnError", exception);
        }
    }
}
