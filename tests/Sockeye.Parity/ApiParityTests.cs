using System.Reflection;
using System.Text;
using System.Runtime.CompilerServices;
using SystemSocket = System.Net.Sockets.Socket;

namespace ParityTests;

/// <summary>
/// Every public member of System.Net.Sockets.Socket stands on ours with the same shape, save those that
/// postponed.txt names. That file may only shrink.
/// </summary>
public sealed class ApiParityTests
{
    /// <summary>How many members postponed.txt may name. Lower it when the file shrinks; never raise it.</summary>
    private const int PostponedMost = 47;

    [Fact]
    public void Every_postponed_line_names_a_member_of_the_system_socket()
    {
        HashSet<string> members = [.. Members(typeof(SystemSocket)).Select(Describe)];
        string[] strangers = [.. Postponed().Where(line => !members.Contains(line))];
        Assert.True(strangers.Length == 0, "postponed.txt names what the system socket does not have:\n" + string.Join('\n', strangers));
    }

    [Fact]
    public void The_list_of_postponed_members_may_only_shrink()
    {
        string[] postponed = Postponed();
#if SOCKEYE
        // On the console, so that every run shows what is still owed.
        Console.WriteLine($"{postponed.Length} members of System.Net.Sockets.Socket are postponed:\n  " + string.Join("\n  ", postponed));
#endif
        Assert.Equal(postponed.Length, postponed.Distinct(StringComparer.Ordinal).Count());
        Assert.True(postponed.Length <= PostponedMost, $"postponed.txt names {postponed.Length} members; at most {PostponedMost} may stand there.");
    }

    [Fact]
    public void Every_member_that_is_not_postponed_is_there()
    {
        HashSet<string> ours = [.. Members(typeof(Socket)).Select(Describe)];
        HashSet<string> postponed = [.. Postponed()];
        string[] missing = [.. Members(typeof(SystemSocket)).Select(Describe).Where(m => !ours.Contains(m) && !postponed.Contains(m)).Order(StringComparer.Ordinal)];
        Assert.True(missing.Length == 0, $"{missing.Length} members are missing or differ:\n" + string.Join('\n', missing));
    }

#if SOCKEYE
    [Fact]
    public void A_member_that_is_there_is_no_longer_postponed()
    {
        HashSet<string> ours = [.. Members(typeof(Socket)).Select(Describe)];
        string[] done = [.. Postponed().Where(ours.Contains)];
        Assert.True(done.Length == 0, "Strike these from postponed.txt, they are there now:\n" + string.Join('\n', done));
    }
#endif

    [Fact]
    public void The_class_may_be_derived_from_and_disposed_as_before()
    {
        Assert.False(typeof(Socket).IsSealed);
        Assert.True(typeof(IDisposable).IsAssignableFrom(typeof(Socket)));
        MethodInfo? dispose = typeof(Socket).GetMethod("Dispose", BindingFlags.NonPublic | BindingFlags.Instance, [typeof(bool)]);
        Assert.NotNull(dispose);
        Assert.True(dispose.IsFamily && dispose.IsVirtual);
    }

    private static string[] Postponed([CallerFilePath] string here = "")
    {
        using Stream stream = typeof(ApiParityTests).Assembly.GetManifestResourceStream("postponed.txt")
            ?? throw new InvalidOperationException("postponed.txt is not embedded beside " + here);
        using StreamReader reader = new(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(l => l[0] != '#')];
    }

    private static IEnumerable<MemberInfo> Members(Type type)
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return type.GetConstructors(all).Concat<MemberInfo>(type.GetMethods(all).Where(m => !m.IsSpecialName)).Concat(type.GetProperties(all));
    }

    /// <summary>The member in one line: static or not, what it returns, and its parameters with names and defaults.</summary>
    private static string Describe(MemberInfo member)
    {
        switch (member)
        {
            case ConstructorInfo constructor:
                return $"new({Parameters(constructor.GetParameters())})";
            case MethodInfo method:
                return $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}({Parameters(method.GetParameters())})";
            case PropertyInfo property:
                string accessors = (property.GetMethod is { IsPublic: true } ? " get;" : "") + (property.SetMethod is { IsPublic: true } ? " set;" : "");
                bool isStatic = (property.GetMethod ?? property.SetMethod)!.IsStatic;
                return $"{(isStatic ? "static " : "")}{Name(property.PropertyType)} {property.Name} {{{accessors} }}";
            default:
                throw new ArgumentException("What is " + member, nameof(member));
        }
    }

    private static string Parameters(ParameterInfo[] parameters) => string.Join(", ", parameters.Select(p =>
        (p.IsOut ? "out " : p.ParameterType.IsByRef ? "ref " : "") + Name(p.ParameterType) + " " + p.Name + (p.HasDefaultValue ? " = " + (p.DefaultValue ?? "default") : "")));

    /// <summary>A type's name. Both sockets are written "Socket", inside arrays and type arguments too.</summary>
    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (type == typeof(SystemSocket) || type == typeof(Socket))
        {
            return "Socket";
        }

        if (!type.IsGenericType)
        {
            return type.Name;
        }

        StringBuilder name = new(type.Name[..type.Name.IndexOf('`')]);
        return name.Append('<').AppendJoin(", ", type.GetGenericArguments().Select(Name)).Append('>').ToString();
    }
}
