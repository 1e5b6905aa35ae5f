using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>A run of bytes to be sent, in a block of the connection's or in one that many share.</summary>
internal sealed class SendPiece
{
    /// <summary>Where the bytes are. Held with one reference, or by <see cref="Shared"/>'s share.</summary>
    internal PinnedBlock Block = null!;

    /// <summary>Whose block it is, when many send it.</summary>
    internal SharedBlock? Shared;

    internal int Start;
    internal int End;
    internal SendPiece? Next;

    internal int Length => End - Start;

    /// <summary>Gives back the block, and itself.</summary>
    internal void Release(PipePool pool)
    {
        if (Shared is { } shared)
        {
            shared.Release();
        }
        else
        {
            pool.Release(Block);
        }

        Block = null!;
        Shared = null;
        Next = null;
        pool.Return(this);
    }
}
