using System.Diagnostics;
using System.Net;
using Sockeye.Families;

namespace Sockeye.Tests.Families;

/// <summary>Our bytes are those a C program writes into the headers' structures: addresses.c, and its output.</summary>
public sealed class AddressBytesTests
{
    private static readonly Dictionary<string, EndPoint> EndPoints = new(StringComparer.Ordinal)
    {
        ["unix-path"] = new UnixEndPoint("/run/x"),
        ["unix-abstract"] = UnixEndPoint.Abstract("na\0me\u00ff"u8[..5].ToArray().Append((byte)0xff).ToArray()),
        ["unix-abstract-empty"] = UnixEndPoint.Abstract(""),
        ["unix-unnamed"] = UnixEndPoint.Unnamed,
        ["unix-path-longest"] = new UnixEndPoint(new string('p', 108)),
        ["unix-path-longest-but-one"] = new UnixEndPoint(new string('p', 107)),
        ["inet"] = new IPEndPoint(IPAddress.Loopback, 8080),
        ["inet6-scope"] = new Ipv6EndPoint(Scoped, 8080),
        ["inet6-flow"] = new Ipv6EndPoint(Scoped, 8080, 0x0ab12345),
        ["netlink"] = new NetlinkEndPoint(0x01020304, 0x80000011),
        ["vsock"] = new VsockEndPoint(0x05060708, 0x01020304),
        ["vsock-any"] = new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.AnyPort, VsockFlags.ToHost),
        ["tipc-service"] = TipcEndPoint.Service(1000, 0x01020304, 0x01001001, TipcScope.Zone),
        ["tipc-range"] = TipcEndPoint.Range(1000, 7, 9, TipcScope.Node).ToUnbind(),
        ["tipc-port"] = TipcEndPoint.Port(77, 0x01001001),
        ["packet-interface"] = new PacketEndPoint(0x01020304),
        ["packet"] = new PacketEndPoint(0x01020304, 0x86dd, [0x02, 0x00, 0x5e, 0x10, 0x00, 0x01], 0x0506, PacketType.Outgoing),
        ["can-raw"] = new CanEndPoint(0x01020304),
        ["can-isotp"] = CanEndPoint.IsoTp(0x01020304, 0x98da10f1, 0x7e0),
        ["can-j1939"] = CanEndPoint.J1939(0x01020304, 0x0102030405060708, 0x12300, 0x20),
    };

    private static IPAddress Scoped => new(IPAddress.Parse("fe80::1:2").GetAddressBytes(), 0x01020304);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Families");

    [Fact]
    public void Bytes_are_those_of_the_C_headers() => Compare(File.ReadAllLines(Path.Combine(Folder, "addresses.txt")));

    [Fact]
    public void Bytes_are_those_of_this_machines_compiler()
    {
        string program = Path.Combine(Path.GetTempPath(), $"sockeye-addresses-{Environment.ProcessId}");
        try
        {
            Run("cc", "-Wall", "-Werror", "-o", program, Path.Combine(Folder, "addresses.c"));
            string[] lines = Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Compare(lines);
            Assert.Equal(File.ReadAllLines(Path.Combine(Folder, "addresses.txt")), lines);
        }
        finally
        {
            File.Delete(program);
        }
    }

    private static void Compare(string[] lines)
    {
        Assert.Equal(EndPoints.Keys.Order(StringComparer.Ordinal), lines.Select(static line => line.Split(' ')[0]).Order(StringComparer.Ordinal));
        foreach (string[] parts in lines.Select(static line => line.Split(' ')))
        {
            EndPoint ours = EndPoints[parts[0]];
            byte[] theirs = Convert.FromHexString(parts[1]);
            Assert.Equal($"{parts[0]} {parts[1]}", $"{parts[0]} {Convert.ToHexStringLower(RandomEndPoints.Serialized(ours))}");
            Span<byte> room = new byte[128];
            Assert.Equal(theirs, room[..AddressCodecs.Encode(ours, room)].ToArray());
            EndPoint? decoded = AddressCodecs.Decode(theirs, like: ours);
            Assert.Equal(ours, decoded);
            Assert.Equal(ours.ToString(), decoded!.ToString());
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)), $"{program} did not end.");
            Assert.True(process.ExitCode == 0, $"{program}: {errors.GetAwaiter().GetResult()}");
            return output.GetAwaiter().GetResult();
        }
        catch (System.ComponentModel.Win32Exception) when (program == "cc")
        {
            Assert.Skip("No C compiler: install gcc and libc6-dev.");
            throw;
        }
    }
}
