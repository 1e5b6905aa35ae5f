using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Sockeye.Cli.Tests.Matrix;

/// <summary>A program in a process of its own whose output is bytes; killed when disposed. Every wait has an end.</summary>
internal sealed class BinaryProcess : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private BinaryProcess(Process process) => _process = process;

    /// <summary>Starts it; a missing program skips the test and names its package.</summary>
    public static BinaryProcess Start(string program, string package, params IEnumerable<string> args)
    {
        var start = new ProcessStartInfo(program, args)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return new(Process.Start(start)!);
        }
        catch (Win32Exception e)
        {
            Assert.Skip($"{program} is missing ({e.Message}): apt install {package}");
            throw;
        }
    }

    /// <summary>Writes at once.</summary>
    public async Task WriteAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>The next bytes of its output, so many or, at its end, fewer.</summary>
    public async Task<byte[]> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        using var late = new CancellationTokenSource(Patience);
        int length = await _process.StandardOutput.BaseStream.ReadAtLeastAsync(bytes, count, throwOnEndOfStream: false, late.Token);
        return bytes[..length];
    }

    /// <summary>Reads as many bytes as the text has, and compares.</summary>
    public async Task ExpectAsync(string text)
    {
        byte[] bytes = await ReadAsync(Encoding.UTF8.GetByteCount(text));
        Assert.Equal(text, Encoding.UTF8.GetString(bytes));
    }

    /// <summary>Reads its errors up to the line that begins so, and returns what follows there.</summary>
    public async Task<string> ErrorAsync(string beginning)
    {
        while (await _process.StandardError.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            _errors.AppendLine(line);
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line[beginning.Length..];
            }
        }

        Assert.Fail($"no \"{beginning}\" in:\n{_errors}");
        return "";
    }

    /// <summary>Gives it this input and no more, and waits for its end.</summary>
    /// <returns>The exit code, the output that was not read yet, and all errors.</returns>
    public async Task<(int Code, byte[] Output, string Errors)> FinishAsync(string input = "")
    {
        using var output = new MemoryStream();
        Task read = Task.WhenAll(_process.StandardOutput.BaseStream.CopyToAsync(output), ReadErrorsAsync());
        try
        {
            await WriteAsync(input);
            CloseInput();
        }
        catch (IOException)
        {
            // It has ended already; its code says how.
        }

        return await EndAsync(read, output);
    }

    /// <summary>Waits for its end, the input open.</summary>
    public async Task<(int Code, byte[] Output, string Errors)> EndAsync()
    {
        using var output = new MemoryStream();
        return await EndAsync(Task.WhenAll(_process.StandardOutput.BaseStream.CopyToAsync(output), ReadErrorsAsync()), output);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private async Task<(int Code, byte[] Output, string Errors)> EndAsync(Task read, MemoryStream output)
    {
        await Task.WhenAll(read, _process.WaitForExitAsync()).WaitAsync(Patience);
        return (_process.ExitCode, output.ToArray(), _errors.ToString());
    }

    private async Task ReadErrorsAsync() => _errors.Append(await _process.StandardError.ReadToEndAsync());
}
