using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Engines;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

// The lookups themselves, each a blocking call into libc, and the two ways of running one.
public static partial class Resolver
{
    /// <summary>As <see cref="TryGetHostAddressesAsync"/>, for callers that cannot await: <see cref="ResolverThreads.Start"/>.</summary>
    internal static void StartGetHostAddresses(
        string host, AddressFamily addressFamily, Action<ResolverResult<IPAddress[]>> ended, CancellationToken token)
    {
        if (TryAddress(host, addressFamily, out IPAddress? address))
        {
            ended(ResolverResult<IPAddress[]>.Success([address]));
            return;
        }

        ResolverThreads.Shared.Start(() => FindGetHostAddresses(host, addressFamily), ended, token);
    }

    // An address in text does not wait for a thread: all of them may be taken by lookups that hang.
    private static bool TryAddress(string host, AddressFamily addressFamily, [NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(host, out address) && (addressFamily == AddressFamily.Unspecified || addressFamily == address.AddressFamily);

    private static ResolverResult<AddressInfo[]> FindGetAddressInfo(
        string? host, string? service, AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType, AddressInfoFlags flags)
    {
        ResolverError error = ToHostName(ref host, flags);
        if (error != ResolverError.None)
        {
            return ResolverResult<AddressInfo[]>.Failure(error);
        }

        if (HasNul(service))
        {
            return Unknown<AddressInfo[]>();
        }

        if (!FamilyNumbers.TryToLinux(addressFamily, out int family))
        {
            return ResolverResult<AddressInfo[]>.Failure(ResolverError.Family);
        }

        error = (ResolverError)Libc.GetAddressInfo(
            host, service, ((int)flags, family, (int)socketType, (int)protocolType), out AddressRecord[] answers, out int errno);
        return error != ResolverError.None
            ? ResolverResult<AddressInfo[]>.Failure(error, errno)
            : ResolverResult<AddressInfo[]>.Success([.. answers.Select(ToAddressInfo)]);
    }

    private static ResolverResult<IPAddress[]> FindGetHostAddresses(string host, AddressFamily addressFamily)
    {
        if (TryAddress(host, addressFamily, out IPAddress? address))
        {
            return ResolverResult<IPAddress[]>.Success([address]);
        }

        // One type, so that libc gives each address once and not for each type again.
        ResolverResult<AddressInfo[]> answers = FindGetAddressInfo(
            host, service: null, addressFamily, SocketType.Stream, ProtocolType.Tcp, AddressInfoFlags.None);
        return answers.TryGetValue(out AddressInfo[]? found)
            ? ResolverResult<IPAddress[]>.Success([.. found.Select(static one => one.EndPoint).OfType<IPEndPoint>().Select(static one => one.Address).Distinct()])
            : answers.As<IPAddress[]>();
    }

    private static ResolverResult<NameInfo> FindGetNameInfo(EndPoint endPoint, NameInfoFlags flags)
    {
        Span<byte> buffer = stackalloc byte[SocketConstants.AddressBytesMax];
        int length = AddressCodecs.Encode(endPoint, buffer);
        var error = (ResolverError)Libc.GetNameInfo(buffer[..length], (int)flags, out string host, out string service, out int errno);
        return error == ResolverError.None
            ? ResolverResult<NameInfo>.Success(new NameInfo(host, service))
            : ResolverResult<NameInfo>.Failure(error, errno);
    }

    private static ResolverResult<IPHostEntry> FindGetHostByName(string host, AddressFamily addressFamily)
    {
        string? name = host;
        ResolverError error = ToHostName(ref name, AddressInfoFlags.None);
        return error != ResolverError.None ? ResolverResult<IPHostEntry>.Failure(error)
            : addressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
                || !FamilyNumbers.TryToLinux(addressFamily, out int family) ? ResolverResult<IPHostEntry>.Failure(ResolverError.Family)
            : Host(Libc.GetHostByName(name!, family, out HostRecord? found), found);
    }

    private static ResolverResult<IPHostEntry> FindGetHostByAddress(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        int family = length == 4 ? SocketConstants.AF_INET : SocketConstants.AF_INET6;
        return Host(Libc.GetHostByAddress(bytes[..length], family, out HostRecord? found), found);
    }

    // As Python's socket.getfqdn has it.
    private static ResolverResult<string> FindFullyQualifiedName(string? host)
    {
        string name = host?.Trim() ?? "";
        name = name.Length == 0 || name is "0.0.0.0" or "::" ? HostName : name;
        if (!FindGetHostAddresses(name, AddressFamily.Unspecified).TryGetValue(out IPAddress[]? addresses)
            || addresses.Length == 0
            || !FindGetHostByAddress(addresses[0]).TryGetValue(out IPHostEntry? entry))
        {
            return ResolverResult<string>.Success(name);
        }

        return ResolverResult<string>.Success(
            entry.Aliases.Prepend(entry.HostName).FirstOrDefault(static one => one.Contains('.', StringComparison.Ordinal)) ?? entry.HostName);
    }

    private static ResolverResult<IPHostEntry> Host(int result, HostRecord? found) => (result, found) switch
    {
        (0, not null) => ResolverResult<IPHostEntry>.Success(new IPHostEntry
        {
            HostName = found.Name,
            Aliases = found.Aliases,
            AddressList = [.. found.Addresses.Select(static bytes => new IPAddress(bytes))],
        }),
        ( < 0, _) => ResolverResult<IPHostEntry>.Failure(ResolverError.System, -result),
        (ResolverConstants.TRY_AGAIN, _) => ResolverResult<IPHostEntry>.Failure(ResolverError.TryAgain),
        (ResolverConstants.NO_RECOVERY, _) => ResolverResult<IPHostEntry>.Failure(ResolverError.Fail),
        (ResolverConstants.NO_DATA, _) => ResolverResult<IPHostEntry>.Failure(ResolverError.NoData),
        _ => ResolverResult<IPHostEntry>.Failure(ResolverError.NoName),
    };

    private static AddressInfo ToAddressInfo(AddressRecord record) => new(
        AddressCodecs.Decode(record.Address, like: null) ?? throw new NotSupportedException($"The resolver gave an address of family {record.Family}."),
        FamilyNumbers.FromLinux(record.Family),
        (SocketType)record.SocketType,
        (ProtocolType)record.Protocol,
        record.CanonicalName);

    private static ResolverResult<ServiceEntry> Entry(ServiceRecord? found) => found is null
        ? Unknown<ServiceEntry>()
        : ResolverResult<ServiceEntry>.Success(new ServiceEntry(found.Name, found.Aliases, found.Port, found.Protocol));

    private static ResolverResult<ProtocolEntry> Entry(ProtocolRecord? found) => found is null
        ? Unknown<ProtocolEntry>()
        : ResolverResult<ProtocolEntry>.Success(new ProtocolEntry(found.Name, found.Aliases, found.Number));

    private static ResolverResult<T> Unknown<T>() => ResolverResult<T>.Failure(ResolverError.Service);

    // International names go to the name servers in ASCII (RFC 5891), unless libc is to see to that.
    private static ResolverError ToHostName(ref string? host, AddressInfoFlags flags)
    {
        if (HasNul(host))
        {
            return ResolverError.NoName;
        }

        if (host is null || Ascii.IsValid(host) || (flags & AddressInfoFlags.InternationalName) != 0)
        {
            return ResolverError.None;
        }

        try
        {
            host = new IdnMapping().GetAscii(host);
            return ResolverError.None;
        }
        catch (ArgumentException)
        {
            return ResolverError.Encoding;
        }
    }

    // libc's texts end at a NUL: what follows one would not be seen.
    private static bool HasNul(string? text) => text is not null && text.Contains('\0', StringComparison.Ordinal);

    private static string Subject(string? host, string? service) => service is null ? host ?? "" : $"{host ?? "*"}:{service}";

    private static ResolverResult<T> Run<T>(Func<ResolverResult<T>> body, TimeSpan? timeout)
    {
        Platform.Require();
        CheckTimeout(timeout);
        return timeout is { } limit ? ResolverThreads.Shared.Run(body, limit) : body();
    }

    private static Task<ResolverResult<T>> RunAsync<T>(Func<ResolverResult<T>> body, TimeSpan? timeout, CancellationToken token)
    {
        Platform.Require();
        CheckTimeout(timeout);
        return ResolverThreads.Shared.RunAsync(body, timeout, token);
    }

    private static void CheckTimeout(TimeSpan? timeout)
    {
        if (timeout is { } limit)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(timeout));
        }
    }

    private static T ValueOrThrow<T>(ResolverResult<T> result, string call, string? subject) =>
        result.TryGetValue(out T? value) ? value : throw ResolverErrors.Create(call, subject, result.ResolverError, result.Errno);

    private static async Task<T> ValueOrThrow<T>(Task<ResolverResult<T>> lookup, string call, string? subject, CancellationToken token)
    {
        ResolverResult<T> result = await lookup.StayOnLoop();
        if (result.ResolverError == ResolverError.Canceled)
        {
            token.ThrowIfCancellationRequested();
        }

        return ValueOrThrow(result, call, subject);
    }
}
