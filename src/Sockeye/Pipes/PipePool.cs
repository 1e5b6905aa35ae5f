using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>
/// Blocks, segments and pieces that pipes use again and again: one pool for each loop, without a lock, and one for all
/// other threads. What is taken from one may be given to another.
/// </summary>
internal sealed class PipePool(bool isShared)
{
    /// <summary>The usual block: a connection with a little to send uses one, an idle connection none.</summary>
    internal const int SmallBytes = 4 * 1024;

    /// <summary>The block of those who have more, and of receives.</summary>
    internal const int LargeBytes = 64 * 1024;

    // What a pool keeps; the rest is the collector's. 32 MiB of small blocks, 8 MiB of large ones.
    private const int SmallMax = 8 * 1024;
    private const int LargeMax = 128;
    private const int ObjectsMax = 16 * 1024;

    private readonly Lock? _gate = isShared ? new Lock() : null;
    private readonly Stack<PinnedBlock> _small = new();
    private readonly Stack<PinnedBlock> _large = new();
    private readonly Stack<PipeSegment> _segments = new();
    private readonly Stack<SendPiece> _pieces = new();
    private readonly Stack<SharedBlock> _sharedBlocks = new();
    private readonly Stack<GatherMessage> _messages = new();

    /// <summary>The pool of threads that have no loop, or another than the pipe's.</summary>
    internal static PipePool Shared { get; } = new(isShared: true);

    /// <summary>Where the loop's receives without a ring go: one block that all share, each behind the last.</summary>
    internal PinnedBlock? Hot { get; set; }

    internal int HotOffset { get; set; }

    /// <summary>The calling thread's pool, for a pipe of <paramref name="loop"/>.</summary>
    internal static PipePool Of(RunQueue? loop) => loop is not null && ReferenceEquals(RunQueue.Current, loop) ? OfLoop(loop) : Shared;

    /// <summary>The calling thread's pool.</summary>
    internal static PipePool Here => RunQueue.Current is { } loop ? OfLoop(loop) : Shared;

    /// <summary>The pool of <paramref name="loop"/>'s thread, which calls.</summary>
    internal static PipePool OfLoop(RunQueue loop) => (PipePool)(loop.PipePool ??= new PipePool(isShared: false));

    /// <summary>A block of at least <paramref name="bytes"/>, with one reference.</summary>
    internal PinnedBlock RentBlock(int bytes)
    {
        PinnedBlock block = bytes <= SmallBytes ? Take(_small) ?? new PinnedBlock(SmallBytes)
            : bytes <= LargeBytes ? Take(_large) ?? new PinnedBlock(LargeBytes)
            : new PinnedBlock(bytes);
        block.References = 1;
        return block;
    }

    /// <summary>Gives one reference back.</summary>
    internal void Release(PinnedBlock block)
    {
        if (--block.References == 0)
        {
            Put(block);
        }
    }

    /// <summary>Gives back a block that is no longer in use.</summary>
    internal void Put(PinnedBlock block)
    {
        if (block.Length == SmallBytes)
        {
            Put(_small, block, SmallMax);
        }
        else if (block.Length == LargeBytes)
        {
            Put(_large, block, LargeMax);
        }
    }

    internal PipeSegment RentSegment() => Take(_segments) ?? new PipeSegment();

    internal void Return(PipeSegment segment) => Put(_segments, segment, ObjectsMax);

    internal SendPiece RentPiece() => Take(_pieces) ?? new SendPiece();

    internal void Return(SendPiece piece) => Put(_pieces, piece, ObjectsMax);

    internal SharedBlock? TakeShared() => Take(_sharedBlocks);

    internal void Return(SharedBlock block) => Put(_sharedBlocks, block, ObjectsMax);

    internal GatherMessage RentMessage() => Take(_messages) ?? new GatherMessage();

    internal void Return(GatherMessage message) => Put(_messages, message, ObjectsMax);

    private T? Take<T>(Stack<T> stack)
        where T : class
    {
        if (_gate is null)
        {
            return stack.TryPop(out T? own) ? own : null;
        }

        lock (_gate)
        {
            return stack.TryPop(out T? item) ? item : null;
        }
    }

    private void Put<T>(Stack<T> stack, T item, int max)
    {
        if (_gate is null)
        {
            if (stack.Count < max)
            {
                stack.Push(item);
            }

            return;
        }

        lock (_gate)
        {
            if (stack.Count < max)
            {
                stack.Push(item);
            }
        }
    }
}
