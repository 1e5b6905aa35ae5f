using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Tests.Files;

/// <summary>Two connected sockets and the ways to call a file. Every socket has a time limit, so no test waits for ever.</summary>
internal static class Connected
{
    /// <summary>The limit of a test.</summary>
    internal const int TestMs = 30_000;

    /// <summary>The limit of one wait in a test.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    internal static (Socket Near, Socket Far) Pair(bool tcp = false)
    {
        (Socket near, Socket far) = tcp ? TcpPair() : Socket.CreatePair();
        near.Timeout = Limit;
        far.Timeout = Limit;
        return (near, far);
    }

    /// <summary>Reads until the end of the stream.</summary>
    internal static byte[] ReceiveAll(this Socket socket)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[65_536];
        while (socket.Receive(buffer) is > 0 and int count)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    /// <summary>Bytes as text, one character each; null for null.</summary>
    internal static string? Text(byte[]? bytes) => bytes is null ? null : Encoding.Latin1.GetString(bytes);

    /// <summary>The <see cref="SocketException"/> inside the <see cref="IOException"/> that a file throws.</summary>
    internal static async Task<SocketError> FailureOf(Func<Task> call)
    {
        IOException failure = await Assert.ThrowsAsync<IOException>(call);
        SocketException cause = Assert.IsType<SocketException>(failure.InnerException);
        Assert.Equal(cause.Message, failure.Message);
        return cause.SocketErrorCode;
    }

    internal static async Task<int> Read(this SocketFile file, Memory<byte> buffer, bool async) =>
        async ? await file.ReadAsync(buffer) : file.Read(buffer.Span);

    internal static async Task<byte[]?> ReadLine(this SocketFile file, int maxBytes, bool async) =>
        async ? await file.ReadLineAsync(maxBytes) : file.ReadLine(maxBytes);

    internal static async Task<byte[]> Peek(this SocketFile file, bool async) =>
        async ? (await file.PeekAsync()).ToArray() : file.Peek().ToArray();

    internal static async Task Write(this SocketFile file, ReadOnlyMemory<byte> bytes, bool async)
    {
        if (async)
        {
            await file.WriteAsync(bytes);
        }
        else
        {
            file.Write(bytes.Span);
        }
    }

    internal static async Task Flush(this SocketFile file, bool async)
    {
        if (async)
        {
            await file.FlushAsync(CancellationToken.None);
        }
        else
        {
            file.Flush();
        }
    }

    internal static async Task Dispose<T>(this T file, bool async)
        where T : IDisposable, IAsyncDisposable
    {
        if (async)
        {
            await file.DisposeAsync();
        }
        else
        {
            file.Dispose();
        }
    }

    internal static async Task<string?> ReadLine(this SocketTextFile file, bool async) =>
        async ? await file.ReadLineAsync() : file.ReadLine();

    internal static async Task WriteLine(this SocketTextFile file, string line, bool async)
    {
        if (async)
        {
            await file.WriteLineAsync(line);
        }
        else
        {
            file.WriteLine(line);
        }
    }

    internal static async Task Write(this SocketTextFile file, string text, bool async)
    {
        if (async)
        {
            await file.WriteAsync(text.AsMemory());
        }
        else
        {
            file.Write(text);
        }
    }

    internal static async Task Flush(this SocketTextFile file, bool async)
    {
        if (async)
        {
            await file.FlushAsync();
        }
        else
        {
            file.Flush();
        }
    }

    /// <summary>Python runs <paramref name="program"/> with a socket <c>s</c> that is connected to ours; what it prints is returned.</summary>
    internal static async Task<string> WithPython(string program, Func<Socket, Task> talk)
    {
        const string Python = "/usr/bin/python3";
        Assert.SkipUnless(File.Exists(Python), "needs /usr/bin/python3: apt-get install python3");

        using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Timeout = Limit;
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        string setup = $"import socket\ns = socket.create_connection(('127.0.0.1', {port}), timeout={Limit.TotalSeconds})\n";
        using Process python = Process.Start(
            new ProcessStartInfo(Python, ["-c", setup + program]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            using Socket socket = await listener.AcceptAsync();
            socket.Timeout = Limit;
            await talk(socket);
            string printed = await python.StandardOutput.ReadToEndAsync().WaitAsync(Limit);
            string complaints = await python.StandardError.ReadToEndAsync().WaitAsync(Limit);
            await python.WaitForExitAsync().WaitAsync(Limit);
            Assert.True(python.ExitCode == 0, complaints);
            return printed;
        }
        finally
        {
            if (!python.HasExited)
            {
                python.Kill();
            }
        }
    }

    private static (Socket Near, Socket Far) TcpPair()
    {
        using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        Socket near = Socket.CreateConnection(listener.LocalEndPoint!, Limit);
        return (near, listener.Accept());
    }
}
