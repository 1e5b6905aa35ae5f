using System.Net.Sockets;

namespace Sockeye.Cli.Http;

// The contract of an exchange:
// - One request, one response, then the connection is spent. The stream stays its owner's.
// - SendAsync, ReadHeadAsync, then ReadBodyAsync until it gives nothing: in this order, one at a time.
// - Whatever goes wrong is a HttpFailureException. Bytes of the body that came before are handed out before it is thrown.
// - Time limits are the stream's: a SocketException of TimedOut becomes HttpFailure.TimedOut.

/// <summary>One request and its response over a stream that is connected.</summary>
internal sealed class HttpExchange
{
    private const int BufferBytes = 65_536;

    private readonly Stream _stream;
    private readonly WatchedStream? _transport;
    private readonly HttpParser _parser = new();
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private bool _isUnsent;

    /// <summary>Speaks over a stream.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="transport">What lies below TLS, by which it is known whether the end was meant; null without TLS.</param>
    public HttpExchange(Stream stream, WatchedStream? transport = null)
    {
        _stream = stream;
        _transport = transport;
    }

    /// <summary>What has been read of the response.</summary>
    public HttpParser Response => _parser;

    /// <summary>Whether any byte of the response came.</summary>
    public bool HasFirstByte { get; private set; }

    /// <summary>Called once, when the first byte of the response comes.</summary>
    public Action? FirstByteCame { get; set; }

    /// <summary>Sends the request.</summary>
    /// <param name="request">Its bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HttpFailureException">TimedOut.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken = default)
    {
        try
        {
            await _stream.WriteAsync(request, cancellationToken);
            await _stream.FlushAsync(cancellationToken);
        }
        catch (IOException e) when (IsTimeout(e))
        {
            throw new HttpFailureException(HttpFailure.TimedOut, "the server does not take the request", e);
        }
        catch (IOException)
        {
            // The server may have answered before it had read the request, and closed: then the response says why. If
            // there is none, the next read fails and says so.
            _isUnsent = true;
        }
    }

    /// <summary>Waits for the head.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HttpFailureException">There is none.</exception>
    public async Task<HttpHead> ReadHeadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            HttpStep step = _parser.Read(_buffer.AsSpan(_start, _end - _start), out int consumed, out _);
            _start += consumed;
            if (step == HttpStep.Head)
            {
                return _parser.Head!;
            }

            ThrowIfBad(step);
            await FillAsync(cancellationToken);
        }
    }

    /// <summary>Waits for more of the body.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>At least a byte, which is good until the next call; nothing at the end of the response.</returns>
    /// <exception cref="HttpFailureException">The response is not whole.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            ReadOnlyMemory<byte> body = Gather(out HttpStep step);
            if (!body.IsEmpty)
            {
                return body;
            }

            ThrowIfBad(step);
            if (_parser.IsWhole)
            {
                return default;
            }

            await FillAsync(cancellationToken);
        }
    }

    // Chunks that came together are moved together, over what stood between them, so that they are written at once.
    private ReadOnlyMemory<byte> Gather(out HttpStep step)
    {
        int first = 0;
        int length = 0;
        do
        {
            step = _parser.Read(_buffer.AsSpan(_start, _end - _start), out int consumed, out int bodyBytes);
            _start += consumed;
            if (bodyBytes > 0)
            {
                int at = _start - bodyBytes;
                if (length == 0)
                {
                    first = at;
                }
                else
                {
                    _buffer.AsSpan(at, bodyBytes).CopyTo(_buffer.AsSpan(first + length));
                }

                length += bodyBytes;
            }
        }
        while (step == HttpStep.Body && _start < _end);

        return _buffer.AsMemory(first, length);
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_parser.IsWhole)
        {
            return;
        }

        try
        {
            _start = 0;
            _end = 0; // the parser has taken all
            _end = await _stream.ReadAsync(_buffer, cancellationToken);
        }
        catch (IOException e) when (IsTimeout(e))
        {
            throw new HttpFailureException(HttpFailure.TimedOut, $"the server fell silent {_parser.Place}", e);
        }
        catch (IOException e)
        {
            throw new HttpFailureException(HttpFailure.Lost, Loss(e), e);
        }

        if (_end > 0)
        {
            if (!HasFirstByte)
            {
                HasFirstByte = true;
                FirstByteCame?.Invoke();
            }

            return;
        }

        // RFC 9112 section 9.8: whoever sits between may end a connection; only TLS's own end says that the server did.
        if (_parser.Head is { Framing: HttpFraming.UntilClose } && _transport is { HasEnded: true })
        {
            throw new HttpFailureException(
                HttpFailure.Lost, $"the server ended the connection {_parser.Place}, without TLS's close_notify and without a length: it may be cut short");
        }

        if (_parser.Close() == HttpStep.Bad)
        {
            throw new HttpFailureException(_parser.Failure, _isUnsent
                ? $"the server closed the connection while the request was sent, {_parser.Problem}"
                : $"the server closed the connection {_parser.Problem}");
        }
    }

    private string Loss(IOException e)
    {
        SocketError? error = (e.InnerException as SocketException)?.SocketErrorCode;
        string how = error switch
        {
            SocketError.ConnectionReset => "the server reset the connection",
            null when _transport is { HasEnded: true } => "the server closed the connection",
            null => $"the connection failed ({ByteText.Show(e.Message)})",
            _ => $"the connection failed ({error})",
        };
        return $"{how} {_parser.Place}";
    }

    private void ThrowIfBad(HttpStep step)
    {
        if (step == HttpStep.Bad)
        {
            throw new HttpFailureException(_parser.Failure, _parser.Problem);
        }
    }

    internal static bool IsTimeout(Exception e) =>
        e is SocketException { SocketErrorCode: SocketError.TimedOut } || (e.InnerException is { } inner && IsTimeout(inner));
}
