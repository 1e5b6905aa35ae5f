using Sockeye.Chat.Connections;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Connections;

/// <summary>How fast strangers can make the log grow by being refused.</summary>
public sealed class RefusalLogTests
{
    [Fact]
    public void The_first_is_logged_at_once_and_the_others_once_a_second_with_their_count()
    {
        var logger = new RecordingLogger();
        var time = new ManualTime();
        var log = new RefusalLog(logger, time);
        for (int i = 0; i < 500; i++)
        {
            log.Refused($"peer {i}", "full"); // ten a second
            time.Now += TimeSpan.FromMilliseconds(100);
        }

        log.Flush();
        log.Flush();
        string[] lines = logger.Lines;
        Assert.Equal("Warning: connection from peer 0 refused: full ", lines[0]);
        Assert.Equal("Warning: 10 more connections refused, the last from peer 10: full ", lines[1]);
        Assert.Equal("Warning: 9 more connections refused, the last from peer 499: full ", lines[^1]);
        Assert.Equal(51, lines.Length); // one, 49 seconds, and the rest
    }

    [Fact(Timeout = 30_000)]
    public async Task A_server_logs_each_refused_connection_once_in_few_lines()
    {
        var server = await TestServer.StartAsync(new ChatOptions { MaxConnections = 1 });
        await using (server)
        {
            using LineClient alice = await server.EnterAsync("alice");
            for (int i = 0; i < 100; i++)
            {
                using LineClient late = await server.ConnectAsync();
                Assert.Contains("The chat is full", Assert.Single(await late.ReadToEndAsync()));
            }

            await server.StopAsync();
        }

        string[] refused = [.. server.Log.Lines.Where(static line => line.Contains("refused", StringComparison.Ordinal))];
        Assert.InRange(refused.Length, 2, 30); // a line for each second that this took, which is a fraction of one
        Assert.Equal(100, refused.Sum(static line => line.Contains("more connections", StringComparison.Ordinal)
            ? int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)
            : 1));
    }
}
