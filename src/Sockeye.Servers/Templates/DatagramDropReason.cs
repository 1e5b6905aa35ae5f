namespace Sockeye.Servers;

/// <summary>Why a datagram was not handled, or an answer not sent.</summary>
public enum DatagramDropReason
{
    /// <summary>There are <see cref="DatagramServerOptions.MaxSessions"/> sessions, and its sender has none.</summary>
    SessionsFull = 0,

    /// <summary>There are as many sessions of this address, or of its IPv6 /64, as one may have.</summary>
    AddressFull = 1,

    /// <summary>It was longer than <see cref="DatagramServerOptions.MaxDatagramBytes"/>.</summary>
    TooLong = 2,

    /// <summary>Its sender has no name, and cannot be answered.</summary>
    NoSender = 3,

    /// <summary>The kernel did not take the answer at once: its receiver is full, or the answer is too long.</summary>
    NotSent = 4,

    /// <summary>The kernel had no room for what came.</summary>
    Overflow = 5,

    /// <summary>The server's own check refused it.</summary>
    Rejected = 6,
}
