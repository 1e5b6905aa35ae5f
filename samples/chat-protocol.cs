// A chat as Twisted's documentation writes it: a protocol of lines, an object for each person. Run: dotnet run samples/chat-protocol.cs [ENDPOINT]
#:project ../src/Sockeye.Servers
#:property PublishAot=false

using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Sockeye.Servers.Protocols;

ConcurrentDictionary<string, Talker> users = [];    // several connections may change it at once
await using var server = new ProtocolServer(args.FirstOrDefault("tcp://[::1]:8888"), () => new Talker(users));
await server.StartAsync();
Console.WriteLine($"listening at {server.Listener.Endpoints[0]}");
await server.RunAsync();    // until Ctrl-C; then what is due still goes out

internal sealed class Talker(ConcurrentDictionary<string, Talker> users) : LineProtocol
{
    private string? _name;

    protected override ValueTask ConnectionMadeAsync() => SendMessageAsync("What's your name?"u8);

    protected override ValueTask ConnectionLostAsync(Exception? reason)
    {
        users.TryRemove(_name ?? "", out _);
        return default;
    }

    protected override ValueTask MessageReceivedAsync(ReadOnlySequence<byte> message)
    {
        // Characters that would steer the listeners' terminals are left out.
        string line = string.Concat(Encoding.UTF8.GetString(message).Where(c => !char.IsControl(c)));
        return _name is null ? EnterAsync(line) : SayAsync($"<{_name}> {line}");
    }

    private ValueTask EnterAsync(string name)
    {
        if (name.Length is 0 or > 30 || !users.TryAdd(name, this))
        {
            return SendMessageAsync("Name taken, please choose another."u8);
        }

        _name = name;
        return SendMessageAsync(Encoding.UTF8.GetBytes($"Welcome, {name}!"));
    }

    private ValueTask SayAsync(string line)
    {
        foreach (Talker other in users.Values.Where(other => other != this && !other.TrySendMessage(Encoding.UTF8.GetBytes(line))))
        {
            other.Close("reads too slowly");    // nobody waits for it, and its queue has a bound
        }

        return default;
    }
}
