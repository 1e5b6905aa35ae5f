using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Sockeye.House.Tests;

/// <summary>
/// The public surface of an assembly as text: C#-like, sorted, the same on every machine. It lists what a program
/// outside can name: public and protected members, with nullability, defaults and constants.
/// </summary>
internal sealed class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> _keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
        [typeof(char)] = "char",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    private readonly StringBuilder _text = new();
    private readonly Assembly? _own;
    private readonly HashSet<string> _ownNames;
    private readonly NullabilityInfoContext _nullability = new();

    private PublicApi(IReadOnlyCollection<Type> types)
    {
        _own = types.FirstOrDefault()?.Assembly;
        _ownNames = [.. types.Select(NameOf)];
    }

    public static string Of(Assembly assembly) => Of(assembly.GetExportedTypes());

    public static string Of(IReadOnlyCollection<Type> types)
    {
        PublicApi api = new(types);
        foreach (IGrouping<string?, Type> space in types.Where(type => !type.IsNested)
            .GroupBy(type => type.Namespace).OrderBy(space => space.Key, StringComparer.Ordinal))
        {
            api._text.Append(CultureInfo.InvariantCulture, $"namespace {space.Key}\n{{\n");
            foreach (Type type in space.OrderBy(type => type.Name, StringComparer.Ordinal))
            {
                api.AddType(type, "    ");
            }

            api._text.Append("}\n");
        }

        return api._text.ToString();
    }

    private void AddType(Type type, string indent)
    {
        // The compiler marks every ref struct as obsolete for compilers that know none.
        if (!type.IsByRefLike && type.GetCustomAttribute<ObsoleteAttribute>() is { } obsolete)
        {
            _text.Append(CultureInfo.InvariantCulture, $"{indent}[Obsolete(\"{obsolete.Message}\")]\n");
        }

        Type[] own = [.. type.GetGenericArguments().Skip(type.DeclaringType?.GetGenericArguments().Length ?? 0)];
        string name = NameOf(type) + Parameters(own);
        string access = type.IsNestedFamily || type.IsNestedFamORAssem ? "protected" : "public";
        string where = Constraints(own);
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            _text.Append(CultureInfo.InvariantCulture, $"{indent}{access} delegate {Return(invoke)} {name}({Parameters(invoke)}){where};\n");
            return;
        }

        _text.Append(CultureInfo.InvariantCulture, $"{indent}{access} {Kind(type)} {name}{Bases(type)}{where}\n{indent}{{\n");
        foreach (string line in type.IsEnum ? EnumMembers(type) : Members(type))
        {
            _text.Append(CultureInfo.InvariantCulture, $"{indent}    {line}\n");
        }

        foreach (Type nested in type.GetNestedTypes(Declared)
            .Where(nested => (nested.IsNestedPublic || nested.IsNestedFamily || nested.IsNestedFamORAssem) && IsSpeakable(nested.Name))
            .OrderBy(nested => nested.Name, StringComparer.Ordinal))
        {
            AddType(nested, indent + "    ");
        }

        _text.Append(CultureInfo.InvariantCulture, $"{indent}}}\n");
    }

    private static string Kind(Type type) =>
        type.IsEnum ? "enum"
        : type.IsInterface ? "interface"
        : type.IsValueType ? $"{(type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "")}{(type.IsByRefLike ? "ref " : "")}struct"
        : type is { IsAbstract: true, IsSealed: true } ? "static class"
        : type.IsAbstract ? "abstract class"
        : type.IsSealed ? "sealed class"
        : "class";

    private string Bases(Type type)
    {
        List<string> bases = [];
        if (type.IsEnum)
        {
            if (type.GetEnumUnderlyingType() is var underlying && underlying != typeof(int))
            {
                bases.Add(Name(underlying));
            }
        }
        else
        {
            if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
            {
                bases.Add(Name(parent));
            }

            HashSet<Type> inherited = [.. type.BaseType?.GetInterfaces() ?? [], .. type.GetInterfaces().SelectMany(face => face.GetInterfaces())];
            bases.AddRange(type.GetInterfaces().Where(face => face.IsVisible && !inherited.Contains(face)).Select(face => Name(face)).Order(StringComparer.Ordinal));
        }

        return bases.Count == 0 ? "" : " : " + string.Join(", ", bases);
    }

    private static IEnumerable<string> EnumMembers(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (field.Name, Value: Convert.ToDecimal(field.GetRawConstantValue(), CultureInfo.InvariantCulture)))
            .OrderBy(field => field.Value).ThenBy(field => field.Name, StringComparer.Ordinal)
            .Select(field => string.Create(CultureInfo.InvariantCulture, $"{field.Name} = {field.Value},"));

    // Fields, constructors, properties, events, methods; within each kind by name, then by text.
    private IEnumerable<string> Members(Type type)
    {
        IEnumerable<(string, string)> fields = type.GetFields(Declared)
            .Where(field => (field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly) && IsSpeakable(field.Name))
            .Select(field => (field.Name, Field(field)));
        IEnumerable<(string, string)> constructors = type.GetConstructors(Declared & ~BindingFlags.Static).Where(IsSeen)
            .Select(constructor => ("", $"{Access(constructor)}{NameOf(type)}({Parameters(constructor)});"));
        IEnumerable<(string, string)> properties = type.GetProperties(Declared)
            .Where(property => (IsSeen(property.GetMethod) || IsSeen(property.SetMethod)) && IsSpeakable(property.Name))
            .Select(property => (property.Name, Property(property)));
        IEnumerable<(string, string)> events = type.GetEvents(Declared).Where(item => IsSeen(item.AddMethod))
            .Select(item => (item.Name, $"{Access(item.AddMethod!)}{Modifiers(item.AddMethod!)}event {Name(item.EventHandlerType!)} {item.Name};"));
        HashSet<MethodInfo> accessors = [.. type.GetProperties(Declared).SelectMany(property => property.GetAccessors(nonPublic: true)),
            .. type.GetEvents(Declared).SelectMany(item => (MethodInfo?[])[item.AddMethod, item.RemoveMethod]).OfType<MethodInfo>()];
        IEnumerable<(string, string)> methods = type.GetMethods(Declared)
            .Where(method => IsSeen(method) && !accessors.Contains(method) && IsSpeakable(method.Name))
            .Select(method => (method.Name, Method(method)));

        return ((IEnumerable<(string Name, string Text)>[])[fields, constructors, properties, events, methods])
            .SelectMany(kind => kind.OrderBy(member => member.Name, StringComparer.Ordinal).ThenBy(member => member.Text, StringComparer.Ordinal))
            .Select(member => member.Text);
    }

    private string Field(FieldInfo field)
    {
        string type = Name(field.FieldType, _nullability.Create(field));
        string access = field.IsPublic ? "public " : "protected ";
        return field.IsLiteral ? $"{access}const {type} {field.Name} = {Literal(field.GetRawConstantValue(), field.FieldType)};"
            : $"{access}{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{type} {field.Name};";
    }

    private string Property(PropertyInfo property)
    {
        MethodInfo main = IsSeen(property.GetMethod) ? property.GetMethod! : property.SetMethod!;
        ParameterInfo[] index = property.GetIndexParameters();
        string name = index.Length == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
        StringBuilder accessors = new();
        foreach (MethodInfo? accessor in (MethodInfo?[])[property.GetMethod, property.SetMethod])
        {
            if (IsSeen(accessor))
            {
                string word = accessor == property.GetMethod ? "get"
                    : accessor!.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init" : "set";
                accessors.Append(accessor!.IsPublic == main.IsPublic ? "" : "protected ").Append(word).Append("; ");
            }
        }

        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{Access(main)}{Modifiers(main)}{required}{Name(property.PropertyType, _nullability.Create(property))} {name} {{ {accessors}}}";
    }

    private string Method(MethodInfo method) =>
        method is { Name: "Finalize", IsFamily: true } && method.GetParameters().Length == 0 ? $"~{NameOf(method.DeclaringType!)}();"
        : $"{Access(method)}{Modifiers(method)}{Return(method)} {method.Name}{Parameters(method.GetGenericArguments())}({Parameters(method)}){Constraints(method.GetGenericArguments())};";

    private string Return(MethodInfo method)
    {
        NullabilityInfo info = _nullability.Create(method.ReturnParameter);
        IList<string?>? names = method.ReturnParameter.GetCustomAttribute<TupleElementNamesAttribute>()?.TransformNames;
        Type[] elements = method.ReturnType.GetGenericArguments();

        // The names of a tuple that is returned are part of the promise. Those further inside are left out.
        return names is null || !IsTuple(method.ReturnType)
            ? Name(method.ReturnType, info)
            : $"({string.Join(", ", elements.Select((element, i) => $"{Name(element, info.GenericTypeArguments[i])} {names[i]}".TrimEnd()))})";
    }

    private string Parameters(MethodBase method) =>
        (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameters(IEnumerable<Type> generic) =>
        generic.Select(type => Variance(type) + type.Name).ToArray() is { Length: > 0 } names ? $"<{string.Join(", ", names)}>" : "";

    private static string Variance(Type type) => (type.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) switch
    {
        GenericParameterAttributes.Contravariant => "in ",
        GenericParameterAttributes.Covariant => "out ",
        _ => "",
    };

    private string Parameter(ParameterInfo parameter)
    {
        string way = parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params "
            : parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params "
            : !parameter.ParameterType.IsByRef ? (parameter.IsDefined(typeof(ScopedRefAttribute)) ? "scoped " : "")
            : parameter.IsOut ? "out "
            : parameter.IsDefined(typeof(RequiresLocationAttribute)) ? "ref readonly "
            : parameter.IsIn ? "in "
            : "ref ";
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        string value = parameter.HasDefaultValue ? $" = {Literal(parameter.RawDefaultValue, type)}" : "";
        return $"{way}{Name(type, _nullability.Create(parameter))} {parameter.Name}{value}";
    }

    private string Constraints(Type[] generic) => string.Concat(generic.Where(type => type.IsGenericParameter).Select(type =>
    {
        GenericParameterAttributes flags = type.GenericParameterAttributes;
        List<string> all = [];
        if (type.GetCustomAttributesData().Any(data => data.AttributeType.Name == "IsUnmanagedAttribute"))
        {
            all.Add("unmanaged");
        }
        else if (flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
        {
            all.Add("struct");
        }
        else if (flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            all.Add("class");
        }

        all.AddRange(type.GetGenericParameterConstraints().Where(constraint => constraint != typeof(ValueType)).Select(constraint => Name(constraint)));
        if (flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
        {
            all.Add("new()");
        }

        if (flags.HasFlag(GenericParameterAttributes.AllowByRefLike))
        {
            all.Add("allows ref struct");
        }

        return all.Count == 0 ? "" : $" where {type.Name} : {string.Join(", ", all)}";
    }));

    private static string Access(MethodBase method) => method.DeclaringType!.IsInterface ? "" : method.IsPublic ? "public " : "protected ";

    private static string Modifiers(MethodInfo method) =>
        method.DeclaringType!.IsInterface ? (method.IsStatic ? "static " : "")
        : method.IsStatic ? "static "
        : method.IsVirtual && method.GetBaseDefinition() != method ? (method.IsFinal ? "sealed override " : "override ")
        : method.IsAbstract ? "abstract "
        : method is { IsVirtual: true, IsFinal: false } ? "virtual "
        : "";

    private static bool IsSeen(MethodBase? method) => method is not null && (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly);

    // The compiler's own names hold a character that C# does not allow; explicit interface members hold a dot.
    private static bool IsSpeakable(string name) => !name.Contains('<', StringComparison.Ordinal) && !name.Contains('$', StringComparison.Ordinal) && !name.Contains('.', StringComparison.Ordinal);

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    private static bool IsTuple(Type type) => type.IsGenericType && type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true;

    private string Name(Type type, NullabilityInfo? info = null)
    {
        if (type.IsByRef)
        {
            return "ref " + Name(type.GetElementType()!, info);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        string mark = info is not null && !type.IsValueType
            && (info.ReadState == NullabilityState.Nullable || (info.ReadState == NullabilityState.Unknown && info.WriteState == NullabilityState.Nullable)) ? "?" : "";
        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!, info?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (_keywords.TryGetValue(type, out string? keyword))
        {
            return keyword + mark;
        }

        if (type.IsGenericParameter)
        {
            // Of an unconstrained T nobody can say whether it may be null; reflection says "yes" to all.
            bool isClass = type.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint);
            return type.Name + (isClass ? mark : "");
        }

        Type[] arguments = type.GetGenericArguments();
        if (IsTuple(type))
        {
            return $"({string.Join(", ", arguments.Select((argument, i) => Name(argument, info?.GenericTypeArguments.ElementAtOrDefault(i))))})";
        }

        int own = type.IsNested ? type.DeclaringType!.GetGenericArguments().Length : 0;
        string outer = type.IsNested ? Name(type.DeclaringType!.IsGenericTypeDefinition && !type.IsGenericTypeDefinition ? type.DeclaringType.MakeGenericType(arguments[..own]) : type.DeclaringType) + "." : "";
        string list = arguments.Length > own
            ? $"<{string.Join(", ", arguments.Skip(own).Select((argument, i) => Name(argument, info?.GenericTypeArguments.ElementAtOrDefault(own + i))))}>"
            : "";

        // A foreign type that shares its name with one of ours is written in full: System.Net.Sockets.Socket.
        string space = !type.IsNested && type.Assembly != _own && _ownNames.Contains(NameOf(type)) ? type.Namespace + "." : "";
        return space + outer + NameOf(type) + list + mark;
    }

    private static string Literal(object? value, Type type) => value switch
    {
        null => type.IsValueType && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
        string text => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"",
        bool flag => flag ? "true" : "false",
        char c => $"'{c}'",
        _ when type.IsEnum => Enum.GetName(type, value) is { } name ? $"{NameOf(type)}.{name}" : $"({NameOf(type)}){Convert.ToString(value, CultureInfo.InvariantCulture)}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
