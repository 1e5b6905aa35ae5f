using Sockeye.Engines.Pipes;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Bytes that are written to many pipes and kept in memory once: a broadcast. Each pipe holds them until they are sent; the maker
/// disposes its own share when all pipes have been given theirs.
/// </summary>
/// <remarks>
/// The memory comes from a pool and goes back at the last send. A copy of this value is the same share, not another one.
/// After its Dispose it throws, even when the memory has been reused by then.
/// </remarks>
/// <example>
/// <code>
/// using SharedBytes message = SharedBytes.Copy(bytes);
/// foreach (SocketPipe member in members)
/// {
///     member.Write(message);
///     member.TryFlush();
/// }
/// </code>
/// </example>
public readonly struct SharedBytes : IDisposable
{
    private readonly SharedBlock? _block;
    private readonly int _version;

    private SharedBytes(SharedBlock block)
    {
        _block = block;
        _version = block.Version;
    }

    /// <summary>How many bytes.</summary>
    public int Length => Block.Length;

    /// <summary>The bytes. Valid until Dispose.</summary>
    public ReadOnlyMemory<byte> Memory => Block.Block.Memory[..Block.Length];

    internal SharedBlock Block => _block is { } block && block.IsOwned(_version)
        ? block
        : throw new ObjectDisposedException(nameof(SharedBytes));

    /// <summary>A share for a pipe: the memory stays what it is until that is released.</summary>
    internal SharedBlock Share() => _block is { } block && block.TryShare(_version)
        ? block
        : throw new ObjectDisposedException(nameof(SharedBytes));

    /// <summary>Copies the bytes. If they were disposed meanwhile, on another thread, it throws, and the copy must not be used.</summary>
    internal void CopyTo(Span<byte> room)
    {
        (Block.Block ?? throw new ObjectDisposedException(nameof(SharedBytes))).Span(0, room.Length).CopyTo(room);
        Volatile.ReadBarrier();
        _ = Block;
    }

    /// <summary>Copies bytes into pooled memory, once for all who will send them.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The maker's share; dispose it.</returns>
    public static SharedBytes Copy(ReadOnlySpan<byte> bytes) => new(SharedBlock.Rent(bytes));

    /// <summary>Gives the maker's share back. The memory is free once all pipes have sent theirs. A second call does nothing.</summary>
    public void Dispose() => _block?.ReleaseOwner(_version);
}

/// <summary>What <see cref="SharedBytes"/> refers to: a block, and how many shares of it there are.</summary>
internal sealed class SharedBlock
{
    private int _shares;
    private int _owner;

    private SharedBlock()
    {
    }

    internal PinnedBlock Block { get; private set; } = null!;

    internal int Length { get; private set; }

    /// <summary>Distinguishes this use from earlier ones.</summary>
    internal int Version { get; private set; }

    internal static SharedBlock Rent(ReadOnlySpan<byte> bytes)
    {
        PipePool pool = PipePool.Here;
        SharedBlock shared = pool.TakeShared() ?? new SharedBlock();
        shared.Block = pool.RentBlock(Math.Max(bytes.Length, 1));
        shared.Length = bytes.Length;
        Volatile.Write(ref shared._shares, 1);
        bytes.CopyTo(shared.Block.Span(0, bytes.Length));
        shared.Version++;
        Volatile.Write(ref shared._owner, shared.Version);
        return shared;
    }

    internal bool IsOwned(int version) => Volatile.Read(ref _owner) == version;

    /// <summary>Takes a pipe's share, unless this use is over: another thread may end it at any time.</summary>
    internal bool TryShare(int version)
    {
        int shares = Volatile.Read(ref _shares);
        while (shares != 0)
        {
            int seen = Interlocked.CompareExchange(ref _shares, shares + 1, shares);
            if (seen == shares)
            {
                if (IsOwned(version))
                {
                    return true;
                }

                // The share that was taken is one of the next use, or of one whose maker has let go.
                Release();
                return false;
            }

            shares = seen;
        }

        return false;
    }

    internal void ReleaseOwner(int version)
    {
        if (Interlocked.CompareExchange(ref _owner, 0, version) == version)
        {
            Release();
        }
    }

    /// <summary>Gives a share back; the last one gives back the memory.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _shares) == 0)
        {
            PipePool pool = PipePool.Here;
            pool.Put(Block);
            Block = null!;
            pool.Return(this);
        }
    }
}
