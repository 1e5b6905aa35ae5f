using System.Threading.Tasks.Sources;

namespace Sockeye.Engines;

/// <summary>
/// Tells <see cref="ValueTask{T}.AsTask"/> from an await. Who turns a call into a Task may block on that Task, even on a loop's
/// thread: if the kernel can answer at once, the Task is complete when he gets it.
/// </summary>
/// <remarks>
/// The runtime's conversion hands over one delegate for each kind of result. They are learnt from conversions of a source that
/// never completes. A runtime that did otherwise would have such Tasks complete on the loop, at the end of its turn.
/// </remarks>
internal static class TaskConversion
{
    private static readonly Action<object?> OfNothing = Learn(static source => new ValueTask(source, 0).AsTask());
    private static readonly Action<object?> OfInt = Learn(static source => new ValueTask<int>(source, 0).AsTask());
    private static readonly Action<object?> OfResult = Learn(static source => new ValueTask<SocketResult<int>>(source, 0).AsTask());

    /// <summary>True when this continuation is that of a conversion to a Task.</summary>
    internal static bool Is(Action<object?> continuation) =>
        ReferenceEquals(continuation, OfInt) || ReferenceEquals(continuation, OfResult) || ReferenceEquals(continuation, OfNothing);

    private static Action<object?> Learn(Action<PendingSource> convert)
    {
        var source = new PendingSource();
        convert(source);
        return source.Continuation!;
    }

    private sealed class PendingSource : IValueTaskSource, IValueTaskSource<int>, IValueTaskSource<SocketResult<int>>
    {
        internal Action<object?>? Continuation { get; private set; }

        public ValueTaskSourceStatus GetStatus(short token) => ValueTaskSourceStatus.Pending;

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            Continuation = continuation;

        void IValueTaskSource.GetResult(short token) => throw NeverCompletes();

        int IValueTaskSource<int>.GetResult(short token) => throw NeverCompletes();

        SocketResult<int> IValueTaskSource<SocketResult<int>>.GetResult(short token) => throw NeverCompletes();

        private static InvalidOperationException NeverCompletes() => new("The source never completes.");
    }
}
