using System.Net.Sockets;
using Sockeye.Chat.Connections;
using Sockeye.Chat.Domain;

namespace Sockeye.Chat.Lines;

/// <summary>
/// One line client: reads lines, asks the chat, and writes what the chat says. Its person is in one room at a time.
/// </summary>
/// <remarks>
/// <see cref="RunAsync"/> is the only reader and runs as one flow; TryPost and Ended come from the hub, under its lock.
/// </remarks>
internal sealed class LineProtocol : IChatClient
{
    private readonly ChatConnection _connection;
    private readonly LineEncoding _encoding;
    private readonly ChatOptions _options;
    private readonly LineDecoder _decoder;
    private ChatSession? _session;
    private string _firstRoom;
    private string? _leaveReason;
    private int _nameAttempts;
    private bool _hasLine; // a whole line has come, or the prompt has gone out

    // Which room's events are shown. Entering is set by the reader before it asks; Shown changes when our own arrival
    // comes by, under the hub's lock. So what people in another room say never mixes in, whatever order replies take.
    private volatile string? _entering;
    private volatile string? _shown;

    public LineProtocol(ChatConnection connection, ChatHub hub, LineEncoding encoding, ChatOptions options)
    {
        _connection = connection;
        Hub = hub;
        _encoding = encoding;
        _options = options;
        _firstRoom = options.FirstRoom;
        _decoder = new LineDecoder(options.MaxLineBytes);
    }

    public ChatHub Hub { get; }

    /// <summary>Bytes of one line of a reply that surely find room where <see cref="TellAsync"/> has waited.</summary>
    public int AnswerBytesMax => _options.MaxQueuedBytes / 4;

    /// <summary>The room this person is in; null before the first.</summary>
    public string? Room => _shown;

    private bool HasQuit { get; set; }

    /// <summary>Talks until the client, the chat or the network ends it. What is still due is the connection's to send.</summary>
    /// <param name="hasSpoken">Whether the client spoke first; then it needs no prompt.</param>
    public async Task RunAsync(bool hasSpoken)
    {
        string? reason = null;
        string? cause = null; // for the log, where nobody's words go
        try
        {
            if (!hasSpoken)
            {
                Ask();
            }

            while (!HasQuit)
            {
                int received = await _connection.ReceiveAsync();
                if (received == 0)
                {
                    await TakeLastAsync();
                    break;
                }

                await TakeAsync(received);
                if (!_hasLine)
                {
                    // What came first was no line: Telnet's negotiation, or a key pressed. Silence would look like a fault.
                    Ask();
                }

                if (!HasQuit)
                {
                    await _connection.NextCommandAsync(); // also after bytes that made no line
                }
            }

            reason = _leaveReason;
            cause = HasQuit ? "quit" : "closed by the client";
        }
        catch (OperationCanceledException)
        {
            // The hub or the server ended it, and has said why; or the time to give a name is over.
            reason = _connection.EndReason;
            if (reason is null)
            {
                reason = "no name in time";
                Tell($"No name came within {_options.NameWait.TotalSeconds:0.###} s. Good-bye.");
            }
        }
        catch (SocketException e)
        {
            reason = ConnectionLoss.Reason(e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            reason = "connection lost"; // the server would wait no longer
        }
        finally
        {
            _session?.End(reason);
            _connection.Log.Left(_session?.Name, cause ?? reason ?? "an error");
        }
    }

    /// <inheritdoc/>
    public bool TryPost(ChatEvent chatEvent)
    {
        if (chatEvent is ChatArrival arrival && _entering is { } entering
            && string.Equals(arrival.Name, _session?.Name, StringComparison.Ordinal)
            && string.Equals(ChatName.Fold(arrival.Room), entering, StringComparison.Ordinal))
        {
            _shown = arrival.Room;
            _entering = null;
        }

        return !string.Equals(chatEvent.Room, _shown, StringComparison.Ordinal)
            || _connection.SendQueue.TryPost(chatEvent.In(_encoding));
    }

    /// <inheritdoc/>
    public void Ended(ChatEnd end, string reason)
    {
        // Whoever was too slow has lost lines anyway; the reason goes out instead of what waits.
        string goodbye = end == ChatEnd.TooSlow ? $"You were {reason}. Good-bye." : $"{reason} Good-bye.";
        _connection.End(reason, LineEncoding.Notice(goodbye), dropWaiting: end == ChatEnd.TooSlow);
    }

    /// <summary>Says something to this client alone.</summary>
    public void Tell(string text) => Tell(LineEncoding.Notice(text));

    /// <summary>
    /// Says one of several lines of a reply, and waits as before another command: a reply may be as long as the queue.
    /// </summary>
    public ValueTask TellAsync(ReadOnlyMemory<byte> notice)
    {
        Tell(notice);
        return _connection.NextCommandAsync();
    }

    private void Tell(ReadOnlyMemory<byte> notice)
    {
        if (_connection.SendQueue.TryPost(notice, isAnswer: true))
        {
            return;
        }

        if (_session is not null)
        {
            _session.EndTooSlow();
        }
        else
        {
            _connection.End("too slow", LineEncoding.Notice("You were too slow. Good-bye."), dropWaiting: true);
        }
    }

    public async ValueTask TakeNameAsync(string name)
    {
        if (name.Length == 0)
        {
            Tell("Which name? For example: /name alice");
            return;
        }

        if (_session is not null)
        {
            await RenameAsync(name);
            return;
        }

        ChatResult<ChatSession> entered = await Hub.EnterAsync(name, this);
        if (entered.Value is not { } session)
        {
            Tell($"{entered.Failure.Message}");
            if (++_nameAttempts >= _options.MaxNameAttempts)
            {
                Tell("That was the last try. Good-bye.");
                HasQuit = true;
            }

            return;
        }

        _session = session;
        _connection.Named();
        _connection.Log.Entered(session.Name);
        Tell(LineReplies.Welcome(session.Name));
        await MoveAsync(_firstRoom);
    }

    /// <summary>Goes to another room: in there first, then out of here, so that a full room costs nobody their place.</summary>
    /// <remarks>Before there is a name, it chooses the first room.</remarks>
    public async ValueTask MoveAsync(string room)
    {
        if (!ChatName.TryParseRoom(room, _options.MaxRoomNameLength, out ChatName parsed, out string problem))
        {
            Tell(problem);
            return;
        }

        if (_session is null)
        {
            _firstRoom = parsed.Text;
            Tell(LineReplies.NextRoom(parsed.Text));
            return;
        }

        string? left = _shown;
        _entering = parsed.Key;
        ChatResult joined = await _session.JoinAsync(parsed.Text);
        if (!joined.IsSuccess)
        {
            _entering = null;
            Tell(joined.Message);
            return;
        }

        if (_entering is not null)
        {
            _entering = null; // no arrival came: we are there already
            Tell($"You are in {_shown}.");
            return;
        }

        if (left is not null)
        {
            await _session.PartAsync(left);
        }

        if (_shown is not null && Hub.Members(_shown, 0) is { } members)
        {
            Tell(members.Count == 1
                ? $"You are alone in {members.Room}."
                : $"{members.Count} people are in {members.Room}; /who lists them.");
        }
    }

    public void Quit(string reason)
    {
        _leaveReason = reason;
        HasQuit = true;
        Tell(LineReplies.GoodBye);
    }

    private void Ask()
    {
        _hasLine = true;
        Tell(LineReplies.Prompt);
    }

    private async ValueTask RenameAsync(string name)
    {
        string old = _session!.Name;
        ChatResult renamed = await _session.RenameAsync(name);
        if (!renamed.IsSuccess)
        {
            Tell(renamed.Message);
        }
        else if (string.Equals(old, _session.Name, StringComparison.Ordinal))
        {
            Tell($"You are {old} already.");
        }
        else
        {
            _connection.Log.Renamed(old, _session.Name);
        }
    }

    private async ValueTask TakeAsync(int received)
    {
        int taken = 0;
        while (!HasQuit)
        {
            taken += _decoder.Read(_connection.Received(received)[taken..], out LineKind kind, out string line);
            if (kind == LineKind.None)
            {
                return;
            }

            await TakeLineAsync(kind, line);
            if (!HasQuit)
            {
                await _connection.NextCommandAsync();
            }
        }
    }

    private async ValueTask TakeLastAsync()
    {
        LineKind kind = _decoder.Finish(out string line);
        if (kind != LineKind.None)
        {
            await TakeLineAsync(kind, line);
        }
    }

    private async ValueTask TakeLineAsync(LineKind kind, string line)
    {
        _hasLine = true;
        if (kind == LineKind.TooLong)
        {
            Tell($"That line was longer than {_options.MaxLineBytes} bytes and was dropped.");
            return;
        }

        line = ChatText.Clean(line);
        if (string.IsNullOrWhiteSpace(line))
        {
            if (_session is null)
            {
                Ask(); // somebody pressed Enter to see whether anybody is there
            }

            return;
        }

        if (line.StartsWith('/') && !line.StartsWith("//", StringComparison.Ordinal))
        {
            await RunCommandAsync(line.TrimEnd());
        }
        else if (_session is null)
        {
            await TakeNameAsync(line.Trim());
        }
        else
        {
            string text = line.StartsWith("//", StringComparison.Ordinal) ? line[1..] : line;
            ChatResult said = await _session.SayAsync(_shown ?? _firstRoom, text);
            if (!said.IsSuccess)
            {
                Tell(said.Message);
            }
        }
    }

    private async ValueTask RunCommandAsync(string line)
    {
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        string name = space < 0 ? line : line[..space];
        string parameters = space < 0 ? "" : line[(space + 1)..].Trim();
        if (LineCommand.Find(name) is not { } command)
        {
            Tell($"There is no command {name}. /help lists them; to say a text that begins with /, type //.");
        }
        else if (_session is null && !command.BeforeNaming)
        {
            Tell($"First say who you are: type your name, then {command.Name}.");
        }
        else
        {
            await command.Run(this, parameters);
        }
    }
}
