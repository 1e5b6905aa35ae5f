using System.Text;
using Sockeye.Cli.Http;

namespace Sockeye.Cli.Tests.Http;

/// <summary>The bytes of the request.</summary>
public sealed class HttpRequestTests
{
    [Fact]
    public void It_is_the_tutorials_request() => Assert.Equal(
        "GET /a?b HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: sockeye/1\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        Build("http://localhost:8000/a?b"));

    [Fact]
    public void Headers_are_added_or_take_the_place_of_its_own() => Assert.Equal(
        "GET / HTTP/1.1\r\nHost: other\r\nAccept: */*\r\nuser-agent: me\r\nX-A: 1\r\nX-A: ä\r\nX-Empty: \r\nConnection: close\r\n\r\n",
        Build("http://[::1]:8000/", "user-agent: me", "X-A:1", "Host:other", "X-A: \t ä ", "X-Empty:"));

    [Theory]
    [InlineData("http://[::1]/", "[::1]")]
    [InlineData("http://[fe80::1%lo]:8000/", "[fe80::1]:8000")]
    [InlineData("https://h:443/", "h")]
    [InlineData("http://h:443/", "h:443")]
    public void The_host_is_the_urls(string url, string host) => Assert.Contains($"\r\nHost: {host}\r\n", Build(url), StringComparison.Ordinal);

    [Theory]
    [InlineData("X: a\r\nEvil: 1", "one line")]
    [InlineData("X: a\nEvil: 1", "one line")]
    [InlineData("X: a\rb", "one line")]
    [InlineData("X: a\0b", "one line")]
    [InlineData("X: a\x1b[2J", "one line")]
    [InlineData("X: a\x7f", "one line")]
    [InlineData("X\r\nEvil: 1", "a name, a colon and a value")]
    [InlineData("X Y: 1", "a name, a colon and a value")]
    [InlineData("X", "a name, a colon and a value")]
    [InlineData(": 1", "a name, a colon and a value")]
    [InlineData("", "a name, a colon and a value")]
    [InlineData("Ä: 1", "a name, a colon and a value")]
    [InlineData("connection: keep-alive", "says so itself")]
    [InlineData("Content-Length: 5", "says so itself")]
    [InlineData("TRANSFER-ENCODING: chunked", "says so itself")]
    public void Headers_that_would_break_it_are_refused(string text, string problem)
    {
        Assert.False(HttpRequest.TryParseHeader(text, out _, out string told));
        Assert.Contains(problem, told, StringComparison.Ordinal);
        Assert.DoesNotContain(told, static c => char.IsControl(c));
    }

    private static string Build(string text, params string[] headers)
    {
        Assert.True(HttpUrl.TryParse(text, out HttpUrl? url, out _));
        return Encoding.UTF8.GetString(HttpRequest.Build(url, "sockeye/1", [.. headers.Select(static header =>
        {
            Assert.True(HttpRequest.TryParseHeader(header, out KeyValuePair<string, string> read, out string problem), problem);
            return read;
        })]));
    }
}
