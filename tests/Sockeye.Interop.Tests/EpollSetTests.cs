namespace Sockeye.Interop.Tests;

public sealed class EpollSetTests
{
    private const int LimitMs = 10_000;

    [Fact]
    public void A_ready_descriptor_is_reported_with_its_data()
    {
        using var epoll = new EpollSet(8);
        (SocketHandle first, SocketHandle second) = Open.Pair();
        using (first)
        using (second)
        {
            const ulong Data = 0xFEDC_BA98_7654_3210;
            Assert.Equal(0, epoll.Add(first, EpollConstants.EPOLLIN, Data));
            Assert.Equal(0, epoll.Wait(0));
            Libc.Send(second, [1], 0);
            Assert.Equal(1, epoll.Wait(LimitMs));
            Assert.Equal((EpollConstants.EPOLLIN, Data), epoll.Event(0));
        }
    }

    [Fact]
    public void Many_events_keep_their_own_data()
    {
        const int Count = 16;
        using var epoll = new EpollSet(Count);
        var events = new List<EventDescriptor>();
        try
        {
            for (ulong i = 0; i < Count; i++)
            {
                var made = EventDescriptor.Create();
                events.Add(made);
                made.Signal();
                Assert.Equal(0, epoll.Add(made.Handle, EpollConstants.EPOLLIN, (i << 40) | i));
            }

            Assert.Equal(Count, epoll.Wait(LimitMs));
            IEnumerable<ulong> seen = Enumerable.Range(0, Count).Select(index => epoll.Event(index).Data).Order();
            Assert.Equal(Enumerable.Range(0, Count).Select(i => ((ulong)i << 40) | (uint)i), seen);
        }
        finally
        {
            events.ForEach(made => made.Dispose());
        }
    }

    [Fact]
    public void A_wait_reports_no_more_than_there_is_room_for_and_the_rest_later()
    {
        using var epoll = new EpollSet(1);
        using var first = EventDescriptor.Create();
        using var second = EventDescriptor.Create();
        first.Signal();
        second.Signal();
        epoll.Add(first.Handle, EpollConstants.EPOLLIN | EpollConstants.EPOLLET, 1);
        epoll.Add(second.Handle, EpollConstants.EPOLLIN | EpollConstants.EPOLLET, 2);
        Assert.Equal(1, epoll.Wait(LimitMs));
        ulong seen = epoll.Event(0).Data;
        Assert.Equal(1, epoll.Wait(LimitMs));
        Assert.Equal(3UL, seen + epoll.Event(0).Data);
        Assert.Equal(0, epoll.Wait(0));
    }

    [Fact]
    public void An_edge_is_reported_once()
    {
        using var epoll = new EpollSet(8);
        using var woken = EventDescriptor.Create();
        epoll.Add(woken.Handle, EpollConstants.EPOLLIN | EpollConstants.EPOLLET, 1);
        woken.Signal();
        Assert.Equal(1, epoll.Wait(LimitMs));
        Assert.Equal(0, epoll.Wait(0));
        woken.Signal();
        Assert.Equal(1, epoll.Wait(LimitMs));
    }

    [Fact]
    public void Nothing_is_reported_after_removal()
    {
        using var epoll = new EpollSet(8);
        using var woken = EventDescriptor.Create();
        epoll.Add(woken.Handle, EpollConstants.EPOLLIN, 1);
        woken.Signal();
        Assert.Equal(0, epoll.Remove(woken.Handle));
        Assert.Equal(0, epoll.Wait(0));
        Assert.Equal(-Errno.ENOENT, epoll.Remove(woken.Handle));
    }

    [Fact]
    public void A_descriptor_is_added_once()
    {
        using var epoll = new EpollSet(8);
        using var woken = EventDescriptor.Create();
        Assert.Equal(0, epoll.Add(woken.Handle, EpollConstants.EPOLLIN, 1));
        Assert.Equal(-Errno.EEXIST, epoll.Add(woken.Handle, EpollConstants.EPOLLIN, 2));
    }

    [Fact]
    public void Only_events_of_the_last_wait_can_be_read()
    {
        using var epoll = new EpollSet(8);
        using var woken = EventDescriptor.Create();
        epoll.Add(woken.Handle, EpollConstants.EPOLLIN, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => epoll.Event(0));
        woken.Signal();
        Assert.Equal(1, epoll.Wait(LimitMs));
        Assert.Throws<ArgumentOutOfRangeException>(() => epoll.Event(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => epoll.Event(-1));
        woken.Drain();
        Assert.Equal(0, epoll.Wait(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => epoll.Event(0));
    }

    [Fact]
    public void A_disposed_set_refuses_to_wait()
    {
        var epoll = new EpollSet(8);
        epoll.Dispose();
        epoll.Dispose();
        Assert.Throws<ObjectDisposedException>(() => epoll.Wait(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => epoll.Event(0));
    }

    [Fact]
    public void The_other_ends_close_is_an_event()
    {
        using var epoll = new EpollSet(8);
        (SocketHandle first, SocketHandle second) = Open.Pair();
        using (first)
        {
            epoll.Add(first, EpollConstants.EPOLLIN | EpollConstants.EPOLLRDHUP, 1);
            second.Dispose();
            Assert.Equal(1, epoll.Wait(LimitMs));
            Assert.Equal(
                EpollConstants.EPOLLIN | EpollConstants.EPOLLRDHUP | EpollConstants.EPOLLHUP, epoll.Event(0).Events);
        }
    }
}
