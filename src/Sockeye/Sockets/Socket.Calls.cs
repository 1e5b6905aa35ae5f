using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// How every call begins and ends: what the socket, the flags and the token forbid is found in one place each. A synchronous
// call begins with TryBegin and runs its step; an asynchronous one rents its operation from the Usable core, and the
// operation's Begin looks at flags and token.
public partial class Socket
{
    /// <summary>The core of a socket that is not disposed.</summary>
    /// <exception cref="ObjectDisposedException">It is.</exception>
    private SocketCore Usable
    {
        get
        {
            ThrowIfDisposed();
            return Core;
        }
    }

    /// <summary>Begins a synchronous call.</summary>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="flags">As MSG_ flags.</param>
    /// <param name="progress">A call that has not begun; or one that is refused, with the errno in it.</param>
    /// <returns>False when Linux has no such flag.</returns>
    /// <exception cref="ObjectDisposedException">The socket is disposed.</exception>
    private bool TryBegin(SocketFlags socketFlags, out int flags, out Progress progress)
    {
        ThrowIfDisposed();
        progress = default;
        if (LinuxSocketFlags.TryToLinux(socketFlags, out flags))
        {
            return true;
        }

        progress.Errno = Errno.EOPNOTSUPP;
        return false;
    }

    /// <summary>The outcome of a synchronous call that counts bytes.</summary>
    private SocketResult<int> ToResult(in Progress progress) => ToResult(progress, progress.BytesTransferred);

    /// <summary>The outcome of a synchronous call.</summary>
    private SocketResult<T> ToResult<T>(in Progress progress, T value)
    {
        Core.NoteFailure(progress.Errno);
        return progress.Errno == 0
            ? SocketResult<T>.Success(value, progress.BytesTransferred)
            : SocketResult<T>.Failure(progress.Errno, progress.BytesTransferred, progress.BytesLost);
    }

    /// <summary>The value of a synchronous call's outcome, for its throwing member.</summary>
    /// <param name="result">The outcome.</param>
    /// <param name="call">The call's name in the message.</param>
    /// <param name="socketFlags">The flags the call was given. Those that Linux lacks are named.</param>
    /// <param name="endPoint">The end point to name; null is the peer, or the own address.</param>
    private T OrThrow<T>(SocketResult<T> result, string call, SocketFlags socketFlags = SocketFlags.None, EndPoint? endPoint = null)
    {
        if (result.TryGetValue(out T? value))
        {
            return value;
        }

        endPoint ??= Core.EndPointForErrors();
        if (LinuxSocketFlags.Refusal(socketFlags) is { } refusal)
        {
            SocketErrors.Throw(call, endPoint, Errno.EOPNOTSUPP, refusal);
        }

        Fail(call, endPoint, result.Errno, result.BytesTransferred, result.BytesLost);
        return default;
    }
}
