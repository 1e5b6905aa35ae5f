namespace Sockeye;

/// <summary>The options of multipath TCP sockets (IPPROTO_MPTCP, 262): level SOL_MPTCP. Those of <see cref="TcpOptions"/> work as well, mostly.</summary>
public static class MultipathTcpOptions
{
    /// <summary>SOL_MPTCP.</summary>
    private const int Level = 284;

    /// <summary>MPTCP_FULL_INFO: the connection and its subflows at one moment; before it is made there are none. Read only. Linux 6.5.</summary>
    public static readonly SocketOption<MultipathTcpDetails> Details =
        new(MultipathTcpDetailsLayout.Instance, Level, 4, "MPTCP_FULL_INFO", SocketOptionAccess.Get);

    /// <summary>MPTCP_INFO: what the kernel knows about the connection as a whole. Read only. Linux 5.16.</summary>
    public static readonly SocketOption<MultipathTcpInformation> Information =
        new(MultipathTcpInformationLayout.Instance, Level, 1, "MPTCP_INFO", SocketOptionAccess.Get);

    /// <summary>MPTCP_SUBFLOW_ADDRS: where each subflow runs. Read only. Linux 5.16.</summary>
    public static readonly SocketOption<MultipathTcpAddresses[]> SubflowAddresses =
        new(SubflowAddressesLayout.Instance, Level, 3, "MPTCP_SUBFLOW_ADDRS", SocketOptionAccess.Get);

    /// <summary>MPTCP_TCPINFO: what the kernel knows about each subflow, as <see cref="TcpOptions.Information"/>. Read only. Linux 5.16.</summary>
    public static readonly SocketOption<TcpInformation[]> SubflowInformation =
        new(SubflowTcpLayout.Instance, Level, 2, "MPTCP_TCPINFO", SocketOptionAccess.Get);
}
