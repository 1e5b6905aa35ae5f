namespace Sockeye.Interop.Tests;

public sealed class EventDescriptorTests
{
    [Fact]
    public void Signals_add_up_to_one_readiness_and_Drain_takes_it_away()
    {
        using var epoll = new EpollSet(1);
        using var woken = EventDescriptor.Create();
        epoll.Add(woken.Handle, EpollConstants.EPOLLIN, 1);
        Assert.Equal(0, epoll.Wait(0));
        woken.Signal();
        woken.Signal();
        Assert.Equal(1, epoll.Wait(10_000));
        woken.Drain();
        Assert.Equal(0, epoll.Wait(0));
    }

    [Fact]
    public void A_signal_never_waits_even_when_the_counter_is_full()
    {
        using var epoll = new EpollSet(1);
        using var woken = EventDescriptor.Create();
        epoll.Add(woken.Handle, EpollConstants.EPOLLIN, 1);
        Assert.Equal(sizeof(ulong), Libc.Write(woken.Handle, ulong.MaxValue - 1));
        Assert.Equal(-Errno.EAGAIN, Libc.Write(woken.Handle, 1));
        woken.Signal();
        Assert.Equal(1, epoll.Wait(10_000));
        woken.Drain();
        Assert.Equal(0, epoll.Wait(0));
    }

    [Fact]
    public void Draining_what_nobody_signalled_does_not_wait()
    {
        using var woken = EventDescriptor.Create();
        woken.Drain();
        Assert.Equal(-Errno.EAGAIN, Libc.Read(woken.Handle, out _));
    }

    [Fact(Timeout = 30_000)]
    public async Task A_signal_wakes_a_waiting_thread()
    {
        using var epoll = new EpollSet(1);
        using var woken = EventDescriptor.Create();
        epoll.Add(woken.Handle, EpollConstants.EPOLLIN, 7);
        Task<int> wait = Task.Run(() => epoll.Wait(10_000));
        woken.Signal();
        Assert.Equal(1, await wait);
        Assert.Equal(7UL, epoll.Event(0).Data);
    }

    [Fact]
    public void Nothing_is_inherited_by_programs_that_are_started()
    {
        using var woken = EventDescriptor.Create();
        string[] information = File.ReadAllLines($"/proc/self/fdinfo/{woken.Handle.Number}");
        int flags = Convert.ToInt32(information.Single(line => line.StartsWith("flags:", StringComparison.Ordinal))["flags:".Length..].Trim(), 8);
        Assert.Equal(EpollConstants.EFD_CLOEXEC | EpollConstants.EFD_NONBLOCK, flags & (EpollConstants.EFD_CLOEXEC | EpollConstants.EFD_NONBLOCK));
    }
}
