namespace Sockeye.Servers;

/// <summary>What became of those who were connected when a listener stopped.</summary>
/// <param name="Drained">Connections that were sent everything that was due.</param>
/// <param name="Aborted">Connections that were lost meanwhile, or reset when the time was over.</param>
/// <param name="Refused">Those who still waited in the backlog and were told.</param>
public readonly record struct ListenerStopResult(int Drained, int Aborted, int Refused);
