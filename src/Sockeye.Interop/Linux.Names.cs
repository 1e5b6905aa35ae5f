using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>&lt;netdb.h&gt;: flags and errors of getaddrinfo(3) and getnameinfo(3). glibc's; musl has fewer, with the same numbers.</summary>
internal static class ResolverConstants
{
    internal const int AI_PASSIVE = 0x1;
    internal const int AI_CANONNAME = 0x2;
    internal const int AI_NUMERICHOST = 0x4;
    internal const int AI_V4MAPPED = 0x8;
    internal const int AI_ALL = 0x10;
    internal const int AI_ADDRCONFIG = 0x20;
    internal const int AI_IDN = 0x40;
    internal const int AI_CANONIDN = 0x80;
    internal const int AI_NUMERICSERV = 0x400;

    internal const int EAI_BADFLAGS = -1;
    internal const int EAI_NONAME = -2;
    internal const int EAI_AGAIN = -3;
    internal const int EAI_FAIL = -4;
    internal const int EAI_NODATA = -5;
    internal const int EAI_FAMILY = -6;
    internal const int EAI_SOCKTYPE = -7;
    internal const int EAI_SERVICE = -8;
    internal const int EAI_ADDRFAMILY = -9;
    internal const int EAI_MEMORY = -10;
    internal const int EAI_SYSTEM = -11;
    internal const int EAI_OVERFLOW = -12;
    internal const int EAI_CANCELED = -101;
    internal const int EAI_IDN_ENCODE = -105;

    internal const int NI_NUMERICHOST = 0x1;
    internal const int NI_NUMERICSERV = 0x2;
    internal const int NI_NOFQDN = 0x4;
    internal const int NI_NAMEREQD = 0x8;
    internal const int NI_DGRAM = 0x10;
    internal const int NI_IDN = 0x20;

    // h_errno, of gethostbyname2_r(3) and gethostbyaddr_r(3).
    internal const int HOST_NOT_FOUND = 1;
    internal const int TRY_AGAIN = 2;
    internal const int NO_RECOVERY = 3;
    internal const int NO_DATA = 4;
}

/// <summary>struct addrinfo, &lt;netdb.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct AddressInformation
{
    internal int Flags;
    internal int Family;
    internal int SocketType;
    internal int Protocol;
    internal uint AddressLength;
    internal byte* Address;
    internal byte* CanonicalName;
    internal AddressInformation* Next;
}

/// <summary>struct hostent, &lt;netdb.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HostInformation
{
    internal byte* Name;
    internal byte** Aliases;
    internal int Family;
    internal int AddressLength;
    internal byte** Addresses;
}

/// <summary>struct servent, &lt;netdb.h&gt;. The port is in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ServiceInformation
{
    internal byte* Name;
    internal byte** Aliases;
    internal int Port;
    internal byte* Protocol;
}

/// <summary>struct protoent, &lt;netdb.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ProtocolInformation
{
    internal byte* Name;
    internal byte** Aliases;
    internal int Number;
}

/// <summary>struct if_nameindex, &lt;net/if.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InterfaceInformation
{
    internal uint Index;
    internal byte* Name;
}

/// <summary>One result of getaddrinfo(3), copied out of libc's memory.</summary>
internal sealed record AddressRecord(int Family, int SocketType, int Protocol, byte[] Address, string? CanonicalName);

/// <summary>A result of gethostbyname2_r(3) or gethostbyaddr_r(3), copied out of libc's memory.</summary>
internal sealed record HostRecord(string Name, string[] Aliases, byte[][] Addresses);

/// <summary>A line of /etc/services, copied out of libc's memory. The port is in the machine's order.</summary>
internal sealed record ServiceRecord(string Name, string[] Aliases, int Port, string Protocol);

/// <summary>A line of /etc/protocols, copied out of libc's memory.</summary>
internal sealed record ProtocolRecord(string Name, string[] Aliases, int Number);
