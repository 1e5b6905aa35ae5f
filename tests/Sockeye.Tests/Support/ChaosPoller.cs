using System.Diagnostics;
using Sockeye.Engines;
using Sockeye.Engines.Epoll;
using Sockeye.Interop;

namespace Sockeye.Tests.Support;

/// <summary>
/// The third engine: it keeps the contract of <see cref="Poller"/> as badly as the contract allows. What a kernel and a
/// busy machine may do some day, it does by a seed, often.
/// </summary>
/// <remarks>
/// - Readiness comes late and in another order among sockets, an event's directions one by one, and sometimes where
///   nothing is ready.
/// - Every second stream has a small send buffer, so that its sends and receives are split.
/// - Nothing is withheld for ever: each round of the wait hands out half of what is kept, and all that is older than
///   <see cref="RoundsMax"/>.
/// </remarks>
internal sealed class ChaosPoller : Poller
{
    private const ulong WakeData = ulong.MaxValue;
    private const int RoundsMax = 4;
    private const int TcpSendBufferBytes = 64 * 1024;

    private static readonly int Seed =
        int.TryParse(Environment.GetEnvironmentVariable("SOCKEYE_STRESS_SEED"), out int seed) ? seed : Random.Shared.Next();

    private static int s_chances;

    private readonly EpollSet _epoll = new(64);
    private readonly EventDescriptor _wake = EventDescriptor.Create();

    // The waiting thread's alone.
    private readonly Random _random;
    private readonly List<Late> _late = [];
    private int _ready;

    internal ChaosPoller(SocketEngine engine, int shard, Random random)
        : base(engine, shard, TimeProvider.System)
    {
        _random = random;
        Assert.Equal(0, _epoll.Add(_wake.Handle, EpollConstants.EPOLLIN, WakeData));
    }

    private protected override string Kind => "chaos";

    /// <summary>Chance for a test, whose seed stands in the test's output.</summary>
    internal static Random NextChance()
    {
        int seed = Seed + Interlocked.Increment(ref s_chances);
        TestContext.Current.TestOutputHelper?.WriteLine($"SOCKEYE_STRESS_SEED={Seed}, chance {seed}");
        return new Random(seed);
    }

    private protected override int Watch(Registration registration)
    {
        if (_random.Next(2) == 0
            && Libc.GetOption(registration.Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_TYPE, out int type) >= 0
            && type == SocketConstants.SOCK_STREAM)
        {
            // Not the least for TCP: its window would wait for late acknowledgements, and a megabyte would take a minute.
            Libc.GetOption(registration.Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_DOMAIN, out int domain);
            int bytes = domain == SocketConstants.AF_UNIX ? 1 : TcpSendBufferBytes;
            Libc.SetOption(registration.Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_SNDBUF, bytes);
        }

        return EpollWatch.Watch(_epoll, registration);
    }

    private protected override int WatchMore(Registration registration) => EpollWatch.WatchMore(_epoll, registration);

    private protected override void Unwatch(Registration registration) => EpollWatch.Unwatch(_epoll, registration);

    private protected override bool Wait(int timeoutMs)
    {
        bool keeps = _late.Count != 0;
        int result = _epoll.Wait(!keeps ? timeoutMs : timeoutMs < 0 ? 1 : Math.Min(timeoutMs, 1));
        Assert.True(result >= 0 || result == -Errno.EINTR, Errno.Name(-result));
        _ready = Math.Max(result, 0);
        return keeps || _ready != 0;
    }

    private protected override void Dispatch()
    {
        for (int i = 0; i < _ready; i++)
        {
            (uint events, ulong token) = _epoll.Event(i);
            if (token == WakeData)
            {
                _wake.Drain();
                continue;
            }

            // The directions one by one; what belongs to both comes with each.
            const uint Both = EpollConstants.EPOLLERR | EpollConstants.EPOLLHUP;
            uint write = events & (EpollConstants.EPOLLOUT | Both);
            uint read = events & ~EpollConstants.EPOLLOUT;
            if (read != 0)
            {
                _late.Add(new Late(token, read, 0));
            }

            if (write != 0)
            {
                _late.Add(new Late(token, write, 0));
            }
        }

        _ready = 0;
        if (_random.Next(8) == 0 && Registrations() is { Count: > 0 } all)
        {
            // A spurious event.
            _late.Add(new Late(all[_random.Next(all.Count)].Token, _random.Next(2) == 0 ? EpollConstants.EPOLLIN : EpollConstants.EPOLLOUT, 0));
        }

        Late[] kept = [.. _late];
        _late.Clear();
        _random.Shuffle(kept);
        foreach (Late late in kept)
        {
            if (late.Rounds < RoundsMax && _random.Next(2) == 0)
            {
                _late.Add(late with { Rounds = late.Rounds + 1 });
            }
            else
            {
                Find(late.Token)?.Ready(late.Events);
            }
        }
    }

    private protected override void Signal()
    {
        try
        {
            _wake.Signal();
        }
        catch (ObjectDisposedException)
        {
            Debug.Assert(IsStopping, "the descriptor is closed when the poller ends, not before");
        }
    }

    private protected override void CloseCore()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }

    private readonly record struct Late(ulong Token, uint Events, int Rounds);
}
