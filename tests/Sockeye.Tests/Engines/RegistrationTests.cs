using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Sockeye.Engines;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>A registration's queues, driven by hand: the orders of events that no clock can be made to produce.</summary>
public sealed class RegistrationTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task A_turn_given_up_while_it_is_granted_starts_the_next_operation_once()
    {
        (Socket socket, Socket other) = Socket.CreatePair();
        using Socket first = socket;
        using Socket second = other;
        var registration = new Registration(SocketEngine.Default.Poller, socket.Descriptor);
        var head = new Scripted(socket, static () => false);
        var ticket = new QueueTicket(socket.Core, OperationQueue.Read);
        int inside = 0;
        int most = 0;
        using var entered = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var next = new Scripted(socket, () =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            entered.Set();
            leave.Wait(Moment);
            Interlocked.Decrement(ref inside);
            return false;
        });
        registration.Enqueue(head, registration.Sequence);
        Assert.False(registration.TryEnterQueue(ticket));
        registration.Enqueue(next, registration.Sequence);

        // Cancel takes the head out, makes the ticket the running one, publishes the head's end, and then admits the ticket.
        // Between the last two the ticket's thread gives up: the queue goes on to the next operation on that thread.
        Task? leaver = null;
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new CallbackContext(() =>
        {
            leaver = Run(() => registration.LeaveQueue(ticket));
            Assert.True(entered.Wait(Soon));
        }));
        head.OnCompleted(static _ => { }, state: null, head.Version, ValueTaskSourceOnCompletedFlags.UseSchedulingContext);
        SynchronizationContext.SetSynchronizationContext(before);
        registration.Cancel(head, errno: 125, head.Version);
        leave.Set();
        await leaver!.WaitAsync(Soon);
        Assert.Equal(1, most);
        Assert.Equal(OperationState.Waiting, next.State);
    }

    [Fact]
    public void What_comes_between_a_try_and_the_queue_is_not_lost()
    {
        (Socket socket, Socket other) = Socket.CreatePair();
        using Socket first = socket;
        using Socket second = other;
        var registration = new Registration(SocketEngine.Default.Poller, socket.Descriptor);
        int tries = 0;
        var operation = new Scripted(socket, () => ++tries == 1);
        int sequence = registration.Sequence;

        // The engine's event comes after the operation's own try and before it is queued.
        registration.Ready(read: true, write: false);
        registration.Enqueue(operation, sequence);
        Assert.Equal(OperationState.Completed, operation.State);
        Assert.Equal(1, tries);
    }

    // A ring reports what woke it, not the current state: so a skipped try is still due until an event for reading comes.
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    public void A_spared_try_is_made_whatever_was_reported_of_writing(bool read, int expected)
    {
        (Socket socket, Socket other) = Socket.CreatePair();
        using Socket first = socket;
        using Socket second = other;
        var registration = new Registration(SocketEngine.Default.Poller, socket.Descriptor);
        int tries = 0;
        var operation = new Scripted(socket, () =>
        {
            tries++;
            return false;
        });
        registration.MarkEmpty(registration.Sequence);
        registration.Enqueue(operation, registration.Sequence);
        registration.Ready(read, write: true);
        registration.MakeSkippedTry();
        Assert.Equal(expected, tries);
        registration.MakeSkippedTry();
        Assert.Equal(expected, tries);
    }

    [Fact]
    public void An_event_that_comes_during_a_try_repeats_the_try()
    {
        (Socket socket, Socket other) = Socket.CreatePair();
        using Socket first = socket;
        using Socket second = other;
        var registration = new Registration(SocketEngine.Default.Poller, socket.Descriptor);
        int tries = 0;
        var operation = new Scripted(socket, () =>
        {
            if (++tries == 1)
            {
                registration.Ready(read: true, write: false);
            }

            return tries == 2;
        });
        registration.Enqueue(operation, registration.Sequence);
        registration.Ready(read: true, write: false);
        Assert.Equal(2, tries);
        Assert.Equal(OperationState.Completed, operation.State);
    }

    [Fact]
    public void Success_wins_over_a_cancel_that_came_during_the_try()
    {
        (Socket socket, Socket other) = Socket.CreatePair();
        using Socket first = socket;
        using Socket second = other;
        var registration = new Registration(SocketEngine.Default.Poller, socket.Descriptor);
        Scripted? operation = null;
        operation = new Scripted(socket, () =>
        {
            registration.Cancel(operation!, errno: 125, operation!.Version);
            return true;
        });
        registration.Enqueue(operation, registration.Sequence);
        registration.Ready(read: true, write: false);
        Assert.Equal(OperationState.Completed, operation.State);
        Assert.Equal(0, operation.Errno);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_cancel_or_close_that_came_during_a_vain_try_ends_the_operation(bool cancels)
    {
        (Socket socket, Socket other) = Socket.CreatePair();
        using Socket first = socket;
        using Socket second = other;
        var registration = new Registration(SocketEngine.Default.Poller, socket.Descriptor);
        Scripted? operation = null;
        operation = new Scripted(socket, () =>
        {
            if (cancels)
            {
                registration.Cancel(operation!, errno: 125, operation!.Version);
            }
            else
            {
                registration.Close();
            }

            return false;
        });
        registration.Enqueue(operation, registration.Sequence);
        registration.Ready(read: true, write: false);
        Assert.Equal(OperationState.Completed, operation.State);
        Assert.Equal(cancels ? 125 : 9, operation.Errno);
    }

    [Fact]
    public void A_late_cancel_does_not_reach_the_next_use()
    {
        (Socket socket, Socket other) = Socket.CreatePair();
        using Socket first = socket;
        using Socket second = other;
        var registration = new Registration(SocketEngine.Default.Poller, socket.Descriptor);
        var operation = new Scripted(socket, static () => false);
        registration.Enqueue(operation, registration.Sequence);
        registration.Cancel(operation, errno: 110, (short)(operation.Version - 1));
        Assert.Equal(OperationState.Waiting, operation.State);
    }

    // The engine's thread must live on whatever the caller's list does.
    [Fact(Timeout = Limit)]
    public async Task An_exception_of_the_callers_list_reaches_the_caller()
    {
        using Pair pair = await Connected();
        var list = new List<ArraySegment<byte>> { new byte[4], new byte[4] };
        var flaky = new FlakyList(list);
        Task<int> receive = pair.Client.ReceiveAsync(flaky, SocketFlags.None);
        Assert.False(receive.IsCompleted);
        flaky.Fails = true;
        pair.Server.Send([1, 2, 3]);
        await Assert.ThrowsAsync<NotSupportedException>(() => receive.WaitAsync(Soon));

        // The engine works on.
        flaky.Fails = false;
        Assert.Equal(3, await pair.Client.ReceiveAsync(flaky, SocketFlags.None).WaitAsync(Soon));
    }

    // A path of 108 bytes fills sun_path: the kernel's length is one more than the structure has room for.
    [Fact(Timeout = Limit)]
    public async Task A_peer_whose_path_fills_the_address_is_accepted()
    {
        string path = Path.Combine(Path.GetTempPath(), "sockeye-" + Path.GetRandomFileName()).PadRight(108, 'x');
        using Socket listener = Listener(AddressFamily.Unix);
        Task<Socket> accept = listener.AcceptAsync();
        using Socket client = Unix();
        client.Bind(new FullPath(path));
        await client.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        using Socket accepted = await accept.WaitAsync(Soon);
        Assert.Equal(path, accepted.RemoteEndPoint!.ToString());
        File.Delete(path);
    }

    [Fact(Timeout = Limit)]
    public async Task What_a_first_call_sent_is_counted_though_another_send_came_before_the_rest()
    {
        (Socket socket, Socket other) = Socket.CreatePair();
        using Socket first = socket;
        using Socket second = other;
        using var cancel = new CancellationTokenSource();
        byte[] block = new byte[1 << 20];
        Task<int> blocked = socket.SendAsync(block.AsMemory(), SocketFlags.None).AsTask();
        Assert.False(blocked.IsCompleted);

        // As when another thread's send began to wait between the first call and the operation for the rest.
        Task<SocketResult<int>> rest = new SendOperation(socket.Core).With(block, flags: 0).After(new Progress { Count = 10 }, isDone: false).TryRun(cancel.Token).AsTask();
        ValueTask<SocketResult<int>> whole = new SendOperation(socket.Core).With(block, flags: 0).After(new Progress { Count = block.Length }, isDone: true).TryRun(cancel.Token);
        ValueTask<SocketResult<int>> failed = new SendOperation(socket.Core).With(block, flags: 0).After(new Progress { Errno = Interop.Errno.ECONNRESET }, isDone: true).TryRun(cancel.Token);
        Assert.True(whole.IsCompleted);
        Assert.Equal(block.Length, (await whole).Value);
        Assert.True(failed.IsCompleted);
        Assert.Equal(Interop.Errno.ECONNRESET, (await failed).Errno);
        Assert.False(rest.IsCompleted);
        await cancel.CancelAsync();
        SocketResult<int> canceled = await rest.WaitAsync(Soon);
        Assert.Equal(Interop.Errno.ECANCELED, canceled.Errno);
        Assert.Equal(10, canceled.BytesTransferred);
        socket.Dispose();
        await Assert.ThrowsAsync<SocketException>(() => blocked.WaitAsync(Soon));
    }

    private sealed class Scripted(Socket socket, Func<bool> attempt) : SocketOperation<int>(socket.Core, OperationQueue.Read)
    {
        internal override string Call => "scripted";

        internal override bool TryComplete() => attempt();

        protected override int TakeValue() => 0;

        protected override void Reset()
        {
        }
    }

    /// <summary>A path as C programs may bind it; .NET's own end point keeps a byte for the NUL.</summary>
    private sealed class FullPath(string path) : System.Net.EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.Unix;

        public override System.Net.SocketAddress Serialize()
        {
            var address = new System.Net.SocketAddress(AddressFamily.Unix, 2 + path.Length);
            System.Text.Encoding.UTF8.GetBytes(path).CopyTo(address.Buffer.Span[2..]);
            return address;
        }
    }

    /// <summary>Called when an outcome is brought home to its awaiter.</summary>
    private sealed class CallbackContext(Action callback) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => callback();
    }

    private sealed class FlakyList(List<ArraySegment<byte>> inner) : System.Collections.ObjectModel.Collection<ArraySegment<byte>>(inner), IList<ArraySegment<byte>>
    {
        internal bool Fails { get; set; }

        ArraySegment<byte> IList<ArraySegment<byte>>.this[int index]
        {
            get => Fails ? throw new NotSupportedException("The list changed its mind.") : inner[index];
            set => inner[index] = value;
        }
    }
}
