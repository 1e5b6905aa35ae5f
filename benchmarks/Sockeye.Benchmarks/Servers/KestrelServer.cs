using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Benchmarks.Servers;

/// <summary>Kestrel's raw connections: a pipe each, no HTTP, its settings as they come.</summary>
internal static class KestrelServer
{
    internal static void Run(ServerMode mode)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Listen(IPAddress.Loopback, 0, listen => listen.Use(_ => Handler(mode)));
        });
        using WebApplication server = builder.Build();
        server.StartAsync().GetAwaiter().GetResult();
        string address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        ServeCommand.Announce(new Uri(address).Port);
        ServeCommand.WaitForEndOfInput();
    }

    private static ConnectionDelegate Handler(ServerMode mode)
    {
        if (mode != ServerMode.Broadcast)
        {
            return static connection => EchoAsync(connection.Transport);
        }

        var broadcast = new Broadcast();
        return connection => RelayAsync(connection, broadcast);
    }

    private static async Task EchoAsync(IDuplexPipe pipe)
    {
        while (true)
        {
            ReadResult read = await pipe.Input.ReadAsync();
            foreach (ReadOnlyMemory<byte> part in read.Buffer)
            {
                pipe.Output.Write(part.Span);
            }

            pipe.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }

            await pipe.Output.FlushAsync();
        }
    }

    private static async Task RelayAsync(ConnectionContext connection, Broadcast broadcast)
    {
        IDuplexPipe pipe = connection.Transport;
        var member = new Member(connection);
        bool? isSender = null;
        try
        {
            while (true)
            {
                ReadResult read = await pipe.Input.ReadAsync();
                ReadOnlySequence<byte> bytes = read.Buffer;
                if (isSender is null && !bytes.IsEmpty)
                {
                    isSender = bytes.FirstSpan[0] == 'S';
                    await pipe.Output.WriteAsync(bytes.Slice(0, 1).First);
                    bytes = bytes.Slice(1);
                    if (isSender is false)
                    {
                        broadcast.Join(member);
                    }
                }

                foreach (ReadOnlyMemory<byte> part in bytes)
                {
                    if (isSender is true)
                    {
                        broadcast.Publish(part.Span);
                    }
                }

                pipe.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        finally
        {
            broadcast.Leave(member);
        }
    }

    private sealed class Member(ConnectionContext connection) : Broadcast.Member
    {
        internal override ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
        {
            ValueTask<FlushResult> written = connection.Transport.Output.WriteAsync(bytes);
            if (written.IsCompletedSuccessfully)
            {
                _ = written.Result;
                return default;
            }

            return new ValueTask(written.AsTask());
        }

        internal override void Close() => connection.Abort();
    }
}
