using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye.Tests.Options;

/// <summary>The structures of TCP's authentication option, byte for byte; few kernels are built with it.</summary>
public sealed class TcpAuthenticationTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // The structures are those that abi-options.c declares; bit fields have no offset that it could print.
    private const string Program = """
        #include <linux/socket.h>
        #include <linux/types.h>
        #include <stdio.h>
        #include <string.h>
        struct add { struct __kernel_sockaddr_storage addr; char alg_name[64]; __s32 ifindex;
            __u32 set_current : 1, set_rnext : 1, reserved : 30; __u16 reserved2;
            __u8 prefix, sndid, rcvid, maclen, keyflags, keylen, key[80]; } __attribute__((aligned(8)));
        struct del { struct __kernel_sockaddr_storage addr; __s32 ifindex;
            __u32 set_current : 1, set_rnext : 1, del_async : 1, reserved : 29; __u16 reserved2;
            __u8 prefix, sndid, rcvid, current_key, rnext, keyflags; } __attribute__((aligned(8)));
        struct info { __u32 set_current : 1, set_rnext : 1, ao_required : 1, set_counters : 1, accept_icmps : 1, reserved : 27;
            __u16 reserved2; __u8 current_key, rnext;
            __u64 pkt_good, pkt_bad, pkt_key_not_found, pkt_ao_required, pkt_dropped_icmp; } __attribute__((aligned(8)));
        static void peer(void *addr) { memcpy(addr, "\x02\0\0\0\xC0\0\x02\x01", 8); }
        static void print(const void *p, size_t n) { for (size_t i = 0; i < n; i++) printf("%02X", ((const unsigned char *)p)[i]); puts(""); }
        int main(void) {
            struct add a; memset(&a, 0, sizeof a); peer(&a.addr); strcpy(a.alg_name, "cmac(aes128)"); a.ifindex = 3; a.set_rnext = 1;
            a.prefix = 24; a.sndid = 100; a.rcvid = 101; a.maclen = 16; a.keyflags = 3; a.keylen = 7; memcpy(a.key, "hunter2", 7);
            print(&a, sizeof a);
            struct del d; memset(&d, 0, sizeof d); peer(&d.addr); d.set_current = 1; d.del_async = 1; d.prefix = 32; d.sndid = 100;
            d.rcvid = 101; d.current_key = 9;
            print(&d, sizeof d);
            struct info i; memset(&i, 0, sizeof i); i.set_rnext = 1; i.ao_required = 1; i.set_counters = 1; i.accept_icmps = 1; i.rnext = 7;
            i.pkt_good = 1; i.pkt_bad = 2; i.pkt_key_not_found = 3; i.pkt_ao_required = 4; i.pkt_dropped_icmp = 5;
            print(&i, sizeof i);
            return 0;
        }
        """;

    [Fact]
    public async Task The_structures_are_those_of_a_C_program()
    {
        TcpAuthenticationAdd add = TcpAuthenticationKeyLayout.ToKernel(new TcpAuthenticationKey(IPAddress.Parse("192.0.2.1"), 100, 101, "hunter2"u8)
        {
            Algorithm = "cmac(aes128)",
            PrefixLength = 24,
            CodeLength = 16,
            InterfaceIndex = 3,
            ExcludeOptions = true,
            SetNext = true,
        });
        TcpAuthenticationDelete delete = TcpAuthenticationRemovalLayout.Instance.ToKernel(
            new TcpAuthenticationKeyRemoval(IPAddress.Parse("192.0.2.1"), 100, 101) { CurrentKey = 9, Asynchronous = true });
        var settings = new TcpAuthentication
        {
            NextKey = 7,
            IsRequired = true,
            AcceptIcmp = true,
            SetCounters = true,
            Verified = 1,
            Failed = 2,
            KeyNotFound = 3,
            Unsigned = 4,
            DroppedIcmp = 5,
        };
        TcpAuthenticationState state = TcpAuthenticationLayout.Instance.ToKernel(settings);
        Assert.Equal([Hex(add), Hex(delete), Hex(state)], await Run(Program));
        Assert.Equal(settings, TcpAuthenticationLayout.Instance.FromKernel(state));
    }

    [Fact]
    public void A_key_is_read_without_its_secret()
    {
        var entry = new TcpAuthenticationEntry
        {
            Peer = MulticastStructures.Storage(IPAddress.Parse("2001:db8::1")),
            Bits = 1,
            SendId = 100,
            ReceiveId = 101,
            PrefixLength = 128,
            CodeLength = 12,
            KeyFlags = 2,
            KeyLength = 7,
            Good = 8,
            Bad = 9,
        };
        "hmac(sha1)"u8.CopyTo(entry.Algorithm);
        "hunter2"u8.CopyTo(entry.Key);
        Assert.Equal(
            new TcpAuthenticationKeyState(IPAddress.Parse("2001:db8::1"), 128, 100, 101, "hmac(sha1)", 12, null, true, true, false, 8, 9),
            TcpAuthenticationKeysLayout.FromKernel(entry));
    }

    [Fact]
    public void A_secret_is_never_printed()
    {
        var key = new TcpAuthenticationKey(IPAddress.Parse("192.0.2.1"), 1, 2, "hunter2"u8);
        Assert.Equal("192.0.2.1, hmac(sha1), sent as 1, received as 2, a secret of 7 bytes", key.ToString());
        Assert.Throws<ArgumentException>("secret", () => new TcpAuthenticationKey(IPAddress.Loopback, 1, 2, new byte[81]));
        Assert.Throws<ArgumentException>("value", () => TcpAuthenticationKeyLayout.ToKernel(
            new TcpAuthenticationKey(IPAddress.Loopback, 1, 2, []) { Algorithm = new string('a', 64) }));
    }

    [Fact]
    public void Initial_sequence_numbers_are_in_network_order()
    {
        var repair = new TcpAuthenticationRepair(0x01020304, 0x05060708, 1, 2);
        TcpAuthenticationRepairState state = TcpAuthenticationRepairLayout.Instance.ToKernel(repair);
        Assert.Equal("01020304050607080100000002000000", Hex(state));
        Assert.Equal(repair, TcpAuthenticationRepairLayout.Instance.FromKernel(state));
    }

    private static string Hex<T>(T structure)
        where T : unmanaged =>
        Convert.ToHexString(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in structure)));

    private static async Task<string[]> Run(string program)
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-ao-{Guid.NewGuid():N}");
        try
        {
            await RunProcess("cc", ["-x", "c", "-o", path, "-"], program);
            string output = await RunProcess(path, [], "");
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task<string> RunProcess(string file, string[] arguments, string input)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        Process started;
        try
        {
            started = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception) when (file == "cc")
        {
            Assert.Skip("No C compiler: install gcc and libc6-dev.");
            throw;
        }

        using Process process = started;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(Limit);
        Assert.Equal(0, process.ExitCode);
        return await output;
    }
}
