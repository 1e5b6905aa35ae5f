using System.Net.Sockets;
using System.Text;
using Sockeye.Chat.Lines;

namespace Sockeye.Chat.Terminal;

/// <summary>chat join between pipes: copies lines both ways until the input ends, then prints what is still due.</summary>
/// <remarks>
/// With a name to take, the input waits until the chat has taken it: else the first line typed for everybody could become
/// a name. What is printed is cleaned here as it is at a terminal: a pipe often ends at one, and a file is shown on one.
/// </remarks>
internal sealed class PipeSession(Socket socket, JoinOptions options)
{
    private const int BrokenPipe = 32; // EPIPE

    private readonly TaskCompletionSource<string?> _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LinePainter _painter = new(options.Colours ?? LinePainter.WantsColours);
    private string _last = "";
    private volatile bool _inputEnded;

    public async Task<JoinResult> RunAsync(CancellationToken stop)
    {
        if (options.Name is null)
        {
            _joined.SetResult(null); // the first line of the input is the name
        }

        try
        {
            await SendAsync(Encoding.UTF8.GetBytes(JoinClient.Greeting(options)), stop);
            Task<JoinResult> output = CopyOutAsync(stop);
            Task input = CopyInAsync(stop);
            Task first = await Task.WhenAny(output, input);
            if (first == input && !output.IsCompleted)
            {
                await input; // an error in sending shows here; the end of the input just waits for the rest
            }

            return await output;
        }
        catch (SocketException e)
        {
            return JoinClient.Lost(e);
        }
        catch (IOException e) when (e.HResult == BrokenPipe)
        {
            return new(JoinEnd.ReaderGone, "");
        }
        catch (IOException e)
        {
            return new(JoinEnd.NotWritten, $"cannot write what the chat says: {e.Message}");
        }
        catch (UnauthorizedAccessException) // .NET's name for EBADF
        {
            return new(JoinEnd.NotWritten, "cannot write what the chat says: the output is closed");
        }
    }

    private async Task CopyInAsync(CancellationToken stop)
    {
        if (await _joined.Task.WaitAsync(stop) is not null)
        {
            socket.Shutdown(SocketShutdown.Send);
            return;
        }

        Stream input = options.Input ?? Console.OpenStandardInput();
        byte[] buffer = new byte[16_384];
        int read;
        while ((read = await ReadAsync(input, buffer, stop)) > 0)
        {
            await SendAsync(buffer.AsMemory(0, read), stop);
        }

        _inputEnded = true;
        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Reads; an input that is closed or cannot be read has ended.</summary>
    private static async ValueTask<int> ReadAsync(Stream input, byte[] buffer, CancellationToken stop)
    {
        try
        {
            return await input.ReadAsync(buffer, stop);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private async Task<JoinResult> CopyOutAsync(CancellationToken stop)
    {
        Stream output = options.Output ?? Console.OpenStandardOutput();
        var lines = new ReceivedLines();
        byte[] buffer = new byte[16_384];
        int received;
        do
        {
            received = await socket.ReceiveAsync(buffer, SocketFlags.None, stop);
            var text = new StringBuilder();
            foreach (string line in lines.Take(buffer.AsSpan(0, received)))
            {
                Look(line);
                if (options.Heard is { } heard)
                {
                    heard(line);
                }
                else
                {
                    text.Append(_painter.Paint(line)).Append('\n');
                }
            }

            if (text.Length > 0)
            {
                await output.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), stop);
                await output.FlushAsync(stop);
            }
        }
        while (received > 0);

        string? refusal = _joined.Task.IsCompleted ? _joined.Task.Result : null;
        if (refusal is not null)
        {
            return new(JoinEnd.NotJoined, refusal);
        }

        if (!_joined.TrySetResult("the connection ended first") && (_inputEnded || LineReplies.IsGoodBye(_last)))
        {
            return new(JoinEnd.Left, "");
        }

        return new(JoinEnd.ConnectionLost, "the chat ended the connection");
    }

    private void Look(string line)
    {
        _last = line;
        if (LineReplies.IsWelcome(line))
        {
            _joined.TrySetResult(null);
        }
        else if (LineReplies.IsNotice(line) && !LineReplies.IsPrompt(line) && !LineReplies.IsNextRoom(line))
        {
            _joined.TrySetResult(line[LineEncoding.NoticePrefix.Length..]);
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, stop)..];
        }
    }
}
