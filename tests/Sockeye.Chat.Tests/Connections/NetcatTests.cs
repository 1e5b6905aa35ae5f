using System.Diagnostics;
using System.Net;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Connections;

/// <summary>The programs people have: nc from Debian's netcat-openbsd, and Python's socket.</summary>
public sealed class NetcatTests
{
    [Fact(Timeout = 30_000)]
    public async Task Nc_works_unaided()
    {
        await using TestServer server = await TestServer.StartAsync();
        string heard = await RunAsync("nc", "netcat-openbsd", "alice\nhello\n/quit\n", "127.0.0.1", Port(server));
        string[] lines = heard.Split('\n');
        Assert.StartsWith("-- Welcome, alice.", lines[0]);
        Assert.EndsWith("* alice joined #lobby", lines[1]);
        Assert.EndsWith("] alice: hello", lines[3]);
        Assert.Equal("-- Good-bye.", lines[4]);
    }

    [Fact(Timeout = 30_000)]
    public async Task Nc_that_half_closes_after_its_input_hears_the_rest()
    {
        await using TestServer server = await TestServer.StartAsync();
        string heard = await RunAsync("nc", "netcat-openbsd", "alice\nhello", "-N", "127.0.0.1", Port(server));
        Assert.EndsWith("] alice: hello", heard.TrimEnd('\n'));
    }

    [Fact(Timeout = 30_000)]
    public async Task Nc_that_says_nothing_is_asked_and_two_of_them_talk()
    {
        await using TestServer server = await TestServer.StartAsync();
        using LineClient bob = await server.EnterAsync("bob");
        using Process nc = Programs.Start("nc", "netcat-openbsd", "127.0.0.1", Port(server));
        try
        {
            Assert.Contains("What is your name?", await nc.StandardOutput.ReadLineAsync());
            await nc.StandardInput.WriteAsync("alice\nis anybody here?\n");
            await bob.ExpectAsync("alice: is anybody here?");
            await bob.SendAsync("yes, me\n");
            string? line;
            do
            {
                line = await nc.StandardOutput.ReadLineAsync();
            }
            while (line is not null && !line.Contains("bob: yes, me"));
            Assert.NotNull(line);
            nc.Kill(); // a client that goes away without a word
            await bob.ExpectAsync("* alice left the chat");
        }
        finally
        {
            if (!nc.HasExited)
            {
                nc.Kill();
            }
        }
    }

    [Fact(Timeout = 30_000)]
    public async Task A_python_program_talks_with_a_text_file_over_its_socket()
    {
        const string Program = """
            import socket, sys
            with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as s:
                f = s.makefile("rw", encoding="utf-8", newline="\n")
                f.write("py\n"); f.flush()
                while "joined" not in f.readline(): pass
                f.write("naïve 🐍\n/quit\n"); f.flush()
                print(f.read(), end="")
            """;
        await using TestServer server = await TestServer.StartAsync();
        using LineClient bob = await server.EnterAsync("bob");
        string heard = await RunAsync("python3", "python3", "", "-c", Program, Port(server));
        Assert.EndsWith("] py: naïve 🐍", await bob.ExpectAsync("] py:"));
        Assert.Contains("] py: naïve 🐍\n-- Good-bye.\n", heard);
    }

    private static string Port(TestServer server) => $"{((IPEndPoint)server.EndPoint).Port}";

    private static async Task<string> RunAsync(string program, string package, string input, params string[] args)
    {
        using Process process = Programs.Start(program, package, args);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
