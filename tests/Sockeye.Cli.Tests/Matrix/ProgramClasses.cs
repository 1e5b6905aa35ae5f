using Sockeye.Cli.Tests.Http;
using Sockeye.Cli.Tests.Samples;

namespace Sockeye.Cli.Tests.Matrix;

// A class a program, so that xunit runs two of them side by side and a filter picks one. Each has the rows of its program.

public sealed class TimeTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "time (stream)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class TimeDatagramTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "time (datagrams)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class SinkTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "sink (stream)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class SinkDatagramTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "sink (datagrams)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class SinkBufferTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "sink --buffer 4 (datagrams)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class ReplyTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "reply";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class GreetThreadsTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "greet --threads";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class GreetLoopTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "greet on the loop";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class GreetDatagramTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "greet (datagrams)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class ChatServeTests(ProgramTable table, ProgramHost host) : ServerRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "chat serve";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class ConnectTests(ProgramTable table, ProgramHost host) : ClientRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "connect (stream)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class ConnectDatagramsTests(ProgramTable table, ProgramHost host) : ClientRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "connect (datagrams)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class ConnectListenTests(ProgramTable table, ProgramHost host) : ClientRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "connect --listen";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class ProbeTests(ProgramTable table, ProgramHost host) : ClientRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "probe";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class EchoTests(ProgramTable table, ProgramHost host) : ClientRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "echo (stream)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class EchoDatagramTests(ProgramTable table, ProgramHost host) : ClientRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "echo (datagrams)";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class ChatJoinTests(ProgramTable table, ProgramHost host) : ClientRows(table, host), IClassFixture<ProgramHost>
{
    private const string Program = "chat join";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family);
}

public sealed class GetHttpTests(ProgramTable table, ProgramHost host, HttpPeer web) : ClientRows(table, host), IClassFixture<ProgramHost>, IClassFixture<HttpPeer>
{
    private const string Program = "get http";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family, web);
}

public sealed class GetHttpsTests(ProgramTable table, ProgramHost host, HttpPeer web) : ClientRows(table, host), IClassFixture<ProgramHost>, IClassFixture<HttpPeer>
{
    private const string Program = "get https";

    [Theory(Timeout = 120_000, SkipTestWithoutData = true)]
    [MemberData(nameof(ProgramRows.Of), Program, MemberType = typeof(ProgramRows))]
    public Task Row(string what, Form form, Family family) => RunAsync(Program, what, form, family, web);
}
