using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Sockeye.Cli;

// The contract of what a command says:
// - Standard output carries the data: lines for people, or with --json one JSON object per line for programs. Standard
//   error carries messages about it: the log, from --log-level up, and the one line that says why the command failed.
// - An output that is full or closed does not throw: the call returns false, and the command decides whether to go on.
// - Any thread may call; lines are never interleaved.

/// <summary>A command's output: events, a log, and why it failed.</summary>
internal sealed class Report : IDisposable
{
    private static readonly JsonWriterOptions Json = new() { SkipValidation = true };

    private readonly Lock _gate = new();
    private readonly Stream _output;
    private readonly TextWriter _errors;
    private readonly Lazy<ILoggerFactory> _loggers; // created with the first line, since it takes a thread and descriptors
    private readonly TimeProvider _time;
    private readonly LogLevel _level;
    private readonly string _command;

    /// <summary>Writes to this process's standard output and standard error.</summary>
    /// <param name="command">The command, as it was called: <c>sockeye serve time</c>.</param>
    /// <param name="options">How.</param>
    public Report(string command, ReportOptions options)
        : this(command, options, StandardStreams.OpenOutput(), System.Console.Error, TimeProvider.System)
    {
    }

    internal Report(string command, ReportOptions options, Stream output, TextWriter errors, TimeProvider time)
    {
        _command = command;
        _output = output;
        _errors = errors;
        _time = time;
        IsJson = options.Json;
        Style = options.Style;
        ErrorStyle = options.ErrorStyle;
        _level = options.Level;
        _loggers = new(() => LoggerFactory.Create(logging => Configure(logging, options)));
    }

    /// <summary>Whether the output is JSON, for programs.</summary>
    public bool IsJson { get; }

    /// <summary>Whether standard output takes colours.</summary>
    public Style Style { get; }

    /// <summary>Whether standard error takes colours, and live lines.</summary>
    public Style ErrorStyle { get; }

    /// <summary>Why standard output could not be written; null while it could.</summary>
    public Exception? WriteFailure { get; private set; }

    /// <summary>Whether this level is logged. Ask before using <see cref="Logger"/>, which is only created when needed.</summary>
    /// <param name="level">The level.</param>
    public bool Logs(LogLevel level) => level >= _level && _level != LogLevel.None;

    /// <summary>The log, on standard error.</summary>
    public ILogger Logger => field ??= _loggers.Value.CreateLogger(_command.Split(' ') is [_, var first, ..] ? first : _command);

    /// <summary>Reports an event.</summary>
    /// <param name="name">What, in one word: <c>received</c>.</param>
    /// <param name="line">The line for people; null if standard output gets none for them.</param>
    /// <param name="facts">For programs: names in camelCase; strings, numbers, truth values, times.</param>
    /// <returns>False when it could not be written: the output is full or closed.</returns>
    public bool TryTell(string name, string? line, params ReadOnlySpan<(string Name, object? Value)> facts)
    {
        if (IsJson)
        {
            return TryWrite(ToJson(name, facts));
        }

        return line is null || TryWrite(Encoding.UTF8.GetBytes(line + "\n"));
    }

    /// <summary>Writes bytes to standard output as they are.</summary>
    /// <param name="bytes">What the command is for.</param>
    /// <returns>False when they could not be written.</returns>
    public bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        try
        {
            lock (_gate)
            {
                _output.Write(bytes);
                _output.Flush();
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) // .NET's name for EBADF
        {
            WriteFailure = e;
            return false;
        }
    }

    /// <summary>Writes a line for people to standard error, where standard output is data.</summary>
    /// <param name="line">The line.</param>
    /// <returns>False when it could not be written.</returns>
    public bool TrySay(string line) => Announcement.TryWrite(_errors, line);

    /// <summary>Writes to standard error, in one line, why the command fails: what failed, the likely cause, what to try.</summary>
    /// <param name="problem">The reason.</param>
    /// <param name="code">The exit code, which is handed back.</param>
    public int Fail(string problem, int code = ExitCode.Failed)
    {
        if (IsJson)
        {
            TryTell("error", line: null, ("message", problem), ("exitCode", code));
        }

        Announcement.TryWrite(_errors, $"{_command}: {problem}");
        return code;
    }

    /// <summary>Writes why a socket call failed. The library's exceptions already name the call, the end point, the cause and what to try.</summary>
    /// <param name="e">The library's exception.</param>
    /// <param name="code">The exit code, which is handed back.</param>
    public int Fail(SocketException e, int code = ExitCode.Failed) => Fail(e.Message, code);

    /// <summary>Writes to standard error what does not stop the command but should be known.</summary>
    /// <param name="warning">What, and what to do about it.</param>
    public void Warn(string warning)
    {
        if (!Logs(LogLevel.Warning))
        {
            return;
        }

        if (IsJson)
        {
            Logger.Warned(warning); // every line there is an object
        }
        else
        {
            Announcement.TryWrite(_errors, $"{_command}: warning: {warning}");
        }
    }

    /// <summary>Writes the last lines of the log.</summary>
    public void Dispose()
    {
        if (_loggers.IsValueCreated)
        {
            _loggers.Value.Dispose();
        }
    }

    /// <summary>Received bytes as a field of an event: as text, or as base64 if they are not text.</summary>
    /// <param name="bytes">Anything.</param>
    public static (string Name, object? Value) Data(ReadOnlySpan<byte> bytes) => System.Text.Unicode.Utf8.IsValid(bytes)
        ? ("text", Encoding.UTF8.GetString(bytes))
        : ("base64", Convert.ToBase64String(bytes));

    private byte[] ToJson(string name, ReadOnlySpan<(string Name, object? Value)> facts)
    {
        using var memory = new MemoryStream();
        using (var writer = new Utf8JsonWriter(memory, Json))
        {
            writer.WriteStartObject();
            writer.WriteString("time", _time.GetUtcNow().UtcDateTime);
            writer.WriteString("event", name);
            foreach ((string fact, object? value) in facts)
            {
                writer.WritePropertyName(fact);
                Write(writer, value);
            }

            writer.WriteEndObject();
        }

        memory.WriteByte((byte)'\n');
        return memory.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool truth:
                writer.WriteBooleanValue(truth);
                break;
            case int number:
                writer.WriteNumberValue(number);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case TimeSpan time: // in seconds, as every other tool has it
                writer.WriteNumberValue(Math.Round(time.TotalSeconds, 6));
                break;
            case IEnumerable<KeyValuePair<string, string>> pairs: // of HTTP's header, where a name may stand twice
                writer.WriteStartArray();
                foreach ((string key, string text) in pairs)
                {
                    writer.WriteStartArray();
                    writer.WriteStringValue(key);
                    writer.WriteStringValue(text);
                    writer.WriteEndArray();
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(value.ToString());
                break;
        }
    }

    private static void Configure(ILoggingBuilder logging, ReportOptions options)
    {
        logging.SetMinimumLevel(options.Level);
        if (options.Json)
        {
            logging.AddJsonConsole(static format =>
            {
                format.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                format.UseUtcTimestamp = true;
            });
        }
        else
        {
            logging.AddSimpleConsole(format =>
            {
                format.SingleLine = true;
                format.TimestampFormat = "HH:mm:ss ";
                format.ColorBehavior = options.ErrorStyle.HasColours ? LoggerColorBehavior.Enabled : LoggerColorBehavior.Disabled;
            });
        }

        logging.AddConsole(static console =>
        {
            console.LogToStandardErrorThreshold = LogLevel.Trace;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite; // a stuck terminal must not stop a server
        });
    }
}

/// <summary>How a command writes its output.</summary>
/// <param name="Json">For programs.</param>
/// <param name="Level">The lowest level to log.</param>
/// <param name="Style">Colours of standard output.</param>
/// <param name="ErrorStyle">Colours of standard error.</param>
internal sealed record ReportOptions(bool Json, LogLevel Level, Style Style, Style ErrorStyle);

/// <summary>The log lines that any command may write.</summary>
internal static partial class ReportLog
{
    [LoggerMessage(100, LogLevel.Warning, "{Warning}")]
    public static partial void Warned(this ILogger logger, string warning);
}
