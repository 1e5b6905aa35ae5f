namespace Sockeye.Engines.Pipes;

/// <summary>What waits for the end of a pipe's request or call. Made when somebody waits, by any thread.</summary>
internal static class PipeEnds
{
    internal static TaskCompletionSource Of(ref TaskCompletionSource? place)
    {
        if (Volatile.Read(ref place) is { } ended)
        {
            return ended;
        }

        ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return Interlocked.CompareExchange(ref place, ended, comparand: null) ?? ended;
    }
}
