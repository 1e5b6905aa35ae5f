using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sockeye.Engines;

/// <summary>Something posted to a loop on behalf of somebody's handler.</summary>
internal interface IHandlerOwner
{
    /// <summary>The handler.</summary>
    Delegate Handler { get; }
}

/// <summary>The name of what a loop runs, as its author wrote it: <c>EchoServer.ServeAsync</c>.</summary>
internal static class HandlerName
{
    // A delegate on a delegate on a delegate: the runtime's own go three deep.
    private const int DepthMax = 8;

    /// <param name="handler">What is called.</param>
    /// <param name="state">What it is called with: an await's continuation says by this whose it is.</param>
    internal static string Of(object handler, object? state) => Find(state, 0) ?? Find(handler, 0) ?? TypeName(handler.GetType());

    private static string? Find(object? thing, int depth)
    {
        if (thing is null || depth == DepthMax)
        {
            return null;
        }

        if (thing is IHandlerOwner owner)
        {
            return Find(owner.Handler, depth + 1);
        }

        if (thing is Delegate action)
        {
            // An async method's MoveNext has the runtime's box for its target, a converted delegate the one it was made of.
            string? inner = action.Target is Delegate ? Find(action.Target, depth + 1) : StateMachine(action.Target);
            return inner ?? MethodName(action.Method);
        }

        return StateMachine(thing);
    }

    // The box that the runtime keeps a state machine in names it as its type argument.
    private static string? StateMachine(object? box)
    {
        if (box is not null && box.GetType() is { IsGenericType: true } type)
        {
            foreach (Type argument in type.GetGenericArguments())
            {
                if (typeof(IAsyncStateMachine).IsAssignableFrom(argument))
                {
                    return $"{TypeName(argument.DeclaringType)}.{Clean(argument.Name)}";
                }
            }
        }

        return null;
    }

    private static string MethodName(MethodInfo method) => $"{TypeName(method.DeclaringType)}.{Clean(method.Name)}";

    // The compiler's own types, <>c__DisplayClass3_0, stand for the one around them.
    private static string TypeName(Type? type)
    {
        while (type is { DeclaringType: { } outer } && type.Name.StartsWith('<'))
        {
            type = outer;
        }

        return type is null ? "?" : type.Name.Split('`')[0];
    }

    // <ServeAsync>d__3 is a state machine, <RunAsync>g__Serve|3_0 a local function, <RunAsync>b__3_0 a lambda; and a state
    // machine of one of these has one more pair of brackets around.
    private static string Clean(string name)
    {
        int local = name.IndexOf(">g__", StringComparison.Ordinal);
        if (local >= 0)
        {
            string rest = name[(local + 4)..];
            return rest.Split('|')[0];
        }

        if (!name.StartsWith('<'))
        {
            return name.Split('`')[0];
        }

        string method = name.TrimStart('<').Split('>')[0];
        return name.Contains(">b__", StringComparison.Ordinal) ? $"{method} (lambda)" : method;
    }
}
