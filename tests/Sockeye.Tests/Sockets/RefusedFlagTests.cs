using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>A flag of .NET's that Linux lacks is named by the exception of every member that takes flags.</summary>
public sealed class RefusedFlagTests : SocketTest
{
    public static readonly TheoryData<SocketFlags, string> Refusals = new()
    {
        { SocketFlags.Broadcast, "Linux has no SocketFlags.Broadcast for a call to pass" },
        { SocketFlags.Multicast, "Linux has no SocketFlags.Multicast for a call to pass" },
        { SocketFlags.ControlDataTruncated, "Linux has no SocketFlags.ControlDataTruncated for a call to pass" },
        { SocketFlags.Partial, "Linux has no SocketFlags.Partial for a call to pass; SocketFlags.More holds data back for more of it" },
        { SocketFlags.Broadcast | SocketFlags.Multicast, "Linux has no SocketFlags.Broadcast and no SocketFlags.Multicast for a call to pass" },
        { SocketFlags.Broadcast | SocketFlags.DontWait, "Linux has no SocketFlags.Broadcast for a call to pass" },
    };

    // Members that reflection cannot call: a span is no object.
    private static readonly Dictionary<string, Action<Socket, SocketFlags, EndPoint, byte[]>> s_ofSpans = new()
    {
        ["Receive(Span`1, SocketFlags)"] = static (socket, flags, _, buffer) => socket.Receive(buffer.AsSpan(), flags),
        ["ReceiveExactly(Span`1, SocketFlags)"] = static (socket, flags, _, buffer) => socket.ReceiveExactly(buffer, flags),
        ["ReceiveFrom(Span`1, SocketFlags, SocketAddress)"] =
            static (socket, flags, peer, buffer) => socket.ReceiveFrom(buffer.AsSpan(), flags, peer.Serialize()),
        ["ReceiveFrom(Span`1, SocketFlags, EndPoint&)"] = static (socket, flags, peer, buffer) => socket.ReceiveFrom(buffer.AsSpan(), flags, ref peer),
        ["ReceiveMessageFrom(Span`1, SocketFlags&, EndPoint&, IPPacketInformation&)"] =
            static (socket, flags, peer, buffer) => socket.ReceiveMessageFrom(buffer.AsSpan(), ref flags, ref peer, out _),
        ["Send(ReadOnlySpan`1, SocketFlags)"] = static (socket, flags, _, buffer) => socket.Send(buffer.AsSpan(), flags),
        ["SendAll(ReadOnlySpan`1, SocketFlags)"] = static (socket, flags, _, buffer) => socket.SendAll(buffer, flags),
        ["SendTo(ReadOnlySpan`1, SocketFlags, EndPoint)"] = static (socket, flags, peer, buffer) => socket.SendTo(buffer.AsSpan(), flags, peer),
        ["SendTo(ReadOnlySpan`1, SocketFlags, SocketAddress)"] =
            static (socket, flags, peer, buffer) => socket.SendTo(buffer.AsSpan(), flags, peer.Serialize()),
    };

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Refusals))]
    public async Task A_flag_that_Linux_lacks_is_named_by_every_member(SocketFlags flags, string text)
    {
        using Socket peer = BoundUdp();
        using Socket socket = BoundUdp();
        socket.Connect(peer.LocalEndPoint!);
        var members = new List<string>();
        foreach (MethodInfo method in typeof(Socket).GetMethods(BindingFlags.Public | BindingFlags.Instance).Where(TakesFlagsAndThrows))
        {
            string name = $"{method.Name}({string.Join(", ", method.GetParameters().Select(static one => one.ParameterType.Name))})";
            members.Add(name);
            foreach (int bytes in (int[])[1, 0])
            {
                SocketException exception = await Assert.ThrowsAnyAsync<SocketException>(
                    () => Call(method, name, socket, flags, peer.LocalEndPoint!, bytes));
                Assert.Equal(SocketError.OperationNotSupported, exception.SocketErrorCode);
                Assert.EndsWith($": EOPNOTSUPP: {text}", exception.Message, StringComparison.Ordinal);
                Assert.Contains(peer.LocalEndPoint!.ToString()!, exception.Message, StringComparison.Ordinal);
                Assert.True(socket.Connected, name);
            }
        }

        Assert.All(s_ofSpans.Keys, name => Assert.Contains(name, members));
        Assert.InRange(members.Count, 50, int.MaxValue);

        // An operation that was refused is used again, and says nothing of it.
        using Socket alone = Udp();
        SocketException other = await Assert.ThrowsAnyAsync<SocketException>(() => alone.SendAsync(new byte[1].AsMemory(), flags).AsTask());
        Assert.EndsWith(text, other.Message, StringComparison.Ordinal);
        other = await Assert.ThrowsAnyAsync<SocketException>(() => alone.SendAsync(new byte[1].AsMemory()).AsTask());
        Assert.Equal(SocketError.DestinationAddressRequired, other.SocketErrorCode);
        Assert.DoesNotContain("Linux has no", other.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_buffer_without_room_is_full_unless_a_flag_is_refused()
    {
        using Pair pair = await Connected();
        Assert.True(pair.Client.TryReceiveExactly([]) is { IsSuccess: true, Value: 0 });
        Assert.True(await pair.Client.TryReceiveExactlyAsync(Memory<byte>.Empty) is { IsSuccess: true, Value: 0 });
        pair.Client.ReceiveExactly([], SocketFlags.WaitAll);
        await pair.Client.ReceiveExactlyAsync(Memory<byte>.Empty, SocketFlags.WaitAll);

        Assert.Equal(Errno.EOPNOTSUPP, pair.Client.TryReceiveExactly([], SocketFlags.Partial).Errno);
        Assert.Equal(Errno.EOPNOTSUPP, (await pair.Client.TryReceiveExactlyAsync(Memory<byte>.Empty, SocketFlags.Partial)).Errno);
    }

    private static bool TakesFlagsAndThrows(MethodInfo method)
    {
        Type[] types = [.. method.GetParameters().Select(static one => one.ParameterType)];
        return !method.Name.StartsWith("Try", StringComparison.Ordinal)
            && !types.Contains(typeof(SocketError).MakeByRefType())
            && types.Any(static type => type == typeof(SocketFlags) || type == typeof(SocketFlags).MakeByRefType());
    }

    private static async Task Call(MethodInfo method, string name, Socket socket, SocketFlags flags, EndPoint peer, int bytes)
    {
        if (s_ofSpans.TryGetValue(name, out Action<Socket, SocketFlags, EndPoint, byte[]>? call))
        {
            call(socket, flags, peer, new byte[bytes]);
            return;
        }

        object?[] arguments = [.. method.GetParameters().Select(one => Argument(one, flags, peer, new byte[bytes]))];
        object? result = method.Invoke(socket, BindingFlags.DoNotWrapExceptions, binder: null, arguments, culture: null);
        await (result switch
        {
            Task task => task,
            ValueTask task => task.AsTask(),
            { } other when other.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ValueTask<>) =>
                (Task)type.GetMethod(nameof(ValueTask<>.AsTask))!.Invoke(other, null)!,
            _ => Task.CompletedTask,
        });
    }

    private static object? Argument(ParameterInfo parameter, SocketFlags flags, EndPoint peer, byte[] buffer)
    {
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        return type switch
        {
            _ when type == typeof(SocketFlags) => flags,
            _ when type == typeof(byte[]) => buffer,
            _ when type == typeof(int) => parameter.Name == "size" ? buffer.Length : 0,
            _ when type == typeof(ArraySegment<byte>) => new ArraySegment<byte>(buffer),
            _ when type == typeof(IList<ArraySegment<byte>>) => new List<ArraySegment<byte>> { new(buffer) },
            _ when type == typeof(Memory<byte>) => buffer.AsMemory(),
            _ when type == typeof(ReadOnlyMemory<byte>) => (ReadOnlyMemory<byte>)buffer,
            _ when type == typeof(EndPoint) => peer,
            _ when type == typeof(SocketAddress) => peer.Serialize(),
            _ when type == typeof(CancellationToken) => CancellationToken.None,
            _ when type == typeof(OutgoingMessage) => new OutgoingMessage(buffer) { Peer = peer },
            _ when type == typeof(MessageBatch) => Batch(peer, buffer),
            _ when type == typeof(IPPacketInformation) => null,
            _ => throw new InvalidOperationException($"{parameter.Member} needs an argument: {parameter}"),
        };
    }

    private static MessageBatch Batch(EndPoint peer, byte[] buffer)
    {
        var batch = new MessageBatch(1, 16);
        if (buffer.Length > 0)
        {
            batch.Add(buffer, peer);
        }

        return batch;
    }
}
