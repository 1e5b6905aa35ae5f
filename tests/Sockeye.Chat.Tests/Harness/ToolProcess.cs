using System.Net;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>The sockeye tool in a process of its own.</summary>
internal sealed class ToolProcess : ProgramProcess
{
    private ToolProcess(string program, params IEnumerable<string> args)
        : base(program, args)
    {
    }

    private static string Dll => Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll");

    /// <summary>Starts the tool.</summary>
    public static ToolProcess Start(params string[] args) => new("dotnet", [Dll, .. args]);

    /// <summary>Runs the tool to its end, with some input.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string input, params string[] args)
    {
        using ToolProcess tool = Start(args);
        return await tool.FinishAsync(input);
    }

    /// <summary>Runs the tool to its end by a line of the shell, in which "$@" is the tool.</summary>
    public static async Task<(int Code, string Output, string Errors)> ShellAsync(string line, params string[] args)
    {
        using ToolProcess tool = StartByShell(line, args);
        return await tool.FinishAsync();
    }

    /// <summary>Starts the tool by a line of the shell, in which "$@" is the tool.</summary>
    public static ToolProcess StartByShell(string line, params string[] args) =>
        new("sh", ["-c", line, "sh", "dotnet", Dll, .. args]);

    /// <summary>Starts chat serve at a free port of 127.0.0.1 and waits until it listens.</summary>
    public static Task<(ToolProcess Tool, IPEndPoint EndPoint)> ServeAsync(params string[] args) =>
        AnnouncedAsync(Start(["chat", "serve", "--listen", "127.0.0.1:0", .. args]));

    /// <summary>The same with so many descriptors at most.</summary>
    public static Task<(ToolProcess Tool, IPEndPoint EndPoint)> ServeAsync(int descriptors) => AnnouncedAsync(
        new("sh", "-c", $"ulimit -n {descriptors}; exec dotnet \"$0\" chat serve --listen 127.0.0.1:0", Dll));

    private static async Task<(ToolProcess Tool, IPEndPoint EndPoint)> AnnouncedAsync(ToolProcess tool)
    {
        try
        {
            // The last of its lines: by then it has said all that it listens at.
            await tool.WaitForOutputAsync("try: ./sockeye");
            string line = await tool.WaitForOutputAsync("listening at tcp://");
            return (tool, IPEndPoint.Parse(line["listening at tcp://".Length..]));
        }
        catch
        {
            tool.Dispose();
            throw;
        }
    }
}
