using Sockeye.Chat.Domain;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Domain;

public sealed class ChatHubTests
{
    private readonly ManualTime _time = new();
    private readonly ChatOptions _options = new();

    [Fact(Timeout = 10_000)]
    public async Task What_is_said_reaches_everyone_in_the_room_and_the_speaker()
    {
        ChatHub hub = NewHub();
        (ChatSession alice, RecordingClient toAlice) = await EnterAsync(hub, "alice", "#lobby");
        (_, RecordingClient toBob) = await EnterAsync(hub, "bob", "#lobby");
        (_, RecordingClient toCarol) = await EnterAsync(hub, "carol", "#garden");

        await DoneAsync(alice.SayAsync("#lobby", "hello"));

        Assert.Equal(["alice: hello"], toAlice.Said);
        Assert.Equal(["alice: hello"], toBob.Said);
        Assert.Empty(toCarol.Said);
        Assert.Same(toAlice.Events[^1], toBob.Events[^1]); // one event, so one encoding
    }

    [Fact(Timeout = 10_000)]
    public async Task Numbers_have_no_gap_and_time_never_goes_back()
    {
        ChatHub hub = NewHub();
        (ChatSession alice, RecordingClient toAlice) = await EnterAsync(hub, "alice", "#lobby");
        await DoneAsync(alice.SayAsync("#lobby", "one"));
        DateTimeOffset before = _time.Now;
        _time.Now -= TimeSpan.FromHours(1);
        await DoneAsync(alice.SayAsync("#lobby", "two"));
        Assert.Equal(ChatError.TextEmpty, (await alice.SayAsync("#lobby", " \t ")).Error); // takes no number
        _time.Now = before + TimeSpan.FromSeconds(5);
        await DoneAsync(alice.SayAsync("#lobby", "three"));

        Assert.Equal([1, 2, 3, 4], toAlice.Events.Select(static e => e.Number));
        Assert.Equal([before, before, before, _time.Now], toAlice.Events.Select(static e => e.Time));
    }

    [Fact(Timeout = 10_000)]
    public async Task Ids_differ_between_rooms_and_between_lives_of_a_room()
    {
        ChatHub hub = NewHub();
        (ChatSession alice, RecordingClient toAlice) = await EnterAsync(hub, "alice", "#one");
        await DoneAsync(alice.JoinAsync("#two"));
        await DoneAsync(alice.PartAsync("#one"));
        await DoneAsync(alice.JoinAsync("#one")); // the room ended with its last member, so it counts from 1 again

        Assert.Equal([1, 1, 2, 1], toAlice.Events.Select(static e => e.Number));
        Assert.Equal(4, toAlice.Events.Select(static e => e.Id.ToString()).Distinct().Count());
    }

    [Theory(Timeout = 10_000)]
    [InlineData("alice", "ALICE")]
    [InlineData("Ärger", "äRGER")]
    [InlineData("Σίσυφος", "σίσυφοσ")]
    [InlineData("ВАСЯ", "вася")]
    public async Task A_name_is_one_person_whatever_its_case(string first, string second)
    {
        ChatHub hub = NewHub();
        (ChatSession one, _) = await EnterAsync(hub, first, "#lobby");
        Assert.Equal(ChatError.NameTaken, (await hub.EnterAsync(second, new RecordingClient())).Failure.Error);

        one.End();
        Assert.NotNull((await hub.EnterAsync(second, new RecordingClient())).Value);
    }

    [Fact(Timeout = 10_000)]
    public async Task Reserved_names_are_nobodys()
    {
        ChatHub hub = NewHub();
        Assert.Equal(ChatError.NameNotAllowed, (await hub.EnterAsync("Server", new RecordingClient())).Failure.Error);
        (ChatSession alice, _) = await EnterAsync(hub, "alice", "#lobby");
        Assert.Equal(ChatError.NameNotAllowed, (await alice.RenameAsync("ROOT")).Error);
    }

    [Fact(Timeout = 10_000)]
    public async Task A_new_name_is_announced_in_every_room_and_frees_the_old_one()
    {
        ChatHub hub = NewHub();
        (ChatSession alice, RecordingClient toAlice) = await EnterAsync(hub, "alice", "#one");
        (_, RecordingClient toBob) = await EnterAsync(hub, "bob", "#one");
        await DoneAsync(alice.JoinAsync("#two"));

        await DoneAsync(alice.RenameAsync("Alice"));
        await DoneAsync(alice.RenameAsync("eve"));
        Assert.Equal(ChatError.NameTaken, (await alice.RenameAsync("BOB")).Error);

        ChatRename last = Assert.IsType<ChatRename>(toBob.Events[^1]);
        Assert.Equal(("Alice", "eve"), (last.Name, last.NewName));
        Assert.Equal(["#one", "#two", "#one", "#two"], toAlice.Events.OfType<ChatRename>().Select(static e => e.Room));
        Assert.NotNull((await hub.EnterAsync("alice", new RecordingClient())).Value);
    }

    [Fact(Timeout = 10_000)]
    public async Task Whoever_cannot_take_an_event_is_ended_and_the_others_are_told()
    {
        ChatHub hub = NewHub();
        (ChatSession alice, RecordingClient toAlice) = await EnterAsync(hub, "alice", "#lobby");
        (ChatSession slow, RecordingClient toSlow) = await EnterAsync(hub, "slow", "#lobby", takes: 2);
        await DoneAsync(alice.SayAsync("#lobby", "one"));
        await DoneAsync(alice.SayAsync("#lobby", "two"));

        Assert.Equal(ChatEnd.TooSlow, toSlow.End);
        Assert.Contains($"{_options.MaxQueuedBytes} bytes", toSlow.EndReason);
        Assert.Equal(["alice: one", "alice: two"], toAlice.Said);
        ChatDeparture told = Assert.IsType<ChatDeparture>(toAlice.Events[^1]);
        Assert.Equal(("slow", true, toSlow.EndReason), (told.Name, told.FromChat, told.Reason));
        Assert.Equal(ChatError.Ended, (await slow.SayAsync("#lobby", "still here?")).Error);
        Assert.NotNull((await hub.EnterAsync("slow", new RecordingClient())).Value);
    }

    [Fact(Timeout = 10_000)]
    public async Task News_of_an_end_may_end_the_next_and_so_on_without_end()
    {
        ChatHub hub = NewHub();
        var slow = new List<RecordingClient>();
        for (int i = 0; i < 50; i++)
        {
            // Each hears the arrivals after its own and one message; then one after another has no room for the next news.
            slow.Add((await EnterAsync(hub, $"slow{i}", "#lobby", takes: 51 - i + (i / 2))).Client);
        }

        (ChatSession alice, RecordingClient toAlice) = await EnterAsync(hub, "alice", "#lobby");
        for (int i = 0; i < 60; i++)
        {
            await DoneAsync(alice.SayAsync("#lobby", $"{i}"));
        }

        Assert.All(slow, static client => Assert.Equal(ChatEnd.TooSlow, client.End));
        Assert.All(slow, static client => Assert.False(client.WasPostedAfterEnd));
        Assert.Equal(50, toAlice.Events.OfType<ChatDeparture>().Count());
        Assert.Equal(60, toAlice.Said.Count());
        Assert.Equal(1, hub.People);
    }

    [Fact(Timeout = 10_000)]
    public async Task A_departure_is_announced_in_every_room_with_the_reason_cleaned()
    {
        ChatHub hub = NewHub();
        (ChatSession alice, RecordingClient toAlice) = await EnterAsync(hub, "alice", "#one");
        (_, RecordingClient toBob) = await EnterAsync(hub, "bob", "#one");
        await DoneAsync(alice.JoinAsync("#two"));
        alice.End(" good\e[2Jbye " + new string('x', 1_000));
        alice.End("again");

        ChatDeparture told = Assert.Single(toBob.Events.OfType<ChatDeparture>());
        Assert.StartsWith("good␛[2Jbye xxx", told.Reason);
        Assert.Equal(_options.MaxReasonBytes, System.Text.Encoding.UTF8.GetByteCount(told.Reason!));
        Assert.DoesNotContain(toAlice.Events, static e => e is ChatDeparture);
        Assert.Equal(["#one"], hub.Rooms(10).Select(static room => room.Name));
    }

    [Fact(Timeout = 10_000)]
    public async Task Every_bound_says_no_and_names_itself()
    {
        _options.MaxRooms = 2;
        _options.MaxMembers = 2;
        _options.MaxRoomsPerPerson = 2;
        _options.MaxTextBytes = 5;
        ChatHub hub = NewHub();
        (ChatSession alice, _) = await EnterAsync(hub, "alice", "#one");
        await EnterAsync(hub, "bob", "#one");
        ChatSession carol = (await hub.EnterAsync("carol", new RecordingClient())).Value!;

        Assert.Equal(ChatError.RoomFull, (await carol.JoinAsync("#one")).Error);
        await DoneAsync(alice.JoinAsync("two"));
        Assert.Equal(ChatError.TooManyRoomsForOne, (await alice.JoinAsync("#three")).Error);
        Assert.Equal(ChatError.TooManyRooms, (await carol.JoinAsync("#three")).Error);
        Assert.Equal(ChatError.RoomInvalid, (await carol.JoinAsync("# three")).Error);
        Assert.Equal(ChatError.NotInRoom, (await carol.SayAsync("#one", "hi")).Error);
        Assert.Equal(ChatError.NotInRoom, (await carol.SayAsync("#nowhere", "hi")).Error);
        Assert.Equal(ChatError.TextTooLong, (await alice.SayAsync("#one", "héllo")).Error);
        await DoneAsync(alice.SayAsync("#one", "hello"));
        await DoneAsync(alice.JoinAsync("#TWO")); // in it already: nothing happens
        Assert.Equal(1, hub.Members("two", 10)!.Count);
    }

    [Fact(Timeout = 10_000)]
    public async Task Closing_tells_everybody_of_the_end_and_nothing_else()
    {
        ChatHub hub = NewHub();
        (ChatSession alice, RecordingClient toAlice) = await EnterAsync(hub, "alice", "#lobby");
        (_, RecordingClient toBob) = await EnterAsync(hub, "bob", "#lobby");
        int before = toAlice.Events.Count;
        hub.Close("Closing.");
        hub.Close("Closing again.");
        alice.End("late");

        Assert.Equal((ChatEnd.Closing, "Closing."), (toAlice.End, toAlice.EndReason));
        Assert.Equal((ChatEnd.Closing, "Closing."), (toBob.End, toBob.EndReason));
        Assert.Equal(before, toAlice.Events.Count);
        Assert.Equal(ChatError.Ended, (await hub.EnterAsync("carol", new RecordingClient())).Failure.Error);
        Assert.Equal(ChatError.Ended, (await alice.JoinAsync("#lobby")).Error);
    }

    [Fact(Timeout = 30_000)]
    public async Task What_is_listed_is_in_order_whatever_happened()
    {
        // The names that order could trip over: case, letters with several lower cases, signs between Z and a.
        string[] names = ["a", "B", "c", "D", "_x", "[y]", "^z", "|", "σ", "Τ", "ǆ", "İ", "θ", "å", "Z", "zz", "ſ", "S9"];
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        ChatHub hub = NewHub();
        var rooms = new Dictionary<string, List<ChatSession>>();
        var people = new List<ChatSession>();
        for (int i = 0; i < 3_000; i++)
        {
            ChatSession? person = people.Count > 0 ? people[random.Next(people.Count)] : null;
            string room = $"#room{random.Next(6)}";
            string name = names[random.Next(names.Length)];
            switch (random.Next(6))
            {
                case 0 when (await hub.EnterAsync(name, new RecordingClient())).Value is { } entered:
                    people.Add(entered);
                    break;
                case 1 or 2 when person is not null:
                    await person.JoinAsync(room);
                    if (!rooms.TryAdd(room, [person]) && !rooms[room].Contains(person))
                    {
                        rooms[room].Add(person);
                    }

                    break;
                case 3 when person is not null && (await person.PartAsync(room)).IsSuccess:
                    rooms[room].Remove(person);
                    break;
                case 4 when person is not null:
                    await person.RenameAsync(name);
                    break;
                case 5 when person is not null && random.Next(4) == 0:
                    person.End();
                    people.Remove(person);
                    foreach (List<ChatSession> members in rooms.Values)
                    {
                        members.Remove(person);
                    }

                    break;
            }

            Assert.Equal(
                rooms.Where(static room => room.Value.Count > 0).OrderByDescending(static room => room.Value.Count)
                    .ThenBy(static room => room.Key, StringComparer.Ordinal).Select(static room => new ChatRoomInfo(room.Key, room.Value.Count)),
                hub.Rooms(10));
            ChatMembers? listed = hub.Members(room, 100);
            Assert.Equal(
                rooms.GetValueOrDefault(room)?.Select(static member => member.Name).Order(StringComparer.OrdinalIgnoreCase) ?? Enumerable.Empty<string>(),
                listed?.Names ?? []);
        }
    }

    [Fact(Timeout = 10_000)]
    public async Task Rooms_and_members_are_bounded_and_sorted()
    {
        ChatHub hub = NewHub();
        foreach (string name in new[] { "dora", "Bert", "anna", "Carl" })
        {
            await EnterAsync(hub, name, "#lobby");
        }

        await EnterAsync(hub, "zoe", "#aside");
        Assert.Equal([new ChatRoomInfo("#lobby", 4), new ChatRoomInfo("#aside", 1)], hub.Rooms(10));
        Assert.Single(hub.Rooms(1));
        ChatMembers members = hub.Members("LOBBY", 3)!;
        Assert.Equal((4, "#lobby"), (members.Count, members.Room));
        Assert.Equal(["anna", "Bert", "Carl"], members.Names);
        Assert.Empty(hub.Members("#lobby", 0)!.Names);
        Assert.Null(hub.Members("#nowhere", 3));
    }

    [Fact(Timeout = 60_000)]
    public async Task From_many_threads_everybody_still_sees_one_order()
    {
        const int Threads = 8;
        const int Steps = 2_000;
        int seed = Environment.TickCount;
        ChatHub hub = NewHub();
        string[] rooms = ["#a", "#b", "#c"];
        var clients = new List<RecordingClient>();
        var watchers = new List<(string Room, RecordingClient Client)>();
        foreach (string room in rooms)
        {
            watchers.Add((room, (await EnterAsync(hub, $"watch{room[1..]}", room)).Client));
        }

        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(async () =>
        {
            var random = new Random(seed + thread);
            (ChatSession me, RecordingClient client) = await EnterAsync(hub, $"t{thread}", "#a");
            lock (clients)
            {
                clients.Add(client);
            }

            for (int step = 0; step < Steps; step++)
            {
                string room = rooms[random.Next(rooms.Length)];
                ChatResult result = random.Next(10) switch
                {
                    0 => await me.JoinAsync(room),
                    1 => await me.PartAsync(room),
                    2 => await me.RenameAsync($"t{thread}_{step}"),
                    _ => await me.SayAsync(room, $"{thread}.{step}"),
                };
                Assert.True(result.IsSuccess || result.Error == ChatError.NotInRoom, $"seed {seed}: {result}");
            }

            me.End();
        })));

        foreach ((string room, RecordingClient watcher) in watchers)
        {
            // A watcher never leaves, so it saw the whole life of its room: 1, 2, 3… without a gap.
            Assert.Equal(Enumerable.Range(1, watcher.Events.Count).Select(static n => (long)n), watcher.Events.Select(static e => e.Number));
            foreach (RecordingClient client in clients)
            {
                // What anybody else saw of it is the watcher's very objects, in the same order.
                ChatEvent[] seen = [.. client.Events.Where(e => e.Room == room)];
                Assert.All(seen, e => Assert.Same(watcher.Events[(int)e.Number - 1], e));
                Assert.Equal(seen.Select(static e => e.Number).Order(), seen.Select(static e => e.Number));
            }
        }

        Assert.Equal(rooms.Length, hub.People);
    }

    private ChatHub NewHub() => new(_options, _time, run: 7);

    private static async Task<(ChatSession Session, RecordingClient Client)> EnterAsync(
        ChatHub hub, string name, string room, int takes = int.MaxValue)
    {
        var client = new RecordingClient(takes);
        ChatResult<ChatSession> entered = await hub.EnterAsync(name, client);
        Assert.NotNull(entered.Value);
        await DoneAsync(entered.Value.JoinAsync(room));
        return (entered.Value, client);
    }

    private static async Task DoneAsync(ValueTask<ChatResult> result)
    {
        ChatResult done = await result;
        Assert.True(done.IsSuccess, done.ToString());
    }
}
