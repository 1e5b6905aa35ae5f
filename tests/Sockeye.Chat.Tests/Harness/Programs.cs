using System.ComponentModel;
using System.Diagnostics;

namespace Sockeye.Chat.Tests.Harness;

/// <summary>Other people's programs; one that is missing skips the test and names its package.</summary>
internal static class Programs
{
    /// <summary>Starts a program with its input, output and errors in our hands.</summary>
    public static Process Start(string program, string package, params string[] args)
    {
        var start = new ProcessStartInfo(program, args)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            Assert.Skip($"{program} is missing ({e.Message}): apt install {package}");
            throw;
        }
    }
}
