using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Sockeye.Servers.Framing;

/// <summary>Objects as JSON (RFC 8259), one to a line, or one to a frame of another kind.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The type's metadata comes from a source generator (<c>[JsonSerializable(typeof(Message))]</c> on a class derived from
/// <see cref="System.Text.Json.Serialization.JsonSerializerContext"/>), so nothing is looked up at run time, and its options are heeded:
/// unknown members, duplicates, depth.</item>
/// <item>Empty lines are passed over. <c>null</c> is no message.</item>
/// <item>A frame that is no JSON, or not of this type, or that the type's constructor or setters refuse, is <see cref="FramingError.Malformed"/> with
/// <see cref="FramingException.CanContinue"/>: the frames around it are whole.</item>
/// </list>
/// </remarks>
/// <typeparam name="T">The objects' type.</typeparam>
public sealed class JsonReader<T> : IMessageReader<T>
    where T : notnull
{
    private readonly JsonTypeInfo<T> _type;
    private readonly IMessageReader<ReadOnlySequence<byte>> _frames;
    private readonly JsonReaderOptions _options;

    /// <summary>A reader of such objects.</summary>
    /// <param name="type">The type's metadata.</param>
    /// <param name="frames">What takes the frames apart. Defaults to lines of at most 1 MiB.</param>
    public JsonReader(JsonTypeInfo<T> type, IMessageReader<ReadOnlySequence<byte>>? frames = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        _type = type;
        _frames = frames ?? new LineReader(LengthPrefixReader.DefaultMaxFrameBytes);
        JsonSerializerOptions options = type.Options;
        _options = new JsonReaderOptions
        {
            MaxDepth = options.MaxDepth,
            AllowTrailingCommas = options.AllowTrailingCommas,
            CommentHandling = options.ReadCommentHandling,
        };
    }

    /// <inheritdoc/>
    public bool TryRead(ref ReadOnlySequence<byte> input, [MaybeNullWhen(false)] out T message) => TryRead(ref input, isLast: false, out message);

    /// <inheritdoc/>
    public bool TryReadLast(ref ReadOnlySequence<byte> input, [MaybeNullWhen(false)] out T message) => TryRead(ref input, isLast: true, out message);

    private bool TryRead(ref ReadOnlySequence<byte> input, bool isLast, [MaybeNullWhen(false)] out T message)
    {
        while (_frames.TryRead(ref input, isLast, out ReadOnlySequence<byte> frame))
        {
            if (!frame.IsEmpty)
            {
                message = Parse(frame);
                return true;
            }
        }

        message = default;
        return false;
    }

    private T Parse(in ReadOnlySequence<byte> frame)
    {
        try
        {
            var reader = new Utf8JsonReader(frame, _options);
            T? value = JsonSerializer.Deserialize(ref reader, _type);

            // One value, and nothing but space behind it: Read throws at anything else.
            if (value is null || reader.Read())
            {
                throw Malformed(inner: null);
            }

            return value;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or ArgumentException or FormatException
            or OverflowException or InvalidOperationException)
        {
            // No JSON; or of no type that is expected (NotSupportedException: an abstract one without its discriminator); or the
            // type's own constructor, setter or converter does not take it.
            throw Malformed(exception);
        }
    }

    // The exceptions' own messages quote the peer's bytes and name our types: for a log, not for the peer.
    private static FramingException Malformed(Exception? inner) =>
        new(FramingError.Malformed, $"The message is no JSON of the kind that is expected here ({typeof(T).Name}).", canContinue: true, inner);
}

/// <summary>Writes objects as JSON, one to a line, or one to a frame of another kind.</summary>
/// <remarks>Any thread may call; one writes at a time.</remarks>
/// <typeparam name="T">The objects' type.</typeparam>
public sealed class JsonWriter<T> : IMessageWriter<T>, IDisposable
    where T : notnull
{
    // More than that is not kept for the next object.
    private const int KeptBytesMax = 64 * 1024;

    private readonly JsonTypeInfo<T> _type;
    private readonly IMessageWriter<ReadOnlySpan<byte>> _frames;
    private readonly Lock _gate = new();

    // Under the gate.
    private readonly Utf8JsonWriter _json;
    private ArrayBufferWriter<byte> _bytes = new();

    /// <summary>A writer of such objects.</summary>
    /// <param name="type">The type's metadata.</param>
    /// <param name="frames">What puts each into its frame. Defaults to lines.</param>
    public JsonWriter(JsonTypeInfo<T> type, IMessageWriter<ReadOnlySpan<byte>>? frames = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        _type = type;
        _frames = frames ?? new LineWriter();
        JsonSerializerOptions options = type.Options;

        // Never indented: a line must stay one.
        _json = new Utf8JsonWriter(_bytes, new JsonWriterOptions { Encoder = options.Encoder, MaxDepth = options.MaxDepth, SkipValidation = true });
    }

    /// <inheritdoc/>
    /// <exception cref="JsonException">The object cannot be written.</exception>
    /// <exception cref="NotSupportedException">It holds something that JSON has no form for.</exception>
    public void Write(T message, IBufferWriter<byte> output)
    {
        lock (_gate)
        {
            // Whole before any of it is sent: an object may throw midway.
            try
            {
                JsonSerializer.Serialize(_json, message, _type);
                _json.Flush();
                _frames.Write(_bytes.WrittenSpan, output);
            }
            finally
            {
                if (_bytes.Capacity > KeptBytesMax)
                {
                    _bytes = new ArrayBufferWriter<byte>();
                }
                else
                {
                    _bytes.ResetWrittenCount();
                }

                _json.Reset(_bytes);
            }
        }
    }

    /// <summary>Gives back what it writes with.</summary>
    public void Dispose() => _json.Dispose();
}
