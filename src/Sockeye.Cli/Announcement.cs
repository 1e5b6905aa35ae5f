namespace Sockeye.Cli;

/// <summary>Writes lines whose loss does not matter: a full disk or a closed output must not stop a server.</summary>
internal static class Announcement
{
    /// <summary>Writes a line; false when it could not be written.</summary>
    public static bool TryWrite(TextWriter output, string line)
    {
        try
        {
            output.WriteLine(line);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) // .NET's name for EBADF
        {
            return false;
        }
    }
}
