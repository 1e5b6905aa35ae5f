using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using Sockeye.Chat.Lines;

namespace Sockeye.Chat.Terminal;

/// <summary>chat join at a terminal: what arrives is printed above the line being typed.</summary>
/// <remarks>
/// Keys and lines come in through one bounded queue and one task draws, so nothing is drawn by halves. Reading a key blocks, so a
/// separate thread does it; it ends with the process.
/// </remarks>
internal sealed class TerminalSession(Socket socket, JoinOptions options)
{
    private const int QueueMax = 256;

    private readonly LineEditor _editor = new();
    private readonly ChatScreen _screen = new(Console.Out, Size, new LinePainter(options.Colours ?? LinePainter.WantsColours));
    private readonly Channel<Input> _inputs = Channel.CreateBounded<Input>(QueueMax);
    private readonly Channel<string> _outputs = Channel.CreateBounded<string>(QueueMax);
    private bool _quitting;
    private bool _impatient;

    /// <summary>One thing that happened: a key, a line, a new size, or the end (with its result).</summary>
    private readonly record struct Input(ConsoleKeyInfo? Key, string? Line, JoinResult? End);

    public async Task<JoinResult> RunAsync(CancellationToken stop)
    {
        bool before = Console.TreatControlCAsInput;
        Console.TreatControlCAsInput = true; // Ctrl-C says good-bye instead of killing us in mid-line
        using var resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => _inputs.Writer.TryWrite(default));
        try
        {
            _outputs.Writer.TryWrite(JoinClient.Greeting(options));
            _ = ReceiveAsync(stop);
            _ = SendAsync(stop);
            new Thread(ReadKeys) { IsBackground = true, Name = "keys" }.Start();
            _screen.Draw(_editor);
            return await DrawAsync(stop);
        }
        catch (IOException)
        {
            return new(JoinEnd.Interrupted, ""); // the window was closed, and SIGHUP is on its way
        }
        finally
        {
            Leave(before);
        }
    }

    private void Leave(bool controlC)
    {
        try
        {
            _screen.Close();
            Console.TreatControlCAsInput = controlC;
        }
        catch (IOException)
        {
            // A window that was closed needs neither.
        }
    }

    private static (int Columns, int Rows) Size() => (
        Console.WindowWidth is > 0 and var columns ? columns : 80, Console.WindowHeight is > 0 and var rows ? rows : 24);

    private async Task<JoinResult> DrawAsync(CancellationToken stop)
    {
        var lines = new List<string>();
        while (await _inputs.Reader.WaitToReadAsync(stop))
        {
            JoinResult? end = null;
            while (end is null && _inputs.Reader.TryRead(out Input input))
            {
                if (input.Key is { } key)
                {
                    if (!Take(key))
                    {
                        lines.Add(LineEncoding.NoticePrefix + "Not sent: the chat does not keep up.");
                    }

                    end = _impatient ? new JoinResult(JoinEnd.Interrupted, "") : null;
                    continue;
                }

                end = input.End;
                if (input.Line is not null)
                {
                    lines.Add(input.Line);
                    if (lines.Count >= QueueMax)
                    {
                        break; // what pours in is shown in pieces
                    }
                }
            }

            _screen.Print(lines, _editor);
            if (end is { } result)
            {
                bool left = (_quitting && result.End != JoinEnd.Interrupted) || (lines.Count > 0 && LineReplies.IsGoodBye(lines[^1]));
                return left ? new(JoinEnd.Left, "") : result;
            }

            lines.Clear();
        }

        return new(JoinEnd.ConnectionLost, "");
    }

    private bool Take(ConsoleKeyInfo key)
    {
        switch (_editor.Take(key))
        {
            case EditorResult.Submitted:
                string submitted = _editor.Submitted;
                _quitting |= string.Equals(submitted.Trim().Split(' ')[0], "/quit", StringComparison.OrdinalIgnoreCase);
                return Send(submitted);
            case EditorResult.Quit when _quitting:
                _impatient = true; // the second one does not wait for the server
                break;
            case EditorResult.Quit:
                _quitting = true;
                return Send("/quit");
            case EditorResult.Edited:
                break;
        }

        return true;
    }

    /// <summary>Queues a line for the chat; false when it does not keep up, and the line is lost.</summary>
    private bool Send(string line) => _outputs.Writer.TryWrite(line + "\n");

    private async Task ReceiveAsync(CancellationToken stop)
    {
        var end = new JoinResult(JoinEnd.ConnectionLost, "the chat ended the connection");
        try
        {
            var lines = new ReceivedLines();
            byte[] buffer = new byte[16_384];
            int received;
            do
            {
                received = await socket.ReceiveAsync(buffer, SocketFlags.None, stop);
                foreach (string line in lines.Take(buffer.AsSpan(0, received)))
                {
                    await _inputs.Writer.WriteAsync(new Input(null, line, null), stop);
                }
            }
            while (received > 0);
        }
        catch (SocketException e)
        {
            end = JoinClient.Lost(e);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            return; // the side that cancelled or closed has the result already
        }

        await _inputs.Writer.WriteAsync(new Input(null, null, end), stop);
    }

    private void ReadKeys()
    {
        try
        {
            while (true)
            {
                var input = new Input(Console.ReadKey(intercept: true), null, null);
                if (!_inputs.Writer.TryWrite(input))
                {
                    _inputs.Writer.WriteAsync(input).AsTask().Wait(); // this thread is here to block
                }
            }
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            // The terminal is gone. The signal that says so ends the session.
        }
    }

    private async Task SendAsync(CancellationToken stop)
    {
        try
        {
            await foreach (string line in _outputs.Reader.ReadAllAsync(stop))
            {
                ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(line);
                while (bytes.Length > 0)
                {
                    bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, stop)..];
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Receiving meets the same end, and reports it.
        }
    }
}
