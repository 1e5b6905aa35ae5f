using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Sockeye.House.Tests;

/// <summary>What no source file may hold, and what only some may.</summary>
public partial class SourceTests
{
    // What the domain would use if it knew the world outside: sockets, files, terminals, clocks of its own.
    private const string World =
        @"System\s*\.\s*Net|System\s*\.\s*IO|\w*EndPoint|IPAddress|Console|File|Stream|Thread|Timer|Task\s*\.\s*Delay|Stopwatch"
        + @"|TickCount(64)?|TimeProvider\s*\.\s*System|DateTime(Offset)?\s*\.\s*(Now|UtcNow|Today)|Sqlite\w*|Environment";

    // Joined here so that this file does not accuse itself.
    private static readonly string _leftovers = string.Join('|', "TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X", "TB" + "D", "WI" + "P", "NotImplemented" + "Exception");

    [Fact]
    public void No_exception_is_swallowed_in_silence() =>
        House.AssertNone(
            House.AllSources.SelectMany(file => EmptyCatch().Matches(file.Code)
                // A catch that names what it expects, by type or by `when`, may be empty if a comment inside says why.
                .Where(match => !match.Groups["type"].Success
                    || (!match.Groups["when"].Success && match.Groups["type"].Value is "Exception" or "System.Exception")
                    || !file.Text.AsSpan(match.Index, match.Length).Contains("//", StringComparison.Ordinal))
                .Select(match => $"{file.At(match.Index)}: {match.Value.ReplaceLineEndings(" ")}")),
            "An empty catch hides what went wrong. Catch what you expect, by type, and say in a comment why nothing is to be done:");

    [Fact]
    public void Nothing_in_src_sleeps() => Refuse(House.Sources, @"Thread\s*\.\s*(Sleep|SpinWait)", "Wait for what you wait for; a sleep is a guess:");

    [Fact]
    public void No_work_is_left_over() =>
        House.AssertNone(
            House.AllSources.SelectMany(file => Regex.Matches(file.Text, $@"\b({_leftovers})\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))
                .Select(match => $"{file.At(match.Index)}: {match.Value}")),
            "Finish it, or write an issue:");

    [Fact]
    public void The_clock_is_read_at_the_edge_only()
    {
        SourceFile[] inside = [.. House.Sources.Where(file => !file.IsIn("src", "Sockeye.Cli"))];

        Refuse(inside, @"DateTime(Offset)?\s*\.\s*(Now|UtcNow|Today)", "Take the time from a TimeProvider:");

        // As a default that the caller may replace, TimeProvider.System may stand: `?? TimeProvider.System`,
        // `} = TimeProvider.System`; and it may be recognised. SocketEngine.cs makes the engines of sockets that asked
        // for none. Anywhere else it is a clock that no test can set.
        Refuse(
            inside.Where(file => file.Name != "src/Sockeye/Engines/SocketEngine.cs"),
            @"(?<!(\?\?|\}\s*=|ReferenceEquals\(\w+,)\s*)\bTimeProvider\s*\.\s*System",
            "Take a TimeProvider from the caller:");
    }

    [Fact]
    public void The_domain_of_the_chat_knows_no_socket_clock_or_database()
    {
        SourceFile[] domain = [.. House.Sources.Where(file => file.IsIn("src", "Sockeye.Chat", "Domain"))];
        HashSet<string> strangers = [.. typeof(Sockeye.SocketHandle).Assembly.GetExportedTypes().Select(NameOf)];
        strangers.UnionWith(Declared(House.Sources.Where(file => file.IsIn("src", "Sockeye"))));
        // The other rooms of the chat; what lies at its root (its bounds) is the domain's too.
        strangers.UnionWith(Declared(House.Sources.Where(file => file.IsIn("src", "Sockeye.Chat")
            && file.Name.Count(c => c == '/') > 2 && !file.IsIn("src", "Sockeye.Chat", "Domain"))));
        strangers.ExceptWith(Declared(domain));

        Assert.NotEmpty(domain);
        Refuse(domain, @"(?<![\w.])(" + World + @")(?!\w)", "Chat/Domain is told the time and handed its clients; it reaches for nothing:");
        Refuse(domain, @"(?<![\w.])(" + string.Join('|', strangers.Order(StringComparer.Ordinal)) + @")(?!\w)", "Chat/Domain names a type from outside:");
    }

    [Fact]
    public void Families_options_and_messages_know_no_engine()
    {
        string[] engines = [.. Declared(House.Sources.Where(file => file.IsIn("src", "Sockeye", "Engines")))];

        Refuse(
            [.. House.Sources.Where(file => file.IsIn("src", "Sockeye", "Families") || file.IsIn("src", "Sockeye", "Options") || file.IsIn("src", "Sockeye", "Messages"))],
            @"(?<!\w)(" + string.Join('|', engines.DefaultIfEmpty("SocketEngine")) + @")(?!\w)",
            "Arrows point down: Engines use Families, Options and Messages, not the other way round:");
    }

    // Text that looks like something else: marks that turn the reading direction, widths of zero, a second kind of
    // space. Letters of any script are welcome in comments and strings, and stay out of names.
    [Fact]
    public void What_you_see_is_what_is_compiled() =>
        House.AssertNone(House.AllSources.SelectMany(Surprises), "Not plain text:");

    [Fact]
    public void Text_files_are_utf8_without_mark_and_with_unix_lines()
    {
        string[] kinds = ["*.md", "*.props", "*.csproj", "*.slnx", "*.json", "*.txt", "*.cs"];
        IEnumerable<string> files = kinds.SelectMany(kind => House.Files(".", kind)).Append(House.PathOf("sockeye")).Append(House.PathOf("test"));

        House.AssertNone(
            files.Select(file => (file, bytes: File.ReadAllBytes(file)))
                .Where(item => item.bytes.Contains((byte)'\r') || item.bytes.AsSpan().StartsWith("\uFEFF"u8)
                    || (item.bytes.Length > 0 && item.bytes[^1] != '\n'))
                .Select(item => House.Relative(item.file)),
            "A byte order mark, a carriage return, or no newline at the end:");
    }

    private static IEnumerable<string> Surprises(SourceFile file)
    {
        int index = 0;
        Rune before = default;
        foreach (Rune rune in file.Text.EnumerateRunes())
        {
            bool hidden = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                || (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control && rune.Value != '\n')
                || (Rune.GetUnicodeCategory(rune) is UnicodeCategory.SpaceSeparator && rune.Value != ' ');
            bool joinsEmoji = rune.Value == 0x200D && Rune.GetUnicodeCategory(before) is UnicodeCategory.OtherSymbol
                or UnicodeCategory.ModifierSymbol or UnicodeCategory.NonSpacingMark;
            if ((hidden && !joinsEmoji) || (!rune.IsAscii && file.Code[index] != ' '))
            {
                yield return $"{file.At(index)}: U+{rune.Value:X4}";
            }

            before = rune;
            index += rune.Utf16SequenceLength;
        }
    }

    private static void Refuse(IEnumerable<SourceFile> files, string pattern, string advice) =>
        House.AssertNone(
            files.SelectMany(file => Regex.Matches(file.Code, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5))
                .Select(match => $"{file.At(match.Index)}: {match.Value}")),
            advice);

    private static IEnumerable<string> Declared(IEnumerable<SourceFile> files) =>
        files.SelectMany(file => Declaration().Matches(file.Code).Select(match => match.Groups["name"].Value)).Distinct();

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    [GeneratedRegex(@"\bcatch\s*(\(\s*(?<type>[\w.]+)[^{)]*\)\s*(?<when>when\b[^{]*)?)?\{\s*\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex EmptyCatch();

    [GeneratedRegex(@"\b(class|struct|interface|enum|record(\s+(class|struct))?|delegate\s+[\w<>?\[\], ]+?)\s+(?<name>[A-Z]\w*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Declaration();
}
