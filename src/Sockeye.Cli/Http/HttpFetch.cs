using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Sockeye.Cli.Http;

/// <summary>What to ask for, and how.</summary>
/// <param name="Url">What.</param>
/// <param name="Request">The bytes of the request.</param>
/// <param name="Connect">Where to send it, other than where the URL says; null for there.</param>
/// <param name="Trust">Whom TLS trusts.</param>
/// <param name="Timeout">The limit for connecting, and for each wait for more bytes.</param>
internal sealed record HttpFetchOptions(HttpUrl Url, ReadOnlyMemory<byte> Request, SocketUri? Connect, HttpTrust Trust, TimeSpan Timeout);

/// <summary>When each step was done, counted from the beginning; null when there was none.</summary>
/// <param name="LookUp">The name's addresses were there.</param>
/// <param name="Connect">The connection was made.</param>
/// <param name="Tls">TLS was agreed on.</param>
/// <param name="FirstByte">The first byte of the response came.</param>
/// <param name="Total">Now.</param>
internal readonly record struct HttpTimes(TimeSpan? LookUp, TimeSpan? Connect, TimeSpan? Tls, TimeSpan? FirstByte, TimeSpan Total);

/// <summary>One response from the net: connects, agrees on TLS, asks, and hands out head and body. Owns the connection.</summary>
internal sealed class HttpFetch(HttpFetchOptions options) : IAsyncDisposable
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly ConnectionTrace _trace = new();
    private TimeSpan? _connected;
    private TimeSpan? _secured;
    private TimeSpan? _firstByte;
    private Socket? _socket;
    private SocketFile? _file;
    private SslStream? _tls;
    private HttpExchange? _exchange;

    /// <summary>The address that answered the connection; null before that, and where nothing had to be tried.</summary>
    public EndPoint? Peer => _trace.Attempts.FirstOrDefault(static one => one.Outcome == ConnectionOutcome.Succeeded)?.EndPoint;

    /// <summary>The limit in force: an endpoint's own <c>timeout</c> goes before the one given.</summary>
    public TimeSpan Timeout { get; private set; } = options.Timeout;

    /// <summary>What has been read of the response; null before it was asked for.</summary>
    public HttpParser? Response => _exchange?.Response;

    /// <summary>When each step was done.</summary>
    public HttpTimes Times => new(
        _trace.Lookups.Where(static one => one.Outcome == ConnectionOutcome.Succeeded).Select(static one => (TimeSpan?)(one.Started + one.Duration)).Min(),
        _connected, _secured, _firstByte, Stopwatch.GetElapsedTime(_started));

    /// <summary>Connects.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SocketException">There is no connection.</exception>
    public async Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        SocketUri endpoint = options.Connect ?? options.Url.Endpoint;
        if (endpoint.Timeout is null)
        {
            endpoint = endpoint.WithOption("timeout", $"{Math.Max(1, (long)options.Timeout.TotalMilliseconds)}ms");
        }

        Timeout = endpoint.Timeout ?? options.Timeout;
        _socket = await endpoint.ConnectAsync(_trace, cancellationToken);
        _connected = Stopwatch.GetElapsedTime(_started);
        _file = _socket.MakeFile(bufferSize: 0); // what could not be sent is not tried again at the end
    }

    /// <summary>Asks, and waits for the head.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HttpFailureException">There is none.</exception>
    public async Task<HttpHead> AskAsync(CancellationToken cancellationToken = default)
    {
        Debug.Assert(_file is not null, "connect first");
        WatchedStream? transport = null;
        if (options.Url.IsSecure)
        {
            transport = new WatchedStream(_file);
            _tls = await HttpTls.ConnectAsync(transport, options.Url.Host, options.Trust, cancellationToken);
            _secured = Stopwatch.GetElapsedTime(_started);
        }

        _exchange = new HttpExchange(_tls ?? (Stream)_file, transport)
        {
            FirstByteCame = () => _firstByte = Stopwatch.GetElapsedTime(_started),
        };
        await _exchange.SendAsync(options.Request, cancellationToken);
        return await _exchange.ReadHeadAsync(cancellationToken);
    }

    /// <inheritdoc cref="HttpExchange.ReadBodyAsync"/>
    public ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(CancellationToken cancellationToken = default) => _exchange!.ReadBodyAsync(cancellationToken);

    /// <summary>Ends the connection; if the response was not read to its end, with a reset.</summary>
    public async ValueTask DisposeAsync()
    {
        // Whatever failed has been reported already.
        if (_tls is not null)
        {
            await _tls.DisposeAsync();
        }

        _socket?.Dispose();
        if (_file is not null)
        {
            await _file.DisposeAsync();
        }
    }
}
