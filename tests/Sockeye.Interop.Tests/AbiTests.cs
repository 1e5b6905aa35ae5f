using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sockeye.Interop.Tests;

/// <summary>Our structures and numbers are those of the C headers, on every machine that has a table in abi/.</summary>
public sealed partial class AbiTests
{
    private static readonly Type[] ConstantClasses =
    [
        .. typeof(SocketConstants).Assembly.GetTypes()
            .Where(type => type.Namespace == "Sockeye.Interop" && (type.Name.EndsWith("Constants", StringComparison.Ordinal) || type == typeof(Errno)))
    ];

    public static TheoryData<string> Tables => [AbiTable.X64Glibc, AbiTable.Arm64Glibc, AbiTable.X64Musl];

    [Theory]
    [MemberData(nameof(Tables))]
    public void Constants_are_the_numbers_of_the_headers(string name)
    {
        IReadOnlyDictionary<string, long> table = AbiTable.Read(name);
        var wrong = new List<string>();
        int compared = 0;
        foreach (FieldInfo field in KernelConstants())
        {
            long ours = Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture) & uint.MaxValue;
            if (!table.TryGetValue($"number {field.Name}", out long theirs))
            {
                wrong.Add($"{field.Name}: no line in abi.c");
            }
            else if (ours != theirs && !(name == AbiTable.X64Musl && field.Name == nameof(SocketConstants.SOMAXCONN)))
            {
                // musl keeps the SOMAXCONN of before Linux 5.4; the kernel that listens has 4096.
                wrong.Add($"{field.Name}: ours {ours}, the headers' {theirs}");
            }

            compared++;
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(compared > 200, $"Only {compared} constants found.");
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void Structures_have_the_sizes_and_offsets_of_the_headers(string name)
    {
        IReadOnlyDictionary<string, long> table = AbiTable.Read(name);
        Dictionary<string, long> ours = OurStructures();
        var wrong = new List<string>();
        foreach ((string line, long value) in ours)
        {
            if (!table.TryGetValue(line, out long theirs))
            {
                wrong.Add($"{line}: no line in abi.c");
            }
            else if (value != theirs)
            {
                wrong.Add($"{line}: ours {value}, the headers' {theirs}");
            }
        }

        // epoll_event is no structure of ours: EpollSet reads it by stride and offset.
        wrong.AddRange(table.Keys
            .Where(line => !line.StartsWith("number", StringComparison.Ordinal) && !line.Contains("epoll_event") && !ours.ContainsKey(line))
            .Select(line => $"{line}: in abi.c, not in this test"));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_structure_of_ours_is_compared()
    {
        string[] compared =
        [
            nameof(MessageHeader), nameof(NativeBuffer), nameof(ControlMessageHeader), nameof(PollDescriptor),
            nameof(TimeSpecification), nameof(TimeValue), nameof(Linger), nameof(IpMembership), nameof(Ipv6Membership),
            nameof(Ipv6Address), nameof(IpPacketInformation), nameof(Ipv6PacketInformation),
            nameof(AddressInformation), nameof(HostInformation), nameof(ServiceInformation), nameof(ProtocolInformation),
            nameof(InterfaceInformation),

            nameof(MultipleMessageHeader), nameof(ExtendedError), nameof(UserCredentials), nameof(PacketAuxiliary),

            .. OptionStructureNames,
            .. MultipathTcpStructureNames,
            .. TcpAuthenticationStructureNames,
            .. RingStructureNames,

            // What the layer tells its callers; the kernel never sees these.
            nameof(MessageLengths), nameof(PinnedMemory), nameof(PinSlot), nameof(Submission),
        ];
        IEnumerable<string> structures = typeof(MessageHeader).Assembly.GetTypes()
            .Where(type => type.IsValueType && !type.IsEnum && type.Namespace == "Sockeye.Interop" && !type.IsNested)
            .Select(type => type.Name);
        Assert.Equal(compared.Order(StringComparer.Ordinal), structures.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Epoll_events_are_read_as_this_machine_lays_them_out()
    {
        if (AbiTable.OfThisMachine is not { } name)
        {
            Assert.Skip("No table for this machine: add one with abi/make-tables.");
            return;
        }

        IReadOnlyDictionary<string, long> table = AbiTable.Read(name);
        Assert.Equal(table["size epoll_event"], Private("Stride"));
        Assert.Equal(table["offset epoll_event.data"], Private("DataOffset"));
        Assert.Equal(0, table["offset epoll_event.events"]);

        static long Private(string field) =>
            (int)typeof(EpollSet).GetField(field, BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;
    }

    [Fact]
    public void The_table_of_this_machine_is_what_its_compiler_says()
    {
        if (AbiTable.OfThisMachine is not { } name)
        {
            Assert.Skip("No table for this machine: add one with abi/make-tables.");
            return;
        }

        Assert.Equal(AbiTable.Read(name), AbiTable.Compile());
    }

    [Fact]
    public void Every_errno_of_the_headers_has_a_name()
    {
        // #define EAGAIN 11; the aliases are defined as another name.
        var missing = new List<string>();
        int found = 0;
        foreach (string[] parts in AbiTable.Macros("errno.h").Select(line => line.Split(' ')))
        {
            if (parts.Length == 3 && parts[1].StartsWith('E') && int.TryParse(parts[2], CultureInfo.InvariantCulture, out int number))
            {
                found++;
                if (Errno.Name(number) != parts[1])
                {
                    missing.Add($"{parts[1]} {number}: {Errno.Name(number)}");
                }
            }
        }

        Assert.True(missing.Count == 0, string.Join('\n', missing));
        Assert.True(found > 120, $"Only {found} numbers found in errno.h.");
    }

    [Fact]
    public void O_NOFOLLOW_is_this_machines()
    {
        if (AbiTable.OfThisMachine is not { } name)
        {
            Assert.Skip("No table for this machine: add one with abi/make-tables.");
            return;
        }

        Assert.Equal(AbiTable.Read(name)["number O_NOFOLLOW"], FamilyConstants.O_NOFOLLOW);
    }

    [Fact]
    public void An_address_never_is_longer_than_we_make_room_for() =>
        Assert.Equal(SocketConstants.AddressBytesMax, AbiTable.Read(AbiTable.X64Glibc)["size sockaddr_storage"]);

    // Names in capitals are the kernel's, the rest are ours.
    private static IEnumerable<FieldInfo> KernelConstants() => ConstantClasses
        .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
        .Where(field => field.IsLiteral && !field.Name.Any(char.IsLower));

    private static unsafe Dictionary<string, long> OurStructures()
    {
        var lines = new Dictionary<string, long>(StringComparer.Ordinal);

        MessageHeader message = default;
        lines["size msghdr"] = sizeof(MessageHeader);
        lines["offset msghdr.msg_name"] = (byte*)&message.Name - (byte*)&message;
        lines["offset msghdr.msg_namelen"] = (byte*)&message.NameLength - (byte*)&message;
        lines["offset msghdr.msg_iov"] = (byte*)&message.Buffers - (byte*)&message;
        lines["offset msghdr.msg_iovlen"] = (byte*)&message.BufferCount - (byte*)&message;
        lines["offset msghdr.msg_control"] = (byte*)&message.Control - (byte*)&message;
        lines["offset msghdr.msg_controllen"] = (byte*)&message.ControlLength - (byte*)&message;
        lines["offset msghdr.msg_flags"] = (byte*)&message.Flags - (byte*)&message;

        NativeBuffer buffer = default;
        lines["size iovec"] = sizeof(NativeBuffer);
        lines["offset iovec.iov_base"] = Offset(ref buffer, ref Unsafe.AsRef(in buffer.Address));
        lines["offset iovec.iov_len"] = Offset(ref buffer, ref Unsafe.AsRef(in buffer.Length));

        ControlMessageHeader control = default;
        lines["size cmsghdr"] = sizeof(ControlMessageHeader);
        lines["offset cmsghdr.cmsg_len"] = Offset(ref control, ref control.Length);
        lines["offset cmsghdr.cmsg_level"] = Offset(ref control, ref control.Level);
        lines["offset cmsghdr.cmsg_type"] = Offset(ref control, ref control.Type);

        PollDescriptor poll = default;
        lines["size pollfd"] = sizeof(PollDescriptor);
        lines["offset pollfd.fd"] = Offset(ref poll, ref poll.Descriptor);
        lines["offset pollfd.events"] = Offset(ref poll, ref poll.Events);
        lines["offset pollfd.revents"] = Offset(ref poll, ref poll.Returned);

        TimeSpecification specification = default;
        lines["size timespec"] = sizeof(TimeSpecification);
        lines["offset timespec.tv_sec"] = Offset(ref specification, ref specification.Seconds);
        lines["offset timespec.tv_nsec"] = Offset(ref specification, ref specification.Nanoseconds);

        TimeValue time = default;
        lines["size timeval"] = sizeof(TimeValue);
        lines["offset timeval.tv_sec"] = Offset(ref time, ref time.Seconds);
        lines["offset timeval.tv_usec"] = Offset(ref time, ref time.Microseconds);

        // getrlimit takes two ulongs, soft and hard.
        lines["size rlimit"] = 2 * sizeof(ulong);
        lines["offset rlimit.rlim_cur"] = 0;
        lines["offset rlimit.rlim_max"] = sizeof(ulong);

        Linger linger = default;
        lines["size linger"] = sizeof(Linger);
        lines["offset linger.l_onoff"] = Offset(ref linger, ref linger.OnOff);
        lines["offset linger.l_linger"] = Offset(ref linger, ref linger.Seconds);

        IpMembership membership = default;
        lines["size ip_mreqn"] = sizeof(IpMembership);
        lines["offset ip_mreqn.imr_multiaddr"] = Offset(ref membership, ref membership.Group);
        lines["offset ip_mreqn.imr_address"] = Offset(ref membership, ref membership.LocalAddress);
        lines["offset ip_mreqn.imr_ifindex"] = Offset(ref membership, ref membership.InterfaceIndex);

        Ipv6Membership membership6 = default;
        lines["size ipv6_mreq"] = sizeof(Ipv6Membership);
        lines["offset ipv6_mreq.ipv6mr_multiaddr"] = Offset(ref membership6, ref membership6.Group);
        lines["offset ipv6_mreq.ipv6mr_interface"] = Offset(ref membership6, ref membership6.InterfaceIndex);

        lines["size in_addr"] = sizeof(uint);
        lines["size in6_addr"] = sizeof(Ipv6Address);

        IpPacketInformation packet = default;
        lines["size in_pktinfo"] = sizeof(IpPacketInformation);
        lines["offset in_pktinfo.ipi_ifindex"] = Offset(ref packet, ref packet.InterfaceIndex);
        lines["offset in_pktinfo.ipi_spec_dst"] = Offset(ref packet, ref packet.LocalAddress);
        lines["offset in_pktinfo.ipi_addr"] = Offset(ref packet, ref packet.DestinationAddress);

        Ipv6PacketInformation packet6 = default;
        lines["size in6_pktinfo"] = sizeof(Ipv6PacketInformation);
        lines["offset in6_pktinfo.ipi6_addr"] = Offset(ref packet6, ref packet6.Address);
        lines["offset in6_pktinfo.ipi6_ifindex"] = Offset(ref packet6, ref packet6.InterfaceIndex);

        AddNames(lines);
        MultipleMessageHeader multiple = default;
        lines["size mmsghdr"] = sizeof(MultipleMessageHeader);
        lines["offset mmsghdr.msg_hdr"] = (byte*)&multiple.Header - (byte*)&multiple;
        lines["offset mmsghdr.msg_len"] = (byte*)&multiple.Length - (byte*)&multiple;

        ExtendedError error = default;
        lines["size sock_extended_err"] = sizeof(ExtendedError);
        lines["offset sock_extended_err.ee_errno"] = Offset(ref error, ref error.Errno);
        lines["offset sock_extended_err.ee_origin"] = Offset(ref error, ref error.Origin);
        lines["offset sock_extended_err.ee_type"] = Offset(ref error, ref error.Type);
        lines["offset sock_extended_err.ee_code"] = Offset(ref error, ref error.Code);
        lines["offset sock_extended_err.ee_pad"] = Offset(ref error, ref error.Padding);
        lines["offset sock_extended_err.ee_info"] = Offset(ref error, ref error.Info);
        lines["offset sock_extended_err.ee_data"] = Offset(ref error, ref error.Data);

        UserCredentials credentials = default;
        lines["size ucred"] = sizeof(UserCredentials);
        lines["offset ucred.pid"] = Offset(ref credentials, ref credentials.ProcessId);
        lines["offset ucred.uid"] = Offset(ref credentials, ref credentials.UserId);
        lines["offset ucred.gid"] = Offset(ref credentials, ref credentials.GroupId);

        PacketAuxiliary auxiliary = default;
        lines["size tpacket_auxdata"] = sizeof(PacketAuxiliary);
        lines["offset tpacket_auxdata.tp_status"] = Offset(ref auxiliary, ref auxiliary.Status);
        lines["offset tpacket_auxdata.tp_len"] = Offset(ref auxiliary, ref auxiliary.Length);
        lines["offset tpacket_auxdata.tp_snaplen"] = Offset(ref auxiliary, ref auxiliary.SnapshotLength);
        lines["offset tpacket_auxdata.tp_mac"] = Offset(ref auxiliary, ref auxiliary.LinkOffset);
        lines["offset tpacket_auxdata.tp_net"] = Offset(ref auxiliary, ref auxiliary.NetworkOffset);
        lines["offset tpacket_auxdata.tp_vlan_tci"] = Offset(ref auxiliary, ref auxiliary.VlanTag);
        lines["offset tpacket_auxdata.tp_vlan_tpid"] = Offset(ref auxiliary, ref auxiliary.VlanProtocol);

        lines["size sockaddr_storage"] = SocketConstants.AddressBytesMax;
        AddFamilies(lines);
        AddOptionStructures(lines);
        AddMultipathTcpStructures(lines);
        AddTcpAuthenticationStructures(lines);
        AddRingStructures(lines);
        return lines;
    }

    private static unsafe void AddNames(Dictionary<string, long> lines)
    {
        AddressInformation address = default;
        lines["size addrinfo"] = sizeof(AddressInformation);
        lines["offset addrinfo.ai_flags"] = (byte*)&address.Flags - (byte*)&address;
        lines["offset addrinfo.ai_family"] = (byte*)&address.Family - (byte*)&address;
        lines["offset addrinfo.ai_socktype"] = (byte*)&address.SocketType - (byte*)&address;
        lines["offset addrinfo.ai_protocol"] = (byte*)&address.Protocol - (byte*)&address;
        lines["offset addrinfo.ai_addrlen"] = (byte*)&address.AddressLength - (byte*)&address;
        lines["offset addrinfo.ai_addr"] = (byte*)&address.Address - (byte*)&address;
        lines["offset addrinfo.ai_canonname"] = (byte*)&address.CanonicalName - (byte*)&address;
        lines["offset addrinfo.ai_next"] = (byte*)&address.Next - (byte*)&address;

        HostInformation host = default;
        lines["size hostent"] = sizeof(HostInformation);
        lines["offset hostent.h_name"] = (byte*)&host.Name - (byte*)&host;
        lines["offset hostent.h_aliases"] = (byte*)&host.Aliases - (byte*)&host;
        lines["offset hostent.h_addrtype"] = (byte*)&host.Family - (byte*)&host;
        lines["offset hostent.h_length"] = (byte*)&host.AddressLength - (byte*)&host;
        lines["offset hostent.h_addr_list"] = (byte*)&host.Addresses - (byte*)&host;

        ServiceInformation service = default;
        lines["size servent"] = sizeof(ServiceInformation);
        lines["offset servent.s_name"] = (byte*)&service.Name - (byte*)&service;
        lines["offset servent.s_aliases"] = (byte*)&service.Aliases - (byte*)&service;
        lines["offset servent.s_port"] = (byte*)&service.Port - (byte*)&service;
        lines["offset servent.s_proto"] = (byte*)&service.Protocol - (byte*)&service;

        ProtocolInformation protocol = default;
        lines["size protoent"] = sizeof(ProtocolInformation);
        lines["offset protoent.p_name"] = (byte*)&protocol.Name - (byte*)&protocol;
        lines["offset protoent.p_aliases"] = (byte*)&protocol.Aliases - (byte*)&protocol;
        lines["offset protoent.p_proto"] = (byte*)&protocol.Number - (byte*)&protocol;

        InterfaceInformation card = default;
        lines["size if_nameindex"] = sizeof(InterfaceInformation);
        lines["offset if_nameindex.if_index"] = (byte*)&card.Index - (byte*)&card;
        lines["offset if_nameindex.if_name"] = (byte*)&card.Name - (byte*)&card;
    }

    // Families writes these by offset; AddressBytesTests of Sockeye.Tests compares the bytes themselves.
    private static void AddFamilies(Dictionary<string, long> lines)
    {
        lines["size sockaddr_un"] = 110;
        lines["offset sockaddr_un.sun_family"] = 0;
        lines["offset sockaddr_un.sun_path"] = 2;

        lines["size sockaddr_nl"] = 12;
        lines["offset sockaddr_nl.nl_family"] = 0;
        lines["offset sockaddr_nl.nl_pad"] = 2;
        lines["offset sockaddr_nl.nl_pid"] = 4;
        lines["offset sockaddr_nl.nl_groups"] = 8;

        lines["size sockaddr_vm"] = 16;
        lines["offset sockaddr_vm.svm_family"] = 0;
        lines["offset sockaddr_vm.svm_port"] = 4;
        lines["offset sockaddr_vm.svm_cid"] = 8;
        lines["offset sockaddr_vm.svm_flags"] = 12;

        lines["size sockaddr_tipc"] = 16;
        lines["offset sockaddr_tipc.family"] = 0;
        lines["offset sockaddr_tipc.addrtype"] = 2;
        lines["offset sockaddr_tipc.scope"] = 3;
        lines["offset sockaddr_tipc.addr.id.ref"] = 4;
        lines["offset sockaddr_tipc.addr.id.node"] = 8;
        lines["offset sockaddr_tipc.addr.nameseq.type"] = 4;
        lines["offset sockaddr_tipc.addr.nameseq.lower"] = 8;
        lines["offset sockaddr_tipc.addr.nameseq.upper"] = 12;
        lines["offset sockaddr_tipc.addr.name.name.type"] = 4;
        lines["offset sockaddr_tipc.addr.name.name.instance"] = 8;
        lines["offset sockaddr_tipc.addr.name.domain"] = 12;

        lines["size sockaddr_ll"] = 20;
        lines["offset sockaddr_ll.sll_family"] = 0;
        lines["offset sockaddr_ll.sll_protocol"] = 2;
        lines["offset sockaddr_ll.sll_ifindex"] = 4;
        lines["offset sockaddr_ll.sll_hatype"] = 8;
        lines["offset sockaddr_ll.sll_pkttype"] = 10;
        lines["offset sockaddr_ll.sll_halen"] = 11;
        lines["offset sockaddr_ll.sll_addr"] = 12;

        lines["size sockaddr_can"] = 24;
        lines["offset sockaddr_can.can_family"] = 0;
        lines["offset sockaddr_can.can_ifindex"] = 4;
        lines["offset sockaddr_can.can_addr.tp.rx_id"] = 8;
        lines["offset sockaddr_can.can_addr.tp.tx_id"] = 12;
        lines["offset sockaddr_can.can_addr.j1939.name"] = 8;
        lines["offset sockaddr_can.can_addr.j1939.pgn"] = 16;
        lines["offset sockaddr_can.can_addr.j1939.addr"] = 20;

        lines["size sockaddr_in6"] = 28;
        lines["offset sockaddr_in6.sin6_family"] = 0;
        lines["offset sockaddr_in6.sin6_port"] = 2;
        lines["offset sockaddr_in6.sin6_flowinfo"] = 4;
        lines["offset sockaddr_in6.sin6_addr"] = 8;
        lines["offset sockaddr_in6.sin6_scope_id"] = 24;

        lines["size statx"] = FamilyConstants.StatxBytes;
        lines["offset statx.stx_mode"] = FamilyConstants.StatxModeOffset;
    }

    private static long Offset<T, TField>(ref T structure, ref TField field) =>
        Unsafe.ByteOffset(ref Unsafe.As<T, byte>(ref structure), ref Unsafe.As<TField, byte>(ref field));
}
