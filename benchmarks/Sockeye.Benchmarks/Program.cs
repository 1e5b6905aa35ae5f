// Echo over loopback, client and server in two processes, each on a core of its own. What counts is the server's CPU
// time per echo: it holds on noisy machines, where operations per second do not.
//
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks                  all rows, 5 interleaved rounds
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks -- 64 7 2        64 connections, 7 rounds of 2 s
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks -- udp 64 5 2    datagrams, 64 in flight
using System.Globalization;
using Sockeye.Benchmarks;

if (args is ["serve", var name])
{
    return EchoServers.Run(name);
}

bool datagrams = args is ["udp", ..];
string[] numbers = datagrams ? args[1..] : args;
int count = numbers.Length > 0 ? int.Parse(numbers[0], CultureInfo.InvariantCulture) : 64;
int rounds = numbers.Length > 1 ? int.Parse(numbers[1], CultureInfo.InvariantCulture) : 5;
var length = TimeSpan.FromSeconds(numbers.Length > 2 ? double.Parse(numbers[2], CultureInfo.InvariantCulture) : 2);
return datagrams ? EchoLoad.RunDatagrams(count, rounds, length) : EchoLoad.RunStreams(count, rounds, length);
