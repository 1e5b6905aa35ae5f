using System.Diagnostics;
using System.Text.Json;

namespace Sockeye.Tests.Names;

/// <summary>Asks python3's own <c>socket</c> module the same questions.</summary>
internal static class Python
{
    private const string Program = "/usr/bin/python3";

    /// <summary>Runs <paramref name="script"/>, which finds the questions in <c>asked</c> and leaves its answers in <c>answers</c>.</summary>
    internal static async Task<JsonElement> Ask(string script, object questions)
    {
        if (!File.Exists(Program))
        {
            Assert.Skip("python3 is not installed: apt-get install python3");
        }

        const string Before = "import json, socket, sys\nasked = json.load(sys.stdin)\nanswers = []\n";
        const string After = "\njson.dump(answers, sys.stdout)\n";
        var start = new ProcessStartInfo(Program, ["-c", Before + script + After])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process python = Process.Start(start)!;
        try
        {
            Task<string> answers = python.StandardOutput.ReadToEndAsync();
            Task<string> errors = python.StandardError.ReadToEndAsync();
            await JsonSerializer.SerializeAsync(python.StandardInput.BaseStream, questions);
            python.StandardInput.Close();
            await python.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(25));
            Assert.True(python.ExitCode == 0, await errors);
            return JsonDocument.Parse(await answers).RootElement;
        }
        finally
        {
            if (!python.HasExited)
            {
                python.Kill();
            }
        }
    }
}
