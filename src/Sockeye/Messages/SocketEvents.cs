namespace Sockeye;

/// <summary>What a socket may be ready for; poll(2)'s events.</summary>
[Flags]
public enum SocketEvents
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>POLLIN: a receive or accept would not wait. Also at the end of a stream.</summary>
    Readable = 0x1,

    /// <summary>POLLPRI: urgent data, or another exceptional condition.</summary>
    Priority = 0x2,

    /// <summary>POLLOUT: a send would not wait, or a connect has ended.</summary>
    Writable = 0x4,

    /// <summary>POLLERR: an error waits in SO_ERROR. Reported whether asked for or not.</summary>
    Error = 0x8,

    /// <summary>POLLHUP: both directions have ended. Reported whether asked for or not.</summary>
    HangUp = 0x10,

    /// <summary>POLLRDHUP: the peer has ended its sending direction; what it sent before can still be received.</summary>
    PeerShutdown = 0x2000,
}
