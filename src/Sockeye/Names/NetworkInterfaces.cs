using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>A network interface as the kernel knows it: a number and a name.</summary>
/// <param name="Index">Its number, from 1.</param>
/// <param name="Name">Its name, as <c>lo</c>.</param>
public readonly record struct InterfaceEntry(int Index, string Name);

/// <summary>The network interfaces of this process's network namespace: if_nameindex(3), if_nametoindex(3), if_indextoname(3).</summary>
public static class NetworkInterfaces
{
    /// <summary>if_nameindex(3): every interface, up or down.</summary>
    /// <returns>As the kernel lists them.</returns>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public static InterfaceEntry[] GetAll()
    {
        SocketResult<InterfaceEntry[]> result = TryGetAll();
        return result.IsSuccess ? result.Value : throw SocketErrors.Create("if_nameindex", endPoint: null, result.Errno);
    }

    /// <summary>if_nameindex(3), with the failure as a value.</summary>
    /// <returns>Every interface, or the errno.</returns>
    public static SocketResult<InterfaceEntry[]> TryGetAll()
    {
        Platform.Require();
        int result = Libc.GetInterfaces(out (int Index, string Name)[] interfaces);
        return result < 0
            ? SocketResult<InterfaceEntry[]>.Failure(-result)
            : SocketResult<InterfaceEntry[]>.Success([.. interfaces.Select(static one => new InterfaceEntry(one.Index, one.Name))]);
    }

    /// <summary>if_nametoindex(3): the number of the interface of that name.</summary>
    /// <param name="name">As <c>lo</c>.</param>
    /// <returns>The number.</returns>
    /// <exception cref="SocketException">ENODEV: there is no such interface.</exception>
    public static int GetIndex(string name)
    {
        SocketResult<int> result = TryGetIndex(name);
        return result.IsSuccess ? result.Value : throw SocketErrors.Create(
            $"if_nametoindex {name}", endPoint: null, result.Errno, "there is no such interface; see which there are with: ip link");
    }

    /// <summary>if_nametoindex(3), with the failure as a value.</summary>
    /// <param name="name">As <c>lo</c>.</param>
    /// <returns>The number; or ENODEV, there is no such interface.</returns>
    public static SocketResult<int> TryGetIndex(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Platform.Require();
        int result = name.Contains('\0', StringComparison.Ordinal) ? -Errno.ENODEV : Libc.InterfaceIndex(name);
        return result < 0 ? SocketResult<int>.Failure(-result) : SocketResult<int>.Success(result);
    }

    /// <summary>if_indextoname(3): the name of the interface of that number.</summary>
    /// <param name="index">From 1.</param>
    /// <returns>The name.</returns>
    /// <exception cref="SocketException">ENXIO: there is no such interface.</exception>
    public static string GetName(int index)
    {
        SocketResult<string> result = TryGetName(index);
        return result.IsSuccess ? result.Value : throw SocketErrors.Create(
            $"if_indextoname {index}", endPoint: null, result.Errno, "there is no such interface; see which there are with: ip link");
    }

    /// <summary>if_indextoname(3), with the failure as a value.</summary>
    /// <param name="index">From 1.</param>
    /// <returns>The name; or ENXIO, there is no such interface.</returns>
    public static SocketResult<string> TryGetName(int index)
    {
        Platform.Require();
        return Libc.InterfaceName(index) is { } name
            ? SocketResult<string>.Success(name)
            : SocketResult<string>.Failure(Errno.ENXIO);
    }
}
