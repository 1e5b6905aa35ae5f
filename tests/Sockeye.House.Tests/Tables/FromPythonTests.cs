using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace Sockeye.House.Tests.Tables;

/// <summary>docs/from-python.md beside the module itself: every name has its row, every row its member, and the numbers agree.</summary>
public class FromPythonTests
{
    private const string Page = "docs/from-python.md";

    // The Python of the table; a newer one may have dropped what an older one had.
    private static readonly Version _tabled = new(3, 11);

    private static readonly IReadOnlyList<TableRow> _rows = TableRow.Read(Page);

    // Rows whose number differs from Python's, on purpose.
    private static readonly Dictionary<string, string> _differing = new()
    {
    };

    // The level that an option of such a name belongs to; the longest beginning counts.
    private static readonly (string Beginning, long Level)[] _levels =
    [
        ("SO_J1939_", 107), ("SCM_J1939_", 107), ("SO_VM_", 40), ("CAN_RAW_", 101), ("SO_", 1), ("SCM_", 1), ("IP_", 0), ("IPV6_", 41), ("TCP_", 6),
        ("UDPLITE_", 136), ("TIPC_", 271),
    ];

    private static readonly ConcurrentDictionary<string, Task<Module>> _modules = new();

    [Fact]
    public void Every_row_names_members_that_exist() => House.AssertNone(TableRow.Faults(_rows), $"{Page}:");

    [Fact]
    public void No_row_does_without_a_member_that_there_is() => House.AssertNone(TableRow.Lagging(_rows), $"{Page} lags behind:");

    // The Python at hand may be too old to compare their numbers with; the kernel's name in the key has to do.
    [Fact]
    public void Names_of_newer_Pythons_are_the_keys_own() =>
        House.AssertNone(
            _rows.Where(row => row.Note.StartsWith("Python 3.", StringComparison.Ordinal) && row.Members.Count > 0
                && row.Members.All(member => ApiName.KernelNameOf(member) is { } name && name != row.Name)).Select(row => row.ToString()),
            "The key is another's:");

    [Fact(Timeout = 60_000)]
    public async Task Every_name_of_the_module_has_its_row()
    {
        Module module = await PythonAsync();

        House.AssertNone(
            module.Numbers.Keys.Where(name => !_rows.Any(row => row.Name == name || IsFamilyOf(row, name))),
            $"{Page} has no row for these names of Python {module.Version}'s module socket:");
        House.AssertNone(
            module.Methods.Where(name => !_rows.Any(row => row.Name == $"s.{name}")),
            $"{Page} has no row for these members of a socket object of Python {module.Version}:");
        Assert.True(module.Numbers.Count >= 380, $"Only {module.Numbers.Count} names in Python's module.");
    }

    // The notes of newer names begin with the Python that brought them.
    [Fact(Timeout = 60_000)]
    public async Task Every_row_names_something_of_the_module()
    {
        Module module = await PythonAsync();
        IEnumerable<TableRow> strange = _rows.Where(row => row.Name.StartsWith("s.", StringComparison.Ordinal)
            ? !module.Methods.Contains(row.Name[2..]) : !module.Numbers.ContainsKey(row.Name));

        House.AssertNone(
            strange.Where(row => !row.Note.StartsWith("Python 3.", StringComparison.Ordinal) && module.Version <= _tabled).Select(row => row.ToString()),
            $"Python {module.Version} knows no such name; where a newer one does, the note begins with its version:");
    }

    [Fact(Timeout = 60_000)]
    public async Task The_numbers_are_Pythons_own()
    {
        Module module = await PythonAsync();
        (TableRow Row, long Python)[] numbered = [.. _rows.Where(row => module.Numbers.GetValueOrDefault(row.Name) is not null)
            .Select(row => (row, module.Numbers[row.Name]!.Value))];

        House.AssertNone(
            numbered.Where(pair => pair.Row.Value is { } ours && ours != pair.Python && (uint)ours != (uint)pair.Python && !_differing.ContainsKey(pair.Row.Name))
                .Select(pair => $"{pair.Row}: {pair.Row.Value} here, {pair.Python} in Python"),
            "Another number means another thing:");
        House.AssertNone(
            _rows.SelectMany(row => row.Members.Where(member => ApiName.LevelOf(member) is { } level && Level(row.Name) is { } wanted && level != wanted)
                .Select(member => $"{row}: {member.Name} is of level {ApiName.LevelOf(member)}, not {Level(row.Name)}")),
            "An option of another level:");
        House.AssertNone(
            numbered.Where(pair => pair.Row.Value is null && pair.Row.Ours.StartsWith("by number", StringComparison.Ordinal)).Select(pair => $"{pair.Row}: {pair.Python}"),
            "By which number?");
        House.AssertNone(_differing.Keys.Except(numbered.Where(pair => pair.Row.Value != pair.Python).Select(pair => pair.Row.Name)), "These do not differ:");

        int compared = numbered.Count(pair => pair.Row.Value is not null);
        Assert.True(compared >= 320, $"Only {compared} of {numbered.Length} numbers were compared.");
    }

    private static long? Level(string name) =>
        _levels.Where(level => name.StartsWith(level.Beginning, StringComparison.Ordinal)).Select(level => (long?)level.Level).FirstOrDefault();

    // `BT_*` stands for what newer Pythons have of a family that is used by number.
    private static bool IsFamilyOf(TableRow row, string name) => row.Name.EndsWith('*') && name.StartsWith(row.Name[..^1], StringComparison.Ordinal);

    private static Task<Module> PythonAsync() => _modules.GetOrAdd("/usr/bin/python3", AskAsync);

    private static async Task<Module> AskAsync(string python)
    {
        if (!File.Exists(python))
        {
            Assert.Skip($"No {python}: install python3.");
        }

        const string Script = """
            import json, socket, sys
            numbers = {}
            for name in dir(socket):
                value = getattr(socket, name)
                if not name.startswith('_'):
                    numbers[name] = int(value) if isinstance(value, int) and not isinstance(value, bool) else None
            print(json.dumps({'version': '%d.%d' % sys.version_info[:2], 'numbers': numbers,
                'methods': [name for name in dir(socket.socket) if not name.startswith('_')]}))
            """;
        Finished finished = await Shell.RunAsync(python, ["-I", "-c", Script]);
        Assert.True(finished.Code == 0, finished.Error);
        using JsonDocument answer = JsonDocument.Parse(finished.Output);
        return new Module(
            Version.Parse(answer.RootElement.GetProperty("version").GetString()!),
            answer.RootElement.GetProperty("numbers").EnumerateObject()
                .ToDictionary(item => item.Name, item => item.Value.ValueKind == JsonValueKind.Null ? null : (long?)unchecked((long)decimal.ToUInt64(Wrap(item.Value)))),
            [.. answer.RootElement.GetProperty("methods").EnumerateArray().Select(item => item.GetString()!)]);
    }

    // J1939_NO_NAME and its like need all 64 bits; others are negative.
    private static decimal Wrap(JsonElement value) =>
        decimal.Parse(value.GetRawText(), CultureInfo.InvariantCulture) is var number && number < 0 ? number + 18446744073709551616m : number;

    private sealed record Module(Version Version, Dictionary<string, long?> Numbers, HashSet<string> Methods);
}
