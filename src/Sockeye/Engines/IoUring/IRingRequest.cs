namespace Sockeye.Engines.IoUring;

/// <summary>
/// A request in flight that is more than a poll. All its members belong to the ring's thread. Each has a last completion: a
/// ring that ends takes its requests back, and waits for it, though not for ever.
/// </summary>
internal interface IRingRequest
{
    /// <summary>The user data of its completions.</summary>
    ulong RingToken { get; set; }

    /// <summary>Takes a completion.</summary>
    /// <param name="result">The kernel's result, or −errno.</param>
    /// <param name="flags">IORING_CQE_F_*.</param>
    /// <param name="more">False for the last one: the kernel is done with the request and its memory.</param>
    void Complete(int result, uint flags, bool more);

    /// <summary>
    /// The ring is gone, and the last completion never came. The request may have moved bytes of which nobody heard; and what
    /// memory it names is the kernel's from now on, never to be used again. The ring keeps the request itself reachable.
    /// </summary>
    /// <param name="errno">Why: EBADF when the ring has ended, else what it failed with.</param>
    void Orphan(int errno);
}
