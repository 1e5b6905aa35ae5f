using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>Owns a descriptor that is no socket: an epoll set or an eventfd.</summary>
internal sealed class KernelDescriptor : SafeHandle
{
    internal KernelDescriptor(int descriptor)
        : base(-1, ownsHandle: true) => SetHandle(descriptor);

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>The descriptor's number. Valid only while the caller holds a reference.</summary>
    internal int Number => (int)handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close((int)handle) >= 0;
}

/// <summary>An eventfd(2): wakes a thread that waits in epoll_wait or ppoll.</summary>
internal sealed class EventDescriptor : IDisposable
{
    private EventDescriptor(KernelDescriptor handle) => Handle = handle;

    // Owned: closed in Dispose, or by the handle's finalizer.
    internal KernelDescriptor Handle { get; }

    /// <summary>eventfd(2).</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The process has no descriptor left.</exception>
    internal static EventDescriptor Create()
    {
        int errno = TryCreate(out EventDescriptor? made);
        return errno == 0 ? made! : throw InteropException.For("eventfd", errno);
    }

    /// <summary>eventfd(2), with the failure as a value.</summary>
    /// <returns>0, or the errno.</returns>
    internal static int TryCreate(out EventDescriptor? made)
    {
        int result = Libc.EventDescriptor();
        made = result < 0 ? null : new EventDescriptor(new KernelDescriptor(result));
        return result < 0 ? -result : 0;
    }

    /// <summary>Makes the descriptor readable. Any thread may call it; it never waits.</summary>
    /// <remarks>EAGAIN means that the counter is full, so the descriptor is readable already.</remarks>
    internal void Signal() => Libc.Write(Handle, 1);

    /// <summary>Makes the descriptor unreadable again.</summary>
    internal void Drain() => Libc.Read(Handle, out _);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}

/// <summary>Asks a runtime handle whether it closes its descriptor, and stops it from doing so; its API offers neither.</summary>
internal static class HandleOwnership
{
    internal static bool Closes(System.Net.Sockets.SafeSocketHandle handle)
    {
        try
        {
            return OwnsHandle(handle);
        }
        catch (MissingMethodException)
        {
            // A later runtime named the property otherwise. Most handles own; taking over is what the caller asked for.
            return true;
        }
    }

    /// <summary>The handle gives its descriptor up: it is invalid from now on, and closes nothing.</summary>
    /// <remarks>
    /// The runtime's Socket, disposed or finalized, waits until its handle was released; one made invalid never is, and
    /// the wait is a spin without end. It does not wait when somebody else has claimed the close: so we do.
    /// </remarks>
    internal static void GiveUp(System.Net.Sockets.SafeSocketHandle handle)
    {
        try
        {
            TryOwnClose(handle);
        }
        catch (MissingMethodException)
        {
            // A later runtime closes otherwise; the handle must be made invalid all the same.
        }

        handle.SetHandleAsInvalid();
    }

    [System.Runtime.CompilerServices.UnsafeAccessor(System.Runtime.CompilerServices.UnsafeAccessorKind.Method, Name = "TryOwnClose")]
    private static extern bool TryOwnClose(System.Net.Sockets.SafeSocketHandle handle);

    [System.Runtime.CompilerServices.UnsafeAccessor(System.Runtime.CompilerServices.UnsafeAccessorKind.Method, Name = "get_OwnsHandle")]
    private static extern bool OwnsHandle(System.Net.Sockets.SafeSocketHandle handle);
}

/// <summary>Makes the exceptions of this layer: only a failure to make an engine's own descriptors throws here.</summary>
internal static class InteropException
{
    internal static System.Net.Sockets.SocketException For(string call, int errno) =>
        new((int)Errno.ToSocketError(errno), $"{call}: {Errno.Name(errno)}: {Errno.Text(errno)}");
}
