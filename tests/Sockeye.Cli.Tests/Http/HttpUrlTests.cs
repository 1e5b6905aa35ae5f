using System.Net;
using System.Text;
using Sockeye.Cli.Http;

namespace Sockeye.Cli.Tests.Http;

/// <summary>URLs as a request needs them.</summary>
public sealed class HttpUrlTests
{
    [Theory]
    [InlineData("http://example.org", "http://example.org/", "example.org", 80, "/")]
    [InlineData("HTTP://EXAMPLE.org:80/A", "http://example.org/A", "example.org", 80, "/A")]
    [InlineData("https://example.org:443", "https://example.org/", "example.org", 443, "/")]
    [InlineData("http://example.org:/a", "http://example.org/a", "example.org", 80, "/a")]
    [InlineData("https://example.org:80/", "https://example.org:80/", "example.org", 80, "/")]
    [InlineData("http://localhost:8000/a/../b//c?x=1&y=%20#part", "http://localhost:8000/a/../b//c?x=1&y=%20", "localhost", 8000, "/a/../b//c?x=1&y=%20")]
    [InlineData("http://h?q", "http://h/?q", "h", 80, "/?q")]
    [InlineData("http://h#f", "http://h/", "h", 80, "/")]
    [InlineData("http://h/a b\r\nEvil: 1", "http://h/a%20b%0D%0AEvil:%201", "h", 80, "/a%20b%0D%0AEvil:%201")]
    [InlineData("http://h/100%/ä?ö=\"|", "http://h/100%25/%C3%A4?%C3%B6=%22%7C", "h", 80, "/100%25/%C3%A4?%C3%B6=%22%7C")]
    [InlineData("http://h/%4x%x4%4", "http://h/%254x%25x4%254", "h", 80, "/%254x%25x4%254")]
    [InlineData("http://127.0.0.1:8000/", "http://127.0.0.1:8000/", "127.0.0.1", 8000, "/")]
    [InlineData("http://[::1]:8000/", "http://[::1]:8000/", "::1", 8000, "/")]
    [InlineData("http://[0:0::1]", "http://[::1]/", "::1", 80, "/")]
    [InlineData("http://[::ffff:127.0.0.1]/", "http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1", 80, "/")]
    [InlineData("http://[fe80::1%25lo]/", "http://[fe80::1]/", "fe80::1", 80, "/")]
    [InlineData("http://[fe80::1%lo]/", "http://[fe80::1]/", "fe80::1", 80, "/")]
    [InlineData("http://bücher.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80, "/")]
    [InlineData("http://BÜCHER.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80, "/")]
    [InlineData("http://例え.テスト/", "http://xn--r8jz45g.xn--zckzah/", "xn--r8jz45g.xn--zckzah", 80, "/")]
    [InlineData("http://my_host.example./", "http://my_host.example./", "my_host.example.", 80, "/")]
    [InlineData("http://4a.example/", "http://4a.example/", "4a.example", 80, "/")]
    public void Right_ones_are_read(string text, string canonical, string host, int port, string target)
    {
        Assert.True(HttpUrl.TryParse(text, out HttpUrl? url, out string problem), problem);
        Assert.Equal((canonical, host, port, target), (url.ToString(), url.Host, url.Port, url.Target));
        Assert.True(HttpUrl.TryParse(url.ToString(), out HttpUrl? again, out _));
        Assert.Equal(url.ToString(), again.ToString());
    }

    [Theory]
    [InlineData("", "a URL is missing")]
    [InlineData("localhost:8000/x", "did you mean http://localhost:8000/x?")]
    [InlineData("http:/h", "did you mean http://h?")]
    [InlineData("https:h", "did you mean https://h?")]
    [InlineData("ftp://h/", "http:// and https:// only")]
    [InlineData("unix:/run/x.sock", "--connect unix:/run/x.sock")]
    [InlineData("tcp://h:80", "--connect tcp://h:80")]
    [InlineData("http://alice:secret@h/", "--header 'Authorization: Basic")]
    [InlineData("http://", "the host is missing")]
    [InlineData("http:///x", "the host is missing")]
    [InlineData("http://:80/", "the host is missing")]
    [InlineData("http://h:0/", "a port is a number from 1 to 65535")]
    [InlineData("http://h:65536/", "a port is a number from 1 to 65535")]
    [InlineData("http://h:+80/", "a port is a number from 1 to 65535")]
    [InlineData("http://h:8x/", "a port is a number from 1 to 65535")]
    [InlineData("http://::1:8000/", "in brackets")]
    [InlineData("http://[::1", "no IPv6 address")]
    [InlineData("http://[::1]x/", "no IPv6 address")]
    [InlineData("http://[127.0.0.1]/", "no IPv6 address")]
    [InlineData("http://[::1%nosuchinterface]/", "no IPv6 address")]
    [InlineData("http://127.1/", "four decimal numbers")]
    [InlineData("http://127.0.0.256/", "four decimal numbers")]
    [InlineData("http://0177.0.0.1/", "four decimal numbers")]
    [InlineData("http://a..b/", "a host is a name")]
    [InlineData("http://./", "a host is a name")]
    [InlineData("http://a b/", "a host is a name")]
    [InlineData("http://a\r\nEvil/", "a host is a name")]
    [InlineData("http://a\\b/", "a host is a name")]
    [InlineData("http://%61/", "a host is a name")]
    [InlineData("http://ä..b/", "the host can be no name")]
    public void Wrong_ones_say_what_is_wrong(string text, string problem)
    {
        Assert.False(HttpUrl.TryParse(text, out _, out string told));
        Assert.Contains(problem, told, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', told);
        Assert.DoesNotContain('\r', told);
    }

    [Fact]
    public void An_endpoint_comes_of_it()
    {
        Assert.True(HttpUrl.TryParse("http://localhost:81/", out HttpUrl? name, out _));
        Assert.True(HttpUrl.TryParse("https://[fe80::1%25lo]/", out HttpUrl? address, out _));
        Assert.True(HttpUrl.TryParse("http://[::ffff:127.0.0.1]/", out HttpUrl? mapped, out _));
        Assert.Equal("tcp://127.0.0.1:80", mapped.Endpoint.ToString());
        Assert.Equal("tcp://localhost:81", name.Endpoint.ToString());
        Assert.Equal(new IPEndPoint(IPAddress.Parse("fe80::1%1"), 443), address.Endpoint.EndPoint);
    }

    [Theory]
    [InlineData("%1", 1)]
    [InlineData("%lo", 1)]
    [InlineData("%251", 1)]
    [InlineData("%25lo", 1)]
    [InlineData("%25", 25)]
    [InlineData("%2525", 25)]
    [InlineData("%25251", 251)]
    public void A_scope_means_what_it_means_in_an_endpoint(string scope, long index)
    {
        Assert.True(HttpUrl.TryParse($"http://[fe80::1{scope}]/", out HttpUrl? url, out string problem), problem);
        Assert.Equal(index, Assert.IsType<IPEndPoint>(url.Endpoint.EndPoint).Address.ScopeId);
        Assert.Equal(url.Endpoint, Sockeye.SocketUri.Parse($"tcp://[fe80::1{scope}]:80"));
    }

    [Theory]
    [InlineData("/b", "http://h:81/b")]
    [InlineData("b?c", "http://h:81/dir/b?c")]
    [InlineData("?q", "http://h:81/dir/a?q")]
    [InlineData("#f", "http://h:81/dir/a?x=/y")]
    [InlineData("//other/b", "http://other/b")]
    [InlineData("https://other/b", "https://other/b")]
    [InlineData("ftp://other/b", null)]
    [InlineData("mailto:alice@h", null)]
    [InlineData("//", null)]
    public void A_location_leads_on_from_it(string location, string? expected)
    {
        Assert.True(HttpUrl.TryParse("http://h:81/dir/a?x=/y", out HttpUrl? url, out _));
        Assert.Equal(expected is not null, url.TryResolve(location, out HttpUrl? next));
        Assert.Equal(expected, next?.ToString());
    }

    [Fact]
    public void Half_a_character_is_sent_as_one_that_is_none()
    {
        Assert.True(HttpUrl.TryParse("http://h/\ud800x\0", out HttpUrl? url, out _)); // an attribute could not hold it
        Assert.Equal("/%EF%BF%BDx%00", url.Target);
    }

    [Fact]
    public void One_that_is_too_long_is_refused()
    {
        Assert.True(HttpUrl.TryParse("http://h/" + new string('a', HttpUrl.LengthMax - 9), out _, out _));
        Assert.False(HttpUrl.TryParse("http://h/" + new string('a', HttpUrl.LengthMax - 8), out _, out string problem));
        Assert.Contains("at most 65536 characters", problem, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Whatever_the_text_it_never_throws_and_never_breaks_the_request()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        string[] pieces = ["http://", "https://", "h", "[::1]", "[", "]", ":", "80", "/", "?", "#", "@", "%", "%2", "%41", "\r\n", "\n", " ", "ä", "\ud800", "\udfff", "\0", "\u202e", "..", ".", "-", "1", "fe80::1%lo", "\\", "xn--", "。"];
        for (int i = 0; i < 50_000; i++)
        {
            var text = new StringBuilder(random.Next(4) == 0 ? "" : "http://");
            for (int n = random.Next(8); n > 0; n--)
            {
                text.Append(random.Next(6) == 0 ? ((char)random.Next(0x10000)).ToString() : pieces[random.Next(pieces.Length)]);
            }

            if (!HttpUrl.TryParse(text.ToString(), out HttpUrl? url, out string problem))
            {
                Assert.True(problem.Length > 0 && !problem.Any(char.IsControl), $"seed {seed}: {problem}");
                continue;
            }

            Assert.True(Ascii.IsValid(url.ToString()) && url.ToString().AsSpan().IndexOfAnyInRange('\0', ' ') < 0, $"seed {seed}: {url}");
            Assert.True(HttpUrl.TryParse(url.ToString(), out HttpUrl? again, out _), $"seed {seed}: {url}");
            Assert.Equal(url.ToString(), again.ToString());
            Assert.Equal(2, Encoding.ASCII.GetString(HttpRequest.Build(url, "t")).Split('\n')[0].Count(static c => c == ' '));
            _ = url.Endpoint;
            await Task.CompletedTask;
        }
    }
}
