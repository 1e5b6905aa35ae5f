using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using SystemSocket = System.Net.Sockets.Socket;

namespace Sockeye.Tests.Options;

/// <summary>
/// The option members that System.Net.Sockets has, asked the same questions on both sockets: values, lengths and
/// exceptions must agree. What differs on purpose is named here, and nowhere else.
/// </summary>
public sealed class SystemOptionTests
{
    private static readonly SocketOptionLevel[] Levels = [.. Enum.GetValues<SocketOptionLevel>(), (SocketOptionLevel)99];
    private static readonly SocketOptionName[] Names = [.. Enum.GetValues<SocketOptionName>().Distinct()];

    public static TheoryData<AddressFamily, SocketType, ProtocolType> Kinds => new()
    {
        { AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp },
        { AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp },
        { AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp },
        { AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp },
        { AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified },
        { AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_level_and_name_behaves_as_in_System_Net_Sockets(
        AddressFamily family, SocketType type, ProtocolType protocol)
    {
        var differences = new List<string>();
        foreach (SocketOptionLevel level in Levels)
        {
            foreach (SocketOptionName name in Names)
            {
                using var theirs = new SystemSocket(family, type, protocol);
                using var ours = new Socket(family, type, protocol);
                CompareOption(theirs, ours, level, name, differences);
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_property_behaves_as_in_System_Net_Sockets(
        AddressFamily family, SocketType type, ProtocolType protocol)
    {
        using var theirs = new SystemSocket(family, type, protocol);
        using var ours = new Socket(family, type, protocol);
        var differences = new List<string>();

        void Same(string what, Func<SystemSocket, object?> their, Func<Socket, object?> our) =>
            Compare(what, () => their(theirs), () => our(ours), differences);

        Same("Available", s => s.Available, s => s.Available);
        Same("DontFragment", s => s.DontFragment, s => s.DontFragment);
        Same("DontFragment = true", s => (s.DontFragment = true, s.DontFragment), s => (s.DontFragment = true, s.DontFragment));
        Same("DontFragment = false", s => (s.DontFragment = false, s.DontFragment), s => (s.DontFragment = false, s.DontFragment));
        Same("DualMode", s => s.DualMode, s => s.DualMode);
        Same("DualMode = false", s => (s.DualMode = false, s.DualMode), s => (s.DualMode = false, s.DualMode));
        Same("DualMode = true", s => (s.DualMode = true, s.DualMode), s => (s.DualMode = true, s.DualMode));
        Same("EnableBroadcast", s => s.EnableBroadcast, s => s.EnableBroadcast);
        Same("EnableBroadcast = true", s => (s.EnableBroadcast = true, s.EnableBroadcast), s => (s.EnableBroadcast = true, s.EnableBroadcast));
        Same("ExclusiveAddressUse", s => s.ExclusiveAddressUse, s => s.ExclusiveAddressUse);
        Same("ExclusiveAddressUse = false", s => (s.ExclusiveAddressUse = false, s.ExclusiveAddressUse), s => (s.ExclusiveAddressUse = false, s.ExclusiveAddressUse));
        Same("ExclusiveAddressUse = true", s => (s.ExclusiveAddressUse = true, s.ExclusiveAddressUse), s => (s.ExclusiveAddressUse = true, s.ExclusiveAddressUse));
        Same("MulticastLoopback", s => s.MulticastLoopback, s => s.MulticastLoopback);
        Same("MulticastLoopback = false", s => (s.MulticastLoopback = false, s.MulticastLoopback), s => (s.MulticastLoopback = false, s.MulticastLoopback));
        Same("NoDelay", s => s.NoDelay, s => s.NoDelay);
        Same("NoDelay = true", s => (s.NoDelay = true, s.NoDelay), s => (s.NoDelay = true, s.NoDelay));
        Same("UseOnlyOverlappedIO", s => Overlapped(s), s => Overlapped(s));
        foreach (int bytes in new[] { -1, 0, 1, 10_000, 1_000_000, int.MaxValue })
        {
            Same($"ReceiveBufferSize = {bytes}", s => (s.ReceiveBufferSize = bytes, s.ReceiveBufferSize), s => (s.ReceiveBufferSize = bytes, s.ReceiveBufferSize));
            Same($"SendBufferSize = {bytes}", s => (s.SendBufferSize = bytes, s.SendBufferSize), s => (s.SendBufferSize = bytes, s.SendBufferSize));
        }

        foreach (int milliseconds in new[] { 0, 1, 1_500, int.MaxValue, -1, -2 })
        {
            Same($"ReceiveTimeout = {milliseconds}", s => (s.ReceiveTimeout = milliseconds, s.ReceiveTimeout), s => (s.ReceiveTimeout = milliseconds, s.ReceiveTimeout));
            Same($"SendTimeout = {milliseconds}", s => (s.SendTimeout = milliseconds, s.SendTimeout), s => (s.SendTimeout = milliseconds, s.SendTimeout));
        }

        Same("Ttl", s => s.Ttl, s => s.Ttl);
        foreach (short hops in new short[] { -1, 0, 1, 64, 255, 256 })
        {
            Same($"Ttl = {hops}", s => (s.Ttl = hops, s.Ttl), s => (s.Ttl = hops, s.Ttl));
        }

        foreach ((bool enabled, int seconds) in new[] { (true, 7), (false, 3), (true, 0), (true, 65_535), (true, 65_536), (true, -1) })
        {
            Same($"LingerState = {enabled}, {seconds}", s => s.LingerState = new(enabled, seconds), s => s.LingerState = new(enabled, seconds));
            Same("LingerState", s => s.LingerState, s => s.LingerState);
        }

        foreach (IPProtectionLevel level in Enum.GetValues<IPProtectionLevel>())
        {
            Same($"SetIPProtectionLevel {level}", s => Protect(s, level), s => Protect(s, level));
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_IOControl_code_behaves_as_in_System_Net_Sockets(
        AddressFamily family, SocketType type, ProtocolType protocol)
    {
        using var theirs = new SystemSocket(family, type, protocol);
        using var ours = new Socket(family, type, protocol);
        var differences = new List<string>();
        foreach (IOControlCode code in Enum.GetValues<IOControlCode>())
        {
            foreach (int length in new[] { -1, 0, 3, 4, 8 })
            {
                byte[]? answer = length < 0 ? null : new byte[length];
                Compare(
                    $"{code}, {length} bytes",
                    () => (theirs.IOControl(code, optionInValue: null, answer), Hex(answer)),
                    () => (ours.IOControl(code, optionInValue: null, answer), Hex(answer)),
                    differences);
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    [Fact]
    public void Objects_behave_as_in_System_Net_Sockets()
    {
        using var theirs = new SystemSocket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var ours = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var theirs6 = new SystemSocket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        using var ours6 = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        var differences = new List<string>();
        IPAddress group = IPAddress.Parse("239.1.2.3");
        IPAddress group6 = IPAddress.Parse("ff02::1234");
        object?[] values =
        [
            null, 5, "text", new LingerOption(enable: true, 5),
            new MulticastOption(group, IPAddress.Loopback), new MulticastOption(group, IPAddress.Loopback),
            new MulticastOption(group, 1), new MulticastOption(group, 99_999), new MulticastOption(IPAddress.Loopback),
            new IPv6MulticastOption(group6, 1), new IPv6MulticastOption(group6, 1), new IPv6MulticastOption(group6, 99_999),
            new IPv6MulticastOption(IPAddress.IPv6Loopback, 1),
        ];
        foreach (SocketOptionLevel level in Levels)
        {
            foreach (SocketOptionName name in Names)
            {
                for (int i = 0; i < values.Length; i++)
                {
                    object value = values[i]!;
                    Compare(
                        $"{level} {name} = {i} {value}",
                        () => Done(() => theirs.SetSocketOption(level, name, value)),
                        () => Done(() => ours.SetSocketOption(level, name, value)),
                        differences);
                    Compare(
                        $"IPv6: {level} {name} = {i} {value}",
                        () => Done(() => theirs6.SetSocketOption(level, name, value)),
                        () => Done(() => ours6.SetSocketOption(level, name, value)),
                        differences);
                }
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    [Fact]
    public void A_bound_socket_keeps_its_address_use()
    {
        using var ours = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        ours.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Throws<InvalidOperationException>(() => ours.ExclusiveAddressUse = true);
    }

    [Fact]
    public void A_disposed_socket_behaves_as_in_System_Net_Sockets()
    {
        var theirs = new SystemSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var ours = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        theirs.Dispose();
        ours.Dispose();
        var differences = new List<string>();

        void Same(string what, Func<SystemSocket, object?> their, Func<Socket, object?> our) =>
            Compare(what, () => their(theirs), () => our(ours), differences);

        Same("NoDelay", s => s.NoDelay, s => s.NoDelay);
        Same("NoDelay = true", s => s.NoDelay = true, s => s.NoDelay = true);
        Same("EnableBroadcast", s => s.EnableBroadcast, s => s.EnableBroadcast);
        Same("DualMode", s => s.DualMode, s => s.DualMode);
        Same("DualMode = true", s => s.DualMode = true, s => s.DualMode = true);
        Same("ReceiveTimeout", s => s.ReceiveTimeout, s => s.ReceiveTimeout);
        Same("ReceiveTimeout = 1", s => s.ReceiveTimeout = 1, s => s.ReceiveTimeout = 1);
        Same("ReceiveTimeout = -2", s => s.ReceiveTimeout = -2, s => s.ReceiveTimeout = -2);
        Same("LingerState", s => s.LingerState, s => s.LingerState);
        Same("LingerState = null", s => s.LingerState = null!, s => s.LingerState = null!);
        Same("Available", s => s.Available, s => s.Available);
        Same("IOControl", s => s.IOControl(0, null, null), s => s.IOControl(0, null, null));
        Same("GetRawSocketOption", s => s.GetRawSocketOption(1, 3, new byte[4]), s => s.GetRawSocketOption(1, 3, new byte[4]));
        Same("GetSocketOption", s => s.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Type, -1), s => s.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Type, -1));
        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    private static void CompareOption(
        SystemSocket theirs, Socket ours, SocketOptionLevel level, SocketOptionName name, List<string> differences)
    {
        void Same(string what, Func<object?> their, Func<object?> our) =>
            Compare($"{level} {name}={(int)name} {what}", their, our, differences);

        void Get()
        {
            Same("get", () => theirs.GetSocketOption(level, name), () => ours.GetSocketOption(level, name));

            int[] lengths = (level, name) switch
            {
                // Ours keeps the two times beside the kernel, so their timevals stay 0 (docs/from-dotnet.md).
                (SocketOptionLevel.Socket, SocketOptionName.ReceiveTimeout or SocketOptionName.SendTimeout) => [-1, 0, 3],

                // System.Net.Sockets 10.0.12 writes to a null pointer when there is no room: the process ends.
                (SocketOptionLevel.IP, SocketOptionName.DontFragment) => [1, 2, 4, 8, 16, 40],
                _ => [-1, 0, 1, 2, 4, 8, 16, 40],
            };
            foreach (int length in lengths)
            {
                byte[] theirBytes = new byte[Math.Max(length, 0)];
                byte[] ourBytes = new byte[Math.Max(length, 0)];
                Same($"get {length}", () => Hex(theirs.GetSocketOption(level, name, length)), () => Hex(ours.GetSocketOption(level, name, length)));
                Same(
                    $"get into {length}",
                    () => Hex(Into(length < 0 ? null! : theirBytes, value => theirs.GetSocketOption(level, name, value))),
                    () => Hex(Into(length < 0 ? null! : ourBytes, value => ours.GetSocketOption(level, name, value))));
            }
        }

        Get();
        foreach (int value in new[] { 1, 0, 2, 5, 64, 255, 256, 0x0100_0000, 0x0100_007F, int.MaxValue, -1, 0 })
        {
            Same($"= {value}", () => Done(() => theirs.SetSocketOption(level, name, value)), () => Done(() => ours.SetSocketOption(level, name, value)));
            if (value < 0 && level == SocketOptionLevel.Socket && name is SocketOptionName.ReceiveTimeout or SocketOptionName.SendTimeout)
            {
                // System.Net.Sockets refuses a negative limit and keeps it all the same.
                continue;
            }

            Same($"after {value}", () => theirs.GetSocketOption(level, name), () => ours.GetSocketOption(level, name));
        }

        Same("= true", () => Done(() => theirs.SetSocketOption(level, name, true)), () => Done(() => ours.SetSocketOption(level, name, true)));
        Get();
        foreach (byte[]? value in new byte[]?[] { null, [], [0], [1], [1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0], new byte[16], new byte[20] })
        {
            Same(
                $"= [{Hex(value)}]",
                () => Done(() => theirs.SetSocketOption(level, name, (byte[])value?.Clone()!)),
                () => Done(() => ours.SetSocketOption(level, name, (byte[])value?.Clone()!)));
            Same($"after [{Hex(value)}]", () => theirs.GetSocketOption(level, name), () => ours.GetSocketOption(level, name));
        }

        Get();
    }

    private static void Compare(string what, Func<object?> theirs, Func<object?> ours, List<string> differences)
    {
        string expected = Outcome(theirs);
        string actual = Outcome(ours);

        // An errno that .NET has no name for: System.Net.Sockets drops its number, ours keeps it (docs/from-dotnet.md).
        bool numberKept = expected == "SocketException SocketError -131074" && Regex.IsMatch(actual, @"^SocketException (\d+) \1$");
        if (!numberKept && !string.Equals(expected, actual, StringComparison.Ordinal))
        {
            differences.Add($"{what}: System.Net.Sockets {expected}, ours {actual}");
        }
    }

    private static string Outcome(Func<object?> call)
    {
        try
        {
            return call() switch
            {
                LingerOption linger => $"linger {linger.Enabled} {linger.LingerTime}",
                var value => value?.ToString() ?? "null",
            };
        }
        catch (SocketException exception)
        {
            return $"SocketException {exception.SocketErrorCode} {exception.NativeErrorCode}";
        }
        catch (ArgumentException exception)
        {
            return $"{exception.GetType().Name} {exception.ParamName}";
        }
        catch (Exception exception)
        {
            return exception.GetType().Name;
        }
    }

    private static string Done(Action call)
    {
        call();
        return "done";
    }

    private static byte[] Into(byte[] value, Action<byte[]> call)
    {
        call(value);
        return value;
    }

    private static string Hex(byte[]? value) => value is null ? "null" : Convert.ToHexString(value);

#pragma warning disable CS0618, CA1416 // Obsolete and Windows-only members are part of the face.
    private static bool Overlapped(SystemSocket socket) => (socket.UseOnlyOverlappedIO = true, socket.UseOnlyOverlappedIO).Item2;

    private static bool Overlapped(Socket socket) => (socket.UseOnlyOverlappedIO = true, socket.UseOnlyOverlappedIO).Item2;

    private static string Protect(SystemSocket socket, IPProtectionLevel level) => Done(() => socket.SetIPProtectionLevel(level));

    private static string Protect(Socket socket, IPProtectionLevel level) => Done(() => socket.SetIPProtectionLevel(level));
#pragma warning restore CS0618, CA1416
}
