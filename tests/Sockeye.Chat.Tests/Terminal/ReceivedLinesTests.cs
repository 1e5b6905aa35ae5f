using System.Net.Sockets;
using System.Text;
using Sockeye.Chat.Terminal;

namespace Sockeye.Chat.Tests.Terminal;

/// <summary>What a hostile server can put on the screen of whoever joins it: letters.</summary>
public sealed class ReceivedLinesTests
{
    private const string Hostile = "-- Welcome, x.\e[2J\n\e]0;title\a\u009B2J\u202Egnp\rover\n\0half\e[31m";
    private static readonly string[] Clean = ["-- Welcome, x.␛[2J", "␛]0;title␇\uFFFD2J\uFFFDgnp␍over", "half␛[31m"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1_000)]
    public void Lines_are_cleaned_however_they_are_cut_and_the_last_needs_no_end(int cut)
    {
        var received = new ReceivedLines();
        var lines = new List<string>();
        foreach (byte[] piece in Encoding.UTF8.GetBytes(Hostile).Chunk(cut))
        {
            lines.AddRange(received.Take(piece));
        }

        lines.AddRange(received.Take([]));
        Assert.Equal(Clean, lines);
    }

    [Fact]
    public void A_line_without_end_is_dropped_and_the_fact_stands_in_its_place()
    {
        var received = new ReceivedLines();
        var lines = new List<string>();
        for (int i = 0; i < 10; i++)
        {
            lines.AddRange(received.Take(Encoding.UTF8.GetBytes(new string('x', 100_000))));
        }

        lines.AddRange(received.Take("\nnext\n"u8));
        Assert.Equal(["[a line of more than 262144 bytes was dropped]", "next"], lines);
    }

    [Theory(Timeout = 20_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Between_pipes_nothing_of_a_hostile_server_gets_through_but_letters(bool isForProgram)
    {
        (Socket ours, Socket theirs) = Socket.CreatePair();
        using Socket server = theirs;
        using Socket client = ours;
        using var output = new MemoryStream();
        var heard = new List<string>();
        var session = new PipeSession(client, new JoinOptions
        {
            Name = "x",
            Input = Stream.Null,
            Output = output,
            Heard = isForProgram ? heard.Add : null,
            Colours = false,
        });
        await server.SendAsync(Encoding.UTF8.GetBytes(Hostile), SocketFlags.None);
        server.Shutdown(SocketShutdown.Send);
        JoinResult result = await session.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(isForProgram ? Clean : [], heard);
        Assert.Equal(isForProgram ? "" : string.Join('\n', Clean) + "\n", Encoding.UTF8.GetString(output.ToArray()));
        Assert.NotEqual(JoinEnd.NotWritten, result.End);
    }
}
