namespace Sockeye.Engines;

/// <summary>A place for one idle operation of a kind: taken by whoever begins a call, put back when its result is taken.</summary>
internal struct OperationSlot
{
    private SocketOperation? _idle;

    /// <summary>The idle operation; null when there is none, or another call has it.</summary>
    /// <typeparam name="T">The one class whose operations are put here.</typeparam>
    internal T? Take<T>()
        where T : SocketOperation => (T?)Interlocked.Exchange(ref _idle, null);

    internal void Put(SocketOperation operation) => Volatile.Write(ref _idle, operation);
}
