using Microsoft.Extensions.Logging;

namespace Sockeye.Chat.Connections;

/// <summary>
/// Logs refused connections: the first at once, the following at most once a second, with their count. Anybody can be
/// refused as often as they like, which must not decide how fast a log grows. Any thread may call.
/// </summary>
internal sealed class RefusalLog(ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();

    // Under _gate.
    private long? _logged;
    private int _unlogged;
    private string _peer = "";
    private string _reason = "";

    /// <summary>One more is refused; if it is not logged now, the next line counts it.</summary>
    public void Refused(string peer, string reason)
    {
        lock (_gate)
        {
            (_peer, _reason) = (peer, reason);
            _unlogged++;
            if (_logged is not { } logged || time.GetElapsedTime(logged) >= Pause)
            {
                Write();
            }
        }
    }

    /// <summary>Logs those that no line has counted yet, as nobody will be refused any more.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_unlogged > 0)
            {
                Write();
            }
        }
    }

    private void Write()
    {
        if (_unlogged == 1)
        {
            logger.Refused(_peer, _reason);
        }
        else
        {
            logger.RefusedMore(_unlogged, _peer, _reason);
        }

        _unlogged = 0;
        _logged = time.GetTimestamp();
    }
}
