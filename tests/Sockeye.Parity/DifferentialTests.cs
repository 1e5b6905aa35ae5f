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

    /// <summary>What came of a call, in one word: the value, or the exception and what a caller can tell of it.</summary>
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
}
#endif
