namespace Sockeye;

/// <summary>struct ucred.</summary>
/// <param name="ProcessId">Process.</param>
/// <param name="UserId">User.</param>
/// <param name="GroupId">Group.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId);
