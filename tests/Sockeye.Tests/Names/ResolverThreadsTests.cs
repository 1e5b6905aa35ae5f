using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Names;

/// <summary>Lookups that hang: given up at once, bounded in number, and never on the thread pool.</summary>
public sealed class ResolverThreadsTests : SocketTest
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(40);

    [Fact(Timeout = Limit)]
    public async Task A_lookup_that_hangs_is_given_up_at_once_by_its_token()
    {
        using var hang = new Hang();
        var threads = new ResolverThreads(threadsMax: 1, waitersMax: 4, Idle);
        using var source = new CancellationTokenSource();
        Task<ResolverResult<int>> lookup = threads.RunAsync(hang.Body, limit: null, source.Token);
        await hang.Started(1);
        Task<ResolverResult<int>> waiting = threads.RunAsync(hang.Body, limit: null, source.Token);
        Assert.False(lookup.IsCompleted);
        await source.CancelAsync();
        Assert.Equal((ResolverError.Canceled, SocketError.OperationAborted), Told(await lookup.WaitAsync(Soon)));
        Assert.Equal(ResolverError.Canceled, (await waiting.WaitAsync(Soon)).ResolverError);
        Assert.Equal((1, 0), (threads.ThreadCount, threads.WaitingCount));
        Assert.Equal(ResolverError.Canceled, (await threads.RunAsync(hang.Body, limit: null, source.Token)).ResolverError);

        // The thread goes on once libc returns; the answer that nobody waits for is dropped.
        hang.End();
        Assert.Equal(7, (await threads.RunAsync(hang.Body, limit: null, CancellationToken.None).WaitAsync(Soon)).Value);
        Assert.Equal(2, hang.Count);
        await Eventually(() => threads.ThreadCount == 0, "An idle thread did not end.");
    }

    [Fact(Timeout = Limit)]
    public async Task A_lookup_that_hangs_ends_with_its_time_limit()
    {
        using var hang = new Hang();
        var time = new ManualTime();
        var threads = new ResolverThreads(threadsMax: 1, waitersMax: 4, Idle);
        Task<ResolverResult<int>> lookup = threads.RunAsync(hang.Body, TimeSpan.FromSeconds(3), CancellationToken.None, time);
        await hang.Started(1);
        time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(lookup.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        ResolverResult<int> result = await lookup.WaitAsync(Soon);
        Assert.Equal((ResolverError.System, SocketError.TimedOut), Told(result));
        Assert.Equal("ETIMEDOUT (TimedOut)", result.ToString());
        Assert.Equal(0, time.TimerCount);

        // A synchronous one on its caller's thread, which is not the one that hangs.
        result = await Run(() => threads.Run(hang.Body, TimeSpan.FromMilliseconds(30)));
        Assert.Equal((ResolverError.System, SocketError.TimedOut), Told(result));
        Assert.Equal(0, threads.WaitingCount);
        hang.End();
        Assert.Equal(7, (await Run(() => threads.Run(hang.Body, Soon))).Value);
    }

    [Fact(Timeout = Limit)]
    public async Task Threads_and_waiters_are_bounded()
    {
        using var hang = new Hang();
        var threads = new ResolverThreads(threadsMax: 2, waitersMax: 3, Idle);
        using var source = new CancellationTokenSource();
        Task<ResolverResult<int>>[] lookups = [.. Enumerable.Range(0, 5).Select(_ => threads.RunAsync(hang.Body, limit: null, source.Token))];
        await hang.Started(2);
        Assert.Equal((2, 3), (threads.ThreadCount, threads.WaitingCount));
        ResolverResult<int> refused = await threads.RunAsync(hang.Body, limit: null, CancellationToken.None);
        Assert.Equal((ResolverError.System, SocketError.NoBufferSpaceAvailable), Told(refused));
        Assert.Contains("too many lookups wait already", Assert.Throws<ResolverException>(() => refused.Value).Message, StringComparison.Ordinal);
        Assert.Equal(SocketError.NoBufferSpaceAvailable, (await Run(() => threads.Run(hang.Body, Soon))).Error);

        // One that is given up makes room.
        await source.CancelAsync();
        Assert.Equal(0, threads.WaitingCount);
        Task<ResolverResult<int>> late = threads.RunAsync(hang.Body, limit: null, CancellationToken.None);
        hang.End();
        Assert.Equal(7, (await late.WaitAsync(Soon)).Value);
        await Task.WhenAll(lookups);
        Assert.Equal(3, hang.Count);
        await Eventually(() => threads.ThreadCount == 0, "An idle thread did not end.");
        Assert.Equal(7, (await threads.RunAsync(hang.Body, limit: null, CancellationToken.None).WaitAsync(Soon)).Value);
    }

    [Fact(Timeout = Limit)]
    public async Task Lookups_run_on_threads_of_their_own_and_their_awaits_do_not()
    {
        var threads = new ResolverThreads(threadsMax: 2, waitersMax: 3, Idle);
        var local = new AsyncLocal<string> { Value = "the caller's" };
        Thread? ran = null;
        await Task.Run(async () =>
        {
            ResolverResult<string?> seen = await threads.RunAsync(
                () =>
                {
                    ran = Thread.CurrentThread;
                    return ResolverResult<string?>.Success(local.Value);
                },
                limit: null,
                CancellationToken.None);
            Assert.Null(seen.Value);
            Assert.True(Thread.CurrentThread.IsThreadPoolThread);
            Assert.NotSame(ran, Thread.CurrentThread);
        });
        Assert.True(ran is { IsBackground: true, IsThreadPoolThread: false, Name: "sockeye resolver" });
        await Assert.ThrowsAsync<FormatException>(() => threads.RunAsync<int>(() => throw new FormatException(), limit: null, CancellationToken.None));
        await Assert.ThrowsAsync<FormatException>(() => Run(() => threads.Run<int>(() => throw new FormatException(), Soon)));
        Assert.Equal(1, (await threads.RunAsync(() => ResolverResult<int>.Success(1), limit: null, CancellationToken.None)).Value);
    }

    [Fact(Timeout = Limit)]
    public async Task Without_a_thread_a_lookup_fails_and_the_next_tries_again()
    {
        bool isFull = true;
        var threads = new ResolverThreads(threadsMax: 1, waitersMax: 3, Idle, work =>
        {
            if (isFull)
            {
                throw new InsufficientMemoryException();
            }

            new Thread(work) { IsBackground = true }.Start();
        });
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(ResolverError.Memory, (await threads.RunAsync(static () => ResolverResult<int>.Success(1), limit: null, CancellationToken.None)).ResolverError);
            Assert.Equal(ResolverError.Memory, (await Run(() => threads.Run(static () => ResolverResult<int>.Success(1), Soon))).ResolverError);
            Assert.Equal((0, 0), (threads.ThreadCount, threads.WaitingCount));
        }

        isFull = false;
        Assert.Equal(1, (await threads.RunAsync(static () => ResolverResult<int>.Success(1), limit: null, CancellationToken.None).WaitAsync(Soon)).Value);
    }

    [Fact(Timeout = Limit)]
    public async Task Many_lookups_some_given_up_all_end()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        var threads = new ResolverThreads(threadsMax: 3, waitersMax: 10_000, TimeSpan.FromMilliseconds(1));
        var lookups = new List<Task<ResolverResult<int>>>();
        for (int i = 0; i < 5_000; i++)
        {
            int answer = i;
            var source = new CancellationTokenSource();
            lookups.Add(threads.RunAsync(() => ResolverResult<int>.Success(answer), limit: null, source.Token));
            if (random.Next(3) == 0)
            {
                await source.CancelAsync();
            }

            if (random.Next(500) == 0)
            {
                await Eventually(() => threads.ThreadCount == 0);
            }
        }

        ResolverResult<int>[] results = await Task.WhenAll(lookups).WaitAsync(Soon);
        for (int i = 0; i < results.Length; i++)
        {
            Assert.True(results[i].ResolverError == ResolverError.Canceled || results[i].Value == i, $"seed {Seed}: {i}");
        }

        await Eventually(() => threads.ThreadCount == 0 && threads.WaitingCount == 0);
    }

    private static (ResolverError Error, SocketError Name) Told<T>(ResolverResult<T> result) => (result.ResolverError, result.Error);

    /// <summary>A resolver that does not answer until it is told to.</summary>
    private sealed class Hang : IDisposable
    {
        private readonly ManualResetEventSlim _end = new();
        private int _count;

        internal int Count => Volatile.Read(ref _count);

        internal ResolverResult<int> Body()
        {
            Interlocked.Increment(ref _count);
            _end.Wait(Soon);
            return ResolverResult<int>.Success(7);
        }

        internal Task Started(int count) => Eventually(() => Count == count);

        internal void End() => _end.Set();

        public void Dispose() => _end.Set();
    }
}
