using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>Connections of a listener that the kernel has accepted for it and nobody has asked for yet: the next accepts take them.</summary>
/// <remarks>
/// Contract. Any thread.
/// - They go where the listener goes: with its descriptor when that is given away, and to the socket that is made of it.
/// - When it closes they are reset, as the kernel resets what waits in a closed listener's queue.
/// - Their number is bounded by who adds them: see <see cref="IoUring.AcceptRequest"/>.
/// </remarks>
internal sealed class AcceptedConnections : ICloseListener
{
    private readonly Lock _gate = new();

    // Owned until somebody takes them. Under the gate.
    private readonly Queue<SocketHandle> _handles = new();
    private bool _isClosed;
    private int _count;

    /// <summary>True when there is one to take.</summary>
    internal bool HasAny => Volatile.Read(ref _count) != 0;

    /// <summary>Adds a connection; of a listener that has closed it is reset.</summary>
    internal void Add(SocketHandle handle)
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                _handles.Enqueue(handle);
                Volatile.Write(ref _count, _handles.Count);
                return;
            }
        }

        Reset(handle);
    }

    /// <summary>Takes the one that came first.</summary>
    /// <returns>False when there is none.</returns>
    internal bool TryTake(out SocketHandle? handle)
    {
        handle = null;
        if (!HasAny)
        {
            return false;
        }

        lock (_gate)
        {
            bool taken = _handles.TryDequeue(out handle);
            Volatile.Write(ref _count, _handles.Count);
            return taken;
        }
    }

    /// <summary>The listener has closed.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }

        while (TryTake(out SocketHandle? handle))
        {
            Reset(handle!);
        }
    }

    void ICloseListener.Closing() => Close();

    bool ICloseListener.TryClose(int descriptor) => false;

    // SO_LINGER with no time: TCP sends a reset. UNIX sockets know no such thing, and their peers read the end.
    private static void Reset(SocketHandle handle)
    {
        using (handle)
        {
            var linger = new Linger { OnOff = 1, Seconds = 0 };
            Libc.SetOption(
                handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_LINGER, MemoryMarshal.AsBytes(new ReadOnlySpan<Linger>(in linger)));
        }
    }
}
