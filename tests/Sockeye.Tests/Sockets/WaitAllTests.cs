using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sockeye.Tests.Names;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>MSG_WAITALL in all that it meets while it waits. What it is worth to each member, <see cref="FlagTests"/> compare with the kernel.</summary>
public abstract class WaitAllTests(SocketStyle style) : StyledTest(style)
{
    // A step of a UNIX stream: bytes, then + for a descriptor with them, ! for another writer's credentials; behind the bar what
    // comes while the receive waits.
    private static readonly (string Script, string Flags, bool Credentials)[] OfUnix =
    [
        ("ab+ cd", "WaitAll", false),
        ("ab+ | cd", "WaitAll", false),
        ("ab cd+ ef", "WaitAll", false),
        ("ab | cd+ ef", "WaitAll", false),
        ("ab cd+ ef", "Peek+WaitAll", false),
        ("ab cd", "WaitAll", true),
        ("ab | cd ef", "WaitAll", true),
        ("ab | cd+ ef", "WaitAll", true),
        ("ab cd! ef", "WaitAll", true),
        ("ab | cd! ef", "WaitAll", true),
        ("ab cd! ef", "Peek+WaitAll", true),
    ];

    private static readonly string[] Members = ["Receive", "ReceiveFrom", "ReceiveMessage"];

    [Fact(Timeout = Limit)]
    public Task WaitAll_takes_more_than_the_receive_buffer_holds() => Test(async () =>
    {
        byte[] data = Bytes(1_000_000);
        foreach (string member in Members)
        {
            using Pair pair = await Narrow();
            byte[] buffer = new byte[data.Length];
            Task<Outcome<int>> receive = Receive(member, pair.Server, buffer, SocketFlags.WaitAll);
            await Bounded(pair.Client.SendAsync(data.AsMemory()).AsTask());
            Assert.Equal(data.Length, (await Bounded(receive)).Value);
            Assert.True(data.AsSpan().SequenceEqual(buffer));
        }
    });

    // The kernel gives no more before something is read: a peek for more waits for its limit, and returns what it saw.
    [Fact(Timeout = Limit)]
    public Task A_peek_for_more_than_the_receive_buffer_holds_reports_at_its_limit_what_there_is() => Test(async () =>
    {
        foreach (string member in Members)
        {
            using Pair pair = await Narrow();
            using var source = new CancellationTokenSource();
            byte[] data = Bytes(2_000_000);
            Task<int> send = pair.Client.SendAsync(data.AsMemory()).AsTask();
            pair.Server.Timeout = TimeSpan.FromMilliseconds(300);
            using var counting = new CountingMemory(new byte[data.Length]);
            Outcome<int> peek = await Bounded(Receive(member, pair.Server, counting.Memory, SocketFlags.WaitAll | SocketFlags.Peek));
            Assert.Equal(SocketError.Success, peek.Error);
            Assert.InRange(peek.Value, 1, data.Length - 1);
            Assert.True(data.AsSpan(0, peek.Value).SequenceEqual(counting.GetSpan()[..peek.Value]));
            Assert.InRange(counting.Attempts, 0, 2000);
            pair.Server.Timeout = null;
            byte[] all = new byte[data.Length];
            Assert.Equal(data.Length, (await Bounded(Receive(member, pair.Server, all, SocketFlags.WaitAll))).Value);
            Assert.True(data.AsSpan().SequenceEqual(all));
            Assert.Equal(data.Length, await Bounded(send));
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_peek_that_waits_for_all_sleeps_until_there_is_more() => Test(async () =>
    {
        foreach (AddressFamily family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            using Pair pair = await Connected(family);
            await pair.Client.SendAsync("abc"u8.ToArray().AsMemory());
            await pair.Server.WaitAsync(SocketEvents.Readable);
            using var counting = new CountingMemory(new byte[6]);
            Task<Outcome<ReceivedMessage>> peek = Style.ReceiveMessage(
                pair.Server, counting.Memory, flags: SocketFlags.WaitAll | SocketFlags.Peek);
            await Task.Delay(Moment * 4);
            Assert.False(peek.IsCompleted);

            // One that spins makes thousands; the engine of chances invents some.
            Assert.InRange(counting.Attempts, 1, 60);
            await pair.Client.SendAsync("def"u8.ToArray().AsMemory());
            Assert.Equal(6, (await Bounded(peek)).Value.Length);
            Assert.Equal("abcdef"u8, counting.GetSpan());
            Assert.InRange(counting.Attempts, 1, 80);
        }
    });

    [Fact(Timeout = Limit)]
    public Task WaitAll_reports_what_came_before_Dispose() => Test(async () =>
    {
        foreach (string member in Members)
        {
            using Pair pair = await Connected();
            byte[] buffer = new byte[6];
            Task<Outcome<int>> receive = Receive(member, pair.Server, buffer, SocketFlags.WaitAll);
            await pair.Client.SendAsync("abc"u8.ToArray().AsMemory());
            await Eventually(() => buffer[2] == 'c');
            await Task.Delay(Moment);
            Assert.False(receive.IsCompleted);
            pair.Server.Dispose();
            Outcome<int> outcome = await Bounded(receive);
            Assert.Equal((SocketError.Success, 3), (outcome.Error, outcome.Value));
        }
    });

    // Only asynchronous calls take a token.
    [Fact(Timeout = Limit)]
    public Task WaitAll_reports_what_came_before_it_was_canceled() => Test(async () =>
    {
        foreach (string member in Style.IsSync ? [] : Members)
        {
            using Pair pair = await Connected();
            using var source = new CancellationTokenSource();
            byte[] buffer = new byte[6];
            Task<Outcome<int>> receive = Receive(member, pair.Server, buffer, SocketFlags.WaitAll, source.Token);
            await pair.Client.SendAsync("abc"u8.ToArray().AsMemory());
            await Eventually(() => buffer[2] == 'c');
            await source.CancelAsync();
            Outcome<int> outcome = await Bounded(receive);
            Assert.Equal((SocketError.Success, 3), (outcome.Error, outcome.Value));
            await pair.Client.SendAsync("def"u8.ToArray().AsMemory());
            Assert.Equal(3, (await Bounded(Receive(member, pair.Server, buffer, SocketFlags.None))).Value);
        }
    });

    [Fact(Timeout = Limit)]
    public Task WaitAll_keeps_the_sender_of_what_came_before_the_end() => Test(async () =>
    {
        using Socket listener = Unix();
        listener.Bind(UnixEndPoint.Autobind);
        listener.Listen();
        using Socket client = Unix();
        client.Bind(UnixEndPoint.Autobind);
        client.Connect(listener.LocalEndPoint!);
        using Socket server = listener.Accept();
        client.Send("abc"u8);
        client.Shutdown(SocketShutdown.Send);
        var peer = new SocketAddress(AddressFamily.Unspecified, 128);
        using ReceivedMessage message = (await Bounded(Style.ReceiveMessage(server, new byte[6], new byte[64], peer, SocketFlags.WaitAll))).Value;
        Assert.Equal((3, client.LocalEndPoint!.ToString()), (message.Length, message.Peer!.ToString()));
    });

    // A peek that goes on where the last one ended sees nothing twice.
    [Fact(Timeout = Limit)]
    public Task A_peek_with_an_offset_of_its_own_fills_the_buffer() => Test(async () =>
    {
        using Pair pair = await Connected();
        SocketResult set = pair.Server.TrySetOption(SocketOptions.PeekOffset, 0);
        Assert.SkipUnless(set.IsSuccess, $"TCP has no SO_PEEK_OFF before Linux 6.10: {set.ErrnoName}");
        byte[] buffer = new byte[6];
        Task<Outcome<int>> peek = Style.Receive(pair.Server, buffer, SocketFlags.WaitAll | SocketFlags.Peek);
        await pair.Client.SendAsync("abc"u8.ToArray().AsMemory());
        await Task.Delay(Moment);
        await pair.Client.SendAsync("def"u8.ToArray().AsMemory());
        Assert.Equal(6, (await Bounded(peek)).Value);
        Assert.Equal("abcdef"u8, buffer);
        Assert.Equal(6, pair.Server.Available);
    });

    [Fact(Timeout = Limit)]
    public Task WaitAll_ends_where_descriptors_and_other_writers_end_it_for_the_kernel() => Test(async () =>
    {
        // Another's credentials may be told by root alone.
        var scripts = OfUnix.Where(static one => Environment.IsPrivilegedProcess || !one.Script.Contains('!')).ToArray();
        JsonElement answers = await Python.Ask(
            Kernel,
            scripts.Select(static one => new { script = one.Script, peek = one.Flags.StartsWith("Peek", StringComparison.Ordinal), credentials = one.Credentials }));
        for (int i = 0; i < scripts.Length; i++)
        {
            (string script, string flags, bool credentials) = scripts[i];
            using Pair pair = await Connected(AddressFamily.Unix);
            if (credentials)
            {
                pair.Server.SetOption(SocketOptions.PassCredentials, true);
            }

            string[] parts = script.Split('|');
            SendSteps(pair.Client, parts[0]);
            byte[] buffer = new byte[6];
            byte[] control = new byte[SocketControl.Credentials.Space() + SocketControl.HandlesSpace(2)];
            Task<Outcome<ReceivedMessage>> receive = Style.ReceiveMessage(
                pair.Server, buffer, control, flags: flags == "WaitAll" ? SocketFlags.WaitAll : SocketFlags.Peek | SocketFlags.WaitAll);
            await Task.Delay(30);
            SendSteps(pair.Client, parts.Length > 1 ? parts[1] : "");
            pair.Client.Shutdown(SocketShutdown.Send);
            using ReceivedMessage message = (await Bounded(receive)).Value;
            message.Control.TryGet(SocketControl.Credentials, out PeerCredentials writer);
            string ours = $"{Encoding.ASCII.GetString(buffer, 0, message.Length)} {message.HandleCount} {(!credentials ? "" : writer.ProcessId == 1 ? "other" : "own")}";
            Assert.Equal($"{script} {flags}: {answers[i].GetString()}", $"{script} {flags}: {ours}");
        }
    });

    private static void SendSteps(Socket socket, string steps)
    {
        foreach (string step in steps.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            byte[] control = [];
            if (step.EndsWith('!'))
            {
                control = new byte[SocketControl.Credentials.Space()];
                new ControlWriter(control).Add(SocketControl.Credentials, new PeerCredentials(1, 0, 0));
            }

            socket.SendMessage(new OutgoingMessage(Encoding.ASCII.GetBytes(step.TrimEnd('+', '!')))
            {
                Control = control,
                Handles = step.EndsWith('+') ? new SafeHandle[] { socket.SafeHandle } : null,
            });
        }
    }

    private async Task<Outcome<int>> Receive(string member, Socket socket, Memory<byte> buffer, SocketFlags flags, CancellationToken token = default)
    {
        if (member != "ReceiveMessage")
        {
            return await (member == "Receive" ? Style.Receive(socket, buffer, flags, token) : Style.ReceiveFrom(socket, buffer, flags, token));
        }

        Outcome<ReceivedMessage> outcome = await Style.ReceiveMessage(socket, buffer, flags: flags, token: token);
        return new Outcome<int>(outcome.Value.Length, outcome.Error, outcome.Errno, outcome.BytesTransferred, outcome.BytesLost, outcome.Message);
    }

    private const string Kernel = """
        import array, os, struct, threading, time

        def send(s, steps):
            for step in steps.split():
                control = []
                if step.endswith('+'):
                    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [s.fileno()]))]
                if step.endswith('!'):
                    control = [(socket.SOL_SOCKET, 2, struct.pack('3i', 1, 0, 0))]
                s.sendmsg([step.rstrip('+!').encode()], control)

        def play(one):
            listener, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
            listener.bind('')
            listener.listen()
            client.connect(listener.getsockname())
            server, _ = listener.accept()
            if one['credentials']:
                server.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            before, _, later = one['script'].partition('|')
            send(client, before)
            thread = threading.Timer(0.05, lambda: (send(client, later), client.shutdown(socket.SHUT_WR)))
            thread.start()
            data, control, _, _ = server.recvmsg(6, 256, socket.MSG_WAITALL | (socket.MSG_PEEK if one['peek'] else 0))
            thread.join()
            handles, writer = 0, ''
            for level, kind, value in control:
                if kind == socket.SCM_RIGHTS:
                    handles = len(value) // 4
                elif kind == 2:
                    writer = 'other' if struct.unpack('3i', value)[0] == 1 else 'own'
            return f"{data.decode()} {handles} {writer}"

        answers = [play(one) for one in asked]
        """;

    /// <summary>Counts how often it is looked at: once for each attempt of a call.</summary>
    private sealed class CountingMemory(byte[] bytes) : MemoryManager<byte>
    {
        private int _attempts;

        internal int Attempts => Volatile.Read(ref _attempts);

        public override Span<byte> GetSpan()
        {
            Interlocked.Increment(ref _attempts);
            return bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}

public sealed class WaitAll_Sync() : WaitAllTests(SocketStyle.Sync);
public sealed class WaitAll_Try() : WaitAllTests(SocketStyle.Try);
public sealed class WaitAll_Async() : WaitAllTests(SocketStyle.Async);
public sealed class WaitAll_TryAsync() : WaitAllTests(SocketStyle.TryAsync);
public sealed class WaitAll_Loop() : WaitAllTests(SocketStyle.Loop);
public sealed class WaitAll_LoopEpoll() : WaitAllTests(SocketStyle.LoopEpoll);
public sealed class WaitAll_Chaos() : WaitAllTests(SocketStyle.Chaos);
