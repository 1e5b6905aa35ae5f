namespace Sockeye;

/// <summary>The options of multipath TCP sockets (IPPROTO_MPTCP, 262): level SOL_MPTCP. Those of <see cref="TcpOptions"/> work as well, mostly.</summary>
public static class MultipathTcpOptions
{
    /// <summary>SOL_MPTCP.</summary>
    private const int Level = 284;

    /// <summary>
    /// MPTCP_INFO: what the kernel knows about the connection as a whole: struct mptcp_info, &lt;linux/mptcp.h&gt;,
    /// as much of it as the kernel has. Read only. Linux 5.16.
    /// </summary>
    public static readonly SocketOption<byte[]> Information =
        SocketOption.Bytes(Level, 1, maxBytes: 256, "MPTCP_INFO", SocketOptionAccess.Get);
}
