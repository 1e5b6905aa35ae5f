namespace Sockeye.Engines.IoUring;

/// <summary>A request in flight that is more than a poll. All its members belong to the ring's thread.</summary>
internal interface IRingRequest
{
    /// <summary>The user data of its answers.</summary>
    ulong RingToken { get; set; }

    /// <summary>Takes an answer.</summary>
    /// <param name="result">The kernel's result, or −errno.</param>
    /// <param name="flags">IORING_CQE_F_*.</param>
    /// <param name="more">False for the last answer: the kernel is done with the request and its memory.</param>
    void Complete(int result, uint flags, bool more);

    /// <summary>The ring has ended without a last answer; the kernel touches the request's memory no longer.</summary>
    void Abandon();
}
