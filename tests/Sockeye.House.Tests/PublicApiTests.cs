using System.Reflection;

namespace Sockeye.House.Tests;

/// <summary>
/// The public surface is a promise; docs/api/*.txt holds it. A change is welcome when it is meant: accept it with
/// <c>./test --accept-api</c>, read the diff, commit it with the change.
/// </summary>
public class PublicApiTests
{
    public static TheoryData<string> Assemblies => [.. House.Projects.Keys.Where(name => name != "Sockeye.Cli")];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void The_public_surface_is_the_one_that_was_agreed(string name)
    {
        string file = House.PathOf("docs", "api", name + ".txt");
        string now = PublicApi.Of(Assembly.Load(name));
        if (Environment.GetEnvironmentVariable("SOCKEYE_ACCEPT_API") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, now);
        }

        string was = File.Exists(file) ? File.ReadAllText(file) : "";
        House.AssertNone(
            Difference(was.Split('\n'), now.Split('\n')),
            $"The public surface of {name} changed. If it is meant: ./test --accept-api, and commit docs/api/{name}.txt with the change.");
    }

    // The printer itself: a member that it left out would be a promise that nobody watches.
    [Fact]
    public void The_surface_is_printed_whole() =>
        Assert.Equal(
            """
            namespace Sockeye.House.Tests.Samples
            {
                public static class Extra
                {
                    public static T? Make<T>(T? seed) where T : unmanaged;
                    public static int Twice(this int number);
                    public static int get_Thrice(int number);
                }
                public delegate bool Judge<in T>(T one, nint two = 3);
                public enum Kind : byte
                {
                    None = 0,
                    Some = 4,
                }
                public abstract class Shapes<T> : IDisposable where T : class, new()
                {
                    public static readonly int Number;
                    public const string Text = "a\"b";
                    protected Shapes(T? first, params int[] rest);
                    protected abstract T this[int index] { get; }
                    public string? Name { get; protected set; }
                    public required int Once { get; init; }
                    public event EventHandler Rang;
                    public void Dispose();
                    ~Shapes();
                    public virtual (int Count, string? Last) Pair(in Guid id, out List<string?> names, ref int more, DayOfWeek day = DayOfWeek.Friday, string? tail = null);
                    public override string ToString();
                    protected struct Inner
                    {
                        public int Value;
                    }
                }
                public class Thread
                {
                    public Thread();
                    public System.Threading.Thread? Other();
                    public Thread? Own();
                }
                public readonly ref struct View
                {
                    public ReadOnlySpan<byte> Bytes { get; }
                }
            }
            """ + "\n",
            PublicApi.Of(typeof(PublicApiTests).Assembly.GetExportedTypes().Where(type => type.Namespace == "Sockeye.House.Tests.Samples").ToArray()));

    [Fact]
    public void No_baseline_is_left_of_a_project_that_is_gone() =>
        House.AssertNone(House.Files("docs/api", "*.txt").Select(file => Path.GetFileNameWithoutExtension(file)).Except(House.Projects.Keys), "No such project:");

    // The longest common subsequence, as every diff: lines that went (-) and came (+), with their line numbers.
    private static IEnumerable<string> Difference(string[] was, string[] now)
    {
        int[,] common = new int[was.Length + 1, now.Length + 1];
        for (int i = was.Length - 1; i >= 0; i--)
        {
            for (int j = now.Length - 1; j >= 0; j--)
            {
                common[i, j] = was[i] == now[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        for (int i = 0, j = 0; i < was.Length || j < now.Length;)
        {
            if (i < was.Length && j < now.Length && was[i] == now[j])
            {
                i++;
                j++;
            }
            else if (j == now.Length || (i < was.Length && common[i + 1, j] >= common[i, j + 1]))
            {
                yield return $"{i + 1,5} - {was[i++].Trim()}";
            }
            else
            {
                yield return $"{j + 1,5} + {now[j++].Trim()}";
            }
        }
    }
}
