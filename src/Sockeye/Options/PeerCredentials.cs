namespace Sockeye;

/// <summary>
/// Who is at the other end of a UNIX socket: struct ucred, unix(7). From <see cref="SocketOptions.PeerCredentials"/> as of
/// connect(2), listen(2) or socketpair(2); from <see cref="SocketControl.Credentials"/> as of the message.
/// </summary>
/// <param name="ProcessId">The process's number in the reader's PID namespace; 0 where it has none there.</param>
/// <param name="UserId">Its effective user; 65534 where the reader's namespace does not map it, −1 where there is no peer.</param>
/// <param name="GroupId">Its effective group.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);
