using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests;

/// <summary>
/// The proof under load: the real server in its own process, 2,000 line clients in one room, 200 messages, and 500
/// members killed midway.
/// </summary>
public sealed class LoadTests
{
    private const int Members = 2_000;
    private const int Messages = 200;
    private const int Killed = 500;
    private const int ConnectingAtOnce = 128;

    [Fact(Timeout = 90_000)]
    public async Task Two_thousand_members_see_one_order_and_killing_five_hundred_disturbs_nobody()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync("--log-level", "Warning");
        using ToolProcess serverOwner = server;
        long start = Stopwatch.GetTimestamp();

        // Everybody comes in, and hears those who come after.
        var members = new Member[Members];
        for (int from = 0; from < Members; from += ConnectingAtOnce)
        {
            await Task.WhenAll(Enumerable.Range(from, Math.Min(ConnectingAtOnce, Members - from))
                .Select(async i => members[i] = await Member.ConnectAsync(endPoint, i)));
        }

        await Task.WhenAll(members.Select(static member => member.Entered)).WaitAsync(TimeSpan.FromSeconds(30));
        TimeSpan entered = Stopwatch.GetElapsedTime(start);

        // The last ones die. Half of the messages are said before that, half after, each by somebody else; those in
        // flight at that moment are cut off in the middle of whatever the kernel was sending them.
        Member[] survivors = members[..(Members - Killed)];
        Member[] victims = members[(Members - Killed)..];
        for (int i = 0; i < Messages / 2; i++)
        {
            await survivors[i * 7].SayAsync(i);
        }

        foreach (Member victim in victims)
        {
            victim.Kill();
        }

        for (int i = Messages / 2; i < Messages; i++)
        {
            await survivors[i * 7].SayAsync(i);
        }

        await Task.WhenAll(survivors.Select(static member => member.HasAll)).WaitAsync(TimeSpan.FromSeconds(30));
        TimeSpan talked = Stopwatch.GetElapsedTime(start) - entered;

        int[] order = survivors[0].Order;
        Assert.Equal(Enumerable.Range(0, Messages), order.Order()); // none lost, none twice
        foreach (Member member in survivors)
        {
            Assert.True(member.Chain == survivors[0].Chain, $"member {member.Number} saw another order or another time");
            Assert.Equal(order, member.Order);
        }

        // The dead never saw anything else than a beginning of it.
        await Task.WhenAll(victims.Select(static member => member.Gone)).WaitAsync(TimeSpan.FromSeconds(10));
        foreach (Member member in victims)
        {
            Assert.Equal(order[..member.Order.Length], member.Order);
        }

        (double cpuSeconds, long peakKiB) = Cost(server.Id);

        // Ctrl-C tells everybody, and the server ends well.
        await server.SignalAsync("INT");
        Assert.Equal(0, await server.EndAsync());
        await Task.WhenAll(survivors.Select(static member => member.Gone)).WaitAsync(TimeSpan.FromSeconds(10));
        foreach (Member member in survivors)
        {
            Assert.True(member.HeardGoodBye, $"member {member.Number} was not told of the end");
            Assert.Equal(Killed, member.Departures);
        }

        Assert.Equal("", server.Errors);
        string numbers = string.Create(CultureInfo.InvariantCulture,
            $"{Members} members entered in {entered.TotalSeconds:0.00} s, {Messages} messages and {Killed} deaths in {talked.TotalSeconds:0.00} s; server: {cpuSeconds:0.00} s of CPU, {peakKiB / 1024} MiB at its peak");
        TestContext.Current.TestOutputHelper?.WriteLine(numbers);
        TestContext.Current.SendDiagnosticMessage(numbers);
    }

    /// <summary>User and system time, and the largest resident set, from proc(5).</summary>
    private static (double CpuSeconds, long PeakKiB) Cost(int process)
    {
        const double TicksPerSecond = 100; // USER_HZ
        string stat = File.ReadAllText($"/proc/{process}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        double cpu = (long.Parse(fields[11]) + long.Parse(fields[12])) / TicksPerSecond;
        string peak = File.ReadLines($"/proc/{process}/status").First(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return (cpu, long.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]));
    }

    /// <summary>One client: keeps no text, only a hash chain over the lines with messages, and their order.</summary>
    private sealed class Member
    {
        private const ulong FnvPrime = 1_099_511_628_211;
        private static readonly byte[] Mark = "load-message-"u8.ToArray();

        private readonly Socket _socket;
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _hasAll = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<int> _order = new(Messages);
        private readonly byte[] _ownArrival;
        private byte[] _buffer = new byte[4_096];
        private int _length;

        private Member(Socket socket, int number)
        {
            _socket = socket;
            Number = number;
            _ownArrival = Encoding.ASCII.GetBytes($"* m{number} joined");
            Gone = ReadAsync();
        }

        public int Number { get; }

        public Task Entered => _entered.Task;

        /// <summary>Every message has come, and the news of every death.</summary>
        public Task HasAll => _hasAll.Task;

        public Task Gone { get; }

        public int[] Order => [.. _order];

        public ulong Chain { get; private set; } = 14_695_981_039_346_656_037;

        public int Departures { get; private set; }

        public bool HeardGoodBye { get; private set; }

        public static async Task<Member> ConnectAsync(EndPoint endPoint, int number)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(endPoint);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"m{number}\n"), SocketFlags.None);
            return new Member(socket, number);
        }

        public async Task SayAsync(int message) =>
            await _socket.SendAsync(Encoding.ASCII.GetBytes($"load-message-{message} from m{Number}\n"), SocketFlags.None);

        /// <summary>Gone with a reset, whatever is on its way.</summary>
        public void Kill()
        {
            _socket.LingerState = new LingerOption(true, 0);
            _socket.Close();
        }

        private async Task ReadAsync()
        {
            try
            {
                while (true)
                {
                    int received = await _socket.ReceiveAsync(_buffer.AsMemory(_length), SocketFlags.None);
                    if (received == 0)
                    {
                        break;
                    }

                    _length += received;
                    TakeLines();
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Killed.
            }

            var error = new InvalidOperationException($"the connection of member {Number} ended");
            _entered.TrySetException(error);
            _hasAll.TrySetException(error);
        }

        private void TakeLines()
        {
            ReadOnlySpan<byte> rest = _buffer.AsSpan(0, _length);
            for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
            {
                TakeLine(rest[..end]);
            }

            rest.CopyTo(_buffer);
            _length = rest.Length;
        }

        private void CompleteIfAll()
        {
            if (_order.Count == Messages && Departures == Killed)
            {
                _hasAll.TrySetResult();
            }
        }

        private void TakeLine(ReadOnlySpan<byte> line)
        {
            int mark = line.IndexOf(Mark);
            if (mark >= 0)
            {
                ReadOnlySpan<byte> number = line[(mark + Mark.Length)..];
                _order.Add(int.Parse(number[..number.IndexOf((byte)' ')]));
                foreach (byte b in line)
                {
                    Chain = unchecked((Chain ^ b) * FnvPrime);
                }

                CompleteIfAll();
            }
            else if (line.IndexOf(_ownArrival) >= 0)
            {
                _entered.TrySetResult();
            }
            else if (line.IndexOf(" left the chat"u8) >= 0)
            {
                Departures++;
                CompleteIfAll();
            }
            else if (line.SequenceEqual("-- The chat is closing. Good-bye."u8))
            {
                HeardGoodBye = true;
            }
        }
    }
}
