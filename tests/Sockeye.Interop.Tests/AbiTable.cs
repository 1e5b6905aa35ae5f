using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Sockeye.Interop.Tests;

/// <summary>One table of abi/: what a C compiler says about sizes, offsets and numbers.</summary>
internal static class AbiTable
{
    internal const string Arm64Glibc = "arm64-glibc";
    internal const string X64Glibc = "x64-glibc";
    internal const string X64Musl = "x64-musl";

    private static readonly TimeSpan CompilerLimit = TimeSpan.FromSeconds(60);

    /// <summary>The table of the machine that runs the tests; null where none is checked in.</summary>
    internal static string? OfThisMachine
    {
        get
        {
            bool musl = RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal);
            return RuntimeInformation.ProcessArchitecture switch
            {
                Architecture.X64 => musl ? X64Musl : X64Glibc,
                Architecture.Arm64 => musl ? null : Arm64Glibc,
                _ => null,
            };
        }
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "abi");

    internal static IReadOnlyDictionary<string, long> Read(string name) =>
        Parse(File.ReadAllLines(Path.Combine(Folder, $"abi.{name}.txt")));

    /// <summary>Compiles and runs abi.c and abi-options.c; skips the test aloud where there is no C compiler.</summary>
    internal static IReadOnlyDictionary<string, long> Compile()
    {
        string program = Path.Combine(Path.GetTempPath(), $"sockeye-abi-{Environment.ProcessId}");
        try
        {
            Run("cc", "-o", program, Path.Combine(Folder, "abi.c"), Path.Combine(Folder, "abi-options.c"));
            return Parse(Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            File.Delete(program);
        }
    }

    /// <summary>All macros that the header defines.</summary>
    internal static string[] Macros(string header)
    {
        string file = Path.Combine(Path.GetTempPath(), $"sockeye-macros-{Environment.ProcessId}.c");
        try
        {
            File.WriteAllText(file, $"#include <{header}>\n");
            return Run("cc", "-E", "-dM", file).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(CompilerLimit))
            {
                process.Kill();
                Assert.Fail($"{program} did not end within {CompilerLimit}.");
            }

            Assert.True(process.ExitCode == 0, $"{program}: {errors.GetAwaiter().GetResult()}");
            return output.GetAwaiter().GetResult();
        }
        catch (System.ComponentModel.Win32Exception) when (program == "cc")
        {
            Assert.Skip("No C compiler: install gcc and libc6-dev.");
            throw;
        }
    }

    private static Dictionary<string, long> Parse(IEnumerable<string> lines) => lines
        .Where(line => !line.StartsWith('#'))
        .Distinct(StringComparer.Ordinal)
        .Distinct() // a number may belong to two headers
        .Select(line => line.Split(' '))
        .ToDictionary(
            parts => $"{parts[0]} {parts[1]}",
            parts => long.Parse(parts[2], CultureInfo.InvariantCulture),
            StringComparer.Ordinal);
}
