using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests.Samples;

/// <summary>A program of samples/ in a process of its own.</summary>
internal sealed class SampleProcess : ProgramProcess
{
    private SampleProcess(IEnumerable<string> args)
        : base("dotnet", args)
    {
    }

    /// <summary>Starts samples/NAME.cs, as samples/together has compiled it.</summary>
    public static SampleProcess Start(string name, params IEnumerable<string> args) =>
        new(["exec", Path.Combine(AppContext.BaseDirectory, "Samples.dll"), name, .. args]);

    /// <summary>Runs it to its end, with some input.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string input, string name, params string[] args)
    {
        using SampleProcess sample = Start(name, args);
        return await sample.FinishAsync(input);
    }
}
