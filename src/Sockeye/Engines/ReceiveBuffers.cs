using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>Memory that an engine receives into before anybody asks, in numbered buffers. Readers hold a buffer while they need it.</summary>
/// <remarks>Contract. The thread of <see cref="Home"/> alone, except where a member says otherwise.</remarks>
internal abstract class ReceiveBuffers(RunQueue home)
{
    /// <summary>Whose thread counts who holds what.</summary>
    internal RunQueue Home { get; } = home;

    /// <summary>True when what comes must be copied, because readers hold too many.</summary>
    internal abstract bool IsShort { get; }

    /// <summary>A reader holds the buffer, once more.</summary>
    internal abstract void Hold(int buffer);

    /// <summary>A reader holds it once less. When <see cref="Home"/> has ended, on any one thread at a time.</summary>
    internal abstract void Release(int buffer);

    internal abstract Memory<byte> Memory(int buffer, int start, int length);

    internal abstract ReadOnlySpan<byte> Bytes(int buffer, int start, int length);

    /// <summary>The bytes as the kernel sees them, for a request of whoever holds the buffer.</summary>
    internal abstract NativeBuffer Native(int buffer, int start, int length);
}
