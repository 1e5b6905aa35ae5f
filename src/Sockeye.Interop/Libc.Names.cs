using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Sockeye.Interop;

// Names: getaddrinfo(3), getnameinfo(3), gethostbyname(3), gethostname(2), getservbyname(3), getprotobyname(3),
// if_nameindex(3), inet_pton(3), inet(3).
//
// Safety, beside what Libc.cs says: texts go in as UTF-8 that ends with 0, pinned for the call. What libc returns in
// memory of its own is copied before that memory is given back, or, where it is static, before the lock is left.
internal static unsafe partial class Libc
{
    // NI_MAXHOST of glibc; musl's is smaller.
    private const int HostBytesMax = 1025;
    private const int ServiceBytesMax = 32;

    // Where the _r functions put their results: tried with the first size, then with twice as much, up to the last.
    private const int AnswerBytesFirst = 1024;
    private const int AnswerBytesMax = 1024 * 1024;

    // musl has only getprotobyname, whose result is static. /etc/protocols has no more names than fit a screen.
    private static readonly Lock ProtocolsGate = new();

    // ── getaddrinfo(3), getnameinfo(3) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getaddrinfo(byte* node, byte* service, AddressInformation* hints, AddressInformation** answers);

    [LibraryImport(Library)]
    private static partial void freeaddrinfo(AddressInformation* answers);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int getnameinfo(
        byte* address, uint length, byte* host, uint hostLength, byte* service, uint serviceLength, int flags);

    /// <summary>Looks a host and a service up. Waits for name servers, for as long as resolv.conf(5) says.</summary>
    /// <param name="host">A name or an address; null is any or loopback, as AI_PASSIVE says.</param>
    /// <param name="service">A name or a number; null is port 0.</param>
    /// <param name="hints">The four numbers: flags, family, type, protocol.</param>
    /// <param name="answers">In libc's order.</param>
    /// <param name="errno">The errno of EAI_SYSTEM.</param>
    /// <returns>0, or a negative EAI_ number.</returns>
    internal static int GetAddressInfo(
        string? host, string? service, (int Flags, int Family, int Type, int Protocol) hints, out AddressRecord[] answers, out int errno)
    {
        AddressInformation* list = null;
        var wanted = new AddressInformation
        {
            Flags = hints.Flags,
            Family = hints.Family,
            SocketType = hints.Type,
            Protocol = hints.Protocol,
        };
        int result;
        fixed (byte* node = Text(host))
        fixed (byte* port = Text(service))
        {
            result = getaddrinfo(node, port, &wanted, &list);
            errno = result == ResolverConstants.EAI_SYSTEM ? Marshal.GetLastPInvokeError() : 0;
        }

        var read = new List<AddressRecord>();
        if (result == 0)
        {
            try
            {
                for (AddressInformation* one = list; one is not null; one = one->Next)
                {
                    byte[] address = new ReadOnlySpan<byte>(one->Address, (int)one->AddressLength).ToArray();
                    read.Add(new AddressRecord(one->Family, one->SocketType, one->Protocol, address, Text(one->CanonicalName)));
                }
            }
            finally
            {
                freeaddrinfo(list);
            }
        }

        answers = [.. read];
        return result;
    }

    /// <summary>The host's and the service's names for an address.</summary>
    /// <returns>0, or a negative EAI_ number; <paramref name="errno"/> is that of EAI_SYSTEM.</returns>
    internal static int GetNameInfo(ReadOnlySpan<byte> address, int flags, out string host, out string service, out int errno)
    {
        byte* hostBytes = stackalloc byte[HostBytesMax];
        byte* serviceBytes = stackalloc byte[ServiceBytesMax + SocketConstants.AddressBytesMax];
        int result;
        fixed (byte* pointer = address)
        {
            // A UNIX socket's service is its path.
            result = getnameinfo(
                pointer, (uint)address.Length, hostBytes, HostBytesMax, serviceBytes, ServiceBytesMax + SocketConstants.AddressBytesMax, flags);
            errno = result == ResolverConstants.EAI_SYSTEM ? Marshal.GetLastPInvokeError() : 0;
        }

        (host, service) = result == 0 ? (Text(hostBytes)!, Text(serviceBytes)!) : ("", "");
        return result;
    }

    // ── gethostbyname(3), gethostname(2), sethostname(2) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int gethostbyname2_r(
        byte* name, int family, HostInformation* answer, byte* buffer, nuint length, HostInformation** found, int* hostError);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int gethostbyaddr_r(
        byte* address, uint addressLength, int family, HostInformation* answer, byte* buffer, nuint length, HostInformation** found, int* hostError);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int gethostname(byte* name, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int sethostname(byte* name, nuint length);

    /// <summary>The host's first name, its other names and its addresses of one family.</summary>
    /// <returns>0; an h_errno; or, negative, the errno of what libc called.</returns>
    internal static int GetHostByName(string host, int family, out HostRecord? answer)
    {
        fixed (byte* name = Text(host))
        {
            return GetHost(name, address: null, addressLength: 0, family, out answer);
        }
    }

    /// <summary>As <see cref="GetHostByName"/>, for an address.</summary>
    internal static int GetHostByAddress(ReadOnlySpan<byte> address, int family, out HostRecord? answer)
    {
        fixed (byte* pointer = address)
        {
            return GetHost(name: null, pointer, (uint)address.Length, family, out answer);
        }
    }

    /// <summary>This machine's name.</summary>
    internal static int GetHostName(out string name)
    {
        byte* bytes = stackalloc byte[HostBytesMax];
        int result = Result(gethostname(bytes, HostBytesMax - 1));
        bytes[HostBytesMax - 1] = 0;
        name = result < 0 ? "" : Text(bytes)!;
        return result;
    }

    internal static int SetHostName(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        fixed (byte* pointer = bytes)
        {
            return Result(sethostname(pointer, (nuint)bytes.Length));
        }
    }

    private static int GetHost(byte* name, byte* address, uint addressLength, int family, out HostRecord? answer)
    {
        answer = null;
        for (int bytes = AnswerBytesFirst; bytes <= AnswerBytesMax; bytes *= 2)
        {
            fixed (byte* buffer = new byte[bytes])
            {
                HostInformation host;
                HostInformation* found = null;
                int hostError = 0;
                int errno = name is not null
                    ? gethostbyname2_r(name, family, &host, buffer, (nuint)bytes, &found, &hostError)
                    : gethostbyaddr_r(address, addressLength, family, &host, buffer, (nuint)bytes, &found, &hostError);
                if (errno == Errno.ERANGE)
                {
                    continue;
                }

                if (found is null)
                {
                    // musl returns 0 and no host for a name it does not know.
                    return hostError > 0 ? hostError : errno > 0 ? -errno : ResolverConstants.HOST_NOT_FOUND;
                }

                var addresses = new List<byte[]>();
                for (byte** one = found->Addresses; *one is not null; one++)
                {
                    addresses.Add(new ReadOnlySpan<byte>(*one, found->AddressLength).ToArray());
                }

                answer = new HostRecord(Text(found->Name)!, Texts(found->Aliases), [.. addresses]);
                return 0;
            }
        }

        return -Errno.ERANGE;
    }

    // ── getservbyname(3), getprotobyname(3) ──

    [LibraryImport(Library)]
    private static partial int getservbyname_r(
        byte* name, byte* protocol, ServiceInformation* answer, byte* buffer, nuint length, ServiceInformation** found);

    [LibraryImport(Library)]
    private static partial int getservbyport_r(
        int port, byte* protocol, ServiceInformation* answer, byte* buffer, nuint length, ServiceInformation** found);

    [LibraryImport(Library)]
    private static partial ProtocolInformation* getprotobyname(byte* name);

    [LibraryImport(Library)]
    private static partial ProtocolInformation* getprotobynumber(int number);

    /// <summary>The service of that name; null when there is none.</summary>
    internal static ServiceRecord? GetServiceByName(string name, string? protocol)
    {
        fixed (byte* text = Text(name))
        {
            return GetService(text, 0, protocol);
        }
    }

    /// <summary>The service at that port; null when there is none.</summary>
    internal static ServiceRecord? GetServiceByPort(int port, string? protocol) =>
        GetService(name: null, BinaryPrimitives.ReverseEndianness((ushort)port), protocol);

    /// <summary>The protocol of that name; null when there is none.</summary>
    internal static ProtocolRecord? GetProtocolByName(string name)
    {
        fixed (byte* text = Text(name))
        {
            lock (ProtocolsGate)
            {
                return Copy(getprotobyname(text));
            }
        }
    }

    /// <summary>The protocol of that number; null when there is none.</summary>
    internal static ProtocolRecord? GetProtocolByNumber(int number)
    {
        lock (ProtocolsGate)
        {
            return Copy(getprotobynumber(number));
        }
    }

    private static ServiceRecord? GetService(byte* name, int port, string? protocol)
    {
        fixed (byte* of = Text(protocol))
        {
            for (int bytes = AnswerBytesFirst; bytes <= AnswerBytesMax; bytes *= 2)
            {
                fixed (byte* buffer = new byte[bytes])
                {
                    ServiceInformation service;
                    ServiceInformation* found = null;
                    int errno = name is not null
                        ? getservbyname_r(name, of, &service, buffer, (nuint)bytes, &found)
                        : getservbyport_r(port, of, &service, buffer, (nuint)bytes, &found);
                    if (errno == Errno.ERANGE)
                    {
                        continue;
                    }

                    return found is null
                        ? null
                        : new ServiceRecord(
                            Text(found->Name)!,
                            Texts(found->Aliases),
                            BinaryPrimitives.ReverseEndianness((ushort)found->Port),
                            Text(found->Protocol) ?? "");
                }
            }

            return null;
        }
    }

    private static ProtocolRecord? Copy(ProtocolInformation* found) =>
        found is null ? null : new ProtocolRecord(Text(found->Name)!, Texts(found->Aliases), found->Number);

    // ── if_nameindex(3), if_nametoindex(3) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial InterfaceInformation* if_nameindex();

    [LibraryImport(Library)]
    private static partial void if_freenameindex(InterfaceInformation* list);

    [LibraryImport(Library, SetLastError = true)]
    private static partial uint if_nametoindex(byte* name);

    [LibraryImport(Library, SetLastError = true)]
    private static partial byte* if_indextoname(uint index, byte* name);

    /// <summary>The interface's index, or −errno: −ENODEV.</summary>
    internal static int InterfaceIndex(string name)
    {
        byte[] text = Text(name)!;
        if (text.Length > FamilyConstants.IFNAMSIZ)
        {
            // musl cuts a name that is too long, and finds another interface.
            return -Errno.ENODEV;
        }

        fixed (byte* pointer = text)
        {
            uint index = if_nametoindex(pointer);
            return index == 0 ? -Marshal.GetLastPInvokeError() : (int)index;
        }
    }

    /// <summary>The interface's name; null when there is none of that index.</summary>
    internal static string? InterfaceName(int index)
    {
        // IF_NAMESIZE is 16.
        byte* name = stackalloc byte[16];
        return if_indextoname((uint)index, name) is null ? null : Text(name);
    }

    /// <summary>Every interface's index and name.</summary>
    /// <returns>0, or −errno.</returns>
    internal static int GetInterfaces(out (int Index, string Name)[] interfaces)
    {
        var read = new List<(int, string)>();
        InterfaceInformation* list = if_nameindex();
        int result = list is null ? -Marshal.GetLastPInvokeError() : 0;
        if (list is not null)
        {
            for (InterfaceInformation* one = list; one->Index != 0; one++)
            {
                read.Add(((int)one->Index, Text(one->Name)!));
            }

            if_freenameindex(list);
        }

        interfaces = [.. read];
        return result;
    }

    // ── inet_pton(3), inet_ntop(3), inet_aton(3) ──

    [LibraryImport(Library, SetLastError = true)]
    private static partial int inet_pton(int family, byte* text, byte* address);

    [LibraryImport(Library, SetLastError = true)]
    private static partial byte* inet_ntop(int family, byte* address, byte* text, uint length);

    [LibraryImport(Library)]
    private static partial int inet_aton(byte* text, byte* address);

    /// <summary>Reads an address of 4 or 16 bytes, as AF_INET or AF_INET6 says; <paramref name="address"/> has room for it.</summary>
    /// <returns>1; 0 when the text is none; −EAFNOSUPPORT.</returns>
    internal static int ParseAddress(int family, string text, Span<byte> address)
    {
        fixed (byte* pointer = Text(text))
        fixed (byte* destination = address)
        {
            return address.Length < 16 ? -Errno.ENOSPC : Result(inet_pton(family, pointer, destination));
        }
    }

    /// <summary>Reads an IPv4 address in any of inet(3)'s forms; <paramref name="address"/> has room for 4 bytes.</summary>
    /// <returns>1; 0 when the text is none.</returns>
    internal static int ParseLooseAddress(string text, Span<byte> address)
    {
        fixed (byte* pointer = Text(text))
        fixed (byte* destination = address)
        {
            return address.Length < 4 ? -Errno.ENOSPC : inet_aton(pointer, destination);
        }
    }

    /// <summary>Writes an address of 4 or 16 bytes as text.</summary>
    /// <returns>0, or −errno: −EAFNOSUPPORT, −EINVAL for the wrong count of bytes.</returns>
    internal static int FormatAddress(int family, ReadOnlySpan<byte> address, out string text)
    {
        text = "";
        int bytes = family switch
        {
            SocketConstants.AF_INET => 4,
            SocketConstants.AF_INET6 => 16,
            _ => -1,
        };
        if (bytes != address.Length)
        {
            return bytes < 0 ? -Errno.EAFNOSUPPORT : -Errno.EINVAL;
        }

        byte* buffer = stackalloc byte[64];
        fixed (byte* pointer = address)
        {
            if (inet_ntop(family, pointer, buffer, 64) is null)
            {
                return -Marshal.GetLastPInvokeError();
            }
        }

        text = Text(buffer)!;
        return 0;
    }

    // ── text ──

    private static byte[]? Text(string? text)
    {
        if (text is null)
        {
            return null;
        }

        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    private static string? Text(byte* text) => Marshal.PtrToStringUTF8((nint)text);

    private static string[] Texts(byte** texts)
    {
        var read = new List<string>();
        for (byte** one = texts; one is not null && *one is not null; one++)
        {
            read.Add(Text(*one)!);
        }

        return [.. read];
    }
}
