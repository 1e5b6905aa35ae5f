using System.Net;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>sendto(2) with MSG_FASTOPEN, then the connection, then what is left of the data.</summary>
internal sealed class FastOpenOperation(SocketCore socket) : SocketOperation<int>(socket, OperationLane.Write)
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;

    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private EndPoint? _peer;
    private Progress _progress;

    internal override string Call => "connect and send";

    internal FastOpenOperation With(EndPoint peer, ReadOnlyMemory<byte> data)
    {
        _addressLength = AddressCodecs.Encode(peer, _address);
        _peer = peer;
        _data = data;
        return this;
    }

    internal override bool TryComplete()
    {
        int result = Advance(Socket, _peer!, _address.AsSpan(0, _addressLength), _data.Span, ref _progress);
        BytesTransferred = _progress.BytesTold;
        if (result == -Interop.Errno.EAGAIN)
        {
            return false;
        }

        Errno = -result;
        return true;
    }

    /// <summary>Goes as far as it can without waiting.</summary>
    /// <returns>0 when all is sent; −EAGAIN: wait until writable; else −errno.</returns>
    internal static int Advance(
        SocketCore socket, EndPoint peer, ReadOnlySpan<byte> address, ReadOnlySpan<byte> data, ref Progress progress)
    {
        if (!progress.Asked)
        {
            progress.Asked = true;
            int result = SendToOperation.Send(socket, data, SocketConstants.MSG_FASTOPEN, address);
            if (result == -Interop.Errno.ECONNABORTED)
            {
                // Said once of an earlier attempt, as in ConnectOperation.
                result = SendToOperation.Send(socket, data, SocketConstants.MSG_FASTOPEN, address);
            }

            switch (result)
            {
                // As many bytes as went with the first segment, or all, if the answer came at once.
                case >= 0:
                    progress.Sent = result;
                    progress.UnderWay = socket.IsConnecting = true;
                    break;

                // There is no cookie for this server yet: the first segment asks for one, and carries nothing.
                case -Interop.Errno.EINPROGRESS:
                    progress.UnderWay = socket.IsConnecting = true;
                    break;

                // Switched off by net.ipv4.tcp_fastopen: a plain connect.
                case -Interop.Errno.EOPNOTSUPP:
                    break;
                default:
                    return result;
            }
        }

        if (!progress.Connected)
        {
            int result = ConnectOperation.Connect(socket, address, ref progress.UnderWay);
            if (result < 0)
            {
                return result == -Interop.Errno.EINPROGRESS ? -Interop.Errno.EAGAIN : result;
            }

            progress.Connected = true;
            socket.SetConnected(peer);
        }

        while (progress.Sent < data.Length)
        {
            int result = SendOperation.Send(socket, data[progress.Sent..], 0);
            if (result < 0)
            {
                return result;
            }

            progress.Sent += result;
        }

        return 0;
    }

    protected override int TakeValue() => BytesTransferred;

    protected override Exception CreateSocketException() => SocketErrors.Create(Call, _peer, Errno, BytesTransferred, bytesLost: 0);

    protected override void Reset()
    {
        _data = default;
        _peer = null;
        _progress = default;
    }

    // One connect in a socket's life: not worth a cache.
    /// <summary>How far it went.</summary>
    internal struct Progress
    {
        internal bool Asked;
        internal bool UnderWay;
        internal bool Connected;
        internal int Sent;

        /// <summary>Of a connection that never was, nothing arrived for sure.</summary>
        internal readonly int BytesTold => Connected ? Sent : 0;
    }
}
