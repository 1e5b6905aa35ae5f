using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>The resolver's own error codes, EAI_ of &lt;netdb.h&gt;: why a name was not found. They are not errnos.</summary>
public enum ResolverError
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>EAI_BADFLAGS: the flags are unknown, or do not go together.</summary>
    BadFlags = ResolverConstants.EAI_BADFLAGS,

    /// <summary>EAI_NONAME: no such host or service.</summary>
    NoName = ResolverConstants.EAI_NONAME,

    /// <summary>EAI_AGAIN: the name servers do not answer now.</summary>
    TryAgain = ResolverConstants.EAI_AGAIN,

    /// <summary>EAI_FAIL: the name servers failed.</summary>
    Fail = ResolverConstants.EAI_FAIL,

    /// <summary>EAI_NODATA: the name exists and has no address.</summary>
    NoData = ResolverConstants.EAI_NODATA,

    /// <summary>EAI_FAMILY: the resolver does not know the address family.</summary>
    Family = ResolverConstants.EAI_FAMILY,

    /// <summary>EAI_SOCKTYPE: the socket type is unknown, or not one of the protocol's.</summary>
    SocketType = ResolverConstants.EAI_SOCKTYPE,

    /// <summary>EAI_SERVICE: the service is not known for that socket type.</summary>
    Service = ResolverConstants.EAI_SERVICE,

    /// <summary>EAI_ADDRFAMILY: the name has no address of that family.</summary>
    AddressFamily = ResolverConstants.EAI_ADDRFAMILY,

    /// <summary>EAI_MEMORY: no memory was left.</summary>
    Memory = ResolverConstants.EAI_MEMORY,

    /// <summary>EAI_SYSTEM: what the resolver called failed; the errno says why. A passed time limit is ETIMEDOUT.</summary>
    System = ResolverConstants.EAI_SYSTEM,

    /// <summary>EAI_OVERFLOW: a name is longer than its buffer.</summary>
    Overflow = ResolverConstants.EAI_OVERFLOW,

    /// <summary>EAI_CANCELED: the token was canceled.</summary>
    Canceled = ResolverConstants.EAI_CANCELED,

    /// <summary>EAI_IDN_ENCODE: the name's letters cannot be written as a host name (RFC 5891).</summary>
    Encoding = ResolverConstants.EAI_IDN_ENCODE,
}

/// <summary>A lookup that failed: a <see cref="SocketException"/> that also knows the resolver's own code.</summary>
/// <remarks>
/// <see cref="SocketException.SocketErrorCode"/> is HostNotFound, TryAgain, NoRecovery, NoData, TimedOut and so on, as
/// in System.Net.Dns.
/// </remarks>
public sealed class ResolverException : SocketException
{
    internal ResolverException(ResolverError error, int errno, string message)
        : base((int)Interop.Errno.ToSocketError(ResolverErrors.ToErrno(error, errno)), message)
    {
        ResolverError = error;
        Errno = errno;
    }

    /// <summary>Why the lookup failed.</summary>
    public ResolverError ResolverError { get; }

    /// <summary>The kernel's error number behind <see cref="ResolverError.System"/>; else 0.</summary>
    public int Errno { get; }
}

/// <summary>The outcome of a lookup: a value, or why there is none.</summary>
/// <typeparam name="T">What was looked up.</typeparam>
/// <remarks>Returned by the Try members of <see cref="Resolver"/>; their throwing twins run the same code.</remarks>
public readonly struct ResolverResult<T>
{
    private readonly T _value;

    private ResolverResult(T value, ResolverError error, int errno)
    {
        _value = value;
        ResolverError = error;
        Errno = errno;
    }

    /// <summary>True when the lookup found what was asked.</summary>
    public bool IsSuccess => ResolverError == ResolverError.None;

    /// <summary>Why the lookup failed: the resolver's own code.</summary>
    public ResolverError ResolverError { get; }

    /// <summary>.NET's name for the failure: HostNotFound, TryAgain, NoRecovery, NoData, TimedOut, …</summary>
    public SocketError Error => Interop.Errno.ToSocketError(ResolverErrors.ToErrno(ResolverError, Errno));

    /// <summary>The kernel's error number behind <see cref="ResolverError.System"/>; else 0.</summary>
    public int Errno { get; }

    /// <summary>The value.</summary>
    /// <exception cref="ResolverException">The lookup failed; the exception names the code.</exception>
    public T Value => IsSuccess ? _value : throw ResolverErrors.Create("lookup", subject: null, ResolverError, Errno);

    /// <summary>Gives the value when the lookup succeeded.</summary>
    /// <param name="value">The value; <see langword="default"/> when the lookup failed.</param>
    /// <returns>True when the lookup succeeded.</returns>
    public bool TryGetValue([MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return IsSuccess;
    }

    /// <summary>As <c>ok</c> or <c>EAI_NONAME (HostNotFound)</c>.</summary>
    public override string ToString() => IsSuccess ? "ok" : $"{ResolverErrors.Name(ResolverError, Errno)} ({Error})";

    internal static ResolverResult<T> Success(T value) => new(value, ResolverError.None, 0);

    internal static ResolverResult<T> Failure(ResolverError error, int errno = 0) => new(default!, error, errno);

    /// <summary>The same failure of another lookup.</summary>
    internal ResolverResult<TOther> As<TOther>() => ResolverResult<TOther>.Failure(ResolverError, Errno);
}

/// <summary>The resolver's codes in words, and as the numbers that <see cref="SocketResult"/> carries.</summary>
internal static class ResolverErrors
{
    // WSATYPE_NOT_FOUND, which is EAI_SERVICE where .NET's numbers come from.
    private const int TypeNotFound = (int)SocketError.TypeNotFound;

    /// <summary>The libc's name for the code, with the errno's where there is one.</summary>
    internal static string Name(ResolverError error, int errno) => error switch
    {
        ResolverError.BadFlags => "EAI_BADFLAGS",
        ResolverError.NoName => "EAI_NONAME",
        ResolverError.TryAgain => "EAI_AGAIN",
        ResolverError.Fail => "EAI_FAIL",
        ResolverError.NoData => "EAI_NODATA",
        ResolverError.Family => "EAI_FAMILY",
        ResolverError.SocketType => "EAI_SOCKTYPE",
        ResolverError.Service => "EAI_SERVICE",
        ResolverError.AddressFamily => "EAI_ADDRFAMILY",
        ResolverError.Memory => "EAI_MEMORY",
        ResolverError.System => Interop.Errno.Name(errno),
        ResolverError.Overflow => "EAI_OVERFLOW",
        ResolverError.Canceled => "EAI_CANCELED",
        ResolverError.Encoding => "EAI_IDN_ENCODE",
        _ => $"EAI {(int)error}",
    };

    /// <summary>What the code means, and what to try.</summary>
    internal static string Text(ResolverError error, int errno) => (error, errno) switch
    {
        (ResolverError.BadFlags, _) => "these flags do not go together: CanonicalName needs a host, the numeric ones forbid names",
        (ResolverError.NoName, _) => "the name was not found; check how it is spelled, or try: getent ahosts NAME",
        (ResolverError.TryAgain, _) => "the name servers do not answer; try again later, or look into /etc/resolv.conf",
        (ResolverError.Fail, _) => "the name servers failed; they know of no way to answer",
        (ResolverError.NoData, _) => "the name exists, but has no address of that kind",
        (ResolverError.Family, _) => "the resolver does not know that address family; InterNetwork, InterNetworkV6 or Unspecified",
        (ResolverError.SocketType, _) => "that socket type is unknown, or not one of that protocol's",
        (ResolverError.Service, _) => "no such service for that socket type; pass its number, or see /etc/services (Debian's netbase)",
        (ResolverError.AddressFamily, _) => "the name has no address of that family",
        (ResolverError.Memory, _) => "no memory is left",
        (ResolverError.System, Interop.Errno.ETIMEDOUT) => "no answer within the time limit",
        (ResolverError.System, Interop.Errno.ENOBUFS) => "too many lookups wait already; the name servers may be slow",
        (ResolverError.System, _) => Interop.Errno.Text(errno),
        (ResolverError.Overflow, _) => "the name is longer than a host name may be",
        (ResolverError.Canceled, _) => "canceled",
        (ResolverError.Encoding, _) => "these letters cannot be written as a host name",
        _ => "the resolver failed",
    };

    /// <summary>
    /// The number that stands for the code where an errno is expected: the errno itself of <see cref="ResolverError.System"/>,
    /// an errno of the same meaning, or .NET's 10109 and 11001 to 11004, which no errno has.
    /// </summary>
    internal static int ToErrno(ResolverError error, int errno) => error switch
    {
        ResolverError.None => 0,
        ResolverError.BadFlags => Interop.Errno.EINVAL,
        ResolverError.TryAgain => (int)SocketError.TryAgain,
        ResolverError.Fail => (int)SocketError.NoRecovery,
        ResolverError.NoData or ResolverError.AddressFamily => (int)SocketError.NoData,
        ResolverError.Family => Interop.Errno.EAFNOSUPPORT,
        ResolverError.SocketType => Interop.Errno.ESOCKTNOSUPPORT,
        ResolverError.Service => TypeNotFound,
        ResolverError.Memory => Interop.Errno.ENOMEM,
        ResolverError.System => errno != 0 ? errno : Interop.Errno.EIO, // a libc that does not say: never 0, which is success
        ResolverError.Overflow => Interop.Errno.ENAMETOOLONG,
        ResolverError.Canceled => Interop.Errno.ECANCELED,
        _ => (int)SocketError.HostNotFound,
    };

    /// <summary>An exception that names the call, what was looked up, the code and what to try.</summary>
    internal static ResolverException Create(string call, string? subject, ResolverError error, int errno) => new(
        error,
        error == ResolverError.System ? errno : 0,
        $"{call}{(string.IsNullOrEmpty(subject) ? "" : " " + subject)}: {Name(error, errno)}: {Text(error, errno)}");
}
