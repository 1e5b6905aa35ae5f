using System.Diagnostics;
using System.Reflection;

namespace Sockeye.Tests.Files;

/// <summary>Alone, because what other threads allocate would count too.</summary>
[CollectionDefinition(nameof(FileCostTests), DisableParallelization = true)]
public sealed class FileCostCollection;

/// <summary>The steady state of a file allocates nothing.</summary>
[Collection(nameof(FileCostTests))]
public sealed class FileCostTests
{
    private const int Rounds = 200;

    // Tiering up and caches that fill once are no steady state: the best of several tries counts.
    private const int Tries = 8;

    [Fact]
    public void Synchronous_reads_and_writes_allocate_nothing()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile left = near.MakeFile(bufferSize: 256);
        using SocketFile right = far.MakeFile(bufferSize: 256);
        using SocketTextFile text = near.MakeTextFile(FileAccess.Write);
        byte[] small = new byte[16];
        byte[] large = new byte[512];

        void Round()
        {
            left.Write(small);
            left.WriteByte(1);
            left.Write(large);
            text.WriteLine("Grüße");
            text.Flush();
            for (int i = 0; i < 3; i++)
            {
                right.ReadByte();
                right.Peek();
            }

            right.ReadExactly(small.AsSpan(0, 14));
            right.ReadExactly(large);
            right.ReadExactly(small.AsSpan(0, 8));
        }

        AssertAllocatesNothing(Round);
    }

    [Fact]
    public void Asynchronous_reads_and_writes_that_find_what_they_need_allocate_nothing()
    {
        NeedsOptimizedBuild();
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile left = near.MakeFile(bufferSize: 256);
        using SocketFile right = far.MakeFile(bufferSize: 256);
        using SocketTextFile text = near.MakeTextFile(FileAccess.Write);
        byte[] small = new byte[16];
        byte[] large = new byte[512];
        ReadOnlyMemory<char> greeting = "Grüße".AsMemory();

        void Round()
        {
            Now(left.WriteAsync(small));
            Now(left.WriteAsync(large));
            Now(text.WriteLineAsync(greeting));
            Demand(text.FlushAsync().IsCompletedSuccessfully);
            Demand(Done(right.ReadAsync(small)) == 16);
            Demand(Done(right.ReadAsync(large)) == 240);
            Demand(Done(right.ReadAsync(large.AsMemory(0, 256))) == 256);
            Demand(Done(right.ReadAsync(small)) == 16);
            Demand(Done(right.ReadAsync(small)) == 8);
        }

        AssertAllocatesNothing(Round);

        static void Now(ValueTask task)
        {
            Demand(task.IsCompletedSuccessfully);
            task.GetAwaiter().GetResult();
        }

        static int Done(ValueTask<int> task)
        {
            Demand(task.IsCompletedSuccessfully);
            return task.Result;
        }
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task Asynchronous_reads_that_wait_reuse_what_they_need()
    {
        NeedsOptimizedBuild();
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile left = near.MakeFile(bufferSize: 256);
        using SocketFile right = far.MakeFile(bufferSize: 256);
        byte[] small = new byte[16];
        byte[] large = new byte[512];
        long least = long.MaxValue;
        for (int i = 0; i < Tries && least > 0; i++)
        {
            await Rest();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await Rest();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        // Not quite nothing: the pool of state machines is kept by thread and core, and a wait that ends elsewhere now
        // and then makes one more. One for every read would be over 100 bytes a read.
        Assert.InRange(least, 0, Rounds * 20);

        async Task Rest()
        {
            for (int i = 0; i < Rounds; i++)
            {
                // Through the buffer, and past it.
                ValueTask<int> reading = right.ReadAsync(small);
                Demand(!reading.IsCompleted);
                left.Write(small);
                left.Flush();
                Demand(await reading == 16);

                reading = right.ReadAsync(large);
                Demand(!reading.IsCompleted);
                left.Write(large);
                Demand(await reading == 512);
            }
        }
    }

    // Without optimization every asynchronous call allocates its state machine.
    private static void NeedsOptimizedBuild() =>
        Assert.SkipWhen(
            typeof(Socket).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true },
            "measured in Release builds only");

    // Assert's own comparisons allocate.
    private static void Demand(bool condition)
    {
        if (!condition)
        {
            Assert.Fail("The calls did not do what they are measured at.");
        }
    }

    private static void AssertAllocatesNothing(Action round)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < Tries && least > 0; attempt++)
        {
            for (int i = 0; i < Rounds; i++)
            {
                round();
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Rounds; i++)
            {
                round();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
