using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Sockeye.Interop;
using Sockeye.Tests.Names;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>
/// A flag means the same in every member that takes flags, in every style, and what it means to the kernel: python3 plays each
/// scenario with blocking sockets, and what it got is what each of our members must get.
/// </summary>
/// <remarks>
/// Four rules are ours and not the kernel's, and the comparison knows them. A cut message is EMSGSIZE where no flag or count
/// reports it (<see cref="SocketFlags.Truncated"/> asks for its length instead). Truncated does nothing on a stream, where the
/// kernel would throw bytes away. A limit that passes is ETIMEDOUT, where SO_RCVTIMEO gives EAGAIN. A reset behind a part that
/// was returned comes with the next receive; of a UNIX socket the kernel forgets it.
/// </remarks>
public abstract class FlagTests(SocketStyle style) : StyledTest(style)
{
    private const int LimitMs = 100;
    private const string Urgent = "send:abc oob:X send:def";

    // What the peer does before the receive, and behind the bar what it does while the receive waits; flags; room.
    private static readonly (string Script, string Flags, int Size)[] OfStreams =
    [
        ("send:abc", "", 5),
        ("| send:abc", "", 5),
        ("send:abc | end", "Peek", 5),
        ("send:abc | send:def", "WaitAll", 6),
        ("send:abc | send:def", "WaitAll", 5),
        ("send:abc | end", "WaitAll", 6),
        ("| send:abc send:def end", "WaitAll", 9),
        ("send:abc | reset", "WaitAll", 6),
        ("send:abc | limit", "WaitAll", 6),
        ("| limit", "WaitAll", 6),
        ("send:abc", "WaitAll+DontWait", 6),
        ("", "WaitAll+DontWait", 6),
        ("", "DontWait", 5),
        ("send:abc | send:def", "Peek+WaitAll", 6),
        ("send:abc | send:def end", "Peek+WaitAll", 9),
        ("send:abc | reset", "Peek+WaitAll", 6),
        ("send:abc | limit", "Peek+WaitAll", 6),
        ("send:abc", "Peek+WaitAll+DontWait", 6),
        ("send:abc", "Truncated", 2),
        ("send:abc | send:def", "Truncated+WaitAll", 6),
        ("send:abc", "OutOfBand", 5),
        (Urgent, "", 9),
        (Urgent, "WaitAll", 9),
        (Urgent, "Peek+WaitAll", 9),
        (Urgent, "OutOfBand", 1),
        (Urgent, "OutOfBand+WaitAll", 4),
        (Urgent, "OutOfBand+Peek", 4),
        (Urgent, "OutOfBand+Peek+WaitAll", 4),
        ("oob:X send:abc | send:def", "WaitAll", 6),
        ("", "ErrorQueue+DontWait", 5),
        ("send:abc", "ErrorQueue+WaitAll+DontWait", 5),
    ];

    private static readonly (string Script, string Flags, int Size)[] OfMessages =
    [
        ("send:abc send:def", "", 5),
        ("| send:abc", "", 5),
        ("send:abc send:def", "Peek", 5),
        ("send:abc send:def", "WaitAll", 5),
        ("send:abc send:def", "Peek+WaitAll", 5),
        ("", "DontWait", 5),
        ("", "WaitAll+DontWait", 5),
        ("| limit", "", 5),
        ("send:abcdef send:x", "", 3),
        ("send:abcdef send:x", "WaitAll", 3),
        ("send:abcdef send:x", "Truncated", 3),
        ("send:abcdef send:x", "Peek+Truncated", 3),
        ("send:abc", "OutOfBand", 5),
        ("eor:abc", "", 5),
    ];

    private static readonly (string Script, string Flags, int Size)[] OfErrorQueues =
    [
        ("refused:abc", "ErrorQueue", 5),
        ("refused:abc", "ErrorQueue+WaitAll", 5),
        ("refused:abc", "ErrorQueue+Peek", 5),
        ("", "ErrorQueue", 5),
        ("send:abc", "ErrorQueue", 5),
    ];

    private static readonly (string Flags, string Data)[] OfSends =
    [
        ("", "abc"),
        ("DontWait", "abc"),
        ("OutOfBand", "abc"),
        ("More", "abc"),
        ("EndOfRecord", "abc"),
        ("Confirm", "abc"),
        ("DontRoute", "abc"),
        ("NoSignal", "abc"),
        ("DontWait+More+OutOfBand", "a"),
    ];

    public static readonly TheoryData<string> Kinds = ["tcp", "tcp6", "unix", "udp", "udp6", "unix-dgram", "unix-seqpacket"];

    // One python3 for all styles.
    private static readonly Lazy<Task<Dictionary<string, Answer>>> Kernel = new(AskKernel);

    private static readonly (string Name, SocketFlags Ours, int Linux)[] Names =
    [
        ("Peek", SocketFlags.Peek, 0x2),
        ("OutOfBand", SocketFlags.OutOfBand, 0x1),
        ("DontRoute", SocketFlags.DontRoute, 0x4),
        ("Truncated", SocketFlags.Truncated, 0x20),
        ("WaitAll", SocketFlags.WaitAll, 0x100),
        ("DontWait", SocketFlags.DontWait, 0x40),
        ("ErrorQueue", SocketFlags.ErrorQueue, 0x2000),
        ("More", SocketFlags.More, 0x8000),
        ("EndOfRecord", SocketFlags.EndOfRecord, 0x80),
        ("Confirm", SocketFlags.Confirm, 0x800),
        ("NoSignal", SocketFlags.NoSignal, 0x4000),
    ];

    // What recvmsg(2) may say of a message, save MSG_CTRUNC: it depends on the room that a member offers.
    private static readonly (SocketFlags Ours, int Linux)[] ToldFlags =
    [
        (SocketFlags.OutOfBand, 0x1),
        (SocketFlags.Truncated, 0x20),
        (SocketFlags.EndOfRecord, 0x80),
        (SocketFlags.ErrorQueue, 0x2000),
    ];

    /// <summary>What a receive came to. Flags are −1 where the member returns none.</summary>
    private sealed record Answer(int Errno, int Count, string Data, int Flags, string Rest)
    {
        public override string ToString() => $"{(Errno == 0 ? "" : Interop.Errno.Name(Errno) + " ")}{Count} '{Data}', flags 0x{Flags:X}, then {Rest}";
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_flag_means_to_every_receive_what_it_means_to_the_kernel(string kind) => Test(async () =>
    {
        Dictionary<string, Answer> kernel = await Bounded(Kernel.Value);
        var wrong = new List<string>();
        foreach ((string script, string flags, int size) in ReceivesOf(kind))
        {
            Answer answer = kernel[Key(kind, script, flags, size)];
            string[] members = IsStream(kind)
                ? ["Receive", "Receive list", "ReceiveFrom", "ReceiveFrom address", "ReceiveMessageFrom", "ReceiveMessage", "ReceiveMessage list"]
                : ["Receive", "Receive list", "ReceiveFrom", "ReceiveFrom address", "ReceiveMessageFrom", "ReceiveMessage", "ReceiveMessage list", "ReceiveBatch"];
            Answer[] ours = await Task.WhenAll(members.Select(member => Play(kind, script, flags, size, member)));
            for (int i = 0; i < members.Length; i++)
            {
                Answer expected = Expected(answer, script, flags, size, ours[i].Flags >= 0);
                if (ours[i] != expected)
                {
                    wrong.Add($"{kind} [{script}] {members[i]}({size}, {flags}): {ours[i]}; the kernel: {expected}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_flag_means_to_every_send_what_it_means_to_the_kernel(string kind) => Test(async () =>
    {
        Dictionary<string, Answer> kernel = await Bounded(Kernel.Value);
        var wrong = new List<string>();
        foreach ((string flags, string data) in OfSends)
        {
            Answer expected = kernel[Key(kind, "out", flags, data.Length)];
            foreach (string member in (string[])["Send", "SendAll", "Send list", "SendMessage", "SendBatch"])
            {
                (Socket receiver, Socket peer) = await Ends(kind);
                using (receiver)
                using (peer)
                {
                    (int errno, int count) = await Send(peer, member, Encoding.ASCII.GetBytes(data), FlagsOf(flags));
                    Answer ours = new(errno, count, "", 0, Rest(receiver, waits: errno == 0 && expected.Rest != "EAGAIN"));
                    if (ours != expected)
                    {
                        wrong.Add($"{kind} {member}({data}, {flags}): {ours}; the kernel: {expected}");
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    });

    [Fact(Timeout = Limit)]
    public Task Flags_that_Linux_does_not_have_are_refused_by_every_member() => Test(async () =>
    {
        foreach (SocketFlags flags in (SocketFlags[])[SocketFlags.Partial, SocketFlags.Broadcast, SocketFlags.Multicast, SocketFlags.ControlDataTruncated])
        {
            using Pair pair = await Connected();
            await pair.Client.SendAsync(new byte[] { 1 }.AsMemory());
            foreach (string member in (string[])["Receive", "Receive list", "ReceiveFrom", "ReceiveFrom address", "ReceiveMessageFrom", "ReceiveMessage", "ReceiveMessage list", "ReceiveBatch"])
            {
                Assert.Equal(Errno.EOPNOTSUPP, (await Receive(pair.Server, member, 5, flags)).Errno);
            }

            foreach (string member in (string[])["Send", "SendAll", "Send list", "SendMessage", "SendBatch"])
            {
                Assert.Equal((Errno.EOPNOTSUPP, 0), await Send(pair.Server, member, [1], flags));
            }

            Assert.Equal(0, pair.Client.Available);
            Assert.True(pair.Server.Connected);
            Assert.Equal(1, (await Bounded(Style.Receive(pair.Server, new byte[5]))).Value);
        }
    });

    private static bool IsStream(string kind) => kind is "tcp" or "tcp6" or "unix";

    private static IEnumerable<(string Script, string Flags, int Size)> ReceivesOf(string kind) =>
        IsStream(kind) ? OfStreams : kind == "udp" ? OfMessages.Concat(OfErrorQueues) : OfMessages;

    private static string Key(string kind, string script, string flags, int size) => $"{kind}/{script}/{flags}/{size}";

    private static SocketFlags FlagsOf(string names) => names.Split('+', StringSplitOptions.RemoveEmptyEntries)
        .Aggregate(SocketFlags.None, static (flags, name) => flags | Names.Single(one => one.Name == name).Ours);

    private static int LinuxOf(string names) => names.Split('+', StringSplitOptions.RemoveEmptyEntries)
        .Aggregate(0, static (flags, name) => flags | Names.Single(one => one.Name == name).Linux);

    // The rules of ours.
    private static Answer Expected(Answer kernel, string script, string flags, int size, bool tellsFlags)
    {
        bool isCut = (kernel.Flags & 0x20) != 0;
        int fits = Math.Min(kernel.Count, size);
        if (kernel.Errno == Errno.EAGAIN && script.EndsWith("limit", StringComparison.Ordinal))
        {
            kernel = kernel with { Errno = Errno.ETIMEDOUT };
        }

        if (script.EndsWith("reset", StringComparison.Ordinal) && kernel.Rest == "''")
        {
            kernel = kernel with { Rest = nameof(Errno.ECONNRESET) };
        }

        return tellsFlags ? kernel with { Count = fits }
            : isCut && !flags.Contains("Truncated", StringComparison.Ordinal) ? kernel with { Errno = Errno.EMSGSIZE, Count = fits, Flags = -1 }
            : kernel with { Flags = -1 };
    }

    private async Task<Answer> Play(string kind, string script, string flags, int size, string member)
    {
        (Socket receiver, Socket peer) = await Ends(kind);
        using (receiver)
        using (peer)
        {
            string[] parts = script.Split('|');
            await Act(receiver, peer, parts[0]);
            await Arrived(receiver, kind, parts[0]);
            if (script.EndsWith("limit", StringComparison.Ordinal))
            {
                receiver.Timeout = TimeSpan.FromMilliseconds(LimitMs);
            }

            Task<Answer> receive = Receive(receiver, member, size, FlagsOf(flags));
            if (parts.Length > 1)
            {
                await Task.Delay(15);
                await Act(receiver, peer, parts[1]);
            }

            Answer answer = await Bounded(receive);
            return answer with { Rest = Rest(receiver, waits: script.Contains("oob", StringComparison.Ordinal)) };
        }
    }

    private static async Task Act(Socket receiver, Socket peer, string script)
    {
        foreach (string step in script.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] word = step.Split(':');
            byte[] data = Encoding.ASCII.GetBytes(word[^1]);
            switch (word[0])
            {
                case "send":
                    peer.Send(data);
                    break;
                case "oob":
                    peer.Send(data, SocketFlags.OutOfBand);
                    break;
                case "eor":
                    peer.Send(data, SocketFlags.EndOfRecord);
                    break;
                case "end":
                    peer.Shutdown(SocketShutdown.Send);
                    break;
                case "reset":
                    // A UNIX socket is reset by what its peer has not read.
                    receiver.Send(new byte[1]);
                    await peer.WaitAsync(SocketEvents.Readable);
                    peer.LingerState = new LingerOption(enable: true, seconds: 0);
                    peer.Dispose();
                    break;
                case "refused":
                    EndPoint nobody;
                    using (Socket gone = BoundUdp())
                    {
                        nobody = gone.LocalEndPoint!;
                    }

                    receiver.SetRawSocketOption(0, 11, [1, 0, 0, 0]);
                    receiver.Connect(nobody);
                    receiver.Send(data);
                    await receiver.WaitAsync(SocketEvents.Error);
                    break;
            }
        }
    }

    private static async Task Arrived(Socket receiver, string kind, string script)
    {
        if (script.Contains("oob", StringComparison.Ordinal))
        {
            await receiver.WaitAsync(SocketEvents.Priority);
        }
        else if (IsStream(kind))
        {
            int bytes = script.Split(' ').Sum(static step => step.StartsWith("send:", StringComparison.Ordinal) ? step.Length - 5 : 0);
            await Eventually(() => receiver.Available == bytes);
        }
        else if (script.Contains("send", StringComparison.Ordinal) || script.Contains("eor", StringComparison.Ordinal))
        {
            await receiver.WaitAsync(SocketEvents.Readable);
        }
    }

    // What the next receive finds.
    private static string Rest(Socket receiver, bool waits)
    {
        if (waits)
        {
            receiver.TryWait(SocketEvents.Readable, TimeSpan.FromMilliseconds(300));
        }

        byte[] buffer = new byte[64];
        SocketResult<int> rest = receiver.TryReceive(buffer, SocketFlags.DontWait);
        return rest.TryGetValue(out int count) ? $"'{Encoding.ASCII.GetString(buffer, 0, count)}'" : rest.ErrnoName;
    }

    private static async Task<(Socket Receiver, Socket Peer)> Ends(string kind)
    {
        switch (kind)
        {
            case "udp" or "udp6":
                AddressFamily family = kind == "udp" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
                Socket receiver = BoundUdp(family);
                Socket peer = BoundUdp(family);
                peer.Connect(receiver.LocalEndPoint!);
                return (receiver, peer);
            case "unix-dgram":
                receiver = Unix(SocketType.Dgram);
                receiver.Bind(UnixEndPoint.Autobind);
                peer = Unix(SocketType.Dgram);
                peer.Connect(receiver.LocalEndPoint!);
                return (receiver, peer);
            case "unix-seqpacket":
                using (Socket listener = Unix(SocketType.Seqpacket))
                {
                    listener.Bind(UnixEndPoint.Autobind);
                    listener.Listen();
                    peer = Unix(SocketType.Seqpacket);
                    peer.Connect(listener.LocalEndPoint!);
                    return (listener.Accept(), peer);
                }

            default:
                Pair pair = await Connected(
                    kind == "tcp" ? AddressFamily.InterNetwork : kind == "tcp6" ? AddressFamily.InterNetworkV6 : AddressFamily.Unix);
                return (pair.Server, pair.Client);
        }
    }

    private async Task<Answer> Receive(Socket socket, string member, int size, SocketFlags flags)
    {
        byte[] buffer = new byte[size];
        var list = new ArraySegment<byte>[] { new(buffer, 0, size / 2), new(buffer, size / 2, size - (size / 2)) };
        EndPoint like = socket.LocalEndPoint!;
        var address = new SocketAddress(AddressFamily.Unspecified, 128);
        using var batch = new MessageBatch(1, size);
        return member switch
        {
            "Receive" => await Call(
                () => socket.Receive(buffer, flags), () => socket.TryReceive(buffer, flags),
                () => socket.ReceiveAsync(buffer.AsMemory(), flags), () => socket.TryReceiveAsync(buffer, flags), Count),
            "Receive list" => await Call(
                () => socket.Receive(list, flags), () => socket.TryReceive(list, flags),
                () => socket.ReceiveAsync(list, flags, CancellationToken.None), () => socket.TryReceiveAsync(list, flags), Count),
            "ReceiveFrom" => await Call(
                () => { EndPoint sender = like; return new SocketReceiveFromResult { ReceivedBytes = socket.ReceiveFrom(buffer, flags, ref sender) }; },
                () => Map(socket.TryReceiveFrom(buffer, out _, flags)),
                () => socket.ReceiveFromAsync(buffer.AsMemory(), flags, like), () => socket.TryReceiveFromAsync(buffer, like, flags),
                got => Count(got.ReceivedBytes)),
            "ReceiveFrom address" => await Call(
                () => socket.ReceiveFrom(buffer, flags, address), () => socket.TryReceiveFrom(buffer, address, flags),
                () => socket.ReceiveFromAsync(buffer.AsMemory(), flags, address), () => socket.TryReceiveFromAsync(buffer, address, flags), Count),
            "ReceiveMessageFrom" => await Call(
                () =>
                {
                    EndPoint sender = like;
                    SocketFlags told = flags;
                    int count = socket.ReceiveMessageFrom(buffer.AsSpan(), ref told, ref sender, out _);
                    return new SocketReceiveMessageFromResult { ReceivedBytes = count, SocketFlags = told };
                },
                () => socket.TryReceiveMessageFrom(buffer, like, flags),
                () => socket.ReceiveMessageFromAsync(buffer.AsMemory(), flags, like), () => socket.TryReceiveMessageFromAsync(buffer, like, flags),
                got => Told(got.ReceivedBytes, got.SocketFlags)),
            "ReceiveMessage" => await Call(
                () => socket.ReceiveMessage(buffer, socketFlags: flags), () => socket.TryReceiveMessage(buffer, socketFlags: flags),
                () => socket.ReceiveMessageAsync(buffer, socketFlags: flags), () => socket.TryReceiveMessageAsync(buffer, socketFlags: flags),
                got => Told(got.Length, got.Flags)),
            "ReceiveMessage list" => await Call(
                () => socket.ReceiveMessage(list, socketFlags: flags), () => socket.TryReceiveMessage(list, socketFlags: flags),
                () => socket.ReceiveMessageAsync(list, socketFlags: flags), () => socket.TryReceiveMessageAsync(list, socketFlags: flags),
                got => Told(got.Length, got.Flags)),
            _ => await Call(
                () => socket.ReceiveBatch(batch, flags), () => socket.TryReceiveBatch(batch, flags),
                () => socket.ReceiveBatchAsync(batch, flags), () => socket.TryReceiveBatchAsync(batch, flags),
                _ =>
                {
                    batch[0].Data.CopyTo(buffer);
                    return Told(batch[0].Length, batch[0].Flags);
                }),
        };

        Answer Count(int count) => new(0, count, Encoding.ASCII.GetString(buffer, 0, Math.Min(count, size)), -1, "");

        Answer Told(int count, SocketFlags told) => Count(count) with
        {
            Flags = ToldFlags.Aggregate(0, (sum, one) => told.HasFlag(one.Ours) ? sum | one.Linux : sum),
        };

        static SocketResult<SocketReceiveFromResult> Map(SocketResult<int> result) => result.IsSuccess
            ? SocketResult<SocketReceiveFromResult>.Success(new SocketReceiveFromResult { ReceivedBytes = result.Value }, result.BytesTransferred)
            : SocketResult<SocketReceiveFromResult>.Failure(result.Errno, result.BytesTransferred, result.BytesLost);

        // A failure returns no flags, in whichever member.
        async Task<Answer> Call<T>(
            Func<T> call, Func<SocketResult<T>> tryCall, Func<ValueTask<T>> callAsync, Func<ValueTask<SocketResult<T>>> tryCallAsync, Func<T, Answer> tell)
        {
            bool tellsFlags = member.StartsWith("ReceiveMessage", StringComparison.Ordinal) || member == "ReceiveBatch";
            try
            {
                SocketResult<T> result = default;
                if (Style.Throws)
                {
                    return tell(Style.IsSync ? await Run(call) : await callAsync());
                }

                result = Style.IsSync ? await Run(tryCall) : await tryCallAsync();
                return result.TryGetValue(out T? value) ? tell(value) : Failed(result.Errno, result.BytesTransferred);
            }
            catch (SocketException exception)
            {
                return Failed(exception.NativeErrorCode, exception.Data["BytesTransferred"] as int? ?? 0);
            }

            Answer Failed(int errno, int count) => Count(count) with { Errno = errno, Flags = tellsFlags ? 0 : -1 };
        }
    }

    private async Task<(int Errno, int Count)> Send(Socket socket, string member, byte[] data, SocketFlags flags)
    {
        if (member == "Send list")
        {
            ArraySegment<byte>[] list = [new(data, 0, data.Length / 2), new(data, data.Length / 2, data.Length - (data.Length / 2))];
            try
            {
                SocketResult<int> result = (Style.IsSync, Style.Throws) switch
                {
                    (true, true) => SocketResult<int>.Success(await Run(() => socket.Send(list, flags))),
                    (true, false) => await Run(() => socket.TrySend(list, flags)),
                    (false, true) => SocketResult<int>.Success(await socket.SendAsync(list, flags, CancellationToken.None)),
                    _ => await socket.TrySendAsync(list, flags),
                };
                return (result.Errno, result.IsSuccess ? result.Value : 0);
            }
            catch (SocketException exception)
            {
                return (exception.NativeErrorCode, 0);
            }
        }

        using var batch = new MessageBatch(1, 16);
        batch.Add(data);
        Outcome<int> outcome = await Bounded(member switch
        {
            "Send" => Style.Send(socket, data, flags),
            "SendAll" => Style.SendAll(socket, data, flags),
            "SendMessage" => Style.SendMessage(socket, new OutgoingMessage(data), flags),
            _ => Style.SendBatch(socket, batch, flags: flags),
        });
        return (outcome.Errno, !outcome.IsSuccess ? 0 : member == "SendBatch" ? data.Length * outcome.Value : outcome.Value);
    }

    private static async Task<Dictionary<string, Answer>> AskKernel()
    {
        var asked = Kinds.SelectMany(static row => ReceivesOf(row.Data).Select(one => new
        {
            key = Key(row.Data, one.Script, one.Flags, one.Size),
            kind = row.Data,
            script = one.Script,

            // Ours does nothing there.
            flags = LinuxOf(one.Flags) & (IsStream(row.Data) ? ~0x20 : ~0),
            size = one.Size,
            data = "",
        }).Concat(OfSends.Select(one => new
        {
            key = Key(row.Data, "out", one.Flags, one.Data.Length),
            kind = row.Data,
            script = "out",
            flags = LinuxOf(one.Flags),
            size = one.Data.Length,
            data = one.Data,
        }))).ToArray();
        JsonElement answers = await Python.Ask(Script, asked);
        return answers.EnumerateArray().ToDictionary(
            static one => one.GetProperty("key").GetString()!,
            static one => new Answer(
                one.GetProperty("errno").GetInt32(),
                one.GetProperty("count").GetInt32(),
                one.GetProperty("data").GetString()!,
                one.GetProperty("flags").GetInt32(),
                one.GetProperty("rest").GetString()!));
    }

    private const string Script = """
        import array, errno, fcntl, os, select, struct, termios, threading, time
        from concurrent.futures import ThreadPoolExecutor
        TOLD = socket.MSG_OOB | socket.MSG_TRUNC | socket.MSG_EOR | socket.MSG_ERRQUEUE

        def ends(kind):
            family = socket.AF_INET6 if kind.endswith('6') else socket.AF_INET if kind in ('tcp', 'udp') else socket.AF_UNIX
            type = socket.SOCK_DGRAM if kind.startswith('udp') or kind.endswith('dgram') else socket.SOCK_SEQPACKET if kind.endswith('seqpacket') else socket.SOCK_STREAM
            name = ('::1' if family == socket.AF_INET6 else '127.0.0.1', 0) if family != socket.AF_UNIX else ''
            one, other = socket.socket(family, type), socket.socket(family, type)
            one.bind(name)
            if kind.startswith('udp'):
                other.bind(name)
            if type == socket.SOCK_DGRAM:
                other.connect(one.getsockname())
                return one, other
            one.listen()
            other.connect(one.getsockname())
            receiver, _ = one.accept()
            one.close()
            return receiver, other

        def available(s):
            count = array.array('i', [0])
            fcntl.ioctl(s, termios.FIONREAD, count)
            return count[0]

        def act(receiver, peer, script):
            for step in script.split():
                word, _, text = step.partition(':')
                data = text.encode()
                if word == 'send': peer.send(data)
                elif word == 'oob': peer.send(data, socket.MSG_OOB)
                elif word == 'eor': peer.send(data, socket.MSG_EOR)
                elif word == 'end': peer.shutdown(socket.SHUT_WR)
                elif word == 'reset':
                    receiver.send(b'x')
                    select.select([peer], [], [])
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                    peer.close()
                elif word == 'refused':
                    with socket.socket(receiver.family, receiver.type) as gone:
                        gone.bind(('127.0.0.1', 0))
                        nobody = gone.getsockname()
                    receiver.setsockopt(socket.SOL_IP, 11, 1)
                    receiver.connect(nobody)
                    receiver.send(data)
                    poll = select.poll()
                    poll.register(receiver, 0)
                    poll.poll()

        def arrived(receiver, script):
            if 'oob' in script:
                select.select([], [], [receiver])
            elif receiver.type == socket.SOCK_STREAM:
                bytes = sum(len(step) - 5 for step in script.split() if step.startswith('send:'))
                while available(receiver) != bytes:
                    time.sleep(0.001)
            elif 'send' in script or 'eor' in script:
                select.select([receiver], [], [])

        def rest(receiver, waits):
            if waits:
                select.select([receiver], [], [], 0.3)
            try:
                return "'" + receiver.recv(64, socket.MSG_DONTWAIT).decode() + "'"
            except OSError as e:
                return errno.errorcode[e.errno]

        def play(one):
            receiver, peer = ends(one['kind'])
            answer = dict(key=one['key'], errno=0, count=0, data='', flags=0)
            if one['script'] == 'out':
                try:
                    answer['count'] = peer.sendmsg([one['data'].encode()], [], one['flags'])
                except OSError as e:
                    answer['errno'] = e.errno
                time.sleep(0.02)
                answer['rest'] = rest(receiver, False)
                return answer
            before, _, later = one['script'].partition('|')
            act(receiver, peer, before)
            arrived(receiver, before)
            if 'limit' in later:
                receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('ll', 0, 100000))
            thread = threading.Timer(0.05, act, (receiver, peer, later))
            thread.start()
            buffer = bytearray(one['size'])
            try:
                count, _, flags, _ = receiver.recvmsg_into([buffer], 0, one['flags'])
                answer.update(count=count, data=bytes(buffer[:count]).decode(), flags=flags & TOLD)
            except OSError as e:
                answer['errno'] = e.errno
            thread.join()
            answer['rest'] = rest(receiver, 'oob' in one['script'])
            return answer

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(play, asked))
        """;
}

public sealed class Flags_Sync() : FlagTests(SocketStyle.Sync);
public sealed class Flags_Try() : FlagTests(SocketStyle.Try);
public sealed class Flags_Async() : FlagTests(SocketStyle.Async);
public sealed class Flags_TryAsync() : FlagTests(SocketStyle.TryAsync);
public sealed class Flags_Loop() : FlagTests(SocketStyle.Loop);
public sealed class Flags_LoopEpoll() : FlagTests(SocketStyle.LoopEpoll);
public sealed class Flags_Chaos() : FlagTests(SocketStyle.Chaos);
