// What sockets do when every thread of the pool is blocked: on an event loop they go on answering. Run: dotnet run samples/starvation.cs [ENDPOINT]
#:project ../src/Sockeye
#:property PublishAot=false

using System.Diagnostics;
using Sockeye;
using Socket = Sockeye.Socket;
using SystemSocket = System.Net.Sockets.Socket;

// A pool grows by a thread or two a second when all are blocked. Bounded, it shows the same at once.
int threads = Environment.ProcessorCount;
ThreadPool.SetMaxThreads(threads, threads);

// Two connections to this program itself: both send back what comes, one on the pool, one on a loop.
using Socket listener = SocketUri.Parse(args.FirstOrDefault("tcp://127.0.0.1:0")).Listen();
using Socket toPool = Socket.CreateConnection(listener.LocalEndPoint!);
using SystemSocket onPool = listener.Accept().ToSystemSocket();
_ = Task.Run(async () =>
{
    byte[] buffer = new byte[100];
    while (await onPool.ReceiveAsync(buffer) is var length and > 0)
    {
        await onPool.SendAsync(buffer.AsMemory(0, length));
    }
});

using EventLoopGroup group = new(new EventLoopGroupOptions { Count = 1 });
using Socket toLoop = Socket.CreateConnection(listener.LocalEndPoint!);
SocketHandle accepted = listener.Accept().Detach();
_ = group.Next().InvokeAsync(async () =>
{
    using Socket onLoop = new(accepted);        // made on the loop, it belongs to the loop
    byte[] buffer = new byte[100];
    while (await onLoop.ReceiveAsync(buffer) is var length and > 0)
    {
        await onLoop.SendAsync(buffer.AsMemory(0, length));
    }
});

Print("the pool is free");

// Code that blocks a thread of the pool until something else has happened there: .Result, .Wait(), a lock.
using ManualResetEventSlim release = new();
using CountdownEvent blocked = new(threads);
for (int i = 0; i < threads; i++)
{
    ThreadPool.QueueUserWorkItem(_ =>
    {
        blocked.Signal();
        release.Wait();
    });
}

blocked.Wait();
Print("every thread is blocked");
release.Set();

void Print(string state) =>
    Console.WriteLine($"{state + ":",-25} System.Net.Sockets {Ask(toPool)}, on an event loop {Ask(toLoop)}");

// The mean of a hundred questions and answers.
static string Ask(Socket client)
{
    client.Timeout = TimeSpan.FromSeconds(1);
    byte[] buffer = new byte[1];
    long start = Stopwatch.GetTimestamp();
    for (int i = 0; i < 100; i++)
    {
        client.Send(buffer);
        if (!client.TryReceive(buffer).IsSuccess)
        {
            return "no answer in 1 s";
        }
    }

    return $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds / 100:F3} ms";
}
