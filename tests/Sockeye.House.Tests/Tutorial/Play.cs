using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Sockeye.House.Tests.Tutorial;

/// <summary>
/// Plays a console block: "NAME $ command" starts a program in a terminal of that name, "NAME > text" types a line there,
/// "NAME | text" is the next that is seen there, "NAME > ^D" ends the input.
/// </summary>
/// <remarks>Samples and the tool are the built ones. The page's ports become free ones, so that plays disturb nobody.</remarks>
internal sealed partial class Play : IDisposable
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, Terminal> _terminals = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sockeye-play-");

    public static async Task RunAsync(string text)
    {
        Assert.SkipWhen(Netcat().IsMatch(text) && !Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "nc"))),
            "nc is not installed; in Debian it is in the package netcat-openbsd.");
        using Play play = new();
        foreach (string line in WithFreePorts(WithDefaults(text)).Split('\n'))
        {
            await play.PlayAsync(line);
        }

        // What was said, and is not on the page.
        foreach (Terminal terminal in play._terminals.Values)
        {
            terminal.AssertNothingLeft();
        }
    }

    public void Dispose()
    {
        foreach (Terminal terminal in _terminals.Values)
        {
            terminal.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    private async Task PlayAsync(string line)
    {
        Match match = Line().Match(line);
        Assert.True(match.Success, $"Not a line of a play, NAME $ command, NAME > input, NAME | output: {line}");
        (string name, string text) = (match.Groups["name"].Value, match.Groups["text"].Value);
        if (match.Groups["kind"].Value == "$")
        {
            if (_terminals.Remove(name, out Terminal? before))
            {
                await before.EndAsync();
            }

            _terminals[name] = new Terminal(line, Real(text), _folder.FullName);
            if (Listening().Match(text) is { Success: true } listening)
            {
                await ListeningAsync(int.Parse(listening.Groups["port"].Value));
            }

            return;
        }

        Assert.True(_terminals.TryGetValue(name, out Terminal? terminal), $"Nothing was started at {name}: {line}");
        if (match.Groups["kind"].Value == "|")
        {
            await terminal.SeeAsync(text);
        }
        else
        {
            terminal.Type(text);
        }
    }

    // As the reader types it, and as it is run here.
    private static string Real(string command)
    {
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string samples = House.PathOf("samples", "together", "bin", configuration, "net10.0", "Samples.dll");
        string tool = Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll");
        command = Sample().Replace(command, match => $"'{Shell.Dotnet}' exec '{samples}' {match.Groups["name"].Value}");
        return command.Replace("./sockeye ", $"'{Shell.Dotnet}' exec '{tool}' ", StringComparison.Ordinal);
    }

    // A sample without an endpoint has one of its own. Said aloud, its port can be another.
    private static string WithDefaults(string text) => SampleAlone().Replace(text, match =>
        $"{match.Value} {Default().Match(File.ReadAllText(House.PathOf("samples", match.Groups["name"].Value + ".cs"))).Groups["endpoint"].Value}");

    private static string WithFreePorts(string text) =>
        Port().Matches(text).Select(match => match.Value).Distinct()
            .Aggregate(text, (changed, port) => Regex.Replace(changed, $@"\b{port}\b", FreePort().ToString(), RegexOptions.None, TimeSpan.FromSeconds(1)));

    // Below the ports that the kernel gives to clients, so that none of them takes it in between.
    private static int FreePort()
    {
        while (true)
        {
            int port = Random.Shared.Next(20_000, 32_000);
            try
            {
                foreach ((SocketType type, ProtocolType protocol) in new[] { (SocketType.Stream, ProtocolType.Tcp), (SocketType.Dgram, ProtocolType.Udp) })
                {
                    using System.Net.Sockets.Socket probe = new(AddressFamily.InterNetworkV6, type, protocol) { DualMode = true };
                    probe.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
                }

                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody has it. There are others.
            }
        }
    }

    // nc does not say when it listens; the kernel's list of sockets (proc_net(5)) does: state 0A.
    private static async Task ListeningAsync(int port)
    {
        using CancellationTokenSource limit = new(_limit);
        while (!File.ReadLines("/proc/net/tcp").Any(line => line.Contains($":{port:X4} 00000000:0000 0A", StringComparison.Ordinal)))
        {
            await Task.Delay(10, limit.Token);
        }
    }

    [GeneratedRegex(@"^(?<name>[a-z]+) +(?<kind>[$>|])( (?<text>.*))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Line();

    [GeneratedRegex(@"\bnc ", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Netcat();

    [GeneratedRegex(@"\bnc -l .*\b(?<port>\d{4,5})\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Listening();

    [GeneratedRegex(@"dotnet run samples/(?<name>[a-z-]+)\.cs", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Sample();

    [GeneratedRegex(@"dotnet run samples/(?<name>[a-z-]+)\.cs$", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex SampleAlone();

    [GeneratedRegex(@"FirstOrDefault\(""(?<endpoint>[^""]+)""\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Default();

    // Those that the page uses.
    [GeneratedRegex(@"\b(?:6667|8000|8079|8888|9999)\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Port();

    /// <summary>A program, and what it has said so far that no line of the play has asked for.</summary>
    private sealed class Terminal : IDisposable
    {
        private readonly string _line;
        private readonly Process _process;
        private readonly Task _read;
        private readonly StringBuilder _seen = new();
        private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Terminal(string line, string command, string folder)
        {
            _line = line;
            _process = Shell.Start("sh", ["-c", $"{{ {command}; }} 2>&1"], folder, keepInput: true);
            _read = ReadAsync();
        }

        public void Type(string text)
        {
            if (text == "^D")
            {
                _process.StandardInput.Close();
                return;
            }

            _process.StandardInput.Write(text + '\n');
            _process.StandardInput.Flush();
        }

        public async Task SeeAsync(string text)
        {
            // Only a line that is not empty may still stand without its end.
            string pattern = $@"\A{Varying.Pattern(text)}(\n|(?<=.)\z)";
            using CancellationTokenSource limit = new(_limit);
            while (true)
            {
                bool hasEnded = _read.IsCompleted;
                if (Take(pattern, out string seen, out Task more))
                {
                    return;
                }

                // A whole line that is another, or no more to come.
                Assert.False(hasEnded || seen.Contains('\n', StringComparison.Ordinal), $"{_line}\nis to say\n{text}\nand said\n{seen}");
                await Task.WhenAny(more, _read, Task.Delay(_limit, limit.Token));
                Assert.False(limit.IsCancellationRequested, $"{_line}\nis to say\n{text}\nand said within {_limit.TotalSeconds} s\n{seen}");
            }
        }

        /// <summary>Another program is to be started here: this one must have come to its end.</summary>
        public async Task EndAsync()
        {
            await _read.WaitAsync(_limit);
            AssertNothingLeft();
            Dispose();
        }

        public void AssertNothingLeft()
        {
            lock (_seen)
            {
                Assert.True(string.IsNullOrWhiteSpace(_seen.ToString()), $"{_line}\nsaid more than the page shows:\n{_seen}");
            }
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit(_limit);
            }

            _process.Dispose();
        }

        private bool Take(string pattern, out string seen, out Task more)
        {
            lock (_seen)
            {
                (seen, more) = (_seen.ToString(), _more.Task);
                Match match = Regex.Match(seen, pattern, RegexOptions.None, TimeSpan.FromSeconds(1));
                _seen.Remove(0, match.Length);
                return match.Success;
            }
        }

        private async Task ReadAsync()
        {
            char[] buffer = new char[4096];
            for (int length; (length = await _process.StandardOutput.ReadAsync(buffer)) > 0;)
            {
                TaskCompletionSource told;
                lock (_seen)
                {
                    _seen.Append(buffer, 0, length).Replace("\r", "");
                    (told, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                }

                told.SetResult();
            }
        }
    }
}
