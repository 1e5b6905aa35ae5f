using System.Runtime.ExceptionServices;
using Sockeye.Servers.Protocols;

namespace Sockeye.Servers.Testing;

/// <summary>
/// A small world on one thread, with a clock of its own and connections that go wrong by a plan: the same seed gives the same
/// run, and hours take no time.
/// </summary>
/// <remarks>
/// Code under test runs on the simulation's thread as long as its awaits come back to their context, and its waits are on
/// <see cref="Time"/>. What goes to the thread pool meanwhile comes back in no certain order.
/// </remarks>
/// <example>
/// <code>
/// new Simulation(seed: 7).Run(async simulation =>
/// {
///     (SimulatedTransport client, SimulatedTransport server) = simulation.Connect(new FaultPlan { MaxPieceBytes = 1 });
///     Task serving = new MyProtocol().RunAsync(server);
///     client.TrySend("hello\n"u8);
///     ...
/// });
/// </code>
/// </example>
public sealed class Simulation
{
    private const int MaxQueuedBytesDefault = 1024 * 1024;

    private readonly Context _context;
    private readonly Lock _gate = new();
    private readonly Queue<(SendOrPostCallback Action, object? State)> _work = new();
    private Exception? _failure;
    private int _connections;

    /// <summary>A world that does not run yet.</summary>
    /// <param name="seed">What all chance comes from.</param>
    public Simulation(int seed)
    {
        Seed = seed;
        Random = new Random(seed);
        _context = new Context(this);
    }

    /// <summary>What all chance comes from. Print it with a failure.</summary>
    public int Seed { get; }

    /// <summary>Chance, for faults and for the test itself.</summary>
    public Random Random { get; }

    /// <summary>The clock. It moves on when there is nothing else to do.</summary>
    public VirtualTime Time { get; } = new();

    /// <summary>The most steps that a run may take, a piece of work or a timer each; more is taken for a run without end. Defaults to ten million.</summary>
    public long MaxSteps { get; init; } = 10_000_000;

    /// <summary>Runs a test until its task has ended.</summary>
    /// <param name="main">The test.</param>
    /// <exception cref="InvalidOperationException">Nothing will happen any more, and the task has not ended; or <see cref="MaxSteps"/> was reached.</exception>
    public void Run(Func<Simulation, Task> main)
    {
        ArgumentNullException.ThrowIfNull(main);
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            Task task = main(this);
            for (long step = 0; !task.IsCompleted; step++)
            {
                if (step == MaxSteps)
                {
                    throw new InvalidOperationException($"The test has not ended after {MaxSteps} steps (seed {Seed}).");
                }

                if (!RunNext() && !Time.AdvanceToNextTimer())
                {
                    throw new InvalidOperationException($"The test waits for something that will not happen (seed {Seed}).");
                }

                if (_failure is { } failure)
                {
                    ExceptionDispatchInfo.Throw(failure);
                }
            }

            task.GetAwaiter().GetResult();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    /// <summary>Makes a connection.</summary>
    /// <param name="faults">What goes wrong with it, either way. Defaults to pieces of 64 bytes at most and delays of 10 ms at most.</param>
    /// <param name="maxQueuedBytes">How much may wait to be sent at either end. Defaults to 1 MiB.</param>
    /// <returns>Its two ends.</returns>
    public (SimulatedTransport Client, SimulatedTransport Server) Connect(FaultPlan? faults = null, int maxQueuedBytes = MaxQueuedBytesDefault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxQueuedBytes, 1);
        FaultPlan plan = faults ?? new FaultPlan();
        int number = ++_connections;
        var client = new SimulatedTransport(this, $"server#{number}", plan, maxQueuedBytes);
        var server = new SimulatedTransport(this, $"client#{number}", plan, maxQueuedBytes);
        client.Join(server);
        server.Join(client);
        return (client, server);
    }

    /// <summary>Makes a connection and has a protocol serve one end of it, which is closed when the protocol ends.</summary>
    /// <param name="protocol">The protocol.</param>
    /// <param name="faults">As for the other overload.</param>
    /// <returns>The other end, and the protocol's run.</returns>
    public (SimulatedTransport Client, Task Serving) Connect(Protocol protocol, FaultPlan? faults = null)
    {
        ArgumentNullException.ThrowIfNull(protocol);
        (SimulatedTransport client, SimulatedTransport server) = Connect(faults);
        return (client, ServeAsync(protocol, server));
    }

    /// <summary>Completes after a time on the simulation's clock.</summary>
    /// <param name="delay">The time.</param>
    /// <returns>The wait.</returns>
    public Task DelayAsync(TimeSpan delay) => Task.Delay(delay, Time);

    internal void Fail(Exception exception) => _failure ??= exception;

    private static async Task ServeAsync(Protocol protocol, SimulatedTransport server)
    {
        try
        {
            await protocol.RunAsync(server);
        }
        finally
        {
            server.Close();
        }
    }

    private bool RunNext()
    {
        (SendOrPostCallback Action, object? State) next;
        lock (_gate)
        {
            if (!_work.TryDequeue(out next))
            {
                return false;
            }
        }

        next.Action(next.State);
        return true;
    }

    private sealed class Context(Simulation simulation) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
            lock (simulation._gate)
            {
                simulation._work.Enqueue((d, state));
            }
        }

        public override void Send(SendOrPostCallback d, object? state) => d(state);

        public override SynchronizationContext CreateCopy() => this;
    }
}
