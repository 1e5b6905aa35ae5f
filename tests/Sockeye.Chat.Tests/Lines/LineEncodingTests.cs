using System.Text;
using Sockeye.Chat.Domain;
using Sockeye.Chat.Lines;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Lines;

public sealed class LineEncodingTests
{
    [Fact(Timeout = 10_000)]
    public async Task Every_event_is_one_line_in_the_servers_time_zone_encoded_once()
    {
        var time = new ManualTime { Now = new DateTimeOffset(2026, 3, 1, 23, 59, 58, TimeSpan.Zero) };
        var hub = new ChatHub(new ChatOptions(), time);
        var alice = new RecordingClient();
        var bob = new RecordingClient();
        ChatSession a = (await hub.EnterAsync("alice", alice)).Value!;
        ChatSession b = (await hub.EnterAsync("bob", bob)).Value!;
        await a.JoinAsync("#lobby");
        await b.JoinAsync("lobby");
        await b.SayAsync("#lobby", "grüße\nund * tschüß");
        await b.RenameAsync("Bob");
        await b.PartAsync("#lobby");
        await b.JoinAsync("#lobby");
        b.End("sleepy");
        var encoding = new LineEncoding(TimeZoneInfo.CreateCustomTimeZone("east", TimeSpan.FromHours(2), "east", "east"));

        Assert.Equal(
            [
                "[01:59:58] * alice joined #lobby\n",
                "[01:59:58] * bob joined #lobby\n",
                "[01:59:58] bob: grüße␊und * tschüß\n",
                "[01:59:58] * bob is now Bob\n",
                "[01:59:58] * Bob left #lobby\n",
                "[01:59:58] * Bob joined #lobby\n",
                "[01:59:58] * Bob left the chat (sleepy)\n",
            ],
            alice.Events.Select(e => Encoding.UTF8.GetString(e.In(encoding).Span)));

        // Two members, one array.
        Assert.True(alice.Events[2].In(encoding).Equals(bob.Events[1].In(encoding)));
    }
}
