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
    internal EventDescriptor()
    {
        int result = Libc.EventDescriptor();
        if (result < 0)
        {
            throw InteropException.For("eventfd", -result);
        }

        Handle = new KernelDescriptor(result);
    }

    // Owned: closed in Dispose, or by the handle's finalizer.
    internal KernelDescriptor Handle { get; }

    /// <summary>Makes the descriptor readable. Any thread may call it; it never waits.</summary>
    /// <remarks>EAGAIN means that the counter is full, so the descriptor is readable already.</remarks>
    internal void Signal() => Libc.Write(Handle, 1);

    /// <summary>Makes the descriptor unreadable again.</summary>
    internal void Drain() => Libc.Read(Handle, out _);

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}

/// <summary>Makes the exceptions of this layer: only a failure to make an engine's own descriptors throws here.</summary>
internal static class InteropException
{
    internal static System.Net.Sockets.SocketException For(string call, int errno) =>
        new((int)Errno.ToSocketError(errno), $"{call}: {Errno.Name(errno)}: {Errno.Text(errno)}");
}
