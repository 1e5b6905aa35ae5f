using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Owns the descriptors that came with one message, until they are taken.</summary>
internal sealed class ReceivedDescriptors : IDisposable
{
    // Owned: whoever takes the list owns what is in it.
    private SocketHandle[]? _handles;
    private ProcessDescriptor? _process;

    private ReceivedDescriptors()
    {
    }

    internal int HandleCount => Volatile.Read(ref _handles)?.Length ?? 0;

    /// <summary>
    /// Makes every descriptor in the control data owned, and overwrites its number there with −1, so that no one takes
    /// it for theirs.
    /// </summary>
    /// <returns>The owner; null when no descriptor came, which allocates nothing.</returns>
    internal static ReceivedDescriptors? Adopt(Span<byte> control)
    {
        ReceivedDescriptors? owner = null;
        while (MemoryMarshal.TryRead(control, out ControlMessageHeader header)
            && header.Length >= ControlMessage.HeaderBytes
            && header.Length <= (nuint)control.Length)
        {
            int length = (int)header.Length;
            Span<byte> data = control[ControlMessage.HeaderBytes..length];
            if (header.Level == SocketConstants.SOL_SOCKET && header.Type is MessageConstants.SCM_RIGHTS or MessageConstants.SCM_PIDFD)
            {
                owner ??= new ReceivedDescriptors();
                owner.Take(header.Type, MemoryMarshal.Cast<byte, int>(data));
            }

            control = control[Math.Min(ControlMessage.Align(length), control.Length)..];
        }

        return owner;
    }

    internal SocketHandle[] TakeHandles() => Interlocked.Exchange(ref _handles, null) ?? [];

    internal ProcessDescriptor? TakeProcessHandle() => Interlocked.Exchange(ref _process, null);

    public void Dispose()
    {
        foreach (SocketHandle handle in TakeHandles())
        {
            handle.Dispose();
        }

        TakeProcessHandle()?.Dispose();
    }

    private void Take(int type, Span<int> numbers)
    {
        if (type == MessageConstants.SCM_PIDFD)
        {
            // A negative number is the errno for which there is none: the sender has gone.
            if (numbers.Length > 0 && numbers[0] >= 0)
            {
                _process?.Dispose();
                _process = new ProcessDescriptor();
                _process.Own(numbers[0]);
                numbers.Fill(-1);
            }

            return;
        }

        var handles = new SocketHandle[HandleCount + numbers.Length];
        _handles?.CopyTo(handles, 0);
        for (int i = 0; i < numbers.Length; i++)
        {
            handles[HandleCount + i] = new SocketHandle(numbers[i]);
        }

        _handles = handles;
        numbers.Fill(-1);
    }
}
