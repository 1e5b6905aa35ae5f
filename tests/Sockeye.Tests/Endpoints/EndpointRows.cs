namespace Sockeye.Tests.Endpoints;

/// <summary>A right value for each option, by chance. An option without one fails the tests that walk them all.</summary>
internal static class EndpointRows
{
    internal static string Value(SocketUriOption option, SocketUri endpoint, Random random) => option.Name switch
    {
        "backlog" => $"{random.Next()}",
        "group" when endpoint.Scheme.Name == "netlink" => $"{random.Next(1, 40)}",
        "group" => random.Next(2) == 0 ? "224.0.0.251%lo" : $"ff02::{random.Next(1, 0xFFFF):x}%{random.Next(1, 9)}",
        "congestion" => "reno",
        "defer_accept" => $"{random.Next(3600)}s",
        "interface" => "lo",
        "mark" => $"0x{random.Next():x}",
        "keep_alive_count" => $"{random.Next(1, 128)}",
        "keep_alive_interval" or "keep_alive_time" => $"{random.Next(1, 500)}m",
        "linger" or "user_timeout" => $"{random.Next(1000)}.{random.Next(10)}s",
        "mode" => $"0{random.Next(8)}{random.Next(8)}{random.Next(8)}",
        "priority" => $"{random.Next(7)}",
        "receive_buffer" or "send_buffer" => random.Next(2) == 0 ? $"{random.Next(2048)}k" : $"{random.Next()}",
        "source" => endpoint.Scheme.Name switch
        {
            var name when name.StartsWith("vsock", StringComparison.Ordinal) => "*:1023",
            var name when name.StartsWith("tipc", StringComparison.Ordinal) => "1000:1-5",
            var name when name.StartsWith("unix", StringComparison.Ordinal) => random.Next(2) == 0 ? "@a%26b%3Fc" : "/tmp/a%26b=c",
            var name => name.EndsWith('6') ? "[::1]" : $"127.0.0.1:{random.Next(65_536)}",
        },
        "timeout" => $"{random.Next(1, 100_000)}ms",
        "tos" => $"0x{random.Next(256):x}",
        "ttl" => $"{random.Next(1, 256)}",
        _ when option.ValueSummary.StartsWith("1 or 0", StringComparison.Ordinal) => ((string[])["1", "0", "yes", "No", "TRUE", "false", "on", "off"])[random.Next(8)],
        _ => throw new InvalidOperationException($"EndpointRows has no value for {option}."),
    };
}
