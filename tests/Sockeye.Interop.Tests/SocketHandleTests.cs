namespace Sockeye.Interop.Tests;

public sealed class SocketHandleTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_pair_that_fails_owns_no_descriptor()
    {
        // AF_INET makes no pairs; the kernel has written two numbers into the array by the time it says so.
        int result = Libc.SocketPair(SocketConstants.AF_INET, SocketConstants.SOCK_STREAM, 0, out SocketHandle first, out SocketHandle second);
        Assert.Equal(-Errno.EOPNOTSUPP, result);
        Assert.True(first.IsInvalid);
        Assert.True(second.IsInvalid);
    }

    [Fact]
    public void Close_runs_at_the_last_release()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        using (second)
        {
            // Another process's or test's socket may get the number, never this inode.
            string path = $"/proc/self/fd/{first.Number}";
            string? inode = new FileInfo(path).LinkTarget;
            Assert.StartsWith("socket:", inode, StringComparison.Ordinal);
            bool referenced = false;
            first.DangerousAddRef(ref referenced);
            first.Dispose();
            Assert.Equal(inode, new FileInfo(path).LinkTarget);
            Assert.Equal(1, Libc.Send(first, [1], 0));

            first.DangerousRelease();
            Assert.NotEqual(inode, new FileInfo(path).LinkTarget);
            Assert.Throws<ObjectDisposedException>(() => Libc.Send(first, [1], 0));
            Assert.Equal(1, Libc.Receive(second, new byte[8], 0));
            Assert.Equal(0, Libc.Receive(second, new byte[8], 0));
        }
    }

    [Fact]
    public void The_close_listener_is_called_once_while_the_descriptor_is_still_open()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        using (second)
        {
            int calls = 0;
            int peer = 0;
            first.CloseListener = new Listener(() =>
            {
                calls++;
                peer = Libc.Receive(second, new byte[1], 0);
            });
            bool referenced = false;
            first.DangerousAddRef(ref referenced);
            first.Dispose();
            first.Dispose();
            Assert.Equal(0, calls);

            first.DangerousRelease();
            Assert.Equal(1, calls);
            Assert.Equal(-Errno.EAGAIN, peer);
            Assert.Equal(0, Libc.Receive(second, new byte[1], 0));
        }
    }

    [Fact]
    public void WaitForClose_gives_up_at_its_limit_while_somebody_holds_a_reference()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        using (second)
        {
            bool referenced = false;
            first.DangerousAddRef(ref referenced);
            first.Dispose();
            Assert.False(first.WaitForClose(TimeSpan.FromMilliseconds(20)));
            first.DangerousRelease();
            Assert.True(first.WaitForClose(Limit));
            Assert.True(first.WaitForClose(TimeSpan.Zero));
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task WaitForClose_wakes_at_the_last_release()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        using (second)
        {
            bool referenced = false;
            first.DangerousAddRef(ref referenced);
            first.Dispose();
            using var waiting = new ManualResetEventSlim();
            Task<bool> wait = Task.Run(() =>
            {
                waiting.Set();
                return first.WaitForClose(Limit);
            });
            waiting.Wait(Limit);
            first.DangerousRelease();
            Assert.True(await wait);
        }
    }

    [Fact]
    public void WaitForClose_after_close_returns_at_once()
    {
        (SocketHandle first, SocketHandle second) = Open.Pair();
        second.Dispose();
        first.Dispose();
        Assert.True(first.WaitForClose(TimeSpan.Zero));
    }

    [Fact]
    public void Close_still_delivers_what_was_sent()
    {
        (SocketHandle client, SocketHandle server) = Open.Connection();
        using (server)
        {
            Assert.Equal(5, Libc.Send(client, "hello"u8, SocketConstants.MSG_NOSIGNAL));
            client.Dispose();
            byte[] buffer = new byte[16];
            Open.WaitFor(server, PollConstants.POLLIN);
            Assert.Equal(5, Libc.Receive(server, buffer, 0));
            Open.WaitFor(server, PollConstants.POLLIN);
            Assert.Equal(0, Libc.Receive(server, buffer, 0));
        }
    }

    [Fact]
    public void An_empty_handle_is_invalid_and_closes_nothing()
    {
        using var handle = new SocketHandle();
        int calls = 0;
        handle.CloseListener = new Listener(() => calls++);
        Assert.True(handle.IsInvalid);
        handle.Dispose();
        Assert.Equal(0, calls);
    }

    [Fact]
    public void An_unreferenced_handle_is_closed_by_its_finalizer()
    {
        (WeakReference handle, SocketHandle peer) = Forget();
        using (peer)
        {
            for (int i = 0; i < 10 && handle.IsAlive; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Open.WaitFor(peer, PollConstants.POLLIN);
            Assert.Equal(0, Libc.Receive(peer, new byte[1], 0));
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static (WeakReference, SocketHandle) Forget()
        {
            (SocketHandle first, SocketHandle second) = Open.Pair();
            return (new WeakReference(first), second);
        }
    }

    private sealed class Listener(Action closing) : ICloseListener
    {
        public void Closing() => closing();

        public bool TryClose(int descriptor) => false;
    }
}
