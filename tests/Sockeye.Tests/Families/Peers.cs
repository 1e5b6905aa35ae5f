using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Families;

/// <summary>The other side: Python programs, and networks that belong to one test.</summary>
internal static class Peers
{
    private const string IpPath = "/sbin/ip";

    /// <summary>Runs a program of Python's to its end.</summary>
    /// <returns>What it printed, without the white space around it.</returns>
    internal static async Task<string> Python(string program, params string[] arguments)
    {
        using PythonPeer python = PythonPeer.Start(program, arguments);
        return await python.End();
    }

    /// <summary>Runs <paramref name="make"/> where there is a loopback and nothing else: its sockets stay in that network.</summary>
    /// <remarks>The loopback has the link-local address fe80::1 too.</remarks>
    internal static async Task<T> InPrivateNetwork<T>(Func<T> make)
    {
        (Socket probe, T made) = await OwnNetwork.Run(() =>
        {
            Ip("addr", "add", "fe80::1/64", "dev", "lo", "nodad").GetAwaiter().GetResult();
            return (new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { Timeout = SocketTest.Moment }, make());
        });
        using (probe)
        {
            // The kernel adds the address's route a little later: until then it is unreachable, then nobody listens there.
            var nobody = Ipv6EndPoint.Parse("[fe80::1%1]:9");
            await SocketTest.Eventually(() => probe.TryConnect(nobody).Error == SocketError.ConnectionRefused, "No route to fe80::1 on the loopback.");
        }

        return made;
    }

    /// <summary>A raw socket, or a loud skip without the right to one.</summary>
    internal static T NeedsRights<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AccessDenied)
        {
            Assert.Skip(exception.Message);
            throw;
        }
    }

    private static async Task Ip(params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(IpPath), $"needs {IpPath}: apt-get install iproute2");
        using Process process = Process.Start(
            new ProcessStartInfo(IpPath, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(SocketTest.Soon).ConfigureAwait(false);
            Assert.True(process.ExitCode == 0, $"{IpPath}: {await errors.ConfigureAwait(false)}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
