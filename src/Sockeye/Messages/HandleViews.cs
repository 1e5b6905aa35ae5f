using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sockeye;

/// <summary>From a view that was given out to what owns its descriptor: a reference to the view alone keeps nothing open.</summary>
internal static class HandleViews
{
    private static readonly ConditionalWeakTable<SafeSocketHandle, SocketHandle> Owners = [];

    /// <summary>A view of a descriptor, for APIs that take the runtime's handle.</summary>
    /// <param name="owner">What owns the descriptor.</param>
    /// <param name="isOpen">False makes a view that is disposed from the start.</param>
    internal static SafeSocketHandle Create(SocketHandle owner, bool isOpen)
    {
        var view = new SafeSocketHandle(isOpen ? owner.DangerousGetHandle() : -1, ownsHandle: false);
        Owners.Add(view, owner);
        if (!isOpen)
        {
            view.Dispose();
        }

        return view;
    }

    /// <summary>What owns a handle's descriptor: the socket's own handle where this is a view of it, else the handle itself.</summary>
    internal static SafeHandle OwnerOf(SafeHandle handle) =>
        handle is SafeSocketHandle view && Owners.TryGetValue(view, out SocketHandle? owner) ? owner : handle;
}
