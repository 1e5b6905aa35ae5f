using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Owns one socket descriptor and counts the calls in flight on it, so that its number is never reused under one:
/// close(2) runs at the last release.
/// </summary>
/// <remarks>
/// A plain close(2): what was sent is still delivered and the peer reads an end of stream. The runtime's own
/// SafeSocketHandle, disposed directly, resets the connection instead (docs/adr/0001).
/// </remarks>
public sealed class SocketHandle : SafeHandle
{
    private readonly bool _closes = true;

    // One reference, for there are many handles: the listener, a CloseWait that has taken its place, or Released.
    private object? _close;

    /// <summary>An empty handle, for a descriptor yet to come.</summary>
    public SocketHandle()
        : base(-1, ownsHandle: true)
    {
    }

    /// <summary>Takes over the open descriptor <paramref name="descriptor"/>; from now on this handle closes it.</summary>
    /// <param name="descriptor">A descriptor number, or a negative number for none.</param>
    public SocketHandle(nint descriptor)
        : this() => SetHandle(descriptor);

    /// <summary>A handle on a descriptor that may be somebody else's to close.</summary>
    internal SocketHandle(nint descriptor, bool closes)
        : this(descriptor) => _closes = closes;

    /// <summary>True when the handle holds no descriptor.</summary>
    public override bool IsInvalid => handle < 0;

    /// <summary>Gives the descriptor to a handle of the runtime's for files, as when SCM_RIGHTS brought one; this handle is spent.</summary>
    /// <returns>The handle; the caller owns it.</returns>
    /// <exception cref="ObjectDisposedException">This handle is closed.</exception>
    /// <exception cref="InvalidOperationException">The descriptor is somebody else's to close, or there is none.</exception>
    /// <remarks>No call may be in flight on this handle.</remarks>
    public SafeFileHandle ToFileHandle()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        if (IsInvalid || !_closes)
        {
            throw new InvalidOperationException("This handle owns no descriptor to give away.");
        }

        CloseListener?.Closing();
        var file = new SafeFileHandle(handle, ownsHandle: true);
        SetHandleAsInvalid();
        GC.SuppressFinalize(this);
        return file;
    }

    /// <summary>
    /// Called once, just before close(2), on whichever thread released last (the finalizer's included).
    /// The engine frees the socket's slot here, so that a socket nobody disposed leaks none.
    /// </summary>
    internal ICloseListener? CloseListener
    {
        get => Volatile.Read(ref _close) switch
        {
            CloseWait wait => wait.Listener,
            var listener => listener as ICloseListener,
        };

        set
        {
            if (Volatile.Read(ref _close) is CloseWait wait)
            {
                wait.Listener = value;
            }
            else
            {
                Volatile.Write(ref _close, value);
            }
        }
    }

    /// <summary>False when the descriptor is somebody else's to close.</summary>
    internal bool Closes => _closes;

    /// <summary>
    /// True when others may have the same open socket: by a duplicate of the descriptor, sent to or received from another
    /// process, or made elsewhere. What shutdown(2) does, it then does to theirs.
    /// </summary>
    internal bool IsShared { get; set; }

    /// <summary>
    /// True lets <see cref="ICloseListener.TryClose"/> close the descriptor a little later than the last release, with the
    /// turn's other requests to a ring.
    /// </summary>
    internal bool MayCloseLater { get; set; }

    /// <summary>The descriptor's number. Valid only while the caller holds a reference.</summary>
    internal int Number => (int)handle;

    /// <summary>Waits until close(2) has run.</summary>
    /// <param name="limit">How long at most; a caller that kept a reference of its own would else block Dispose for ever.</param>
    /// <returns>False when somebody still holds a reference after <paramref name="limit"/>.</returns>
    internal bool WaitForClose(TimeSpan limit)
    {
        while (true)
        {
            switch (Volatile.Read(ref _close))
            {
                case CloseWait wait:
                    return wait.Closed.IsSet || wait.Closed.Wait(limit);
                case Released:
                    return true;
                case var listener:
                    Interlocked.CompareExchange(ref _close, new CloseWait { Listener = (ICloseListener?)listener }, listener);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        ICloseListener? listener = CloseListener;
        listener?.Closing();

        // Linux frees the number even when close(2) reports EINTR or EIO: calling it again could close a stranger's.
        int result = !_closes || (MayCloseLater && listener is not null && listener.TryClose((int)handle)) ? 0 : Libc.Close((int)handle);
        (Interlocked.Exchange(ref _close, Released.Instance) as CloseWait)?.Closed.Set();
        return result >= 0;
    }

    /// <summary>Threads that wait until close(2) has run, and the listener whose place this has taken.</summary>
    private sealed class CloseWait
    {
        internal ICloseListener? Listener { get; set; }

        internal ManualResetEventSlim Closed { get; } = new(initialState: false);
    }

    /// <summary>close(2) has run.</summary>
    private sealed class Released
    {
        internal static readonly Released Instance = new();
    }
}

/// <summary>Hears that a descriptor is about to close.</summary>
internal interface ICloseListener
{
    /// <summary>The descriptor closes when this returns. Any thread, the finalizer's included; must not throw.</summary>
    void Closing();

    /// <summary>
    /// Takes the descriptor over, to close it a little later, after <see cref="Closing"/>. Until then its number is its own, and
    /// nobody uses it. Any thread; must not throw.
    /// </summary>
    /// <returns>False when the caller must close it itself, now.</returns>
    bool TryClose(int descriptor);
}
