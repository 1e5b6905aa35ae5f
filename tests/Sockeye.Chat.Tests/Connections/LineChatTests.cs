using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Chat.Connections;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Connections;

/// <summary>People talking over real sockets, and everything that can go wrong with them.</summary>
public abstract class LineChatTests
{
    private readonly RunsOn _runsOn;

    private protected LineChatTests(RunsOn runsOn) => _runsOn = runsOn;

    [Fact(Timeout = 30_000)]
    public async Task What_is_said_comes_to_everyone_with_name_and_time_and_back_as_confirmation()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient bob = await server.EnterAsync("bob");
        Assert.Matches(@"^\[\d\d:\d\d:\d\d\] \* bob joined #lobby$", await alice.ExpectAsync("bob joined"));

        await bob.SendAsync("hello there\n");
        string heard = await alice.ExpectAsync("hello there");
        Assert.Matches(@"^\[\d\d:\d\d:\d\d\] bob: hello there$", heard);
        Assert.Equal(heard, await bob.ExpectAsync("hello there"));

        await bob.SendAsync("/quit off to bed\n");
        Assert.Matches(@"\* bob left the chat \(off to bed\)$", await alice.ExpectAsync("* bob left"));
        Assert.Equal("-- Good-bye.", (await bob.ReadToEndAsync())[^1]);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_silent_client_is_asked_for_a_name_after_the_stated_wait()
    {
        await using TestServer server = await StartAsync(new ChatOptions { FirstBytesWait = TimeSpan.FromMilliseconds(200) });
        using LineClient client = await server.ConnectAsync();
        long start = TimeProvider.System.GetTimestamp();
        Assert.Contains("What is your name?", await client.ReadLineAsync());
        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds, 150, 5_000);
        await client.SendAsync("alice\n");
        await client.ExpectAsync("Welcome, alice");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_client_that_speaks_first_is_not_asked()
    {
        await using TestServer server = await StartAsync(new ChatOptions { FirstBytesWait = TimeSpan.FromSeconds(60) });
        using LineClient client = await server.ConnectAsync();
        await client.SendAsync("alice\n");
        Assert.StartsWith("-- Welcome, alice.", await client.ReadLineAsync());
    }

    [Theory(Timeout = 30_000)]
    [InlineData(new byte[] { 0x0A })]
    [InlineData(new byte[] { 0x0D, 0x0A })]
    [InlineData(new byte[] { 0x20, 0x09, 0x0A })]
    [InlineData(new byte[] { 0x00, 0x0A })]
    [InlineData(new byte[] { 0x00, 0x01, 0xFF, 0xFE, 0x0A })] // Telnet's DON'T 10 after the start of a line
    [InlineData(new byte[] { 0xFF, 0xFB, 0x1F })]
    public async Task Whoever_begins_with_anything_but_a_line_is_asked_too(byte[] first)
    {
        await using TestServer server = await StartAsync(new ChatOptions { FirstBytesWait = TimeSpan.FromSeconds(60) });
        using LineClient client = await server.ConnectAsync();
        await client.SendAsync(first);
        Assert.Contains("What is your name?", await client.ReadLineAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task Enter_at_the_prompt_asks_again_and_later_says_nothing()
    {
        await using TestServer server = await StartAsync(new ChatOptions { FirstBytesWait = TimeSpan.Zero });
        using LineClient client = await server.ConnectAsync();
        Assert.Contains("What is your name?", await client.ReadLineAsync());
        await client.SendAsync("\n");
        Assert.Contains("What is your name?", await client.ReadLineAsync());
        await client.SendAsync("alice\n\n  \nhello\n");
        await client.ExpectAsync("You are alone");
        Assert.EndsWith("] alice: hello", await client.ReadLineAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task A_taken_a_bad_and_a_reserved_name_are_refused_and_the_next_try_counts()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient other = await server.ConnectAsync();
        await other.SendAsync("ALICE\na b\nserver\n/who\n/foo\n\nbob\n");
        Assert.Equal("-- The name ALICE is taken; choose another.", await other.ReadLineAsync());
        Assert.Contains("a space may not be in it", await other.ReadLineAsync());
        Assert.Equal("-- The name server is reserved; choose another.", await other.ReadLineAsync());
        Assert.Contains("First say who you are", await other.ReadLineAsync());
        Assert.Contains("There is no command /foo", await other.ReadLineAsync());
        Assert.Contains("What is your name?", await other.ReadLineAsync());
        Assert.StartsWith("-- Welcome, bob.", await other.ReadLineAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task Every_command_does_what_help_says()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient bob = await server.EnterAsync("bob");

        await alice.SendAsync("/help\n");
        foreach (string command in new[] { "/name NAME", "/rooms", "/join ROOM", "/who", "/quit [REASON]", "/help" })
        {
            Assert.Contains(command, await alice.ExpectAsync("-- /"));
        }

        await alice.SendAsync("/who\n");
        Assert.Equal("-- In #lobby: 2 people: alice, bob", await alice.ExpectAsync("-- In"));

        await alice.SendAsync("/name eve\n");
        await bob.ExpectAsync("* alice is now eve");
        await alice.ExpectAsync("* alice is now eve");

        await alice.SendAsync("/join garden\n");
        await bob.ExpectAsync("* eve left #lobby");
        Assert.Matches(@"\] \* eve joined #garden$", (await alice.ReadLineAsync())!);
        Assert.Equal("-- You are alone in #garden.", await alice.ReadLineAsync());

        await alice.SendAsync("/rooms\n");
        Assert.Equal("-- #garden  1 person, and you", await alice.ReadLineAsync());
        Assert.Equal("-- #lobby  1 person", await alice.ReadLineAsync());

        // What is said in one room is not heard in the other.
        await bob.SendAsync("only for the lobby\n");
        await bob.ExpectAsync("only for the lobby");
        await alice.SendAsync("//slash\n/JOIN #Garden\n/join\n/join a b\n/name\n");
        Assert.Matches(@"\] eve: /slash$", (await alice.ReadLineAsync())!);
        Assert.Equal("-- You are in #garden.", await alice.ReadLineAsync());
        Assert.Contains("Which room?", await alice.ReadLineAsync());
        Assert.Contains("a space may not be in it", await alice.ReadLineAsync());
        Assert.Contains("Which name?", await alice.ReadLineAsync());
    }

    [Fact(Timeout = 30_000)]
    public async Task A_room_chosen_before_the_name_is_the_first_one()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient bob = await server.ConnectAsync();
        await bob.SendAsync("/join den\n/name bob\n");
        Assert.Contains("Next room: #den", await bob.ReadLineAsync());
        await bob.ExpectAsync("* bob joined #den");
        await alice.SendAsync("/rooms\n");
        Assert.Contains("#den", await alice.ReadLineAsync()); // and no word of bob in the lobby
    }

    [Fact(Timeout = 30_000)]
    public async Task A_full_room_costs_nobody_their_place()
    {
        await using TestServer server = await StartAsync(new ChatOptions { MaxMembers = 1 });
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient bob = await server.ConnectAsync();
        await bob.SendAsync("bob\nhello?\n/join den\n");
        await bob.ExpectAsync("#lobby is full: 1 people");
        await bob.ExpectAsync("You are not in #lobby");
        await bob.ExpectAsync("* bob joined #den");
        await alice.SendAsync("/join den\nstill here\n");
        await alice.ExpectAsync("#den is full");
        await alice.ExpectAsync("alice: still here");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_character_split_over_packets_stays_whole_at_every_byte()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient bob = await server.EnterAsync("bob");
        bob.Socket.NoDelay = true;
        const string Text = "grüße, 你好, 🐟 👩\u200D👩\u200D👧!";
        byte[] line = Encoding.UTF8.GetBytes(Text + "\r\n");
        for (int cut = 1; cut < line.Length; cut++)
        {
            await bob.SendAsync(line[..cut]);
            await bob.SendAsync(line[cut..]);
            Assert.EndsWith($"] bob: {Text}", await alice.ExpectAsync("] bob:"));
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Over_long_lines_controls_and_broken_bytes_harm_nobody()
    {
        await using TestServer server = await StartAsync(new ChatOptions { MaxLineBytes = 100 });
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient bob = await server.EnterAsync("bob");
        await bob.SendAsync(new string('x', 5_000));
        Assert.Equal("-- That line was longer than 100 bytes and was dropped.", await bob.ExpectAsync("-- That"));
        await bob.SendAsync("the rest of it\n\e]0;title\a\e[2J\0\b\n");
        Assert.EndsWith("] bob: ␛]0;title␇␛[2J␈", await alice.ExpectAsync("] bob:"));
        await bob.SendAsync([0xC3, 0x28, 0xFE, 0xFF, .. "x\u202Ey\n"u8]);
        Assert.EndsWith("] bob: \uFFFD(\uFFFD\uFFFDx\uFFFDy", await alice.ExpectAsync("] bob:"));
        await bob.SendAsync([255, 251, 31, 255, 250, 31, 0, 80, 0, 10, 255, 240, .. "telnet\r\n"u8]);
        Assert.EndsWith("] bob: telnet", await alice.ExpectAsync("] bob:"));
        await bob.SendAsync(new byte[101]);
        await bob.ExpectAsync("-- That line");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_reset_in_mid_line_is_announced_and_the_half_line_is_not_said()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        LineClient bob = await server.EnterAsync("bob");
        await bob.SendAsync("said\nnot sa");
        await alice.ExpectAsync("bob: said");
        bob.Reset();
        Assert.Matches(@"\* bob left the chat \(connection reset\)$", (await alice.ReadLineAsync())!);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_client_that_half_closes_hears_all_that_is_due_then_the_end()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient bob = await server.ConnectAsync();
        await bob.SendAsync("bob\nhello\nlast words without an end");
        bob.Socket.Shutdown(SocketShutdown.Send);
        List<string> heard = await bob.ReadToEndAsync();
        Assert.EndsWith("] bob: hello", heard[^2]);
        Assert.EndsWith("] bob: last words without an end", heard[^1]);
        Assert.Matches(@"\* bob left the chat$", await alice.ExpectAsync("* bob left"));
    }

    [Fact(Timeout = 30_000)]
    public async Task A_slow_reader_is_dropped_with_the_reason_and_the_room_does_not_wait()
    {
        var options = new ChatOptions { MaxQueuedBytes = 64 * 1_024, SendBufferBytes = 8 * 1_024, DrainWait = TimeSpan.FromSeconds(20) };
        await using TestServer server = await StartAsync(options);
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient bob = await server.EnterAsync("bob");
        using LineClient slow = await server.ConnectAsync();
        slow.Socket.ReceiveBufferSize = 8 * 1_024;
        await slow.SendAsync("slow\n");
        await alice.ExpectAsync("* slow joined");

        // Alice waits for her own echo each time, so the room's pace is hers, whatever the slow one does.
        Task<string> bobHears = bob.ExpectAsync("* slow left");
        string text = new('x', 1_000);
        string? told = null;
        for (int i = 0; i < 2_000 && told is null; i++)
        {
            await alice.SendAsync($"{i} {text}\n");
            string line = await alice.ExpectAsync("]");
            told = line.Contains("* slow left", StringComparison.Ordinal) ? line : told;
        }

        Assert.NotNull(told);
        Assert.EndsWith("(too slow: more than 65536 bytes waiting)", told);
        Assert.Equal(told, await bobHears);
        List<string> heard = await slow.ReadToEndAsync();
        Assert.Equal("-- You were too slow: more than 65536 bytes waiting. Good-bye.", heard[^1]);
        Assert.All(heard[..^1], static line => Assert.Matches(@"^(--|\[\d\d:\d\d:\d\d\]) ", line)); // lines stay whole
    }

    [Fact(Timeout = 60_000)]
    public async Task Whoever_pastes_much_and_reads_it_is_not_dropped()
    {
        await using TestServer server = await StartAsync(new ChatOptions { MaxQueuedBytes = 64 * 1_024 });
        using LineClient alice = await server.EnterAsync("alice");
        const int Lines = 20_000;
        var paste = new StringBuilder();
        for (int i = 0; i < Lines; i++)
        {
            paste.Append($"line {i} of a very long paste, longer than the queue that waits for its writer\n");
        }

        Task send = alice.SendAsync(paste.ToString());
        for (int i = 0; i < Lines; i++)
        {
            string? line = await alice.ReadLineAsync();
            Assert.True(line?.EndsWith($"] alice: line {i} of a very long paste, longer than the queue that waits for its writer", StringComparison.Ordinal), line);
        }

        await send;
    }

    [Fact(Timeout = 60_000)]
    public async Task Whoever_asks_faster_than_it_reads_is_slowed_and_not_dropped()
    {
        const int Questions = 3_000;
        var options = new ChatOptions { MaxQueuedBytes = 4 * 4_096, SendBufferBytes = 8 * 1_024 };
        await using TestServer server = await StartAsync(options);
        using LineClient alice = await server.EnterAsync("alice");
        Task send = alice.SendAsync(string.Concat(Enumerable.Repeat("/help\n/rooms\n/who\n", Questions)));
        for (int i = 0; i < Questions; i++)
        {
            await alice.ExpectAsync("Anything else goes to everyone");
            Assert.Equal("-- #lobby  1 person, and you", await alice.ReadLineAsync());
            Assert.Equal("-- In #lobby: 1 person: alice", await alice.ReadLineAsync());
        }

        await send;
    }

    [Theory(Timeout = 30_000)]
    [InlineData(8_192, 200)] // as many as are ever shown
    [InlineData(4_096, 171)] // as many as a quarter of the queue holds
    [InlineData(256, 11)]
    public async Task A_long_reply_drops_nobody_who_reads_it(int lineBytes, int shown)
    {
        const int People = 250;
        await using TestServer server = await StartAsync(new ChatOptions { MaxLineBytes = lineBytes, MaxQueuedBytes = 4 * lineBytes });
        var people = new List<RecordingClient>();
        for (int i = 0; i < People; i++)
        {
            people.Add(new RecordingClient());
            Sockeye.Chat.Domain.ChatSession session = (await server.Server.Hub.EnterAsync($"person-{i:000}-with-a-name", people[i])).Value!;
            Assert.True((await session.JoinAsync("#lobby")).IsSuccess);
            Assert.True((await session.JoinAsync($"#room-{i:000}")).IsSuccess);
        }

        using LineClient alice = await server.EnterAsync("alice");
        await alice.SendAsync("/who\n/rooms\n");
        string who = await alice.ExpectAsync($"-- In #lobby: {People + 1} people: alice, person-000-with-a-name, person-001-with-a-name");
        Assert.EndsWith($" and {People + 1 - shown} more", who);
        Assert.Equal($"-- #lobby  {People + 1} people, and you", await alice.ReadLineAsync());
        await alice.ExpectAsync("… and more");
    }

    [Fact(Timeout = 30_000)]
    public async Task A_member_who_can_hear_nothing_is_out_and_what_it_said_before_is_heard()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        await using TestServer server = await StartAsync(endPoint: new UnixDomainSocketEndPoint(path));
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient deaf = await server.EnterAsync("deaf");
        deaf.Socket.Shutdown(SocketShutdown.Receive); // sending to it is EPIPE from now on
        await deaf.SendAsync("first\nsecond\n");
        await alice.ExpectAsync("deaf: first");
        await alice.ExpectAsync("deaf: second");
        Assert.EndsWith("* deaf left the chat (connection reset)", await alice.ReadLineAsync());
        Assert.Contains(server.Log.Lines, static line => line.Contains("nothing more can be sent: EPIPE", StringComparison.Ordinal));
        await alice.SendAsync("/who\n");
        Assert.Equal("-- In #lobby: 1 person: alice", await alice.ReadLineAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task Those_who_wait_to_be_accepted_hear_good_bye_when_the_chat_ends()
    {
        const int Waiting = 300; // more than may be ending at once while the chat runs
        await using TestServer server = await TestServer.ListenAsync(runsOn: _runsOn);
        var clients = new List<LineClient>();
        try
        {
            for (int i = 0; i < Waiting; i++)
            {
                clients.Add(await server.ConnectAsync());
                if (i % 2 == 0)
                {
                    await clients[i].SendAsync($"name{i}\nhello\n"); // unread when the connection ends
                }
            }

            Task<List<string>>[] heard = [.. clients.Select(static client => EndAsync(client))];
            await server.StopAsync();
            foreach (List<string> lines in await Task.WhenAll(heard))
            {
                Assert.Equal(["-- The chat is closing. Good-bye."], lines);
            }

            Assert.Contains(server.Log.Lines, static line => line.Contains($"{Waiting} that waited to be accepted were told", StringComparison.Ordinal));
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }

        // A well-behaved client closes when the server does.
        static async Task<List<string>> EndAsync(LineClient client)
        {
            List<string> lines = await client.ReadToEndAsync();
            client.Dispose();
            return lines;
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Those_who_wait_to_be_accepted_and_never_close_hold_up_the_end_no_longer_than_is_stated()
    {
        const int Waiting = 100;
        var options = new ChatOptions { MaxConnections = 1, DrainWait = TimeSpan.FromMilliseconds(300), CloseWait = TimeSpan.FromMilliseconds(100) };
        await using TestServer server = await TestServer.ListenAsync(options, runsOn: _runsOn);
        var clients = new List<LineClient>();
        try
        {
            for (int i = 0; i < Waiting; i++)
            {
                clients.Add(await server.ConnectAsync());
            }

            await server.StopAsync(); // in its own time, for which the test waits
            Assert.Equal("-- The chat is closing. Good-bye.", await clients[0].ReadLineAsync());
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Whoever_is_refused_hears_why_though_it_spoke_first()
    {
        await using TestServer server = await StartAsync(new ChatOptions { MaxConnections = 1 });
        using LineClient alice = await server.EnterAsync("alice");
        for (int i = 0; i < 50; i++)
        {
            using LineClient late = await server.ConnectAsync();
            await late.SendAsync("late\nhello\n");
            Assert.Contains("The chat is full: 1 connections", Assert.Single(await late.ReadToEndAsync()));
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Stopping_tells_everybody_and_refuses_nobody_what_is_due()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient nameless = await server.ConnectAsync();
        await nameless.SendAsync("/help\n");
        await nameless.ExpectAsync("Anything else");
        await alice.SendAsync("last\n");
        await alice.ExpectAsync("alice: last");
        Task stopped = server.StopAsync();
        Assert.Equal(["-- The chat is closing. Good-bye."], await alice.ReadToEndAsync());
        Assert.Equal(["-- The chat is closing. Good-bye."], await nameless.ReadToEndAsync());
        await stopped;
        await Assert.ThrowsAsync<SocketException>(server.ConnectAsync);
    }

    [Fact(Timeout = 30_000)]
    public async Task Stopping_does_not_wait_for_ever_for_one_who_reads_nothing()
    {
        var options = new ChatOptions { SendBufferBytes = 8 * 1_024, DrainWait = TimeSpan.FromMilliseconds(300) };
        await using TestServer server = await StartAsync(options);
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient deaf = await server.ConnectAsync();
        deaf.Socket.ReceiveBufferSize = 8 * 1_024;
        await deaf.SendAsync("deaf\n");
        await alice.ExpectAsync("* deaf joined");
        string text = new('x', 1_000);
        for (int i = 0; i < 100; i++)
        {
            await alice.SendAsync($"{i} {text}\n");
            await alice.ExpectAsync($"alice: {i} ");
        }

        await server.StopAsync();
        Assert.Contains(server.Log.Lines, static line => line.Contains("closed before all was sent", StringComparison.Ordinal)
            || line.Contains("1 aborted", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_log_of_stopping_counts_those_that_took_not_all_as_aborted()
    {
        const int Deaf = 10;
        var options = new ChatOptions { SendBufferBytes = 8 * 1_024, DrainWait = TimeSpan.FromMilliseconds(300) };
        await using TestServer server = await StartAsync(options);
        using LineClient alice = await server.EnterAsync("alice");
        var deaf = new List<LineClient>();
        try
        {
            for (int i = 0; i < Deaf; i++)
            {
                deaf.Add(await server.ConnectAsync());
                deaf[i].Socket.ReceiveBufferSize = 8 * 1_024;
                await deaf[i].SendAsync($"deaf{i}\n");
                await alice.ExpectAsync($"* deaf{i} joined");
            }

            string text = new('x', 1_000);
            for (int i = 0; i < 100; i++)
            {
                await alice.SendAsync($"{i} {text}\n");
                await alice.ExpectAsync($"alice: {i} ");
            }

            Task<List<string>> rest = alice.ReadToEndAsync();
            await server.StopAsync();
            Assert.Equal("-- The chat is closing. Good-bye.", (await rest)[^1]);
            Assert.Contains(server.Log.Lines, static line => line.Contains($"stopped: 1 connections drained, {Deaf} aborted", StringComparison.Ordinal));
        }
        finally
        {
            deaf.ForEach(static client => client.Dispose());
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task Nobody_stays_long_without_a_name()
    {
        var options = new ChatOptions { NameWait = TimeSpan.FromMilliseconds(200), FirstBytesWait = TimeSpan.FromMilliseconds(50) };
        await using TestServer server = await StartAsync(options);
        using LineClient alice = await server.EnterAsync("alice");
        using LineClient nameless = await server.ConnectAsync();
        List<string> heard = await nameless.ReadToEndAsync();
        Assert.Equal("-- No name came within 0.2 s. Good-bye.", heard[^1]);
        await alice.SendAsync("I may stay\n");
        await alice.ExpectAsync("alice: I may stay");
    }

    [Fact(Timeout = 30_000)]
    public async Task Names_may_be_tried_only_so_often()
    {
        await using TestServer server = await StartAsync(new ChatOptions { MaxNameAttempts = 3 });
        using LineClient client = await server.ConnectAsync();
        await client.SendAsync("GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nUser-Agent: y\r\n\r\n");
        List<string> heard = await client.ReadToEndAsync();
        Assert.Equal(4, heard.Count);
        Assert.Equal("-- That was the last try. Good-bye.", heard[^1]);
    }

    [Fact(Timeout = 30_000)]
    public async Task Connections_beyond_the_bounds_are_told_so_and_closed()
    {
        await using TestServer server = await StartAsync(new ChatOptions { MaxConnections = 3, MaxUnnamedConnections = 1 });
        using LineClient alice = await server.EnterAsync("alice");
        LineClient nameless = await server.ConnectAsync();
        await nameless.SendAsync("/help\n");
        await nameless.ExpectAsync("Anything else");
        using (LineClient second = await server.ConnectAsync())
        {
            Assert.Contains("Too many newcomers at once: 1", Assert.Single(await second.ReadToEndAsync()));
        }

        await nameless.SendAsync("bob\n");
        await alice.ExpectAsync("* bob joined");
        using LineClient third = await server.EnterAsync("carol");
        using (LineClient fourth = await server.ConnectAsync())
        {
            Assert.Contains("The chat is full: 3 connections", Assert.Single(await fourth.ReadToEndAsync()));
        }

        // A place that becomes free can be taken.
        nameless.Reset();
        await alice.ExpectAsync("* bob left");
        while (server.Server.Connections > 2)
        {
            await Task.Delay(5);
        }

        using LineClient fifth = await server.EnterAsync("dora");
    }

    [Fact(Timeout = 30_000)]
    public async Task Silence_is_found_out_by_keepalive()
    {
        await using TestServer server = await StartAsync(new ChatOptions { KeepAliveTime = TimeSpan.FromSeconds(77) });
        using LineClient alice = await server.EnterAsync("alice");
        using Process ss = Programs.Start("ss", "iproute2", "-tnoH", $"sport = :{((IPEndPoint)server.EndPoint).Port}");
        string sockets = await ss.StandardOutput.ReadToEndAsync();
        Assert.Matches(@"timer:\(keepalive,1min1[67]sec,0\)", sockets);
    }

    [Fact(Timeout = 30_000)]
    public async Task What_people_say_is_never_logged()
    {
        await using TestServer server = await StartAsync();
        using LineClient alice = await server.EnterAsync("alice");
        await alice.SendAsync("a secret\n/name eve\n/quit secretly\n");
        await alice.ReadToEndAsync();
        await server.StopAsync();
        string log = string.Join('\n', server.Log.Lines);
        Assert.Contains("alice is now eve", log);
        Assert.Contains("eve left: quit", log);
        Assert.DoesNotContain("secret", log);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_unix_socket_is_for_its_owner_and_its_stale_file_is_replaced()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        var endPoint = new UnixDomainSocketEndPoint(path);

        // A server that was killed leaves the file behind: bind, then forget the file.
        using (var dead = new System.Net.Sockets.Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path + ".x"));
            File.Move(path + ".x", path);
        }

        Assert.True(File.Exists(path));
        await using (TestServer server = await StartAsync(endPoint: endPoint))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            using LineClient alice = await LineClient.EnterAsync(endPoint, "alice");
            ListenException second = await Assert.ThrowsAsync<ListenException>(() => StartAsync(endPoint: endPoint));
            Assert.Contains("another program listens there", second.Message);
            await alice.SendAsync("undisturbed\n");
            await alice.ExpectAsync("undisturbed");
        }

        Assert.False(File.Exists(path));
        await File.WriteAllTextAsync(path, "precious");
        ListenException refused = await Assert.ThrowsAsync<ListenException>(() => StartAsync(endPoint: endPoint));
        Assert.Contains("no socket is in the way", refused.Message);
        Assert.Equal("precious", await File.ReadAllTextAsync(path));
        File.Delete(path);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_port_in_use_is_a_clear_error()
    {
        await using TestServer server = await StartAsync();
        ListenException error = await Assert.ThrowsAsync<ListenException>(() => StartAsync(endPoint: server.EndPoint));
        Assert.Contains($"cannot listen at {server.EndPoint}", error.Message);
        Assert.Contains("another program listens there", error.Message);
        Assert.Contains($"sport = :{((IPEndPoint)server.EndPoint).Port}", error.Message);
    }

    private Task<TestServer> StartAsync(ChatOptions? options = null, EndPoint? endPoint = null, TimeProvider? time = null) =>
        TestServer.StartAsync(options, endPoint, _runsOn, time);
}

public sealed class LineChatTests_EventLoop() : LineChatTests(RunsOn.EventLoop);

public sealed class LineChatTests_EpollLoop() : LineChatTests(RunsOn.EpollLoop);

public sealed class LineChatTests_ThreadPool() : LineChatTests(RunsOn.ThreadPool);
