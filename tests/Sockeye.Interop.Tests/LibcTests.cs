using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sockeye.Interop.Tests;

public sealed partial class LibcTests
{
    private const int SIGWINCH = 28;

    [Fact]
    public void Every_new_descriptor_is_close_on_exec_and_non_blocking()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        (SocketHandle client, SocketHandle server) = Open.Connection();
        Assert.True(Libc.Duplicate(first, out SocketHandle copy) >= 0);
        foreach (SocketHandle handle in new[] { first, second, client, server, copy })
        {
            using (handle)
            {
                Assert.Equal(FcntlConstants.FD_CLOEXEC, Libc.Fcntl(handle, FcntlConstants.F_GETFD));
                Assert.NotEqual(0, Libc.Fcntl(handle, FcntlConstants.F_GETFL) & FcntlConstants.O_NONBLOCK);
            }
        }
    }

    [Fact]
    public void A_descriptor_that_arrives_is_close_on_exec()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        (SocketHandle sent, SocketHandle other) = Open.Pair();
        using (first)
        using (second)
        using (sent)
        using (other)
        {
            // One cmsghdr (16 bytes) with one int, SCM_RIGHTS is 1; padded to 8.
            byte[] control = new byte[24];
            var header = new ControlMessageHeader { Length = 20, Level = SocketConstants.SOL_SOCKET, Type = 1 };
            MemoryMarshal.Write(control, header);
            MemoryMarshal.Write(control.AsSpan(16), sent.Number);
            using PinnedMemory pin = PinnedMemory.Pin(new byte[] { 1 });
            Assert.Equal(1, Libc.SendMessage(first, [pin.Buffer], 0, default, control));

            byte[] answer = new byte[64];
            using PinnedMemory room = PinnedMemory.Pin(new byte[8]);
            Assert.Equal(1, Libc.ReceiveMessage(second, [room.Buffer], SocketConstants.MSG_CMSG_CLOEXEC, default, answer, out MessageLengths lengths));
            Assert.Equal(24, lengths.Control);
            using var arrived = new SocketHandle(MemoryMarshal.Read<int>(answer.AsSpan(16)));
            Assert.Equal(FcntlConstants.FD_CLOEXEC, Libc.Fcntl(arrived, FcntlConstants.F_GETFD));
        }
    }

    [Fact]
    public void Several_buffers_go_out_and_come_in_as_one_message()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair(SocketConstants.SOCK_DGRAM);
        using (first)
        using (second)
        {
            using PinnedMemory hello = PinnedMemory.Pin("hello "u8.ToArray());
            using PinnedMemory world = PinnedMemory.Pin("world"u8.ToArray());
            Assert.Equal(11, Libc.SendMessage(first, [hello.Buffer, world.Buffer], 0));

            byte[] four = new byte[4];
            byte[] three = new byte[3];
            using PinnedMemory start = PinnedMemory.Pin(four);
            using PinnedMemory rest = PinnedMemory.Pin(three);
            Assert.Equal(7, Libc.ReceiveMessage(second, [start.Buffer, rest.Buffer], 0, default, default, out MessageLengths lengths));
            Assert.Equal("hell"u8, four);
            Assert.Equal("o w"u8, three);
            Assert.Equal(SocketConstants.MSG_TRUNC, lengths.Flags & SocketConstants.MSG_TRUNC);
        }
    }

    [Fact]
    public void SendFile_starts_where_it_is_told_and_leaves_the_files_position()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "0123456789");
            using (first)
            using (second)
            using (SafeFileHandle file = File.OpenHandle(path))
            {
                Assert.Equal(4, Libc.SendFile(first, file, offset: 3, count: 4));
                byte[] buffer = new byte[16];
                Assert.Equal(4, Libc.Receive(second, buffer, 0));
                Assert.Equal("3456"u8, buffer.AsSpan(0, 4));
                Assert.Equal(10, Libc.SendFile(first, file, offset: 0, count: 100));
                Assert.Equal(0, Libc.SendFile(first, file, offset: 10, count: 1));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Unlink_takes_only_a_path_that_ends_with_0()
    {
        string path = Path.GetTempFileName();
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(path);
        Assert.Equal(-Errno.EINVAL, Libc.Unlink(bytes));
        Assert.Equal(-Errno.EINVAL, Libc.Unlink(default));
        Assert.True(File.Exists(path));
        Assert.Equal(0, Libc.Unlink([.. bytes, 0]));
        Assert.False(File.Exists(path));
        Assert.Equal(-Errno.ENOENT, Libc.Unlink([.. bytes, 0]));
    }

    [Fact]
    public void Options_are_read_and_written()
    {
        using SocketHandle socket = Open.Socket(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM);
        Assert.Equal(0, Libc.SetOption(socket, IpConstants.IPPROTO_TCP, TcpConstants.TCP_NODELAY, 1));
        Assert.Equal(0, Libc.GetOption(socket, IpConstants.IPPROTO_TCP, TcpConstants.TCP_NODELAY, out int value));
        Assert.Equal(1, value);
        byte[] bytes = new byte[8];
        Assert.Equal(0, Libc.GetOption(socket, IpConstants.IPPROTO_TCP, TcpConstants.TCP_NODELAY, bytes, out int length));
        Assert.Equal(sizeof(int), length);
        Assert.Equal(-Errno.ENOPROTOOPT, Libc.SetOption(socket, IpConstants.IPPROTO_TCP, 9_999, 1));
    }

    [Fact]
    public void Accept_gives_the_peers_address_or_none()
    {
        using SocketHandle listener = Open.Socket(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM);
        Assert.Equal(0, Libc.Bind(listener, [SocketConstants.AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Equal(0, Libc.Listen(listener, 2));
        Assert.Equal(-Errno.EAGAIN, Libc.Accept(listener, default, out _, out SocketHandle none));
        Assert.True(none.IsInvalid);

        byte[] address = new byte[SocketConstants.AddressBytesMax];
        Assert.Equal(0, Libc.GetSocketName(listener, address, out int length));
        using SocketHandle first = Open.Socket(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM);
        using SocketHandle second = Open.Socket(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM);
        _ = Libc.Connect(first, address.AsSpan(0, length));
        _ = Libc.Connect(second, address.AsSpan(0, length));

        byte[] peer = new byte[SocketConstants.AddressBytesMax];
        Open.WaitFor(listener, PollConstants.POLLIN);
        Assert.True(Libc.Accept(listener, peer, out int peerLength, out SocketHandle accepted) >= 0);
        using (accepted)
        {
            byte[] name = new byte[SocketConstants.AddressBytesMax];
            Assert.Equal(0, Libc.GetSocketName(first, name, out int nameLength));
            Assert.Equal(name[..nameLength], peer[..peerLength]);
        }

        Open.WaitFor(listener, PollConstants.POLLIN);
        Assert.True(Libc.Accept(listener, default, out _, out SocketHandle unnamed) >= 0);
        unnamed.Dispose();
    }

    [Fact]
    public void Poll_reports_in_place_and_ends_at_its_limit()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        using (first)
        using (second)
        {
            PollDescriptor[] polls =
            [
                new() { Descriptor = first.Number, Events = PollConstants.POLLIN },
                new() { Descriptor = second.Number, Events = PollConstants.POLLIN },
            ];
            Assert.Equal(0, Libc.Poll(polls, TimeSpan.Zero));
            long start = Stopwatch.GetTimestamp();
            Assert.Equal(0, Libc.Poll(polls, TimeSpan.FromMilliseconds(30)));
            Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(30));

            Libc.Send(first, [1], 0);
            Assert.Equal(1, Libc.Poll(polls, System.Threading.Timeout.InfiniteTimeSpan));
            Assert.Equal([0, PollConstants.POLLIN], polls.Select(poll => poll.Returned));
        }
    }

    [Fact]
    public void Poll_reports_that_a_signal_interrupted_it()
    {
        // The runtime handles SIGWINCH once somebody asks for it; without a handler the kernel would drop it.
        using PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, context => context.Cancel = true);
        (SocketHandle first, SocketHandle second) = Open.Pair();
        using (first)
        using (second)
        {
            int result = 0;
            nint self = 0;
            using var ready = new ManualResetEventSlim();
            var waiter = new Thread(() =>
            {
                self = pthread_self();
                var poll = new PollDescriptor { Descriptor = first.Number, Events = PollConstants.POLLIN };
                ready.Set();
                result = Libc.Poll(new Span<PollDescriptor>(ref poll), TimeSpan.FromSeconds(20));
            });
            waiter.Start();
            ready.Wait();

            // The thread may not be in the call yet, so once is not enough.
            bool ended = false;
            for (int i = 0; i < 10_000 && !ended; i++)
            {
                Assert.Equal(0, pthread_kill(self, SIGWINCH));
                ended = waiter.Join(TimeSpan.FromMilliseconds(1));
            }

            Assert.True(ended);
            Assert.Equal(-Errno.EINTR, result);
        }
    }

    [Fact]
    public void The_descriptor_limit_can_be_asked_and_set()
    {
        Assert.Equal(0, Libc.GetDescriptorLimit(out ulong soft, out ulong hard));
        Assert.InRange(soft, 1UL, hard);
        Assert.Equal(0, Libc.SetDescriptorLimit(soft, hard));
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc")]
    private static partial nint pthread_self();

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc")]
    private static partial int pthread_kill(nint thread, int signal);
}
