namespace Sockeye.Cli;

/// <summary>How the tool ends. Every --help shows this list.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int BadUsage = 2;
    public const int ConnectionLost = 3;
    public const int Interrupted = 130;

    public const string Help =
        "0 ok, 1 could not listen, connect or write, 2 bad usage, 3 connection lost, 130 interrupted";
}
