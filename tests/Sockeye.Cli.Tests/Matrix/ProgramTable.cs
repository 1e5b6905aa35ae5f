using System.Collections.Concurrent;
using System.Text;
using Sockeye.Cli.Tests.Help;
using Sockeye.Cli.Tests.Samples;

[assembly: AssemblyFixture(typeof(Sockeye.Cli.Tests.Matrix.ProgramTable))]

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>What came of each row; when all have run, artifacts/programs.md has it.</summary>
public sealed class ProgramTable : IDisposable
{
    private readonly ConcurrentDictionary<(string Program, string What, Form Form, Family Family), bool> _passed = new();
    private readonly ConcurrentDictionary<(string Program, Form Form), long> _memory = new();

    /// <summary>Runs a row, and keeps what came of it.</summary>
    internal async Task RunAsync(string program, string what, Form form, Family family, Func<Task> row)
    {
        _passed[(program, what, form, family)] = false;
        try
        {
            await row();
        }
        catch (Xunit.Sdk.SkipException)
        {
            _passed.TryRemove((program, what, form, family), out _);
            throw;
        }

        _passed[(program, what, form, family)] = true;
    }

    internal void Record(string program, string what, Form form, Family family, bool passed) => _passed[(program, what, form, family)] = passed;

    /// <summary>Keeps the most memory that a program has had, in KiB.</summary>
    internal void Memory(string program, Form form, long kib) => _memory.AddOrUpdate((program, form), kib, (_, before) => Math.Max(before, kib));

    public void Dispose()
    {
        if (_passed.IsEmpty)
        {
            return;
        }

        var page = new StringBuilder("# The programs and their peers\n\n");
        page.Append("What came of each row in this run: yes, **FAILED**, or nothing where it was not run.\n\n");
        page.Append(ProgramsPage.PeerTable(Cell)).Append("\n## Bad input\n\n").Append(ProgramsPage.BadInputTable(Cell));
        page.Append("\n## Memory\n\nThe most that a server had, after all its bad input (VmHWM).\n\n| Program | Form | MiB |\n|---|---|---|\n");
        foreach (((string program, Form form), long kib) in _memory.OrderBy(static pair => (pair.Key.Program, pair.Key.Form)))
        {
            page.Append($"| {program} | {form.ToString().ToLowerInvariant()} | {kib / 1024} |\n");
        }

        string folder = Path.Combine(PrintedPage.Root, "artifacts");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "programs.md"), page.ToString());
    }

    private string Cell(TestedProgram program, string what, Form form, Family family) =>
        _passed.TryGetValue((program.Name, what, form, family), out bool passed) ? passed ? "yes" : "**FAILED**" : "";
}
