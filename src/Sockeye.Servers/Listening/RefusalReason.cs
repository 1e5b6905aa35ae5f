namespace Sockeye.Servers;

/// <summary>Why a connection that the kernel had made is not served.</summary>
public enum RefusalReason
{
    /// <summary>There are <see cref="ListenerOptions.MaxConnections"/>.</summary>
    Full = 0,

    /// <summary>There are <see cref="ListenerOptions.MaxConnectionsPerAddress"/> of this address.</summary>
    AddressFull = 1,

    /// <summary>There are <see cref="ListenerOptions.MaxConnectionsPerNetwork"/> of this IPv6 network, a /64.</summary>
    NetworkFull = 2,

    /// <summary><see cref="ListenerOptions.Verify"/> said no.</summary>
    Rejected = 3,

    /// <summary>No thread or descriptor is left for it, where each connection has a thread.</summary>
    NoResources = 4,

    /// <summary>It still waited to be accepted when the server stopped.</summary>
    Stopping = 5,
}
