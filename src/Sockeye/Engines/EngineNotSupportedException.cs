namespace Sockeye;

/// <summary>The engine that was asked for, by an <see cref="EngineKind"/> or by <c>SOCKEYE_ENGINE</c>, cannot be had. The message is one sentence, for users too.</summary>
public sealed class EngineNotSupportedException : NotSupportedException
{
    internal EngineNotSupportedException(string message)
        : base(message)
    {
    }
}
