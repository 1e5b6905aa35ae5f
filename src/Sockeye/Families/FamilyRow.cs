using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Families;

// The contract of a family:
// - It is one row of FamilyTable.Rows. Where the library knows its addresses, the row is a class in the family's own
//   file, beside its end point, its sockaddr, its text and its endpoint strings.
// - A family without such a class still opens, by number, and its addresses are UnknownEndPoint.
// - Whatever bytes a row is given to read, it does not throw.

/// <summary>A protocol that is a separate kernel module.</summary>
/// <param name="Number">The third argument of socket(2).</param>
/// <param name="Name">The kernel's name, as <c>IPPROTO_SCTP</c>.</param>
/// <param name="Modules">What modprobe(8) loads for it.</param>
internal readonly record struct FamilyProtocol(int Number, string Name, params string[] Modules);

/// <summary>What the library knows of one address family.</summary>
/// <param name="number">The kernel's AF_ number.</param>
/// <param name="name">The kernel's name, as <c>AF_TIPC</c>.</param>
/// <param name="modules">What modprobe(8) loads for it; none where it is built in, or no kernel opens sockets of it.</param>
internal class FamilyRow(int number, string name, params string[] modules)
{
    /// <summary>The kernel's AF_ number.</summary>
    internal int Number { get; } = number;

    /// <summary>The kernel's name, as <c>AF_TIPC</c>.</summary>
    internal string Name { get; } = name;

    /// <summary>What modprobe(8) loads for it.</summary>
    internal string[] Modules { get; } = modules;

    /// <summary>Its protocols that are separate modules.</summary>
    internal FamilyProtocol[] Protocols { get; init; } = [];

    /// <summary>Its kinds of endpoint strings.</summary>
    internal SocketUriScheme[] Schemes { get; init; } = [];

    /// <summary>Writes an end point of .NET's as a sockaddr; our own types write themselves.</summary>
    /// <param name="endPoint">Where to.</param>
    /// <param name="destination">Room for the longest sockaddr, 128 bytes.</param>
    /// <returns>How many bytes.</returns>
    internal virtual int Encode(EndPoint endPoint, Span<byte> destination) =>
        throw new ArgumentException($"{Name} has no address like {endPoint}.", nameof(endPoint));

    /// <summary>Reads a sockaddr of this family.</summary>
    /// <param name="address">The kernel's bytes, the family's number first.</param>
    /// <param name="like">An end point of the type that is wanted, where the family has several.</param>
    /// <returns>The end point; null when the bytes are no whole address, which becomes an <see cref="UnknownEndPoint"/>.</returns>
    internal virtual EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like) => null;

    /// <summary>Gives a socket that was just opened what .NET expects of the family beyond the kernel's defaults.</summary>
    internal virtual void Opened(SocketHandle socket)
    {
    }

    /// <summary>
    /// Whether close(2) alone is a reset to the peer of a connection, so that shutdown(2) of both directions must come first.
    /// </summary>
    internal virtual bool ClosesByReset => false;

    /// <summary>
    /// Whether a bound socket accepts at once, there is no listen(2), and what is accepted has no address: accept4(2) with
    /// room for one fails.
    /// </summary>
    internal virtual bool AcceptsUnlistened => false;

    /// <summary>The option, in milliseconds, that limits connect(2) on blocking descriptors alone, which ours never are.</summary>
    internal virtual (int Level, int Name)? ConnectTimeout => null;

    /// <summary>
    /// Whether a connect that failed while nobody waited in the kernel leaves a socket that says EALREADY for ever, which
    /// another socket under its number must replace.
    /// </summary>
    internal virtual bool StaysConnecting => false;

    /// <summary>Whether the address that getsockname(2) gave is one that bind(2) has not set: port 0, or any port.</summary>
    internal virtual bool IsUnbound(EndPoint local) => false;

    /// <summary>Whether the address that getpeername(2) gave stands for no peer.</summary>
    internal virtual bool IsNobody(EndPoint peer) => false;

    /// <summary>The likely cause of a call's error on this family; null where it is the same as on every other.</summary>
    /// <param name="call">As <c>bind</c>, <c>connect</c>, <c>send to</c>.</param>
    /// <param name="errno">The kernel's number.</param>
    /// <param name="endPoint">The address that the call was given.</param>
    internal virtual string? Cause(string call, int errno, EndPoint endPoint) => null;

    /// <summary>What a program lacks when socket(2) fails with EPERM or EACCES.</summary>
    internal virtual string Denial(SocketType type, ProtocolType protocol) =>
        type == SocketType.Raw || (int)type == FamilyConstants.SOCK_PACKET
            ? NeedsRawCapability(type)
            : $"{Name} or this protocol of it needs a capability, such as CAP_NET_RAW or CAP_NET_ADMIN";

    /// <summary>Says that sockets of this type need CAP_NET_RAW, and how to get it.</summary>
    protected string NeedsRawCapability(SocketType type) =>
        $"{Name} sockets of type {type} need CAP_NET_RAW: run as root, or in a user and network namespace (unshare -rn)";
}
