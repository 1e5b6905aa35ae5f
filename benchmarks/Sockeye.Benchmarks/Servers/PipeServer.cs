using System.Buffers;
using System.IO.Pipelines;

namespace Sockeye.Benchmarks.Servers;

/// <summary>Connections that are pipes: Kestrel's and ours, by the same code.</summary>
internal static class PipeServer
{
    /// <summary>Sends back what comes.</summary>
    internal static async Task EchoAsync(IDuplexPipe pipe)
    {
        while (true)
        {
            ReadResult read = await pipe.Input.ReadAsync();
            foreach (ReadOnlyMemory<byte> part in read.Buffer)
            {
                pipe.Output.Write(part.Span);
            }

            pipe.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }

            await pipe.Output.FlushAsync();
        }
    }

    /// <summary>A connection of a broadcast.</summary>
    /// <param name="pipe">The connection.</param>
    /// <param name="broadcast">What it is part of.</param>
    /// <param name="close">Ends it.</param>
    internal static async Task RelayAsync(IDuplexPipe pipe, Broadcast broadcast, Action close)
    {
        var member = new Member(pipe.Output, close);
        bool? isSender = null;
        try
        {
            while (true)
            {
                ReadResult read = await pipe.Input.ReadAsync();
                ReadOnlySequence<byte> bytes = read.Buffer;
                if (isSender is null && !bytes.IsEmpty)
                {
                    isSender = bytes.FirstSpan[0] == 'S';
                    if (isSender is false)
                    {
                        // Before the answer: who has it counts on being a member. Nobody sends before all have theirs.
                        broadcast.Join(member);
                    }

                    await pipe.Output.WriteAsync(bytes.First[..1]);
                    bytes = bytes.Slice(1);
                }

                foreach (ReadOnlyMemory<byte> part in bytes)
                {
                    if (isSender is true)
                    {
                        broadcast.Publish(part.Span);
                    }
                }

                pipe.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            broadcast.Leave(member);
        }
    }

    private sealed class Member(PipeWriter output, Action close) : Broadcast.Member
    {
        internal override ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
        {
            ValueTask<FlushResult> written = output.WriteAsync(bytes);
            if (written.IsCompletedSuccessfully)
            {
                _ = written.Result;
                return default;
            }

            return new ValueTask(written.AsTask());
        }

        internal override void Close() => close();
    }
}
