using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Names of hosts, services and protocols, as the C library knows them: getaddrinfo(3), getnameinfo(3), and the
/// rest of &lt;netdb.h&gt;.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>Results come in libc's order (RFC 6724, gai.conf(5)) and from where nsswitch.conf(5) says: /etc/hosts first, then
/// name servers.</item>
/// <item>A lookup may block for as long as resolv.conf(5) allows, 5 seconds a try by default. Without a time limit a
/// synchronous one does so on the calling thread. With one, and asynchronously, it runs on a thread of the
/// library, and giving it up takes effect at once: libc cannot be interrupted, so the thread goes on waiting and drops the result.</item>
/// <item>At most 16 such threads run, each ending after 10 idle seconds; at most 1024 lookups wait for one, and the next
/// fails with NoBufferSpaceAvailable.</item>
/// <item>Failures carry the resolver's own code, <see cref="ResolverError"/>: a value from the Try members, a
/// <see cref="ResolverException"/> from the others. A time limit that passed is TimedOut.</item>
/// </list>
/// </remarks>
public static partial class Resolver
{
    /// <summary>gethostname(2): this machine's name.</summary>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public static string HostName
    {
        get
        {
            Platform.Require();
            int result = Libc.GetHostName(out string name);
            return result < 0 ? throw SocketErrors.Create("gethostname", endPoint: null, -result) : name;
        }
    }

    /// <summary>sethostname(2): renames this machine, or this UTS namespace.</summary>
    /// <param name="name">At most 64 bytes.</param>
    /// <exception cref="SocketException">AccessDenied: CAP_SYS_ADMIN is needed. InvalidArgument: the name is too long.</exception>
    public static void SetHostName(string name)
    {
        SocketResult result = TrySetHostName(name);
        if (!result.IsSuccess)
        {
            SocketErrors.Throw("sethostname", endPoint: null, result.Errno, result.Errno == Errno.EPERM
                ? "not permitted; renaming the machine needs CAP_SYS_ADMIN"
                : "a host name has 64 bytes at most");
        }
    }

    /// <summary>sethostname(2), with the failure as a value.</summary>
    /// <param name="name">At most 64 bytes.</param>
    /// <returns>Success, or the errno.</returns>
    public static SocketResult TrySetHostName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Platform.Require();
        return SocketResult.From(-Libc.SetHostName(name));
    }

    /// <summary>getaddrinfo(3): all addresses of a host and a service.</summary>
    /// <param name="host">A name, or an address in text; null is loopback, or with Passive any address.</param>
    /// <param name="service">A name of services(5), or a port in text, as libc reads it: glibc takes the low 16 bits of a number above 65535. Null is port 0.</param>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6. Defaults to both.</param>
    /// <param name="socketType">Stream, Dgram, Raw. Defaults to 0: every type, with a result for each.</param>
    /// <param name="protocolType">Defaults to 0: every protocol of the type.</param>
    /// <param name="flags">What to look for. Defaults to None.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <returns>All results, in libc's order.</returns>
    /// <exception cref="ResolverException">HostNotFound, TryAgain, NoRecovery, NoData, TypeNotFound (the service), InvalidArgument (the flags), TimedOut.</exception>
    public static AddressInfo[] GetAddressInfo(
        string? host,
        string? service,
        AddressFamily addressFamily = AddressFamily.Unspecified,
        SocketType socketType = default,
        ProtocolType protocolType = default,
        AddressInfoFlags flags = AddressInfoFlags.None,
        TimeSpan? timeout = null) =>
        ValueOrThrow(TryGetAddressInfo(host, service, addressFamily, socketType, protocolType, flags, timeout), "getaddrinfo", Subject(host, service));

    /// <summary>As <see cref="GetAddressInfo"/>, with the failure as a value.</summary>
    /// <inheritdoc cref="GetAddressInfo" path="/param"/>
    /// <returns>All results, in libc's order; or the resolver's code.</returns>
    public static ResolverResult<AddressInfo[]> TryGetAddressInfo(
        string? host,
        string? service,
        AddressFamily addressFamily = AddressFamily.Unspecified,
        SocketType socketType = default,
        ProtocolType protocolType = default,
        AddressInfoFlags flags = AddressInfoFlags.None,
        TimeSpan? timeout = null)
    {
        return Run(() => FindGetAddressInfo(host, service, addressFamily, socketType, protocolType, flags), timeout);
    }

    /// <summary>As <see cref="GetAddressInfo"/>, asynchronously.</summary>
    /// <param name="host">A name, or an address in text; null is loopback, or with Passive any address.</param>
    /// <param name="service">A name of services(5), or a port in text, as libc reads it: glibc takes the low 16 bits of a number above 65535. Null is port 0.</param>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6. Defaults to both.</param>
    /// <param name="socketType">Stream, Dgram, Raw. Defaults to 0: every type, with a result for each.</param>
    /// <param name="protocolType">Defaults to 0: every protocol of the type.</param>
    /// <param name="flags">What to look for. Defaults to None.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <param name="cancellationToken">Gives the lookup up.</param>
    /// <returns>All results, in libc's order.</returns>
    /// <exception cref="ResolverException">HostNotFound, TryAgain, NoRecovery, NoData, TypeNotFound (the service), InvalidArgument (the flags), TimedOut.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public static Task<AddressInfo[]> GetAddressInfoAsync(
        string? host,
        string? service,
        AddressFamily addressFamily = AddressFamily.Unspecified,
        SocketType socketType = default,
        ProtocolType protocolType = default,
        AddressInfoFlags flags = AddressInfoFlags.None,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        ValueOrThrow(TryGetAddressInfoAsync(host, service, addressFamily, socketType, protocolType, flags, timeout, cancellationToken), "getaddrinfo", Subject(host, service), cancellationToken);

    /// <summary>As <see cref="GetAddressInfo"/>, asynchronously, with the failure as a value.</summary>
    /// <inheritdoc cref="GetAddressInfoAsync" path="/param"/>
    /// <returns>All results, in libc's order; or the resolver's code, <see cref="ResolverError.Canceled"/> after the token.</returns>
    public static Task<ResolverResult<AddressInfo[]>> TryGetAddressInfoAsync(
        string? host,
        string? service,
        AddressFamily addressFamily = AddressFamily.Unspecified,
        SocketType socketType = default,
        ProtocolType protocolType = default,
        AddressInfoFlags flags = AddressInfoFlags.None,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        return RunAsync(() => FindGetAddressInfo(host, service, addressFamily, socketType, protocolType, flags), timeout, cancellationToken);
    }

    /// <summary>A host's addresses, by getaddrinfo(3).</summary>
    /// <param name="host">A name, or an address in text.</param>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6. Defaults to both.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <returns>Each address once, in libc's order.</returns>
    /// <exception cref="ResolverException">HostNotFound, TryAgain, NoRecovery, NoData, TimedOut.</exception>
    public static IPAddress[] GetHostAddresses(
        string host,
        AddressFamily addressFamily = AddressFamily.Unspecified,
        TimeSpan? timeout = null) =>
        ValueOrThrow(TryGetHostAddresses(host, addressFamily, timeout), "getaddrinfo", host);

    /// <summary>As <see cref="GetHostAddresses"/>, with the failure as a value.</summary>
    /// <inheritdoc cref="GetHostAddresses" path="/param"/>
    /// <returns>Each address once, in libc's order; or the resolver's code.</returns>
    public static ResolverResult<IPAddress[]> TryGetHostAddresses(
        string host,
        AddressFamily addressFamily = AddressFamily.Unspecified,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        CheckTimeout(timeout);
        return TryAddress(host, addressFamily, out IPAddress? address)
            ? ResolverResult<IPAddress[]>.Success([address])
            : Run(() => FindGetHostAddresses(host, addressFamily), timeout);
    }

    /// <summary>As <see cref="GetHostAddresses"/>, asynchronously.</summary>
    /// <param name="host">A name, or an address in text.</param>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6. Defaults to both.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <param name="cancellationToken">Gives the lookup up.</param>
    /// <returns>Each address once, in libc's order.</returns>
    /// <exception cref="ResolverException">HostNotFound, TryAgain, NoRecovery, NoData, TimedOut.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public static Task<IPAddress[]> GetHostAddressesAsync(
        string host,
        AddressFamily addressFamily = AddressFamily.Unspecified,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        ValueOrThrow(TryGetHostAddressesAsync(host, addressFamily, timeout, cancellationToken), "getaddrinfo", host, cancellationToken);

    /// <summary>As <see cref="GetHostAddresses"/>, asynchronously, with the failure as a value.</summary>
    /// <inheritdoc cref="GetHostAddressesAsync" path="/param"/>
    /// <returns>Each address once, in libc's order; or the resolver's code, <see cref="ResolverError.Canceled"/> after the token.</returns>
    public static Task<ResolverResult<IPAddress[]>> TryGetHostAddressesAsync(
        string host,
        AddressFamily addressFamily = AddressFamily.Unspecified,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        CheckTimeout(timeout);
        return !cancellationToken.IsCancellationRequested && TryAddress(host, addressFamily, out IPAddress? address)
            ? Task.FromResult(ResolverResult<IPAddress[]>.Success([address]))
            : RunAsync(() => FindGetHostAddresses(host, addressFamily), timeout, cancellationToken);
    }

    /// <summary>getnameinfo(3): the names of an address and a port.</summary>
    /// <param name="endPoint">An IP end point; a UNIX one is this machine and its path.</param>
    /// <param name="flags">How to name it. Defaults to names where there are any.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <returns>Host and service.</returns>
    /// <exception cref="ResolverException">HostNotFound (with NameRequired), TryAgain, AddressFamilyNotSupported, TimedOut.</exception>
    public static NameInfo GetNameInfo(
        EndPoint endPoint,
        NameInfoFlags flags = NameInfoFlags.None,
        TimeSpan? timeout = null) =>
        ValueOrThrow(TryGetNameInfo(endPoint, flags, timeout), "getnameinfo", SocketErrors.Name(endPoint));

    /// <summary>As <see cref="GetNameInfo"/>, with the failure as a value.</summary>
    /// <inheritdoc cref="GetNameInfo" path="/param"/>
    /// <returns>Host and service; or the resolver's code.</returns>
    public static ResolverResult<NameInfo> TryGetNameInfo(
        EndPoint endPoint,
        NameInfoFlags flags = NameInfoFlags.None,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return Run(() => FindGetNameInfo(endPoint, flags), timeout);
    }

    /// <summary>As <see cref="GetNameInfo"/>, asynchronously.</summary>
    /// <param name="endPoint">An IP end point; a UNIX one is this machine and its path.</param>
    /// <param name="flags">How to name it. Defaults to names where there are any.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <param name="cancellationToken">Gives the lookup up.</param>
    /// <returns>Host and service.</returns>
    /// <exception cref="ResolverException">HostNotFound (with NameRequired), TryAgain, AddressFamilyNotSupported, TimedOut.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public static Task<NameInfo> GetNameInfoAsync(
        EndPoint endPoint,
        NameInfoFlags flags = NameInfoFlags.None,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        ValueOrThrow(TryGetNameInfoAsync(endPoint, flags, timeout, cancellationToken), "getnameinfo", SocketErrors.Name(endPoint), cancellationToken);

    /// <summary>As <see cref="GetNameInfo"/>, asynchronously, with the failure as a value.</summary>
    /// <inheritdoc cref="GetNameInfoAsync" path="/param"/>
    /// <returns>Host and service; or the resolver's code, <see cref="ResolverError.Canceled"/> after the token.</returns>
    public static Task<ResolverResult<NameInfo>> TryGetNameInfoAsync(
        EndPoint endPoint,
        NameInfoFlags flags = NameInfoFlags.None,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return RunAsync(() => FindGetNameInfo(endPoint, flags), timeout, cancellationToken);
    }

    /// <summary>gethostbyname(3): a host's official name, its aliases and its addresses of one family.</summary>
    /// <param name="host">A name, or an address in text.</param>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6. Defaults to InterNetwork, as the call does.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <returns>The host; what Python calls gethostbyname_ex.</returns>
    /// <exception cref="ResolverException">HostNotFound, TryAgain, NoRecovery, NoData, TimedOut.</exception>
    public static IPHostEntry GetHostByName(
        string host,
        AddressFamily addressFamily = AddressFamily.InterNetwork,
        TimeSpan? timeout = null) =>
        ValueOrThrow(TryGetHostByName(host, addressFamily, timeout), "gethostbyname", host);

    /// <summary>As <see cref="GetHostByName"/>, with the failure as a value.</summary>
    /// <inheritdoc cref="GetHostByName" path="/param"/>
    /// <returns>The host; what Python calls gethostbyname_ex; or the resolver's code.</returns>
    public static ResolverResult<IPHostEntry> TryGetHostByName(
        string host,
        AddressFamily addressFamily = AddressFamily.InterNetwork,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        return Run(() => FindGetHostByName(host, addressFamily), timeout);
    }

    /// <summary>As <see cref="GetHostByName"/>, asynchronously.</summary>
    /// <param name="host">A name, or an address in text.</param>
    /// <param name="addressFamily">InterNetwork or InterNetworkV6. Defaults to InterNetwork, as the call does.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <param name="cancellationToken">Gives the lookup up.</param>
    /// <returns>The host; what Python calls gethostbyname_ex.</returns>
    /// <exception cref="ResolverException">HostNotFound, TryAgain, NoRecovery, NoData, TimedOut.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public static Task<IPHostEntry> GetHostByNameAsync(
        string host,
        AddressFamily addressFamily = AddressFamily.InterNetwork,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        ValueOrThrow(TryGetHostByNameAsync(host, addressFamily, timeout, cancellationToken), "gethostbyname", host, cancellationToken);

    /// <summary>As <see cref="GetHostByName"/>, asynchronously, with the failure as a value.</summary>
    /// <inheritdoc cref="GetHostByNameAsync" path="/param"/>
    /// <returns>The host; what Python calls gethostbyname_ex; or the resolver's code, <see cref="ResolverError.Canceled"/> after the token.</returns>
    public static Task<ResolverResult<IPHostEntry>> TryGetHostByNameAsync(
        string host,
        AddressFamily addressFamily = AddressFamily.InterNetwork,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        return RunAsync(() => FindGetHostByName(host, addressFamily), timeout, cancellationToken);
    }

    /// <summary>gethostbyaddr(3): the host that has an address.</summary>
    /// <param name="address">IPv4 or IPv6.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <returns>The host.</returns>
    /// <exception cref="ResolverException">HostNotFound, TryAgain, NoRecovery, TimedOut.</exception>
    public static IPHostEntry GetHostByAddress(IPAddress address, TimeSpan? timeout = null) =>
        ValueOrThrow(TryGetHostByAddress(address, timeout), "gethostbyaddr", address.ToString());

    /// <summary>As <see cref="GetHostByAddress"/>, with the failure as a value.</summary>
    /// <inheritdoc cref="GetHostByAddress" path="/param"/>
    /// <returns>The host; or the resolver's code.</returns>
    public static ResolverResult<IPHostEntry> TryGetHostByAddress(IPAddress address, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Run(() => FindGetHostByAddress(address), timeout);
    }

    /// <summary>As <see cref="GetHostByAddress"/>, asynchronously.</summary>
    /// <param name="address">IPv4 or IPv6.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <param name="cancellationToken">Gives the lookup up.</param>
    /// <returns>The host.</returns>
    /// <exception cref="ResolverException">HostNotFound, TryAgain, NoRecovery, TimedOut.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public static Task<IPHostEntry> GetHostByAddressAsync(
        IPAddress address,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default) =>
        ValueOrThrow(TryGetHostByAddressAsync(address, timeout, cancellationToken), "gethostbyaddr", address.ToString(), cancellationToken);

    /// <summary>As <see cref="GetHostByAddress"/>, asynchronously, with the failure as a value.</summary>
    /// <inheritdoc cref="GetHostByAddressAsync" path="/param"/>
    /// <returns>The host; or the resolver's code, <see cref="ResolverError.Canceled"/> after the token.</returns>
    public static Task<ResolverResult<IPHostEntry>> TryGetHostByAddressAsync(
        IPAddress address,
        TimeSpan? timeout = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        return RunAsync(() => FindGetHostByAddress(address), timeout, cancellationToken);
    }

    /// <summary>A host's name with its domain, what Python calls getfqdn: the first name with a dot among those that gethostbyaddr(3) returns.</summary>
    /// <param name="host">A name, or an address in text. Defaults to this machine.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <returns>The name; the one given when no other is known.</returns>
    public static string GetFullyQualifiedName(string? host = null, TimeSpan? timeout = null) =>
        Run(() => FindFullyQualifiedName(host), timeout) is { IsSuccess: true } found ? found.Value : host ?? HostName;

    /// <summary>As <see cref="GetFullyQualifiedName"/>, asynchronously.</summary>
    /// <param name="host">A name, or an address in text. Defaults to this machine.</param>
    /// <param name="timeout">How long at most; null, the default, is as long as libc takes.</param>
    /// <param name="cancellationToken">Gives the lookup up.</param>
    /// <returns>The name; the one given when no other is known.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public static async Task<string> GetFullyQualifiedNameAsync(
        string? host = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ResolverResult<string> found = await RunAsync(() => FindFullyQualifiedName(host), timeout, cancellationToken).StayOnLoop();
        cancellationToken.ThrowIfCancellationRequested();
        return found.IsSuccess ? found.Value : host ?? HostName;
    }

    /// <summary>getservbyname(3): the port of a service.</summary>
    /// <param name="name">As <c>http</c>.</param>
    /// <param name="protocol">As <c>tcp</c>. Defaults to the first that has the service.</param>
    /// <returns>The service.</returns>
    /// <exception cref="ResolverException">TypeNotFound: services(5) does not know it.</exception>
    public static ServiceEntry GetServiceByName(string name, string? protocol = null) =>
        ValueOrThrow(TryGetServiceByName(name, protocol), "getservbyname", protocol is null ? name : $"{name}/{protocol}");

    /// <summary>getservbyname(3), with the failure as a value.</summary>
    /// <inheritdoc cref="GetServiceByName" path="/param"/>
    /// <returns>The service; or <see cref="ResolverError.Service"/>.</returns>
    public static ResolverResult<ServiceEntry> TryGetServiceByName(string name, string? protocol = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        Platform.Require();
        return HasNul(name) || HasNul(protocol) ? Unknown<ServiceEntry>() : Entry(Libc.GetServiceByName(name, protocol));
    }

    /// <summary>getservbyport(3): the service at a port.</summary>
    /// <param name="port">0 to 65535.</param>
    /// <param name="protocol">As <c>tcp</c>. Defaults to the first that has the port.</param>
    /// <returns>The service.</returns>
    /// <exception cref="ResolverException">TypeNotFound: services(5) does not know it.</exception>
    public static ServiceEntry GetServiceByPort(int port, string? protocol = null) =>
        ValueOrThrow(TryGetServiceByPort(port, protocol), "getservbyport", protocol is null ? $"{port}" : $"{port}/{protocol}");

    /// <summary>getservbyport(3), with the failure as a value.</summary>
    /// <inheritdoc cref="GetServiceByPort" path="/param"/>
    /// <returns>The service; or <see cref="ResolverError.Service"/>.</returns>
    public static ResolverResult<ServiceEntry> TryGetServiceByPort(int port, string? protocol = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        Platform.Require();
        return HasNul(protocol) ? Unknown<ServiceEntry>() : Entry(Libc.GetServiceByPort(port, protocol));
    }

    /// <summary>getprotobyname(3): the number of a protocol.</summary>
    /// <param name="name">As <c>icmp</c>.</param>
    /// <returns>The protocol.</returns>
    /// <exception cref="ResolverException">TypeNotFound: protocols(5) does not know it.</exception>
    public static ProtocolEntry GetProtocolByName(string name) =>
        ValueOrThrow(TryGetProtocolByName(name), "getprotobyname", name);

    /// <summary>getprotobyname(3), with the failure as a value.</summary>
    /// <param name="name">As <c>icmp</c>.</param>
    /// <returns>The protocol; or <see cref="ResolverError.Service"/>.</returns>
    public static ResolverResult<ProtocolEntry> TryGetProtocolByName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Platform.Require();
        return HasNul(name) ? Unknown<ProtocolEntry>() : Entry(Libc.GetProtocolByName(name));
    }

    /// <summary>getprotobynumber(3): the name of a protocol.</summary>
    /// <param name="number">As in the IP header.</param>
    /// <returns>The protocol.</returns>
    /// <exception cref="ResolverException">TypeNotFound: protocols(5) does not know it.</exception>
    public static ProtocolEntry GetProtocolByNumber(int number) =>
        ValueOrThrow(TryGetProtocolByNumber(number), "getprotobynumber", $"{number}");

    /// <summary>getprotobynumber(3), with the failure as a value.</summary>
    /// <param name="number">As in the IP header.</param>
    /// <returns>The protocol; or <see cref="ResolverError.Service"/>.</returns>
    public static ResolverResult<ProtocolEntry> TryGetProtocolByNumber(int number)
    {
        Platform.Require();
        return Entry(Libc.GetProtocolByNumber(number));
    }
}
