using System.Buffers;
using System.Globalization;
using System.Text;

namespace Sockeye.Cli.Serving;

/// <summary>Sends each chunk back with the local time before it: <c>[Fri Nov 20 10:00:00 2026] chunk</c>.</summary>
/// <param name="time">Whose time.</param>
internal sealed class TimeProgram(TimeProvider time) : ServedProgram
{
    public override bool Answer(ReadOnlySpan<byte> chunk, IBufferWriter<byte> answer)
    {
        answer.Write(Encoding.ASCII.GetBytes($"[{Format(time.GetLocalNow())}] "));
        answer.Write(chunk);
        return true;
    }

    /// <summary>As asctime(3) writes it: <c>Fri Nov  6 10:00:00 2026</c>, the day padded with a space.</summary>
    internal static string Format(DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{now:ddd MMM} {now.Day,2} {now:HH:mm:ss yyyy}");
}
