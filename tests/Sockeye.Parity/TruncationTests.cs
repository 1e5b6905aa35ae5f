using System.Net;
using System.Net.Sockets;

namespace ParityTests;

/// <summary>A datagram that does not fit: how each way of receiving reports it.</summary>
/// <remarks>ReceiveMessageFrom, which has flags to return, stands with the other datagram tests.</remarks>
public abstract class TruncationTests(CallStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task Receive_fills_the_buffer_and_the_rest_is_gone(AddressFamily family)
    {
        using Socket receiver = BoundUdp(family);
        using Socket sender = Udp(family);
        sender.SendTo([1, 2, 3], receiver.LocalEndPoint!);
        sender.SendTo([4], receiver.LocalEndPoint!);
        byte[] buffer = new byte[2];
        await Fills(() => Style.Receive(receiver, buffer));
        Assert.Equal([1, 2], buffer);
        Assert.Equal(1, await Style.Receive(receiver, buffer).WaitAsync(Soon));
        Assert.Equal(4, buffer[0]);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task ReceiveFrom_fills_the_buffer_and_the_rest_is_gone(AddressFamily family)
    {
        using Socket receiver = BoundUdp(family);
        using Socket sender = Udp(family);
        sender.SendTo([1, 2, 3], receiver.LocalEndPoint!);
        sender.SendTo([4], receiver.LocalEndPoint!);
        byte[] buffer = new byte[2];
        await Fills(async () => (await Style.ReceiveFrom(receiver, buffer, new IPEndPoint(Any(family), 0))).ReceivedBytes);
        Assert.Equal([1, 2], buffer);
        SocketReceiveFromResult next = await Style.ReceiveFrom(receiver, buffer, new IPEndPoint(Any(family), 0)).WaitAsync(Soon);
        Assert.Equal(1, next.ReceivedBytes);
        Assert.Equal(4, buffer[0]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_waiting_receive_gives_what_fits()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        byte[] buffer = new byte[2];
        Task<int> receive = Style.Receive(receiver, buffer);
        await Task.Delay(Moment);
        sender.SendTo([1, 2, 3], receiver.LocalEndPoint!);
        await Fills(() => receive);
        Assert.Equal([1, 2], buffer);
    }

    [Fact(Timeout = Limit)]
    public async Task A_unix_datagram_gives_what_fits()
    {
        using Socket receiver = Unix(SocketType.Dgram);
        receiver.Bind(new UnixDomainSocketEndPoint(FreshPath()));
        using Socket sender = Unix(SocketType.Dgram);
        sender.Connect(receiver.LocalEndPoint!);
        sender.Send([1, 2, 3]);
        sender.Send([4]);
        byte[] buffer = new byte[2];
        await Fills(() => Style.Receive(receiver, buffer));
        Assert.Equal(1, await Style.Receive(receiver, buffer).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Asked_with_Truncated_the_whole_length_is_reported()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        sender.SendTo(new byte[5], receiver.LocalEndPoint!);
        sender.SendTo(new byte[6], receiver.LocalEndPoint!);
        Assert.Equal(5, await Style.Receive(receiver, new byte[2], SocketFlags.Truncated).WaitAsync(Soon));
        Assert.Equal(6, (await Style.ReceiveFrom(receiver, new byte[2], new IPEndPoint(IPAddress.Any, 0), SocketFlags.Truncated).WaitAsync(Soon)).ReceivedBytes);
        Assert.Equal(0, receiver.Available);
    }

    [Fact(Timeout = Limit)]
    public async Task A_peek_with_a_small_buffer_keeps_the_message()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        sender.SendTo([1, 2, 3], receiver.LocalEndPoint!);
        byte[] buffer = new byte[2];
        await Fills(() => Style.Receive(receiver, buffer, SocketFlags.Peek));
        Assert.Equal([1, 2], buffer);
        Assert.Equal(3, receiver.Available);
    }

    [Fact(Timeout = Limit)]
    public async Task Several_buffers_that_are_too_small_are_filled()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        sender.SendTo([1, 2, 3], receiver.LocalEndPoint!);
        byte[] one = new byte[1];
        byte[] two = new byte[1];
        await Fills(() => Style.Receive(receiver, [one, two]));
        Assert.Equal(1, one[0]);
        Assert.Equal(2, two[0]);
    }

#if SOCKEYE
    /// <summary>Ours fills the buffer and says that the message was longer (docs/from-dotnet.md).</summary>
    private static Task Fills(Func<Task<int>> receive) => FailsAsync(SocketError.MessageSize, receive);
#else
    /// <summary>The system's socket cuts in silence: two bytes, no error.</summary>
    private static async Task Fills(Func<Task<int>> receive) => Assert.Equal(2, await receive().WaitAsync(Soon));
#endif
}

public sealed class Truncation_Array() : TruncationTests(CallStyle.Array);
public sealed class Truncation_Span() : TruncationTests(CallStyle.Span);
public sealed class Truncation_Forced() : TruncationTests(CallStyle.Forced);
public sealed class Truncation_Tasks() : TruncationTests(CallStyle.Tasks);
public sealed class Truncation_Memory() : TruncationTests(CallStyle.Memory);
public sealed class Truncation_Cancellable() : TruncationTests(CallStyle.Cancellable);
