using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>How a connect went, and what the socket is good for afterwards.</summary>
public abstract class ConnectTests(SocketStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task Connect_begins_anew_after_its_failure_was_read(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket client = Stream(family);
        FailUnheard(client, family);
        Assert.Equal(Errno.ECONNREFUSED, client.GetOption(SocketOptions.Error));
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
        Assert.True(client.Connected);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task Connect_tells_the_failure_of_one_that_nobody_waited_for_and_then_begins_anew(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket client = Stream(family);
        FailUnheard(client, family);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
        Assert.Equal(0, client.GetOption(SocketOptions.Error));
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_socket_that_was_refused_again_and_again_connects_in_the_end(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket socket = Stream(family);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, NobodyThere(family)))).Error);
        }

        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
    });

    // Begins a connect without waiting, and lets it be refused.
    private static void FailUnheard(Socket client, AddressFamily family)
    {
        client.Blocking = false;
        SocketResult begun = client.TryConnect(NobodyThere(family));
        Assert.Equal(Errno.EINPROGRESS, begun.Errno);
        Assert.NotEqual(SocketEvents.None, client.Wait(SocketEvents.Writable, Soon) & SocketEvents.Error);
        client.Blocking = true;
    }
}

public sealed class Connect_Sync() : ConnectTests(SocketStyle.Sync);

public sealed class Connect_Try() : ConnectTests(SocketStyle.Try);

public sealed class Connect_Async() : ConnectTests(SocketStyle.Async);

public sealed class Connect_TryAsync() : ConnectTests(SocketStyle.TryAsync);

public sealed class Connect_Loop() : ConnectTests(SocketStyle.Loop);

public sealed class Connect_LoopEpoll() : ConnectTests(SocketStyle.LoopEpoll);

public sealed class Connect_Chaos() : ConnectTests(SocketStyle.Chaos);
