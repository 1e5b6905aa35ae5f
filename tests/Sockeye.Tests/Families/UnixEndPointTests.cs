using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Interop;
using Sockeye.Tests.Support;
using SystemSocket = System.Net.Sockets.Socket;

namespace Sockeye.Tests.Families;

/// <summary>UNIX sockets by every kind of name: paths of any bytes, abstract names, names the kernel chose, none.</summary>
public abstract class UnixEndPointTests(SocketStyle style) : StyledTest(style), IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sockeye-unix-");

    public static TheoryData<SocketType, string> TypesAndNames
    {
        get
        {
            var rows = new TheoryData<SocketType, string>();
            foreach (SocketType type in new[] { SocketType.Stream, SocketType.Dgram, SocketType.Seqpacket })
            {
                foreach (string name in new[] { "path", "bytes", "longest", "abstract", "abstract bytes", "autobind" })
                {
                    rows.Add(type, name);
                }
            }

            return rows;
        }
    }

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(TypesAndNames))]
    public Task Every_type_works_by_every_kind_of_name(SocketType type, string name) => Test(async () =>
    {
        UnixEndPoint asked = Named(name);
        using Socket server = Unix(type);
        server.Bind(asked);
        var bound = Assert.IsType<UnixEndPoint>(server.LocalEndPoint);
        Assert.True(bound.IsAbstract ? name.StartsWith('a') : bound.IsPath);
        Assert.True(name == "autobind" ? bound.AbstractName().Length == 5 : bound == asked, $"{asked} became {bound}");
        Assert.Equal(asked.IsPath ? 1 : 0, _folder.GetFileSystemInfos().Length);

        using Socket client = Unix(type);
        client.Bind(UnixEndPoint.Autobind);
        var own = (UnixEndPoint)client.LocalEndPoint!;
        byte[] buffer = new byte[16];
        if (type == SocketType.Dgram)
        {
            Assert.Equal(3, (await Bounded(Style.SendTo(client, new byte[] { 1, 2, 3 }, bound))).Value);
            EndPoint? sender;
            if (Style.IsSync)
            {
                Assert.Equal(3, server.TryReceiveFrom(buffer, out sender).Value);
            }
            else
            {
                SocketReceiveFromResult result = await server.ReceiveFromAsync(buffer.AsMemory(), SocketFlags.None, UnixEndPoint.Unnamed).AsTask().WaitAsync(Soon);
                Assert.Equal(3, result.ReceivedBytes);
                sender = result.RemoteEndPoint;
            }

            Assert.Equal(own, sender);
            Assert.True((await Bounded(Style.Connect(server, sender!))).IsSuccess);
            Assert.Equal(1, (await Bounded(Style.Send(server, new byte[] { 9 }))).Value);
            Assert.Equal(1, (await Bounded(Style.Receive(client, buffer))).Value);
        }
        else
        {
            server.Listen();
            Task<Outcome<Socket>> accept = Style.Accept(server);
            Assert.True((await Bounded(Style.Connect(client, bound))).IsSuccess);
            using Socket accepted = (await Bounded(accept)).Value!;
            Assert.Equal(own, accepted.RemoteEndPoint);
            Assert.Equal(bound, accepted.LocalEndPoint);
            Assert.Equal(bound, client.RemoteEndPoint);
            Assert.Equal(bound, client.TryGetRemoteEndPoint().Value);
            Assert.Equal(3, (await Bounded(Style.Send(client, new byte[] { 1, 2, 3 }))).Value);
            Assert.Equal(3, (await Bounded(Style.Receive(accepted, buffer))).Value);
        }

        server.Dispose();
        Assert.Empty(_folder.GetFileSystemInfos());
    });

    [Fact(Timeout = Limit)]
    public Task A_client_without_a_name_is_unnamed() => Test(async () =>
    {
        using Socket server = Unix();
        server.Bind(Named("bytes"));
        server.Listen();
        using Socket client = Unix();
        Task<Outcome<Socket>> accept = Style.Accept(server);
        Assert.True((await Bounded(Style.Connect(client, server.LocalEndPoint!))).IsSuccess);
        using Socket accepted = (await Bounded(accept)).Value!;
        Assert.Equal(UnixEndPoint.Unnamed, accepted.RemoteEndPoint);
        Assert.Equal(UnixEndPoint.Unnamed, client.LocalEndPoint);
        Assert.Contains("Stream socket (unnamed) to /", client.ToString());
    });

    [Fact(Timeout = Limit)]
    public Task A_name_nobody_has_is_refused_by_name() => Test(async () =>
    {
        using Socket client = Unix();
        Outcome<int> outcome = await Bounded(Style.Connect(client, UnixEndPoint.Abstract([0xff, (byte)'?', (byte)'x'])));
        Assert.Equal(Errno.ECONNREFUSED, outcome.Errno);
        Assert.True(!Style.Throws || outcome.Message == "connect @%FF%3Fx: ECONNREFUSED: nothing listens there", outcome.Message);
    });

    private UnixEndPoint Named(string kind)
    {
        byte[] folder = [.. Encoding.UTF8.GetBytes(_folder.FullName), (byte)'/'];
        return kind switch
        {
            "path" => new UnixEndPoint(Path.Combine(_folder.FullName, "server.sock")),
            "bytes" => new UnixEndPoint([.. folder, 0xff, 0xfe, (byte)'%', (byte)'\n']),
            "longest" => new UnixEndPoint([.. folder, .. Enumerable.Repeat((byte)'x', UnixEndPoint.PathBytesMax - folder.Length)]),
            "abstract" => UnixEndPoint.Abstract(_folder.Name),
            "abstract bytes" => UnixEndPoint.Abstract([0, 0xff, .. folder, 0]),
            _ => UnixEndPoint.Autobind,
        };
    }
}

public sealed class UnixEndPoint_Sync() : UnixEndPointTests(SocketStyle.Sync);
public sealed class UnixEndPoint_Try() : UnixEndPointTests(SocketStyle.Try);
public sealed class UnixEndPoint_Async() : UnixEndPointTests(SocketStyle.Async);
public sealed class UnixEndPoint_TryAsync() : UnixEndPointTests(SocketStyle.TryAsync);
public sealed class UnixEndPoint_Loop() : UnixEndPointTests(SocketStyle.Loop);

public sealed class UnixEndPoint_LoopEpoll() : UnixEndPointTests(SocketStyle.LoopEpoll);

public sealed class UnixEndPoint_Chaos() : UnixEndPointTests(SocketStyle.Chaos);

/// <summary>What is the same in every call style: .NET's type beside ours, the file's mode, Python and .NET as peers.</summary>
public sealed class UnixFileTests : SocketTest, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sockeye-unix-");

    public static TheoryData<UnixFileMode> Modes =>
    [
        UnixFileMode.None,
        UnixFileMode.UserRead | UnixFileMode.UserWrite,
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite,
        (UnixFileMode)0b110_110_110,
        (UnixFileMode)0b111_111_111,
        (UnixFileMode)0b000_010_001,
        UnixFileMode.SetGroup | UnixFileMode.UserWrite,
    ];

    private string FilePath => Path.Combine(_folder.FullName, "server.sock");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Modes))]
    public void The_file_has_the_mode_that_was_asked_for(UnixFileMode mode)
    {
        using Socket socket = Unix();
        socket.Bind(new UnixEndPoint(FilePath), mode);
        Assert.Equal(mode, File.GetUnixFileMode(FilePath));
        Assert.Equal(new UnixEndPoint(FilePath), socket.LocalEndPoint);
        socket.Dispose();
        Assert.False(File.Exists(FilePath));
    }

    [Fact(Timeout = Limit)]
    public void The_file_never_permits_more()
    {
        using var watching = new ManualResetEventSlim();
        bool done = false;
        UnixFileMode seen = default;
        const UnixFileMode Asked = UnixFileMode.UserWrite | UnixFileMode.OtherWrite;
        var watcher = new Thread(() =>
        {
            watching.Set();
            while (!Volatile.Read(ref done))
            {
                try
                {
                    seen |= File.GetUnixFileMode(FilePath);
                }
                catch (FileNotFoundException)
                {
                    // Between two sockets there is none.
                }
            }
        });
        watcher.Start();
        watching.Wait(Soon);
        for (int i = 0; i < 500; i++)
        {
            using Socket socket = Unix(SocketType.Dgram);
            socket.Bind(new UnixEndPoint(FilePath), Asked);
        }

        Volatile.Write(ref done, true);
        watcher.Join();
        Assert.Equal(UnixFileMode.None, seen & ~Asked);
    }

    [Fact(Timeout = Limit)]
    public void A_bind_that_fails_leaves_the_mode_to_the_next()
    {
        using Socket first = Unix();
        first.Bind(new UnixEndPoint(FilePath), UnixFileMode.UserRead);
        using Socket second = Unix();
        SocketException e = Fails(SocketError.AddressAlreadyInUse, () => second.Bind(new UnixEndPoint(FilePath), UnixFileMode.None));
        Assert.Equal($"bind {FilePath}: EADDRINUSE: a file of that name exists; if no server uses it, remove it", e.Message);
        Assert.Equal(Errno.EADDRINUSE, second.TryBind(new UnixEndPoint(FilePath), UnixFileMode.None).Errno);
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(FilePath));

        // As if no mode had been asked for.
        second.Bind(new UnixEndPoint(FilePath + "2"));
        using Socket third = Unix();
        third.Bind(new UnixEndPoint(FilePath + "3"));
        Assert.Equal(File.GetUnixFileMode(FilePath + "3"), File.GetUnixFileMode(FilePath + "2"));
    }

    [Fact(Timeout = Limit)]
    public void An_abstract_name_that_is_taken_is_no_file()
    {
        var name = UnixEndPoint.Abstract(_folder.Name);
        using Socket first = Unix();
        first.Bind(name);
        using Socket second = Unix();
        SocketException e = Fails(SocketError.AddressAlreadyInUse, () => second.Bind(name));
        Assert.StartsWith($"bind @{_folder.Name}: EADDRINUSE: another socket has that abstract name", e.Message);
    }

    [Fact(Timeout = Limit)]
    public void Only_a_path_has_a_mode()
    {
        using Socket socket = Unix();
        Assert.Throws<ArgumentException>(() => socket.Bind(UnixEndPoint.Abstract("x"), UnixFileMode.UserWrite));
        Assert.Throws<ArgumentException>(() => socket.TryBind(UnixEndPoint.Autobind, UnixFileMode.UserWrite));
        Assert.Throws<ArgumentNullException>(() => socket.TryBind(null!, UnixFileMode.UserWrite));
        Assert.False(socket.IsBound);

        // .NET's type converts.
        Assert.True(socket.TryBind(new UnixDomainSocketEndPoint(FilePath), UnixFileMode.UserWrite).IsSuccess);
    }

    [Fact(Timeout = Limit)]
    public void What_NETs_type_says_comes_back_as_NETs_type()
    {
        using Socket path = Unix(SocketType.Dgram);
        path.Bind(new UnixDomainSocketEndPoint(FilePath));
        Assert.Equal(new UnixDomainSocketEndPoint(FilePath), path.LocalEndPoint);
        using Socket name = Unix(SocketType.Dgram);
        name.Bind(new UnixDomainSocketEndPoint("\0" + _folder.Name));
        Assert.Equal(new UnixDomainSocketEndPoint("\0" + _folder.Name), name.LocalEndPoint);

        // A sender's byte path is given as it is, also to a socket that knows .NET's type only.
        using Socket bytes = Unix(SocketType.Dgram);
        var own = new UnixEndPoint([.. Encoding.UTF8.GetBytes(_folder.FullName), (byte)'/', 0xff]);
        bytes.Bind(own);
        bytes.SendTo(new byte[] { 1 }, path.LocalEndPoint!);
        Assert.Equal(1, path.TryReceiveFrom(new byte[2], out EndPoint? sender).Value);
        Assert.Equal(own, sender);
        name.SendTo(new byte[] { 1 }, path.LocalEndPoint!);
        Assert.Equal(1, path.TryReceiveFrom(new byte[2], out sender).Value);
        Assert.Equal(name.LocalEndPoint, sender);
    }

    [Fact(Timeout = Limit)]
    public void Conversions_keep_the_bytes()
    {
        foreach (UnixDomainSocketEndPoint theirs in new[] { new UnixDomainSocketEndPoint("/a/\u00e4"), new UnixDomainSocketEndPoint("\0a\0b"), new UnixDomainSocketEndPoint(new string('p', 107)) })
        {
            UnixEndPoint ours = theirs;
            Assert.True(ours.TryToUnixDomainSocketEndPoint(out UnixDomainSocketEndPoint? back));
            Assert.Equal(theirs, back);
            Assert.Equal(theirs.ToString()!.Replace("\0", "%00"), ours.ToString());
        }

        Assert.False(UnixEndPoint.Unnamed.TryToUnixDomainSocketEndPoint(out _));
        Assert.False(new UnixEndPoint([0xff]).TryToUnixDomainSocketEndPoint(out _));
        Assert.False(UnixEndPoint.Abstract("").TryToUnixDomainSocketEndPoint(out _));
    }

    [Fact(Timeout = Limit)]
    public void The_systems_own_socket_takes_our_end_points()
    {
        var name = new UnixEndPoint([.. Encoding.UTF8.GetBytes(_folder.FullName), (byte)'/', 0xff, 0xfe]);
        using Socket server = Unix();
        server.Bind(name);
        server.Listen();
        using var client = new SystemSocket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Bind(UnixEndPoint.Abstract([0xff, .. Encoding.UTF8.GetBytes(_folder.Name)]));
        client.Connect(name);
        using Socket accepted = server.Accept();
        Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
        Assert.Equal(UnixEndPoint.Abstract([0xff, .. Encoding.UTF8.GetBytes(_folder.Name)]), client.LocalEndPoint);
    }

    [Theory(Timeout = Limit)]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Seqpacket)]
    public async Task Python_comes_to_any_name(SocketType type)
    {
        foreach (UnixEndPoint name in new[] { new UnixEndPoint([.. Encoding.UTF8.GetBytes(_folder.FullName), (byte)'/', 0xff]), UnixEndPoint.Abstract([0xfe, .. Encoding.UTF8.GetBytes(_folder.Name), 0]) })
        {
            using Socket server = Unix(type);
            server.Bind(name);
            server.Listen();
            Task<Socket> accept = server.AcceptAsync();
            string printed = await Peers.Python(
                """
                import socket, sys
                s = socket.socket(socket.AF_UNIX, int(sys.argv[1]))
                s.settimeout(10)
                s.bind('')
                s.connect(bytes.fromhex(sys.argv[2]))
                s.sendall(b'hello')
                peer = s.getpeername()
                print(s.getsockname().hex(), (peer if isinstance(peer, bytes) else peer.encode('utf-8', 'surrogateescape')).hex())
                """,
                ((int)type).ToString(), Convert.ToHexString(name.IsAbstract ? [0, .. name.AbstractName().Span] : name.PathBytes().Span));
            using Socket accepted = await accept.WaitAsync(Soon);
            var peer = (UnixEndPoint)accepted.RemoteEndPoint!;
            Assert.Equal(
                $"00{Convert.ToHexStringLower(peer.AbstractName().Span)} {(name.IsAbstract ? "00" : "")}{Convert.ToHexStringLower(name.IsAbstract ? name.AbstractName().Span : name.PathBytes().Span)}",
                printed);
            byte[] buffer = new byte[8];
            Assert.Equal("hello", Encoding.ASCII.GetString(buffer, 0, accepted.Receive(buffer)));
        }
    }
}
