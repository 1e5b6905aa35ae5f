// Echo over loopback, client and server in two processes, each on a core of its own. What counts is the server's CPU
// time per echo: it holds on noisy machines, where operations per second do not.
//
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks                  all rows, 5 interleaved rounds
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks -- 64 7 2        64 connections, 7 rounds of 2 s
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks -- udp 64 5 2    datagrams, 64 in flight
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks -- copy 1024 5   nc and sockeye connect, 1 GiB, 5 rounds
using System.Globalization;
using Sockeye.Benchmarks;

if (args is ["serve", var name])
{
    return EchoServers.Run(name);
}

if (args is ["copy", .. var sizes])
{
    int[] given = [.. sizes.Select(static size => int.Parse(size, CultureInfo.InvariantCulture))];
    return CopyLoad.Run(given.ElementAtOrDefault(0) is > 0 and var mebibytes ? mebibytes : 1_024, given.ElementAtOrDefault(1) is > 0 and var turns ? turns : 5);
}

bool datagrams = args is ["udp", ..];
string[] numbers = datagrams ? args[1..] : args;
int count = numbers.Length > 0 ? int.Parse(numbers[0], CultureInfo.InvariantCulture) : 64;
int rounds = numbers.Length > 1 ? int.Parse(numbers[1], CultureInfo.InvariantCulture) : 5;
var length = TimeSpan.FromSeconds(numbers.Length > 2 ? double.Parse(numbers[2], CultureInfo.InvariantCulture) : 2);
return datagrams ? EchoLoad.RunDatagrams(count, rounds, length) : EchoLoad.RunStreams(count, rounds, length);
