namespace Sockeye.Servers;

/// <summary>Why a connection has ended, or is ending.</summary>
public enum ConnectionEndReason
{
    /// <summary>It has not.</summary>
    None = 0,

    /// <summary>Its handler came to its end.</summary>
    Finished = 1,

    /// <summary>It was lost: the peer reset it, or answers no more.</summary>
    Lost = 2,

    /// <summary>The peer said nothing for <see cref="ListenerOptions.FirstByteTimeout"/>.</summary>
    FirstByteTimeout = 3,

    /// <summary>Nothing moved for <see cref="ListenerOptions.IdleTimeout"/>.</summary>
    IdleTimeout = 4,

    /// <summary>The listener stops.</summary>
    Stopping = 5,

    /// <summary><see cref="Connection.Close"/> was called.</summary>
    Closed = 6,

    /// <summary>The server's own check refused it, after it was accepted.</summary>
    Rejected = 7,

    /// <summary>Its handler threw.</summary>
    Failed = 8,

    /// <summary><see cref="Connection.Abort"/> was called, or a close or the stop took too long.</summary>
    Aborted = 9,
}
