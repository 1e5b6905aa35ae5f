using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests;

/// <summary>The live line of long work: late, seldom, and gone at the end.</summary>
public sealed class ProgressLineTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly StringWriter _terminal = new();

    public void Dispose() => _terminal.Dispose();

    [Fact]
    public void Work_that_is_done_at_once_says_nothing()
    {
        var progress = new ProgressLine(_terminal, _time);
        progress.Report(1, 10);
        _time.Now += TimeSpan.FromMilliseconds(999);
        progress.Report(10, 10);
        progress.End();
        Assert.Equal("", _terminal.ToString());
    }

    [Fact]
    public void Longer_work_says_how_far_it_is_a_few_times_a_second_and_takes_the_line_away()
    {
        var progress = new ProgressLine(_terminal, _time);
        for (int i = 0; i < 20; i++)
        {
            _time.Now += TimeSpan.FromMilliseconds(100);
            progress.Report(i << 20, 100 << 20);
        }

        progress.End();
        progress.End();
        string[] shown = _terminal.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(7, shown.Length); // at 1.0, 1.2, … 2.0 s, and the end
        Assert.Equal("9.0 of 100.0 MiB, 9 %, 9.0 MiB/s, 11 s left\e[K", shown[0]);
        Assert.Equal("\e[K", shown[^1]);
    }

    [Theory]
    [InlineData(0L, null, "0.0 MiB, 0.0 MiB/s")]
    [InlineData(1L << 20, null, "1.0 MiB, 0.5 MiB/s")]
    [InlineData(0L, 0L, "0.0 of 0.0 MiB, 100 %, 0.0 MiB/s")]
    [InlineData(2L << 20, 2L << 20, "2.0 of 2.0 MiB, 100 %, 1.0 MiB/s")]
    [InlineData(long.MaxValue, long.MaxValue, "8796093022208.0 of 8796093022208.0 MiB, 100 %, 4398046511104.0 MiB/s")]
    public void It_says_what_is_known(long bytes, long? total, string expected) =>
        Assert.Equal(expected, ProgressLine.Text(bytes, total, TimeSpan.FromSeconds(2)));
}
