using System.Diagnostics;

namespace Sockeye.Benchmarks;

/// <summary>How far it has come, on standard error: a live line on a terminal, elsewhere a line for each scenario.</summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether it is a terminal.</param>
/// <param name="turns">How many turns there will be.</param>
internal sealed class Progress(TextWriter output, bool isTerminal, int turns)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _turn;
    private string _scenario = "";

    /// <summary>A turn begins.</summary>
    internal void Turn(string scenario, string server, int round, int rounds)
    {
        TimeSpan taken = Stopwatch.GetElapsedTime(_start);
        string left = _turn > 0 ? $", {Show(taken * (turns - _turn) / _turn)} left" : "";
        _turn++;
        if (isTerminal)
        {
            output.Write($"\r{scenario}: {(round == 0 ? "warming up" : $"round {round} of {rounds}")}: {server}{left}\e[K");
        }
        else if (scenario != _scenario)
        {
            output.WriteLine($"{scenario} ...{left}");
        }

        _scenario = scenario;
    }

    /// <summary>Takes the live line away.</summary>
    internal void End()
    {
        if (isTerminal)
        {
            output.Write("\r\e[K");
        }
    }

    private static string Show(TimeSpan time) => time.TotalSeconds < 90 ? $"{time.TotalSeconds:0} s" : $"{time.TotalMinutes:0} min";
}
