namespace Sockeye.Servers.Framing;

/// <summary>What is wrong with bytes that should be messages.</summary>
public enum FramingError
{
    /// <summary>A frame is longer than the reader allows.</summary>
    TooLong,

    /// <summary>The bytes are no frame, or its content no message.</summary>
    Malformed,

    /// <summary>The stream ended inside a frame.</summary>
    EndedInside,
}

/// <summary>The peer has sent bytes that are no message.</summary>
public sealed class FramingException : IOException
{
    /// <summary>An exception with the error and a sentence about it.</summary>
    /// <param name="error">What is wrong.</param>
    /// <param name="message">The sentence. It quotes nothing that the peer has sent.</param>
    /// <param name="canContinue">See <see cref="CanContinue"/>.</param>
    /// <param name="inner">What showed it; null for none.</param>
    public FramingException(FramingError error, string message, bool canContinue = false, Exception? inner = null)
        : base(message, inner)
    {
        Error = error;
        CanContinue = canContinue;
    }

    /// <summary>What is wrong.</summary>
    public FramingError Error { get; }

    /// <summary>
    /// True when the reader knows where the next frame begins: it may be asked again, and passes over this one. False when the
    /// rest of the stream means nothing any longer.
    /// </summary>
    public bool CanContinue { get; }

    internal static FramingException TooLong(long maxBytes, bool canContinue) =>
        new(FramingError.TooLong, $"The peer sent a message of more than {maxBytes} bytes.", canContinue);

    internal static FramingException EndedInside(long left) =>
        new(FramingError.EndedInside, $"The stream ended inside a message, after {left} bytes of it.");
}
