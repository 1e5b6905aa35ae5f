namespace Sockeye.Cli;

/// <summary>The tool's exit codes. Every --help lists those of its command.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int BadUsage = 2;
    public const int ConnectionLost = 3;
    public const int BadAnswer = 4;
    public const int NoAnswer = 5;
    public const int Interrupted = 130;

    /// <summary>128 and SIGPIPE, as a shell has it of a program that the signal ended.</summary>
    public const int ReaderGone = 141;

    /// <summary>What each means, unless a command describes it in its own words.</summary>
    public static readonly ExitMeaning[] All =
    [
        new(Ok, "all went well"),
        new(Failed, "failed: a look-up, listening, connecting, or writing"),
        new(BadUsage, "bad usage: nothing was tried"),
        new(ConnectionLost, "the connection was lost"),
        new(BadAnswer, "the server reported an error"),
        new(NoAnswer, "no answer in time"),
        new(Interrupted, "interrupted"),
        new(ReaderGone, "whatever read standard output has exited, as head does when it has enough"),
    ];

    /// <summary>The meanings of some codes.</summary>
    /// <param name="codes">The codes, in their order.</param>
    public static ExitMeaning[] Of(params int[] codes) => [.. All.Where(meaning => codes.Contains(meaning.Code))];
}

/// <summary>An exit code and what it means.</summary>
/// <param name="Code">The number; 1 stands for a range when <see cref="Name"/> says so.</param>
/// <param name="Meaning">A few words.</param>
internal sealed record ExitMeaning(int Code, string Meaning)
{
    /// <summary>How the code is written, where it is no single number: <c>errno</c>.</summary>
    public string Name { get; init; } = $"{Code}";
}
