using Sockeye.Engines;

namespace Sockeye;

// Calls into a loop from elsewhere.
public sealed partial class EventLoop
{
    /// <summary>Runs <paramref name="function"/> on the loop, after what is queued there already. Any thread may call it.</summary>
    /// <param name="function">Called on the loop; its awaits come back to the loop. It must not block.</param>
    /// <returns>Its end: completed, failed or canceled as its task is. A loop that is stopped before then leaves it open.</returns>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public Task InvokeAsync(Func<Task> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        var invocation = new Invocation<bool>(function, async () =>
        {
#pragma warning disable CA2007 // The awaits come back to the loop.
            await function();
#pragma warning restore CA2007
            return true;
        });
        _queue.Post(Invocation<bool>.Start, invocation);
        return invocation.Task;
    }

    /// <summary>Runs <paramref name="function"/> on the loop, after what is queued there already. Any thread may call it.</summary>
    /// <typeparam name="T">What the task gives.</typeparam>
    /// <param name="function">Called on the loop; its awaits come back to the loop. It must not block.</param>
    /// <returns>Its end and value. A loop that is stopped before then leaves it open.</returns>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public Task<T> InvokeAsync<T>(Func<Task<T>> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        var invocation = new Invocation<T>(function, function);
        _queue.Post(Invocation<T>.Start, invocation);
        return invocation.Task;
    }

    /// <summary>Notes for the watchdog that the loop now runs <paramref name="handler"/>, within another piece of work. On the loop's thread.</summary>
    internal void NoteHandler(Delegate handler) => _queue.Watch?.Begin(handler, state: null);

    // Whoever awaits the task must not run on the loop, unless the await itself was there.
    private sealed class Invocation<T>(Delegate handler, Func<Task<T>> function) : IHandlerOwner
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Delegate Handler => handler;

        internal Task<T> Task => _done.Task;

        internal static readonly Action<object?> Start = static invocation => _ = ((Invocation<T>)invocation!).RunAsync();

        private async Task RunAsync()
        {
            try
            {
#pragma warning disable CA2007 // The awaits come back to the loop.
                _done.SetResult(await function());
#pragma warning restore CA2007
            }
            catch (OperationCanceledException exception)
            {
                _done.SetCanceled(exception.CancellationToken);
            }
            catch (Exception exception)
            {
                // Not the loop's: the caller's.
                _done.SetException(exception);
            }
        }
    }
}
