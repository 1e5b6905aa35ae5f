using System.Text;
using Sockeye.Cli.Http;

namespace Sockeye.Cli.Tests.Http;

/// <summary>An exchange over a stream that gives its bytes in any pieces, and may break off anywhere.</summary>
public sealed class HttpExchangeTests
{
    [Fact(Timeout = 60_000)]
    public async Task Whatever_the_pieces_the_body_is_the_same()
    {
        (int seed, Random random) = Seeded();
        for (int i = 0; i < 2_000; i++)
        {
            (byte[] response, byte[] body, int status, _) = HttpParserTests.Generate(random);
            var exchange = new HttpExchange(new PieceStream(response, random));
            HttpHead head = await exchange.ReadHeadAsync(TestContext.Current.CancellationToken);
            using var got = new MemoryStream();
            while (await exchange.ReadBodyAsync(TestContext.Current.CancellationToken) is { IsEmpty: false } bytes)
            {
                await got.WriteAsync(bytes, TestContext.Current.CancellationToken);
            }

            Assert.True(status == head.Status && body.AsSpan().SequenceEqual(got.ToArray()), $"seed {seed}");
            Assert.True(exchange.Response.IsWhole && (await exchange.ReadBodyAsync(TestContext.Current.CancellationToken)).IsEmpty, $"seed {seed}");
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Wherever_it_breaks_off_what_came_is_a_beginning_of_the_body()
    {
        (int seed, Random random) = Seeded();
        for (int i = 0; i < 2_000; i++)
        {
            (byte[] response, byte[] body, _, _) = HttpParserTests.Generate(random);
            var exchange = new HttpExchange(new PieceStream(response[..random.Next(response.Length)], random));
            using var got = new MemoryStream();
            try
            {
                HttpHead head = await exchange.ReadHeadAsync(TestContext.Current.CancellationToken);
                while (await exchange.ReadBodyAsync(TestContext.Current.CancellationToken) is { IsEmpty: false } bytes)
                {
                    await got.WriteAsync(bytes, TestContext.Current.CancellationToken);
                }

                Assert.True(head.Framing == HttpFraming.UntilClose, $"seed {seed}");
            }
            catch (HttpFailureException e)
            {
                Assert.True(e.Failure == HttpFailure.Lost && e.Message.StartsWith("the server closed the connection ", StringComparison.Ordinal), $"seed {seed}: {e.Message}");
            }

            Assert.True(body.AsSpan().StartsWith(got.ToArray()), $"seed {seed}");
            Assert.Equal(exchange.Response.BodyBytes, got.Length);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Chunks_that_came_together_are_handed_out_together()
    {
        byte[] response = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + string.Concat(Enumerable.Repeat("1\r\nx\r\n", 5_000)) + "0\r\n\r\n");
        var exchange = new HttpExchange(new MemoryStream(response));
        await exchange.ReadHeadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(new string('x', 5_000), Encoding.ASCII.GetString((await exchange.ReadBodyAsync(TestContext.Current.CancellationToken)).Span));
        Assert.True((await exchange.ReadBodyAsync(TestContext.Current.CancellationToken)).IsEmpty);
    }

    private static (int Seed, Random Random) Seeded()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return (seed, new Random(seed));
    }

    private sealed class PieceStream(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, random.Next(1, 1 << random.Next(1, 12)))], cancellationToken);
    }
}
