using Sockeye.Interop;

namespace Sockeye;

/// <summary>Gives one socket the options of another, as far as they can be read.</summary>
/// <remarks>
/// What is left out cannot be read, or is the connection's and not the user's: filters, memberships, keys (TCP_MD5SIG, TCP_AO),
/// what an upper layer or TCP_REPAIR made of the socket, and TCP_MAXSEG, TCP_WINDOW_CLAMP, TCP_QUICKACK and IPV6_MTU, which
/// read as what the connection came to. A test goes through all keys.
/// </remarks>
internal static class OptionCopy
{
    // The longest value of a row: IPv6 extension headers.
    private const int BytesMax = 2048;

    private static readonly (int Level, int Name)[] Rows =
    [
        Row(SocketOptions.BindToInterfaceIndex), Row(SocketOptions.Broadcast), Row(SocketOptions.BusyPoll), Row(SocketOptions.Debug),
        Row(SocketOptions.DontRoute), Row(SocketOptions.KeepAlive), Row(SocketOptions.Linger), Row(SocketOptions.Mark),
        Row(SocketOptions.MaxPacingRate), Row(SocketOptions.NoFrameCheckSequence), Row(SocketOptions.NoChecksum),
        Row(SocketOptions.OutOfBandInline), Row(SocketOptions.PassCredentials), Row(SocketOptions.PassProcessDescriptor),
        Row(SocketOptions.PassRights), Row(SocketOptions.PassSecurity), Row(SocketOptions.PreferBusyPoll), Row(SocketOptions.Priority),
        Row(SocketOptions.ReceiveLowWater), Row(SocketOptions.ReceiveMark), Row(SocketOptions.ReceivePriority),
        Row(SocketOptions.ReceiveTimeout), Row(SocketOptions.ReserveMemory), Row(SocketOptions.ReuseAddress),
        Row(SocketOptions.ReusePort), Row(SocketOptions.ReceiveQueueOverflow), Row(SocketOptions.SelectErrorQueue),
        Row(SocketOptions.SendTimeout), Row(SocketOptions.Timestamp), Row(SocketOptions.Timestamping),
        Row(SocketOptions.TimestampingNew), Row(SocketOptions.TimestampNanoseconds), Row(SocketOptions.TimestampNanosecondsNew),
        Row(SocketOptions.TimestampNew), Row(SocketOptions.TransmitRehash), Row(SocketOptions.TransmitTime),
        Row(SocketOptions.WifiStatus), Row(SocketOptions.ZeroCopy),

        Row(IpOptions.BindAddressNoPort), Row(IpOptions.ReceiveChecksum), Row(IpOptions.FreeBind), Row(IpOptions.LocalPortRange),
        Row(IpOptions.MinimumTimeToLive), Row(IpOptions.MtuDiscovery), Row(IpOptions.MulticastAll), Row(IpOptions.MulticastInterface),
        Row(IpOptions.MulticastLoopback), Row(IpOptions.MulticastTimeToLive), Row(IpOptions.NoReassembly), Row(IpOptions.Options),
        Row(IpOptions.PassSecurity), Row(IpOptions.ReceivePacketInformation), Row(IpOptions.ReceiveErrors),
        Row(IpOptions.ReceiveErrorsExtended), Row(IpOptions.ReceiveFragmentSize), Row(IpOptions.ReceiveOptions),
        Row(IpOptions.ReceiveOriginalDestination), Row(IpOptions.ReceiveTypeOfService), Row(IpOptions.ReceiveTimeToLive),
        Row(IpOptions.ReceiveRawOptions), Row(IpOptions.TypeOfService), Row(IpOptions.Transparent), Row(IpOptions.TimeToLive),
        Row(IpOptions.UnicastInterface),

        Row(Ipv6Options.AddressPreferences), Row(Ipv6Options.AutoFlowLabel), Row(Ipv6Options.DontFragment),
        Row(Ipv6Options.DestinationOptions), Row(Ipv6Options.ReceiveFlowInformation), Row(Ipv6Options.SendFlowInformation),
        Row(Ipv6Options.FreeBind), Row(Ipv6Options.HopOptions), Row(Ipv6Options.MinimumHopCount), Row(Ipv6Options.MtuDiscovery),
        Row(Ipv6Options.MulticastAll), Row(Ipv6Options.MulticastHops), Row(Ipv6Options.MulticastInterface),
        Row(Ipv6Options.MulticastLoopback), Row(Ipv6Options.ReceiveDestinationOptions), Row(Ipv6Options.ReceiveErrors),
        Row(Ipv6Options.ReceiveErrorsExtended), Row(Ipv6Options.ReceiveFragmentSize), Row(Ipv6Options.ReceiveHopLimit),
        Row(Ipv6Options.ReceiveHopOptions), Row(Ipv6Options.ReceiveOriginalDestination), Row(Ipv6Options.ReceivePathMtu),
        Row(Ipv6Options.ReceivePacketInformation), Row(Ipv6Options.ReceiveRoutingHeader), Row(Ipv6Options.ReceiveTrafficClass),
        Row(Ipv6Options.RoutingHeader), Row(Ipv6Options.RoutingHeaderDestinationOptions), Row(Ipv6Options.TrafficClass),
        Row(Ipv6Options.Transparent), Row(Ipv6Options.UnicastHops), Row(Ipv6Options.UnicastInterface), Row(Ipv6Options.Ipv6Only),

        Row(TcpOptions.CongestionControl), Row(TcpOptions.Cork), Row(TcpOptions.DeferAccept), Row(TcpOptions.AcknowledgementDelayMax),
        Row(TcpOptions.FastOpen), Row(TcpOptions.FastOpenConnect), Row(TcpOptions.FastOpenKey), Row(TcpOptions.FastOpenNoCookie),
        Row(TcpOptions.ReceiveQueueLength), Row(TcpOptions.KeepAliveRetryCount), Row(TcpOptions.KeepAliveTime),
        Row(TcpOptions.KeepAliveInterval), Row(TcpOptions.FinWait2Time), Row(TcpOptions.NoDelay), Row(TcpOptions.NotSentLowWater),
        Row(TcpOptions.RetransmissionTimeoutMax), Row(TcpOptions.RetransmissionTimeoutMin), Row(TcpOptions.SaveSyn),
        Row(TcpOptions.SynRetryCount), Row(TcpOptions.ThinDuplicateAcknowledgement), Row(TcpOptions.ThinLinearTimeouts),
        Row(TcpOptions.TransmitDelay), Row(TcpOptions.UserTimeout),

        Row(VsockOptions.BufferMax), Row(VsockOptions.BufferMin), Row(VsockOptions.Buffer), Row(VsockOptions.ConnectTimeout),
        Row(VsockOptions.ConnectTimeoutNew),

        Row(TipcOptions.ConnectTimeout), Row(TipcOptions.DestinationDroppable), Row(TipcOptions.Importance), Row(TipcOptions.NoDelay),
        Row(TipcOptions.SourceDroppable),
    ];

    /// <summary>Copies every option that differs. One that the kernel refuses keeps its default.</summary>
    internal static void Run(SocketHandle from, SocketHandle to)
    {
        Span<byte> value = stackalloc byte[BytesMax];
        Span<byte> other = stackalloc byte[BytesMax];
        foreach ((int level, int name) in Rows)
        {
            if (Libc.GetOption(from, level, name, value, out int length) >= 0
                && !(Libc.GetOption(to, level, name, other, out int otherLength) >= 0 && other[..otherLength].SequenceEqual(value[..length])))
            {
                Libc.SetOption(to, level, name, value[..length]);
            }
        }

        CopyBuffers(from, to);
    }

    /// <summary>True of an option that is copied.</summary>
    internal static bool Copies(int level, int name) => Array.IndexOf(Rows, (level, name)) >= 0;

    private static (int Level, int Name) Row<T>(SocketOption<T> key) => (key.Level, key.Name);

    // Those that the user has set; the others are the kernel's to tune. The kernel doubles what it is given, and reads as the double. Its
    // own limit is passed where the process may.
    private static void CopyBuffers(SocketHandle from, SocketHandle to)
    {
        if (SocketOptions.BufferLocks.Get(from, out SocketBufferLocks locks) < 0)
        {
            return;
        }

        if ((locks & SocketBufferLocks.Send) != 0 && SocketOptions.SendBuffer.Get(from, out int bytes) >= 0
            && SocketOptions.SendBufferForce.Set(to, bytes / 2) < 0)
        {
            SocketOptions.SendBuffer.Set(to, bytes / 2);
        }

        if ((locks & SocketBufferLocks.Receive) != 0 && SocketOptions.ReceiveBuffer.Get(from, out bytes) >= 0
            && SocketOptions.ReceiveBufferForce.Set(to, bytes / 2) < 0)
        {
            SocketOptions.ReceiveBuffer.Set(to, bytes / 2);
        }
    }
}
