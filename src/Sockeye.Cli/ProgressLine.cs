using System.Globalization;

namespace Sockeye.Cli;

/// <summary>
/// A progress line on a terminal: <c>12.3 of 100.0 MiB, 12 %, 5.2 MiB/s, 17 s left</c>. It appears after a second, changes a
/// few times a second, and is erased at the end.
/// </summary>
/// <param name="terminal">Where it stands.</param>
/// <param name="time">The clock.</param>
internal sealed class ProgressLine(TextWriter terminal, TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly long _start = time.GetTimestamp();
    private long? _last;

    /// <summary>Shows the progress.</summary>
    /// <param name="bytes">What is done.</param>
    /// <param name="total">What there is to do, where that is known.</param>
    public void Report(long bytes, long? total)
    {
        TimeSpan taken = time.GetElapsedTime(_start);
        if (taken < First || (_last is { } last && time.GetElapsedTime(last) < Pause))
        {
            return;
        }

        _last = time.GetTimestamp();
        Write("\r" + Text(bytes, total, taken) + "\e[K");
    }

    /// <summary>Erases the line, so that others may be written.</summary>
    public void End()
    {
        if (_last is not null)
        {
            _last = null;
            Write("\r\e[K");
        }
    }

    /// <summary>What the line says.</summary>
    internal static string Text(long bytes, long? total, TimeSpan taken)
    {
        double speed = bytes / Math.Max(taken.TotalSeconds, 0.001);
        string text = total is { } all
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} of {all / 1048576.0:0.0} MiB, {(all == 0 ? 100 : 100 * (double)bytes / all):0} %")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.0} MiB");
        text += string.Create(CultureInfo.InvariantCulture, $", {speed / 1048576.0:0.0} MiB/s");
        return total is { } end && speed > 0 && end > bytes
            ? text + string.Create(CultureInfo.InvariantCulture, $", {Math.Ceiling((end - bytes) / speed):0} s left")
            : text;
    }

    // A terminal that is gone is no reason to stop.
    private void Write(string text)
    {
        try
        {
            terminal.Write(text);
            terminal.Flush();
        }
        catch (Exception e) when (StandardStreams.IsFileProblem(e))
        {
            _last = null;
        }
    }
}
