using System.Diagnostics.Metrics;

namespace Sockeye.Servers;

/// <summary>What a meter's listener may see of all servers of this process: System.Diagnostics.Metrics, meter "Sockeye.Servers".</summary>
/// <remarks>Counters cost nothing while nobody listens. Bytes are added once a sweep and at a connection's end, not with each message.</remarks>
internal static class ServerMetrics
{
    internal const string MeterName = "Sockeye.Servers";

    private static readonly Lock s_gate = new();
    private static readonly List<Listener> s_listeners = [];
    private static readonly Meter s_meter = new(MeterName);

    private static readonly Counter<long> s_accepted =
        s_meter.CreateCounter<long>("sockeye.server.connections.accepted", "{connection}", "Connections that were accepted and admitted.");

    private static readonly Counter<long> s_refused =
        s_meter.CreateCounter<long>("sockeye.server.connections.refused", "{connection}", "Connections that were turned away, by reason.");

    private static readonly Counter<long> s_ended =
        s_meter.CreateCounter<long>("sockeye.server.connections.ended", "{connection}", "Connections that have ended, by reason.");

    private static readonly UpDownCounter<long> s_active =
        s_meter.CreateUpDownCounter<long>("sockeye.server.connections.active", "{connection}", "Connections at this moment.");

    private static readonly Counter<long> s_pauses =
        s_meter.CreateCounter<long>("sockeye.server.accept.pauses", "{pause}", "How often accepting had to pause for want of descriptors or memory.");

    private static readonly Counter<long> s_received =
        s_meter.CreateCounter<long>("sockeye.server.bytes.received", "By", "Bytes that connections and datagram sockets received.");

    private static readonly Counter<long> s_sent =
        s_meter.CreateCounter<long>("sockeye.server.bytes.sent", "By", "Bytes that the kernel has taken to be sent.");

    private static readonly Counter<long> s_datagrams =
        s_meter.CreateCounter<long>("sockeye.server.datagrams.received", "{datagram}", "Datagrams that were received.");

    private static readonly Counter<long> s_dropped =
        s_meter.CreateCounter<long>("sockeye.server.datagrams.dropped", "{datagram}", "Datagrams that were not handled or not sent, by reason.");

    static ServerMetrics()
    {
        s_meter.CreateObservableUpDownCounter("sockeye.server.queue.bytes", static () => Sum(static listener => listener.QueuedBytes), "By", "Bytes that wait to be sent.");
        s_meter.CreateObservableUpDownCounter("sockeye.server.queue.connections", static () => Sum(static listener => listener.LaggingCount), "{connection}", "Connections for which bytes wait to be sent.");
    }

    internal static void Add(Listener listener)
    {
        lock (s_gate)
        {
            s_listeners.Add(listener);
        }
    }

    internal static void Remove(Listener listener)
    {
        lock (s_gate)
        {
            s_listeners.Remove(listener);
        }
    }

    internal static void Accepted(string endpoint)
    {
        s_accepted.Add(1, Endpoint(endpoint));
        s_active.Add(1);
    }

    internal static void Refused(string endpoint, RefusalReason reason) => s_refused.Add(1, Endpoint(endpoint), Reason(reason.ToString()));

    internal static void Ended(ConnectionEndReason reason)
    {
        s_active.Add(-1);
        s_ended.Add(1, Reason(reason.ToString()));
    }

    internal static void Paused(string endpoint) => s_pauses.Add(1, Endpoint(endpoint));

    internal static void Transferred(long received, long sent)
    {
        if (received > 0)
        {
            s_received.Add(received);
        }

        if (sent > 0)
        {
            s_sent.Add(sent);
        }
    }

    internal static void Datagrams(int count) => s_datagrams.Add(count);

    internal static void Dropped(int count, DatagramDropReason reason) => s_dropped.Add(count, Reason(reason.ToString()));

    private static KeyValuePair<string, object?> Endpoint(string endpoint) => new("sockeye.endpoint", endpoint);

    private static KeyValuePair<string, object?> Reason(string reason) => new("sockeye.reason", reason);

    private static long Sum(Func<Listener, long> of)
    {
        lock (s_gate)
        {
            return s_listeners.Sum(of);
        }
    }
}
