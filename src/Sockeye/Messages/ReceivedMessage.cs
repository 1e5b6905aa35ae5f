using System.Net;
using System.Net.Sockets;
using Sockeye.Families;

namespace Sockeye;

/// <summary>What <see cref="Socket.ReceiveMessage(Memory{byte}, Memory{byte}, SocketAddress?, SocketFlags)"/> received; recvmsg(2).</summary>
/// <remarks>
/// Descriptors that came are owned from the moment recvmsg(2) returned: take them, or Dispose closes them, or in the
/// end their finalizers do. Copies of this structure share them. Data, control messages and peer lie in the caller's
/// memory.
/// </remarks>
public readonly struct ReceivedMessage : IDisposable
{
    private readonly ReadOnlyMemory<byte> _control;
    private readonly ReceivedDescriptors? _descriptors;

    internal ReceivedMessage(
        int length, int bytesLost, SocketFlags flags, ReadOnlyMemory<byte> control, SocketAddress? peer, ReceivedDescriptors? descriptors)
    {
        Length = length;
        BytesLost = bytesLost;
        Flags = flags;
        _control = control;
        PeerAddress = peer;
        _descriptors = descriptors;
    }

    /// <summary>How many bytes are in the buffer. 0 is the end of a stream, or an empty message.</summary>
    public int Length { get; }

    /// <summary>How many bytes of a message did not fit the buffer and are gone.</summary>
    public int BytesLost { get; }

    /// <summary>
    /// What the kernel said: .NET's Truncated and ControlDataTruncated, and Linux's own beside them, as
    /// <c>EndOfRecord</c>, <c>ErrorQueue</c>, <c>OutOfBand</c>; one without a name here by its MSG_ number.
    /// </summary>
    public SocketFlags Flags { get; }

    /// <summary>MSG_TRUNC: the message did not fit the buffer.</summary>
    public bool IsTruncated => Flags.HasFlag(SocketFlags.Truncated);

    /// <summary>MSG_CTRUNC: some control data did not fit its buffer. Descriptors that did not fit are closed.</summary>
    public bool IsControlTruncated => Flags.HasFlag(SocketFlags.ControlDataTruncated);

    /// <summary>The control messages.</summary>
    public ControlReader Control => new(_control.Span);

    /// <summary>The address that the caller gave to be filled; null when none was given.</summary>
    public SocketAddress? PeerAddress { get; }

    /// <summary>Who sent it: <see cref="PeerAddress"/> as an end point. Null when none was asked for, or the sender has no name.</summary>
    public EndPoint? Peer => PeerAddress is { Size: > 0 } address
        ? AddressCodecs.Decode(address.Buffer.Span[..address.Size], like: null)
        : null;

    /// <summary>SCM_RIGHTS: how many descriptors came and have not been taken.</summary>
    public int HandleCount => _descriptors?.HandleCount ?? 0;

    /// <summary>
    /// SCM_RIGHTS: takes the descriptors, close-on-exec, in the order they were sent. The caller owns them:
    /// <c>new Socket(handle)</c> or <see cref="SocketHandle.ToFileHandle"/> makes use of them.
    /// </summary>
    /// <returns>The handles; none when none came or they were taken before.</returns>
    public SocketHandle[] TakeHandles() => _descriptors?.TakeHandles() ?? [];

    /// <summary>SCM_PIDFD: takes the sender's process, a pidfd (pidfd_open(2)), close-on-exec. The caller owns it. Received when SO_PASSPIDFD is set.</summary>
    /// <returns>The handle; null when none came or it was taken before.</returns>
    public ProcessDescriptor? TakeProcessHandle() => _descriptors?.TakeProcessHandle();

    /// <summary>Closes the descriptors that were not taken.</summary>
    public void Dispose() => _descriptors?.Dispose();

    /// <summary>As <c>12 bytes, Truncated, 2 handles</c>.</summary>
    public override string ToString() =>
        $"{Length} bytes{(Flags == SocketFlags.None ? "" : $", {LinuxSocketFlags.Describe(Flags)}")}{(HandleCount == 0 ? "" : $", {HandleCount} handles")}";
}
