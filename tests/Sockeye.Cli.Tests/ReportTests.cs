using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Sockeye.Cli.Tests;

/// <summary>What a command says: lines for people, objects for programs, and no exception when nobody can read it.</summary>
public sealed class ReportTests
{
    private static readonly Style _plain = new(hasColours: false);

    [Fact]
    public void People_read_the_line_and_programs_the_facts()
    {
        using var people = new MemoryStream();
        using var programs = new MemoryStream();
        foreach ((MemoryStream output, bool json) in new[] { (people, false), (programs, true) })
        {
            using Report report = Open(output, TextWriter.Null, json);
            Assert.True(report.TryTell(
                "received", "127.0.0.1:5 hello", ("peer", "127.0.0.1:5"), ("bytes", 5), Report.Data("he\"llo"u8), ("took", TimeSpan.FromMilliseconds(1.5)), ("last", true), ("none", null)));
            Assert.True(report.TryTell("silent", line: null));
        }

        Assert.Equal("127.0.0.1:5 hello\n", Encoding.UTF8.GetString(people.ToArray()));
        string[] lines = Encoding.UTF8.GetString(programs.ToArray()).Split('\n');
        Assert.Equal((3, ""), (lines.Length, lines[2]));
        using JsonDocument first = JsonDocument.Parse(lines[0]);
        Assert.Equal(["time", "event", "peer", "bytes", "text", "took", "last", "none"], first.RootElement.EnumerateObject().Select(static fact => fact.Name));
        Assert.Equal("he\"llo", first.RootElement.GetProperty("text").GetString());
        Assert.Equal(0.0015, first.RootElement.GetProperty("took").GetDouble());
        Assert.Equal("silent", JsonDocument.Parse(lines[1]).RootElement.GetProperty("event").GetString());
    }

    [Fact]
    public void Bytes_that_are_no_text_go_as_base64() => Assert.Equal(("base64", "/wA="), Report.Data([0xff, 0]));

    [Fact]
    public void A_failure_is_one_line_on_standard_error_and_an_event_for_programs()
    {
        using var output = new MemoryStream();
        using var errors = new StringWriter();
        using (Report report = Open(output, errors, json: true))
        {
            Assert.Equal(ExitCode.NoAnswer, report.Fail("no answer within 5 s; is it up?", ExitCode.NoAnswer));
        }

        Assert.Equal("sockeye test: no answer within 5 s; is it up?\n", errors.ToString());
        using JsonDocument told = JsonDocument.Parse(output.ToArray());
        Assert.Equal(("error", 5), (told.RootElement.GetProperty("event").GetString(), told.RootElement.GetProperty("exitCode").GetInt32()));
    }

    [Fact]
    public void A_full_output_is_said_and_not_thrown()
    {
        using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        using Report report = Open(full, TextWriter.Null, json: false);
        Assert.False(report.TryTell("received", "hello"));
    }

    [Fact]
    public void Lines_of_many_threads_stay_whole()
    {
        using var output = new MemoryStream();
        using Report report = Open(output, TextWriter.Null, json: true);
        Parallel.For(0, 500, i => Assert.True(report.TryTell("said", line: null, ("number", i))));
        string[] lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            Enumerable.Range(0, 500), lines.Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("number").GetInt32()).Order());
    }

    private static Report Open(Stream output, TextWriter errors, bool json) =>
        new("sockeye test", new ReportOptions(json, LogLevel.Information, _plain, _plain), output, errors, TimeProvider.System);
}
