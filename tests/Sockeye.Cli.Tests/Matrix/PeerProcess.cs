using System.Text.Json;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>A python3 that runs peers.py, and does in turn what it is asked: one start for many rows.</summary>
internal sealed class PeerProcess : ProgramProcess
{
    private const string Program = "/usr/bin/python3";

    // Beyond the script's own limits, which say more.
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(70);

    private PeerProcess()
        : base(Program, "-u", Path.Combine(AppContext.BaseDirectory, "peers.py"))
    {
    }

    /// <summary>Whether it has failed to end something.</summary>
    public bool IsLost { get; private set; }

    public static PeerProcess Start()
    {
        if (!File.Exists(Program))
        {
            Assert.Skip("python3 is missing: apt install python3");
        }

        return new();
    }

    /// <summary>Begins one of the script's functions; <see cref="EndedAsync"/> is its end.</summary>
    public async Task BeginAsync(string function, params object?[] args)
    {
        Forget();
        await Input.WriteLineAsync(JsonSerializer.Serialize((object?[])[function, .. args]));
        await Input.FlushAsync();
    }

    /// <summary>What the function returned; what went wrong there fails the test.</summary>
    public async Task<JsonElement> EndedAsync()
    {
        string line;
        try
        {
            line = await WaitForOutputAsync("end: ", _limit);
        }
        catch
        {
            Dispose();  // it is in the middle of something; the next row takes a new one
            IsLost = true;
            throw;
        }

        using JsonDocument document = JsonDocument.Parse(line["end: ".Length..]);
        Assert.False(document.RootElement.TryGetProperty("error", out JsonElement error), error.ValueKind == JsonValueKind.String ? error.GetString() : "");
        return document.RootElement.GetProperty("result").Clone();
    }

    /// <summary>Runs one of the script's functions.</summary>
    public async Task<JsonElement> RunAsync(string function, params object?[] args)
    {
        await BeginAsync(function, args);
        return await EndedAsync();
    }
}
