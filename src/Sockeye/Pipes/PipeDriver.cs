namespace Sockeye.Engines.Pipes;

/// <summary>Moves a pipe's bytes: with a ring's requests, or with calls and waits.</summary>
/// <remarks>
/// Contract. One receive and one send are under way at a time: <see cref="PipeInput"/> and <see cref="PipeOutput"/> claim
/// them under their gates and call in here outside of them. Their ends come back to <see cref="PipeInput.Received(Sockeye.Interop.PinnedBlock, bool, int, int)"/>,
/// <see cref="PipeInput.Ended"/>, <see cref="PipeOutput.Sent"/> and <see cref="PipeOutput.Failed"/>.
/// </remarks>
internal abstract class PipeDriver : ILoopTenant, ISocketPipe
{
    /// <summary>Has the next bytes received. The caller has claimed the receive.</summary>
    internal abstract void StartReceive();

    /// <summary>Has no more received than is under way, because the reader is behind or gone.</summary>
    internal abstract void StopReceive();

    /// <summary>Has what is queued sent: at the end of the loop's turn, or now. The caller has claimed the send.</summary>
    internal abstract void StartSend();

    /// <inheritdoc/>
    public abstract void Close();

    /// <summary>Completes when nothing is under way any more, after <see cref="Close"/>.</summary>
    internal abstract ValueTask EndAsync();

    /// <summary>The socket's loop was disposed: nothing is under way any more, and nothing that needs the loop can start.</summary>
    public abstract void LoopEnded();
}
