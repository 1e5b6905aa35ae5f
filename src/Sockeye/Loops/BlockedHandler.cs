using System.Globalization;

namespace Sockeye;

/// <summary>What blocks an <see cref="EventLoop"/>, or did: the argument of <see cref="EventLoopOptions.OnBlocked"/>.</summary>
public sealed class BlockedHandler
{
    internal BlockedHandler(EventLoop loop, string handler, TimeSpan duration, bool hasEnded)
    {
        Loop = loop;
        Handler = handler;
        Duration = duration;
        HasEnded = hasEnded;
    }

    /// <summary>The loop that is blocked.</summary>
    public EventLoop Loop { get; }

    /// <summary>
    /// The method that the loop called, as <c>EchoServer.ServeAsync</c>. When that method ended and others awaited it, the
    /// loop went on into those: one of them may be the culprit.
    /// </summary>
    public string Handler { get; }

    /// <summary>How long so far, or in all; seen from outside, so short by up to half the limit.</summary>
    public TimeSpan Duration { get; }

    /// <summary>False while it blocks; true once it is over.</summary>
    public bool HasEnded { get; }

    /// <summary>As <c>EchoServer.ServeAsync has blocked its event loop for 120 ms</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Handler} {(HasEnded ? "blocked" : "has blocked")} its event loop for {Duration.TotalMilliseconds:F0} ms{(HasEnded ? " in all" : "")}");
}
