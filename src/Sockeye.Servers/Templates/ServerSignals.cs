using System.Runtime.InteropServices;

namespace Sockeye.Servers;

/// <summary>SIGINT (Ctrl-C) and SIGTERM, while a server runs: the first one asks it to stop, the second ends the process as ever.</summary>
internal sealed class ServerSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new(); // never disposed: a signal may be on its way
    private PosixSignalRegistration? _interrupt;
    private PosixSignalRegistration? _terminate;

    internal ServerSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Take);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take);
    }

    internal CancellationToken Stop => _stop.Token;

    public void Dispose()
    {
        Interlocked.Exchange(ref _interrupt, null)?.Dispose();
        Interlocked.Exchange(ref _terminate, null)?.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = !_stop.IsCancellationRequested;
        _stop.Cancel();
    }
}
