using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Owns a pidfd (pidfd_open(2)): a descriptor that means one process for good, also after its number went to another.
/// </summary>
/// <remarks>
/// Close-on-exec. It becomes readable for poll(2) when the process ends, and is what pidfd_send_signal(2) and
/// waitid(2) with P_PIDFD take. Dispose it; else the finalizer closes it.
/// </remarks>
public sealed class ProcessDescriptor : SafeHandle
{
    /// <summary>An empty handle, for a descriptor yet to come.</summary>
    public ProcessDescriptor()
        : base(-1, ownsHandle: true)
    {
    }

    /// <summary>True when the handle holds no descriptor.</summary>
    public override bool IsInvalid => handle < 0;

    internal void Own(int descriptor) => SetHandle(descriptor);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Close((int)handle) >= 0;
}
