using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sockeye.House.Tests;

/// <summary>The walls of the house: what each project may hold and whom it may know.</summary>
public partial class RoomTests
{
    // What the compiler itself calls for a collection expression that becomes a span (an inline array). In the source
    // the analyzer refuses these too.
    private static readonly HashSet<string> _compilersOwn =
        ["System.Runtime.CompilerServices.Unsafe.Add", "System.Runtime.CompilerServices.Unsafe.As", "System.Runtime.CompilerServices.Unsafe.AsRef"];

    public static TheoryData<string> Projects => [.. House.Projects.Keys];

    public static TheoryData<string> ProjectsAboveInterop => [.. House.Projects.Keys.Where(name => name != "Sockeye.Interop")];

    [Fact]
    public void Every_project_is_a_known_room() =>
        House.AssertNone(House.Projects.Keys.Except(House.Rooms), "A new room belongs in House.Rooms, in its place from the bottom up:");

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        XDocument solution = XDocument.Load(House.PathOf("Sockeye.slnx"));
        HashSet<string> listed = [.. solution.Descendants("Project").Select(project => (string)project.Attribute("Path")!)];

        House.AssertNone(
            House.Files("src", "*.csproj").Concat(House.Files("tests", "*.csproj")).Concat(House.Files("benchmarks", "*.csproj"))
                .Concat(House.Files("samples", "*.csproj"))
                .Select(House.Relative).Except(listed),
            "Not in Sockeye.slnx, so ./test would not build it:");
    }

    [Fact]
    public void Only_Interop_allows_unsafe_blocks() =>
        Assert.Equal(
            ["src/Sockeye.Interop/Sockeye.Interop.csproj"],
            House.Files("src", "*.*proj").Concat(House.Files("src", "*.props")).Concat(House.Files("src", "*.targets"))
                .Where(file => XDocument.Load(file).Descendants("AllowUnsafeBlocks").Any(value => value.Value.Trim() != "false"))
                .Select(House.Relative));

    [Theory]
    [MemberData(nameof(Projects))]
    public void References_point_down(string project)
    {
        int room = Array.IndexOf(House.Rooms, project);
        IEnumerable<string> references = House.Projects[project].Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));

        House.AssertNone(references.Where(name => Array.IndexOf(House.Rooms, name) is var other && (other < 0 || other >= room)), $"{project} may refer only to what lies below it:");
    }

    // The csproj says what is meant; the compiled file says what is.
    [Theory]
    [MemberData(nameof(Projects))]
    public void Compiled_references_point_down(string project)
    {
        using PEReader file = Open(project);
        MetadataReader metadata = file.GetMetadataReader();
        int room = Array.IndexOf(House.Rooms, project);

        House.AssertNone(
            metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
                .Where(name => name.StartsWith("Sockeye", StringComparison.Ordinal) && Array.IndexOf(House.Rooms, name) >= room),
            $"{project}.dll may refer only to what lies below it:");
    }

    [Theory]
    [MemberData(nameof(ProjectsAboveInterop))]
    public void Above_Interop_nothing_is_unsafe_and_nothing_calls_the_kernel(string project)
    {
        using PEReader file = Open(project);
        MetadataReader metadata = file.GetMetadataReader();

        House.AssertNone(
            metadata.MethodDefinitions.Select(metadata.GetMethodDefinition)
                .Where(method => method.Attributes.HasFlag(System.Reflection.MethodAttributes.PinvokeImpl))
                .Select(method => metadata.GetString(method.Name)),
            $"{project}.dll calls a native library by itself; the kernel is called from Sockeye.Interop only:");

        // The compiler marks a module that was built with /unsafe.
        Assert.DoesNotContain(TypeReferences(metadata), type => type == "System.Security.UnverifiableCodeAttribute");
    }

    [Theory]
    [MemberData(nameof(ProjectsAboveInterop))]
    public void Above_Interop_no_banned_type_is_used(string project)
    {
        using PEReader file = Open(project);

        House.AssertNone(
            MemberReferences(file.GetMetadataReader())
                .Where(member => BannedSymbols().Contains($"T:{member.Type}") && !_compilersOwn.Contains($"{member.Type}.{member.Name}"))
                .Select(member => $"{member.Type}.{member.Name}"),
            $"{project}.dll uses a type that src/BannedSymbols.txt bans:");
    }

    [Fact]
    public void Banned_symbols_are_wired_into_every_project_but_Interop()
    {
        XElement wiring = XDocument.Load(House.PathOf("src", "Directory.Build.props")).Descendants("AdditionalFiles")
            .Single(item => ((string)item.Attribute("Include")!).EndsWith("BannedSymbols.txt", StringComparison.Ordinal));

        Assert.Equal("'$(MSBuildProjectName)' != 'Sockeye.Interop'", (string?)wiring.Parent!.Attribute("Condition"));
        Assert.Null(wiring.Attribute("Condition"));
        House.AssertNone(
            House.Projects.Where(project => project.Value.Descendants("AdditionalFiles").Any()).Select(project => project.Key),
            "AdditionalFiles are set in src/Directory.Build.props, once:");
        House.AssertNone(
            Directory.EnumerateFiles(House.PathOf("src"), "Directory.Build.*", SearchOption.AllDirectories)
                .Concat(Directory.EnumerateFiles(House.PathOf("src"), ".editorconfig", SearchOption.AllDirectories))
                .Select(House.Relative).Except(["src/Directory.Build.props"]),
            "A folder of its own with settings of its own would step around the guards:");
    }

    // An id with a slip of the pen bans nothing and says nothing.
    [Fact]
    public void Every_banned_symbol_exists()
    {
        Assert.NotEmpty(BannedSymbols());
        House.AssertNone(BannedSymbols().Where(id => !Exists(id)), "src/BannedSymbols.txt names what does not exist:");
    }

    [Fact]
    public void The_guards_are_not_switched_off_in_passing() =>
        House.AssertNone(
            House.Sources.SelectMany(file => SwitchedOff().Matches(file.Text).Select(match => $"{file.At(match.Index)}: {match.Value}")),
            "These rules hold everywhere in src/:");

    private static PEReader Open(string project) =>
        new(File.OpenRead(Path.Combine(AppContext.BaseDirectory, project + ".dll")));

    private static IEnumerable<string> TypeReferences(MetadataReader metadata) =>
        metadata.TypeReferences.Select(metadata.GetTypeReference)
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}");

    private static IEnumerable<(string Type, string Name)> MemberReferences(MetadataReader metadata) =>
        from handle in metadata.MemberReferences
        let member = metadata.GetMemberReference(handle)
        where member.Parent.Kind == HandleKind.TypeReference
        let type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent)
        select ($"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}", metadata.GetString(member.Name));

    private static IEnumerable<string> BannedSymbols() =>
        File.ReadLines(House.PathOf("src", "BannedSymbols.txt")).Where(line => line.Length > 0).Select(line => line.Split(';')[0]);

    private static bool Exists(string id)
    {
        string name = id[2..].Split('(')[0];
        if (id[0] == 'T')
        {
            return Find(name) is not null;
        }

        int dot = name.LastIndexOf('.');
        return Find(name[..dot])?.GetMember(name[(dot + 1)..].Split('`')[0]).Length > 0;
    }

    private static Type? Find(string name) => AppDomain.CurrentDomain.GetAssemblies()
        .Select(assembly => assembly.GetType(name)).FirstOrDefault(type => type is not null) ?? Type.GetType($"{name}, System.Runtime");

    [GeneratedRegex(@"(#pragma\s+warning\s+disable|SuppressMessage\().*\b(RS0030|CS1591|IDE0055|CS0618)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SwitchedOff();
}
