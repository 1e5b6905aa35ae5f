using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>A run of bytes to be sent: in a block of the connection's, in one that many share, or where they were received.</summary>
internal sealed class SendPiece
{
    /// <summary>Where the bytes are. Held with one reference, or by <see cref="Shared"/>'s share. Null where <see cref="Received"/> holds them.</summary>
    internal PinnedBlock? Block;

    /// <summary>Whose block it is, when many send it.</summary>
    internal SharedBlock? Shared;

    /// <summary>Where the bytes are, when they were received and are sent without a copy. The piece's own.</summary>
    internal PipeSegment? Received;

    internal SendPiece? Next;
    internal int Start;
    internal int End;

    internal int Length => End - Start;

    /// <summary>True when the block is the connection's: what comes next may be written behind.</summary>
    internal bool IsOwn => Shared is null && Block is not null;

    /// <summary>The bytes, as the kernel sees them.</summary>
    internal NativeBuffer Native => Block is { } block ? block.Native(Start, Length) : Received!.Native(Start, Length);

    /// <summary>Gives back what it holds, and itself.</summary>
    internal void Release(PipePool pool)
    {
        if (Shared is { } shared)
        {
            shared.Release();
            Shared = null;
        }
        else if (Received is { } received)
        {
            received.Release(pool);
            Received = null;
        }
        else
        {
            pool.Release(Block!);
        }

        Block = null;
        Next = null;
        pool.Return(this);
    }
}
