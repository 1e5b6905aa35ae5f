using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>Where this library runs: Linux on x64 and arm64, with glibc or musl. Elsewhere one clear error.</summary>
internal static class Platform
{
    /// <summary>Throws where structure layouts and numbers are not the ones this project was tested with.</summary>
    /// <exception cref="PlatformNotSupportedException">Another system or processor.</exception>
    internal static void Require()
    {
        // Both are constants to the JIT, so on Linux nothing is left of this.
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(Refusal(RuntimeInformation.OSDescription, RuntimeInformation.ProcessArchitecture));
        }
    }

    internal static string Refusal(string system, Architecture processor) =>
        $"Sockeye runs on Linux, on x64 and arm64; this is {system} on {processor}.";
}
