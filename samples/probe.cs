// Tries to connect, and says what came of it: 0, or the error's number, name and meaning. Run: dotnet run samples/probe.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.ComponentModel;
using Sockeye;

Endpoint endpoint = Endpoint.Parse(args.FirstOrDefault("tcp://localhost:8079"));
if (!endpoint.HasOption("timeout"))
{
    endpoint = endpoint.WithOption("timeout", "5s");    // else a host that is silent takes two minutes
}

// A host name may have several addresses. Each is tried; the trace tells when, for how long, and what it said.
ConnectionTrace trace = new();
SocketResult<Socket> result = endpoint.TryConnect(trace);
Console.WriteLine(trace);

if (result.TryGetValue(out Socket? socket))
{
    socket.Dispose();
    Console.WriteLine("0 connected");
}
else
{
    Console.WriteLine($"{result.Errno} {result}: {new Win32Exception(result.Errno).Message}");
}

return result.Errno;
