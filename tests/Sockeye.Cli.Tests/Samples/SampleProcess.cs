using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests.Samples;

/// <summary>A program of samples/ in a process of its own.</summary>
internal sealed class SampleProcess : ProgramProcess
{
    private SampleProcess(string program, IEnumerable<string> args)
        : base(program, args)
    {
    }

    private static string Dll => Path.Combine(AppContext.BaseDirectory, "Samples.dll");

    /// <summary>Starts samples/NAME.cs, as samples/together has compiled it.</summary>
    public static SampleProcess Start(string name, params IEnumerable<string> args) =>
        new("dotnet", ["exec", Dll, name, .. args]);

    /// <summary>The same with a variable of the environment, as NAME=VALUE: env(1) starts it.</summary>
    public static SampleProcess StartWith(string variable, string name, params IEnumerable<string> args) =>
        new(variable, ["dotnet", "exec", Dll, name, .. args]);

    /// <summary>Runs it to its end, with some input.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string input, string name, params string[] args)
    {
        using SampleProcess sample = Start(name, args);
        return await sample.FinishAsync(input);
    }
}
