using System.Text.Encodings.Web;
using System.Text.Json;
using Sockeye.Benchmarks.Measuring;

namespace Sockeye.Benchmarks.Output;

/// <summary>A report for machines, and back.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions _options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a file, not a page
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    internal static string Write(Report report) => JsonSerializer.Serialize(report, _options) + "\n";

    /// <exception cref="JsonException">It is no report.</exception>
    internal static Report Read(string text) =>
        JsonSerializer.Deserialize<Report>(text, _options) is { Scenarios: not null, Peers: not null, Machine: not null } report
            ? report : throw new JsonException("no report of ./sockeye bench peers");
}
