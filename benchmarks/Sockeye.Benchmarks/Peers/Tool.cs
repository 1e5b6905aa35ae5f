using System.Diagnostics;
using System.Text;

namespace Sockeye.Benchmarks.Peers;

/// <summary>Programs that this one is not: run, or compiled from the sources beside it when they are first wanted.</summary>
internal static class Tool
{
    /// <summary>A file that lies beside this program in Peers.</summary>
    internal static string Source(string name) => Path.Combine(AppContext.BaseDirectory, "Peers", name);

    /// <summary>Where a compiled program goes.</summary>
    internal static string Made(string name) => Path.Combine(AppContext.BaseDirectory, $"peer-{name}");

    /// <summary>Compiles C. Null: it went well; else why there is no such program here.</summary>
    internal static Task<string?> CompileCAsync(string name, string file, CancellationToken stop) =>
        CompileAsync(Made(name), Source(file), made => ("cc", ["-O2", "-o", made, Source(file)]), "gcc", stop);

    /// <summary>Runs a program to its end; null when there is no such program.</summary>
    internal static async Task<(int Code, string Output)?> RunAsync(string program, string[] arguments, CancellationToken stop)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }

        using (process)
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(stop))
        {
            limit.CancelAfter(TimeSpan.FromMinutes(2));
            process.StandardInput.Close();
            try
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), errors = process.StandardError.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                return (process.ExitCode, new StringBuilder(await output).Append(await errors).ToString().Trim());
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
    }

    /// <summary>Runs a compiler when what it makes is older than what it is made of. Null: it went well.</summary>
    internal static async Task<string?> CompileAsync(string output, string source, Func<string, (string Program, string[] Arguments)> command, string package, CancellationToken stop)
    {
        if (File.Exists(output) && File.GetLastWriteTimeUtc(output) > Directory.EnumerateFiles(Path.GetDirectoryName(source)!).Max(File.GetLastWriteTimeUtc))
        {
            return null;
        }

        // Renamed when it is whole: two benchmarks may start at once.
        string made = $"{output}.{Environment.ProcessId}";
        (string program, string[] arguments) = command(made);
        (int Code, string Output)? run = await RunAsync(program, arguments, stop);
        if (run is not { } result)
        {
            return $"no {program} here (package {package})";
        }

        if (result.Code != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {result.Code}: {result.Output}");
        }

        File.Move(made, output, overwrite: true);
        return null;
    }
}
