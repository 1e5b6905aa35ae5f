using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>
/// The kernel's error numbers (asm-generic/errno.h, the same on x64 and arm64), their names, and .NET's
/// <see cref="SocketError"/> for them, as System.Net.Sockets has it on Linux.
/// </summary>
/// <remarks>
/// The EINTR rule: the lowest layer reports EINTR; the public face resumes the call with the time that is left
/// (PEP 475). Every errno is data until the edge, where <c>SocketErrors</c> makes it an exception.
/// </remarks>
internal static class Errno
{
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int ESRCH = 3;
    internal const int EINTR = 4;
    internal const int EIO = 5;
    internal const int ENXIO = 6;
    internal const int E2BIG = 7;
    internal const int ENOEXEC = 8;
    internal const int EBADF = 9;
    internal const int ECHILD = 10;
    internal const int EAGAIN = 11;
    internal const int ENOMEM = 12;
    internal const int EACCES = 13;
    internal const int EFAULT = 14;
    internal const int ENOTBLK = 15;
    internal const int EBUSY = 16;
    internal const int EEXIST = 17;
    internal const int EXDEV = 18;
    internal const int ENODEV = 19;
    internal const int ENOTDIR = 20;
    internal const int EISDIR = 21;
    internal const int EINVAL = 22;
    internal const int ENFILE = 23;
    internal const int EMFILE = 24;
    internal const int ENOTTY = 25;
    internal const int ETXTBSY = 26;
    internal const int EFBIG = 27;
    internal const int ENOSPC = 28;
    internal const int ESPIPE = 29;
    internal const int EROFS = 30;
    internal const int EMLINK = 31;
    internal const int EPIPE = 32;
    internal const int EDOM = 33;
    internal const int ERANGE = 34;
    internal const int EDEADLK = 35;
    internal const int ENAMETOOLONG = 36;
    internal const int ENOLCK = 37;
    internal const int ENOSYS = 38;
    internal const int ENOTEMPTY = 39;
    internal const int ELOOP = 40;
    internal const int ENOMSG = 42;
    internal const int EIDRM = 43;
    internal const int ECHRNG = 44;
    internal const int EL2NSYNC = 45;
    internal const int EL3HLT = 46;
    internal const int EL3RST = 47;
    internal const int ELNRNG = 48;
    internal const int EUNATCH = 49;
    internal const int ENOCSI = 50;
    internal const int EL2HLT = 51;
    internal const int EBADE = 52;
    internal const int EBADR = 53;
    internal const int EXFULL = 54;
    internal const int ENOANO = 55;
    internal const int EBADRQC = 56;
    internal const int EBADSLT = 57;
    internal const int EBFONT = 59;
    internal const int ENOSTR = 60;
    internal const int ENODATA = 61;
    internal const int ETIME = 62;
    internal const int ENOSR = 63;
    internal const int ENONET = 64;
    internal const int ENOPKG = 65;
    internal const int EREMOTE = 66;
    internal const int ENOLINK = 67;
    internal const int EADV = 68;
    internal const int ESRMNT = 69;
    internal const int ECOMM = 70;
    internal const int EPROTO = 71;
    internal const int EMULTIHOP = 72;
    internal const int EDOTDOT = 73;
    internal const int EBADMSG = 74;
    internal const int EOVERFLOW = 75;
    internal const int ENOTUNIQ = 76;
    internal const int EBADFD = 77;
    internal const int EREMCHG = 78;
    internal const int ELIBACC = 79;
    internal const int ELIBBAD = 80;
    internal const int ELIBSCN = 81;
    internal const int ELIBMAX = 82;
    internal const int ELIBEXEC = 83;
    internal const int EILSEQ = 84;
    internal const int ERESTART = 85;
    internal const int ESTRPIPE = 86;
    internal const int EUSERS = 87;
    internal const int ENOTSOCK = 88;
    internal const int EDESTADDRREQ = 89;
    internal const int EMSGSIZE = 90;
    internal const int EPROTOTYPE = 91;
    internal const int ENOPROTOOPT = 92;
    internal const int EPROTONOSUPPORT = 93;
    internal const int ESOCKTNOSUPPORT = 94;
    internal const int EOPNOTSUPP = 95;
    internal const int EPFNOSUPPORT = 96;
    internal const int EAFNOSUPPORT = 97;
    internal const int EADDRINUSE = 98;
    internal const int EADDRNOTAVAIL = 99;
    internal const int ENETDOWN = 100;
    internal const int ENETUNREACH = 101;
    internal const int ENETRESET = 102;
    internal const int ECONNABORTED = 103;
    internal const int ECONNRESET = 104;
    internal const int ENOBUFS = 105;
    internal const int EISCONN = 106;
    internal const int ENOTCONN = 107;
    internal const int ESHUTDOWN = 108;
    internal const int ETOOMANYREFS = 109;
    internal const int ETIMEDOUT = 110;
    internal const int ECONNREFUSED = 111;
    internal const int EHOSTDOWN = 112;
    internal const int EHOSTUNREACH = 113;
    internal const int EALREADY = 114;
    internal const int EINPROGRESS = 115;
    internal const int ESTALE = 116;
    internal const int EUCLEAN = 117;
    internal const int ENOTNAM = 118;
    internal const int ENAVAIL = 119;
    internal const int EISNAM = 120;
    internal const int EREMOTEIO = 121;
    internal const int EDQUOT = 122;
    internal const int ENOMEDIUM = 123;
    internal const int EMEDIUMTYPE = 124;
    internal const int ECANCELED = 125;
    internal const int ENOKEY = 126;
    internal const int EKEYEXPIRED = 127;
    internal const int EKEYREVOKED = 128;
    internal const int EKEYREJECTED = 129;
    internal const int EOWNERDEAD = 130;
    internal const int ENOTRECOVERABLE = 131;
    internal const int ERFKILL = 132;
    internal const int EHWPOISON = 133;

    /// <summary>The errno's name, as <c>ECONNREFUSED</c>; a number Linux has no name for comes back in digits.</summary>
    internal static string Name(int errno) => errno switch
    {
        0 => "0",
        EPERM => nameof(EPERM),
        ENOENT => nameof(ENOENT),
        ESRCH => nameof(ESRCH),
        EINTR => nameof(EINTR),
        EIO => nameof(EIO),
        ENXIO => nameof(ENXIO),
        E2BIG => nameof(E2BIG),
        ENOEXEC => nameof(ENOEXEC),
        EBADF => nameof(EBADF),
        ECHILD => nameof(ECHILD),
        EAGAIN => nameof(EAGAIN),
        ENOMEM => nameof(ENOMEM),
        EACCES => nameof(EACCES),
        EFAULT => nameof(EFAULT),
        ENOTBLK => nameof(ENOTBLK),
        EBUSY => nameof(EBUSY),
        EEXIST => nameof(EEXIST),
        EXDEV => nameof(EXDEV),
        ENODEV => nameof(ENODEV),
        ENOTDIR => nameof(ENOTDIR),
        EISDIR => nameof(EISDIR),
        EINVAL => nameof(EINVAL),
        ENFILE => nameof(ENFILE),
        EMFILE => nameof(EMFILE),
        ENOTTY => nameof(ENOTTY),
        ETXTBSY => nameof(ETXTBSY),
        EFBIG => nameof(EFBIG),
        ENOSPC => nameof(ENOSPC),
        ESPIPE => nameof(ESPIPE),
        EROFS => nameof(EROFS),
        EMLINK => nameof(EMLINK),
        EPIPE => nameof(EPIPE),
        EDOM => nameof(EDOM),
        ERANGE => nameof(ERANGE),
        EDEADLK => nameof(EDEADLK),
        ENAMETOOLONG => nameof(ENAMETOOLONG),
        ENOLCK => nameof(ENOLCK),
        ENOSYS => nameof(ENOSYS),
        ENOTEMPTY => nameof(ENOTEMPTY),
        ELOOP => nameof(ELOOP),
        ENOMSG => nameof(ENOMSG),
        EIDRM => nameof(EIDRM),
        ECHRNG => nameof(ECHRNG),
        EL2NSYNC => nameof(EL2NSYNC),
        EL3HLT => nameof(EL3HLT),
        EL3RST => nameof(EL3RST),
        ELNRNG => nameof(ELNRNG),
        EUNATCH => nameof(EUNATCH),
        ENOCSI => nameof(ENOCSI),
        EL2HLT => nameof(EL2HLT),
        EBADE => nameof(EBADE),
        EBADR => nameof(EBADR),
        EXFULL => nameof(EXFULL),
        ENOANO => nameof(ENOANO),
        EBADRQC => nameof(EBADRQC),
        EBADSLT => nameof(EBADSLT),
        EBFONT => nameof(EBFONT),
        ENOSTR => nameof(ENOSTR),
        ENODATA => nameof(ENODATA),
        ETIME => nameof(ETIME),
        ENOSR => nameof(ENOSR),
        ENONET => nameof(ENONET),
        ENOPKG => nameof(ENOPKG),
        EREMOTE => nameof(EREMOTE),
        ENOLINK => nameof(ENOLINK),
        EADV => nameof(EADV),
        ESRMNT => nameof(ESRMNT),
        ECOMM => nameof(ECOMM),
        EPROTO => nameof(EPROTO),
        EMULTIHOP => nameof(EMULTIHOP),
        EDOTDOT => nameof(EDOTDOT),
        EBADMSG => nameof(EBADMSG),
        EOVERFLOW => nameof(EOVERFLOW),
        ENOTUNIQ => nameof(ENOTUNIQ),
        EBADFD => nameof(EBADFD),
        EREMCHG => nameof(EREMCHG),
        ELIBACC => nameof(ELIBACC),
        ELIBBAD => nameof(ELIBBAD),
        ELIBSCN => nameof(ELIBSCN),
        ELIBMAX => nameof(ELIBMAX),
        ELIBEXEC => nameof(ELIBEXEC),
        EILSEQ => nameof(EILSEQ),
        ERESTART => nameof(ERESTART),
        ESTRPIPE => nameof(ESTRPIPE),
        EUSERS => nameof(EUSERS),
        ENOTSOCK => nameof(ENOTSOCK),
        EDESTADDRREQ => nameof(EDESTADDRREQ),
        EMSGSIZE => nameof(EMSGSIZE),
        EPROTOTYPE => nameof(EPROTOTYPE),
        ENOPROTOOPT => nameof(ENOPROTOOPT),
        EPROTONOSUPPORT => nameof(EPROTONOSUPPORT),
        ESOCKTNOSUPPORT => nameof(ESOCKTNOSUPPORT),
        EOPNOTSUPP => nameof(EOPNOTSUPP),
        EPFNOSUPPORT => nameof(EPFNOSUPPORT),
        EAFNOSUPPORT => nameof(EAFNOSUPPORT),
        EADDRINUSE => nameof(EADDRINUSE),
        EADDRNOTAVAIL => nameof(EADDRNOTAVAIL),
        ENETDOWN => nameof(ENETDOWN),
        ENETUNREACH => nameof(ENETUNREACH),
        ENETRESET => nameof(ENETRESET),
        ECONNABORTED => nameof(ECONNABORTED),
        ECONNRESET => nameof(ECONNRESET),
        ENOBUFS => nameof(ENOBUFS),
        EISCONN => nameof(EISCONN),
        ENOTCONN => nameof(ENOTCONN),
        ESHUTDOWN => nameof(ESHUTDOWN),
        ETOOMANYREFS => nameof(ETOOMANYREFS),
        ETIMEDOUT => nameof(ETIMEDOUT),
        ECONNREFUSED => nameof(ECONNREFUSED),
        EHOSTDOWN => nameof(EHOSTDOWN),
        EHOSTUNREACH => nameof(EHOSTUNREACH),
        EALREADY => nameof(EALREADY),
        EINPROGRESS => nameof(EINPROGRESS),
        ESTALE => nameof(ESTALE),
        EUCLEAN => nameof(EUCLEAN),
        ENOTNAM => nameof(ENOTNAM),
        ENAVAIL => nameof(ENAVAIL),
        EISNAM => nameof(EISNAM),
        EREMOTEIO => nameof(EREMOTEIO),
        EDQUOT => nameof(EDQUOT),
        ENOMEDIUM => nameof(ENOMEDIUM),
        EMEDIUMTYPE => nameof(EMEDIUMTYPE),
        ECANCELED => nameof(ECANCELED),
        ENOKEY => nameof(ENOKEY),
        EKEYEXPIRED => nameof(EKEYEXPIRED),
        EKEYREVOKED => nameof(EKEYREVOKED),
        EKEYREJECTED => nameof(EKEYREJECTED),
        EOWNERDEAD => nameof(EOWNERDEAD),
        ENOTRECOVERABLE => nameof(ENOTRECOVERABLE),
        ERFKILL => nameof(ERFKILL),
        EHWPOISON => nameof(EHWPOISON),
        >= (int)SocketError.HostNotFound and <= (int)SocketError.NoData => ((SocketError)errno).ToString(),
        _ => errno.ToString(),
    };

    /// <summary>
    /// The C library's text for the errno, as <c>Connection refused</c>. The resolver's failures, which have no errno,
    /// go by .NET's numbers for them, 11001 to 11004, which no errno has.
    /// </summary>
    internal static string Text(int errno) => (SocketError)errno switch
    {
        SocketError.HostNotFound => "the name was not found",
        SocketError.TryAgain => "the name servers do not answer; try again later",
        SocketError.NoRecovery => "the name servers failed",
        SocketError.NoData => "the name has no address of that family",
        _ => Marshal.GetPInvokeErrorMessage(errno),
    };

    /// <summary>
    /// .NET's name for the errno. Where .NET has none, the number itself, so that
    /// an exception made of it keeps it.
    /// </summary>
    internal static SocketError ToSocketError(int errno) => errno switch
    {
        0 => SocketError.Success,
        EACCES or EPERM => SocketError.AccessDenied,
        EADDRINUSE => SocketError.AddressAlreadyInUse,
        EADDRNOTAVAIL or ENOENT => SocketError.AddressNotAvailable,
        EAFNOSUPPORT => SocketError.AddressFamilyNotSupported,
        EAGAIN => SocketError.WouldBlock,
        EALREADY => SocketError.AlreadyInProgress,
        EBADF or ECANCELED => SocketError.OperationAborted,
        ECONNABORTED => SocketError.ConnectionAborted,
        ECONNREFUSED => SocketError.ConnectionRefused,
        ECONNRESET => SocketError.ConnectionReset,
        EDESTADDRREQ => SocketError.DestinationAddressRequired,
        EFAULT => SocketError.Fault,
        EHOSTDOWN => SocketError.HostDown,
        EHOSTUNREACH => SocketError.HostUnreachable,
        EINPROGRESS => SocketError.InProgress,
        EINTR => SocketError.Interrupted,
        EINVAL => SocketError.InvalidArgument,
        EISCONN => SocketError.IsConnected,
        EMFILE or ENFILE => SocketError.TooManyOpenSockets,
        EMSGSIZE => SocketError.MessageSize,
        ENETDOWN => SocketError.NetworkDown,
        ENETRESET => SocketError.NetworkReset,
        ENETUNREACH => SocketError.NetworkUnreachable,
        ENOBUFS => SocketError.NoBufferSpaceAvailable,
        ENODATA => SocketError.NoData,
        ENOPROTOOPT => SocketError.ProtocolOption,
        ENOTCONN => SocketError.NotConnected,
        ENOTSOCK => SocketError.NotSocket,
        ENXIO => SocketError.HostNotFound,
        EOPNOTSUPP => SocketError.OperationNotSupported,
        EPFNOSUPPORT => SocketError.ProtocolFamilyNotSupported,
        EPIPE => SocketError.Shutdown,
        EPROTONOSUPPORT => SocketError.ProtocolNotSupported,
        EPROTOTYPE => SocketError.ProtocolType,
        ESHUTDOWN => SocketError.Disconnecting,
        ESOCKTNOSUPPORT => SocketError.SocketNotSupported,
        ETIMEDOUT => SocketError.TimedOut,
        _ => (SocketError)errno,
    };
}
