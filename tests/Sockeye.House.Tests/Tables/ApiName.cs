using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sockeye.House.Tests.Tables;

/// <summary>
/// A member as a document writes it: <c>Socket.SendAll(ReadOnlySpan&lt;byte&gt;)</c>, <c>SocketFlags.WaitAll</c>,
/// <c>new Socket(SocketHandle)</c>, <c>EventLoop</c>. Found by reflection in Sockeye first, then in the platform.
/// </summary>
/// <remarks>
/// Parameters are types without names; where a list stands, a member must have just those, but may have optional ones
/// after them. Extension members of C# 14 are found by the type they extend, as a program finds them.
/// </remarks>
internal static class ApiName
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.FlattenHierarchy;
    private const BindingFlags Hidden = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    private static readonly Assembly _library = typeof(Sockeye.Socket).Assembly;
    private static readonly Assembly _servers = typeof(Sockeye.Servers.StreamServer).Assembly;

    // The first that knows a name has it: ours before the platform's.
    private static readonly Assembly[] _assemblies =
    [
        _library, typeof(SocketHandle).Assembly, typeof(System.Net.Sockets.Socket).Assembly, typeof(IPAddress).Assembly,
        typeof(NetworkInterface).Assembly, typeof(object).Assembly, typeof(Dns).Assembly, typeof(System.Buffers.ReadOnlySequence<>).Assembly,
        typeof(Stack<>).Assembly, _servers, typeof(System.IO.Pipelines.PipeReader).Assembly,
    ];

    private static readonly string[] _namespaces =
    [
        "Sockeye", "System.Net.Sockets", "System.Net", "System.Net.NetworkInformation", "System", "System.IO", "System.Threading",
        "System.Threading.Tasks", "System.Text", "System.Buffers", "System.Buffers.Binary", "System.Collections.Generic",
        "System.Runtime.InteropServices", "Microsoft.Win32.SafeHandles", "Sockeye.Servers", "Sockeye.Servers.Protocols", "Sockeye.Servers.Framing",
        "Sockeye.Servers.Testing", "System.IO.Pipelines",
    ];

    private static readonly Dictionary<Type, string> _keywords = new()
    {
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(char)] = "char",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
        [typeof(nint)] = "nint",
    };

    /// <summary>The types and members that <paramref name="text"/> names; none where there is none.</summary>
    public static IReadOnlyList<MemberInfo> Find(string text)
    {
        string name = text.Trim();
        bool creates = name.StartsWith("new ", StringComparison.Ordinal);
        name = creates ? name[4..] : name;
        int open = name.IndexOf('(', StringComparison.Ordinal);
        string[]? parameters = null;
        if (open >= 0)
        {
            if (name[^1] != ')')
            {
                return [];
            }

            parameters = [.. Split(name[(open + 1)..^1], ',').Select(Bare).Where(type => type.Length > 0)];
            name = name[..open];
        }

        string[] path = [.. Split(name, '.')];
        if (FindType(path[0]) is not { } type)
        {
            return [];
        }

        foreach (string nested in path[1..Math.Max(1, path.Length - 1)])
        {
            if (type.GetNestedType(nested) is not { } inner)
            {
                return [];
            }

            type = inner;
        }

        if (path.Length == 1)
        {
            return creates ? [.. type.GetConstructors().Where(constructor => Takes(constructor, parameters))] : parameters is null ? [type] : [];
        }

        string last = path[^1].Split('<')[0];
        return creates ? []
            : [.. type.GetMember(last, All | BindingFlags.NonPublic).Where(IsVisible).Concat(Extensions(type, last)).Where(member => parameters is null || (member is MethodBase method && Takes(method, parameters)))];
    }

    /// <summary>The kernel's number behind a member: of a constant, an option or control message, a family, a flag.</summary>
    /// <returns>Null where the member stands for no number, or for one of .NET's own.</returns>
    public static long? NumberOf(MemberInfo member)
    {
        // .NET has its own numbers for these, and maps them.
        if (member.DeclaringType is { } owner && (owner == typeof(SocketError) || owner == typeof(SocketOptionName) || owner == typeof(SocketOptionLevel)))
        {
            return null;
        }

        object? value = member switch
        {
            FieldInfo { IsStatic: true } field => field.GetValue(null),
            PropertyInfo property when property.GetMethod is { IsStatic: true } get && property.GetIndexParameters().Length == 0 => get.Invoke(null, null),
            MethodInfo { IsStatic: true } get when get.Name.StartsWith("get_", StringComparison.Ordinal) && get.GetParameters().Length == 0 => get.Invoke(null, null),
            _ => null,
        };
        return value switch
        {
            AddressFamily family => LinuxFamily((int)family),
            SocketFlags flags => LinuxFlags((int)flags),
            IPAddress { AddressFamily: AddressFamily.InterNetwork } address => System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()),
            Enum number => Convert.ToInt64(number, System.Globalization.CultureInfo.InvariantCulture),
            int or uint or long or ushort or short or byte => Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture),
            ulong large => unchecked((long)large),
            not null when Key(value, "Name") is { } option => option,
            not null when Key(value, "Type") is { } message => message,
            _ => null,
        };
    }

    /// <summary>The level of an option's or control message's key; null for all else.</summary>
    public static long? LevelOf(MemberInfo member) => member is FieldInfo { IsStatic: true } field ? Key(field.GetValue(null), "Level") : null;

    /// <summary>Every typed key of an option or control message.</summary>
    public static IReadOnlyList<FieldInfo> Keys { get; } =
        [.. _library.GetExportedTypes().SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static)).Where(field => LevelOf(field) is not null)];

    /// <summary>The kernel's name that a key carries, as its messages show it; null for all else.</summary>
    public static string? KernelNameOf(MemberInfo member) => LevelOf(member) is null ? null : ((FieldInfo)member).GetValue(null)!.ToString();

    private static long? Key(object? value, string property) =>
        value?.GetType() is { IsGenericType: true } type
        && (type.GetGenericTypeDefinition() == typeof(SocketOption<>) || type.GetGenericTypeDefinition() == typeof(ControlMessage<>))
        && type.GetProperty(property)?.GetValue(value) is int number ? number : null;

    // The rule of the API, said a second time: a tag, or one of six names of .NET's.
    private static long? LinuxFamily(int family) => family switch
    {
        0 or 1 or 2 => family,
        (int)AddressFamily.InterNetworkV6 => 10,
        (int)AddressFamily.Packet => 17,
        (int)AddressFamily.ControllerAreaNetwork => 29,
        _ => (family & 0x0100_0000) != 0 ? family & 0xFFFF : null,
    };

    // The rule of the API, said a second time: five of the values have another number in Linux.
    private static long LinuxFlags(int flags) => flags switch
    {
        (int)SocketFlags.Truncated => 0x20,
        (int)SocketFlags.ControlDataTruncated => 8,
        _ when flags == (int)SocketFlags.WaitAll => 0x100,
        _ when flags == (int)SocketFlags.Confirm => 0x800,
        _ when flags == (int)SocketFlags.More => 0x8000,
        _ => flags,
    };

    private static Type? FindType(string name)
    {
        string[] parts = name.Split('<', 2);
        string full = parts.Length == 1 ? name : $"{parts[0]}`{Split(parts[1][..^1], ',').Count()}";
        return _namespaces.SelectMany(_ => _assemblies, (space, assembly) => assembly.GetType($"{space}.{full}"))
            .FirstOrDefault(type => type is { IsVisible: true });
    }

    // Where a C# 14 extension stands: in a group, a nested class whose marker names the type that is extended. What runs
    // is a static method of the class around it.
    private static IEnumerable<MemberInfo> Extensions(Type type, string name) =>
        from container in _library.GetExportedTypes().Concat(_servers.GetExportedTypes())
        where container is { IsAbstract: true, IsSealed: true }
        from grouping in container.GetNestedTypes(Hidden)
        where grouping.Name.StartsWith("<G>$", StringComparison.Ordinal)
        from declared in grouping.GetMembers(Hidden)
        where declared.Name == name && declared is PropertyInfo or MethodInfo && declared.Name == name
        let marker = declared.GetCustomAttribute<ExtensionMarkerAttribute>()
        where marker is not null && grouping.GetNestedType(marker.Name, Hidden)?.GetMethod("<Extension>$", Hidden)?.GetParameters()[0].ParameterType == type
        from implementation in container.GetMember(declared is PropertyInfo ? $"get_{name}" : name, All)
        select implementation;

    // To those who derive from its type, at least.
    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
        EventInfo happening => happening.GetAddMethod(nonPublic: true) is { } add && IsVisible(add),
        Type nested => nested.IsVisible,
        _ => false,
    };

    private static bool Takes(MethodBase method, string[]? wanted)
    {
        ParameterInfo[] has = method.GetParameters();
        return wanted is null || (wanted.Length <= has.Length
            && wanted.Zip(has, (text, parameter) => text == NameOf(parameter.ParameterType)).All(same => same)
            && has[wanted.Length..].All(parameter => parameter.IsOptional));
    }

    private static string NameOf(Type type) =>
        type.IsByRef ? NameOf(type.GetElementType()!)
        : type.IsArray ? NameOf(type.GetElementType()!) + "[]"
        : Nullable.GetUnderlyingType(type) is { } value ? NameOf(value)
        : _keywords.TryGetValue(type, out string? keyword) ? keyword
        : type.IsGenericType ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;

    private static string Bare(string parameter)
    {
        string type = parameter.Trim();
        foreach (string way in (string[])["in ", "ref ", "out ", "params "])
        {
            type = type.StartsWith(way, StringComparison.Ordinal) ? type[way.Length..] : type;
        }

        return type.Replace("?", "", StringComparison.Ordinal);
    }

    // At separators outside of angle brackets.
    private static IEnumerable<string> Split(string text, char separator)
    {
        int depth = 0, start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            depth += text[i] switch { '<' => 1, '>' => -1, _ => 0 };
            if (depth == 0 && text[i] == separator)
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        yield return text[start..];
    }
}
