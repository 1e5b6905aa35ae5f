using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Sockeye.Benchmarks.Servers;

/// <summary>Kestrel's raw connections: a pipe each, no HTTP; its settings as they come, save for a backlog as long as the others'.</summary>
internal static class KestrelServer
{
    internal static void Run(ServerMode mode)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().UseSockets(static options => options.Backlog = 4_096).ConfigureKestrel(options =>
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
        var broadcast = new Broadcast();
        return mode == ServerMode.Broadcast
            ? connection => PipeServer.RelayAsync(connection.Transport, broadcast, connection.Abort)
            : static connection => PipeServer.EchoAsync(connection.Transport);
    }
}
