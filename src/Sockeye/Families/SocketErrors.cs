using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Makes the exceptions of the throwing members: what was called, on which end point, the errno, and the likely
/// cause: <c>connect 127.0.0.1:8079: ECONNREFUSED: nothing listens there</c>.
/// </summary>
internal static class SocketErrors
{
    /// <summary>The key in <see cref="Exception.Data"/> under which a failed transfer keeps the count that got through.</summary>
    internal const string BytesTransferredKey = "BytesTransferred";

    /// <summary>An exception that names the call, the end point, the errno and the likely cause.</summary>
    internal static SocketException Create(string call, EndPoint? endPoint, int errno, string? advice = null)
    {
        var message = new StringBuilder(call);
        if (endPoint is not null)
        {
            message.Append(' ').Append(Name(endPoint));
        }

        message.Append(": ").Append(Errno.Name(errno)).Append(": ").Append(advice ?? Cause(call, errno, endPoint));
        return new SocketException((int)Errno.ToSocketError(errno), message.ToString());
    }

    /// <summary>What a synchronous call throws when its socket was disposed while it waited: .NET's Interrupted.</summary>
    internal static SocketException CreateInterrupted(string call, EndPoint? endPoint) => new(
        (int)SocketError.Interrupted,
        Create(call, endPoint, Errno.EBADF).Message);

    /// <summary>As above for a transfer that moved some bytes before it failed.</summary>
    internal static SocketException Create(string call, EndPoint? endPoint, int errno, int bytesTransferred, int bytesLost = 0)
    {
        string cause = Cause(call, errno, endPoint);
        string advice = (bytesLost, bytesTransferred) switch
        {
            ( > 0, _) => $"the message had {bytesTransferred + bytesLost} bytes, the buffer {bytesTransferred}; {bytesLost} are lost",
            (_, > 0) => $"{cause}, after {bytesTransferred} bytes",
            _ => cause,
        };
        SocketException exception = Create(call, endPoint, errno, advice);
        if (bytesTransferred > 0)
        {
            exception.Data[BytesTransferredKey] = bytesTransferred;
        }

        return exception;
    }

    [DoesNotReturn]
    internal static void Throw(string call, EndPoint? endPoint, int errno, string? advice = null) =>
        throw Create(call, endPoint, errno, advice);

    /// <summary>The end point as its user wrote it; a host name without .NET's family prefix.</summary>
    internal static string Name(EndPoint endPoint) => endPoint switch
    {
        DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => endPoint.ToString() is { Length: > 0 } text ? text : "(unnamed)",
    };

    private static string Cause(string call, int errno, EndPoint? endPoint) =>
        (endPoint is null ? null : Families.FamilyTable.Of(endPoint)?.Cause(call, errno, endPoint)) ?? Cause(call, errno);

    // What is the same on every family; the rest is in the families' rows.
    private static string Cause(string call, int errno) => (call, errno) switch
    {
        ("connect", Errno.ECONNREFUSED) => "nothing listens there",
        ("connect", Errno.ETIMEDOUT) => "no answer within the time limit",
        ("connect", Errno.EISCONN) => "this socket is connected already",
        ("connect", Errno.EALREADY) => "an earlier connect on this socket is still under way",
        ("connect", Errno.EINPROGRESS or Errno.EAGAIN) => "under way; the socket does not wait",
        ("bind", Errno.EADDRINUSE) => "another socket is bound there",
        ("bind", Errno.EINVAL) => "this socket is bound already, or the address is not of its family",
        ("bind" or "connect" or "send to", Errno.EACCES or Errno.EPERM) => "not permitted",
        ("listen", Errno.EADDRINUSE) => "another socket listens there",
        ("accept", Errno.EINVAL) => "this socket does not listen",
        ("accept" or "socket", Errno.EMFILE) => "this process has no descriptor left; raise ulimit -n or close some",
        ("accept" or "socket", Errno.ENFILE) => "this machine has no file left; raise fs.file-max",
        ("socket", Errno.EAFNOSUPPORT) => "this kernel lacks the address family, or its module is not loaded",
        ("socket", Errno.EPROTONOSUPPORT or Errno.ESOCKTNOSUPPORT) => "this family has no such type or protocol here",
        ("socket", Errno.EPERM or Errno.EACCES) => "not permitted; raw and packet sockets need CAP_NET_RAW",
        ("receive exactly", Errno.ESHUTDOWN) => "the peer ended the stream early",
        ("send" or "send all" or "send file", Errno.EPIPE) => "the stream is closed for sending, here or by the peer",
        (_, Errno.ECONNRESET) => "the peer reset the connection",
        (_, Errno.ECONNREFUSED) => "nobody receives there (an earlier message was refused)",
        (_, Errno.ENOTCONN) => "this socket is not connected",
        (_, Errno.EDESTADDRREQ) => "no destination: connect first, or name one",
        (_, Errno.EMSGSIZE) => "the message is too long for this socket",
        (_, Errno.ETIMEDOUT) => "the time limit passed",
        (_, Errno.EOPNOTSUPP) => "no such call, or no flag of that kind, on this kind of socket",
        (_, Errno.EAGAIN) => "not ready, and the socket does not wait",
        (_, Errno.EBADF) => "the socket was closed meanwhile",
        (_, Errno.ECANCELED) => "canceled",
        _ => Errno.Text(errno),
    };
}
