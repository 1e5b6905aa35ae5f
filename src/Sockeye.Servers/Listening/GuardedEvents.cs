using System.Net;
using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>
/// Events of the user's, which may throw: they are told where a connection begins or ends, and nothing may come of that for
/// the connection, its place among the others, or accepting.
/// </summary>
internal sealed class GuardedEvents(ListenerEvents inner, TimeProvider time) : ListenerEvents
{
    private readonly ErrorLog _errors = new(time);

    protected internal override void AcceptPaused(SocketUri endpoint, SocketException error) =>
        Tell((endpoint, error), static (inner, about) => inner.AcceptPaused(about.endpoint, about.error));

    protected internal override void AcceptResumed(SocketUri endpoint) =>
        Tell(endpoint, static (inner, endpoint) => inner.AcceptResumed(endpoint));

    protected internal override void AcceptFailed(SocketUri endpoint, Exception error) =>
        Tell((endpoint, error), static (inner, about) => inner.AcceptFailed(about.endpoint, about.error));

    protected internal override void AcceptEnded(SocketUri endpoint, SocketException error) =>
        Tell((endpoint, error), static (inner, about) => inner.AcceptEnded(about.endpoint, about.error));

    protected internal override void Refused(EndPoint? peer, RefusalReason reason, int count) =>
        Tell((peer, reason, count), static (inner, about) => inner.Refused(about.peer, about.reason, about.count));

    protected internal override void AddressMissing(SocketUri endpoint, SocketException error) =>
        Tell((endpoint, error), static (inner, about) => inner.AddressMissing(about.endpoint, about.error));

    protected internal override void HandlerFailed(Connection connection, Exception error) =>
        Tell((connection, error), static (inner, about) => inner.HandlerFailed(about.connection, about.error));

    protected internal override void ConnectionEnded(Connection connection) =>
        Tell(connection, static (inner, connection) => inner.ConnectionEnded(connection));

    private void Tell<T>(T about, Action<ListenerEvents, T> tell)
    {
        try
        {
            tell(inner, about);
        }
        catch (Exception exception)
        {
            // The edge: there is nobody else to tell.
            _errors.Write("an event of the listener's", exception);
        }
    }
}
