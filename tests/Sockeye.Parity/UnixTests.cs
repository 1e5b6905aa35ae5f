using System.Net.Sockets;

namespace ParityTests;

public abstract class UnixTests(CallStyle style) : StyledTest(style)
{
    [Fact(Timeout = Limit)]
    public async Task End_points_are_reported_on_both_sides()
    {
        using Socket listener = Listener(AddressFamily.Unix);
        string path = listener.LocalEndPoint!.ToString()!;
        using Socket client = Unix();
        Task<Socket> accept = Style.Accept(listener);
        await Style.Connect(client, new UnixDomainSocketEndPoint(path)).WaitAsync(Soon);
        using Socket server = await accept.WaitAsync(Soon);
        Assert.IsType<UnixDomainSocketEndPoint>(server.LocalEndPoint);
        Assert.Equal(path, server.LocalEndPoint.ToString());
        Assert.Equal(path, client.RemoteEndPoint!.ToString());
        Assert.Equal("", server.RemoteEndPoint!.ToString());
        Assert.Equal("", client.LocalEndPoint!.ToString());
        Assert.True(client.Connected);
        Assert.True(server.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_is_bound_is_known_by_its_path()
    {
        using Socket listener = Listener(AddressFamily.Unix);
        using Socket client = Unix();
        string path = FreshPath();
        client.Bind(new UnixDomainSocketEndPoint(path));
        Task<Socket> accept = Style.Accept(listener);
        await Style.Connect(client, listener.LocalEndPoint!).WaitAsync(Soon);
        using Socket server = await accept.WaitAsync(Soon);
        Assert.Equal(path, server.RemoteEndPoint!.ToString());
        Assert.Equal(path, client.LocalEndPoint!.ToString());
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_to_no_file_is_AddressNotAvailable()
    {
        using Socket client = Unix();
        SocketException e = await FailsAsync(SocketError.AddressNotAvailable, () => Style.Connect(client, new UnixDomainSocketEndPoint(FreshPath())));
        Assert.Contains(e.NativeErrorCode, new[] { 2, 99 }); // ENOENT is what the kernel says
        Assert.False(client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_to_a_file_nobody_listens_on_is_refused()
    {
        using Socket bound = Unix();
        bound.Bind(new UnixDomainSocketEndPoint(FreshPath()));
        using Socket client = Unix();
        await FailsAsync(SocketError.ConnectionRefused, () => Style.Connect(client, bound.LocalEndPoint!));
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_to_a_socket_of_another_type_is_ProtocolType()
    {
        using Socket listener = Listener(AddressFamily.Unix);
        using Socket client = Unix(SocketType.Dgram);
        await FailsAsync(SocketError.ProtocolType, () => Style.Connect(client, listener.LocalEndPoint!));
    }

    [Fact(Timeout = Limit)]
    public async Task An_abstract_address_works_and_leaves_no_file()
    {
        string name = "\0parity-" + Path.GetRandomFileName();
        using Socket listener = Unix();
        listener.Bind(new UnixDomainSocketEndPoint(name));
        listener.Listen();
        Assert.Equal("@" + name[1..], listener.LocalEndPoint!.ToString());
        using Socket client = Unix();
        Task<Socket> accept = Style.Accept(listener);
        await Style.Connect(client, new UnixDomainSocketEndPoint(name)).WaitAsync(Soon);
        using Socket server = await accept.WaitAsync(Soon);
        await Style.Send(client, new byte[] { 4 }).WaitAsync(Soon);
        Assert.Equal([4], await ReadExactly(server, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task Datagrams_go_from_path_to_path()
    {
        using Socket one = Unix(SocketType.Dgram);
        using Socket two = Unix(SocketType.Dgram);
        one.Bind(new UnixDomainSocketEndPoint(FreshPath()));
        two.Bind(new UnixDomainSocketEndPoint(FreshPath()));
        Assert.Equal(2, await Style.SendTo(one, new byte[] { 1, 2 }, two.LocalEndPoint!).WaitAsync(Soon));
        byte[] buffer = new byte[9];
        SocketReceiveFromResult got = await Style.ReceiveFrom(two, buffer, new UnixDomainSocketEndPoint(FreshPath())).WaitAsync(Soon);
        Assert.Equal(2, got.ReceivedBytes);
        Assert.Equal(one.LocalEndPoint!.ToString(), got.RemoteEndPoint.ToString());
        one.Connect(two.LocalEndPoint!);
        Assert.Equal(1, await Style.Send(one, new byte[] { 3 }).WaitAsync(Soon));
        Assert.Equal(1, await Style.Receive(two, buffer).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Seqpacket_keeps_the_borders_of_messages()
    {
        using Socket listener = Unix(SocketType.Seqpacket);
        listener.Bind(new UnixDomainSocketEndPoint(FreshPath()));
        listener.Listen();
        using Socket client = Unix(SocketType.Seqpacket);
        Task<Socket> accept = Style.Accept(listener);
        await Style.Connect(client, listener.LocalEndPoint!).WaitAsync(Soon);
        using Socket server = await accept.WaitAsync(Soon);
        Assert.Equal(SocketType.Seqpacket, server.SocketType);
        await Style.Send(client, new byte[] { 1, 2, 3 }).WaitAsync(Soon);
        await Style.Send(client, new byte[] { 4 }).WaitAsync(Soon);
        byte[] buffer = new byte[100];
        Assert.Equal(3, await Style.Receive(server, buffer).WaitAsync(Soon));
        Assert.Equal(1, await Style.Receive(server, buffer).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Many_bytes_in_uneven_pieces_arrive_in_order()
    {
        using Pair pair = await Connected(AddressFamily.Unix);
        byte[] data = Bytes(500 * 18);
        Task<byte[]> read = ReadExactly(pair.Server, data.Length);
        for (int i = 0; i < 500; i++)
        {
            Assert.Equal(18, await Style.Send(pair.Client, new ArraySegment<byte>(data, i * 18, 18)).WaitAsync(Soon));
        }

        Assert.Equal(data, await read);
    }
}

public sealed class UnixQueueTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task A_non_blocking_connect_to_a_full_queue_would_block()
    {
        using Socket listener = Listener(AddressFamily.Unix, backlog: 0);
        using Socket first = Unix();
        await first.ConnectAsync(listener.LocalEndPoint!);
        using Socket second = Unix();
        second.Blocking = false;
        Fails(SocketError.WouldBlock, () => second.Connect(listener.LocalEndPoint!));
    }

    [Fact(Timeout = Limit)]
    public async Task A_blocking_connect_to_a_full_queue_waits_for_room()
    {
        using Socket listener = Listener(AddressFamily.Unix, backlog: 0);
        using Socket first = Unix();
        await first.ConnectAsync(listener.LocalEndPoint!);
        using Socket second = Unix();
        Task connect = Run(() => second.Connect(listener.LocalEndPoint!));
        await Task.Delay(Moment);
        Assert.False(connect.IsCompleted);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        await connect;
        Assert.True(second.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task An_async_connect_to_a_full_queue()
    {
        using Socket listener = Listener(AddressFamily.Unix, backlog: 0);
        using Socket first = Unix();
        await first.ConnectAsync(listener.LocalEndPoint!);
        using Socket second = Unix();
#if SOCKEYE
        // It waits, like any other connect (docs/from-dotnet.md).
        Task connect = second.ConnectAsync(listener.LocalEndPoint!);
        await Task.Delay(Moment);
        Assert.False(connect.IsCompleted);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        await connect.WaitAsync(Soon);
        Assert.True(second.Connected);
#else
        await FailsAsync(SocketError.WouldBlock, () => second.ConnectAsync(listener.LocalEndPoint!));
#endif
    }
}

public sealed class Unix_Array() : UnixTests(CallStyle.Array);
public sealed class Unix_Span() : UnixTests(CallStyle.Span);
public sealed class Unix_Forced() : UnixTests(CallStyle.Forced);
public sealed class Unix_Tasks() : UnixTests(CallStyle.Tasks);
public sealed class Unix_Cancellable() : UnixTests(CallStyle.Cancellable);

public sealed class UnixPathTests : SocketTest
{
    [Fact]
    public void Dispose_removes_the_file_that_Bind_made()
    {
        string path = FreshPath();
        Socket listener = Unix();
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        Assert.True(File.Exists(path));
        listener.Dispose();
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Dispose_removes_the_file_it_named_relatively()
    {
        string name = "parity-" + Path.GetRandomFileName();
        Socket listener = Unix();
        listener.Bind(new UnixDomainSocketEndPoint(name));
        Assert.True(File.Exists(name));
        listener.Dispose();
        Assert.False(File.Exists(name));
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_of_a_client_or_of_an_accepted_socket_leaves_the_file()
    {
        using Socket listener = Listener(AddressFamily.Unix);
        string path = listener.LocalEndPoint!.ToString()!;
        using (Socket client = Unix())
        {
            await client.ConnectAsync(listener.LocalEndPoint!);
            (await listener.AcceptAsync().WaitAsync(Soon)).Dispose();
        }

        Assert.True(File.Exists(path));
    }

    [Fact]
    public void Dispose_bears_a_file_that_somebody_removed()
    {
        string path = FreshPath();
        Socket listener = Unix();
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.Delete(path);
        listener.Dispose();
    }

    [Fact]
    public void A_path_can_be_bound_again_after_Dispose()
    {
        string path = FreshPath();
        for (int i = 0; i < 3; i++)
        {
            using Socket listener = Unix();
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Bind_under_no_directory_fails()
    {
        using Socket socket = Unix();
        Assert.ThrowsAny<SocketException>(() => socket.Bind(new UnixDomainSocketEndPoint(FreshPath() + "/none")));
        Assert.False(socket.IsBound);
    }

    [Fact]
    public void A_fresh_socket_has_no_end_points()
    {
        using Socket socket = Unix();
        Assert.Null(socket.LocalEndPoint);
        Assert.Null(socket.RemoteEndPoint);
    }

    [Fact]
    public void A_bound_socket_knows_its_path()
    {
        string path = FreshPath();
        using Socket socket = Unix();
        socket.Bind(new UnixDomainSocketEndPoint(path));
        Assert.True(socket.IsBound);
        Assert.Equal(path, Assert.IsType<UnixDomainSocketEndPoint>(socket.LocalEndPoint).ToString());
        Assert.Null(socket.RemoteEndPoint);
    }
}
