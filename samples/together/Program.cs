using System.Reflection;

namespace Samples;

/// <summary>Runs the sample that the first argument names, with the others as its own.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        // samples/tcp-time-server.cs is the class TcpTimeServer.
        string name = string.Concat(args.FirstOrDefault("").Split('-', StringSplitOptions.RemoveEmptyEntries).Select(word => string.Concat(word[..1].ToUpperInvariant(), word[1..])));
        MethodInfo? sample = typeof(Program).Assembly.GetType($"Samples.{name}")?.GetMethod("RunAsync", BindingFlags.Static | BindingFlags.NonPublic);
        if (sample is null)
        {
            await Console.Error.WriteLineAsync("Samples.dll NAME [ARGUMENT…]: the name of a file in samples/, without .cs");
            return 2;
        }

        return await sample.CreateDelegate<Func<string[], Task<int>>>()(args[1..]);
    }
}
