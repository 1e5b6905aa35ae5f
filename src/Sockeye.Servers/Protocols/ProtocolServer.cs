namespace Sockeye.Servers.Protocols;

/// <summary>A server with a <see cref="Protocol"/> for each connection: Twisted's Factory, listening.</summary>
/// <example>
/// <code>
/// var everybody = new HashSet&lt;Chat&gt;();
/// await using var server = new ProtocolServer("tcp://[::1]:8000", () => new Chat(everybody));
/// await server.RunAsync();
/// </code>
/// </example>
/// <remarks>
/// On the thread pool, as by default, protocols of several connections run beside each other, and what they share needs a lock.
/// On one loop (<see cref="ListenerOptions.Dispatch"/>) they do not.
/// </remarks>
public class ProtocolServer : StreamServer
{
    /// <summary>A server of a protocol.</summary>
    /// <param name="endpoint">An endpoint string: <c>tcp://[::1]:8888</c>, <c>unix:/run/x.sock</c>, <c>systemd:web</c>; <see cref="StreamServer.Endpoints"/> takes more.</param>
    /// <param name="create">Makes one for each connection, and hands on what they share.</param>
    /// <param name="options">The bounds; null is the defaults. Their Dispatch must not be a thread per connection.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    public ProtocolServer(string endpoint, Func<Protocol> create, StreamServerOptions? options = null)
        : this(endpoint, _ => create(), options)
    {
        ArgumentNullException.ThrowIfNull(create);
    }

    /// <summary>A server of a protocol that is chosen by the connection.</summary>
    /// <param name="endpoint">An endpoint string, as above.</param>
    /// <param name="create">Makes one for a connection.</param>
    /// <param name="options">The bounds; null is the defaults. Their Dispatch must not be a thread per connection.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    public ProtocolServer(string endpoint, Func<Connection, Protocol> create, StreamServerOptions? options = null)
        : base(endpoint, connection => create(connection).RunAsync(connection), options)
    {
        ArgumentNullException.ThrowIfNull(create);
    }
}
