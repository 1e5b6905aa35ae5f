using System.Net;
using System.Runtime.InteropServices;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>struct mptcp_info, as much of it as the kernel knows.</summary>
internal sealed class MultipathTcpInformationLayout : OptionLayout<MultipathTcpInformation>
{
    internal static readonly MultipathTcpInformationLayout Instance = new();

    internal override int Get(SocketHandle socket, int level, int name, out MultipathTcpInformation value)
    {
        MptcpInfo read = default;
        int result = Libc.GetOption(socket, level, name, MemoryMarshal.AsBytes(new Span<MptcpInfo>(ref read)), out int length);
        value = result < 0 ? default : new MultipathTcpInformation(read, length);
        return result;
    }

    internal override int Set(SocketHandle socket, int level, int name, MultipathTcpInformation value) => throw new NotSupportedException();
}

/// <summary>struct mptcp_subflow_data and an entry for each subflow; without room for all, the kernel says how many there are.</summary>
internal abstract class SubflowLayout<T, TKernel> : OptionLayout<T[]>
    where TKernel : unmanaged
{
    private static readonly int HeaderBytes = MemoryMarshal.AsBytes<MptcpSubflowData>(new MptcpSubflowData[1]).Length;
    private static readonly int EntryBytes = MemoryMarshal.AsBytes<TKernel>(new TKernel[1]).Length;

    internal sealed override int Get(SocketHandle socket, int level, int name, out T[] value)
    {
        value = [];
        int room = MultipathTcpDetailsLayout.FirstRoom;
        for (int i = 0; i < MultipathTcpDetailsLayout.TriesMax; i++)
        {
            byte[] bytes = new byte[HeaderBytes + (room * EntryBytes)];
            MemoryMarshal.Write(bytes, new MptcpSubflowData { HeaderBytes = (uint)HeaderBytes, UserBytes = (uint)EntryBytes });
            int result = Libc.GetOption(socket, level, name, bytes, out _);
            if (result < 0)
            {
                return result;
            }

            var header = MemoryMarshal.Read<MptcpSubflowData>(bytes);
            int count = (int)header.Subflows;
            if (count <= room)
            {
                value = new T[count];
                for (int entry = 0; entry < count; entry++)
                {
                    value[entry] = MultipathTcpDetailsLayout.Entry<T, TKernel>(bytes.AsSpan(HeaderBytes), entry, (int)header.UserBytes, FromKernel);
                }

                return 0;
            }

            room = count;
        }

        return -Errno.ENOBUFS;
    }

    internal sealed override int Set(SocketHandle socket, int level, int name, T[] value) => throw new NotSupportedException();

    internal abstract T FromKernel(TKernel entry, int length);
}

/// <summary>struct tcp_info of each subflow.</summary>
internal sealed class SubflowTcpLayout : SubflowLayout<TcpInformation, TcpInfo>
{
    internal static readonly SubflowTcpLayout Instance = new();

    internal override TcpInformation FromKernel(TcpInfo entry, int length) => new(entry, length);
}

/// <summary>struct mptcp_subflow_addrs of each subflow.</summary>
internal sealed class SubflowAddressesLayout : SubflowLayout<MultipathTcpAddresses, MptcpSubflowAddresses>
{
    internal static readonly SubflowAddressesLayout Instance = new();

    internal override MultipathTcpAddresses FromKernel(MptcpSubflowAddresses entry, int length) => Addresses(entry);

    internal static MultipathTcpAddresses Addresses(MptcpSubflowAddresses entry) =>
        new(
            Address(MemoryMarshal.AsBytes(new ReadOnlySpan<SocketAddressStorage>(in entry.Local))),
            Address(MemoryMarshal.AsBytes(new ReadOnlySpan<SocketAddressStorage>(in entry.Remote))));

    // AF_UNSPEC: the kernel left it empty.
    private static EndPoint? Address(ReadOnlySpan<byte> storage) =>
        BitConverter.ToUInt16(storage) == SocketConstants.AF_UNSPEC ? null : AddressCodecs.Decode(storage, like: null);
}

/// <summary>struct mptcp_full_info and the two arrays that it points to.</summary>
internal sealed class MultipathTcpDetailsLayout : OptionLayout<MultipathTcpDetails>
{
    internal static readonly MultipathTcpDetailsLayout Instance = new();

    /// <summary>One more than MPTCP_PM_ADDR_MAX, what the kernel's own path manager makes at most.</summary>
    internal const int FirstRoom = 9;
    internal const int TriesMax = 8;

    private static readonly int SubflowBytes = MemoryMarshal.AsBytes<MptcpSubflowInfo>(new MptcpSubflowInfo[1]).Length;
    private static readonly int TcpBytes = MemoryMarshal.AsBytes<TcpInfo>(new TcpInfo[1]).Length;
    private static readonly int HeaderBytes =
        MemoryMarshal.AsBytes<MptcpFullInfo>(new MptcpFullInfo[1]).Length - MemoryMarshal.AsBytes<MptcpInfo>(new MptcpInfo[1]).Length;

    internal override int Get(SocketHandle socket, int level, int name, out MultipathTcpDetails value)
    {
        value = null!;
        int room = FirstRoom;
        for (int i = 0; i < TriesMax; i++)
        {
            byte[] subflows = new byte[room * SubflowBytes];
            byte[] tcp = new byte[room * TcpBytes];
            var header = new MptcpFullInfo { TcpUserBytes = (uint)TcpBytes, SubflowUserBytes = (uint)SubflowBytes, Room = (uint)room };
            int result = Libc.GetMultipathTcp(socket, level, name, ref header, subflows, tcp, out int length);
            if (result < 0)
            {
                return result;
            }

            int count = (int)header.Subflows;
            if (count <= room)
            {
                var found = new MultipathTcpSubflow[count];
                for (int entry = 0; entry < count; entry++)
                {
                    TcpInformation information = Entry<TcpInformation, TcpInfo>(
                        tcp, entry, (int)header.TcpUserBytes, static (kernel, length) => new TcpInformation(kernel, length));
                    found[entry] = Entry<MultipathTcpSubflow, MptcpSubflowInfo>(
                        subflows,
                        entry,
                        (int)header.SubflowUserBytes,
                        (kernel, _) => new MultipathTcpSubflow(kernel.Id, SubflowAddressesLayout.Addresses(kernel.Addresses), information));
                }

                value = new MultipathTcpDetails(new MultipathTcpInformation(header.Information, Math.Max(length - HeaderBytes, 0)), found);
                return 0;
            }

            room = count;
        }

        return -Errno.ENOBUFS;
    }

    internal override int Set(SocketHandle socket, int level, int name, MultipathTcpDetails value) => throw new NotSupportedException();

    /// <summary>An entry as long as kernel and caller both know it; of a shorter one the rest stays 0.</summary>
    internal static T Entry<T, TKernel>(ReadOnlySpan<byte> entries, int index, int entryBytes, Func<TKernel, int, T> fromKernel)
        where TKernel : unmanaged
    {
        TKernel entry = default;
        entries.Slice(index * entryBytes, entryBytes).CopyTo(MemoryMarshal.AsBytes(new Span<TKernel>(ref entry)));
        return fromKernel(entry, entryBytes);
    }
}
