using Microsoft.Extensions.Logging;
using Sockeye.Servers;

namespace Sockeye.Chat.Connections;

/// <summary>
/// Logs refused connections: the first at once, the following at most once a second, with their count. Anybody can be
/// refused as often as they like, which must not decide how fast a log grows. Any thread may call.
/// </summary>
internal sealed class RefusalLog(ILogger logger, TimeProvider time)
{
    private readonly Lock _gate = new();

    // Under _gate, so that a line names the last of those that it counts.
    private readonly LogLimit _limit = new(time);
    private string _peer = "";
    private string _reason = "";

    /// <summary>One more is refused; if it is not logged now, the next line counts it.</summary>
    public void Refused(string peer, string reason)
    {
        lock (_gate)
        {
            (_peer, _reason) = (peer, reason);
            Write(_limit.Take());
        }
    }

    /// <summary>Logs those that no line has counted yet, as nobody will be refused any more.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            Write(_limit.Flush());
        }
    }

    private void Write(int count)
    {
        if (count == 1)
        {
            logger.Refused(_peer, _reason);
        }
        else if (count > 1)
        {
            logger.RefusedMore(count, _peer, _reason);
        }
    }
}
