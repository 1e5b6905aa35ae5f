namespace Sockeye.Interop;

// Options whose value is no plain span: memory that the kernel borrows during the call, a descriptor that it hands over.
internal static unsafe partial class Libc
{
    /// <summary>setsockopt(2) of a struct sock_fprog over <paramref name="instructions"/>, at most 65,535.</summary>
    internal static int SetFilter(SocketHandle socket, int level, int name, ReadOnlySpan<FilterInstruction> instructions)
    {
        fixed (FilterInstruction* pointer = instructions)
        {
            var program = new FilterProgram { Length = (ushort)instructions.Length, Instructions = (nint)pointer };
            return Result(setsockopt(socket, level, name, (byte*)&program, (uint)sizeof(FilterProgram)));
        }
    }

    /// <summary>getsockopt(2) of SO_GET_FILTER: its lengths count instructions, and without room it returns how many there are.</summary>
    internal static int GetFilter(SocketHandle socket, int level, int name, Span<FilterInstruction> instructions, out int count)
    {
        uint length = (uint)instructions.Length;
        fixed (FilterInstruction* pointer = instructions)
        {
            int result = Result(getsockopt(socket, level, name, (byte*)pointer, &length));
            count = (int)length;
            return result;
        }
    }

    /// <summary>getsockopt(2) of TCP_AO_GET_KEYS: its length is that of one entry, and the first entry says for how many there is room.</summary>
    internal static int GetAuthenticationKeys(SocketHandle socket, int level, int name, Span<TcpAuthenticationEntry> entries)
    {
        uint size = (uint)sizeof(TcpAuthenticationEntry);
        fixed (TcpAuthenticationEntry* pointer = entries)
        {
            pointer->Keys = (uint)entries.Length;
            return Result(getsockopt(socket, level, name, (byte*)pointer, &size));
        }
    }

    /// <summary>getsockopt(2) of MPTCP_FULL_INFO, which writes to <paramref name="subflows"/> and <paramref name="tcp"/> beside the value, and says how long that is.</summary>
    /// <remarks>The caller has said in <paramref name="information"/> how many entries of which length there is room for in both.</remarks>
    internal static int GetMultipathTcp(
        SocketHandle socket, int level, int name, ref MptcpFullInfo information, Span<byte> subflows, Span<byte> tcp, out int length)
    {
        uint size = (uint)sizeof(MptcpFullInfo);
        fixed (MptcpFullInfo* value = &information)
        fixed (byte* subflow = subflows)
        fixed (byte* connection = tcp)
        {
            value->SubflowPointer = (ulong)subflow;
            value->TcpPointer = (ulong)connection;
            int result = Result(getsockopt(socket, level, name, (byte*)value, &size));
            length = (int)size;
            return result;
        }
    }

    /// <summary>getsockopt(2) of an option that opens a descriptor; <paramref name="descriptor"/> owns it from then on.</summary>
    /// <remarks>The handle is made before the call, so that nothing can fail between the call and the ownership.</remarks>
    internal static int GetDescriptor(SocketHandle socket, int level, int name, ProcessDescriptor descriptor)
    {
        int number = -1;
        uint size = sizeof(int);
        int result = Result(getsockopt(socket, level, name, (byte*)&number, &size));
        if (result >= 0)
        {
            descriptor.Own(number);
        }

        return result;
    }
}
