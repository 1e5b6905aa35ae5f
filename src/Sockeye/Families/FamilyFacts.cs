using System.Net.Sockets;

namespace Sockeye.Families;

/// <summary>Where a family's sockets behave as no others do, and a call must know it.</summary>
internal static class FamilyFacts
{
    private const int SOL_TIPC = 271;
    private const int TIPC_CONN_TIMEOUT = 130;

    /// <summary>
    /// True where close(2) alone is a reset to the peer, and shutdown(2) of both directions must come before it: TIPC has no
    /// half-close, and a socket that goes answers its peer's connection as a port that never was (net/tipc/socket.c,
    /// tipc_release).
    /// </summary>
    internal static bool ClosesByReset(AddressFamily family) => family == AddressFamily.Tipc;

    /// <summary>
    /// True where a bound socket accepts at once, where listen(2) is not known (EOPNOTSUPP), and where what is accepted has no
    /// address: accept4(2) with room for one is ECONNABORTED (crypto/af_alg.c).
    /// </summary>
    internal static bool AcceptsUnlistened(AddressFamily family) => family == AddressFamily.Alg;

    /// <summary>The option, in milliseconds, that limits connect(2) on blocking descriptors alone, which ours never are; null where there is none.</summary>
    internal static (int Level, int Name)? ConnectTimeoutOption(AddressFamily family) =>
        family == AddressFamily.Tipc ? (SOL_TIPC, TIPC_CONN_TIMEOUT) : null;
}
