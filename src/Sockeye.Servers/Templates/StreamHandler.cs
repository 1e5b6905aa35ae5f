namespace Sockeye.Servers;

/// <summary>
/// What serves one connection: an object for each, made by the factory that <see cref="StreamServer"/> was given, with
/// whatever state of the server's the factory hands it. What socketserver's BaseRequestHandler is.
/// </summary>
/// <param name="connection">The connection.</param>
public abstract class StreamHandler(Connection connection)
{
    /// <summary>The connection that is served.</summary>
    protected Connection Connection { get; } = connection;

    /// <summary>Called first. Does nothing by itself.</summary>
    protected internal virtual ValueTask SetupAsync() => default;

    /// <summary>Serves the connection, which ends in good order when the task does.</summary>
    protected internal abstract Task HandleAsync();

    /// <summary>Called last, also when the others have thrown. Does nothing by itself.</summary>
    protected internal virtual ValueTask FinishAsync() => default;
}
