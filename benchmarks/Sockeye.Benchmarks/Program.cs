// Echo over loopback, client and server in two processes, each on a core of its own. What counts is the server's CPU
// time per echo: it holds on noisy machines, where operations per second do not.
//
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks                  all rows, 5 interleaved rounds
//   dotnet run -c Release --project benchmarks/Sockeye.Benchmarks -- 64 7 2        64 connections, 7 rounds of 2 s
using System.Globalization;
using Sockeye.Benchmarks;

if (args is ["serve", var name])
{
    return EchoServers.Run(name);
}

int connections = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 64;
int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 5;
double seconds = args.Length > 2 ? double.Parse(args[2], CultureInfo.InvariantCulture) : 2;
return EchoLoad.Run(connections, rounds, TimeSpan.FromSeconds(seconds));
