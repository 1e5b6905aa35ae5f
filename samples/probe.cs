// Tries to connect, and says what came of it: 0, or the error's number, name and meaning. Run: dotnet run samples/probe.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using Sockeye;

SocketUri endpoint = SocketUri.Parse(args.FirstOrDefault("tcp://localhost:8079"))
    .WithDefaultOption("timeout", "5s");    // a silent host would take two minutes

// A host name may have several addresses. The trace says when each was tried, for how long, and what it said.
ConnectionTrace trace = new();
SocketResult<Socket> result = endpoint.TryConnect(trace);
Console.WriteLine(trace);

if (result.TryGetValue(out Socket? socket))
{
    socket.Dispose();
    Console.WriteLine("0 connected");
    return 0;
}

Console.WriteLine($"{result.Errno} {result.ErrnoName} {result.ErrnoMessage}");
return Math.Min(result.Errno, 255);     // a name that is not found has no errno, and a larger number
