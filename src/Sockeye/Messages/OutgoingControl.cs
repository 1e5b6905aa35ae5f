using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>The control data of one sendmsg(2): the caller's own, and SCM_RIGHTS for the handles, which stay referenced until <see cref="Release"/>.</summary>
internal struct OutgoingControl
{
    // Owned: back to the pool in Release. Null when the caller's own control data is all there is.
    private byte[]? _rented;
    private int _length;

    // Referenced: the first so many of them.
    private SafeHandle[]? _handles;
    private int _referenced;

    /// <summary>The caller's own; borrowed.</summary>
    private ReadOnlyMemory<byte> _given;

    internal readonly ReadOnlySpan<byte> Bytes => _rented is null ? _given.Span : _rented.AsSpan(0, _length);

    /// <summary>References the handles and lays the control data out.</summary>
    /// <param name="message">The message.</param>
    /// <param name="family">The sending socket's family.</param>
    /// <param name="isStream">True when it sends a stream.</param>
    /// <exception cref="ArgumentException">Too many handles, one that holds no descriptor, or a socket that cannot send them.</exception>
    /// <exception cref="ObjectDisposedException">A handle is closed.</exception>
    internal void Prepare(in OutgoingMessage message, AddressFamily family, bool isStream)
    {
        _given = message.Control;
        if (message.Handles is not { Count: > 0 } given)
        {
            return;
        }

        // A copy: the list may change meanwhile.
        SafeHandle[] handles = [.. given];
        if (handles.Length > MessageConstants.DescriptorsMax)
        {
            throw new ArgumentException($"A message carries at most {MessageConstants.DescriptorsMax} descriptors, not {handles.Length}.", nameof(message));
        }

        if (family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
        {
            // The kernel would take them and send none (net/core/sock.c, __sock_cmsg_send).
            throw new ArgumentException("Descriptors do not leave the machine: send them on a UNIX socket.", nameof(message));
        }

        if (isStream && message.Data.IsEmpty && message.Buffers.IsEmpty)
        {
            throw new ArgumentException("On a stream descriptors go with data: send at least one byte.", nameof(message));
        }

        try
        {
            _handles = handles;
            _rented = ArrayPool<byte>.Shared.Rent(checked(_given.Length + SocketControl.HandlesSpace(_handles.Length)));
            Span<int> numbers = stackalloc int[_handles.Length];
            for (int i = 0; i < handles.Length; i++)
            {
                ArgumentNullException.ThrowIfNull(handles[i], nameof(message));
                SafeHandle handle = handles[i] = HandleViews.OwnerOf(handles[i]);
                bool referenced = false;
                handle.DangerousAddRef(ref referenced);
                if (handle.IsInvalid)
                {
                    handle.DangerousRelease();
                    throw new ArgumentException("A handle holds no descriptor.", nameof(message));
                }

                if (handle is SocketHandle socket)
                {
                    socket.IsShared = true;
                }

                numbers[_referenced++] = (int)handle.DangerousGetHandle();
            }

            var writer = new ControlWriter(_rented);
            writer.TryAdd(SocketConstants.SOL_SOCKET, MessageConstants.SCM_RIGHTS, MemoryMarshal.AsBytes(numbers));
            _given.Span.CopyTo(_rented.AsSpan(writer.Written));
            _length = writer.Written + _given.Length;
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Lets the handles go. A second call does nothing.</summary>
    internal void Release()
    {
        for (int i = 0; i < _referenced; i++)
        {
            _handles![i].DangerousRelease();
        }

        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }

        this = default;
    }
}
