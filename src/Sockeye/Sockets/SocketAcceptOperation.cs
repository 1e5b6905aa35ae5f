using Sockeye.Engines;

namespace Sockeye;

/// <summary>accept4(2), which gives a <see cref="Socket"/>.</summary>
internal sealed class SocketAcceptOperation(SocketCore listener) : AcceptOperation<Socket>(listener)
{
    private Socket? _into;

    internal static SocketAcceptOperation Rent(SocketCore listener) =>
        listener.Extras.Accept.Take<SocketAcceptOperation>() ?? new SocketAcceptOperation(listener);

    /// <param name="into">A socket that was made for the connection; null makes one.</param>
    internal SocketAcceptOperation With(Socket? into)
    {
        _into = into;
        SetInto(into?.Core);
        return this;
    }

    protected override Socket Wrap(SocketCore accepted) => _into ?? new Socket(accepted);

    protected override void Reset()
    {
        base.Reset();
        _into = null;
    }
}
