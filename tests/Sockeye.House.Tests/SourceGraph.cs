using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Sockeye.House.Tests;

/// <summary>
/// Who uses whom inside the library, as the compiler sees it: an edge goes from the file that names a symbol to the file that
/// declares it. Comments and documentation are no edges.
/// </summary>
internal sealed class SourceGraph
{
    private const string Project = "src/Sockeye";

    // What ImplicitUsings brings, which the compiler otherwise reads from a generated file.
    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private SourceGraph(IReadOnlyList<Edge> edges) => Edges = edges;

    internal IReadOnlyList<Edge> Edges { get; }

    /// <summary>The library as it stands; or the uses of one more file in it alone.</summary>
    /// <param name="extra">That file's path below the library's folder and its text: for the test of the test.</param>
    internal static SourceGraph OfLibrary((string Path, string Text)? extra = null)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.None);
        List<SyntaxTree> trees =
        [
            .. House.Files(Project, "*.cs").Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), options, file)),
            CSharpSyntaxTree.ParseText(ImplicitUsings, options, "usings"),
        ];
        if (extra is { } more)
        {
            trees.Add(CSharpSyntaxTree.ParseText(more.Text, options, House.PathOf(Project, more.Path)));
        }

        IEnumerable<string> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':')
            .Where(file => Path.GetFileName(file) is var name && (!name.StartsWith("Sockeye", StringComparison.Ordinal) || name == "Sockeye.Interop.dll"));

        // Named as the assembly is: Interop shows its insides to that name.
        var compilation = CSharpCompilation.Create(
            "Sockeye",
            trees,
            references.Select(file => MetadataReference.CreateFromFile(file)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        return new SourceGraph([.. (extra is null ? trees : trees[^1..]).SelectMany(tree => EdgesOf(tree, compilation)).Distinct()]);
    }

    /// <summary>The first folder below the library's own.</summary>
    internal static string FolderOf(string path) => Path.GetRelativePath(House.PathOf(Project), path).Split('/') is { Length: > 1 } parts ? parts[0] : "";

    private static IEnumerable<Edge> EdgesOf(SyntaxTree tree, CSharpCompilation compilation)
    {
        SemanticModel model = compilation.GetSemanticModel(tree);
        foreach (SyntaxNode node in tree.GetRoot().DescendantNodes())
        {
            if (node is not (SimpleNameSyntax or ImplicitObjectCreationExpressionSyntax))
            {
                continue;
            }

            SymbolInfo info = model.GetSymbolInfo(node);
            if (info.Symbol is not { } symbol)
            {
                // Where the compiler here understands less than the build's, an edge would be missed in silence.
                if (info.CandidateReason is not CandidateReason.None and not CandidateReason.MemberGroup)
                {
                    throw new InvalidOperationException($"{House.Relative(tree.FilePath)}: {node} is understood by no compiler here: {info.CandidateReason}.");
                }

                continue;
            }

            if (symbol is INamespaceSymbol or ILocalSymbol or IParameterSymbol or ITypeParameterSymbol)
            {
                continue;
            }

            foreach (SyntaxReference declaration in symbol.OriginalDefinition.DeclaringSyntaxReferences)
            {
                // A type in several files is known by any of them.
                if (declaration.SyntaxTree != tree)
                {
                    yield return new Edge(tree.FilePath, declaration.SyntaxTree.FilePath, symbol.ToDisplayString());
                    break;
                }
            }
        }
    }

    /// <summary>A file names a symbol that another declares.</summary>
    internal readonly record struct Edge(string From, string To, string Symbol)
    {
        public override string ToString() => $"{House.Relative(From)} -> {House.Relative(To)}: {Symbol}";
    }
}
