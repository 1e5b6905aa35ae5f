using System.Globalization;
using System.Text.RegularExpressions;

namespace Sockeye.House.Tests.Tables;

/// <summary>docs/from-c.md beside the C headers: every call and name has its row, every row its member, and the numbers agree.</summary>
public partial class FromCTests
{
    private const string Page = "docs/from-c.md";

    private const string Headers = """
        #define _GNU_SOURCE
        #include <arpa/inet.h>
        #include <ifaddrs.h>
        #include <net/if.h>
        #include <netdb.h>
        #include <netinet/in.h>
        #include <netinet/tcp.h>
        #include <netinet/udp.h>
        #include <poll.h>
        #include <sys/epoll.h>
        #include <sys/ioctl.h>
        #include <sys/select.h>
        #include <sys/sendfile.h>
        #include <sys/socket.h>
        #include <sys/un.h>
        #include <linux/can.h>
        #include <linux/can/j1939.h>
        #include <linux/can/raw.h>
        #include <linux/errqueue.h>
        #include <linux/if_packet.h>
        #include <linux/net_tstamp.h>
        #include <linux/netlink.h>
        #include <linux/tipc.h>
        #include <linux/vm_sockets.h>

        """;

    // Whose functions are counted; what they include for their own use is not.
    private static readonly string[] _counted =
    [
        "arpa/inet.h", "ifaddrs.h", "net/if.h", "netdb.h", "netinet/in.h", "sys/epoll.h", "sys/ioctl.h", "sys/poll.h", "sys/select.h", "sys/sendfile.h", "sys/socket.h",
    ];

    // Calls on sockets from headers that hold much else.
    private static readonly string[] _others = ["close", "dup", "fcntl", "gethostname", "read", "readv", "sethostname", "splice", "write", "writev"];

    private static readonly IReadOnlyList<TableRow> _rows = TableRow.Read(Page);

    [Fact]
    public void Every_row_names_members_that_exist() => House.AssertNone(TableRow.Faults(_rows), $"{Page}:");

    [Fact]
    public void No_row_does_without_a_member_that_there_is() => House.AssertNone(TableRow.Lagging(_rows), $"{Page} lags behind:");

    [Fact(Timeout = 60_000)]
    public async Task Every_function_of_the_headers_has_its_row()
    {
        string source = await CompilerAsync("-E");
        HashSet<string> functions = [.. _others];
        bool on = false;
        string declarations = string.Concat(source.Split('\n').Where(line =>
        {
            if (Place().Match(line) is { Success: true } place)
            {
                on = _counted.Any(header => place.Groups["file"].Value.EndsWith("/include/" + header, StringComparison.Ordinal)
                    || MultiArch().Replace(place.Groups["file"].Value, "/include/").EndsWith("/include/" + header, StringComparison.Ordinal));
                return false;
            }

            return on;
        }).Select(line => line + " "));
        foreach (string declaration in declarations.Split(';').Where(text => text.Contains("extern ", StringComparison.Ordinal)))
        {
            if (Function().Match(Attribute().Replace(declaration, "")) is { Success: true } function && function.Groups["name"].Value[0] != '_')
            {
                functions.Add(function.Groups["name"].Value);
            }
        }

        Assert.True(functions.Count >= 90, $"Only {functions.Count} functions in the headers.");
        House.AssertNone(functions.Where(name => !_rows.Any(row => Covers(row, name))).Order(StringComparer.Ordinal), $"{Page} has no row for these functions:");
        House.AssertNone(
            _rows.Where(row => char.IsAsciiLetterLower(row.Name.Trim('*')[0]) && !row.Name.StartsWith("struct ", StringComparison.Ordinal) && !functions.Any(name => Covers(row, name)))
                .Select(row => row.ToString()),
            "No header declares these:");
    }

    [Fact(Timeout = 60_000)]
    public async Task Every_flag_option_and_control_message_of_the_headers_has_its_row()
    {
        Dictionary<string, string> defined = await DefinedAsync();

        Assert.True(defined.Keys.Count(Wanted) >= 130, $"Only {defined.Keys.Count(Wanted)} names in the headers.");
        House.AssertNone(defined.Keys.Where(Wanted).Where(name => !_rows.Any(row => row.Name == name)).Order(StringComparer.Ordinal), $"{Page} has no row for these names:");
    }

    // Names newer than the oldest headers we build with say which Linux brought them.
    [Fact(Timeout = 60_000)]
    public async Task Every_flag_option_and_control_message_is_one_of_the_headers()
    {
        Dictionary<string, string> defined = await DefinedAsync();

        House.AssertNone(
            _rows.Where(row => Wanted(row.Name) && !defined.ContainsKey(row.Name) && !row.Note.StartsWith("Linux ", StringComparison.Ordinal)).Select(row => row.ToString()),
            "No header has these; where a newer one does, the note begins with its version:");
    }

    [Fact(Timeout = 60_000)]
    public async Task The_numbers_are_those_of_the_headers()
    {
        Dictionary<string, string> defined = await DefinedAsync();
        Dictionary<string, long> numbers = await NumbersAsync(
            [.. _rows.Where(row => row.Value is not null && Wanted(row.Name) && Ends(defined, row.Name)).Select(row => row.Name)]);

        House.AssertNone(
            _rows.Where(row => numbers.TryGetValue(row.Name, out long theirs) && row.Value is { } ours && ours != theirs)
                .Select(row => $"{row}: {row.Value} here, {numbers[row.Name]} in the headers"),
            "Another number means another thing:");

        // Those too that these headers do not have yet: a number in the row, or a member's.
        int compared = _rows.Count(row => numbers.ContainsKey(row.Name) && row.Value is not null);
        Assert.True(compared >= 115, $"Only {compared} of {_rows.Count} numbers were compared.");
    }

    private static bool Wanted(string name) => Family().IsMatch(name);

    // SCM_SRCRT stands for a name that no header defines.
    private static bool Ends(Dictionary<string, string> defined, string name)
    {
        for (int depth = 0; depth < 8 && defined.TryGetValue(name, out string? text); depth++)
        {
            if (text == name || !Identifier().IsMatch(text))
            {
                return true;
            }

            name = text;
        }

        return false;
    }

    // `get*_r`: one row for a family of functions.
    private static bool Covers(TableRow row, string name) =>
        row.Name == name || (row.Name.Contains('*', StringComparison.Ordinal)
            && Regex.IsMatch(name, $"^{Regex.Escape(row.Name).Replace("\\*", "\\w*", StringComparison.Ordinal)}$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)));

    // Macros by name; and the constants that <linux/can/j1939.h> has in enumerations.
    private static async Task<Dictionary<string, string>> DefinedAsync()
    {
        Dictionary<string, string> defined = [];
        foreach (Match match in Define().Matches(await CompilerAsync("-E", "-dM")))
        {
            defined[match.Groups["name"].Value] = match.Groups["text"].Value.Trim();
        }

        foreach (Match match in Enumerated().Matches(await CompilerAsync("-E")))
        {
            defined.TryAdd(match.Groups["name"].Value, match.Groups["name"].Value);
        }

        return defined;
    }

    private static async Task<Dictionary<string, long>> NumbersAsync(IReadOnlyCollection<string> names)
    {
        string folder = Directory.CreateTempSubdirectory("sockeye-c-").FullName;
        try
        {
            string file = Path.Combine(folder, "numbers.c"), program = Path.Combine(folder, "numbers");
            string lines = string.Concat(names.Select(name => $"    printf(\"{name} %lld\\n\", (long long){name});\n"));
            await File.WriteAllTextAsync(file, $"{Headers}#include <stdio.h>\n\nint main(void)\n{{\n{lines}    return 0;\n}}\n");
            Finished compiled = await Shell.RunAsync("cc", ["-o", program, file]);
            Assert.True(compiled.Code == 0, compiled.Error);
            Finished run = await Shell.RunAsync(program, []);
            return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
                .ToDictionary(parts => parts[0], parts => long.Parse(parts[1], CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> CompilerAsync(params string[] arguments)
    {
        string file = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.c");
        await File.WriteAllTextAsync(file, Headers);
        try
        {
            Finished finished = await Shell.RunAsync("cc", [.. arguments, file]);
            Assert.True(finished.Code == 0, finished.Error);
            return finished.Output;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("No C compiler: install gcc and libc6-dev.");
            throw;
        }
        finally
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex("^(MSG|SO|SCM)_[A-Z0-9_]+$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Family();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Identifier();

    // `#define SO_EE_OFFENDER(ee)` is a name too.
    [GeneratedRegex(@"^#define (?<name>(MSG|SO|SCM)_\w+)(\([^)]*\))?(?<text> .*)?$", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Define();

    [GeneratedRegex(@"^\s*(?<name>(SO|SCM)_J1939_\w+)( = \d+)?,$", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Enumerated();

    [GeneratedRegex(@"^# \d+ ""(?<file>[^""]+)""", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Place();

    [GeneratedRegex("/include/[^/]+-linux-[^/]+/", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MultiArch();

    [GeneratedRegex(@"__attribute__\s*\(.*$", RegexOptions.CultureInvariant | RegexOptions.Singleline, 5000)]
    private static partial Regex Attribute();

    [GeneratedRegex(@"\b(?<name>[a-z_][a-z0-9_]*)\s*\(", RegexOptions.CultureInvariant, 5000)]
    private static partial Regex Function();
}
