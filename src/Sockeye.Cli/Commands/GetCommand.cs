using System.Net.Sockets;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Sockeye.Cli.Clients;
using Sockeye.Cli.Http;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye get: HTTP by hand, head and body apart.</summary>
internal static class GetCommand
{
    private static readonly TimeSpan TimeoutByDefault = TimeSpan.FromSeconds(30);

    private static readonly string Agent =
        $"sockeye/{typeof(GetCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion}";

    public static Command Build()
    {
        var url = new Argument<HttpUrl>("URL")
        {
            Description = "What to fetch: http://HOST[:PORT]/PATH?QUERY, or https://",
            CustomParser = static result =>
            {
                if (!HttpUrl.TryParse(result.Tokens[0].Value, out HttpUrl? url, out string problem))
                {
                    result.AddError(problem);
                }

                return url!;
            },
        };
        var headers = new Option<KeyValuePair<string, string>[]>("--header")
        {
            Description = "Add a header to the request; may be given more than once. Host, User-Agent and Accept replace get's own",
            HelpName = "NAME:VALUE",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
            CustomParser = ParseHeaders,
        };
        var output = new Option<string?>("--output") { Description = "Write the body to this file instead of standard output; a terminal shows the progress", HelpName = "FILE" };
        output.Validators.Add(static result =>
        {
            string path = result.Tokens.Count == 1 ? result.Tokens[0].Value : ".";
            if (path.Length == 0 || Directory.Exists(path))
            {
                result.AddError($"--output: '{ByteText.Show(path)}' is {(path.Length == 0 ? "no file's name" : "a directory; name a file in it")}");
            }
        });
        var connect = new Option<SocketUri?>("--connect")
        {
            Description = "Send the request there, for example to unix:/run/docker.sock; the URL then only says what to ask for",
            HelpName = "ENDPOINT",
            CustomParser = static result =>
            {
                SocketUri? endpoint = OptionTypes.ParseEndpoint(
                    result.Tokens[0].Value, new SocketUriDefaults("tcp"), "HTTP is a stream of bytes", [SocketType.Stream], out string problem);
                if (endpoint is null)
                {
                    result.AddError($"--connect: {problem}");
                }

                return endpoint;
            },
        };
        EndpointCompletion.AddTo(connect, SocketType.Stream);
        Option<TimeSpan?> timeout = OptionTypes.Positive(
            OptionTypes.Time("--timeout", "The limit for connecting, and for each wait for more bytes", TimeoutByDefault));
        var ca = new Option<string?>("--ca") { Description = "Trust the certificates in this PEM file, besides this machine's", HelpName = "FILE" };
        var insecure = new Option<bool>("--insecure") { Description = "Accept any certificate: anybody on the path can read and change the response" };

        var command = new Command(
            "get",
            "Fetches a URL the way one would by hand: one raw request over a socket. The head of the response goes to standard error, the body to standard output.")
        {
            url, headers, output, connect, timeout, ca, insecure,
        };
        CommonOptions common = CommonOptions.AddTo(command, LogLevel.Warning);
        command.WithEndpoints(SocketType.Stream).WithExamples(
            new("sockeye get http://localhost:8000/", "the head on standard error, the body on standard output"),
            new("sockeye get https://localhost:8443/ --ca ca.pem", "over TLS, with your own certificate authority"),
            new("sockeye get http://docker/version --connect unix:/run/docker.sock", "from a server on a Unix socket"),
            new("sockeye get http://localhost:8000/big.iso --output big.iso", "into a file"),
            new("sockeye get http://localhost:8000/ --json", "what came and when, for programs"));
        command.WithExitCodes(
        [
            new(ExitCode.Ok, "the whole response came, with a status below 400"),
            new(ExitCode.Failed, "could not look up the name, connect, agree on TLS, or write; or the response is not HTTP"),
            new(ExitCode.BadUsage, "bad usage: nothing was tried"),
            new(ExitCode.ConnectionLost, "the connection was lost before the whole response had come"),
            new(ExitCode.BadAnswer, "the whole response came, with a status of 400 or above"),
            new(ExitCode.NoAnswer, "no connection, or no more bytes, within the time limit"),
            .. ExitCode.Of(ExitCode.Interrupted, ExitCode.ReaderGone),
        ]);
        command.SetAction(async (result, _) =>
        {
            using Report report = common.Open(result);
            if (!TryTrust(result.GetValue(ca), result.GetValue(insecure), out HttpTrust trust, out string problem))
            {
                return report.Fail(problem, ExitCode.BadUsage);
            }

            HttpUrl asked = result.GetRequiredValue(url);
            var options = new HttpFetchOptions(
                asked, HttpRequest.Build(asked, Agent, result.GetValue(headers) ?? []), result.GetValue(connect), trust, result.GetValue(timeout) ?? TimeoutByDefault);
            using var signals = new StopSignals();
            string? path = result.GetValue(output);
            ProgressLine? progress = path is not null && !report.IsJson && !Console.IsErrorRedirected && report.ErrorStyle.HasColours ? new(Console.Error, TimeProvider.System) : null;
            return await RunAsync(options, path, report, Console.Error, StandardStreams.OpenOutput, signals.Stop, isShown: !Console.IsOutputRedirected, progress);
        });
        return command;
    }

    /// <summary>Asks, and writes what comes.</summary>
    /// <param name="options">What to ask for.</param>
    /// <param name="path">The file for the body; null for standard output.</param>
    /// <param name="report">Where events and failures go.</param>
    /// <param name="errors">Where the head goes.</param>
    /// <param name="standardOutput">Where the body goes without a file.</param>
    /// <param name="stop">Ends it.</param>
    /// <param name="isShown">Whether standard output is a terminal, which a body must not steer.</param>
    /// <param name="progress">Says how far a body has come that goes into a file; null where nobody looks.</param>
    internal static async Task<int> RunAsync(
        HttpFetchOptions options,
        string? path,
        Report report,
        TextWriter errors,
        Func<Stream> standardOutput,
        CancellationToken stop,
        bool isShown = false,
        ProgressLine? progress = null)
    {
        string asked = options.Url.ToString();
        await using var fetch = new HttpFetch(options);
        await using var body = new BodyOutput(path, report, standardOutput, isShown && path is null);
        try
        {
            await fetch.ConnectAsync(stop);
            if (report.Logs(LogLevel.Information))
            {
                report.Logger.LogInformation("{Url}: connected to {Peer}", asked, fetch.Peer?.ToString() ?? $"{options.Connect}");
            }

            if (options.Url.IsSecure && options.Trust.Anybody)
            {
                report.Warn($"{asked}: --insecure: the certificate is not checked; whoever is on the way can read and change the response");
            }

            HttpHead head = await fetch.AskAsync(stop);
            await body.OpenAsync(stop);
            TellHead(head, fetch, options.Url, report, errors);
            while (await fetch.ReadBodyAsync(stop) is { IsEmpty: false } bytes)
            {
                await body.WriteAsync(bytes); // what came is kept, even if it is to stop
                progress?.Report(fetch.Response!.BodyBytes, head.Length);
            }

            await body.EndAsync();
            progress?.End();
            TellEnd(fetch, report);
            return Conclude(head, fetch.Response!, options.Url, report, errors);
        }
        catch (BodyOutputException e)
        {
            progress?.End();
            return path is null && StandardStreams.IsReaderGone(e.InnerException) ? ExitCode.ReaderGone : report.Fail($"{asked}: {e.Message}");
        }
        catch (HttpFailureException e)
        {
            progress?.End();
            TellEnd(fetch, report);
            string limit = e.Failure == HttpFailure.TimedOut ? $", nothing for {Seconds(fetch)}; --timeout {Seconds(fetch, times: 4)} waits longer" : "";
            return report.Fail($"{asked}: {e.Message}{limit}{body.Kept}", e.Failure switch
            {
                HttpFailure.Lost => ExitCode.ConnectionLost,
                HttpFailure.TimedOut => ExitCode.NoAnswer,
                _ => ExitCode.Failed,
            });
        }
        catch (SocketException e)
        {
            return report.Fail($"{asked}: {ConnectProblem(e, options)}", e.SocketErrorCode == SocketError.TimedOut ? ExitCode.NoAnswer : ExitCode.Failed);
        }
        catch (OperationCanceledException)
        {
            progress?.End();
            TellEnd(fetch, report);
            return report.Fail($"{asked}: interrupted{(fetch.Response is { } response ? $" {response.Place}" : "")}{body.Kept}", ExitCode.Interrupted);
        }
    }

    private static KeyValuePair<string, string>[] ParseHeaders(ArgumentResult result)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (Token token in result.Tokens)
        {
            if (!HttpRequest.TryParseHeader(token.Value, out KeyValuePair<string, string> header, out string problem))
            {
                result.AddError($"--header: {problem}");
                return [];
            }

            headers.Add(header);
        }

        if (headers.Count > HttpRequest.HeadersMax)
        {
            result.AddError($"--header: at most {HttpRequest.HeadersMax}");
        }

        return [.. headers];
    }

    private static bool TryTrust(string? ca, bool insecure, out HttpTrust trust, out string problem)
    {
        trust = new HttpTrust([], insecure);
        problem = "";
        if (ca is null)
        {
            return true;
        }

        bool isRead = HttpTls.TryReadAuthorities(ca, out var authorities, out problem);
        trust = trust with { Authorities = authorities };
        problem = isRead ? "" : $"--ca: {problem}";
        return isRead;
    }

    private static void TellHead(HttpHead head, HttpFetch fetch, HttpUrl url, Report report, TextWriter errors)
    {
        report.TryTell(
            "head", line: null, ("url", url.ToString()), ("peer", fetch.Peer),
            ("version", head.Version), ("status", head.Status), ("reason", head.Reason), ("headers", head.Fields));
        if (!report.IsJson)
        {
            string status = $"{head.Version} {head.Status} {ByteText.Show(head.Reason)}".TrimEnd();
            Announcement.TryWrite(errors, head.Status >= 400 ? report.ErrorStyle.Bad(status) : report.ErrorStyle.Good(status));
            PrintFields(head.Fields, errors);
            Announcement.TryWrite(errors, "");
        }

        // The request does not ask for it, so that the body can be read as it is; some servers compress it regardless.
        string[] codings = [.. head.Values("Content-Encoding").Where(static coding => !coding.Equals("identity", StringComparison.OrdinalIgnoreCase))];
        if (codings.Length > 0)
        {
            string coding = ByteText.Show(string.Join(", ", codings));
            report.Warn($"{url}: the body is compressed ({coding}) and was written as it came{(coding is "gzip" or "x-gzip" ? "; | gunzip makes it readable" : "")}");
        }

        if (head.Note is { } note)
        {
            report.Warn($"{url}: {note}");
        }
    }

    private static void PrintFields(IEnumerable<KeyValuePair<string, string>> fields, TextWriter errors)
    {
        foreach ((string name, string value) in fields)
        {
            Announcement.TryWrite(errors, $"{name}: {ByteText.Show(value)}".TrimEnd());
        }
    }

    private static void TellEnd(HttpFetch fetch, Report report)
    {
        if (fetch.Response is { Head: not null } response)
        {
            HttpTimes times = fetch.Times;
            report.TryTell(
                "end", line: null, ("whole", response.IsWhole), ("bytes", response.BodyBytes), ("trailers", response.Trailers),
                ("lookUp", times.LookUp), ("connect", times.Connect), ("tls", times.Tls), ("firstByte", times.FirstByte), ("total", times.Total));
        }
    }

    private static int Conclude(HttpHead head, HttpParser response, HttpUrl url, Report report, TextWriter errors)
    {
        if (!report.IsJson)
        {
            PrintFields(response.Trailers, errors);
        }

        if (head.Status is >= 300 and < 400 && head.Values("Location").FirstOrDefault() is { } location)
        {
            Announcement.TryWrite(errors, url.TryResolve(location, out HttpUrl? next)
                ? $"try: ./sockeye get {ShellWord.Quote(next.ToString())}"
                : $"sockeye get: {url}: it leads to {ByteText.Show(location)}, which get does not know");
        }

        return head.Status >= 400 ? ExitCode.BadAnswer : ExitCode.Ok;
    }

    private static string ConnectProblem(SocketException e, HttpFetchOptions options)
    {
        string name = $"{options.Url.Host}: ";
        return (options.Connect, e.SocketErrorCode) switch
        {
            (_, SocketError.HostNotFound or SocketError.NoData) => $"{name}{OptionTypes.LookupProblem(e)}; is it spelled right?",
            (_, SocketError.TryAgain or SocketError.NoRecovery) => $"{name}{OptionTypes.LookupProblem(e)}",
            (null, SocketError.ConnectionRefused) => $"{e.Message}; is the server running, and at port {options.Url.Port}?",
            _ => e.Message,
        };
    }

    private static string Seconds(HttpFetch fetch, int times = 1) => $"{fetch.Timeout.TotalSeconds * times}s";

    /// <summary>Where the body goes: a file, standard output, or with --json events.</summary>
    private sealed class BodyOutput(string? path, Report report, Func<Stream> standardOutput, bool isShown) : IAsyncDisposable
    {
        private readonly ShownText? _text = isShown ? new() : null;
        private Stream? _stream;
        private long _bytes;

        /// <summary>What was kept of an incomplete body, in words.</summary>
        public string Kept => path is not null && _stream is not null ? $"; the {_bytes} bytes that came are in {path}" : "";

        public async Task OpenAsync(CancellationToken stop)
        {
            if (path is null && report.IsJson)
            {
                return;
            }

            try
            {
                // Opening a named pipe waits for a reader: fifo(7). A stop ends the wait; the thread ends with the process.
                _stream = path is null ? standardOutput()
                    : await Task.Run(() => new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0)).WaitAsync(stop);
            }
            catch (Exception e) when (IsOutput(e))
            {
                throw Problem(e);
            }
        }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
        {
            if (_stream is null)
            {
                if (!report.TryTell("body", line: null, ("bytes", bytes.Length), Report.Data(bytes.Span)))
                {
                    throw new BodyOutputException("cannot write to standard output: it is full or closed", report.WriteFailure);
                }

                return;
            }

            await PutAsync(_text is null ? bytes : _text.Show(bytes.Span).ToArray());
            _bytes += bytes.Length;
        }

        /// <summary>Writes what was held back for a rest that will not come.</summary>
        public async ValueTask EndAsync()
        {
            if (_text is not null && _stream is not null)
            {
                await PutAsync(_text.End().ToArray());
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_stream is not null)
            {
                await _stream.DisposeAsync();
            }
        }

        private async ValueTask PutAsync(ReadOnlyMemory<byte> bytes)
        {
            try
            {
                await _stream!.WriteAsync(bytes);
            }
            catch (Exception e) when (IsOutput(e))
            {
                throw Problem(e);
            }
        }

        private static bool IsOutput(Exception e) => e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

        private BodyOutputException Problem(Exception e) => new(
            path is not null ? $"cannot write the body to {path}: {ByteText.Show(e.Message)}"
            : $"cannot write the body to standard output: {(e is UnauthorizedAccessException ? "it is closed" : ByteText.Show(e.Message))}", e);
    }

    /// <summary>The body could not be written; the message says where and why.</summary>
    private sealed class BodyOutputException(string message, Exception? inner) : Exception(message, inner);
}
