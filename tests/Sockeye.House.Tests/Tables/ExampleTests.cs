using System.Text.RegularExpressions;

namespace Sockeye.House.Tests.Tables;

/// <summary>What docs/from-*.md, docs/event-loops.md and docs/servers.md show and name: every block of C# is compiled and run here, every member is there.</summary>
public partial class ExampleTests
{
    public static TheoryData<string> Pages =>
        [.. Directory.EnumerateFiles(House.PathOf("docs"), "from-*.md").Concat([House.PathOf("docs", "event-loops.md"), House.PathOf("docs", "servers.md")])
            .Select(House.Relative).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_block_of_csharp_is_compiled_and_run_here(string page)
    {
        HashSet<string> compiled = [.. House.Files("tests/Sockeye.House.Tests/Tables", "*ExampleTests.cs")
            .SelectMany(file => Region().Matches(File.ReadAllText(file))).Select(match => House.Unindented(match.Groups["code"].Value))];

        House.AssertNone(
            Fence().Matches(File.ReadAllText(House.PathOf(page))).Select(match => House.Unindented(match.Groups["code"].Value)).Where(block => !compiled.Contains(block)),
            $"No file Tables/*ExampleTests.cs has these blocks of {page} between // <example> and // </example>:");
    }

    [Fact]
    public void Every_example_that_is_compiled_is_shown() =>
        House.AssertNone(
            House.Files("tests/Sockeye.House.Tests/Tables", "*ExampleTests.cs").SelectMany(file => Region().Matches(File.ReadAllText(file)))
                .Select(match => House.Unindented(match.Groups["code"].Value))
                .Except(Pages.SelectMany(page => Fence().Matches(File.ReadAllText(House.PathOf(page)))).Select(match => House.Unindented(match.Groups["code"].Value))),
            "In no document:");

    // In prose and in notes: `Socket.Timeout` has to be there, wherever it is named.
    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_member_that_a_page_names_exists(string page)
    {
        string[] named = [.. Member().Matches(AnyFence().Replace(File.ReadAllText(House.PathOf(page)), "")).Select(match => match.Groups["name"].Value).Distinct()];

        Assert.NotEmpty(named);
        House.AssertNone(named.Where(name => ApiName.Find(name).Count == 0), $"{page} names what does not exist:");
    }

    // The finder itself: one that found everything would prove nothing.
    [Theory]
    [InlineData("Socket")]
    [InlineData("Socket.Accept()")]
    [InlineData("Socket.SendAll(ReadOnlySpan<byte>)")]
    [InlineData("Socket.GetOption<T>(SocketOption<T>)")]
    [InlineData("Socket.TryReceiveFrom(Span<byte>, out EndPoint)")]
    [InlineData("new Socket(SocketHandle)")]
    [InlineData("SocketFlags.WaitAll")]
    [InlineData("SocketFlags.Peek")]
    [InlineData("ControlReader.Enumerator.Current")]
    [InlineData("SocketHandle.Dispose()")]
    [InlineData("StreamServer.VerifyAsync(Connection)")]
    [InlineData("Protocol.IsClosing")]
    [InlineData("PipeReader.ReadMessagesAsync")]
    public void A_member_that_is_there_is_found(string name) => Assert.NotEmpty(ApiName.Find(name));

    [Theory]
    [InlineData("Sockets")]
    [InlineData("Socket.Recv")]
    [InlineData("Socket.Accept(int)")]
    [InlineData("Socket.SendAll(Span<byte>)")]
    [InlineData("Socket.SendAll()")]
    [InlineData("new Socket(string)")]
    [InlineData("AddressFamily.WaitAll")]
    [InlineData("SocketFlags.Everything")]
    [InlineData("SocketResult.Socket.Accept")]
    [InlineData("Socket.Accept(")]
    [InlineData("Connection.Stop()")]
    [InlineData("Protocol.ReceiveAsync")]
    public void A_member_that_is_not_there_is_not_found(string name) => Assert.Empty(ApiName.Find(name));

    [Theory]
    [InlineData("SocketFlags.WaitAll", 0x100L)]
    [InlineData("SocketFlags.Truncated", 0x20L)]
    [InlineData("SocketFlags.ControlDataTruncated", 8L)]
    [InlineData("AddressFamily.InterNetworkV6", 10L)]
    [InlineData("SocketOptions.KeepAlive", 9L)]
    [InlineData("SocketControl.Credentials", 2L)]
    [InlineData("IPAddress.Loopback", 0x7F000001L)]
    [InlineData("SocketShutdown.Both", 2L)]
    [InlineData("SocketError.TimedOut", null)]
    [InlineData("Socket.Timeout", null)]
    public void A_member_stands_for_the_kernels_number(string name, long? number) =>
        Assert.Equal(number, ApiName.Find(name).Select(ApiName.NumberOf).First());

    [GeneratedRegex(@"// <example>\n(?<code>.*?)^\s*// </example>", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Region();

    [GeneratedRegex(@"^```csharp\n(?<code>.*?)^```", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^```\w*\n.*?^```", RegexOptions.CultureInvariant | RegexOptions.Multiline | RegexOptions.Singleline, 1000)]
    private static partial Regex AnyFence();

    // `Type.Member`, with parameters or without. Python's own begin with a small letter, save for what is left out here.
    [GeneratedRegex(@"`(?<name>(new )?(?!OSError|System\.|Sockeye\.)[A-Z]\w*(<[^`]*?>)?\.[A-Z]\w*(<\w>)?(\([^`]*\))?)`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Member();
}
