using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Guest.Tests;

/// <summary>CAN frames over a virtual bus.</summary>
public sealed class CanTests : GuestTest
{
    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_frame_reaches_the_others_on_the_bus(Way way)
    {
        CanEndPoint bus = CanEndPoint.Parse("can://vcan0", provider: null);
        using Socket one = Bound(way, bus);
        using Socket other = Bound(way, bus);
        byte[] frame = Frame(0x123, 1, 2, 3), got = new byte[72];

        Assert.Equal(frame.Length, await Send(way, one, frame));
        (int length, EndPoint from) = await ReceiveFrom(way, other, got, bus);

        Assert.Equal(frame, got[..length]);
        Assert.Equal(bus.InterfaceIndex, Assert.IsType<CanEndPoint>(from).InterfaceIndex);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_filter_lets_its_frames_through_alone(Way way)
    {
        CanEndPoint bus = CanEndPoint.Parse("can://vcan0", provider: null);
        using Socket one = Bound(way, bus);
        using Socket other = Bound(way, bus);
        byte[] got = new byte[72];
        other.SetOption(CanRawOptions.Filter, [new CanFilter(0x200, CanFrame.StandardMask)]);

        await Send(way, one, Frame(0x100, 1));
        await Send(way, one, Frame(0x200, 2));

        Assert.Equal(Frame(0x200, 2), got[..await Receive(way, other, got)]);
    }

    private static Socket Bound(Way way, CanEndPoint bus)
    {
        Socket socket = Open(way, AddressFamily.ControllerAreaNetwork, SocketType.Raw, ProtocolType.CanRaw);
        socket.Bind(bus);
        return socket;
    }

    // struct can_frame.
    private static byte[] Frame(uint id, params ReadOnlySpan<byte> data)
    {
        byte[] frame = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, id);
        frame[4] = (byte)data.Length;
        data.CopyTo(frame.AsSpan(8));
        return frame;
    }
}
