using System.Diagnostics;

namespace Sockeye.House.Tests;

/// <summary>How a program ended and what it said.</summary>
internal sealed record Finished(int Code, string Output, string Error, int ProcessId);

/// <summary>Runs a program to its end, within a limit.</summary>
internal static class Shell
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    /// <summary>The dotnet that runs these tests, if one does.</summary>
    public static string Dotnet { get; } =
        Path.GetFileName(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";

    public static async Task<Finished> RunAsync(string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        using Process process = Start(program, arguments, folder, environment);
        using CancellationTokenSource limit = new(_limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), error = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new Finished(process.ExitCode, await output, await error, process.Id);
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {_limit.TotalSeconds} s.", late);
        }
    }

    /// <summary>Starts a program with its input at an end, its streams ours and a changed environment (null takes away).</summary>
    public static Process Start(string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string?>? environment = null, bool keepInput = false)
    {
        ProcessStartInfo start = new(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? House.Root,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        if (!keepInput)
        {
            process.StandardInput.Close();
        }

        return process;
    }
}
