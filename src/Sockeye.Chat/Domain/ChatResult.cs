namespace Sockeye.Chat.Domain;

/// <summary>Why the chat said no. Each protocol has its own words or numbers for these.</summary>
public enum ChatError
{
    /// <summary>Nothing went wrong.</summary>
    None,

    /// <summary>The name breaks a rule of <see cref="ChatName"/>.</summary>
    NameInvalid,

    /// <summary>Nobody may take the name.</summary>
    NameNotAllowed,

    /// <summary>Somebody else has the name.</summary>
    NameTaken,

    /// <summary>The room's name breaks a rule of <see cref="ChatName"/>.</summary>
    RoomInvalid,

    /// <summary>The room has as many members as a room may have.</summary>
    RoomFull,

    /// <summary>There are as many rooms as there may be.</summary>
    TooManyRooms,

    /// <summary>This person is in as many rooms as one may be in.</summary>
    TooManyRoomsForOne,

    /// <summary>This person is not in that room.</summary>
    NotInRoom,

    /// <summary>There was nothing to say.</summary>
    TextEmpty,

    /// <summary>The text is longer than may be said at once.</summary>
    TextTooLong,

    /// <summary>The session has ended, or the chat has.</summary>
    Ended,
}

/// <summary>The outcome of a request: done, or an error with a sentence that says what to do.</summary>
public readonly struct ChatResult
{
    private readonly string? _message;

    internal ChatResult(ChatError error, string message)
    {
        Error = error;
        _message = message;
    }

    /// <summary>Done.</summary>
    public static ChatResult Done => default;

    /// <summary>Whether it was done.</summary>
    public bool IsSuccess => Error == ChatError.None;

    /// <summary>Why not.</summary>
    public ChatError Error { get; }

    /// <summary>Why not, in a sentence for the person who asked; empty when it was done.</summary>
    public string Message => _message ?? "";

    /// <inheritdoc/>
    public override string ToString() => IsSuccess ? "done" : $"{Error}: {Message}";
}

/// <summary>The outcome of a request that has a result.</summary>
public readonly struct ChatResult<T>
    where T : class
{
    internal ChatResult(T value) => Value = value;

    internal ChatResult(ChatResult failure) => Failure = failure;

    /// <summary>The result, or null when <see cref="Failure"/> says why there is none.</summary>
    public T? Value { get; }

    /// <summary>Why there is no result.</summary>
    public ChatResult Failure { get; }

    /// <inheritdoc/>
    public override string ToString() => Value?.ToString() ?? Failure.ToString();
}
