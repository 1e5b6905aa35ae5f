namespace Sockeye;

/// <summary>The options of VSOCK sockets: level AF_VSOCK, described in vsock(7).</summary>
public static class VsockOptions
{
    /// <summary>AF_VSOCK: the family's number is the level's, too.</summary>
    private const int Level = 40;

    /// <summary>SO_VM_SOCKETS_BUFFER_MAX_SIZE: the most that <see cref="Buffer"/> may be, in bytes. Defaults to 262,144.</summary>
    public static readonly SocketOption<ulong> BufferMax =
        SocketOption.Struct<ulong>(Level, 2, "SO_VM_SOCKETS_BUFFER_MAX_SIZE");

    /// <summary>SO_VM_SOCKETS_BUFFER_MIN_SIZE: the least that <see cref="Buffer"/> may be, in bytes. Defaults to 128.</summary>
    public static readonly SocketOption<ulong> BufferMin =
        SocketOption.Struct<ulong>(Level, 1, "SO_VM_SOCKETS_BUFFER_MIN_SIZE");

    /// <summary>
    /// SO_VM_SOCKETS_BUFFER_SIZE: how many bytes the peer may send before they are received. Defaults to 262,144.
    /// </summary>
    public static readonly SocketOption<ulong> Buffer =
        SocketOption.Struct<ulong>(Level, 0, "SO_VM_SOCKETS_BUFFER_SIZE");

    /// <summary>
    /// SO_VM_SOCKETS_CONNECT_TIMEOUT: the time limit of a connect. Defaults to two seconds; it must not be
    /// zero (ERANGE, EDOM). Our own calls obey <see cref="Socket.Timeout"/> as well.
    /// </summary>
    public static readonly SocketOption<TimeSpan> ConnectTimeout =
        new(TimeLayout.Instance, Level, 6, "SO_VM_SOCKETS_CONNECT_TIMEOUT", SocketOptionAccess.Both);

    /// <summary>
    /// SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW: as <see cref="ConnectTimeout"/>, with 64-bit times on every machine.
    /// Linux 5.16.
    /// </summary>
    public static readonly SocketOption<TimeSpan> ConnectTimeoutNew =
        new(TimeLayout.Instance, Level, 8, "SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW", SocketOptionAccess.Both);
}
