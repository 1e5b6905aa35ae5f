namespace Sockeye.Cli.Http;

/// <summary>How a response can fail to come.</summary>
internal enum HttpFailure
{
    /// <summary>What came is not HTTP/1.</summary>
    NotHttp,

    /// <summary>It is HTTP, and breaks its rules or a bound of <see cref="HttpParser"/>.</summary>
    Broken,

    /// <summary>The connection ended before the response did.</summary>
    Lost,

    /// <summary>Nothing came, or went, within the time limit.</summary>
    TimedOut,

    /// <summary>TLS could not be agreed on, or the certificate is not to be trusted.</summary>
    Tls,
}

/// <summary>A response that did not come, or not whole: the one exception of <see cref="HttpExchange"/> and <see cref="HttpTls"/>.</summary>
internal sealed class HttpFailureException : Exception
{
    public HttpFailureException(HttpFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>What kind it is.</summary>
    public HttpFailure Failure { get; }
}
