#if SOCKEYE
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using SystemSocket = System.Net.Sockets.Socket;

namespace ParityTests;

/// <summary>Asks both sockets the same questions and compares the answers, exceptions included.</summary>
/// <remarks>What the system's socket answers is looked up on the spot, so that nothing here depends on this machine.</remarks>
public sealed class DifferentialTests : SocketTest
{
    private static readonly (AddressFamily Family, SocketType Type, ProtocolType Protocol)[] s_kinds =
    [
        (AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp),
        (AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp),
        (AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp),
        (AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp),
        (AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
        (AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified),
    ];

    public static readonly TheoryData<SocketOptionLevel> Levels = [.. Enum.GetValues<SocketOptionLevel>().Distinct()];

    /// <summary>The outcome of a call, as text: the value, or the exception and what a caller can see of it.</summary>
    private static string Outcome(Func<object?> call)
    {
        try
        {
            return Show(call());
        }
        catch (TargetInvocationException e)
        {
            return Show(e.InnerException);
        }
        catch (Exception e)
        {
            return Show(e);
        }
    }

    private static string Show(object? value) => value switch
    {
        null => "null",
        byte[] bytes => "bytes " + Convert.ToHexString(bytes),
        LingerOption linger => $"linger {linger.Enabled} {linger.LingerTime}",
        // Where .NET has no name for an errno, the system says SocketError and we keep the number.
        SocketException e => $"SocketException {(Enum.IsDefined(e.SocketErrorCode) ? e.SocketErrorCode : SocketError.SocketError)}",
        ObjectDisposedException => "ObjectDisposedException",
        ArgumentException e => $"{e.GetType().Name} {e.ParamName}",
        Exception e => e.GetType().Name,
        SafeHandle handle => $"handle {handle.IsClosed}",
        _ => value.ToString() ?? "",
    };

    private static void Same(StringBuilder differences, string what, string theirs, string ours)
    {
        if (theirs != ours)
        {
            differences.AppendLine($"{what}: the system says '{theirs}', we say '{ours}'");
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Every_option_reads_and_writes_alike(SocketOptionLevel level)
    {
        StringBuilder differences = new();
        foreach ((AddressFamily family, SocketType type, ProtocolType protocol) in s_kinds)
        {
            foreach (SocketOptionName name in Enum.GetValues<SocketOptionName>().Distinct())
            {
                Compare("get", s => s.GetSocketOption(level, name));
                Compare("get 4 bytes", s => s.GetSocketOption(level, name, 4));
                Compare("get 1 byte", s => s.GetSocketOption(level, name, 1));
                Compare("get into bytes", s =>
                {
                    byte[] value = new byte[8];
                    s.GetSocketOption(level, name, value);
                    return value;
                });
                foreach (int value in new[] { 0, 1, 2, 5_000, -1 })
                {
                    Compare($"set {value}", s =>
                    {
                        s.SetSocketOption(level, name, value);
                        return s.GetSocketOption(level, name);
                    });
                }

                Compare("set true", s =>
                {
                    s.SetSocketOption(level, name, true);
                    return s.GetSocketOption(level, name);
                });
                Compare("set bytes", s =>
                {
                    s.SetSocketOption(level, name, new byte[] { 1, 0, 0, 0 });
                    return s.GetSocketOption(level, name);
                });
                Compare("set object", s =>
                {
                    s.SetSocketOption(level, name, (object)1);
                    return 0;
                });
                Compare("set null", s =>
                {
                    s.SetSocketOption(level, name, (object?)null);
                    return 0;
                });

                void Compare(string what, Func<dynamic, object?> ask)
                {
                    using SystemSocket theirs = new(family, type, protocol);
                    using Socket ours = new(family, type, protocol);
                    Same(differences, $"{family} {type} {level} {name}, {what}", Outcome(() => ask(theirs)), Outcome(() => ask(ours)));
                }
            }
        }

        Assert.True(differences.Length == 0, differences.ToString());
    }

    /// <summary>What the system makes, we make alike. What it refuses by its own table we leave to the kernel.</summary>
    [Fact]
    public void Every_constructor_argument_is_taken_or_refused_alike()
    {
        AddressFamily[] known = [AddressFamily.Unknown, AddressFamily.Unspecified, AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix];
        ProtocolType[] plain = [ProtocolType.Unspecified, ProtocolType.Unknown, ProtocolType.Tcp, ProtocolType.Udp, (ProtocolType)999];
        StringBuilder differences = new();
        foreach (AddressFamily family in Enum.GetValues<AddressFamily>().Distinct().Append((AddressFamily)999))
        {
            foreach (SocketType type in Enum.GetValues<SocketType>().Append((SocketType)99))
            {
                foreach (ProtocolType protocol in Enum.GetValues<ProtocolType>().Distinct().Append((ProtocolType)999))
                {
                    string theirs = Outcome(() =>
                    {
                        using SystemSocket s = new(family, type, protocol);
                        return (s.AddressFamily, s.SocketType, s.ProtocolType);
                    });
                    string ours = Outcome(() =>
                    {
                        using Socket s = new(family, type, protocol);
                        return (s.AddressFamily, s.SocketType, s.ProtocolType);
                    });
                    if (theirs[0] == '(' || (known.Contains(family) && plain.Contains(protocol)))
                    {
                        Same(differences, $"new({family}, {type}, {protocol})", theirs, ours);
                    }
                }
            }
        }

        Assert.True(differences.Length == 0, differences.ToString());
    }

    [Theory]
    [InlineData("fresh")]
    [InlineData("bound")]
    [InlineData("disposed")]
    public void Every_property_reads_alike(string state)
    {
        StringBuilder differences = new();
        foreach ((AddressFamily family, SocketType type, ProtocolType protocol) in s_kinds)
        {
            foreach (PropertyInfo property in typeof(SystemSocket).GetProperties())
            {
                // Numbers that the kernel chooses differ by nature.
                if (property.Name is "Handle" or "LocalEndPoint" && state != "fresh" || property.Name is "Handle")
                {
                    continue;
                }

                using SystemSocket theirs = new(family, type, protocol);
                using Socket ours = new(family, type, protocol);
                foreach (dynamic s in new object[] { theirs, ours })
                {
                    if (state == "bound")
                    {
                        s.Bind(family == AddressFamily.Unix ? (EndPoint)new UnixDomainSocketEndPoint(FreshPath()) : new IPEndPoint(Loopback(family), 0));
                    }
                    else if (state == "disposed")
                    {
                        s.Dispose();
                    }
                }

                PropertyInfo? mine = typeof(Socket).GetProperty(property.Name);
                Assert.NotNull(mine);
                Same(differences, $"{state} {family} {type} {property.Name}", Outcome(() => property.GetValue(theirs)), Outcome(() => mine.GetValue(ours)));
            }
        }

        Assert.True(differences.Length == 0, differences.ToString());
    }

    [Theory]
    [InlineData("fresh")]
    [InlineData("bound")]
    [InlineData("disposed")]
    public void Every_property_is_written_alike(string state)
    {
        StringBuilder differences = new();
        foreach ((AddressFamily family, SocketType type, ProtocolType protocol) in s_kinds)
        {
            foreach (PropertyInfo property in typeof(SystemSocket).GetProperties().Where(p => p.SetMethod is { IsPublic: true }))
            {
                object?[] values = property.PropertyType == typeof(bool) ? [true, false]
                    : property.PropertyType == typeof(int) ? [int.MinValue, -2, -1, 0, 1, 400, 5_000, 100_000]
                    : property.PropertyType == typeof(short) ? [short.MinValue, (short)-1, (short)0, (short)1, (short)255, (short)256]
                    : [null, new LingerOption(true, 3), new LingerOption(false, 0), new LingerOption(true, -1), new LingerOption(true, 70_000)];
                foreach (object? value in values)
                {
                    using SystemSocket theirs = new(family, type, protocol);
                    using Socket ours = new(family, type, protocol);
                    foreach (dynamic s in new object[] { theirs, ours })
                    {
                        if (state == "bound")
                        {
                            s.Bind(family == AddressFamily.Unix ? (EndPoint)new UnixDomainSocketEndPoint(FreshPath()) : new IPEndPoint(Loopback(family), 0));
                        }
                        else if (state == "disposed")
                        {
                            s.Dispose();
                        }
                    }

                    PropertyInfo? mine = typeof(Socket).GetProperty(property.Name);
                    Assert.NotNull(mine);
                    Same(differences, $"{state} {family} {type} {property.Name} = {Show(value)}",
                        Outcome(() => { property.SetValue(theirs, value); return property.GetValue(theirs); }),
                        Outcome(() => { mine.SetValue(ours, value); return mine.GetValue(ours); }));
                }
            }
        }

        Assert.True(differences.Length == 0, differences.ToString());
    }

    /// <summary>One wrong argument at a time, of every call that moves bytes or names an address: who is blamed, and how.</summary>
    /// <remarks>Calls that take spans are left out: reflection cannot make them. They share their checks with those that take arrays.</remarks>
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_wrong_argument_is_reported_alike(bool datagrams)
    {
        string[] calls =
        [
            "Bind", "Connect", "ConnectAsync", "Send", "SendAsync", "SendTo", "SendToAsync", "Receive", "ReceiveAsync", "ReceiveFrom", "ReceiveFromAsync",
            "ReceiveMessageFrom", "ReceiveMessageFromAsync",
        ];
        StringBuilder differences = new();
        int asked = 0;
        foreach (MethodInfo method in typeof(SystemSocket).GetMethods().Where(m => calls.Contains(m.Name)))
        {
            ParameterInfo[] parameters = method.GetParameters();
            if (parameters.Any(p => p.ParameterType.IsByRefLike || (p.ParameterType == typeof(SocketAsyncEventArgs))
                || (p.ParameterType.IsByRef && p.ParameterType.GetElementType()!.IsByRefLike)))
            {
                continue;
            }

            MethodInfo? mine = typeof(Socket).GetMethod(method.Name, [.. parameters.Select(p => p.ParameterType)]);
            Assert.NotNull(mine);
            object?[][] choices = [.. parameters.Select(p => Choices(p.ParameterType.IsByRef ? p.ParameterType.GetElementType()! : p.ParameterType))];
            for (int which = 0; which < parameters.Length; which++)
            {
                for (int choice = 0; choice < choices[which].Length; choice++)
                {
                    object?[] arguments = [.. choices.Select((all, i) => all[i == which ? choice : 0])];
                    string what = $"{method.Name}({string.Join(", ", parameters.Select(p => p.ParameterType.Name))}), {parameters[which].Name} = {arguments[which] ?? "null"}";
                    string theirs = await Ask(static (f, t, p) => new SystemSocket(f, t, p), method);
                    string ours = await Ask(static (f, t, p) => new Socket(f, t, p), mine);
                    asked++;

                    // The system's socket blames Bind's parameter by another one's name, and a segment without an array by a
                    // name that its callee has for it; and it takes an empty name for this machine's in one call of several.
                    if (!(method.Name == "Bind" && arguments[which] is DnsEndPoint)
                        && arguments[which] is not (ArraySegment<byte> { Array: null } or IList<ArraySegment<byte>> and [{ Array: null }] or ""))
                    {
                        Same(differences, what, theirs, ours);
                    }

                    async Task<string> Ask(Func<AddressFamily, SocketType, ProtocolType, dynamic> make, MethodInfo call)
                    {
                        using IDisposable socket = datagrams
                            ? make(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)
                            : make(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                        ((dynamic)socket).Blocking = false;
                        if (datagrams && method.Name != "Bind")
                        {
                            ((dynamic)socket).Bind(new IPEndPoint(IPAddress.Loopback, 0));
                        }

                        return await Blame(() => call.Invoke(socket, [.. arguments]));
                    }
                }
            }
        }

        Assert.True(asked > 100);
        Assert.True(differences.Length == 0, differences.ToString());

        // The first of each is right.
        static object?[] Choices(Type type) =>
            type == typeof(byte[]) ? [new byte[2], null]
            : type == typeof(int) ? [1, -1, 70_000, int.MaxValue, int.MinValue]
            : type == typeof(EndPoint) ?
            [
                new IPEndPoint(IPAddress.Loopback, 9), null, new DnsEndPoint("localhost", 9), new DnsEndPoint("localhost", 9, AddressFamily.InterNetwork),
                new DnsEndPoint("localhost", 9, AddressFamily.InterNetworkV6), new IPEndPoint(IPAddress.IPv6Loopback, 9), new UnixDomainSocketEndPoint("/nowhere"),
            ]
            : type == typeof(SocketAddress) ? [new IPEndPoint(IPAddress.Loopback, 9).Serialize(), null, new SocketAddress(AddressFamily.InterNetwork, 4)]
            : type == typeof(IPAddress) ? [IPAddress.Loopback, null, IPAddress.IPv6Loopback]
            : type == typeof(IPAddress[]) ? [new[] { IPAddress.Loopback }, null, Array.Empty<IPAddress>(), new[] { IPAddress.IPv6Loopback }]
            : type == typeof(string) ? ["127.0.0.1", null, ""]
            : type == typeof(IList<ArraySegment<byte>>) ? [new List<ArraySegment<byte>> { new(new byte[2]) }, null, new List<ArraySegment<byte>>(), new List<ArraySegment<byte>> { default }]
            : type == typeof(ArraySegment<byte>) ? [new ArraySegment<byte>(new byte[2]), default(ArraySegment<byte>)]
            : type == typeof(Memory<byte>) ? [new Memory<byte>(new byte[2])]
            : type == typeof(ReadOnlyMemory<byte>) ? [new ReadOnlyMemory<byte>(new byte[2])]
            : type == typeof(CancellationToken) ? [CancellationToken.None, new CancellationToken(canceled: true)]
            : [type.IsValueType ? Activator.CreateInstance(type) : null];
    }

    // What a caller is told of an argument; the kernel's own error is not of interest here.
    private static async Task<string> Blame(Func<object?> call)
    {
        try
        {
            object? result = call();
            Task? task = result as Task
                ?? (result is ValueTask plain ? plain.AsTask() : result?.GetType().GetMethod("AsTask")?.Invoke(result, null) as Task);
            if (task is not null)
            {
                await Task.WhenAny(task, Task.Delay(Moment));
                if (task.IsCompleted)
                {
                    await task;
                }
            }

            return "the kernel's";
        }
        catch (Exception e)
        {
            return (e is TargetInvocationException ? e.InnerException : e) switch
            {
                SocketException => "the kernel's",
                OperationCanceledException => "canceled",
                var other => Show(other),
            };
        }
    }
}
#endif
