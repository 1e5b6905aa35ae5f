using System.Net;
using System.Net.Sockets;
using System.Runtime;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>SCM_RIGHTS and SCM_CREDENTIALS: descriptors and identities between sockets and processes.</summary>
public abstract class DescriptorTests(SocketStyle style) : StyledTest(style)
{
    private const int SO_PASSCRED = 16;
    private const int SO_PASSPIDFD = 76;

    public static readonly TheoryData<SocketType> UnixTypes = [SocketType.Stream, SocketType.Dgram, SocketType.Seqpacket];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(UnixTypes))]
    public Task A_file_a_pipe_and_a_socket_go_to_python_and_come_back(SocketType type) => Test(async () =>
    {
        const string Script = """
            path, kind = sys.argv[1], int(sys.argv[2])
            s = socket.socket(socket.AF_UNIX, kind)
            if kind == socket.SOCK_DGRAM:
                s.bind(path + '.py')
            s.connect(path)
            print('ready', flush=True)
            data, fds, flags, address = socket.recv_fds(s, 100, 10)
            print(data, len(fds), flags, flush=True)
            os.write(fds[0], b'to the file')
            os.write(fds[1], b'to the pipe')
            os.write(fds[2], b'to the socket')
            mine = os.pipe()
            os.write(mine[1], b'from python')
            socket.send_fds(s, [b'back'], [mine[0], fds[0]])
            """;
        string path = FreshPath();
        using Socket listener = Unix(type);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        if (type != SocketType.Dgram)
        {
            listener.Listen();
        }

        using PythonPeer python = PythonPeer.Start(Script, path, ((int)type).ToString());
        using Socket socket = type == SocketType.Dgram ? listener : await listener.AcceptAsync().WaitAsync(Soon);
        Assert.Equal("ready", await python.Line());
        EndPoint? peer = type == SocketType.Dgram ? new UnixDomainSocketEndPoint(path + ".py") : null;

        string filePath = FreshPath();
        using SafeFileHandle file = File.OpenHandle(filePath, FileMode.CreateNew, FileAccess.ReadWrite);
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In);
        (Socket one, Socket other) = Socket.CreatePair();
        using (one)
        using (other)
        {
            Outcome<int> sent = await Bounded(Style.SendMessage(socket, new OutgoingMessage("take these"u8.ToArray())
            {
                Handles = [file, pipe.ClientSafePipeHandle, one.SafeHandle],
                Peer = peer,
            }));
            Assert.Equal((SocketError.Success, 10), (sent.Error, sent.Value));
            Assert.Equal("b'take these' 3 0", await python.Line());

            byte[] control = new byte[SocketControl.HandlesSpace(2)];
            byte[] buffer = new byte[64];
            Outcome<ReceivedMessage> received = await Bounded(Style.ReceiveMessage(socket, buffer, control));
            Assert.Equal(SocketError.Success, received.Error);
            using ReceivedMessage message = received.Value;
            Assert.Equal("back", Encoding.UTF8.GetString(buffer, 0, message.Length));
            Assert.Equal(2, message.HandleCount);
            SocketHandle[] handles = message.TakeHandles();
            Assert.Equal(0, message.HandleCount);
            Assert.Empty(message.TakeHandles());
            using (var came = new FileStream(handles[0].ToFileHandle(), FileAccess.Read))
            {
                Assert.Equal("from python", Encoding.UTF8.GetString(buffer, 0, came.Read(buffer)));
            }

            // The same open file that went there.
            using (SafeFileHandle back = handles[1].ToFileHandle())
            {
                Assert.Equal("to the file", Encoding.UTF8.GetString(buffer, 0, RandomAccess.Read(back, buffer, 0)));
            }

            Assert.Equal("to the pipe", Encoding.UTF8.GetString(buffer, 0, pipe.Read(buffer)));
            Assert.Equal("to the socket", Encoding.UTF8.GetString(buffer, 0, other.Receive(buffer)));
        }

        await python.End();
        File.Delete(filePath);
        File.Delete(path);
        File.Delete(path + ".py");
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(UnixTypes))]
    public Task A_socket_that_came_is_used(SocketType type) => Test(async () =>
    {
        using Pair pair = OfUnix(type);
        (Socket one, Socket other) = Socket.CreatePair();
        using (other)
        {
            using (one)
            {
                await Send(pair.Client, [7], one.SafeHandle);
            }

            ReceivedMessage message = await Receive(pair.Server, new byte[8], SocketControl.HandlesSpace(1));

            // What the control data says of descriptors is not theirs any more.
            foreach (RawControlMessage raw in message.Control)
            {
                Assert.Equal(-1, MemoryMarshal.Read<int>(raw.Data));
            }

            SocketHandle handle = Assert.Single(message.TakeHandles());
            message.Dispose();
            using Socket came = new(handle);
            Assert.True(IsCloseOnExec(came.SafeHandle));
            other.Send([1, 2, 3]);
            byte[] buffer = new byte[8];
            Assert.Equal(3, (await Bounded(Style.Receive(came, buffer))).Value);
            await Style.Send(came, new byte[] { 9 });
            Assert.Equal(1, other.Receive(buffer));
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(UnixTypes))]
    public Task Two_hundred_and_fifty_three_go_in_their_order_and_one_more_is_refused(SocketType type) => Test(async () =>
    {
        using Pair pair = OfUnix(type);
        SafeHandle[] handles = [.. Enumerable.Range(0, 254).Select(i => (SafeHandle)(i % 2 == 0 ? pair.Client : pair.Server).SafeHandle)];
        await Assert.ThrowsAsync<ArgumentException>(() => Style.SendMessage(pair.Client, new OutgoingMessage(new byte[1]) { Handles = handles }));
        await Send(pair.Client, [1], handles[..253]);
        using ReceivedMessage message = await Receive(pair.Server, new byte[8], SocketControl.HandlesSpace(253));
        Assert.Equal(SocketFlags.None, message.Flags & SocketFlags.ControlDataTruncated);
        Assert.False(message.IsControlTruncated);
        SocketHandle[] came = message.TakeHandles();
        Assert.Equal(253, came.Length);
        (string even, string odd) = (Inode(pair.Client.SafeHandle), Inode(pair.Server.SafeHandle));
        Assert.NotEqual(even, odd);
        for (int i = 0; i < came.Length; i++)
        {
            Assert.Equal(i % 2 == 0 ? even : odd, Inode(came[i]));
            came[i].Dispose();
        }
    });

    [Fact(Timeout = Limit)]
    public Task What_cannot_be_sent_is_refused_and_the_socket_goes_on() => Test(async () =>
    {
        using Pair pair = OfUnix(SocketType.Stream);
        using var closed = new SocketHandle();
        (Socket one, Socket other) = Socket.CreatePair();
        one.Dispose();
        for (int i = 0; i < 3; i++)
        {
            await Refused<ArgumentException>(pair.Client, default, other.SafeHandle);
            await Refused<ArgumentException>(pair.Client, new byte[1], other.SafeHandle, closed);
            await Refused<ArgumentNullException>(pair.Client, new byte[1], other.SafeHandle, null!);
            await Refused<ObjectDisposedException>(pair.Client, new byte[1], other.SafeHandle, one.SafeHandle);
            using Pair tcp = await Connected();
            using Socket udp = BoundUdp();
            await Refused<ArgumentException>(tcp.Client, new byte[1], other.SafeHandle);
            await Assert.ThrowsAsync<ArgumentException>(() => Style.SendMessage(
                udp, new OutgoingMessage(new byte[1]) { Handles = [other.SafeHandle], Peer = udp.LocalEndPoint }));
            await Assert.ThrowsAsync<ArgumentException>(() => Style.SendMessage(
                udp, new OutgoingMessage(new byte[1]) { Peer = new DnsEndPoint("localhost", 1) }));
            await Send(pair.Client, [5], other.SafeHandle);
            using ReceivedMessage message = await Receive(pair.Server, new byte[8], SocketControl.HandlesSpace(4));
            Assert.Equal((1, 1), (message.Length, message.HandleCount));
        }

        // Nobody kept a reference: Dispose closes it now, and the pair's other end sees that.
        SafeHandle last = other.SafeHandle;
        other.Dispose();
        Assert.True(last.IsClosed);
    });

    [Fact(Timeout = Limit)]
    public Task On_a_stream_descriptors_go_once_however_often_the_rest_waits() => Test(async () =>
    {
        using Pair pair = OfUnix(SocketType.Stream);
        byte[] data = Bytes(3_000_000);
        (Socket one, Socket other) = Socket.CreatePair();
        Task<Outcome<int>> send = Style.SendMessage(pair.Client, new OutgoingMessage(data) { Handles = [one.SafeHandle, other.SafeHandle] });
        byte[] all = new byte[data.Length];
        int count = 0;
        int handles = 0;
        while (count < all.Length)
        {
            using ReceivedMessage message = await Receive(pair.Server, all.AsMemory(count), SocketControl.HandlesSpace(8));
            Assert.NotEqual(0, message.Length);
            handles += message.HandleCount;
            count += message.Length;

            // Disposed while the send waits: it does not mind.
            one.Dispose();
            other.Dispose();
        }

        Outcome<int> sent = await Bounded(send);
        Assert.Equal((SocketError.Success, data.Length), (sent.Error, sent.Value));
        Assert.Equal(2, handles);
        Assert.True(all.AsSpan().SequenceEqual(data));
    });

    [Fact(Timeout = Limit)]
    public Task Room_for_fewer_descriptors_says_so() => Test(async () =>
    {
        using Pair pair = OfUnix(SocketType.Seqpacket);
        await Send(pair.Client, [1], pair.Client.SafeHandle, pair.Server.SafeHandle, pair.Client.SafeHandle);
        using ReceivedMessage message = await Receive(pair.Server, new byte[8], ControlMessage.Length(2 * sizeof(int)));
        Assert.True(message.IsControlTruncated);
        Assert.False(message.IsTruncated);
        Assert.True(message.Flags.HasFlag(SocketFlags.ControlDataTruncated));
        Assert.Equal(2, message.HandleCount);

        // No room at all.
        await Send(pair.Client, [1], pair.Client.SafeHandle);
        using ReceivedMessage none = await Receive(pair.Server, new byte[8], controlBytes: 0);
        Assert.True(none.IsControlTruncated);
        Assert.Equal(0, none.HandleCount);
        Assert.True(none.Control.IsEmpty);
    });

    [Fact(Timeout = Limit)]
    public Task A_peek_gives_descriptors_of_its_own() => Test(async () =>
    {
        using Pair pair = OfUnix(SocketType.Dgram);
        await Send(pair.Client, [1, 2], pair.Client.SafeHandle);
        byte[] control = new byte[SocketControl.HandlesSpace(1)];
        SocketHandle[] peeked;
        using (ReceivedMessage message = (await Bounded(Style.ReceiveMessage(pair.Server, new byte[8], control, flags: SocketFlags.Peek))).Value)
        {
            peeked = message.TakeHandles();
        }

        using ReceivedMessage received = await Receive(pair.Server, new byte[8], control.Length);
        SocketHandle[] taken = received.TakeHandles();
        Assert.NotEqual(Assert.Single(peeked).DangerousGetHandle(), Assert.Single(taken).DangerousGetHandle());
        Assert.Equal(Inode(peeked[0]), Inode(taken[0]));
        peeked[0].Dispose();
        taken[0].Dispose();
    });

    [Fact(Timeout = Limit)]
    public Task Credentials_are_those_of_the_process_that_sent() => Test(async () =>
    {
        const string Script = """
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.sendto(b'plain', sys.argv[1])
            own = struct.pack('iII', os.getpid(), os.getuid(), os.getgid())
            s.sendmsg([b'said'], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, own)], 0, sys.argv[1])
            input()
            """;
        string path = FreshPath();
        using Socket socket = Unix(SocketType.Dgram);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        Set(socket, 1, SO_PASSCRED);
        bool givesProcess = socket.TrySetRawSocketOption(1, SO_PASSPIDFD, BitConverter.GetBytes(1)).Errno == 0;
        using PythonPeer python = PythonPeer.Start(Script, path);
        for (int i = 0; i < 2; i++)
        {
            using ReceivedMessage message = await Receive(socket, new byte[8], SocketControl.Credentials.Space() + SocketControl.ProcessHandleSpace());
            Assert.True(message.Control.TryGet(SocketControl.Credentials, out PeerCredentials who));
            Assert.Equal(python.Id, who.ProcessId);
            (uint user, uint group) = Identity();
            Assert.Equal((user, group), (who.UserId, who.GroupId));
            if (givesProcess)
            {
                using ProcessDescriptor? process = message.TakeProcessHandle();
                Assert.NotNull(process);
                Assert.Null(message.TakeProcessHandle());
                Assert.Contains(File.ReadLines($"/proc/self/fdinfo/{process.DangerousGetHandle()}"), line => line == $"Pid:\t{python.Id}");
                foreach (RawControlMessage raw in message.Control)
                {
                    Assert.True(raw.Type != 4 || MemoryMarshal.Read<int>(raw.Data) == -1);
                }
            }
        }

        await python.Say();
        await python.End();
        File.Delete(path);
        if (!givesProcess)
        {
            Assert.Skip("SO_PASSPIDFD: the kernel has it since 6.5 (ENOPROTOOPT); credentials alone were tested.");
        }
    });

    [Fact(Timeout = Limit)]
    public Task Other_credentials_than_ones_own_need_a_capability() => Test(async () =>
    {
        using Pair pair = OfUnix(SocketType.Dgram);
        Set(pair.Server, 1, SO_PASSCRED);
        byte[] control = new byte[SocketControl.Credentials.Space()];
        (uint user, uint group) = Identity();
        Write(control, new PeerCredentials(Environment.ProcessId, user, group));
        Outcome<int> own = await Bounded(Style.SendMessage(pair.Client, new OutgoingMessage(new byte[1]) { Control = control }));
        Assert.Equal(SocketError.Success, own.Error);
        using (ReceivedMessage message = await Receive(pair.Server, new byte[8], control.Length))
        {
            Assert.True(message.Control.TryGet(SocketControl.Credentials, out PeerCredentials who));
            Assert.Equal(new PeerCredentials(Environment.ProcessId, user, group), who);
        }

        // Another user's: EPERM, or, with CAP_SETUID, what was said.
        Write(control, new PeerCredentials(Environment.ProcessId, 12_345, group));
        Outcome<int> other = await Bounded(Style.SendMessage(pair.Client, new OutgoingMessage(new byte[1]) { Control = control }));
        if (other.Errno == Errno.EPERM || other.Error == SocketError.AccessDenied)
        {
            return;
        }

        Assert.Equal(SocketError.Success, other.Error);
        using ReceivedMessage told = await Receive(pair.Server, new byte[8], control.Length);
        Assert.True(told.Control.TryGet(SocketControl.Credentials, out PeerCredentials said));
        Assert.Equal(12_345u, said.UserId);

        static void Write(byte[] control, PeerCredentials who)
        {
            var writer = new ControlWriter(control);
            writer.Add(SocketControl.Credentials, who);
        }
    });

    internal static Pair OfUnix(SocketType type)
    {
        (Socket first, Socket second) = Socket.CreatePair(socketType: type);
        return new Pair(first, second);
    }

    internal static void Set(Socket socket, int level, int name, int value = 1) =>
        socket.SetRawSocketOption(level, name, BitConverter.GetBytes(value));

    private async Task Send(Socket socket, byte[] data, params SafeHandle[] handles)
    {
        Outcome<int> sent = await Bounded(Style.SendMessage(socket, new OutgoingMessage(data) { Handles = handles }));
        Assert.Equal((SocketError.Success, data.Length), (sent.Error, sent.Value));
    }

    private Task Refused<T>(Socket socket, ReadOnlyMemory<byte> data, params SafeHandle[] handles)
        where T : Exception =>
        Assert.ThrowsAsync<T>(() => Style.SendMessage(socket, new OutgoingMessage(data) { Handles = handles }));

    private async Task<ReceivedMessage> Receive(Socket socket, Memory<byte> buffer, int controlBytes)
    {
        Outcome<ReceivedMessage> outcome = await Bounded(Style.ReceiveMessage(socket, buffer, new byte[controlBytes]));
        Assert.Equal(SocketError.Success, outcome.Error);
        return outcome.Value;
    }

    private static (uint User, uint Group) Identity()
    {
        string[] status = File.ReadAllLines("/proc/self/status");
        return (Effective("Uid:"), Effective("Gid:"));

        uint Effective(string name) => uint.Parse(status.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split('\t')[1]);
    }

    private static string Inode(SafeHandle handle) => new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget!;

    private static bool IsCloseOnExec(SafeHandle handle)
    {
        const int O_CLOEXEC = 0x80000;
        string flags = File.ReadLines($"/proc/self/fdinfo/{handle.DangerousGetHandle()}").First(static line => line.StartsWith("flags:", StringComparison.Ordinal));
        return (Convert.ToInt32(flags["flags:".Length..].Trim(), fromBase: 8) & O_CLOEXEC) != 0;
    }
}

public sealed class Descriptors_Sync() : DescriptorTests(SocketStyle.Sync);
public sealed class Descriptors_Try() : DescriptorTests(SocketStyle.Try);
public sealed class Descriptors_Async() : DescriptorTests(SocketStyle.Async);
public sealed class Descriptors_TryAsync() : DescriptorTests(SocketStyle.TryAsync);
public sealed class Descriptors_Loop() : DescriptorTests(SocketStyle.Loop);

public sealed class Descriptors_LoopEpoll() : DescriptorTests(SocketStyle.LoopEpoll);

public sealed class Descriptors_Chaos() : DescriptorTests(SocketStyle.Chaos);

/// <summary>Descriptors that came and that nobody took: counted, so nothing runs beside these.</summary>
[Collection(Alone.Name)]
public sealed class DescriptorLeakTests : SocketTest
{
    private static readonly byte[] One = [1];

    [Fact(Timeout = Limit)]
    public async Task Descriptors_that_nobody_takes_are_closed_by_Dispose()
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Dgram);
        byte[] control = new byte[SocketControl.HandlesSpace(16)];
        byte[] buffer = new byte[8];
        await Keeps(async () =>
        {
            pair.Client.SendMessage(new OutgoingMessage(One) { Handles = [pair.Client.SafeHandle, pair.Server.SafeHandle] });
            ReceivedMessage message = pair.Server.ReceiveMessage(buffer, control);
            ReceivedMessage copy = message;
            Assert.Equal(2, copy.HandleCount);
            message.Dispose();
            message.Dispose();
            Assert.Equal(0, copy.HandleCount);
            copy.Dispose();

            // Taken ones are the taker's: Dispose leaves them.
            pair.Client.SendMessage(new OutgoingMessage(One) { Handles = [pair.Client.SafeHandle] });
            SocketHandle taken;
            using (ReceivedMessage second = await pair.Server.ReceiveMessageAsync(buffer, control))
            {
                taken = Assert.Single(second.TakeHandles());
            }

            Assert.False(taken.IsClosed);
            using (SafeFileHandle file = taken.ToFileHandle())
            {
                Assert.True(taken.IsClosed || taken.IsInvalid);
                Assert.Throws<ObjectDisposedException>(() => taken.ToFileHandle());
                Assert.False(file.IsClosed);
            }
        });
    }

    [Fact(Timeout = Limit)]
    public async Task Descriptors_that_did_not_fit_are_closed()
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Seqpacket);
        byte[] buffer = new byte[8];
        await Keeps(() =>
        {
            // From no room at all, over half a header, to room for some and for all.
            for (int room = 0; room <= SocketControl.HandlesSpace(5); room++)
            {
                pair.Client.SendMessage(new OutgoingMessage(One) { Handles = [.. Enumerable.Repeat(pair.Client.SafeHandle, 5)] });
                using ReceivedMessage message = pair.Server.ReceiveMessage(buffer, new byte[room]);
                int expected = Math.Clamp((room - ControlMessage.HeaderBytes) / sizeof(int), 0, 5);
                Assert.Equal(expected, message.HandleCount);
                Assert.Equal(expected < 5, message.IsControlTruncated);
            }

            return Task.CompletedTask;
        });
    }

    [Fact(Timeout = Limit)]
    public async Task Forgotten_descriptors_are_closed_by_their_finalizers()
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Dgram);
        int before = OpenDescriptors().Length;
        Forget(pair);
        await Eventually(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return OpenDescriptors().Length <= before;
        });

        static void Forget(Pair pair)
        {
            for (int i = 0; i < 5; i++)
            {
                pair.Client.SendMessage(new OutgoingMessage(One) { Handles = [pair.Client.SafeHandle, pair.Client.SafeHandle] });
                pair.Server.ReceiveMessage(new byte[8], new byte[SocketControl.HandlesSpace(2)]);

                // Nobody looks at this outcome.
                ValueTask<ReceivedMessage> receive = pair.Server.ReceiveMessageAsync(new byte[8], new byte[SocketControl.HandlesSpace(2)]);
                pair.Client.SendMessage(new OutgoingMessage(One) { Handles = [pair.Client.SafeHandle, pair.Client.SafeHandle] });
                _ = receive.AsTask();
            }
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Handles_of_a_send_that_nobody_awaits_are_let_go_when_it_is_done()
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Stream);
        pair.Client.SendAll(new byte[100]);
        (Socket one, Socket other) = Socket.CreatePair();
        using (other)
        {
            ValueTask<int> sending = pair.Client.SendMessageAsync(new OutgoingMessage(new byte[2_000_000]) { Handles = [one.SafeHandle] });
            Assert.False(sending.IsCompleted);
            SafeHandle handle = one.SafeHandle;
            one.Dispose();
            byte[] buffer = new byte[100_000];
            int rest = 2_000_100;
            while (rest > 0)
            {
                using ReceivedMessage message = pair.Server.ReceiveMessage(buffer, new byte[SocketControl.HandlesSpace(1)]);
                rest -= message.Length;
            }

            // With the last copy of one gone, its other end reads the stream's end.
            Assert.Equal(0, await other.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon));
            await Eventually(() => sending.IsCompleted);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_receive_with_a_peer_too_short_for_the_address_leaks_nothing()
    {
        string path = FreshPath();
        using Socket from = Unix(SocketType.Dgram);
        from.Bind(new UnixDomainSocketEndPoint(path));
        using Socket to = Unix(SocketType.Dgram);
        to.Bind(new UnixDomainSocketEndPoint(path + ".to"));
        var tooShort = new SocketAddress(AddressFamily.Unspecified, 4);
        await Keeps(() =>
        {
            from.SendMessage(new OutgoingMessage(One) { Handles = [from.SafeHandle], Peer = to.LocalEndPoint });
            using ReceivedMessage message = to.ReceiveMessage(new byte[8], new byte[SocketControl.HandlesSpace(1)], tooShort);
            Assert.Equal((1, 1, 4), (message.Length, message.HandleCount, tooShort.Size));
            return Task.CompletedTask;
        });
        File.Delete(path);
        File.Delete(path + ".to");
    }

    [Fact(Timeout = Limit)]
    public async Task The_receives_of_dotnet_take_no_descriptors_in()
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Dgram);
        byte[] buffer = new byte[8];
        EndPoint any = new UnixDomainSocketEndPoint("/any");
        await Keeps(async () =>
        {
            for (int i = 0; i < 5; i++)
            {
                pair.Client.SendMessage(new OutgoingMessage(One) { Handles = [pair.Client.SafeHandle] });
            }

            SocketFlags flags = SocketFlags.None;
            Assert.Equal(1, pair.Server.ReceiveMessageFrom(buffer, 0, 8, ref flags, ref any, out _));
            Assert.Equal(SocketFlags.ControlDataTruncated, flags);
            SocketReceiveMessageFromResult result = await pair.Server.ReceiveMessageFromAsync(buffer.AsMemory(), any);
            Assert.Equal((1, SocketFlags.ControlDataTruncated), (result.ReceivedBytes, result.SocketFlags));
            Assert.Equal(1, pair.Server.Receive(buffer));
            Assert.Equal(1, pair.Server.Receive([new ArraySegment<byte>(buffer)]));
            Assert.Equal(1, await pair.Server.ReceiveAsync(buffer.AsMemory()));
        });
    }

    [Fact(Timeout = Limit)]
    public async Task ReceiveError_on_a_UNIX_socket_takes_no_message_and_no_descriptor()
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Dgram);
        byte[] buffer = new byte[8];
        await Keeps(async () =>
        {
            pair.Client.SendMessage(new OutgoingMessage(One) { Handles = [pair.Client.SafeHandle] });
            Assert.Equal(SocketError.OperationNotSupported, pair.Server.TryReceiveError(buffer).Error);
            Assert.Equal(SocketError.OperationNotSupported, (await pair.Server.TryReceiveErrorAsync(buffer)).Error);
            Assert.Equal(1, pair.Server.Receive(buffer));
        });
    }

    [Fact(Timeout = Limit)]
    public async Task Cancel_and_Dispose_against_completion_lose_no_descriptor()
    {
        byte[] control = new byte[SocketControl.HandlesSpace(1)];
        byte[] buffer = new byte[8];
        int received = 0;
        int canceled = 0;
        await Keeps(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                using Pair pair = DescriptorTests.OfUnix(SocketType.Seqpacket);
                using var source = new CancellationTokenSource();
                ValueTask<SocketResult<ReceivedMessage>> receive = pair.Server.TryReceiveMessageAsync(buffer, control, cancellationToken: source.Token);
                Task end = Task.Run(i % 3 == 0 ? pair.Server.Dispose : source.Cancel);
                pair.Client.TrySendMessage(new OutgoingMessage(One) { Handles = [pair.Client.SafeHandle] });
                SocketResult<ReceivedMessage> result = await receive.AsTask().WaitAsync(Soon);
                await end;
                if (result.IsSuccess)
                {
                    received++;
                    Assert.Equal(1, result.Value.HandleCount);
                    result.Value.Dispose();
                }
                else
                {
                    canceled++;
                    Assert.Equal(SocketError.OperationAborted, result.Error);
                }
            }
        });
        Assert.True(received + canceled > 0);
    }

    // As many descriptors open afterwards as before; the first round is for what is made once.
    private static async Task Keeps(Func<Task> body)
    {
        await Run(() => body().GetAwaiter().GetResult());
        GC.Collect();
        GC.WaitForPendingFinalizers();
        int before = OpenDescriptors().Length;

        // No finalizer may tidy up behind what is tested.
        bool started = GC.TryStartNoGCRegion(4_000_000);
        try
        {
            await Run(() => body().GetAwaiter().GetResult());
            int after = OpenDescriptors().Length;
            Assert.True(after <= before, $"{after - before} descriptors leaked.");
        }
        finally
        {
            if (started && GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
            {
                GC.EndNoGCRegion();
            }
        }
    }
}
