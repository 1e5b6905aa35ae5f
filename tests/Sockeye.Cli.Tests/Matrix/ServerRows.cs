using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Sockeye.Cli.Tests.Samples;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>The rows of a program that is a server: one process for all that its peers do to it, well or badly.</summary>
public abstract class ServerRows(ProgramTable table, ProgramHost host)
{
    // Above what the peaks were (37 to 101 MiB, see artifacts/programs.md), and far below what a 10 MB line costs where each of
    // its chunks, or each of 1,000 clients, is kept.
    private const long MemoryMaxKib = 256 * 1024;

    private const string Date = @"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\] ";

    private const string Clock = @"\[\d\d:\d\d:\d\d\]";

    private readonly ProgramTable _table = table;
    private readonly ProgramHost _host = host;

    private protected Task RunAsync(string name, string what, Form form, Family family)
    {
        TestedProgram program = ProgramRows.Named(name);
        return _table.RunAsync(name, what, form, family, async () =>
        {
            ServerProgram server = await _host.ServerAsync(program, form, family);
            if (what == ProgramRows.Netcat)
            {
                await NetcatAsync(program, form, server);
            }
            else if (what == ProgramRows.Python)
            {
                await GoodAsync(program, form, server);
            }
            else
            {
                await BadAsync(program, what, form, server);
            }

            // It has said nothing that it would not say to people, and is the same process as before.
            Assert.False(server.Process.HasExited, $"it has ended:\n{server.Process.Errors}");
            Assert.DoesNotContain("   at ", server.Process.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("nhandled", server.Process.Errors, StringComparison.Ordinal);
            server.Process.Forget();
        });
    }

    private static string PeerName(TestedProgram program, Form form) =>
        program.Peer == "chat" ? $"chat-{form.ToString().ToLowerInvariant()}" : program.Peer;

    private async Task GoodAsync(TestedProgram program, Form form, ServerProgram server)
    {
        string name = PeerName(program, form);
        JsonElement lines = program.TakesDatagrams
            ? await _host.Python.RunAsync("good_datagrams", name, server.Endpoint, Buffer(program))
            : await _host.Python.RunAsync("good", name, server.Endpoint);
        await PrintedAsync(program, server, lines);
    }

    private async Task BadAsync(TestedProgram program, string what, Form form, ServerProgram server)
    {
        string name = PeerName(program, form);
        string function = (what, program.TakesDatagrams) switch
        {
            (ProgramRows.NoBytes, false) => "no_bytes",
            (ProgramRows.Binary, false) => "binary",
            (ProgramRows.LongLine, false) => "long_line",
            (ProgramRows.Crowd, false) => "crowd",
            (_, false) => "reset_midway",
            (ProgramRows.NoBytes, true) => "empty_datagram",
            (ProgramRows.Binary, true) => "binary_datagram",
            (ProgramRows.LongLine, true) => "long_datagrams",
            (ProgramRows.Crowd, true) => "crowd_datagrams",
            (_, true) => "senders_gone",
        };

        JsonElement result = program.TakesDatagrams
            ? await _host.Python.RunAsync(function, name, server.Endpoint, Buffer(program))
            : await _host.Python.RunAsync(function, name, server.Endpoint);
        if (what == ProgramRows.LongLine && program.Name == "sink (stream)")
        {
            // Each chunk is a line; the last of the two long lines ends before its connection does.
            int expected = result.GetInt32();
            await GoodAsync(program, form, server);
            int printed = server.Process.Output.Split('\n').Where(static line => line.EndsWith("xxxx", StringComparison.Ordinal))
                .Sum(static line => line.Length - line.LastIndexOf(' ') - 1);
            Assert.Equal(expected, printed);
        }
        else
        {
            await PrintedAsync(program, server, result);
            server.Process.Forget();
            await GoodAsync(program, form, server);
        }

        long peak = PeakKib(server.Process.Id);
        _table.Memory(program.Name, form, peak);
        Assert.True(peak <= MemoryMaxKib, $"{peak} KiB of memory");
    }

    private static int Buffer(TestedProgram program) => program.Options is ["--buffer", var bytes] ? int.Parse(bytes, CultureInfo.InvariantCulture) : 65536;

    private static long PeakKib(int process) => long.Parse(
        File.ReadLines($"/proc/{process}/status").First(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal))["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal),
        CultureInfo.InvariantCulture);

    // The sinks' answer is what they print: a line each.
    private static async Task PrintedAsync(TestedProgram program, ServerProgram server, JsonElement lines)
    {
        if (program.Peer != "sink" || lines.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        HashSet<string> printed = [];
        foreach (JsonElement line in lines.EnumerateArray().Reverse())  // with the last line, those before it are there
        {
            string peer = line[0].GetString()!, text = line[1].GetString()!;
            int cut = line[2].GetInt32();
            string expected = $"{peer} {text}{(cut == 0 ? "" : cut == 1 ? " (1 more byte was cut)" : $" ({cut} more bytes were cut)")}";
            if (printed.Contains(expected))
            {
                continue;
            }

            // A peer without a name has one of the server's making.
            await server.Process.WaitForOutputAsync(expected);
            printed = [.. server.Process.Output.Split('\n')];
            Assert.True(peer.Length == 0 || printed.Contains(expected), expected);
        }
    }

    private async Task NetcatAsync(TestedProgram program, Form form, ServerProgram server)
    {
        (string input, string expected) = (program.Peer, form) switch
        {
            ("time", _) => ("hello\n", $"^{Date}hello\n$"),
            ("reply", _) => ("hello\n", "^wie geht's\\?\n$"),
            ("greet", _) when program.TakesDatagrams => ("Michael\n", "^Hello, Michael!\n$"),
            ("greet", _) => ("Michael\nexit\n", "^Welcome!Hello, Michael!\n$"),
            ("chat", Form.Sample) => ("nick\nhello\n", @"^(\* .*\n)*\* nick is here\nnick: hello\n$"),
            ("chat", _) => ("nick\nhello\n/quit\n", $@"^-- Welcome, nick\..*\n{Clock} \* nick joined #lobby\n(--.*\n)*{Clock} nick: hello\n-- Good-bye\.\n$"),
            _ => ("from nc\n", "^$"),
        };

        SocketUri endpoint = SocketUri.Parse(server.Endpoint);
        string[] address = endpoint.EndPoint is IPEndPoint ip
            ? [ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? "-4" : "-6", $"{ip.Address}", $"{ip.Port}"]
            : ["-U", endpoint.EndPoint!.ToString()!];
        string[] options = !program.TakesDatagrams ? ["-N"] : endpoint.EndPoint is IPEndPoint ? ["-u"] : ["-u", "-s", _host.FreePath()];
        using BinaryProcess nc = BinaryProcess.Start("nc", "netcat-openbsd", [.. options, .. address]);
        string got;
        if (program.TakesDatagrams)
        {
            // A datagram socket has no end: as many bytes as the answer has, or as the sink has printed.
            await nc.WriteAsync(input);
            int answer = program.Peer switch { "time" => 27 + input.Length, "greet" => "Hello, Michael!\n".Length, _ => 0 };
            got = Encoding.UTF8.GetString(await nc.ReadAsync(answer));
        }
        else
        {
            (int code, byte[] output, string errors) = await nc.FinishAsync(input);
            Assert.Equal((0, ""), (code, errors));
            got = Encoding.UTF8.GetString(output);
        }

        Assert.Matches(new Regex(expected, RegexOptions.CultureInvariant), got);
        if (program.Peer == "sink")
        {
            int buffer = Buffer(program);
            await server.Process.WaitForOutputAsync(buffer == 4 ? " from (4 more bytes were cut)" : "from nc");
        }
    }
}
