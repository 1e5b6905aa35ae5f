namespace Sockeye.Servers;

/// <summary>What accept(2) has answered, and so what to do next. The one place that knows.</summary>
internal enum AcceptAnswer
{
    /// <summary>Here it is.</summary>
    Connection,

    /// <summary>Nobody waits, or the wait was ended: EAGAIN, ECANCELED.</summary>
    Nothing,

    /// <summary>The connection died before it was taken, and accept(2) used it up: the next one may live.</summary>
    Dead,

    /// <summary>Descriptors or memory are lacking, until somebody leaves; the connection stays in the backlog. Trying again at once would spin.</summary>
    Short,

    /// <summary>The socket does not listen any more, and nothing mends that.</summary>
    Broken,
}

/// <summary>Reads the answer. Sources: accept(2), "Error handling" and "ERRORS"; errno(3).</summary>
internal static class AcceptAnswers
{
    internal static AcceptAnswer Of<T>(in SocketResult<T> result) => result.IsSuccess ? AcceptAnswer.Connection : Of(result.Errno);

    internal static AcceptAnswer Of(int errno) => errno switch
    {
        0 => AcceptAnswer.Connection,
        11 or 125 => AcceptAnswer.Nothing, // EAGAIN, ECANCELED

        // EPERM and EACCES (a firewall), EINTR, ENONET, EPROTO, EOPNOTSUPP, ENOPROTOOPT, ENETDOWN, ENETUNREACH, ECONNABORTED, ECONNRESET,
        // ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH: Linux passes errors of the new connection on as accept's own.
        1 or 4 or 13 or 64 or 71 or 95 or 92 or 100 or 101 or 103 or 104 or 110 or 112 or 113 => AcceptAnswer.Dead,
        9 or 22 or 88 => AcceptAnswer.Broken, // EBADF, EINVAL, ENOTSOCK

        // EMFILE, ENFILE, ENOBUFS, ENOMEM; and what nobody foresaw, which must not spin.
        _ => AcceptAnswer.Short,
    };
}
